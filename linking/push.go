package linking

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"
)

const (
	parPath = "/oauth/par"
	// requestURI is how a pushed request is called, RFC 9126 section 2.2.
	requestURI = "urn:ietf:params:oauth:request_uri:"
	// pushedLife is how long a browser has to arrive with it.
	pushedLife = 90 * time.Second
)

// How often requests are pushed: each is a row, and leads to a first page. A client that proves itself is counted by its name, so that nobody uses
// up another's; those that anybody can be, by where they come from, and then all of them together.
const (
	pushesPerSecond  = 50
	pushesAtOnce     = 1000
	pushersPerSecond = 1
	pushersAtOnce    = 60
)

// Pushed is a response of RFC 9126 section 2.2.
type Pushed struct {
	URI       Token
	ExpiresIn int64 // seconds

	Client string // for the log
}

// MarshalJSON gives the body of the response.
func (p Pushed) MarshalJSON() ([]byte, error) {
	return fmt.Appendf(nil, `{"request_uri":%q,"expires_in":%d}`, string(p.URI), p.ExpiresIn), nil
}

// Push answers the endpoint for pushed authorization requests, RFC 9126: whoever reads the browser's address finds a name in place of a
// request, and cannot change what was asked for. The request is judged as it would be in an address. Every refusal is an *OAuthError without
// Redirect.
func (a *Authority) Push(ctx context.Context, c Call) (Pushed, error) {
	client, f, err := a.authenticate(ctx, c, a.o.Issuer+parPath)
	if err != nil {
		return Pushed{}, err
	}
	p, err := a.push(ctx, client, f, c.From)
	var e *OAuthError
	if errors.As(err, &e) {
		e.Client, e.Redirect = client.ID, ""
	}
	p.Client = client.ID
	return p, err
}

func (a *Authority) push(ctx context.Context, client Client, f form, from string) (Pushed, error) {
	if e := a.slowPushing(client, from); e != nil {
		return Pushed{}, e
	}
	q := url.Values{}
	for name, value := range f {
		q.Set(name, value)
	}
	if q.Has("request_uri") {
		return Pushed{}, refuse(invalidRequest, "request_uri_pushed", "request_uri cannot be pushed")
	}
	q.Set("client_id", client.ID)
	r, err := a.read(ctx, q)
	if err != nil {
		return Pushed{}, err
	}
	uri := newToken(requestURI)
	if err := a.o.Store.AddPushed(ctx, PushedRequest{
		Hash: hash(string(uri)), Client: r.client.ID, RedirectURI: r.redirectURI, State: r.state, Challenge: r.challenge, Resource: r.resource,
		Locales: r.locales, Asked: r.scopes, Expires: a.o.Now().Add(pushedLife),
	}); err != nil {
		return Pushed{}, fmt.Errorf("push: %w", err)
	}
	return Pushed{URI: uri, ExpiresIn: int64(pushedLife / time.Second)}, nil
}

// slowPushing counts one more push, and refuses one too many.
func (a *Authority) slowPushing(client Client, from string) *OAuthError {
	name, now := client.ID, a.o.Now()
	if client.Auth == Public {
		name = ""
		if from != "" {
			if wait := a.pushers.Wait(from, now); wait > 0 {
				return slower("pusher_too_often", wait)
			}
		}
	}
	if wait := a.pushes.Wait(name, now); wait > 0 {
		return slower("pushes_too_often", wait)
	}
	return nil
}

// pushed says whether a query names a request that was pushed, and which. Whatever else it says is not looked at (RFC 9101 section 6.3).
func pushed(q url.Values) (uri string, ok bool) {
	for _, v := range q["request_uri"] {
		if strings.HasPrefix(v, requestURI) {
			return v, true
		}
	}
	return "", false
}

// openPushed begins an interaction from a pushed request. Opening one spends nothing, because browsers fetch ahead, load again and go back: it can
// be opened while it is young and no code was given for it, and the browser that did so finds its page again for as long as that lasts. What
// counts once is the code.
func (a *Authority) openPushed(ctx context.Context, q url.Values, uri string, browser Token) (Page, error) {
	if len(q["client_id"]) > 1 {
		return Page{}, refuse(invalidRequest, "client_twice", "client_id is given twice")
	}
	client, known := a.oauth(q.Get("client_id"))
	if !known {
		return Page{}, errClientUnknown()
	}
	if len(q["request_uri"]) > 1 || !isToken(strings.TrimPrefix(uri, requestURI)) {
		return Page{}, refuse(invalidRequest, "request_malformed", "request_uri is not valid").of(client.ID)
	}
	id, now := hash(uri), a.o.Now()
	i, err := a.o.Store.Opened(ctx, id, client.ID, hash(string(browser)), now)
	if err == nil {
		return a.page(ctx, i, browser, nil)
	}
	if !errors.Is(err, ErrNone) {
		return Page{}, fmt.Errorf("authorize: %w", err)
	}
	p, err := a.begin(ctx, Interaction{Client: client.ID, Pushed: id}, browser)
	if errors.Is(err, ErrNone) {
		return Page{}, a.refusePushed(ctx, id, client, now)
	}
	return p, err
}

func (a *Authority) refusePushed(ctx context.Context, id []byte, client Client, now time.Time) error {
	facts, err := a.o.Store.PushedFacts(ctx, id)
	switch {
	case errors.Is(err, ErrNone):
		return refuse(invalidRequest, "request_unknown", "request_uri is not valid").of(client.ID)
	case err != nil:
		return fmt.Errorf("authorize: %w", err)
	default:
		return judgePushed(facts, client.ID, now).of(client.ID)
	}
}
