// Package openbanking speaks UK Open Banking Read/Write v3.1.11 (account information) to a real bank, from settings alone:
// consents, OAuth with the bank, accounts, balances and transactions.
//
// What a bank sends is a stranger's bytes: bounded, decoded strictly where money is concerned and leniently where only codes
// are, and never quoted in an error. A token goes to the origin and path it is meant for and nowhere else. The package knows nothing of
// links, of where tokens are kept, or of what is asked of the figures; it holds no customer's state.
//
//	config.go, keys.go          settings, keys, certificates
//	authorize.go, exchange.go   the customer's way to the bank and back, by what metadata.go knows
//	token.go, clientauth.go     the token endpoint
//	client.go, page.go          requests to the resource server; paging in chain.go, sieve.go
//	accounts.go, balances.go, transactions.go, sorts.go   what they mean
package openbanking

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/failsafe-go/failsafe-go/circuitbreaker"

	"sotto/banking"
)

// Options are what a Bank needs besides its settings.
type Options struct {
	// Redirect is Sotto's callback, which banks share: the public URL and /link/callback.
	Redirect string
	// Now gives the house's time.
	Now func() time.Time
	// Random is crypto/rand.Reader where it is nil.
	Random io.Reader
	// Transport reaches the bank; a connection pool with the bank's certificates where it is nil.
	Transport http.RoundTripper
}

// Bank is one bank. It is safe for concurrent use.
type Bank struct {
	config   Config
	options  Options
	zone     *time.Location
	resource *url.URL
	signing  *signing // nil where nothing is signed
	http     *http.Client
	breaker  circuitbreaker.CircuitBreaker[any]
	verifier *oidc.IDTokenVerifier

	noBulkBalances, noBulkTransactions absence

	mu    sync.Mutex
	own   ownToken
	fetch chan struct{} // holds one token while own is being fetched

	published published
}

var _ banking.Bank = (*Bank)(nil)

// New makes a Bank of its settings, reading its key files. All faults of the settings are reported at once, as ErrConfig.
func New(c Config, o Options) (*Bank, error) {
	var faults []error
	if err := c.Check(); err != nil {
		faults = append(faults, err)
	}
	if badURL(o.Redirect) != "" || o.Now == nil {
		faults = append(faults, fmt.Errorf("%w: bank %q: a redirect (https, or loopback) and a clock are needed", ErrConfig, c.ID))
	}
	signing, err := readSigning(c)
	if err != nil {
		faults = append(faults, err)
	}
	pool, err := c.Transport()
	if err != nil {
		faults = append(faults, err)
	}
	if len(faults) > 0 {
		return nil, errors.Join(faults...)
	}
	zone, err := time.LoadLocation(c.Zone)
	if err != nil {
		return nil, fmt.Errorf("%w: zone: %w", ErrConfig, err)
	}
	resource, err := url.Parse(c.ResourceURL)
	if err != nil {
		return nil, fmt.Errorf("%w: resource_url", ErrConfig)
	}
	o.Redirect = c.RedirectURI(o.Redirect)
	if c.Request == "" {
		c.Request = Plain
	}
	if o.Random == nil {
		o.Random = rand.Reader
	}
	if o.Transport == nil {
		o.Transport = pool
	}
	b := &Bank{
		config: c, options: o, zone: zone, resource: resource, signing: signing, fetch: make(chan struct{}, 1),
		published: published{reading: make(chan struct{}, 1)},
		http: &http.Client{
			Transport:     o.Transport,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		breaker: circuitbreaker.NewBuilder[any]().WithFailureRateThreshold(0.5, 20, 10*time.Second).
			WithDelay(time.Second).WithSuccessThreshold(1).Build(),
	}
	// The key set is fetched when first needed, with a client that neither reads without end nor waits for ever.
	keys := &http.Client{Transport: keySets{o.Transport}, Timeout: 5 * time.Second, CheckRedirect: b.http.CheckRedirect}
	b.verifier = oidc.NewVerifier(c.Issuer, oidc.NewRemoteKeySet(oidc.ClientContext(context.Background(), keys), c.JWKSURL),
		&oidc.Config{ClientID: c.ClientID, SupportedSigningAlgs: []string{"PS256", "ES256"}, Now: o.Now})
	return b, nil
}

// ID is the bank's name in settings.
func (b *Bank) ID() banking.BankID { return banking.BankID(b.config.ID) }

// Name is the bank's name as it is said and shown.
func (b *Bank) Name() string { return b.config.Name }

// Zone is where the bank's days begin and end.
func (b *Bank) Zone() *time.Location { return b.zone }

// Transport is a connection pool for the bank, with the certificates of its settings. A proxy is used only where the environment names one in the
// standard way. The error is ErrConfig.
func (c Config) Transport() (*http.Transport, error) {
	config, err := readTLS(c)
	if err != nil {
		return nil, err
	}
	dialer := &net.Dialer{Timeout: 3 * time.Second, KeepAlive: 30 * time.Second}
	return &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		DialContext:            dialer.DialContext,
		TLSClientConfig:        config,
		TLSHandshakeTimeout:    3 * time.Second,
		ForceAttemptHTTP2:      true,
		MaxIdleConns:           128,
		MaxIdleConnsPerHost:    64,
		MaxConnsPerHost:        256,
		IdleConnTimeout:        90 * time.Second,
		ResponseHeaderTimeout:  10 * time.Second,
		ExpectContinueTimeout:  time.Second,
		MaxResponseHeaderBytes: 64 << 10,
	}, nil
}
