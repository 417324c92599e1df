package linking

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Bounds of an authorization request.
const (
	maxQuery = 32 << 10
	maxState = 8 << 10
	// patience is how long a person may take from the first page to the last.
	patience = 30 * time.Minute
)

// Authorize begins an interaction from the raw query of GET /oauth/authorize, RFC 6749 section 4.1.1. browser is the cookie's value, empty
// where there is none. Its refusals are *OAuthError: with Redirect only after client and redirect URI were proven, without it
// to be answered with a page.
func (a *Authority) Authorize(ctx context.Context, query string, browser Token) (Page, error) {
	if len(query) > maxQuery {
		return Page{}, refuse(invalidRequest, "query_too_long", "the request is too long")
	}
	q, err := url.ParseQuery(query)
	if err != nil {
		return Page{}, refuse(invalidRequest, "query_malformed", "the query is malformed")
	}
	if uri, ok := pushed(q); ok {
		return a.openPushed(ctx, q, uri, browser)
	}
	r, err := a.read(ctx, q)
	if err != nil {
		return Page{}, err
	}
	if r.client.PAR == Required {
		return Page{}, a.tell(r, refuse(invalidRequest, "par_missing", "this client must push its requests to the pushed_authorization_request_endpoint"))
	}
	account, err := a.hinted(ctx, r.client, q.Get("login_hint"))
	if err != nil {
		return Page{}, fmt.Errorf("authorize: %w", err)
	}
	return a.begin(ctx, Interaction{
		Client: r.client.ID, RedirectURI: r.redirectURI, State: r.state, Challenge: r.challenge,
		Resource: r.resource, Locales: r.locales, Asked: r.scopes, Account: account,
	}, browser)
}

// begin keeps an interaction of this browser, with a link to come, and shows its first page.
func (a *Authority) begin(ctx context.Context, i Interaction, browser Token) (Page, error) {
	if len(browser) != tokenLength || !isToken(string(browser)) {
		browser = newToken("")
	}
	i.ID, i.Browser, i.Link, i.Expires = encode(random(16)), hash(string(browser)), encode(random(16)), a.o.Now().Add(patience)
	var err error
	if i.Key, err = a.newKey(i.Link); err != nil {
		return Page{}, fmt.Errorf("authorize: %w", err)
	}
	if i.Pushed != nil {
		i, err = a.o.Store.OpenPushed(ctx, i, a.o.Now())
	} else {
		err = a.o.Store.AddInteraction(ctx, i)
	}
	if err != nil {
		return Page{}, fmt.Errorf("authorize: %w", err)
	}
	return a.page(ctx, i, browser, nil)
}

// request is an authorization request that may be shown to a person.
type request struct {
	client      Client
	redirectURI string
	state       []byte
	scopes      Mask
	challenge   string
	resource    string
	locales     string
}

// read reads and judges a request, from the browser's address or pushed. Nothing is redirected before it is known to whom.
func (a *Authority) read(ctx context.Context, q url.Values) (request, error) {
	r := request{}
	one := func(name string) (string, bool) {
		values := q[name]
		if len(values) == 0 {
			return "", true
		}
		return values[0], len(values) == 1
	}
	id, single := one("client_id")
	if !single {
		return request{}, refuse(invalidRequest, "client_twice", "client_id is given twice")
	}
	var known bool
	if r.client, known = a.oauth(id); !known {
		return request{}, errClientUnknown()
	}
	var err error
	if r.client, err = a.introduce(ctx, r.client); err != nil {
		return request{}, err
	}
	pageError := func(reason, description string) error {
		return refuse(invalidRequest, reason, description).of(r.client.ID)
	}
	if r.redirectURI, single = one("redirect_uri"); !single {
		return request{}, pageError("redirect_twice", "redirect_uri is given twice")
	}
	if !r.client.redirects(r.redirectURI) {
		return request{}, pageError("redirect_unknown", "redirect_uri is not one that this client registered")
	}
	state, single := one("state")
	if !single {
		return request{}, pageError("state_twice", "state is given twice")
	}
	if len(state) > maxState {
		return request{}, pageError("state_too_long", "state is longer than 8 KiB")
	}
	r.state = []byte(state)
	// From here on the client can be told.
	if e := r.judge(a, q, one); e != nil {
		return request{}, a.tell(r, e)
	}
	return r, nil
}

// tell makes e a refusal that the client is told by way of the browser, where the operator vouches for that way.
func (a *Authority) tell(r request, e *OAuthError) *OAuthError {
	e.Client = r.client.ID
	if r.client.vouched(r.redirectURI) {
		e.Redirect = a.answer(r.redirectURI, r.state, "error", e.Code, "error_description", e.Description)
	}
	return e
}

