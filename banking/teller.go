package banking

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"
)

// Gap is a bank whose answer is missing from a partial result, or is not the whole.
type Gap struct {
	Bank BankID
	Name string // the bank's name as it is said
	Err  error  // one of this package's kinds
}

const (
	// bankBudget is what banks are given where the context has no deadline.
	bankBudget = 2 * time.Second
	// margin is kept back of a deadline, to say in time who did not answer, and to write down what is said.
	margin = time.Second
)

// Teller is the one counter at which banks are asked. Each method asks all banks of the Access in parallel under the context's
// deadline. Where some answered, the others are Gaps and the error is nil; where none did, the error wraps the kinds of their failures
// and the Gaps still name them. An Access without the permission, the zero Access included, is ErrNoAccess; a link without
// connections is ErrNotFound. No error holds a token, a name, an amount or an account.
type Teller struct {
	c *Connections
}

// NewTeller opens the counter.
func NewTeller(c *Connections) *Teller { return &Teller{c: c} }

// reading is one connection, being asked one question.
type reading struct {
	conn      Connection
	bank      Bank // nil where the settings have it no more
	bearer    *bearer
	directory *directory
}

// open finds the connections of an Access that permits any of these.
func (t *Teller) open(ctx context.Context, a Access, permissions ...Permission) ([]*reading, error) {
	may := false
	for _, p := range permissions {
		may = may || a.May(p)
	}
	if !may {
		return nil, ErrNoAccess
	}
	rows, err := t.c.store.Connections(ctx, a.link)
	if err != nil {
		return nil, fmt.Errorf("read connections: %w", err)
	}
	if len(rows) == 0 {
		return nil, ErrNotFound
	}
	numbers := a.May(ReadTotals) || a.May(ReadTransactions)
	readings := make([]*reading, 0, len(rows))
	for _, row := range rows {
		if row.Relink && slices.ContainsFunc(rows, func(c Connection) bool { return c.Bank == row.Bank && !c.Relink }) {
			continue // the customer has linked this bank again since
		}
		r := &reading{conn: row}
		if bank, ok := t.c.banks[row.Bank]; ok {
			r.bank, r.bearer = bank, t.c.bearer(row, bank)
			r.directory = t.c.directory(row, bank, r.bearer, a.key, numbers)
		}
		readings = append(readings, r)
	}
	return readings, nil
}

// Today is the present calendar day where the banks of the Access are: the first bank's zone, where they differ.
func (t *Teller) Today(ctx context.Context, a Access) (Date, error) {
	readings, err := t.open(ctx, a, ReadBalances, ReadTotals, ReadTransactions)
	if err != nil {
		return Date{}, err
	}
	for _, r := range readings {
		if r.bank != nil {
			return DateOf(t.c.now(), r.bank.Zone()), nil
		}
	}
	return Date{}, ErrUnavailable
}

// Accounts lists the accounts of all connected banks. It costs no call to a bank whose accounts are known and fresh. An Access
// to entries wants whole numbers, which are known only for some minutes after they were last read, and in memory.
func (t *Teller) Accounts(ctx context.Context, a Access) ([]Account, []Gap, error) {
	readings, err := t.open(ctx, a, ReadBalances, ReadTotals, ReadTransactions)
	if err != nil {
		return nil, nil, err
	}
	ctx, cancel := withMargin(ctx)
	defer cancel()
	lists := make([][]Account, len(readings))
	gaps, err := t.all(readings, func(i int, r *reading) (bool, error) {
		if r.conn.Relink {
			return false, ErrRelink
		}
		list, err := r.directory.Accounts(ctx)
		lists[i] = list
		return err == nil, err
	})
	var accounts []Account
	seen := map[AccountRef]bool{}
	for _, list := range lists {
		for _, account := range list {
			if !seen[account.Ref] {
				seen[account.Ref] = true
				accounts = append(accounts, account)
			}
		}
	}
	return accounts, gaps, err
}

