// Package idtoken proves ID tokens: OpenID Connect Core 1.0, section 3.1.3.7, as Google signs them, which is RS256.
//
// The issuer's keys are fetched when they are needed, once at a time and within bounds, and kept; while they cannot be fetched anew, those that
// are there are good for another day. Who a token is of, and what that allows, is for the caller to say.
package idtoken

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// Google's own: where its keys are, and the issuer of its ID tokens.
const (
	GoogleKeys   = "https://www.googleapis.com/oauth2/v3/certs"
	GoogleIssuer = "https://accounts.google.com"
)

// skew is how far the issuer's clock may be from ours.
const skew = 30 * time.Second

// maxToken bounds what is parsed before its signature is known to be good. Google's have about one kibibyte.
const maxToken = 8 << 10

// What can be wrong with a token. Everything but the first two is ErrRefused.
var (
	ErrUnreachable = errors.New("key set unreachable") // nothing is known of the token
	ErrExpired     = errors.New("ID token is over")
	ErrRefused     = errors.New("ID token is not genuine")
)

// Config is what makes a Verifier.
type Config struct {
	Audiences []string // one of them must be among the token's; at least one, and none empty
	Keys      string   // URL of the key set (RFC 7517); empty means Google's
	Issuer    string   // empty means Google
	Transport http.RoundTripper
	Now       func() time.Time
}

// Claims are those that are looked at. Google writes email_verified as a boolean.
type Claims struct {
	jwt.RegisteredClaims
	Email         string `json:"email"`
	EmailVerified bool   `json:"email_verified"`
}

// Verifier verifies ID tokens of one issuer. It is safe for concurrent use.
type Verifier struct {
	keys   *keys
	parser *jwt.Parser
}

// Check says what is wrong with the part of a Config that comes from settings.
func (c Config) Check() error {
	if len(c.Audiences) == 0 {
		return errors.New("ID tokens need an audience")
	}
	for _, audience := range c.Audiences {
		if audience == "" {
			return errors.New("an empty audience would accept anybody")
		}
	}
	if c.Keys == "" {
		return nil
	}
	u, err := url.Parse(c.Keys)
	if err != nil || u.Host == "" || u.User != nil || u.Scheme != "https" && (u.Scheme != "http" || !loopback(u.Hostname())) {
		return errors.New("the keys are fetched over https, or over http from this machine only")
	}
	return nil
}

func loopback(host string) bool { return host == "localhost" || host == "127.0.0.1" || host == "::1" }

// New makes a Verifier. It fetches nothing. Without a Transport it is http.DefaultTransport.
func New(c Config) (*Verifier, error) {
	if c.Now == nil {
		return nil, errors.New("idtoken: a clock is missing")
	}
	if err := c.Check(); err != nil {
		return nil, err
	}
	if c.Keys == "" {
		c.Keys = GoogleKeys
	}
	if c.Issuer == "" {
		c.Issuer = GoogleIssuer
	}
	if c.Transport == nil {
		c.Transport = http.DefaultTransport
	}
	return &Verifier{
		keys: newKeys(c.Keys, c.Transport, c.Now),
		parser: jwt.NewParser(
			jwt.WithValidMethods([]string{"RS256"}), jwt.WithIssuer(c.Issuer), jwt.WithAudience(c.Audiences...), jwt.WithExpirationRequired(),
			jwt.WithIssuedAt(), jwt.WithStrictDecoding(), jwt.WithTimeFunc(c.Now), jwt.WithLeeway(skew),
		),
	}, nil
}

// Verify gives the claims of a token whose signature is by a key of the set, and whose issuer, audience and times are right. Keys not seen
// before are fetched, within ctx and three seconds.
func (v *Verifier) Verify(ctx context.Context, token string) (Claims, error) {
	if len(token) > maxToken || strings.Count(token, ".") != 2 {
		return Claims{}, ErrRefused
	}
	var claims Claims
	_, err := v.parser.ParseWithClaims(token, &claims, func(parsed *jwt.Token) (any, error) {
		if _, critical := parsed.Header["crit"]; critical {
			return nil, ErrRefused // it says what is not understood here
		}
		kid, _ := parsed.Header["kid"].(string)
		return v.keys.key(ctx, kid)
	})
	switch {
	case errors.Is(err, ErrUnreachable):
		return Claims{}, ErrUnreachable
	case errors.Is(err, jwt.ErrTokenExpired):
		return Claims{}, ErrExpired
	case err != nil:
		return Claims{}, ErrRefused
	}
	return claims, nil
}

// FetchKeys says whether the key set can be fetched and read.
func (c Config) FetchKeys(ctx context.Context) error {
	v, err := New(c)
	if err != nil {
		return err
	}
	return v.keys.fetch(ctx)
}
