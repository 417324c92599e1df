package linking

import "time"

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
)

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
}
