package banking

import (
	"context"
	"time"
)

// Bank is one bank, spoken to in its dialect. A Bank holds no customer's state. Errors are the kinds of this package. Every
// method ends within its context.
type Bank interface {
	// ID is the bank's name in settings.
	ID() BankID
	// Name is the bank's name as it is said and shown.
	Name() string
	// Zone is where the bank's days begin and end.
	Zone() *time.Location
	Consents
	Readings
}

// Consents is how a customer lets a bank tell, and how that ends.
type Consents interface {
	// Authorize makes a consent for exactly these permissions at the bank, and says where to send the customer.
	// The state is the caller's; the redirect is the one of Sotto's callback.
	Authorize(ctx context.Context, permissions []Permission, state string) (Authorization, error)
	// Exchange turns the customer's return into tokens and the bank's stable subject for him. It checks the id_token:
	// signature, issuer, audience, nonce, consent id. A customer who said no is ErrDenied.
	Exchange(ctx context.Context, a Authorization, r Return) (Tokens, string, error)
	// Refresh trades a refresh token. Tokens.Refresh is the one to be kept afterwards, changed or not.
	// ErrRelink is an invalid_grant; ErrUnavailable leaves it open whether the old token still works.
	Refresh(ctx context.Context, refresh Secret) (Tokens, error)
	// Standing asks whether a consent stands. ErrRelink is one that is over at the bank: expired, revoked, or not known there any more.
	Standing(ctx context.Context, consentID string) error
	// EndConsent ends a consent at the bank; ending one already gone is no error.
	EndConsent(ctx context.Context, consentID string) error
}

// Readings is what a bank tells with a customer's token.
type Readings interface {
	// Accounts lists the accounts of the consent, in the bank's order.
	Accounts(ctx context.Context, b Bearer) ([]Account, error)
	// Balances gives what stands on every account of the consent, each balance with its whole Account from the directory: one
	// request where the bank has the bulk endpoint, one per account in parallel where not. Where some accounts
	// could not be read, it gives the others and the error.
	Balances(ctx context.Context, b Bearer, d Directory) ([]Balance, error)
	// Transactions calls each, one call at a time, for every entry booked or pending within the query, as they arrive, each
	// once. It stops at the first error of each, and returns that error as it is. After any error, what each was given is
	// not the whole.
	Transactions(ctx context.Context, b Bearer, d Directory, q Query, each func(Transaction) error) (Extent, error)
}

// Query is which entries are wanted.
type Query struct {
	Window Window
	Only   []string // account ids at the bank; empty: all of the consent
}

// Bearer gives the access token of one connection, as long as one reading needs it.
type Bearer interface {
	// Token gives the token, refreshed first where it is about to expire.
	Token(ctx context.Context) (Secret, error)
	// Renew gives another token in place of one the bank refused. ErrRelink where none will be given any more: where the bank refuses to
	// refresh, or refuses a token that is fresh from it because the consent is over. ErrUnavailable where it refuses that for no reason.
	Renew(ctx context.Context, refused Secret) (Secret, error)
}

// Directory is the list of a connection's accounts, as far as it is known before the bank is asked.
type Directory interface {
	// Accounts gives the list, waiting for it where it must be fetched.
	Accounts(ctx context.Context) ([]Account, error)
	// Renew fetches the list anew, at most once in one reading; for when the bank names an account that is not in it.
	Renew(ctx context.Context) ([]Account, error)
}
