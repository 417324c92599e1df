package banking

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"time"

	"github.com/tink-crypto/tink-go/v2/tink"
	"golang.org/x/sync/singleflight"
)

const (
	// pendingLife is how long a customer may take at his bank.
	pendingLife = 30 * time.Minute
	// finishLife is how long a return may take from its being accepted to its being kept. After it, the consent is ended.
	finishLife = 5 * time.Minute
	// finishing bounds the calls to the bank in Finish.
	finishing = 10 * time.Second
)

// Connections is every bank joined to every link: it makes consents, keeps them, refreshes their tokens, and ends them. Bank
// tokens are opened here for as long as one call needs them. It is safe for concurrent use.
type Connections struct {
	banks  map[BankID]Bank
	offers []Offer
	store  Store
	house  tink.AEAD
	now    func() time.Time
	random io.Reader

	refreshing singleflight.Group // by connection and generation
	asking     singleflight.Group // by connection
	numbers    *memory
	broke      func(*PanicError)
	wake       chan struct{}
	detached   sync.WaitGroup
}

// NewConnections opens connections to these banks. Their order is that in which they are offered. The house key seals consent
// ids and tokens in the store; random is where states and ids come from (crypto/rand.Reader).
func NewConnections(banks []Bank, store Store, house tink.AEAD, now func() time.Time, random io.Reader) *Connections {
	c := &Connections{
		banks: make(map[BankID]Bank, len(banks)), store: store, house: house, now: now, random: random,
		numbers: newMemory(now), wake: make(chan struct{}, 1),
	}
	for _, b := range banks {
		c.banks[b.ID()] = b
		c.offers = append(c.offers, Offer{ID: b.ID(), Name: b.Name()})
	}
	return c
}

// Banks lists the banks that can be chosen, in the order to be shown.
func (c *Connections) Banks() []Offer { return slices.Clone(c.offers) }

// Joined lists the banks joined to a link, the oldest first. One can be there more than once.
func (c *Connections) Joined(ctx context.Context, link string) ([]Joined, error) {
	rows, err := c.store.Connections(ctx, link)
	if err != nil {
		return nil, fmt.Errorf("read connections: %w", err)
	}
	joined := make([]Joined, len(rows))
	for i, row := range rows {
		joined[i] = Joined{Bank: row.Bank, Name: string(row.Bank), Since: row.Created, Relink: row.Relink}
		if bank, ok := c.banks[row.Bank]; ok {
			joined[i].Name = bank.Name()
		}
		if !row.Relink && row.RefreshExpires.After(c.now()) {
			joined[i].Until = row.RefreshExpires
		}
	}
	return joined, nil
}

// Expiring counts, by bank, the connections whose permission there ends within d: their customers will be told to link again. A bank with none is in it
// too. What a bank does not say is not counted.
func (c *Connections) Expiring(ctx context.Context, d time.Duration) (map[BankID]int, error) {
	now := c.now()
	counts, err := c.store.Expiring(ctx, now, now.Add(d))
	if err != nil {
		return nil, fmt.Errorf("count connections: %w", err)
	}
	for id := range c.banks {
		counts[id] += 0
	}
	return counts, nil
}

// Begin makes a consent at the bank for the link and says where to send the customer. A bank that is not offered is ErrNotFound.
func (c *Connections) Begin(ctx context.Context, link string, id BankID, permissions []Permission) (Begun, error) {
	bank, ok := c.banks[id]
	if !ok || link == "" {
		return Begun{}, fmt.Errorf("begin: %w", ErrNotFound)
	}
	state, err := c.token()
	if err != nil {
		return Begun{}, err
	}
	connection, err := c.token()
	if err != nil {
		return Begun{}, err
	}
	a, err := bank.Authorize(ctx, permissions, state)
	if err != nil {
		return Begun{}, fmt.Errorf("begin at %s: %w", id, err)
	}
	p := Awaiting{ID: connection, Link: link, Bank: id, State: digest(state), Expires: c.now().Add(pendingLife)}
	if p.Consent, err = c.seal([]byte(a.ConsentID), "consent", string(id), p.ID); err != nil {
		return Begun{}, err
	}
	if p.Secret, err = c.seal(pair(a.Nonce, string(a.Verifier)), "bank_authorizations", p.ID, "secret"); err != nil {
		return Begun{}, err
	}
	if err := c.store.SaveAwaiting(ctx, p); err != nil {
		return Begun{}, fmt.Errorf("keep authorization: %w", err)
	}
	return Begun{URL: a.URL, State: state}, nil
}

