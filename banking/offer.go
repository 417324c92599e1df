package banking

import "time"

// Offer is a bank that a customer may choose.
type Offer struct {
	ID   BankID
	Name string // as it is said and shown
}

// Begun is a consent made at a bank that waits for its customer there.
type Begun struct {
	URL   string // where the customer goes now
	State string // comes back with him; at least 128 random bits
}

// Identity is who a customer is at one bank.
type Identity struct {
	Bank    BankID
	Subject string // the bank's stable name for him; empty where it has none
}

// Joined is one bank joined to a link.
type Joined struct {
	Bank   BankID
	Name   string // as it is shown; the id where the settings have the bank no more
	Since  time.Time
	Until  time.Time // when the bank's permission ends, if nobody renews it there; zero where the bank does not say, or it is over
	Relink bool      // the connection is over; only linking again helps
}
