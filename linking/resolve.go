package linking

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/golang-jwt/jwt/v5"
)

// maxJWT bounds what is parsed before its signature is known to be good. Ours have less than 1 KiB.
const maxJWT = 4 << 10

// skew is how far ahead the clock of another process of this house may be: a token that it has just signed is from our future.
const skew = 10 * time.Second

// accessType is the typ of RFC 9068, without which another JWT of ours could be taken for an access token.
const accessType = "at+jwt"

// claims are those of RFC 9068 section 2.2, and the grant, which a service's token has not.
type claims struct {
	jwt.RegisteredClaims
	Client string `json:"client_id"`
	Scope  string `json:"scope"`
	Grant  string `json:"gid,omitempty"`
}

// written is claims as sign writes them: all of them are there, and none needs a pointer.
type written struct {
	Issuer   string    `json:"iss"`
	Subject  string    `json:"sub"`
	Audience [1]string `json:"aud"`
	Expires  int64     `json:"exp"`
	Issued   int64     `json:"iat"`
	ID       string    `json:"jti"`
	Client   string    `json:"client_id"`
	Scope    string    `json:"scope"`
	Grant    string    `json:"gid,omitzero"`
}

// verified is what is remembered of a JWT with a good signature: everything that does not change.
type verified struct {
	kid      string
	hash     []byte // of what was signed, by which it is revoked
	service  bool   // of a client that acts for no customer: there is no grant
	grant    string
	client   string
	subject  string
	id       string
	audience string
	scopes   Mask
	issued   time.Time
	expires  time.Time
}

// mint makes a JWT access token.
func (a *Authority) mint(client Client, g Basis, scopes Mask) (Token, error) {
	return a.sign(client, written{Subject: g.Subject, Audience: [1]string{g.Resource}, Scope: scopes.String(), Grant: g.Grant})
}

// sign completes the claims of an access token, and signs them.
func (a *Authority) sign(client Client, c written) (Token, error) {
	key, err := a.o.Keys.signer()
	if err != nil {
		return "", fmt.Errorf("sign access token: %w", err)
	}
	now := a.o.Now()
	c.Issuer, c.Client, c.ID = a.o.Issuer, client.ID, encode(random(16))
	c.Issued, c.Expires = now.Unix(), now.Add(client.AccessTTL).Unix()
	payload, err := json.Marshal(c)
	if err != nil {
		return "", fmt.Errorf("sign access token: %w", err)
	}
	signed := key.header + "." + encode(payload)
	signature, err := jwt.SigningMethodES256.Sign(signed, key.private)
	if err != nil {
		return "", fmt.Errorf("sign access token: %w", err)
	}
	return Token(signed + "." + encode(signature)), nil
}

// Why a token is of no use, for the log. All are an ErrNotLinked.
var (
	errNoToken        = fmt.Errorf("%w: no token", ErrNotLinked)
	errMalformed      = fmt.Errorf("%w: token malformed", ErrNotLinked)
	errForged         = fmt.Errorf("%w: token forged", ErrNotLinked)
	errUnknown        = fmt.Errorf("%w: token unknown", ErrNotLinked)
	errExpired        = fmt.Errorf("%w: token expired", ErrNotLinked)
	errRevoked        = fmt.Errorf("%w: token revoked", ErrNotLinked)
	errEnded          = fmt.Errorf("%w: link ended", ErrNotLinked)
	errOtherPlatform  = fmt.Errorf("%w: token of another platform", ErrNotLinked)
	errClientIsGone   = fmt.Errorf("%w: client no longer registered", ErrNotLinked)
	errNothingAllowed = fmt.Errorf("%w: every scope withdrawn", ErrNotLinked)
)

// Resolve gives the link behind an access token that came in at a route of this platform. What is wrong with the token is an
// ErrNotLinked; any other error is a fault of ours. The grant is read at every call, so that a revocation holds at once everywhere;
// a forged JWT is refused without reading anything.
func (a *Authority) Resolve(ctx context.Context, platform Platform, token Token) (Link, error) {
	g, scopes, err := a.inspect(ctx, token)
	if err != nil {
		return Link{}, err
	}
	client, err := a.registered(g.granted.Client, scopes)
	switch {
	case err != nil:
		return Link{}, err
	case client.Platform != platform:
		return Link{}, errOtherPlatform
	}
	link, err := a.link(client, g.granted, scopes)
	link.Audience = g.token.audience
	return link, err
}

// link is the link of a grant that was found good, with the scopes that are left to it.
func (a *Authority) link(client Client, g Granted, scopes Mask) (Link, error) {
	key, err := a.openKey(g.Link, g.Key)
	if err != nil {
		return Link{}, fmt.Errorf("resolve: %w", err)
	}
	return Link{
		ID: g.Link, Client: client.ID, Platform: client.Platform, Subject: g.Subject, Scopes: scopes.Scopes(), Created: g.Created, key: key,
	}, nil
}

// registered gives the client of a good token, unless it is no longer in settings, or nothing is left that it may be told.
func (a *Authority) registered(id string, scopes Mask) (Client, error) {
	client, known := a.oauth(id)
	switch {
	case !known:
		return Client{}, errClientIsGone
	case scopes == 0:
		return Client{}, errNothingAllowed
	}
	return client, nil
}

