package linking

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/maypok86/otter/v2"
	"github.com/tink-crypto/tink-go/v2/aead/subtle"
	"github.com/tink-crypto/tink-go/v2/tink"

	"sotto/linking/idtoken"
)

// Options is what an Authority is made of; all of it is needed but Documents and Google.
type Options struct {
	Issuer      string // SOTTO_PUBLIC_URL, without trailing slash
	Clients     []Client
	Keys        *Keyring
	Store       Store
	Connections Connections
	Documents   Documents // of clients that are in no settings; nil where there are to be none
	Now         func() time.Time
	Google      *idtoken.Verifier // of Google's ID tokens made out to us; needed where a client may use JWTBearer
}

// Authority is the authorization server.
//
//	GET /oauth/authorize   Authorize   authorize.go   prove client and redirect, keep an interaction
//	POST /oauth/authorize  Decide      consent.go     bank and scopes; to the bank, or back with a code or access_denied
//	/link/callback         Return      consent.go     connection kept; another bank, or back with a code
//	GET /link/ID           Resume      consent.go     the page for another bank, or for another try
//	POST /oauth/token      Token       token.go …     code or refresh token in, tokens out
//	POST /oauth/revoke     Revoke      revoke.go
//	POST /oauth/introspect Introspect  introspect.go
//	GET /oauth/userinfo    Userinfo    userinfo.go
//	/my                    SignIn …    session.go     a customer says at his bank who he is
//	/my                    Links …     own.go         his links: narrow, stop, erase
//	a platform's request   Resolve     resolve.go     access token in, Link out
//	a service's request    Service     service.go     access token in; no Link, ever
//	a chat                 Invite …    chat.go        linking that starts from a chat
//
// Each decision is one guarded statement in the Store. Only where it touched no row are the rows read, and a pure function of
// refusals.go says why.
type Authority struct {
	o        Options
	clients  map[string]Client
	verified *otter.Cache[[sha256.Size]byte, verified]
	tokens   *Pace // for each grant, and for each client that acts for nobody
	pushes   *Pace // for each client that proves itself, and for all others together
	pushers  *Pace // for each of those who push for a client that anybody can be
}

// New makes an Authority, or an ErrClients that lists everything that is wrong with its clients.
func New(o Options) (*Authority, error) {
	a := &Authority{o: o, clients: map[string]Client{}}
	var faults []error
	if o.Issuer == "" || strings.HasSuffix(o.Issuer, "/") {
		faults = append(faults, errors.New("issuer: want an absolute URL without trailing slash"))
	}
	for _, c := range o.Clients {
		faults = append(faults, c.Faults()...)
		if _, twice := a.clients[c.ID]; twice {
			faults = append(faults, fmt.Errorf("%w: %q: id is taken by another client", ErrClients, c.ID))
		}
		if o.Google == nil && c.may(JWTBearer) {
			faults = append(faults, fmt.Errorf("%w: %q: grant %s needs SOTTO_GOOGLE_CLIENT_ID", ErrClients, c.ID, JWTBearer))
		}
		c.RedirectURIs, c.Grants, c.Scopes = slices.Clone(c.RedirectURIs), slices.Clone(c.Grants), slices.Clone(c.Scopes)
		if c.Auth == PrivateKeyJWT {
			c.keys, _ = readClientKeys(c.JWKS) // its faults are among those of c
		}
		a.clients[c.ID] = c.WithDefaults()
	}
	if len(faults) > 0 {
		return nil, errors.Join(faults...)
	}
	var err error
	// The key is a hash of what was sent, and only tokens with a good signature are kept.
	a.verified, err = otter.New(&otter.Options[[sha256.Size]byte, verified]{MaximumSize: 10_000})
	if err != nil {
		return nil, fmt.Errorf("cache of verified tokens: %w", err)
	}
	var errs [3]error
	a.tokens, errs[0] = NewPace(tokensPerSecond, tokensAtOnce)
	a.pushes, errs[1] = NewPace(pushesPerSecond, pushesAtOnce)
	a.pushers, errs[2] = NewPace(pushersPerSecond, pushersAtOnce)
	return a, errors.Join(errs[:]...)
}

