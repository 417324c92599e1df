package linking

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Grant is a token response, RFC 6749 section 5.1. Its tokens are seen only in its JSON.
type Grant struct {
	AccessToken  Token
	ExpiresIn    int64 // seconds
	RefreshToken Token // empty where the client cannot use one
	Scope        string
	AccountFound bool // instead of all that: the answer to a "check"

	Client string // for the log
	Link   string // for the log, as an HMAC
}

// MarshalJSONTo writes the body of the response.
func (g Grant) MarshalJSONTo(to *jsontext.Encoder) error {
	if g.AccountFound {
		return to.WriteValue(jsontext.Value(`{"account_found":"true"}`))
	}
	return json.MarshalEncode(to, struct {
		AccessToken  string `json:"access_token"`
		TokenType    string `json:"token_type"`
		ExpiresIn    int64  `json:"expires_in"`
		RefreshToken string `json:"refresh_token,omitzero"`
		Scope        string `json:"scope"`
	}{string(g.AccessToken), "Bearer", g.ExpiresIn, string(g.RefreshToken), g.Scope})
}

// How often one grant gives tokens: many times what the most eager platform asks for, so that only what has gone wild is met. It is counted when
// the client has proven itself, so nobody uses up another's; and never for a client as a whole, which may be a platform with a million customers.
const (
	tokensPerSecond = 10
	tokensAtOnce    = 100
)

// Token answers the token endpoint, RFC 6749 section 3.2. Every refusal is an *OAuthError; any other error is a fault of ours, and
// the client may try again.
func (a *Authority) Token(ctx context.Context, c Call) (Grant, error) {
	client, f, err := a.authenticate(ctx, c)
	if err != nil {
		return Grant{}, err
	}
	g, err := a.grant(ctx, client, f)
	var e *OAuthError
	if errors.As(err, &e) {
		e.Client = client.ID
	}
	g.Client = client.ID
	return g, err
}

func (a *Authority) grant(ctx context.Context, client Client, f form) (Grant, error) {
	kind := f["grant_type"]
	switch {
	case kind == "":
		return Grant{}, refuse(invalidRequest, "grant_type_missing", "grant_type is missing")
	case !slices.Contains(grants, kind):
		return Grant{}, refuse(unsupportedGrantType, "grant_type_unknown", "grant_type must be "+strings.Join(grants, ", "))
	case !client.may(kind):
		return Grant{}, refuse(unauthorizedClient, "grant_not_allowed", "this client may not use this grant_type")
	}
	resource, ok := a.oneResource(client.Platform, f["resource"])
	if !ok {
		return Grant{}, refuse(invalidTarget, "resource_unknown", "resource is not served here")
	}
	if client.AccessToken == JWT || client.Refresh == Rotate {
		if err := a.o.Keys.ready(); err != nil { // before a code or a refresh token is used up for tokens that cannot be made
			return Grant{}, err
		}
	}
	switch kind {
	case AuthorizationCode:
		return a.exchange(ctx, client, f, resource)
	case RefreshToken:
		return a.refresh(ctx, client, f, resource)
	case JWTBearer:
		return a.streamlined(ctx, client, f)
	default:
		return a.credentials(ctx, client, f)
	}
}

// exchange trades a code for tokens, RFC 6749 section 4.1.3.
func (a *Authority) exchange(ctx context.Context, client Client, f form, resource string) (Grant, error) {
	code, verifier := f["code"], f["code_verifier"]
	switch {
	case code == "":
		return Grant{}, refuse(invalidRequest, "code_missing", "code is missing")
	case !isToken(code):
		return Grant{}, refuse(invalidGrant, "code_malformed", "code is not valid")
	}
	x := Exchange{Code: hash(code), Client: client.ID, RedirectURI: f["redirect_uri"], Resource: resource, Now: a.o.Now()}
	if verifier != "" {
		if !verifies(verifier) {
			return Grant{}, refuse(invalidGrant, "verifier_malformed", "code_verifier is not valid")
		}
		x.Challenge = encode(hash(verifier))
	}
	var refresh, access Token
	refresh, x.Refresh = stable(client)
	access, x.Access = a.opaque(client, 0)
	g, err := a.o.Store.Exchange(ctx, x)
	if errors.Is(err, ErrNone) {
		return Grant{}, a.refuseCode(ctx, x)
	}
	if err != nil {
		return Grant{}, err
	}
	return a.first(client, g, access, refresh, x.Now)
}

// refuseCode names the refusal. A code that comes twice was stolen, before or after; so what was given for it ends.
func (a *Authority) refuseCode(ctx context.Context, x Exchange) error {
	facts, err := a.o.Store.CodeFacts(ctx, x.Code)
	if errors.Is(err, ErrNone) {
		return refuse(invalidGrant, "code_unknown", "code is not valid")
	}
	if err != nil {
		return err
	}
	e, end := judgeCode(facts, x)
	return a.refuseAndEnd(ctx, e, end, facts.Link)
}

