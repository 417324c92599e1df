// Package disclosure is the record of every fact that left the house.
//
// A reply with facts is recorded before it is said; if it cannot be recorded it is not said. A record names kinds of facts and
// accounts, never amounts, and is encrypted under the link's own key. The package knows nothing of banks, tokens or words; it
// imports nothing else of Sotto.
package disclosure

import (
	"context"
	"time"

	"github.com/tink-crypto/tink-go/v2/tink"
)

// Entry is one record: what kinds of facts one reply held.
type Entry struct {
	Turn     string    `json:"turn"`     // the platform's request id
	Platform string    `json:"platform"` // such as "alexa"
	Intent   string    `json:"intent"`   // such as "BalanceIntent"
	At       time.Time `json:"at"`       // when it was recorded, UTC; set by the record
	Facts    []Fact    `json:"facts"`
}

// Fact is one kind of thing that was said, and of which account.
type Fact struct {
	Kind    string `json:"kind"`             // such as "balance", "total", "purchase", "bank"
	Account string `json:"account,omitzero"` // the account's spoken name at that time; empty where the fact is of none
	Bank    string `json:"bank,omitzero"`    // the bank's spoken name
	Period  string `json:"period,omitzero"`  // the range it was about, as "2026-11-16/2026-11-22"; empty where it has none
}

// Holder is whose record it is: the link's id and its own key.
type Holder struct {
	Link string
	Key  tink.AEAD
}

// Record keeps entries. An entry once appended is never changed.
type Record interface {
	// Append returns only when e is on disk, or with an error when it is not.
	Append(ctx context.Context, h Holder, e Entry) error
	// List gives the newest entries first, at most n, and how many there are in all.
	List(ctx context.Context, h Holder, n int) ([]Entry, int, error)
}