// Client gives a client of settings by its id.
func (a *Authority) Client(id string) (Client, bool) {
	c, ok := a.clients[id]
	return c, ok
}

// oauth gives a client that can be one at the OAuth routes.
func (a *Authority) oauth(id string) (Client, bool) {
	if c, ok := a.clients[id]; ok {
		return c, c.Platform != Messenger
	}
	if a.o.Documents != nil && a.o.Documents.Allows(id) {
		return documented(id), true
	}
	return Client{}, false
}

// resources are the audiences a platform's tokens can have, RFC 8707; the first is the one of a request that names none.
func (a *Authority) resources(p Platform) []string {
	switch p {
	case Alexa:
		return []string{a.Resource(AlexaPath)}
	case Google:
		return []string{a.Resource(DialogflowPath)}
	case MCP:
		return []string{a.Resource(MCPPath), a.Resource(AlexaMCPPath)}
	default: // the house as a whole, for services that cannot say a resource; and each place where a service can come
		return []string{a.o.Issuer, a.Resource(MCPPath), a.Resource(AlexaMCPPath), a.Resource(DialogflowPath)}
	}
}

// resource reads a resource parameter: one of the platform's, with or without a trailing slash. The house as a whole, as a client calls it
// that has read no metadata but the root's, is the platform's first: less than was asked for, never more.
func (a *Authority) resource(p Platform, asked string) (string, bool) {
	r, ok := a.oneResource(p, asked)
	if ok && r == "" {
		r = a.resources(p)[0]
	}
	return r, ok
}

// oneResource is resource, but empty where none in particular is asked for: at the token endpoint that is the one that was granted, and any
// other is refused (RFC 8707 section 2.2).
func (a *Authority) oneResource(p Platform, asked string) (string, bool) {
	asked = strings.TrimSuffix(asked, "/")
	if asked == "" || asked == a.o.Issuer {
		return "", true
	}
	return asked, slices.Contains(a.resources(p), asked)
}

// End ends a link at once: nothing of it is accepted any more, and its consents at banks will be ended. Its record stays, for its
// customer. Repeating it is no error.
func (a *Authority) End(ctx context.Context, link string) error {
	return a.o.Store.EndLink(ctx, link, a.o.Now())
}

// Forget ends a link and erases it: its rows and its key are gone, so its record cannot be read by anybody. Repeating it gives the same
// receipt. ErrNotLinked where there never was such a link.
func (a *Authority) Forget(ctx context.Context, link string) (Receipt, error) {
	return Forget(ctx, a.o.Store, a.o.Keys, link, a.o.Now())
}

// Sweep deletes what has expired, and hands over to be ended the consents of links that were never finished.
func (a *Authority) Sweep(ctx context.Context) error {
	return a.o.Store.SweepLinks(ctx, a.o.Now())
}

// newKey makes a key for a link to come, and seals it as it will stand in links.key.
func (a *Authority) newKey(link string) (sealed []byte, err error) {
	return a.o.Keys.House().Encrypt(random(32), linkAD(link))
}

// openKey opens what newKey sealed.
func (a *Authority) openKey(link string, sealed []byte) (tink.AEAD, error) {
	plain, err := a.o.Keys.House().Decrypt(sealed, linkAD(link))
	if err != nil {
		return nil, fmt.Errorf("open a link's key: %w", err)
	}
	// The key itself, not a keyset: parsing one costs more than everything else in a turn's look-up.
	return subtle.NewAESGCM(plain)
}

func linkAD(link string) []byte { return []byte("links|" + link + "|key") }

// hash is how a token stands in the database.
func hash(token string) []byte {
	sum := sha256.Sum256([]byte(token))
	return sum[:]
}
