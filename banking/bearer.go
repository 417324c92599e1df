package banking

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// early is how long before its end an access token is no longer used.
const early = 15 * time.Second

// bearer is the access token of one connection during one reading.
type bearer struct {
	c    *Connections
	bank Bank

	mu    sync.Mutex
	conn  Connection
	token Secret
	fresh bool  // the token was traded in this reading
	over  error // why that was refused too; found out once, whoever asks
}

var _ Bearer = (*bearer)(nil)

func (c *Connections) bearer(conn Connection, bank Bank) *bearer {
	return &bearer{c: c, bank: bank, conn: conn}
}

// Token gives the token, refreshed first where it is about to expire.
func (b *bearer) Token(ctx context.Context) (Secret, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case b.token != "":
		return b.token, nil
	case !b.c.now().Add(early).Before(b.conn.AccessExpires):
		return b.trade(ctx)
	}
	plain, err := b.c.open(b.conn.Access, "connections", b.conn.ID, "access")
	if err != nil {
		return "", err
	}
	b.token = Secret(plain)
	return b.token, nil
}

// Renew gives another token in place of one the bank refused.
func (b *bearer) Renew(ctx context.Context, refused Secret) (Secret, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case b.token != "" && b.token != refused:
		return b.token, nil
	case b.fresh:
		if b.over == nil {
			b.over = b.standing(ctx)
		}
		return "", b.over
	}
	return b.trade(ctx)
}

// standing says why the bank refuses a token that it has just given: because the consent is over, or for no reason that the customer could
// mend by linking again.
func (b *bearer) standing(ctx context.Context) error {
	consent, err := b.c.open(b.conn.Consent, "consent", string(b.conn.Bank), b.conn.ID)
	if err != nil {
		return err
	}
	if err := b.bank.Standing(ctx, string(consent)); err != nil {
		return fmt.Errorf("a fresh token was refused: %w", err)
	}
	return fmt.Errorf("%w: a fresh token was refused, although the consent stands", ErrUnavailable)
}

func (b *bearer) trade(ctx context.Context) (Secret, error) {
	conn, token, err := b.c.refresh(ctx, b.bank, b.conn)
	if err != nil {
		return "", err
	}
	b.conn, b.token, b.fresh = conn, token, true
	return token, nil
}
