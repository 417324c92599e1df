package speech

import (
	"slices"
	"strconv"
	"strings"

	"sotto/banking"
	"sotto/banking/spending"
	"sotto/skills"
)

// balances says what stands on each account.
func (s spoken) balances() string {
	var b strings.Builder
	for i := range s.reply.Facts {
		if f := &s.reply.Facts[i]; f.Kind == skills.FactBalance {
			b.WriteString(s.balance(f))
			b.WriteByte(' ')
		}
	}
	return b.String()
}

func (s spoken) balance(f *skills.Fact) string {
	account, owed := s.account(f.Account), f.Account.Kind.Owed()
	id, overdraft := "balance.own", "balance.overdraft"
	switch {
	case owed && f.Money.Minor == 0:
		id = "balance.clear"
	case owed && f.Money.Minor < 0:
		id = "balance.owed"
	case owed:
		id = "balance.credit"
	case f.Money.Minor < 0:
		id, overdraft = "balance.overdrawn", "balance.limit"
	}
	said := s.say(id, 0, "Account", account, "Money", s.money(f.Money, f.About))
	if !owed && f.Overdraft.Minor > 0 {
		said += " " + s.say(overdraft, 0, "Money", s.money(f.Overdraft, false))
	}
	return said
}

// totals says what was spent, and after each total what was netted and what was left out of it.
func (s spoken) totals() string {
	var b strings.Builder
	first := true
	for i := 0; i < len(s.reply.Facts); i++ {
		switch f := &s.reply.Facts[i]; f.Kind {
		case skills.FactTotal:
			b.WriteString(s.total(f, first))
			first = false
		case skills.FactRefunds:
			b.WriteString(s.say("total.refunds", 0, "Money", s.money(f.Money, f.About)))
		case skills.FactLeftOut:
			end := i
			for end < len(s.reply.Facts) && s.reply.Facts[end].Kind == skills.FactLeftOut {
				end++
			}
			b.WriteString(s.leftOut(s.reply.Facts[i:end]))
			i = end - 1
		default:
			continue
		}
		b.WriteByte(' ')
	}
	return b.String()
}

func (s spoken) total(f *skills.Fact, first bool) string {
	id := "total."
	switch {
	case !first:
		id += "also"
		if f.Money.Minor < 0 {
			id += ".back"
		} else if f.Money.Minor == 0 {
			id += ".even"
		}
	case f.Money.Minor < 0:
		id += "back"
	case f.Money.Minor == 0:
		id += "even"
	case f.Complete:
		id += "spent"
	default:
		id += "sofar"
	}
	return s.say(id, 0, "Money", s.money(f.Money, f.About), "On", s.on(f), "Range", s.period(f.Period, s.reply.Today),
		"Currency", s.currency(f.Money.Currency))
}

// currency names a currency as it is named in the plural.
func (s spoken) currency(c banking.Currency) string {
	if !s.has("money." + string(c)) {
		return characters(string(c))
	}
	return strings.TrimSpace(s.say("money."+string(c), 2, "N", ""))
}

// on says what a total was asked about: a category, a merchant, an account.
func (s spoken) on(f *skills.Fact) string {
	said := ""
	if f.Category != "" {
		said = s.say("on."+string(f.Category), 0)
	}
	if f.Merchant != "" {
		said += s.say("on.merchant", 0, "Merchant", name(f.Merchant))
	}
	if f.Account != (skills.AccountName{}) {
		said += s.say("on.account", 0, "Account", s.account(f.Account))
	}
	return said
}

// leftOut says what was left out of one total, what is pending apart from what is not spending.
func (s spoken) leftOut(facts []skills.Fact) string {
	var items []string
	pending := ""
	for i := range facts {
		f := &facts[i]
		id := "leftout." + string(f.Reason)
		if f.Reason == spending.NotBooked {
			if s.reply.Key == skills.SpendingNone {
				id += ".alone"
			}
			pending += " " + s.say(id, 0, "Money", s.money(f.Money, f.About))
			continue
		}
		items = append(items, s.say(id, 0, "Money", s.money(f.Money, f.About)))
	}
	if len(items) == 0 {
		return pending
	}
	return s.say("leftout", 0, "List", s.list("list", items)) + pending
}

// purchases says entries one by one; a day is said once.
func (s spoken) purchases() string {
	var b strings.Builder
	var day banking.Date
	for i := range s.reply.Facts {
		f := &s.reply.Facts[i]
		if f.Kind != skills.FactPurchase {
			continue
		}
		id, toward := "purchase.in", "purchase.from"
		if f.Money.Minor < 0 {
			id, toward = "purchase.out", "purchase.to"
		}
		if f.Day == day {
			id += ".same"
		}
		day = f.Day
		merchant, pending := "", ""
		if n := name(f.Merchant); n != "" {
			merchant = s.say(toward, 0, "Merchant", n)
		} else if n := name(f.Text); n != "" {
			merchant = s.say("purchase.marked", 0, "Text", n) // who it went to or came from is not known
		}
		if f.Pending {
			pending = s.say("purchase.pending", 0)
		}
		b.WriteString(s.say(id, 0, "Day", s.day(f.Day, s.reply.Today), "Money", s.money(f.Money, f.About),
			"To", merchant, "From", merchant, "Pending", pending))
		b.WriteByte(' ')
	}
	return b.String()
}

// searched says where nothing was found.
func (s spoken) searched(part string) string {
	i := slices.IndexFunc(s.reply.Facts, func(f skills.Fact) bool { return f.Kind == skills.FactPeriod })
	switch {
	case i < 0:
		return ""
	case part == "Range":
		return s.period(s.reply.Facts[i].Period, s.reply.Today)
	default:
		return s.on(&s.reply.Facts[i])
	}
}

// horizons says how far the banks let us see.
func (s spoken) horizons() string {
	var b strings.Builder
	for i := range s.reply.Facts {
		f := &s.reply.Facts[i]
		id := "since"
		switch f.Kind {
		case skills.FactSince:
		case skills.FactUntil:
			id = "until"
		default:
			continue
		}
		if f.Bank != "" {
			id += ".bank"
		}
		b.WriteString(s.say(id, 0, "Day", s.date(f.Day, f.Day.Year != s.reply.Today.Year), "Bank", name(f.Bank)))
		b.WriteByte(' ')
	}
	return b.String()
}

// rest says how much more there is.
func (s spoken) rest(part string) string {
	id := "offer.more"
	if part == "Rest" {
		id = "total.rest"
	}
	for i := range s.reply.Facts {
		if f := &s.reply.Facts[i]; f.Kind == skills.FactCount {
			return s.say(id, f.Count, "N", s.grouped(strconv.Itoa(f.Count)))
		}
	}
	return ""
}

// shared says what kinds of facts were shared: all of them first, the newest second.
func (s spoken) shared(part string) string {
	wanted := 0
	if part == "Newest" {
		wanted = 1
	}
	for i := range s.reply.Facts {
		f := &s.reply.Facts[i]
		if f.Kind != skills.FactShared {
			continue
		}
		if wanted > 0 {
			wanted--
			continue
		}
		var kinds []string
		for _, k := range f.Shared {
			if said := s.say("kind."+string(k), 0); said != "" {
				kinds = append(kinds, said)
			}
		}
		return s.list("list", kinds)
	}
	return ""
}
