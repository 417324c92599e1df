package banking_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"sotto/banking"
)

// breaking is a bank of ours with a fault of ours in one of its readings.
type breaking struct {
	*scripted
	in    string
	ended bool
}

func (b *breaking) broken(in string) {
	if b.in == in {
		panic("GBP 1234.56 of Ada")
	}
}

func (b *breaking) Refresh(ctx context.Context, refresh banking.Secret) (banking.Tokens, error) {
	b.broken("refresh")
	return b.scripted.Refresh(ctx, refresh)
}

func (b *breaking) Accounts(ctx context.Context, bearer banking.Bearer) ([]banking.Account, error) {
	b.broken("accounts")
	return b.scripted.Accounts(ctx, bearer)
}

func (b *breaking) Balances(ctx context.Context, bearer banking.Bearer, d banking.Directory) ([]banking.Balance, error) {
	b.broken("balances")
	return b.scripted.Balances(ctx, bearer, d)
}

func (b *breaking) Transactions(ctx context.Context, bearer banking.Bearer, d banking.Directory, q banking.Query, each func(banking.Transaction) error) (banking.Extent, error) {
	b.broken("entries")
	return b.scripted.Transactions(ctx, bearer, d, q, each)
}

func (b *breaking) EndConsent(ctx context.Context, id string) error {
	b.broken("end")
	b.ended = true
	return b.scripted.EndConsent(ctx, id)
}

// panics is what was reported of them.
type panics struct {
	mu   sync.Mutex
	seen []*banking.PanicError
}

func (p *panics) report(e *banking.PanicError) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.seen = append(p.seen, e)
}

// once says that so many were reported, each with where it was and without what was panicked with.
func (p *panics) once(t *testing.T, n int) {
	t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.seen) != n {
		t.Errorf("%d panics are reported, want %d", len(p.seen), n)
	}
	for _, e := range p.seen {
		if e.Kind != "string" || !strings.Contains(string(e.Stack), "guard_test.go") || strings.Contains(e.Error()+string(e.Stack), "Ada") {
			t.Errorf("reported is %v: %s", e, e.Stack)
		}
	}
}

// Each of them would have ended the process, and with it every turn of every customer.
func TestABankWhoseReadingPanicsIsAGapAndTheOtherIsHeard(t *testing.T) {
	onEach(t, func(t *testing.T, open func(...banking.Bank) *desk) {
		for in, times := range map[string]int{"refresh": 2, "accounts": 1, "balances": 1, "entries": 1} { // a refresh that fails is tried twice
			t.Run(in, func(t *testing.T) {
				good, bad := &scripted{id: "good"}, &breaking{scripted: &scripted{id: "bad"}}
				d := open(good, bad)
				seen := &panics{}
				d.connections.OnPanic(seen.report)
				bad.in = in
				if d.now = noon.Add(time.Hour); in == "accounts" {
					d.now = noon.Add(25 * time.Hour) // when the list is not fresh any more
				}
				access := banking.NewAccess(d.link, nil, banking.ReadBalances, banking.ReadTotals) // without the key, under which the list is kept
				var heard int
				var gaps []banking.Gap
				var err error
				if in == "entries" {
					_, gaps, err = d.teller.Transactions(t.Context(), access, nil, banking.Window{}, func(banking.Transaction) error { heard++; return nil })
				} else {
					var list []banking.Balance
					list, gaps, err = d.teller.Balances(t.Context(), access)
					heard = len(list)
				}
				if err != nil || heard != 1 || len(gaps) != 1 || gaps[0].Name != "Bank bad" || !errors.Is(gaps[0].Err, banking.ErrUnavailable) {
					t.Errorf("%d heard, gaps %v, %v", heard, gaps, err)
				}
				if err := d.connections.Close(t.Context()); err != nil {
					t.Fatal(err)
				}
				seen.once(t, times)
			})
		}
	})
}

func TestAnOnlyBankWhoseReadingPanicsIsUnavailable(t *testing.T) {
	onEach(t, func(t *testing.T, open func(...banking.Bank) *desk) {
		bad := &breaking{scripted: &scripted{id: "bad"}, in: "balances"}
		d := open(bad)
		seen := &panics{}
		d.connections.OnPanic(seen.report)
		if _, gaps, err := d.ask(t.Context()); !errors.Is(err, banking.ErrUnavailable) || len(gaps) != 1 {
			t.Errorf("gaps %v, %v", gaps, err)
		}
		seen.once(t, 1)
	})
}

func TestAConsentWhoseEndingPanicsIsEndedLater(t *testing.T) {
	onEach(t, func(t *testing.T, open func(...banking.Bank) *desk) {
		bad := &breaking{scripted: &scripted{id: "bad"}, in: "end"}
		d := open(bad)
		seen := &panics{}
		d.connections.OnPanic(seen.report)
		if err := d.store.EndLink(t.Context(), d.link, d.now); err != nil {
			t.Fatal(err)
		}
		if err := d.connections.End(t.Context()); !errors.Is(err, banking.ErrUnavailable) {
			t.Errorf("got %v", err)
		}
		seen.once(t, 1)
		bad.in, d.now = "", noon.Add(time.Hour)
		if err := d.connections.End(t.Context()); err != nil || !bad.ended {
			t.Errorf("an hour later: ended %v, %v", bad.ended, err)
		}
	})
}
