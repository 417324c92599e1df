package banking

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"
)

const (
	// trading bounds one refresh, repeats included; leased is longer, so that a lease never ends under a request in flight.
	trading = 10 * time.Second
	leased  = trading + 5*time.Second
	// asked bounds one request of a refresh.
	asked = 4 * time.Second
	// pause is between two tries of a refresh, and between two looks at somebody else's.
	pause = 50 * time.Millisecond
)

// traded is a connection after a refresh, with its access token.
type traded struct {
	conn  Connection
	token Secret
}

// refresh trades the connection's tokens for those of the next generation, once for all callers of this process, and once for all
// processes by the lease. It goes on to its end when the caller leaves: a new refresh token that got lost would cost
// the customer his connection.
func (c *Connections) refresh(ctx context.Context, bank Bank, conn Connection) (Connection, Secret, error) {
	key := conn.ID + "|" + strconv.FormatInt(conn.Generation, 10)
	done := c.refreshing.DoChan(key, func() (any, error) {
		c.detached.Add(1)
		defer c.detached.Done()
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), trading)
		defer cancel()
		var t traded
		err := c.guard(func() (err error) {
			t, err = c.trade(ctx, bank, conn)
			return err
		})
		return t, err
	})
	select {
	case r := <-done:
		if r.Err != nil {
			return Connection{}, "", r.Err
		}
		t := r.Val.(traded)
		return t.conn, t.token, nil
	case <-ctx.Done():
		return Connection{}, "", fmt.Errorf("%w: refreshing took too long", ErrUnavailable)
	}
}

// trade holds the lease while it asks the bank: the lease on disk is the record that a refresh was begun.
func (c *Connections) trade(ctx context.Context, bank Bank, conn Connection) (traded, error) {
	holder, err := c.token()
	if err != nil {
		return traded{}, err
	}
	for {
		now := c.now()
		row, err := c.store.Lease(ctx, conn.ID, conn.Generation, holder, now, now.Add(leased))
		if err == nil {
			return c.tradeLeased(ctx, bank, row, holder)
		}
		if !errors.Is(err, ErrLeased) {
			return traded{}, fmt.Errorf("lease connection: %w", err)
		}
		row, err = c.store.Connection(ctx, conn.ID)
		switch {
		case errors.Is(err, ErrNotFound):
			return traded{}, ErrRelink
		case err != nil:
			return traded{}, fmt.Errorf("read connection: %w", err)
		case row.Relink:
			return traded{}, ErrRelink
		case row.Generation > conn.Generation:
			plain, err := c.open(row.Access, "connections", row.ID, "access")
			return traded{row, Secret(plain)}, err
		}
		if err := wait(ctx, pause); err != nil {
			return traded{}, err
		}
	}
}

func (c *Connections) tradeLeased(ctx context.Context, bank Bank, row Connection, holder string) (traded, error) {
	tokens, err := c.tokens(ctx, bank, row)
	if err != nil {
		// Where this fails too, the lease ends by itself.
		if free := c.store.Release(ctx, row.ID, holder, errors.Is(err, ErrRelink)); free != nil {
			return traded{}, errors.Join(err, fmt.Errorf("release connection: %w", free))
		}
		return traded{}, err
	}
	// The bank has forgotten the old tokens by now, perhaps; so the new ones are kept if it can be done at all.
	for {
		if err = c.sealTokens(&row, tokens); err == nil {
			err = c.store.Renew(ctx, row, holder)
		}
		if err == nil || errors.Is(err, ErrLeased) || wait(ctx, pause) != nil {
			break
		}
	}
	if err != nil {
		return traded{}, fmt.Errorf("keep tokens: %w", err)
	}
	row.Generation++
	return traded{row, tokens.Access}, nil
}

// tokens asks the bank. A bank that fails in the middle of a refresh may or may not have used up the token, so the old one is tried
// once more; and only an invalid_grant that was repeated means that the connection is over.
func (c *Connections) tokens(ctx context.Context, bank Bank, row Connection) (Tokens, error) {
	if row.Refresh == nil {
		return Tokens{}, ErrRelink
	}
	plain, err := c.open(row.Refresh, "connections", row.ID, "refresh")
	if err != nil {
		return Tokens{}, err
	}
	// The bank may have forgotten the old token when it gives the new one, so it is asked only while what it gives can be kept.
	if _, err := c.seal(plain, "connections", row.ID, "refresh"); err != nil {
		return Tokens{}, err
	}
	refused, failed := 0, 0
	for {
		once, cancel := context.WithTimeout(ctx, asked)
		var tokens Tokens
		err := c.guard(func() (err error) { // here, so that the lease is given back
			tokens, err = bank.Refresh(once, Secret(plain))
			return err
		})
		cancel()
		switch {
		case err == nil:
			return tokens, nil
		case errors.Is(err, ErrRelink):
			refused++
		case errors.Is(err, ErrUnavailable):
			failed++
		default:
			return Tokens{}, err
		}
		if refused == 2 || failed == 2 {
			return Tokens{}, err
		}
		if err := wait(ctx, pause); err != nil {
			return Tokens{}, err
		}
	}
}

// wait lets d pass. Where ctx ends first, it is ErrUnavailable.
func wait(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("%w: no time left", ErrUnavailable)
	}
}
