package linking

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/go-json-experiment/json"

	"sotto/linking/idtoken"
)

// JWTBearer is the grant of RFC 7523 section 2.1, as Google's streamlined account linking uses it: an ID token of a Google account comes in, and
// the question is whether a link of its own is there.
//
// A link is an account's own if it was made in a web flow that began with the handle (login_hint) that "create" gave for the account, and if
// Google has traded the code. Then "get" gives that account another grant on that link: no other link, no wider, and none once it has ended. So
// nobody is given what Google did not hold before. Nobody is matched by an address, and nobody is created.
const JWTBearer = "urn:ietf:params:oauth:grant-type:jwt-bearer" //nolint:gosec // a name, and no credential

const (
	// assertedAge is how old an ID token may be. Google makes one when its customer agrees.
	assertedAge = 10 * time.Minute
	maxSubject  = 255 // OpenID Connect Core section 2
	// maxGrants is how many grants of one link may live: each is a pair of tokens somewhere.
	maxGrants = 20
)

const (
	linkingError    = "linking_error"     // 401: Google goes on with the web flow
	accountNotFound = "account_not_found" // 404 with a body of its own
)

// streamlined answers an intent. Whatever keeps it from a link, Google is told in its own words, which send its customer to the web flow; why, only
// the log is told.
func (a *Authority) streamlined(ctx context.Context, client Client, f form) (Grant, error) {
	intent, raw := f["intent"], f["assertion"]
	switch {
	case intent == "":
		return Grant{}, refuse(invalidRequest, "intent_missing", "intent is missing")
	case !slices.Contains([]string{"check", "get", "create"}, intent):
		return Grant{}, refuse(invalidRequest, "intent_unknown", "intent must be check, get or create")
	case raw == "":
		return Grant{}, refuse(invalidRequest, "id_token_missing", "assertion is missing")
	}
	no := func(reason string) *OAuthError {
		if intent == "check" {
			return &OAuthError{Code: accountNotFound, Status: http.StatusNotFound, Reason: reason}
		}
		return &OAuthError{Code: linkingError, Status: http.StatusUnauthorized, Reason: reason, Description: "link with the authorization endpoint"}
	}
	account, until, reason := a.account(ctx, client, raw)
	if reason != "" {
		return Grant{}, no(reason)
	}
	if wait := a.tokens.Wait(client.ID+" account "+string(account), a.o.Now()); wait > 0 {
		return Grant{}, slower("account_too_often", wait)
	}
	if intent != "check" { // which gives nothing away that it did not the first time
		err := a.o.Store.SpendAssertion(ctx, a.o.Keys.name("id token", client.ID, intent, signedPart(raw)), until)
		if errors.Is(err, ErrNone) {
			return Grant{}, no("id_token_replayed")
		}
		if err != nil {
			return Grant{}, fmt.Errorf("link: %w", err)
		}
	}
	if intent == "create" {
		e := no("account_not_created")
		var err error
		if e.LoginHint, err = a.hint(client, account); err != nil {
			return Grant{}, fmt.Errorf("link: %w", err)
		}
		return Grant{}, e
	}
	link, err := a.ofAccount(ctx, client, account)
	switch {
	case errors.Is(err, ErrNone):
		return Grant{}, no("account_unknown")
	case err != nil:
		return Grant{}, fmt.Errorf("link: %w", err)
	case intent == "check":
		return Grant{AccountFound: true, Link: link.Link}, nil
	}
	want, known := parseScopes(f["scope"])
	if !known || !want.within(link.Scopes) {
		return Grant{}, no("account_scope_wider")
	}
	g, err := a.renew(ctx, client, account, link)
	if errors.Is(err, ErrNone) {
		return Grant{}, no("account_refused")
	}
	return g, err
}

// account proves an ID token, and gives the house's name for its Google account at this client, and until when the token must be remembered; or
// the reason why not.
func (a *Authority) account(ctx context.Context, client Client, raw string) (account []byte, until time.Time, reason string) {
	said, err := a.o.Google.Verify(ctx, raw)
	switch {
	case errors.Is(err, idtoken.ErrUnreachable):
		return nil, until, "id_token_keys_unreachable"
	case errors.Is(err, idtoken.ErrExpired):
		return nil, until, "id_token_expired"
	case err != nil || len(said.Audience) != 1: // one that is for others too is another's to send
		return nil, until, "id_token_refused"
	case said.IssuedAt == nil || a.o.Now().Sub(said.IssuedAt.Time) > assertedAge:
		return nil, until, "id_token_too_old"
	case said.Subject == "" || len(said.Subject) > maxSubject:
		return nil, until, "id_token_without_subject"
	}
	return a.o.Keys.name("account", client.ID, said.Subject), said.IssuedAt.Add(assertedAge), ""
}

// ofAccount gives the living link of an account; ErrNone also where linking again is all that helps at its banks: then the customer must come to
// the web flow, and not be given once more what answers no question.
func (a *Authority) ofAccount(ctx context.Context, client Client, account []byte) (Granted, error) {
	g, err := a.o.Store.ByAccount(ctx, client.ID, account)
	if err != nil {
		return Granted{}, err
	}
	joined, err := a.o.Connections.Joined(ctx, g.Link)
	if err != nil {
		return Granted{}, err
	}
	for _, j := range joined {
		if !j.Relink {
			return g, nil
		}
	}
	return Granted{}, ErrNone
}

// renew keeps another grant on an account's link and gives its tokens, with all the scopes of the link: that is what its customer has said yes to,
// and what Google's refresh tokens before it can do.
func (a *Authority) renew(ctx context.Context, client Client, account []byte, link Granted) (Grant, error) {
	now := a.o.Now()
	r := Regranting{
		Client: client.ID, Account: account, Link: link.Link, Limit: maxGrants, Now: now,
		Grant: encode(random(16)), Resource: a.resources(client.Platform)[0], Code: random(32),
	}
	var refresh, access Token
	refresh, r.Refresh = stable(client)
	access, r.Access = a.opaque(client, 0)
	g, err := a.o.Store.Regrant(ctx, r)
	if err != nil {
		return Grant{}, err
	}
	return a.first(client, g, access, refresh, now)
}

// MarshalJSON gives the body of an error response, RFC 6749 section 5.2; and in Google's words that there is no account.
func (e *OAuthError) MarshalJSON() ([]byte, error) {
	if e.Code == accountNotFound {
		return []byte(`{"account_found":"false"}`), nil
	}
	return json.Marshal(struct {
		Error       string `json:"error"`
		Description string `json:"error_description,omitempty"`
		LoginHint   string `json:"login_hint,omitempty"`
	}{e.Code, e.Description, string(e.LoginHint)})
}