// found is a good access token with its grant.
type found struct {
	granted Granted
	token   verified
	hash    []byte
}

// inspect finds the grant of an access token of either kind, and the scopes that are left to it.
func (a *Authority) inspect(ctx context.Context, token Token) (found, Mask, error) {
	switch {
	case token == "":
		return found{}, 0, errNoToken
	case strings.HasPrefix(string(token), accessPrefix):
		return a.inspectOpaque(ctx, token)
	case strings.HasPrefix(string(token), servicePrefix):
		return found{}, 0, errOfService
	default:
		return a.inspectJWT(ctx, token)
	}
}

func (a *Authority) inspectOpaque(ctx context.Context, token Token) (found, Mask, error) {
	if !isToken(string(token[len(accessPrefix):])) {
		return found{}, 0, errMalformed
	}
	h := hash(string(token))
	g, t, err := a.o.Store.ByAccess(ctx, h)
	switch {
	case errors.Is(err, ErrNone):
		return found{}, 0, errUnknown
	case err != nil:
		return found{}, 0, fmt.Errorf("resolve: %w", err)
	case t.Revoked:
		return found{}, 0, errRevoked
	case !t.Expires.After(a.o.Now()):
		return found{}, 0, errExpired
	case !g.Ended.IsZero():
		return found{}, 0, errEnded
	}
	scopes := g.Scopes
	if t.Scopes != 0 {
		scopes &= t.Scopes
	}
	return found{granted: g, hash: h, token: verified{
		grant: g.Grant, client: g.Client, subject: g.Subject, audience: g.Resource, scopes: scopes, issued: t.Issued, expires: t.Expires,
	}}, scopes, nil
}

func (a *Authority) inspectJWT(ctx context.Context, token Token) (found, Mask, error) {
	if len(token) > maxJWT {
		return found{}, 0, errMalformed
	}
	v, err := a.verify(string(token))
	if err != nil {
		return found{}, 0, err
	}
	if v.service {
		return found{}, 0, errOfService
	}
	g, revoked, err := a.o.Store.ByGrant(ctx, v.grant, v.hash)
	switch {
	case errors.Is(err, ErrNone):
		return found{}, 0, errUnknown
	case err != nil:
		return found{}, 0, fmt.Errorf("resolve: %w", err)
	case revoked:
		return found{}, 0, errRevoked
	case !g.Ended.IsZero():
		return found{}, 0, errEnded
	case g.Client != v.client || g.Subject != v.subject:
		return found{}, 0, errForged
	}
	return found{granted: g, hash: v.hash, token: v}, v.scopes & g.Scopes, nil
}

// verify checks a JWT's signature, once; its times, always.
func (a *Authority) verify(token string) (verified, error) {
	sum := sha256.Sum256([]byte(token))
	if v, ok := a.verified.GetIfPresent(sum); ok {
		if _, current := a.o.Keys.verifier(v.kid); !current {
			return verified{}, errForged
		}
		if !v.expires.After(a.o.Now()) {
			return verified{}, errExpired
		}
		return v, nil
	}
	if strings.Count(token, ".") != 2 || strings.ContainsAny(token, "\r\n") { // which RFC 7515 section 2 does not allow, and Go's base64 reads past
		return verified{}, errMalformed
	}
	v := verified{hash: hash(signedPart(token))}
	var c claims
	_, err := jwt.NewParser(
		jwt.WithValidMethods([]string{"ES256"}), jwt.WithIssuer(a.o.Issuer), jwt.WithExpirationRequired(), jwt.WithIssuedAt(), jwt.WithStrictDecoding(),
		jwt.WithTimeFunc(a.o.Now), jwt.WithLeeway(skew),
	).ParseWithClaims(token, &c, func(t *jwt.Token) (any, error) {
		if t.Header["typ"] != accessType {
			return nil, errors.New("not an access token")
		}
		v.kid, _ = t.Header["kid"].(string)
		key, ok := a.o.Keys.verifier(v.kid)
		if !ok {
			return nil, errors.New("no key of ours")
		}
		return key, nil
	})
	switch {
	case errors.Is(err, jwt.ErrTokenExpired):
		return verified{}, errExpired
	case errors.Is(err, jwt.ErrTokenMalformed):
		return verified{}, errMalformed
	case err != nil:
		return verified{}, errForged
	}
	if !c.ExpiresAt.After(a.o.Now()) { // the end of a token is not stretched
		return verified{}, errExpired
	}
	client, known := a.oauth(c.Client)
	if !known {
		return verified{}, errClientIsGone
	}
	scopes, ok := parseScopes(c.Scope)
	ok = ok && scopes != 0 && c.Grant != ""
	v.service = c.Scope == ListScope && c.Grant == "" && c.Subject == client.ID
	if !ok && !v.service || c.IssuedAt == nil || len(c.Audience) != 1 || !slices.Contains(a.resources(client.Platform), c.Audience[0]) {
		return verified{}, errForged
	}
	v.grant, v.client, v.subject, v.id, v.audience, v.scopes = c.Grant, c.Client, c.Subject, c.ID, c.Audience[0], scopes
	v.issued, v.expires = c.IssuedAt.Time, c.ExpiresAt.Time
	a.verified.Set(sum, v)
	return v, nil
}
