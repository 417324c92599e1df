package mockbank

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// assertionType is the client_assertion_type of RFC 7523 section 2.2.
const assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

// maxJWT bounds what is handed to the JWT parser.
const maxJWT = 16 << 10

// errClient is the one error of client authentication. It says no more, because
// the answer to a stranger must not say what was nearly right.
var errClient = errors.New("client authentication failed")

// authenticate proves the client of a POST to /token or /revoke by the one
// method it is registered with. Papers of another method are refused, even good
// ones.
func (a *albion) authenticate(r *http.Request, form url.Values) (*registered, error) {
	basicID, basicSecret, basic, err := basicCredentials(r)
	if err != nil {
		return nil, err
	}
	assertion, secret := form.Get("client_assertion"), form.Get("client_secret")
	id := form.Get("client_id")
	presented := 0
	for _, is := range []bool{basic, assertion != "", secret != ""} {
		if is {
			presented++
		}
	}
	if presented > 1 {
		return nil, errClient
	}
	switch {
	case basic && id != "" && id != basicID:
		return nil, errClient
	case basic:
		id = basicID
	case assertion != "":
		if id, err = assertionClient(assertion, id); err != nil {
			return nil, err
		}
	}
	c, ok := a.clients[id]
	if !ok {
		return nil, errClient
	}
	switch c.Auth {
	case AuthBasic:
		ok = basic && same(basicSecret, c.Secret)
	case AuthPost:
		ok = secret != "" && same(secret, c.Secret)
	case AuthPrivateKey:
		ok = assertion != "" && form.Get("client_assertion_type") == assertionType && a.assertionHolds(c, assertion)
	case AuthTLS:
		ok = presented == 0 && certificateHolds(c, r)
	default:
		ok = false
	}
	if !ok {
		return nil, errClient
	}
	return c, nil
}

// basicCredentials reads an Authorization header; RFC 6749 section 2.3.1 has
// both halves form-encoded first.
func basicCredentials(r *http.Request) (id, secret string, present bool, err error) {
	header := r.Header.Get("Authorization")
	if header == "" {
		return "", "", false, nil
	}
	scheme, rest, _ := strings.Cut(header, " ")
	raw, err := base64.StdEncoding.DecodeString(rest)
	if !strings.EqualFold(scheme, "Basic") || err != nil {
		return "", "", false, errClient
	}
	one, two, _ := strings.Cut(string(raw), ":")
	id, err1 := url.QueryUnescape(one)
	secret, err2 := url.QueryUnescape(two)
	if err1 != nil || err2 != nil {
		return "", "", false, errClient
	}
	return id, secret, true, nil
}

// assertionClient reads the client's id out of an assertion before it is proven,
// to know whose keys to prove it with.
func assertionClient(assertion, formID string) (string, error) {
	if len(assertion) > maxJWT {
		return "", errClient
	}
	var claims jwt.RegisteredClaims
	if _, _, err := jwt.NewParser().ParseUnverified(assertion, &claims); err != nil {
		return "", errClient
	}
	if claims.Subject == "" || (formID != "" && formID != claims.Subject) {
		return "", errClient
	}
	return claims.Subject, nil
}

// assertionHolds proves a client assertion (RFC 7523 section 3) and uses up its
// jti.
func (a *albion) assertionHolds(c *registered, assertion string) bool {
	var claims jwt.RegisteredClaims
	if err := a.verify(c, assertion, &claims, "PS256", "ES256"); err != nil {
		return false
	}
	now := a.now()
	if claims.Issuer != c.ID || claims.Subject != c.ID || claims.ID == "" || len(claims.ID) > 256 ||
		!forUs(claims.Audience, a.issuer, a.issuer+"/token") ||
		claims.ExpiresAt.After(now.Add(time.Hour)) {
		return false
	}
	key := hashed(c.ID + "\x00" + claims.ID)
	a.state.mu.Lock()
	defer a.state.mu.Unlock()
	if _, used := a.state.jtis[key]; used {
		return false
	}
	return a.state.commit(now, assertionID{ID: key, Expires: claims.ExpiresAt.Add(clockSkew)}) == nil
}

// clockSkew is how far a client's clock may be off.
const clockSkew = 10 * time.Second

// verify proves a JWT with the client's keys; exp is required, exp, nbf and iat
// are checked with the bank's clock.
func (a *albion) verify(c *registered, raw string, claims jwt.Claims, methods ...string) error {
	if len(raw) > maxJWT {
		return errClient
	}
	parser := jwt.NewParser(jwt.WithValidMethods(methods), jwt.WithExpirationRequired(), jwt.WithIssuedAt(),
		jwt.WithLeeway(clockSkew), jwt.WithTimeFunc(a.now))
	_, err := parser.ParseWithClaims(raw, claims, func(t *jwt.Token) (any, error) {
		kid, _ := t.Header["kid"].(string)
		var set jwt.VerificationKeySet
		for _, k := range c.keysFor(kid) {
			set.Keys = append(set.Keys, k.key)
		}
		return set, nil
	})
	return err
}

func forUs(audience jwt.ClaimStrings, names ...string) bool {
	for _, aud := range audience {
		for _, n := range names {
			if aud == n {
				return true
			}
		}
	}
	return false
}

// certificateHolds compares the certificate of the TLS connection with the
// registered one (RFC 8705 section 2.1). Whether it chains to a trusted root is
// the TLS listener's business.
func certificateHolds(c *registered, r *http.Request) bool {
	if r.TLS == nil || len(r.TLS.PeerCertificates) == 0 {
		return false
	}
	cert := r.TLS.PeerCertificates[0]
	if c.TLSThumbprint != "" {
		return same(thumbprint(cert), c.TLSThumbprint)
	}
	return same(cert.Subject.String(), c.TLSSubject)
}

func thumbprint(cert *x509.Certificate) string {
	sum := sha256.Sum256(cert.Raw)
	return hex.EncodeToString(sum[:])
}