// Balances gives what stands on every account (needs ReadBalances), each with its whole Account. An account seen through two connections
// is given once. A bank that could tell only some of its balances is a Gap beside them. Questions about one connection
// that are asked at the same time share one answer; none is kept for a later one.
func (t *Teller) Balances(ctx context.Context, a Access) ([]Balance, []Gap, error) {
	readings, err := t.open(ctx, a, ReadBalances)
	if err != nil {
		return nil, nil, err
	}
	ctx, cancel := withMargin(ctx)
	defer cancel()
	lists := make([][]Balance, len(readings))
	gaps, err := t.all(readings, func(i int, r *reading) (bool, error) {
		list, err := t.balances(ctx, r)
		lists[i] = list
		return len(list) > 0 || err == nil, err
	})
	type place struct {
		ref      AccountRef
		currency Currency
	}
	var balances []Balance
	seen := map[place]bool{}
	for _, list := range lists {
		for _, b := range list {
			if p := (place{b.Account.Ref, b.Money.Currency}); !seen[p] {
				seen[p] = true
				balances = append(balances, b)
			}
		}
	}
	return balances, gaps, err
}

type told struct {
	balances []Balance
	late     bool // whoever asked first had no time left
	err      error
}

// balances asks one connection, together with whoever else asks it now. A caller who leaves does not take the answer from the
// others; one who joined a question that ran out of time asks again, in his own.
func (t *Teller) balances(ctx context.Context, r *reading) ([]Balance, error) {
	if r.conn.Relink {
		return nil, ErrRelink
	}
	first := false
	done := t.c.asking.DoChan(r.conn.ID, func() (any, error) {
		first = true
		t.c.detached.Add(1)
		defer t.c.detached.Done()
		asking, cancel := detach(ctx)
		defer cancel()
		var balances []Balance
		err := t.c.guard(func() (err error) {
			if !r.directory.ready() {
				// In parallel with the balances, so that it costs no round trip. Its error is met where the list is needed.
				t.c.detached.Go(func() {
					_ = t.c.guard(func() error {
						_, err := r.directory.Accounts(asking)
						return err
					})
				})
			}
			balances, err = r.bank.Balances(asking, r.bearer, r.directory)
			return err
		})
		return told{balances, err != nil && asking.Err() != nil, err}, nil
	})
	select {
	case result := <-done:
		answer := result.Val.(told)
		if answer.late && !first && ctx.Err() == nil {
			return t.balances(ctx, r)
		}
		return answer.balances, answer.err
	case <-ctx.Done():
		return nil, fmt.Errorf("balances: %w: no answer in time", ErrUnavailable)
	}
}

// all asks every reading in parallel, and waits for all. ask says whether there is anything to be told of its bank.
func (t *Teller) all(readings []*reading, ask func(int, *reading) (bool, error)) ([]Gap, error) {
	some := make([]bool, len(readings))
	errs := make([]error, len(readings))
	var group sync.WaitGroup
	for i, r := range readings {
		if r.bank == nil {
			errs[i] = fmt.Errorf("%w: no such bank in the settings", ErrUnavailable)
			continue
		}
		one := func() {
			errs[i] = t.c.guard(func() (err error) {
				some[i], err = ask(i, r)
				return err
			})
		}
		if len(readings) == 1 {
			one()
			continue
		}
		group.Go(one)
	}
	group.Wait()
	var gaps []Gap
	told := false
	for i, r := range readings {
		told = told || some[i]
		if errs[i] != nil {
			gaps = append(gaps, r.gap(errs[i]))
		}
	}
	if told {
		return gaps, nil
	}
	return gaps, errors.Join(errs...)
}

func (r *reading) gap(err error) Gap {
	g := Gap{Bank: r.conn.Bank, Name: string(r.conn.Bank), Err: err}
	if r.bank != nil {
		g.Name = r.bank.Name()
	}
	return g
}

// withMargin ends a little before ctx does.
func withMargin(ctx context.Context) (context.Context, context.CancelFunc) {
	deadline, ok := ctx.Deadline()
	if !ok {
		return context.WithTimeout(ctx, bankBudget)
	}
	left := time.Until(deadline) //nolint:forbidigo // a context's deadline is in the machine's time, whatever the house's clock says
	return context.WithDeadline(ctx, deadline.Add(-min(margin, left/3)))
}

// detach gives a context that ends when ctx would have at the latest, but not when its caller leaves.
func detach(ctx context.Context) (context.Context, context.CancelFunc) {
	deadline, ok := ctx.Deadline()
	if !ok {
		return context.WithTimeout(context.WithoutCancel(ctx), bankBudget)
	}
	return context.WithDeadline(context.WithoutCancel(ctx), deadline)
}
