package linking

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// How a client signs for itself: private_key_jwt, RFC 7523 section 3 and OpenID Connect Core section 9.
const (
	assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
	// assertionLife is how far ahead its end may be: a stolen one is of use until then, where its owner has not spent it.
	assertionLife = 5 * time.Minute
	maxAssertion  = 4 << 10
	maxJTI        = 256
)

// asserted says which client has signed an assertion. Each is good once, in whatever process it arrives.
func (a *Authority) asserted(ctx context.Context, c Call, f form, also []string) (Client, error) {
	if c.Authorization != "" || f["client_secret"] != "" {
		return Client{}, refuse(invalidRequest, "two_authentications", "authenticate with an assertion or with a secret, not with both")
	}
	if f["client_assertion_type"] != assertionType || f["client_assertion"] == "" {
		return Client{}, refuseClient("assertion_type")
	}
	client, said, e := a.readAssertion(f["client_assertion"], also)
	if e == nil && f["client_id"] != "" && f["client_id"] != client.ID {
		e = refuse(invalidRequest, "two_clients", "client_id differs from the client that authenticates")
	}
	if e != nil {
		return Client{}, e.of(client.ID)
	}
	err := a.o.Store.SpendAssertion(ctx, a.o.Keys.name("assertion", client.ID, said.ID), said.ExpiresAt.Time)
	if errors.Is(err, ErrNone) {
		return Client{}, refuseClient("assertion_replayed").of(client.ID)
	}
	if err != nil {
		return Client{}, fmt.Errorf("authenticate: %w", err)
	}
	return client, nil
}

// readAssertion proves an assertion; what it does not know is whether it was there before. The client comes with a refusal too, where it is
// known who was meant.
func (a *Authority) readAssertion(raw string, also []string) (Client, jwt.RegisteredClaims, *OAuthError) {
	var said jwt.RegisteredClaims
	if len(raw) > maxAssertion {
		return Client{}, said, refuseClient("assertion_malformed")
	}
	var client Client
	var refusal *OAuthError
	_, err := jwt.NewParser(
		jwt.WithValidMethods(assertionAlgorithms), jwt.WithExpirationRequired(), jwt.WithIssuedAt(), jwt.WithStrictDecoding(),
		jwt.WithTimeFunc(a.o.Now), jwt.WithLeeway(skew),
	).ParseWithClaims(raw, &said, func(t *jwt.Token) (any, error) {
		// The claims are only believed as far as it takes to find the key that proves them.
		var known bool
		client, known = a.oauth(said.Subject)
		switch {
		case said.Subject == "" || said.Issuer != said.Subject:
			refusal = refuseClient("assertion_of_another_client")
		case !known:
			refusal = refuseClient("client_unknown")
		case client.Auth != PrivateKeyJWT:
			refusal = refuseClient("assertion_not_registered")
		case !assertionTyped(t):
			refusal = refuseClient("assertion_malformed")
		default:
			if key, ok := client.key(t); ok {
				return key, nil
			}
			refusal = refuseClient("assertion_key_unknown")
		}
		return nil, refusal
	})
	now := a.o.Now()
	switch {
	case refusal != nil:
	case errors.Is(err, jwt.ErrTokenMalformed):
		refusal = refuseClient("assertion_malformed")
	case errors.Is(err, jwt.ErrTokenSignatureInvalid):
		refusal = refuseClient("assertion_forged")
	case errors.Is(err, jwt.ErrTokenExpired), err == nil && !said.ExpiresAt.After(now):
		refusal = refuseClient("assertion_expired")
	case err != nil: // from the future, or without an end
		refusal = refuseClient("assertion_out_of_time")
	case said.ExpiresAt.After(now.Add(assertionLife + skew)):
		refusal = refuseClient("assertion_lives_too_long")
	case !a.addressed(client, said.Audience, also):
		refusal = refuseClient("assertion_for_somebody_else")
	case said.ID == "" || len(said.ID) > maxJTI:
		refusal = refuseClient("assertion_without_id")
	}
	return client, said, refusal
}

// addressed says whether we, and nobody else, are whom an assertion is for. The issuer's name is what FAPI 2.0 (section 5.3.2.1) and the
// revision of RFC 7523 want, and all that a client which must push its requests may say. Others may say the token endpoint, which OpenID
// Connect Core section 9 tells them to, or what RFC 9126 section 2 adds (also).
func (a *Authority) addressed(client Client, audience jwt.ClaimStrings, also []string) bool {
	if len(audience) != 1 {
		return false
	}
	if client.PAR == Required {
		return audience[0] == a.o.Issuer
	}
	return slices.Contains(append([]string{a.o.Issuer, a.o.Issuer + "/oauth/token"}, also...), audience[0])
}

// assertionTyped says whether a JWT can have been meant as an assertion: one of another type was signed for something else (RFC 8725 section
// 3.11), and one with critical extensions says what is not understood here.
func assertionTyped(t *jwt.Token) bool {
	if _, critical := t.Header["crit"]; critical {
		return false
	}
	typ, given := t.Header["typ"]
	name, _ := typ.(string)
	return !given || strings.EqualFold(name, "JWT") || strings.EqualFold(strings.TrimPrefix(name, "application/"), "client-authentication+jwt")
}

// key is the client's own key that a JWT names, for the algorithm it names; one that names none may be of a client that has only one.
func (c Client) key(t *jwt.Token) (any, bool) {
	kid, named := t.Header["kid"].(string)
	for _, k := range c.keys {
		if k.alg == t.Method.Alg() && (named && k.kid == kid || !named && t.Header["kid"] == nil && len(c.keys) == 1) {
			return k.key, true
		}
	}
	return nil, false
}
