package skills

import (
	"context"
	"slices"

	"sotto/banking"
)

// balance says what stands on one account, or on all, three at a time.
func balance(ctx context.Context, s *Skill, q Question) (Reply, error) {
	balances, gaps, err := s.teller.Balances(ctx, q.Access)
	if err != nil {
		return Reply{}, failed(err, gaps)
	}
	known, missing := accountsOf(balances), gaps
	if len(gaps) > 0 {
		var unlisted []banking.Gap
		if known, unlisted = s.withUntold(ctx, q, known, gaps); q.Slots.filled(SlotAccount) {
			missing = unlisted // what others have is not missing from an answer about one
		}
	}
	names := s.name(known)
	if len(names) == 0 {
		return Reply{Key: BalanceNone, Facts: gapFacts(gaps)}, nil
	}
	if q.Slots.filled(SlotAccount) {
		found, back, ok := q.pick(names)
		if !ok {
			back.Facts = append(back.Facts, gapFacts(missing)...)
			return back, nil
		}
		names = found
	}
	facts := make([]Fact, 0, len(balances))
	for _, n := range names {
		for _, b := range balances {
			if b.Account.Ref == n.account.Ref {
				facts = append(facts, Fact{
					Kind: FactBalance, Account: n.name, Bank: n.bank, Money: b.Money, Overdraft: b.Overdraft, About: b.Rounded,
				})
			}
		}
	}
	if len(facts) == 0 {
		return Reply{}, failed(gaps[0].Err, gaps) // only of accounts that were not told
	}
	start := q.Start
	if q.More {
		start += maxNamed
	}
	if start >= len(facts) && q.More {
		return listOver(q, gapFacts(missing)), nil
	}
	if start >= len(facts) {
		start = 0 // an account has gone since the page that is to be repeated
	}
	page := facts[start:min(len(facts), start+maxNamed)]
	if len(facts) > 1 {
		for i := range page {
			page[i].Overdraft = banking.Money{} // too much for one breath; it is said of one account
		}
	}
	reply := Reply{Key: BalanceSaid, Facts: page, Dialogue: Dialogue{Intent: q.Intent, Slots: q.Slots, Page: start}}
	reply.Facts = append(reply.Facts[:len(page):len(page)], gapFacts(missing)...)
	if more := len(facts) - start - len(page); more > 0 {
		reply.Key, reply.Ask, reply.Dialogue.Asked = BalanceMore, true, AskedMore
		reply.Facts = append(reply.Facts, Fact{Kind: FactCount, Count: more})
	}
	return reply, nil
}

// withUntold adds the accounts that were not told, as far as they are known: else one that was told would be called, or taken for, another of
// its name, and one that was not would be said not to be there. unlisted are the banks that may have more of them.
func (s *Skill) withUntold(ctx context.Context, q Question, told []banking.Account, gaps []banking.Gap) (known []banking.Account, unlisted []banking.Gap) {
	all, unlisted, err := s.teller.Accounts(ctx, q.Access)
	if err != nil {
		return told, gaps
	}
	for _, a := range all {
		if !slices.ContainsFunc(told, func(t banking.Account) bool { return t.Ref == a.Ref }) {
			told = append(told, a)
		}
	}
	return told, unlisted
}

// accountsOf gives each account once, in the order in which the balances came.
func accountsOf(balances []banking.Balance) []banking.Account {
	accounts := make([]banking.Account, 0, len(balances))
	seen := make(map[banking.AccountRef]bool, len(balances))
	for i := range balances {
		if a := balances[i].Account; !seen[a.Ref] {
			seen[a.Ref] = true
			accounts = append(accounts, a)
		}
	}
	return accounts
}
