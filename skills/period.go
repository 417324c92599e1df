package skills

import (
	"cmp"
	"strings"

	"sotto/banking"
	"sotto/banking/spending"
	"sotto/linking"
)

// period reads the period of a question, of which the part that has come is asked about. Alexa rolls what it hears into the future, so its
// periods are rolled back; the others say what they mean: in the calendar's terms, or, where text was typed, in words such as "last week" that become
// days only here, by the calendar of the customer's bank. Where it is not understood, the reply asks back.
func (q Question) period(today banking.Date) (spending.Period, Reply, bool) {
	heard := q.Slots[SlotPeriod].Heard
	var p spending.Period
	var err error
	if q.Platform == linking.Alexa {
		p, err = spending.ParseAmazon(heard, today)
	} else {
		p, err = spending.Parse(heard, today)
	}
	key := UnknownPeriod
	if err == nil {
		if !p.IsFuture(today) {
			return p.SoFar(today), Reply{}, true
		}
		key = FuturePeriod
	}
	return p, Reply{Key: key, Ask: true, Dialogue: q.asking(string(SlotPeriod))}, false
}

// merchant is the shop that was named, if one was: what the platform made of it, or what was heard. Where several were named, the reply asks back.
func (q Question) merchant() (string, Reply, bool) {
	slot := q.Slots[SlotMerchant]
	one, ok := slot.one()
	if !ok {
		return "", Reply{Key: OneMerchant, Ask: true, Dialogue: q.asking(string(SlotMerchant))}, false
	}
	return cmp.Or(one, slot.Heard), Reply{}, true
}

// one gives the value that is meant, empty where there is none, and false where it is not one: several were named, or what was named may be several.
// What is called to the letter as it was heard is meant.
func (s Slot) one() (string, bool) {
	switch {
	case len(s.Values) == 0:
		return "", true
	case len(s.Values) == 1, strings.EqualFold(s.Values[0], s.Heard):
		return s.Values[0], true
	default:
		return "", false
	}
}

// horizon says how far the banks could be seen into a period: the facts to be said of it, and whether any of its days could be seen at
// all.
func (s *Skill) horizon(p spending.Period, complete bool, extents map[banking.BankID]banking.Extent) (facts []Fact, seen bool) {
	seen = len(extents) == 0
	for _, bank := range sorted(extents) {
		e := extents[bank]
		called := ""
		if len(extents) > 1 {
			called = s.bankName(bank)
		}
		early := !e.First.IsZero() && p.From.Before(e.First)
		late := !e.Last.IsZero() && (p.From.After(e.Last) || complete && p.Last().After(e.Last))
		if early && len(facts) < 2*maxBanks {
			facts = append(facts, Fact{Kind: FactSince, Day: e.First, Bank: called})
		}
		if late && len(facts) < 2*maxBanks {
			facts = append(facts, Fact{Kind: FactUntil, Day: e.Last, Bank: called})
		}
		if (e.First.IsZero() || e.First.Before(p.To)) && (e.Last.IsZero() || !e.Last.Before(p.From)) {
			seen = true
		}
	}
	return facts, seen
}
