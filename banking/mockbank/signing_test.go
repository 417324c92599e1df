package mockbank_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"maps"
	"math/big"
	"net/http"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/golang-jwt/jwt/v5"
)

var keys struct {
	once sync.Once
	rsa  *rsa.PrivateKey
	ec   *ecdsa.PrivateKey
}

func clientKeys(t testing.TB) (*rsa.PrivateKey, *ecdsa.PrivateKey) {
	t.Helper()
	keys.once.Do(func() {
		keys.rsa, _ = rsa.GenerateKey(rand.Reader, 2048)
		keys.ec, _ = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	})
	if keys.rsa == nil || keys.ec == nil {
		t.Fatal("no keys")
	}
	return keys.rsa, keys.ec
}

func clientJWKS(t testing.TB) []byte {
	t.Helper()
	r, e := clientKeys(t)
	point, err := e.PublicKey.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	b64 := base64.RawURLEncoding.EncodeToString
	raw, err := json.Marshal(map[string]any{"keys": []map[string]string{
		{"kty": "RSA", "kid": "rsa", "n": b64(r.N.Bytes()), "e": b64(big.NewInt(int64(r.E)).Bytes())},
		{"kty": "EC", "kid": "ec", "crv": "P-256", "x": b64(point[1:33]), "y": b64(point[33:])},
		{"kty": "OKP", "kid": "other", "crv": "Ed25519", "x": "AA"},
	}})
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// signedClaims are those of a good request object of the client "jwt".
func (b *bank) signedClaims(consent string) jwt.MapClaims {
	now := b.clock.Now()
	return jwt.MapClaims{
		"iss": "jwt", "aud": b.url + "/albion", "client_id": "jwt", "redirect_uri": callback, "response_type": "code id_token",
		"scope": "openid accounts", "state": "st&te", "nonce": "n0nce", "nbf": now.Unix(), "iat": now.Unix(),
		"exp": now.Add(5 * time.Minute).Unix(), "response_mode": "form_post",
		"claims": map[string]any{"id_token": map[string]any{"openbanking_intent_id": map[string]any{"value": consent, "essential": true}}},
	}
}

func signed(t testing.TB, method jwt.SigningMethod, kid string, key any, c jwt.MapClaims) string {
	t.Helper()
	tok := jwt.NewWithClaims(method, maps.Clone(c))
	tok.Header["kid"] = kid
	raw, err := tok.SignedString(key)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// tokenFor gives the own token of a client that does not use Basic.
func (b *bank) tokenFor(client string) answer {
	b.t.Helper()
	form := url.Values{"grant_type": {"client_credentials"}, "scope": {"accounts"}}
	switch client {
	case "post":
		form.Set("client_id", "post")
		form.Set("client_secret", "posted")
	case "jwt":
		form.Set("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
		form.Set("client_assertion", b.assertion(nil))
	}
	return b.postAs(form)
}

// postAs posts to the token endpoint without an Authorization header.
func (b *bank) postAs(form url.Values) answer {
	b.t.Helper()
	req := b.request(http.MethodPost, "/albion/token", form.Encode())
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return b.do(req)
}

// assertion is a good client assertion of "jwt"; change may spoil it.
func (b *bank) assertion(change func(jwt.MapClaims)) string {
	b.t.Helper()
	_, key := clientKeys(b.t)
	now := b.clock.Now()
	c := jwt.MapClaims{
		"iss": "jwt", "sub": "jwt", "aud": b.url + "/albion", "jti": rand.Text(),
		"iat": now.Unix(), "exp": now.Add(time.Minute).Unix(),
	}
	if change != nil {
		change(c)
	}
	return signed(b.t, jwt.SigningMethodES256, "ec", key, c)
}

// consentFor makes a consent of another client than "basic".
func (b *bank) consentFor(client string) string {
	b.t.Helper()
	a := b.tokenFor(client)
	if a.status != http.StatusOK {
		b.t.Fatalf("client credentials of %s: %d %s", client, a.status, a.body)
	}
	a = b.postConsent(decode[tokens](b.t, a.body).Access, consentBody(b.t, allPermissions(), nil))
	return decode[consentAnswer](b.t, a.body).Data.ConsentID
}

// readIDToken proves an id_token with the keys the bank publishes.
func (b *bank) readIDToken(raw, audience string) jwt.MapClaims {
	b.t.Helper()
	set := decode[struct {
		Keys []struct {
			Kid string `json:"kid"`
			X   string `json:"x"`
			Y   string `json:"y"`
		} `json:"keys"`
	}](b.t, b.do(b.request(http.MethodGet, "/albion/jwks", "")).body)
	c := jwt.MapClaims{}
	_, err := jwt.ParseWithClaims(raw, c, func(t *jwt.Token) (any, error) {
		for _, k := range set.Keys {
			if k.Kid == t.Header["kid"] {
				x, err1 := base64.RawURLEncoding.DecodeString(k.X)
				y, err2 := base64.RawURLEncoding.DecodeString(k.Y)
				if err1 != nil || err2 != nil {
					b.t.Fatal(err1, err2)
				}
				return ecdsa.ParseUncompressedPublicKey(elliptic.P256(), append(append([]byte{4}, x...), y...))
			}
		}
		return nil, jwt.ErrTokenUnverifiable
	}, jwt.WithValidMethods([]string{"ES256"}), jwt.WithIssuer(b.url+"/albion"), jwt.WithAudience(audience),
		jwt.WithTimeFunc(b.clock.Now), jwt.WithExpirationRequired())
	if err != nil {
		b.t.Fatalf("id_token: %v", err)
	}
	return c
}
