// Package linking is the assistant's side of Sotto: an OAuth 2.1 authorization server, the customer's consent, and the links
// that join one assistant to one customer.
//
// It never sees a bank's token: what a link may read at banks it hands on as a banking.Access. It knows nothing of HTTP
// frameworks, pages or of what is said aloud.
package linking

import (
	"errors"
	"slices"
	"time"

	"github.com/tink-crypto/tink-go/v2/tink"

	"sotto/banking"
)

// What can be wrong with a token or a link when a platform speaks for a customer.
var (
	// ErrNotLinked means there is no link behind the token: none was sent, or it is malformed, forged, expired, revoked, of
	// another platform, or its link has ended. Which of these is for the log only.
	ErrNotLinked = errors.New("not linked")
	// ErrScope means the link lives, but the customer did not allow this.
	ErrScope = errors.New("scope withheld")
)

// Platform is a family of assistants that speak the same wire.
type Platform string

// The platforms, as clients name them in settings. Service clients act for no customer.
const (
	Alexa     Platform = "alexa"
	Google    Platform = "google"
	Messenger Platform = "messenger"
	MCP       Platform = "mcp"
	Service   Platform = "service"
)

// Scope is one thing that an assistant may be told.
type Scope string

// The scopes.
const (
	Balances     Scope = "balances"
	Spending     Scope = "spending"     // totals, no single purchases
	Transactions Scope = "transactions" // single purchases, merchants
	Income       Scope = "income"
	Upcoming     Scope = "upcoming"
)

// Link is one assistant joined to one customer.
type Link struct {
	ID       string // random; in logs only as an HMAC, but where something is taken from the link for good
	Client   string // client id
	Platform Platform
	Audience string // the resource that the token is for, RFC 8707; empty where the link was found by a chat
	Subject  string // pairwise: what this client knows the customer by
	Scopes   []Scope
	Created  time.Time
	key      tink.AEAD
}

// Has says whether the customer allowed s.
func (l Link) Has(s Scope) bool { return slices.Contains(l.Scopes, s) }

// Key is the link's own key. What is written about the customer is written under it, and is gone when the key is.
func (l Link) Key() tink.AEAD { return l.key }

// Access is what the Teller wants to see for an intent that needs these scopes; ErrScope where one was withheld.
func (l Link) Access(needed ...Scope) (banking.Access, error) {
	for _, s := range needed {
		if !l.Has(s) {
			return banking.Access{}, ErrScope
		}
	}
	return banking.NewAccess(l.ID, l.key, permissions(needed)...), nil
}

// permissions is the least to be read at banks for these scopes.
func permissions(scopes []Scope) []banking.Permission {
	var p []banking.Permission
	for _, s := range scopes {
		switch s {
		case Balances:
			p = append(p, banking.ReadBalances)
		case Spending:
			p = append(p, banking.ReadTotals)
		case Transactions, Income, Upcoming:
			p = append(p, banking.ReadTransactions)
		}
	}
	slices.Sort(p)
	return slices.Compact(p)
}
