package spending

import (
	"cmp"

	"sotto/banking"
)

// reasons are in the order in which what was left out is told.
var reasons = [...]Reason{OwnTransfer, CardRepayment, Investment, CashWithdrawn, NotBooked}

// tally is the sums of one currency. None of them can overflow: what moved, of which they are parts, did not.
type tally struct {
	spent, refunds int64
	count          int
	about          bool
	categories     [len(categories)]part // by place among the categories
	out            [len(reasons)]part
}

// part is one sum of a tally.
type part struct {
	minor int64
	count int
	about bool
}

func (p *part) add(minor int64, l leg) {
	p.minor += minor
	p.count++
	p.about = p.about || l.marks.has(rounded)
}

// join adds another tally of the same currency.
func (t *tally) join(o *tally) {
	t.spent += o.spent
	t.refunds += o.refunds
	t.count += o.count
	t.about = t.about || o.about
	for i := range t.categories {
		t.categories[i].join(o.categories[i])
	}
	for i := range t.out {
		t.out[i].join(o.out[i])
	}
}

func (p *part) join(o part) {
	p.minor += o.minor
	p.count += o.count
	p.about = p.about || o.about
}

// spend counts an entry in the total: money out as spent, money in as refunded.
func (t *tally) spend(l leg) {
	t.spent -= l.minor
	if l.minor > 0 {
		t.refunds += l.minor
	}
	t.count++
	t.about = t.about || l.marks.has(rounded)
	t.categories[l.category].add(-l.minor, l)
}

// leaveOut counts an entry of money out under the reason it is not in the total.
func (t *tally) leaveOut(r Reason, l leg) {
	for i := range reasons {
		if reasons[i] == r {
			t.out[i].add(-l.minor, l)
		}
	}
}

// total gives what is to be said of the currency, and whether there is anything.
func (t *tally) total(currency banking.Currency, byCategory bool) (Total, bool) {
	money := func(minor int64) banking.Money { return banking.Money{Minor: minor, Currency: currency} }
	total := Total{Spent: money(t.spent), Refunds: money(t.refunds), Count: t.count, About: t.about}
	for i, p := range t.out {
		if p.count > 0 {
			total.LeftOut = append(total.LeftOut, Exclusion{Reason: reasons[i], Money: money(p.minor), Count: p.count, About: p.about})
		}
	}
	if byCategory {
		total.ByCategory = map[Category]banking.Money{}
		for i, p := range t.categories {
			if p.count > 0 {
				total.ByCategory[categories[i]] = money(p.minor)
			}
		}
	}
	return total, t.count > 0 || len(total.LeftOut) > 0
}

// byCount orders totals: the one with most entries first.
func byCount(a, b Total) int {
	return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Spent.Currency, b.Spent.Currency))
}
