package openbanking

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

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

// metadata is what Sotto reads of the bank's metadata.
type metadata struct {
	Issuer     string   `json:"issuer"`
	Modes      []string `json:"response_modes_supported"`
	SaysIssuer bool     `json:"authorization_response_iss_parameter_supported"` // RFC 9207 section 3
}

// published is the bank's metadata as it was last read.
type published struct {
	mu    sync.Mutex
	until time.Time
	last  metadata
}

// offersFormPost says whether response_mode=form_post can be asked for. A bank that does not say so gets the fragment, which is the mode of
// code id_token where nothing else is asked for.
func (b *Bank) offersFormPost(ctx context.Context) bool {
	return slices.Contains(b.metadata(ctx).Modes, "form_post")
}

// metadata reads the bank's metadata (OpenID Connect Discovery section 4), at most once an hour. Nothing is known of a bank without any; what was
// known of one whose metadata cannot be had just now stays.
func (b *Bank) metadata(ctx context.Context) metadata {
	p := &b.published
	p.mu.Lock()
	defer p.mu.Unlock()
	now := b.options.Now()
	if now.Before(p.until) {
		return p.last
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimSuffix(b.config.Issuer, "/")+"/.well-known/openid-configuration", nil)
	if err != nil {
		return p.last
	}
	resp, err := b.send(req)
	if err != nil {
		return p.last
	}
	body, err := readSmall(resp)
	if err != nil || resp.StatusCode >= 500 {
		return p.last
	}
	var read metadata
	if resp.StatusCode != http.StatusOK || json.Unmarshal(body, &read) != nil || read.Issuer != b.config.Issuer {
		read = metadata{}
	}
	p.until, p.last = now.Add(time.Hour), read
	return read
}
