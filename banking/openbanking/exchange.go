package openbanking

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/go-json-experiment/json/jsontext"

	"sotto/banking"
)

// Exchange turns the customer's return into tokens and the bank's subject for him. An answer that names another issuer, or none where the bank
// promises to name itself, or that came to another redirect URI than this bank's, was another bank's (RFC 9207, RFC 9700 section 4.4: mix-up), and its code is not
// sent anywhere.
func (b *Bank) Exchange(ctx context.Context, a banking.Authorization, r banking.Return) (banking.Tokens, string, error) {
	var none banking.Tokens
	switch {
	case !same(r.State, a.State) || a.State == "":
		return none, "", fmt.Errorf("%w: state", banking.ErrGarbled)
	case r.At != b.config.at():
		return none, "", fmt.Errorf("%w: answer at another bank's redirect URI", banking.ErrGarbled)
	case r.Issuer != "" && r.Issuer != b.config.Issuer:
		return none, "", fmt.Errorf("%w: answer of another issuer", banking.ErrGarbled)
	case r.Issuer == "" && b.config.Request == Plain && b.metadata(ctx).SaysIssuer: // signed, the id_token says it
		return none, "", fmt.Errorf("%w: answer of no issuer, from a bank that promises one", banking.ErrGarbled)
	case r.Error == "access_denied":
		return none, "", banking.ErrDenied
	case r.Error != "":
		return none, "", fmt.Errorf("%w: authorization refused", banking.ErrUnavailable)
	case r.Code == "" || len(r.Code) > 8<<10:
		return none, "", fmt.Errorf("%w: no code", banking.ErrGarbled)
	}
	subject := ""
	if b.config.Request == Signed {
		// FAPI 1 Advanced section 5.2.3: the id_token of the front channel is a signature over code and state.
		front, err := b.verify(ctx, r.IDToken, a)
		if err != nil {
			return none, "", fmt.Errorf("front id_token: %w", err)
		}
		if !same(front.CHash, leftHash(r.Code)) || !same(front.SHash, leftHash(a.State)) {
			return none, "", fmt.Errorf("%w: code or state is not the one signed", banking.ErrGarbled)
		}
		subject = front.subject
	}
	answer, expires, err := b.post(ctx, url.Values{
		"grant_type": {"authorization_code"}, "code": {r.Code}, "redirect_uri": {b.options.Redirect}, "code_verifier": {string(a.Verifier)},
	})
	if err != nil {
		return none, "", fmt.Errorf("exchange code: %w", err)
	}
	token, err := b.verify(ctx, answer.IDToken, a)
	if err != nil {
		return none, "", fmt.Errorf("id_token: %w", err)
	}
	if subject != "" && token.subject != subject {
		return none, "", fmt.Errorf("%w: the two id_tokens are of different customers", banking.ErrGarbled)
	}
	if token.token.AccessTokenHash != "" && token.token.VerifyAccessToken(answer.Access) != nil {
		return none, "", fmt.Errorf("%w: at_hash", banking.ErrGarbled)
	}
	tokens := banking.Tokens{Access: banking.Secret(answer.Access), Refresh: banking.Secret(answer.Refresh), Expires: expires}
	if seconds, err := strconv.ParseInt(strings.Trim(string(token.RefreshExpires), `"`), 10, 64); err == nil && seconds > 0 {
		tokens.RefreshExpires = time.Unix(seconds, 0)
	}
	return tokens, token.subject, nil
}

// maxIDToken bounds what is handed to the JWT parser.
const maxIDToken = 16 << 10

// idToken is what Sotto reads of an id_token.
type idToken struct {
	token   *oidc.IDToken
	subject string

	Intent string `json:"openbanking_intent_id"`
	CHash  string `json:"c_hash"`
	SHash  string `json:"s_hash"`
	AZP    string `json:"azp"`
	// RefreshExpires is in seconds; some banks write a number, some a string, and a wrong one is only unknown.
	RefreshExpires jsontext.Value `json:"http://openbanking.org.uk/refresh_token_expires_at"`
}

// verify proves an id_token (OpenID Connect Core section 3.1.3.7): signed by the bank with PS256 or ES256, by this issuer, for this client,
// for this authorization, about this consent, and not expired. The library's own errors quote the token, so they end here.
func (b *Bank) verify(ctx context.Context, raw string, a banking.Authorization) (idToken, error) {
	if raw == "" || len(raw) > maxIDToken {
		return idToken{}, fmt.Errorf("%w: none", banking.ErrGarbled)
	}
	token, err := b.verifier.Verify(ctx, raw)
	if err != nil {
		if ctx.Err() != nil {
			return idToken{}, timedOut(ctx)
		}
		return idToken{}, fmt.Errorf("%w: not genuine, or not for us, or expired", banking.ErrGarbled)
	}
	id := idToken{token: token, subject: token.Subject}
	now := b.options.Now()
	switch {
	case token.Claims(&id) != nil:
		return idToken{}, fmt.Errorf("%w: claims", banking.ErrGarbled)
	case a.Nonce == "" || !same(token.Nonce, a.Nonce):
		return idToken{}, fmt.Errorf("%w: nonce", banking.ErrGarbled)
	case a.ConsentID == "" || !same(id.Intent, a.ConsentID):
		return idToken{}, fmt.Errorf("%w: another consent", banking.ErrGarbled)
	case len(token.Audience) > 1 && id.AZP != b.config.ClientID, id.AZP != "" && id.AZP != b.config.ClientID:
		return idToken{}, fmt.Errorf("%w: authorized party", banking.ErrGarbled)
	case token.IssuedAt.After(now.Add(time.Minute)):
		return idToken{}, fmt.Errorf("%w: issued in the future", banking.ErrGarbled)
	case len(token.Subject) > 255:
		return idToken{}, fmt.Errorf("%w: subject", banking.ErrGarbled)
	}
	return id, nil
}

// leftHash is c_hash and s_hash for a SHA-256 algorithm (OpenID Connect Core section 3.3.2.11, FAPI 1 Advanced section 5.1.1).
func leftHash(value string) string {
	sum := sha256.Sum256([]byte(value))
	return base64.RawURLEncoding.EncodeToString(sum[:len(sum)/2])
}

func same(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }
