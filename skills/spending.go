package skills

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"sotto/banking"
	"sotto/banking/spending"
)

// maxCurrencies bounds how many totals are said; there is one per currency.
const maxCurrencies = 4

// spent says what was spent in a period, this month where none is named: for each currency the total, what was netted, and what was
// left out. A sum of which a part is missing is never said.
func spent(ctx context.Context, s *Skill, q Question) (Reply, error) {
	today, err := s.teller.Today(ctx, q.Access)
	if err != nil {
		return Reply{}, err
	}
	ask := spending.Question{Period: spending.ThisMonth(today).SoFar(today), Today: today}
	if q.Slots.filled(SlotPeriod) {
		period, back, ok := q.period(today)
		if !ok {
			return back, nil
		}
		ask.Period = period
	}
	if q.Slots.filled(SlotCategory) {
		category, back, ok := q.category()
		if !ok {
			return back, nil
		}
		ask.Category = category
	}
	merchant, back, ok := q.merchant()
	if !ok {
		return back, nil
	}
	ask.Merchant = merchant
	own, gaps, err := s.teller.Accounts(ctx, q.Access)
	if err != nil {
		return Reply{}, failed(err, gaps)
	}
	about := Fact{Period: ask.Period, Category: ask.Category, Merchant: ask.Merchant}
	if q.Slots.filled(SlotAccount) {
		found, back, ok := q.pick(s.name(own))
		if !ok {
			back.Facts = append(back.Facts, gapFacts(gaps)...)
			return back, nil
		}
		for _, n := range found {
			ask.Accounts = append(ask.Accounts, n.account.Ref)
		}
		about.Account, about.Bank = found[0].name, found[0].bank
	}
	sum, extents, missing, err := s.count(ctx, q, ask, own)
	if err != nil {
		return Reply{}, err
	}
	reply := s.tell(about, sum, extents)
	reply.Facts = append(reply.Facts, gapFacts(merged(gaps, missing))...)
	reply.Today = today
	reply.Dialogue = Dialogue{Intent: q.Intent, Slots: q.Slots}
	return reply, nil
}

// category gives the category that was named. Where there is none of that name, or several were named, the reply asks back.
func (q Question) category() (spending.Category, Reply, bool) {
	slot := q.Slots[SlotCategory]
	slot.Values = slices.DeleteFunc(slices.Clone(slot.Values), func(id string) bool {
		return !slices.Contains(spending.Categories(), spending.Category(id))
	})
	key := OneCategory
	if one, ok := slot.one(); ok {
		if one != "" {
			return spending.Category(one), Reply{}, true
		}
		key = UnknownCategory
	}
	return "", Reply{Key: key, Ask: true, Dialogue: q.asking(string(SlotCategory))}, false
}

// count reads the entries and counts them. A bank that broke off has given entries that may not stay in the sum. Entries that cannot all be
// read make no sum.
func (s *Skill) count(ctx context.Context, q Question, ask spending.Question, own []banking.Account) (
	spending.Summary, map[banking.BankID]banking.Extent, []banking.Gap, error,
) {
	counter := spending.NewCounter(ask, own)
	extents, gaps, err := s.teller.Transactions(ctx, q.Access, nil, ask.Window(), counter.Add)
	if err != nil {
		return spending.Summary{}, nil, nil, failed(err, gaps)
	}
	if err := unread(extents, gaps); err != nil {
		return spending.Summary{}, nil, nil, err
	}
	broken := make([]banking.BankID, 0, len(gaps))
	for _, g := range gaps {
		broken = append(broken, g.Bank)
	}
	return counter.Summary(broken...), extents, gaps, nil
}

// errPart means that no bank is left of which all entries were read.
var errPart = errors.New("every bank broke off")

// unread says why entries that were read make no answer: none of the banks told all of them, or one has more than are read in a turn.
func unread(extents map[banking.BankID]banking.Extent, gaps []banking.Gap) error {
	if len(extents) == 0 && len(gaps) > 0 {
		return failed(fmt.Errorf("%w: %w", errPart, gaps[0].Err), gaps)
	}
	for _, e := range extents {
		if e.Cut {
			return banking.ErrTooMuch
		}
	}
	return nil
}

// tell makes the facts of a summary. The about fact holds what was asked for.
func (s *Skill) tell(about Fact, sum spending.Summary, extents map[banking.BankID]banking.Extent) Reply {
	about.Complete = sum.Complete
	horizon, seen := s.horizon(about.Period, sum.Complete, extents)
	nothing := about
	nothing.Kind = FactPeriod
	if !seen {
		return Reply{Key: SpendingUnseen, Facts: append([]Fact{nothing}, horizon...)}
	}
	var totals, leftOut []Fact
	said := 0
	for i := range sum.Totals {
		t := &sum.Totals[i]
		if said == maxCurrencies {
			break
		}
		said++
		if t.Count == 0 {
			leftOut = append(leftOut, exclusions(t.LeftOut)...)
			continue
		}
		total := about
		total.Kind, total.Money, total.About, total.Count = FactTotal, t.Spent, t.About, t.Count
		totals = append(totals, total)
		if t.Refunds.Minor > 0 && t.Spent.Minor > 0 {
			totals = append(totals, Fact{Kind: FactRefunds, Money: t.Refunds})
		}
		totals = append(totals, exclusions(t.LeftOut)...)
	}
	reply := Reply{Key: SpendingSaid, Facts: append(totals, leftOut...)}
	if len(totals) == 0 {
		reply = Reply{Key: SpendingNone, Facts: append([]Fact{nothing}, leftOut...)}
	}
	if more := len(sum.Totals) - said; more > 0 {
		reply.Facts = append(reply.Facts, Fact{Kind: FactCount, Count: more})
	}
	reply.Facts = append(reply.Facts, horizon...)
	return reply
}

func exclusions(left []spending.Exclusion) []Fact {
	facts := make([]Fact, 0, len(left))
	for _, x := range left {
		facts = append(facts, Fact{Kind: FactLeftOut, Reason: x.Reason, Money: x.Money, Count: x.Count, About: x.About})
	}
	return facts
}

// merged gives the gaps of two readings, each bank once.
func merged(a, b []banking.Gap) []banking.Gap {
	all := slices.Clone(a)
	for _, g := range b {
		if !slices.ContainsFunc(all, func(o banking.Gap) bool { return o.Bank == g.Bank }) {
			all = append(all, g)
		}
	}
	return all
}

func sorted(extents map[banking.BankID]banking.Extent) []banking.BankID {
	return slices.Sorted(maps.Keys(extents))
}
