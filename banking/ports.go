package banking

import (
	"context"
	"errors"
	"time"
)

// ErrLeased means that somebody else is trading a connection's tokens just now, or has just done so.
var ErrLeased = errors.New("connection leased")

// Awaiting is an Authorization as it is kept until the customer is back. ID is that of the connection to come.
type Awaiting struct {
	ID      string
	Link    string
	Bank    BankID
	State   []byte // SHA-256
	Consent []byte // sealed; bound to bank and ID, not to a table
	Secret  []byte // sealed: nonce and verifier
	Expires time.Time
}

// Connection is one bank joined to one link, as it is kept.
type Connection struct {
	ID             string
	Link           string
	Bank           BankID
	Consent        []byte // sealed
	Access         []byte // sealed
	AccessExpires  time.Time
	Refresh        []byte    // sealed; nil where the bank gave none
	RefreshExpires time.Time // zero where the bank does not say
	Relink         bool      // only linking again helps
	Generation     int64     // of the tokens
	Directory      []byte    // sealed under the link's key; nil where nothing is known yet
	DirectoryAt    time.Time
	Created        time.Time
}

// Ending is a consent to be ended at its bank. ID was its connection's.
type Ending struct {
	ID      string
	Bank    BankID
	Consent []byte // sealed
	Tries   int    // how often it was claimed, this time included
}

// ConnectionStore keeps connections. Every method that decides something is one guarded step: among any number of callers at the
// same time, in any number of processes, exactly one is told yes. What a method tells is on disk.
type ConnectionStore interface {
	// SaveAwaiting keeps an authorization.
	SaveAwaiting(ctx context.Context, p Awaiting) error
	// TakeAwaiting removes the link's authorization of this state, if it is not expired at now, and gives it back; ErrNotFound. Its consent
	// becomes an ending due at end, in the same step, so that it cannot be lost.
	TakeAwaiting(ctx context.Context, link string, state []byte, now, end time.Time) (Awaiting, error)
	// Connect keeps a connection in place of its ending; ErrNotFound where that ending is gone or was claimed.
	Connect(ctx context.Context, c Connection) error
	// Connections gives the link's connections, the oldest first.
	Connections(ctx context.Context, link string) ([]Connection, error)
	// Connection gives one connection; ErrNotFound.
	Connection(ctx context.Context, id string) (Connection, error)
	// Expiring counts, by bank, the connections whose refresh tokens end after from and not after until, and that are not to be linked again.
	Expiring(ctx context.Context, from, until time.Time) (map[BankID]int, error)
	// Lease gives the holder the connection until the time given, if its tokens are still of this generation, it is not to be
	// linked again, and nobody holds it at now; ErrLeased.
	Lease(ctx context.Context, id string, generation int64, holder string, now, until time.Time) (Connection, error)
	// Renew keeps the connection's new tokens, counts the generation up by one and ends the lease; ErrLeased where the holder
	// does not hold it any more.
	Renew(ctx context.Context, c Connection, holder string) error
	// Release ends the holder's lease, and marks the connection as one to be linked again where relink is set. It is no error that
	// the holder does not hold it any more; then nothing is done.
	Release(ctx context.Context, id, holder string, relink bool) error
	// PutDirectory keeps what is known of the connection's accounts. It is no error that the connection is gone.
	PutDirectory(ctx context.Context, id string, sealed []byte, at time.Time) error
}

// EndingStore keeps consents to be ended.
type EndingStore interface {
	// ExpireAwaiting turns authorizations that are expired at now into endings due at now, at most limit of them.
	ExpireAwaiting(ctx context.Context, now time.Time, limit int) error
	// ClaimEndings gives at most limit endings that are due at now, the longest due first. A claimed one is due again at next.
	ClaimEndings(ctx context.Context, now, next time.Time, limit int) ([]Ending, error)
	// PostponeEnding makes an ending due at a later, or earlier, time. It is no error that it is gone.
	PostponeEnding(ctx context.Context, id string, next time.Time) error
	// DeleteEnding removes an ending that is done. Repeating it is no error.
	DeleteEnding(ctx context.Context, id string) error
}

// Store is what Connections needs of a database.
type Store interface {
	ConnectionStore
	EndingStore
}