// Finish takes the customer's return, keeps the connection under the link, and says who he is at the bank. It works once for each
// Begin, within half an hour, for the same link; otherwise ErrNotFound. ErrDenied where he said no. Whatever else goes
// wrong, the consent is ended at the bank.
func (c *Connections) Finish(ctx context.Context, link string, key tink.AEAD, r Return) (Identity, error) {
	now := c.now()
	p, err := c.store.TakeAwaiting(ctx, link, digest(r.State), now, now.Add(finishLife))
	if err != nil {
		return Identity{}, fmt.Errorf("finish: %w", err)
	}
	// From here on the return is used up, so a browser that goes away must not stop what it began.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), finishing)
	defer cancel()
	identity, err := c.finish(ctx, p, key, r)
	if err != nil {
		c.hasten(ctx, p.ID, now)
		return Identity{}, fmt.Errorf("finish at %s: %w", p.Bank, err)
	}
	return identity, nil
}

// Identify takes the customer's return and says who he is at the bank, as Finish does, but keeps nothing: his consent is ended at the
// bank at once, and its tokens are dropped.
func (c *Connections) Identify(ctx context.Context, link string, r Return) (Identity, error) {
	now := c.now()
	p, err := c.store.TakeAwaiting(ctx, link, digest(r.State), now, now.Add(finishLife))
	if err != nil {
		return Identity{}, fmt.Errorf("identify: %w", err)
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), finishing)
	defer cancel()
	_, _, subject, err := c.exchange(ctx, p, r)
	c.hasten(ctx, p.ID, now)
	if err != nil {
		return Identity{}, fmt.Errorf("identify at %s: %w", p.Bank, err)
	}
	return Identity{Bank: p.Bank, Subject: subject}, nil
}

// hasten makes an ending due now. It is due soon in any case, so that this may fail.
func (c *Connections) hasten(ctx context.Context, id string, now time.Time) {
	if err := c.store.PostponeEnding(ctx, id, now); err == nil {
		c.Wake()
	}
}

// exchange trades a return for tokens, at the bank that it came from.
func (c *Connections) exchange(ctx context.Context, p Awaiting, r Return) (Bank, Tokens, string, error) {
	bank, ok := c.banks[p.Bank]
	if !ok {
		return nil, Tokens{}, "", ErrNotFound
	}
	consent, err := c.open(p.Consent, "consent", string(p.Bank), p.ID)
	if err != nil {
		return nil, Tokens{}, "", err
	}
	secret, err := c.open(p.Secret, "bank_authorizations", p.ID, "secret")
	if err != nil {
		return nil, Tokens{}, "", err
	}
	nonce, verifier, err := unpair(secret)
	if err != nil {
		return nil, Tokens{}, "", err
	}
	tokens, subject, err := bank.Exchange(ctx, Authorization{ConsentID: string(consent), State: r.State, Nonce: nonce, Verifier: Secret(verifier)}, r)
	return bank, tokens, subject, err
}

func (c *Connections) finish(ctx context.Context, p Awaiting, key tink.AEAD, r Return) (Identity, error) {
	bank, tokens, subject, err := c.exchange(ctx, p, r)
	if err != nil {
		return Identity{}, err
	}
	conn := Connection{ID: p.ID, Link: p.Link, Bank: p.Bank, Consent: p.Consent, Generation: 1, Created: c.now()}
	if err := c.sealTokens(&conn, tokens); err != nil {
		return Identity{}, err
	}
	if err := c.store.Connect(ctx, conn); err != nil {
		return Identity{}, fmt.Errorf("keep connection: %w", err)
	}
	// The first question is quicker when the accounts are known by then; that they are not is no fault.
	_, _ = c.directory(conn, bank, c.bearer(conn, bank), key, false).Renew(ctx)
	return Identity{Bank: p.Bank, Subject: subject}, nil
}

// Close waits until what was begun for a caller who has left meanwhile is finished and kept, or ctx ends.
func (c *Connections) Close(ctx context.Context) error {
	done := make(chan struct{})
	go func() {
		c.detached.Wait()
		close(done)
	}()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// token gives 32 random bytes as URL-safe text.
func (c *Connections) token() (string, error) {
	var b [32]byte
	if _, err := io.ReadFull(c.random, b[:]); err != nil {
		return "", fmt.Errorf("no randomness: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(b[:]), nil
}

func digest(s string) []byte {
	sum := sha256.Sum256([]byte(s))
	return sum[:]
}

var errSealed = errors.New("a sealed value cannot be opened")
