package dialogflow

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// skew is how far Google's clock may be from ours.
const skew = 30 * time.Second

// tokens verifies ID tokens: OpenID Connect Core 1.0, section 3.1.3.7, as Google signs them, which is RS256.
type tokens struct {
	keys   *keys
	emails []string
	parser *jwt.Parser
}

// identity are the claims that are looked at. Google writes email_verified as a boolean.
type identity struct {
	jwt.RegisteredClaims
	Email    string `json:"email"`
	Verified bool   `json:"email_verified"`
}

// FetchKeys says whether the key set of ID tokens can be fetched and read.
func (c Config) FetchKeys(ctx context.Context, now func() time.Time) error {
	c = c.withDefaults()
	return newKeys(c.Keys, c.Transport, now).fetch(ctx)
}

// withDefaults is c with Google's own where nothing was said.
func (c Config) withDefaults() Config {
	if c.Keys == "" {
		c.Keys = GoogleKeys
	}
	if c.Issuer == "" {
		c.Issuer = GoogleIssuer
	}
	if c.Transport == nil {
		c.Transport = http.DefaultTransport
	}
	return c
}

func newTokens(c Config) *tokens {
	c = c.withDefaults()
	return &tokens{
		keys: newKeys(c.Keys, c.Transport, c.Now), emails: c.Emails,
		parser: jwt.NewParser(
			jwt.WithValidMethods([]string{"RS256"}), jwt.WithIssuer(c.Issuer), jwt.WithAudience(c.Audiences...), jwt.WithExpirationRequired(),
			jwt.WithIssuedAt(), jwt.WithStrictDecoding(), jwt.WithTimeFunc(c.Now), jwt.WithLeeway(skew),
		),
	}
}

// verify takes a token if its signature is by a key of the set, its issuer, audience and times are right, and it is of the agent's own
// service account.
func (t *tokens) verify(ctx context.Context, token string) error {
	if strings.Count(token, ".") != 2 {
		return refuse(IDToken)
	}
	var claims identity
	_, err := t.parser.ParseWithClaims(token, &claims, func(parsed *jwt.Token) (any, error) {
		kid, _ := parsed.Header["kid"].(string)
		return t.keys.key(ctx, kid)
	})
	switch {
	case errors.Is(err, errUnreachable):
		return refuse(Keys)
	case errors.Is(err, jwt.ErrTokenExpired):
		return refuse(Expired)
	case err != nil:
		return refuse(IDToken)
	case !claims.Verified || !slices.Contains(t.emails, claims.Email):
		return refuse(Agent)
	}
	return nil
}