// errClientUnknown is for a browser; at an endpoint for clients, it would be a failed authentication.
func errClientUnknown() *OAuthError {
	return &OAuthError{Code: invalidClient, Reason: "client_unknown", Description: "client_id is not known here", Status: http.StatusBadRequest}
}

func errTwoResources() *OAuthError {
	return refuse(invalidTarget, "resource_twice", "only one resource can be asked for")
}

func (r *request) judge(a *Authority, q url.Values, one func(string) (string, bool)) *OAuthError {
	for name, values := range q {
		if len(values) > 1 {
			if name == "resource" {
				return errTwoResources()
			}
			return refuse(invalidRequest, "parameter_twice", "a parameter is given twice")
		}
	}
	get := func(name string) string { v, _ := one(name); return v }
	for _, name := range []string{"request", "request_uri"} {
		if get(name) != "" { // without a value it counts as not sent, RFC 6749 section 3.1
			return refuse(name+"_not_supported", name, "request objects are not supported")
		}
	}
	if get("response_type") != "code" {
		if get("response_type") == "" {
			return refuse(invalidRequest, "response_type_missing", "response_type is missing")
		}
		return refuse(unsupportedResponse, "response_type", "response_type must be code")
	}
	if mode := get("response_mode"); mode != "" && mode != "query" {
		return refuse(invalidRequest, "response_mode", "response_mode must be query")
	}
	if !r.client.may(AuthorizationCode) {
		return refuse(unauthorizedClient, "grant_not_allowed", "this client may not use authorization_code")
	}
	if e := r.readChallenge(get("code_challenge"), get("code_challenge_method")); e != nil {
		return e
	}
	allowed, _ := mask(r.client.Scopes)
	asked, known := parseScopes(get("scope"))
	if r.client.Platform == MCP && asked&allowed != 0 {
		// A host asks for all that the resource's metadata names, as its specification has it, whatever was agreed for this client. It gets what
		// was, and is told so with the token (RFC 6749 section 3.3).
		asked &= allowed
	}
	switch {
	case !known || !asked.within(allowed):
		return refuse(invalidScope, "scope_not_allowed", "a scope is not one this client may ask for")
	case asked == 0:
		asked = allowed
	}
	r.scopes = asked
	var ok bool
	if r.resource, ok = a.resource(r.client.Platform, get("resource")); !ok {
		return refuse(invalidTarget, "resource_unknown", "resource is not served here")
	}
	if locales := get("ui_locales"); areLocales(locales) {
		r.locales = locales
	}
	return nil
}

// readChallenge reads PKCE, RFC 7636. Only S256: with plain, whoever reads the request has the verifier.
func (r *request) readChallenge(challenge, method string) *OAuthError {
	if challenge == "" {
		if method != "" {
			return refuse(invalidRequest, "challenge_missing", "code_challenge is missing")
		}
		if r.client.PKCE == Required {
			return refuse(invalidRequest, "pkce_missing", "PKCE is required: code_challenge with code_challenge_method S256")
		}
		return nil
	}
	if method != "S256" {
		return refuse(invalidRequest, "pkce_plain", "code_challenge_method must be S256")
	}
	if b, err := base64.RawURLEncoding.Strict().DecodeString(challenge); err != nil || len(b) != sha256.Size {
		return refuse(invalidRequest, "challenge_malformed", "code_challenge is not a SHA-256 in base64url")
	}
	r.challenge = challenge
	return nil
}

// answer is the URL that takes an authorization response to the client: its redirect URI, whatever query it has kept, with these
// parameters, state as it came, and iss (RFC 9207).
func (a *Authority) answer(redirectURI string, state []byte, parameters ...string) string {
	var q []byte
	add := func(name, value string) {
		if len(q) > 0 {
			q = append(q, '&')
		}
		q = append(append(append(q, name...), '='), url.QueryEscape(value)...)
	}
	for i := 0; i+1 < len(parameters); i += 2 {
		add(parameters[i], parameters[i+1])
	}
	if len(state) > 0 {
		add("state", string(state))
	}
	add("iss", a.o.Issuer)
	return appendQuery(redirectURI, string(q))
}

// appendQuery adds to the query that an address has, byte for byte.
func appendQuery(address, query string) string {
	separator := "?"
	if u, err := url.Parse(address); err == nil && (u.RawQuery != "" || u.ForceQuery) {
		separator = "&"
		if u.ForceQuery {
			separator = ""
		}
	}
	return address + separator + query
}

// areLocales says whether a ui_locales can be kept: what else it is, is as if nothing had been said. PostgreSQL keeps not every byte as text.
func areLocales(s string) bool {
	return len(s) <= 200 && strings.IndexFunc(s, func(r rune) bool { return r < ' ' || r > '~' }) < 0
}
