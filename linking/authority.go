package linking

import (
	"context"
	"errors"
	"time"

	"sotto/banking"
)

// ErrChoice means a consent page was submitted without a bank of the list, or without a scope.
var ErrChoice = errors.New("nothing chosen")

// Options is what an Authority is made of.
type Options struct {
	Issuer      string // SOTTO_PUBLIC_URL, without trailing slash
	Clients     []Client
	Keys        *Keyring
	Store       Store
	Connections Connections
	Now         func() time.Time
}

// Authority is the authorization server.
type Authority struct{ o Options }

// New makes an Authority, or lists everything that is wrong with its clients.
func New(o Options) (*Authority, error) { return &Authority{o}, errors.ErrUnsupported }

// Authorize begins an interaction from the raw query of GET /oauth/authorize. browser is the cookie's value, empty where there is none.
// An *OAuthError without Redirect must be answered with a page.
func (a *Authority) Authorize(ctx context.Context, query string, browser Token) (Page, error) {
	return Page{}, errors.ErrUnsupported
}

// Decide takes a submitted consent page.
func (a *Authority) Decide(ctx context.Context, d Decision) (Step, error) {
	return Step{}, errors.ErrUnsupported
}

// Return takes the customer's return from the bank.
func (a *Authority) Return(ctx context.Context, browser Token, r banking.Return) (Step, error) {
	return Step{}, errors.ErrUnsupported
}

// Token answers the token endpoint, RFC 6749 section 3.2. Every refusal is an *OAuthError; any other error is a fault of ours.
func (a *Authority) Token(ctx context.Context, c Call) (Grant, error) {
	return Grant{}, errors.ErrUnsupported
}

// Revoke answers the revocation endpoint, RFC 7009. nil is 200 without a body.
func (a *Authority) Revoke(ctx context.Context, c Call) error { return errors.ErrUnsupported }

// Introspect answers the introspection endpoint, RFC 7662, for the client's own tokens.
func (a *Authority) Introspect(ctx context.Context, c Call) (Introspection, error) {
	return Introspection{}, errors.ErrUnsupported
}

// Metadata is the document of RFC 8414.
func (a *Authority) Metadata() Metadata { return Metadata{} }

// Keys is the document of RFC 7517.
func (a *Authority) Keys() JWKS { return JWKS{} }

// Resolve gives the link behind an access token at a route of this platform. ErrNotLinked wraps the reason for the log.
func (a *Authority) Resolve(ctx context.Context, platform Platform, token Token) (Link, error) {
	return Link{}, errors.ErrUnsupported
}

// End ends a link at once: nothing of it is accepted any more, and its consents at banks will be ended. Its record can still be read by the customer.
func (a *Authority) End(ctx context.Context, link string) error { return errors.ErrUnsupported }

// Forget ends a link and erases it: rows and key are gone, so the record is unreadable. Repeating it is no error.
func (a *Authority) Forget(ctx context.Context, link string) (Receipt, error) {
	return Receipt{}, errors.ErrUnsupported
}

// Sweep deletes what has expired, and ends consents of links that were never finished.
func (a *Authority) Sweep(ctx context.Context) error { return errors.ErrUnsupported }

// Grant is a token response, RFC 6749 section 5.1. It shows its tokens only as JSON.
type Grant struct {
	AccessToken  Token
	TokenType    string
	ExpiresIn    int64
	RefreshToken Token
	Scope        string
	ClientID     string // for the log
	Link         string // for the log, as an HMAC
}

// Introspection is a response of RFC 7662 section 2.2.
type Introspection struct {
	Active bool `json:"active"`
}

// Metadata is a document of RFC 8414.
type Metadata struct {
	Issuer string `json:"issuer"`
}

// JWKS is a document of RFC 7517.
type JWKS struct {
	Keys []JWK `json:"keys"`
}

// JWK is one public key.
type JWK struct {
	Kid string `json:"kid"`
}

// Receipt is what is left of a link: proof of an erasure, without identity.
type Receipt struct {
	Code  string
	Made  time.Time
	Banks int // how many consents were handed over to be ended
}

// Keyring holds the keys that are in the database, unwrapped.
type Keyring struct{}
