package skills

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strconv"

	"sotto/banking"
	"sotto/banking/spending"
)

// MaxCount is how many entries are said in one breath.
const MaxCount = 5

const (
	usualCount = 3
	maxList    = 60 // altogether, with "more"
	lookBack   = 90 // days that are searched where no period is named
	lookAhead  = 7  // days ahead in which a pending entry may be expected
)

// transactions says the latest entries, newest first, each with its day, its merchant and its amount.
func transactions(ctx context.Context, s *Skill, q Question) (Reply, error) {
	today, err := s.teller.Today(ctx, q.Access)
	if err != nil {
		return Reply{}, err
	}
	period := spending.Period{From: today.AddDays(-lookBack), To: today.AddDays(1), Unit: spending.Range}
	window := banking.Window{From: period.From, To: today.AddDays(1 + lookAhead)}
	if q.Slots.filled(SlotPeriod) {
		var back Reply
		var ok bool
		if period, back, ok = q.period(today); !ok {
			return back, nil
		}
		window = period.Window()
	}
	merchant, back, ok := q.merchant()
	if !ok {
		return back, nil
	}
	about := Fact{Kind: FactPeriod, Period: period, Complete: period.Complete(today), Merchant: merchant}
	own, gaps, err := s.teller.Accounts(ctx, q.Access)
	if err != nil {
		return Reply{}, failed(err, gaps)
	}
	names := s.name(own)
	var only []banking.Account
	if q.Slots.filled(SlotAccount) {
		found, back, ok := q.pick(names)
		if !ok {
			back.Facts = append(back.Facts, gapFacts(gaps)...)
			return back, nil
		}
		for _, n := range found {
			only = append(only, n.account)
		}
		about.Account, about.Bank = found[0].name, found[0].bank
	}
	n, start := q.count(), q.Start
	if q.More {
		start += n
	}
	if start+n > maxList {
		return listOver(q, gapFacts(gaps)), nil
	}
	latest := newest{keep: start + n + 1, rows: map[banking.AccountRef][]banking.Transaction{}}
	extents, missing, err := s.teller.Transactions(ctx, q.Access, only, window, func(t banking.Transaction) error {
		if t.Money.Minor != 0 && window.Contains(t.Day) && (about.Merchant == "" || spending.SameMerchant(called(t), about.Merchant)) {
			latest.add(t)
		}
		return nil
	})
	if err != nil {
		return Reply{}, failed(err, missing)
	}
	if err := unread(extents, missing); err != nil {
		return Reply{}, err // the newest may be among those that were not read
	}
	rows := latest.of(own, missing)
	reply := Reply{Key: TransactionsSaid, Today: today, Dialogue: Dialogue{Intent: q.Intent, Slots: q.Slots, Page: start}}
	switch {
	case start >= len(rows) && q.More:
		return listOver(q, gapFacts(merged(gaps, missing))), nil
	case start >= len(rows):
		horizon, seen := s.horizon(period, about.Complete, extents)
		reply.Key, reply.Facts = TransactionsNone, append([]Fact{about}, horizon...)
		if !seen {
			reply.Key = TransactionsUnseen
		}
	default:
		for _, t := range rows[start:min(len(rows), start+n)] {
			reply.Facts = append(reply.Facts, purchase(t, names))
		}
		if len(rows) > start+n && start+2*n <= maxList {
			reply.Key, reply.Ask, reply.Dialogue.Asked = TransactionsMore, true, AskedMore
		}
	}
	reply.Facts = append(reply.Facts, gapFacts(merged(gaps, missing))...)
	return reply, nil
}

// listOver answers whoever goes on with a list that has no more: an assistant that made up where, or a customer of whose accounts one has gone.
func listOver(q Question, gaps []Fact) Reply {
	return Reply{Key: ListOver, Facts: gaps, Dialogue: Dialogue{Intent: q.Intent, Slots: q.Slots}}
}

// count is how many entries are said at once.
func (q Question) count() int {
	n, err := strconv.Atoi(q.Slots[SlotCount].Heard)
	if err != nil || n < 1 {
		return usualCount
	}
	return min(n, MaxCount)
}

// called is what an entry is known by.
func called(t banking.Transaction) string {
	if t.Merchant != "" {
		return t.Merchant
	}
	return banking.CleanMerchant(t.Text)
}

func purchase(t banking.Transaction, names []named) Fact {
	f := Fact{
		Kind: FactPurchase, Merchant: t.Merchant, Money: t.Money, Day: t.Day, Pending: t.Status == banking.Pending, About: t.Rounded,
	}
	if f.Merchant == "" {
		f.Text = banking.CleanMerchant(t.Text)
	}
	if i := slices.IndexFunc(names, func(n named) bool { return n.account.Ref == t.Account }); i >= 0 {
		f.Account, f.Bank = names[i].name, names[i].bank
	}
	return f
}

// newest keeps the newest entries of each account, so many of each that a bank that breaks off takes none of the others' with it.
type newest struct {
	keep int
	rows map[banking.AccountRef][]banking.Transaction
}

// add takes in one entry. Entries of one account and day stay in the order in which they came; an entry that came before is dropped.
func (n *newest) add(t banking.Transaction) {
	rows := n.rows[t.Account]
	if len(rows) == n.keep && !t.Day.After(rows[len(rows)-1].Day) {
		return
	}
	if t.ID != "" && slices.ContainsFunc(rows, func(o banking.Transaction) bool { return o.ID == t.ID }) {
		return
	}
	at, _ := slices.BinarySearchFunc(rows, t, func(o, t banking.Transaction) int {
		if o.Day.Before(t.Day) {
			return 1
		}
		return -1
	})
	rows = slices.Insert(rows, at, t)
	n.rows[t.Account] = rows[:min(len(rows), n.keep)]
}

// of gives the newest entries of all banks but those that are missing, newest first. Those of one day stand in the order of the accounts, and not as
// accounts that are read in parallel happened to answer: a list that goes on has to be the list that it was.
func (n *newest) of(own []banking.Account, missing []banking.Gap) []banking.Transaction {
	place := func(ref banking.AccountRef) int {
		return slices.IndexFunc(own, func(a banking.Account) bool { return a.Ref == ref })
	}
	accounts := slices.SortedFunc(maps.Keys(n.rows), func(a, b banking.AccountRef) int {
		return cmp.Or(cmp.Compare(place(a), place(b)), cmp.Compare(a.Bank, b.Bank), cmp.Compare(a.ID, b.ID))
	})
	var rows []banking.Transaction
	for _, ref := range accounts {
		if !slices.ContainsFunc(missing, func(g banking.Gap) bool { return g.Bank == ref.Bank }) {
			rows = append(rows, n.rows[ref]...)
		}
	}
	slices.SortStableFunc(rows, func(a, b banking.Transaction) int { return b.Day.Compare(a.Day) })
	return rows[:min(len(rows), n.keep)]
}
