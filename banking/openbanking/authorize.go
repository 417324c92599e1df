package openbanking

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/url"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/golang-jwt/jwt/v5"

	"sotto/banking"
)

const scope = "openid accounts"

// Authorize makes a consent for exactly these permissions and says where to send the customer.
func (b *Bank) Authorize(ctx context.Context, permissions []banking.Permission, state string) (banking.Authorization, error) {
	var none banking.Authorization
	codes := permissionsFor(permissions)
	if codes == nil {
		return none, fmt.Errorf("authorize: %w: nothing this bank can consent to", banking.ErrNoAccess)
	}
	nonce, err := b.nonce()
	if err != nil {
		return none, err
	}
	verifier, err := b.nonce()
	if err != nil {
		return none, err
	}
	consent, err := b.createConsent(ctx, codes)
	if err != nil {
		return none, fmt.Errorf("create consent: %w", err)
	}
	a := banking.Authorization{ConsentID: consent, State: state, Nonce: nonce, Verifier: banking.Secret(verifier)}
	if b.config.Request == Signed {
		a.URL, err = b.signedURL(ctx, a)
	} else {
		a.URL, err = b.plainURL(a)
	}
	return a, err
}

// intent is the value of claims: what the bank is to put into the id_token, and which consent this is about.
func intent(consent string) map[string]any {
	value := map[string]any{"value": consent, "essential": true}
	return map[string]any{"id_token": map[string]any{"openbanking_intent_id": value}}
}

// challenge is PKCE S256 (RFC 7636 section 4.2).
func challenge(verifier banking.Secret) string {
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

func (b *Bank) plainURL(a banking.Authorization) (string, error) {
	claims, err := json.Marshal(intent(a.ConsentID), json.Deterministic(true))
	if err != nil {
		return "", fmt.Errorf("write claims: %w", err)
	}
	return b.authorizationURL(url.Values{
		"response_type": {"code"}, "client_id": {b.config.ClientID}, "redirect_uri": {b.options.Redirect}, "scope": {scope},
		"state": {a.State}, "nonce": {a.Nonce}, "claims": {string(claims)},
		"code_challenge": {challenge(a.Verifier)}, "code_challenge_method": {"S256"},
	})
}

// signedURL carries a PS256 request object (FAPI 1 Advanced section 5.2.2). What OpenID Connect wants outside it as well stands outside.
func (b *Bank) signedURL(ctx context.Context, a banking.Authorization) (string, error) {
	id, err := b.nonce()
	if err != nil {
		return "", err
	}
	now := b.options.Now()
	claims := jwt.MapClaims{
		"iss": b.config.ClientID, "aud": b.config.Issuer, "jti": id,
		"iat": now.Unix(), "nbf": now.Unix(), "exp": now.Add(requestLife).Unix(),
		"response_type": "code id_token", "client_id": b.config.ClientID, "redirect_uri": b.options.Redirect, "scope": scope,
		"state": a.State, "nonce": a.Nonce, "claims": intent(a.ConsentID),
		"code_challenge": challenge(a.Verifier), "code_challenge_method": "S256",
	}
	if b.offersFormPost(ctx) {
		claims["response_mode"] = "form_post"
	}
	request, err := b.signing.sign(claims, "oauth-authz-req+jwt")
	if err != nil {
		return "", err
	}
	return b.authorizationURL(url.Values{
		"response_type": {"code id_token"}, "client_id": {b.config.ClientID}, "scope": {scope}, "request": {request},
	})
}

func (b *Bank) authorizationURL(query url.Values) (string, error) {
	u, err := url.Parse(b.config.AuthorizationURL)
	if err != nil {
		return "", fmt.Errorf("%w: authorization_url", ErrConfig)
	}
	merged := u.Query()
	for name, values := range query {
		merged[name] = values
	}
	// A space as %20: some banks take the plus sign for itself.
	u.RawQuery = strings.ReplaceAll(merged.Encode(), "+", "%20")
	return u.String(), nil
}
