package server

import (
	"context"
	"errors"
	"time"

	"sotto/banking"
)

// measured is a bank whose readings and consents are counted by outcome.
type measured struct {
	banking.Bank
	metrics *metrics
	wall    func() time.Time
}

// note counts one call that began at begun.
func (m measured) note(begun time.Time, err error) {
	m.metrics.bank(string(m.ID()), bankOutcome(err), m.wall().Sub(begun))
}

// bankOutcome is an error's kind, in a fixed word.
func bankOutcome(err error) string {
	if err == nil {
		return "ok"
	}
	for _, k := range []struct {
		kind error
		word string
	}{
		{banking.ErrBusy, "busy"},
		{banking.ErrGarbled, "garbled"},
		{banking.ErrRelink, "relink"},
		{banking.ErrForbidden, "forbidden"},
		{banking.ErrTooMuch, "too much"},
		{banking.ErrDenied, "denied"},
		{banking.ErrUnavailable, "unavailable"},
		{context.DeadlineExceeded, "late"},
		{context.Canceled, "cancelled"},
	} {
		if errors.Is(err, k.kind) {
			return k.word
		}
	}
	return "other"
}

func (m measured) Authorize(ctx context.Context, p []banking.Permission, state string) (banking.Authorization, error) {
	begun := m.wall()
	a, err := m.Bank.Authorize(ctx, p, state)
	m.note(begun, err)
	return a, err
}

func (m measured) Exchange(ctx context.Context, a banking.Authorization, r banking.Return) (banking.Tokens, string, error) {
	begun := m.wall()
	t, subject, err := m.Bank.Exchange(ctx, a, r)
	m.note(begun, err)
	return t, subject, err
}

func (m measured) Refresh(ctx context.Context, refresh banking.Secret) (banking.Tokens, error) {
	begun := m.wall()
	t, err := m.Bank.Refresh(ctx, refresh)
	m.note(begun, err)
	return t, err
}

func (m measured) Standing(ctx context.Context, consentID string) error {
	begun := m.wall()
	err := m.Bank.Standing(ctx, consentID)
	m.note(begun, err)
	return err
}

func (m measured) EndConsent(ctx context.Context, consentID string) error {
	begun := m.wall()
	err := m.Bank.EndConsent(ctx, consentID)
	m.note(begun, err)
	return err
}

func (m measured) Accounts(ctx context.Context, b banking.Bearer) ([]banking.Account, error) {
	begun := m.wall()
	list, err := m.Bank.Accounts(ctx, b)
	m.note(begun, err)
	return list, err
}

func (m measured) Balances(ctx context.Context, b banking.Bearer, d banking.Directory) ([]banking.Balance, error) {
	begun := m.wall()
	list, err := m.Bank.Balances(ctx, b, d)
	m.note(begun, err)
	return list, err
}

func (m measured) Transactions(ctx context.Context, b banking.Bearer, d banking.Directory, q banking.Query, each func(banking.Transaction) error) (banking.Extent, error) {
	begun := m.wall()
	extent, err := m.Bank.Transactions(ctx, b, d, q, each)
	m.note(begun, err)
	return extent, err
}
