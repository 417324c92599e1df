package banking

import (
	"context"
	"slices"
	"sync"
)

// stop carries an error of the caller's own function through a bank.
type stop struct{ err error }

func (s stop) Error() string { return "stopped by the caller" }
func (s stop) Unwrap() error { return s.err }

// Transactions calls each, one call at a time, for every entry of these accounts in the window (needs ReadTotals or ReadTransactions).
// With no accounts, of all. Several banks may interleave; the rows of one account arrive in its bank's order. An error of each
// stops everything and is returned as it is.
//
// Entries of a bank that turns out to be a Gap may have been given already, up to where it failed: whoever adds them up
// must then leave that bank's out, which Transaction.Account tells.
func (t *Teller) Transactions(ctx context.Context, a Access, accounts []Account, w Window, each func(Transaction) error) (map[BankID]Extent, []Gap, error) {
	readings, err := t.open(ctx, a, ReadTotals, ReadTransactions)
	if err != nil {
		return nil, nil, err
	}
	ctx, cancel := withMargin(ctx)
	defer cancel()
	var mu sync.Mutex
	var stopped error
	one := func(tx Transaction) error {
		mu.Lock()
		defer mu.Unlock()
		if stopped == nil {
			stopped = each(tx)
		}
		if stopped != nil {
			cancel()
			return stop{stopped}
		}
		return nil
	}
	shares, asked, missing := shared(ctx, readings, accounts)
	extents := make([]Extent, len(asked))
	gaps, err := t.all(asked, func(i int, r *reading) (bool, error) {
		if missing[r] != nil {
			return false, missing[r]
		}
		if r.conn.Relink {
			return false, ErrRelink
		}
		var err error
		extents[i], err = r.bank.Transactions(ctx, r.bearer, r.directory, Query{Window: w, Only: shares[r]}, one)
		return err == nil, err
	})
	if stopped != nil {
		return nil, nil, stopped
	}
	byBank := map[BankID]Extent{}
	for i, r := range asked {
		if !slices.ContainsFunc(gaps, func(g Gap) bool { return g.Bank == r.conn.Bank }) {
			byBank[r.conn.Bank] = joinExtents(byBank[r.conn.Bank], extents[i])
		}
	}
	if len(asked) == 0 {
		return nil, nil, ErrNotFound
	}
	return byBank, gaps, err
}

// shared says which accounts are asked of which connection; nil is all of its consent. Where one bank is connected twice, an account
// in both consents is asked of the first only. A bank whose share cannot be told is missing.
func shared(ctx context.Context, readings []*reading, accounts []Account) (shares map[*reading][]string, asked []*reading, missing map[*reading]error) {
	shares, missing = map[*reading][]string{}, map[*reading]error{}
	connections := map[BankID]int{}
	for _, r := range readings {
		connections[r.conn.Bank]++
	}
	taken := map[AccountRef]bool{}
	for _, r := range readings {
		var wanted []string
		for _, account := range accounts {
			if account.Ref.Bank == r.conn.Bank && !slices.Contains(wanted, account.Ref.ID) {
				wanted = append(wanted, account.Ref.ID)
			}
		}
		if len(accounts) > 0 && len(wanted) == 0 {
			continue
		}
		if connections[r.conn.Bank] == 1 || r.bank == nil || r.conn.Relink {
			shares[r] = wanted
			asked = append(asked, r)
			continue
		}
		list, err := r.directory.Accounts(ctx)
		if err != nil {
			missing[r] = err
			asked = append(asked, r)
			continue
		}
		var own []string
		for _, account := range list {
			if !taken[account.Ref] && (len(wanted) == 0 || slices.Contains(wanted, account.Ref.ID)) {
				taken[account.Ref] = true
				own = append(own, account.Ref.ID)
			}
		}
		if len(own) > 0 {
			shares[r] = own
			asked = append(asked, r)
		}
	}
	return shares, asked, missing
}

// joinExtents is how far two readings of one bank went, taken together.
func joinExtents(a, b Extent) Extent {
	a.Rows += b.Rows
	a.Cut = a.Cut || b.Cut
	if b.First.After(a.First) {
		a.First = b.First
	}
	if a.Last.IsZero() || !b.Last.IsZero() && b.Last.Before(a.Last) {
		a.Last = b.Last
	}
	return a
}
