package banking

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/tink-crypto/tink-go/v2/tink"
)

// directoryLife is how long an account list counts as fresh.
const directoryLife = 24 * time.Hour

// maxDirectory bounds the accounts of one connection.
const maxDirectory = 250

// entry is all of an account that is ever written to disk: its reference and what it is called. Never its number.
type entry struct {
	ID       string   `json:"id"`
	Kind     Kind     `json:"kind"`
	Currency Currency `json:"currency"`
	Name     string   `json:"name,omitzero"`
	Digits   string   `json:"digits,omitzero"`
}

// directory is the account list of one connection during one reading.
type directory struct {
	c       *Connections
	conn    Connection
	bank    Bank
	bearer  Bearer
	key     tink.AEAD
	numbers bool // whole numbers are wanted, so that own transfers can be told

	mu      sync.Mutex
	opened  bool
	known   []Account
	fresh   bool
	renewed bool
	err     error
}

var _ Directory = (*directory)(nil)

// directory gives the connection's list. With numbers, a list whose numbers are not in memory is not good enough.
func (c *Connections) directory(conn Connection, bank Bank, b Bearer, key tink.AEAD, numbers bool) *directory {
	return &directory{c: c, conn: conn, bank: bank, bearer: b, key: key, numbers: numbers}
}

// Accounts gives the list: as kept, where it is fresh; from the bank, where not; and an old one where the bank does not answer,
// which is still right about the accounts it names.
func (d *directory) Accounts(ctx context.Context) ([]Account, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.open()
	if d.fresh {
		return d.known, nil
	}
	if err := d.fetch(ctx); err != nil && (d.numbers || len(d.known) == 0) {
		return nil, err
	}
	return d.known, nil
}

// Renew fetches the list anew, at most once.
func (d *directory) Renew(ctx context.Context) ([]Account, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.fetch(ctx); err != nil {
		return nil, err
	}
	return d.known, nil
}

// ready says whether the list is at hand without asking the bank.
func (d *directory) ready() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.open()
	return d.fresh
}

// open reads the list as kept. One that cannot be opened is as good as none.
func (d *directory) open() {
	if d.opened {
		return
	}
	d.opened = true
	if list, ok := d.c.numbers.get(d.conn.ID); ok {
		d.known, d.fresh = list, true
		return
	}
	if d.key == nil || d.conn.Directory == nil {
		return
	}
	plain, err := d.key.Decrypt(d.conn.Directory, bound("connections", d.conn.ID, "directory"))
	if err != nil {
		return
	}
	var entries []entry
	if json.Unmarshal(plain, &entries) != nil {
		return
	}
	for _, e := range entries {
		d.known = append(d.known, Account{
			Ref: AccountRef{Bank: d.conn.Bank, ID: e.ID}, Kind: e.Kind, Currency: e.Currency, Name: e.Name, Digits: e.Digits,
		})
	}
	d.fresh = !d.numbers && d.c.now().Before(d.conn.DirectoryAt.Add(directoryLife))
}

// fetch asks the bank, once, and keeps what it said.
func (d *directory) fetch(ctx context.Context) error {
	if d.renewed {
		return d.err
	}
	d.renewed = true
	var list []Account
	err := d.c.guard(func() (err error) { // here, because a list that never came is not an empty one
		list, err = d.bank.Accounts(ctx, d.bearer)
		return err
	})
	if err == nil && len(list) > maxDirectory {
		err = fmt.Errorf("accounts: %w", ErrTooMuch)
	}
	if err != nil {
		d.err = err
		return err
	}
	d.known, d.fresh, d.opened = list, true, true
	d.keep(ctx, list)
	return nil
}

// keep writes the list for the next question. Where that fails, the next question asks the bank again; this one is answered.
func (d *directory) keep(ctx context.Context, list []Account) {
	d.c.numbers.put(d.conn.ID, list)
	if d.key == nil {
		return
	}
	entries := make([]entry, 0, len(list))
	for _, a := range list {
		entries = append(entries, entry{ID: a.Ref.ID, Kind: a.Kind, Currency: a.Currency, Name: a.Name, Digits: a.Digits})
	}
	plain, err := json.Marshal(entries)
	if err != nil {
		return
	}
	sealed, err := d.key.Encrypt(plain, bound("connections", d.conn.ID, "directory"))
	if err != nil {
		return
	}
	_ = d.c.store.PutDirectory(ctx, d.conn.ID, sealed, d.c.now())
}