func (a *Authority) refuseAndEnd(ctx context.Context, e *OAuthError, end bool, link string) error {
	if end {
		if err := a.o.Store.EndLink(ctx, link, a.o.Now()); err != nil {
			return fmt.Errorf("end what a stolen token came from: %w", err)
		}
	}
	return e
}

// refresh trades a refresh token for an access token, RFC 6749 section 6.
func (a *Authority) refresh(ctx context.Context, client Client, f form, resource string) (Grant, error) {
	token := f["refresh_token"]
	if token == "" {
		return Grant{}, refuse(invalidRequest, "refresh_missing", "refresh_token is missing")
	}
	want, known := parseScopes(f["scope"])
	if !known {
		return Grant{}, refuse(invalidScope, "scope_unknown", "a scope is not known here")
	}
	r, ok := a.readRefresh(token)
	if !ok {
		return Grant{}, refuse(invalidGrant, "refresh_malformed", "refresh_token is not valid")
	}
	r.Client, r.Want, r.Resource, r.Now, r.Grace = client.ID, want, resource, a.o.Now(), grace
	if wait := a.tokens.Wait(client.ID+" "+r.Grant+string(r.Hash), r.Now); wait > 0 {
		return Grant{}, slower("refresh_too_often", wait)
	}
	access, kept := a.opaque(client, want)
	r.Access = kept
	g, used, err := a.o.Store.Refresh(ctx, r)
	if errors.Is(err, ErrNone) {
		return Grant{}, a.refuseRefresh(ctx, r)
	}
	if err != nil {
		return Grant{}, err
	}
	next := Token(token)
	if r.Hash == nil {
		if next, err = a.rotating(r.Grant, r.Generation+1, used); err != nil {
			return Grant{}, err
		}
	}
	if want == 0 {
		want = g.Scopes
	}
	return a.respond(client, g, want, access, next)
}

func (a *Authority) refuseRefresh(ctx context.Context, r Refreshing) error {
	facts, err := a.o.Store.RefreshFacts(ctx, r)
	if errors.Is(err, ErrNone) {
		return refuse(invalidGrant, "refresh_unknown", "refresh_token is not valid")
	}
	if err != nil {
		return err
	}
	e, end := judgeRefresh(facts, r)
	return a.refuseAndEnd(ctx, e, end, facts.Link)
}

// opaque makes the access token of a client that wants references; nothing for one that wants JWTs.
func (a *Authority) opaque(client Client, scopes Mask) (Token, *AccessToken) {
	if client.AccessToken != Opaque {
		return "", nil
	}
	now := a.o.Now()
	token := newToken(accessPrefix)
	return token, &AccessToken{Hash: hash(string(token)), Scopes: scopes, Issued: now, Expires: now.Add(client.AccessTTL)}
}

// stable makes the refresh token of a client whose refresh tokens stay, with its hash; nothing for another.
func stable(client Client) (Token, []byte) {
	if !client.may(RefreshToken) || client.Refresh != Stable {
		return "", nil
	}
	token := newToken(stablePrefix)
	return token, hash(string(token))
}

// first makes the response of a new grant: with the tokens that were kept of it, and with the first of those that are not kept.
func (a *Authority) first(client Client, g Basis, access, refresh Token, now time.Time) (Grant, error) {
	if client.may(RefreshToken) && client.Refresh == Rotate {
		var err error
		if refresh, err = a.rotating(g.Grant, 1, now); err != nil {
			return Grant{}, err
		}
	}
	return a.respond(client, g, g.Scopes, access, refresh)
}

// respond makes the response; access is the opaque token that was kept, or empty where a JWT is to be made.
func (a *Authority) respond(client Client, g Basis, scopes Mask, access, refresh Token) (Grant, error) {
	if access == "" {
		var err error
		if access, err = a.mint(client, g, scopes); err != nil {
			return Grant{}, err
		}
	}
	return Grant{
		AccessToken: access, ExpiresIn: int64(client.AccessTTL / time.Second), RefreshToken: refresh, Scope: scopes.String(), Link: g.Link,
	}, nil
}

// verifies says whether v has the form of a code_verifier, RFC 7636 section 4.1.
func verifies(v string) bool {
	if len(v) < 43 || len(v) > 128 {
		return false
	}
	for _, b := range []byte(v) {
		if (b < 'A' || b > 'Z') && (b < 'a' || b > 'z') && (b < '0' || b > '9') && b != '-' && b != '_' && b != '.' && b != '~' {
			return false
		}
	}
	return true
}
