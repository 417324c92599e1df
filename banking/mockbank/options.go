package mockbank

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strings"
	"time"
)

// ErrOptions is the error of New for options it cannot work with.
var ErrOptions = errors.New("mock bank options")

// The ways in which a client can prove who it is at the token endpoint (OpenID
// Connect Core section 9, RFC 8705 section 2.1).
const (
	AuthBasic      = "client_secret_basic"
	AuthPost       = "client_secret_post"
	AuthPrivateKey = "private_key_jwt"
	AuthTLS        = "tls_client_auth"
)

// Options says how the mock bank is to behave. BaseURL and Clock are required,
// everything else has a default that behaves like a good bank.
type Options struct {
	// BaseURL is scheme and authority under which the bank is reached, without
	// a trailing slash. The bank's issuer is BaseURL + "/albion".
	BaseURL string
	// Clock gives the bank's time. It drives everything: histories, lifetimes,
	// one-time codes.
	Clock func() time.Time
	// Rand is the source of tokens and keys; crypto/rand when nil.
	Rand io.Reader
	// Seed decides the customers' histories and account numbers.
	Seed int64
	// StatePath is the journal file for what must survive a restart, in a folder
	// that exists; when empty, everything is in memory. One process at a time
	// may use it.
	StatePath string
	// Clients may use the bank.
	Clients []Client
	// Customers holds the credentials by username (see Usernames). A customer
	// without credentials has accounts, but cannot sign in.
	Customers map[string]Credential

	// PageSize is the number of transactions on a page, 2 to 1000; 100 when 0.
	PageSize int
	// AccessTTL is the lifetime of access tokens; 5 minutes when 0.
	AccessTTL time.Duration
	// RefreshTTL is the lifetime of refresh tokens; 180 days when 0.
	RefreshTTL time.Duration
	// RotateRefresh replaces the refresh token at each use; using an old one
	// again ends the grant.
	RotateRefresh bool
	// NoBulk answers /balances and /transactions with 404, as banks without the
	// optional bulk endpoints do.
	NoBulk bool
	// NoFormPost leaves form_post out of the metadata and refuses it.
	NoFormPost bool
	// LongHistory, when above 0, adds the customer "hopper" with one account of
	// so many booked entries. They are computed as they are read, not kept.
	LongHistory int
}

// Client is a third party registered with the bank.
type Client struct {
	// ID and Name identify it; Name is shown to customers.
	ID, Name string
	// Auth is one of the Auth constants.
	Auth string
	// Secret is the shared secret for AuthBasic and AuthPost.
	Secret string
	// JWKS holds the client's public keys (RFC 7517), for AuthPrivateKey and
	// for signed authorization requests.
	JWKS []byte
	// TLSSubject (an RFC 2253 distinguished name) or TLSThumbprint (lower-case
	// hex SHA-256 of the certificate) identifies the certificate for AuthTLS.
	TLSSubject, TLSThumbprint string
	// RedirectURIs are compared byte for byte.
	RedirectURIs []string
	// SignedOnly refuses authorization requests without a request object.
	SignedOnly bool
}

// Credential is what a customer signs in with.
type Credential struct {
	// Password is compared as it stands.
	Password string
	// TOTPSecret is the base32 secret of the one-time codes (RFC 6238, SHA-1,
	// 6 digits, 30 s).
	TOTPSecret string
}

func (o *Options) complete() error {
	base, err := url.Parse(o.BaseURL)
	switch {
	case err != nil || base.Scheme == "" || base.Host == "" || base.Path != "" || base.RawQuery != "":
		return fmt.Errorf("%w: BaseURL must be scheme://host[:port]", ErrOptions)
	case o.Clock == nil:
		return fmt.Errorf("%w: no clock", ErrOptions)
	}
	if o.Rand == nil {
		o.Rand = rand.Reader
	}
	if o.PageSize == 0 {
		o.PageSize = 100
	}
	if o.PageSize < 2 || o.PageSize > 1000 {
		return fmt.Errorf("%w: PageSize must be from 2 to 1000", ErrOptions)
	}
	if o.AccessTTL == 0 {
		o.AccessTTL = 5 * time.Minute
	}
	if o.RefreshTTL == 0 {
		o.RefreshTTL = 180 * 24 * time.Hour
	}
	if o.AccessTTL < time.Second || o.RefreshTTL < time.Second {
		return fmt.Errorf("%w: lifetimes are at least one second", ErrOptions)
	}
	if o.LongHistory < 0 || o.LongHistory > 10_000_000 {
		return fmt.Errorf("%w: LongHistory must be from 0 to 10,000,000", ErrOptions)
	}
	seen := make(map[string]bool)
	for _, c := range o.Clients {
		if seen[c.ID] {
			return fmt.Errorf("%w: client %q stands twice", ErrOptions, c.ID)
		}
		seen[c.ID] = true
		if err := c.check(); err != nil {
			return err
		}
	}
	for name := range o.Customers {
		if !slices.Contains(usernames(o.LongHistory > 0), name) {
			return fmt.Errorf("%w: no customer is called %q", ErrOptions, name)
		}
	}
	return nil
}

func (c Client) check() error {
	missing := ""
	switch c.Auth {
	case AuthBasic, AuthPost:
		if c.Secret == "" {
			missing = "a secret"
		}
	case AuthPrivateKey:
		if len(c.JWKS) == 0 {
			missing = "a JWKS"
		}
	case AuthTLS:
		if c.TLSSubject == "" && c.TLSThumbprint == "" {
			missing = "a certificate's subject or thumbprint"
		}
	default:
		return fmt.Errorf("%w: client %q: unknown authentication %q", ErrOptions, c.ID, c.Auth)
	}
	if c.ID == "" || len(c.RedirectURIs) == 0 {
		missing = "an id or a redirect URI"
	}
	if missing != "" {
		return fmt.Errorf("%w: client %q lacks %s", ErrOptions, c.ID, missing)
	}
	for _, raw := range c.RedirectURIs {
		u, err := url.Parse(raw)
		if err != nil || u.Scheme == "" || u.Host == "" || strings.Contains(raw, "#") {
			return fmt.Errorf("%w: client %q: a redirect URI is absolute and has no fragment", ErrOptions, c.ID)
		}
	}
	return nil
}
