package skills

import (
	"context"
	"slices"

	"sotto/banking/spending"
	"sotto/linking/disclosure"
)

// holder is whose record a question belongs to.
func (q Question) holder() disclosure.Holder {
	return disclosure.Holder{Link: q.Link.ID, Key: q.Link.Key()}
}

// write records the facts of a reply; it returns nil only when they are on disk.
func (s *Skill) write(ctx context.Context, turn Turn, q *Question, reply Reply) error {
	facts := make([]disclosure.Fact, 0, len(reply.Facts))
	for i := range reply.Facts {
		if f := recorded(&reply.Facts[i]); !slices.Contains(facts, f) {
			facts = append(facts, f)
		}
	}
	return s.record.Append(ctx, q.holder(), disclosure.Entry{
		Turn: turn.ID, Platform: string(turn.Platform), Intent: string(q.Intent), Facts: facts,
	})
}

// recorded gives what the record keeps of a fact: its kind, account, bank and range, no amount and no merchant.
func recorded(f *Fact) disclosure.Fact {
	d := disclosure.Fact{Kind: string(f.Kind), Bank: f.Bank}
	if f.Account != (AccountName{}) {
		d.Account = f.Account.String()
	}
	if d.Bank == "" {
		d.Bank = f.Account.Bank
	}
	if f.Period != (spending.Period{}) {
		d.Period = f.Period.From.String() + "/" + f.Period.Last().String()
	}
	return d
}

// String gives the name as it stands in the record: the nickname, or the kind, and last digits where they were said.
func (a AccountName) String() string {
	name := a.Name
	if name == "" {
		name = string(a.Kind)
	}
	if a.Digits != "" {
		name += " " + a.Digits
	}
	return name
}
