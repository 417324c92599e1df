package spending

import (
	"cmp"
	"slices"

	"sotto/banking"
)

// leg is one end of what may be a transfer between own accounts, in 16 bytes: there may be as many as there are entries.
type leg struct {
	minor    int64  // signed
	day      uint16 // counted from the first day of the window
	marks    marks
	currency uint8 // place among the tallies
	account  uint8 // place among the accounts
	category uint8 // place among the categories
}

// marks say what else is known of a leg.
type marks uint8

const (
	counted marks = 1 << iota // in the period, and what is asked about: it is in the total unless it is a transfer
	rounded
	pending
	strong   // the bank, or the other end's identification, says that it is a transfer
	settled  // it is a transfer for sure and already left out; it only takes its other end with it
	foreign  // the identification at the other end is known, and is no own account's
	owedOnly // a direct debit: it can only be the repaying of an own card or loan
	alone    // no transfer at all; it is here since it is pending
)

// when gives m if the condition holds.
func when(condition bool, m marks) marks {
	if condition {
		return m
	}
	return 0
}

func (m marks) has(x marks) bool { return m&x != 0 }

// rank orders the debits that want a credit: the surest first.
func (l leg) rank() int {
	switch {
	case l.marks.has(settled):
		return 0
	case l.marks.has(pending):
		return 3
	case l.marks.has(strong):
		return 1
	}
	return 2
}

// moves says whether an entry that is no refund may be one end of a transfer, and of what make. Own and foreigner say what is
// known of its other end, owed whether it stands on a card or loan.
func moves(t banking.Transaction, own, foreigner, owed bool) (m marks, ok bool) {
	in := t.Money.Minor > 0
	m = when(foreigner, foreign) | when(own || in && owed, strong) // what comes in on a card or loan repays it
	switch t.Sort {
	case banking.Transfer, banking.StandingOrder, banking.Repayment:
		return m | strong, true
	case banking.DirectDebit:
		return m | when(!in, owedOnly), own || !in || owed
	case banking.Purchase, banking.Refund, banking.Unknown:
		nameless := t.Sort == banking.Unknown && t.MCC == "" && (t.Merchant == "" || in && owed)
		return m, own || nameless || sendsMoney(t.MCC)
	default:
		return m, own
	}
}

// sendsMoney says whether a merchant category code is that of moving money: wires, payments to banks, wallets.
func sendsMoney(mcc string) bool {
	switch mcc {
	case "4829", "6012", "6051", "6529", "6530", "6532", "6533", "6534", "6535", "6536", "6537", "6538", "6540":
		return true
	}
	return false
}

// credits are equal legs of money coming in, as many as free says.
type credits struct {
	leg
	free int
}

// pair finds the own transfers among legs: a debit and an equal credit in the same currency on another own account, at most three days
// apart, of which at least one is strong. It calls each for every debit, with the account its money went to where it was
// matched. What it finds does not depend on the order of the legs, which it sorts: nearest days come first.
func pair(legs []leg, accounts []account, each func(debit leg, to uint8, matched bool)) {
	slices.SortFunc(legs, func(a, b leg) int {
		return cmp.Or(cmp.Compare(a.currency, b.currency), cmp.Compare(magnitude(a.minor), magnitude(b.minor)), cmp.Compare(a.minor, b.minor),
			cmp.Compare(a.rank(), b.rank()), cmp.Compare(a.day, b.day), cmp.Compare(a.account, b.account), cmp.Compare(a.marks, b.marks),
			cmp.Compare(a.category, b.category))
	})
	var pool []credits
	for len(legs) > 0 {
		first := legs[0]
		n := 1
		for n < len(legs) && legs[n].currency == first.currency && magnitude(legs[n].minor) == magnitude(first.minor) {
			n++
		}
		group := legs[:n]
		legs = legs[n:]
		in := slices.IndexFunc(group, func(l leg) bool { return l.minor > 0 })
		if in < 0 {
			in = n
		}
		pool = pooled(pool[:0], group[in:])
		pairGroup(group[:in], pool, accounts, each)
	}
}

// pooled gathers equal credits, by day.
func pooled(pool []credits, in []leg) []credits {
	for _, l := range in {
		if last := len(pool) - 1; last >= 0 && pool[last].leg == l {
			pool[last].free++
			continue
		}
		pool = append(pool, credits{l, 1})
	}
	slices.SortStableFunc(pool, func(a, b credits) int { return cmp.Compare(a.day, b.day) })
	return pool
}

// pairGroup pairs debits with credits of the same magnitude: the surest debits first, and among those the nearest days.
func pairGroup(debits []leg, pool []credits, accounts []account, each func(leg, uint8, bool)) {
	if len(pool) == 0 {
		for _, d := range debits {
			each(d, 0, false)
		}
		return
	}
	for len(debits) > 0 {
		n := 1
		for n < len(debits) && debits[n].rank() == debits[0].rank() {
			n++
		}
		same := slices.Clone(debits[:n])
		debits = debits[n:]
		for gap := 0; gap <= edge && len(same) > 0; gap++ {
			left := same[:0]
			for _, d := range same {
				to, found := take(pool, d, int(d.day)+gap, accounts)
				if !found && gap > 0 {
					to, found = take(pool, d, int(d.day)-gap, accounts)
				}
				if found {
					each(d, to, true)
				} else {
					left = append(left, d)
				}
			}
			same = left
		}
		for _, d := range same {
			each(d, 0, false)
		}
	}
}

// take uses up a credit of that day that can be the other end of the debit.
func take(pool []credits, debit leg, day int, accounts []account) (to uint8, found bool) {
	at, _ := slices.BinarySearchFunc(pool, day, func(c credits, day int) int { return cmp.Compare(int(c.day), day) })
	for i := at; i < len(pool) && int(pool[i].day) == day; i++ {
		if c := &pool[i]; c.free > 0 && fits(debit, c.leg, accounts) {
			c.free--
			return c.account, true
		}
	}
	return 0, false
}

// fits says whether two equal and opposite legs can be one transfer.
func fits(debit, credit leg, accounts []account) bool {
	from, to := accounts[debit.account], accounts[credit.account]
	switch {
	case debit.account == credit.account, debit.marks.has(alone),
		!debit.marks.has(strong) && !credit.marks.has(strong),
		debit.marks.has(foreign) && to.number != "",
		credit.marks.has(foreign) && from.number != "",
		debit.marks.has(owedOnly) && !to.kind.Owed():
		return false
	}
	return true
}

func magnitude(minor int64) int64 { return max(minor, -minor) }
