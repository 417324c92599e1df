package linking

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"slices"
	"time"
)

// ClientAuth is how a client proves who it is at the token endpoint.
type ClientAuth string

// The ways of client authentication.
const (
	BasicOrPost   ClientAuth = "basic_or_post"
	PrivateKeyJWT ClientAuth = "private_key_jwt"
	Public        ClientAuth = "none"
)

// TokenFormat is what an access token looks like.
type TokenFormat string

// The formats.
const (
	JWT    TokenFormat = "jwt"    // RFC 9068
	Opaque TokenFormat = "opaque" // a reference, for platforms that refuse JWTs
)

// RefreshPolicy is what becomes of a refresh token that was used.
type RefreshPolicy string

// The policies.
const (
	Stable RefreshPolicy = "stable" // it stays; client authentication binds it
	Rotate RefreshPolicy = "rotate" // it is replaced
)

// Need says whether something must be there.
type Need string

// The needs.
const (
	Required Need = "required"
	Optional Need = "optional"
)

// The grants a client can use.
const (
	AuthorizationCode = "authorization_code"
	RefreshToken      = "refresh_token"
	ClientCredentials = "client_credentials"
)

var grants = []string{AuthorizationCode, RefreshToken, ClientCredentials, JWTBearer}

// Client is one assistant as an OAuth client. The names in YAML are those of SOTTO_CLIENTS.
type Client struct {
	ID           string        `yaml:"id"`
	Name         string        `yaml:"name"` // as the customer reads it
	Platform     Platform      `yaml:"platform"`
	SecretSHA256 string        `yaml:"secret_sha256"` // lower-case hex of the UTF-8 secret
	JWKSFile     string        `yaml:"jwks_file"`
	Auth         ClientAuth    `yaml:"auth"`
	RedirectURIs []string      `yaml:"redirect_uris"`
	Grants       []string      `yaml:"grants"`
	AccessToken  TokenFormat   `yaml:"access_token"`
	AccessTTL    time.Duration `yaml:"access_ttl"`
	Refresh      RefreshPolicy `yaml:"refresh"`
	PKCE         Need          `yaml:"pkce"`
	PAR          Need          `yaml:"par"`
	Scopes       []Scope       `yaml:"scopes"`

	JWKS []byte `yaml:"-"` // what JWKSFile holds: the client's public keys (RFC 7517), for PrivateKeyJWT
	keys []clientKey
	// documented says that the client is in no settings, and introduces itself with a document at the address that is its id.
	documented bool
}

// WithDefaults is c with what settings may leave out filled in: the safe choice for the client's kind.
func (c Client) WithDefaults() Client {
	if c.Platform == Messenger {
		return c
	}
	if c.AccessToken == "" {
		c.AccessToken = JWT
		if c.Platform == Google {
			c.AccessToken = Opaque
		}
	}
	if c.Refresh == "" {
		c.Refresh = Stable
		if c.Auth == Public {
			c.Refresh = Rotate
		}
	}
	if c.PKCE == "" {
		c.PKCE = Required
	}
	if c.PAR == "" {
		c.PAR = Optional
	}
	if c.AccessTTL == 0 {
		c.AccessTTL = time.Hour
	}
	if c.Grants == nil {
		c.Grants = []string{AuthorizationCode, RefreshToken}
		if c.Platform == Service {
			c.Grants = []string{ClientCredentials}
		}
	}
	return c
}

// may says whether the client can use a grant type.
func (c Client) may(grant string) bool { return slices.Contains(c.Grants, grant) }

// proves says whether secret is the client's.
func (c Client) proves(secret string) bool {
	sum := sha256.Sum256([]byte(secret))
	want, err := hex.DecodeString(c.SecretSHA256)
	return err == nil && subtle.ConstantTimeCompare(sum[:], want) == 1
}
