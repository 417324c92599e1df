package mockbank

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// acrSCA is the authentication context of a customer who gave two factors.
const acrSCA = "urn:openbanking:psd2:sca"

// refreshExpiry is the UK security profile's claim for the end of the refresh
// token, in seconds since 1970.
const refreshExpiry = "http://openbanking.org.uk/refresh_token_expires_at"

// idToken signs an id_token for g. extra adds c_hash and s_hash to the one of
// the authorization response.
func (a *albion) idToken(g grant, nonce string, extra map[string]string) (string, error) {
	now := a.now()
	claims := jwt.MapClaims{
		"iss": a.issuer, "sub": a.subject(g.Customer), "aud": g.Client,
		"iat": now.Unix(), "exp": now.Add(5 * time.Minute).Unix(),
		"auth_time": g.AuthTime.Unix(), "acr": acrSCA,
		"openbanking_intent_id": g.Consent,
		refreshExpiry:           g.Expires.Unix(),
	}
	if nonce != "" {
		claims["nonce"] = nonce
	}
	for k, v := range extra {
		claims[k] = v
	}
	t := jwt.NewWithClaims(jwt.SigningMethodES256, claims)
	t.Header["kid"] = a.kid
	signed, err := t.SignedString(a.key)
	if err != nil {
		return "", fmt.Errorf("sign the id_token: %w", err)
	}
	return signed, nil
}

// subject is the customer's stable public name towards clients. It says nothing
// about the username.
func (a *albion) subject(username string) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "subject %d %s", a.opts.Seed, username))
	return "alb-" + hex.EncodeToString(sum[:12])
}

// leftHash is c_hash and s_hash for a SHA-256 algorithm (OpenID Connect Core
// section 3.3.2.11).
func leftHash(value string) string {
	sum := sha256.Sum256([]byte(value))
	return base64.RawURLEncoding.EncodeToString(sum[:16])
}
