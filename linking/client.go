package linking

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
)

// ErrClients means something is wrong with a client in settings; the text says what, and names no secret.
var ErrClients = errors.New("clients")

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

// shortest is what Alexa asks of an access token's lifetime; longest keeps a stolen one from being good for long.
const (
	shortest = 360 * time.Second
	longest  = 24 * time.Hour
)

var (
	hexDigest = regexp.MustCompile(`^[0-9a-f]{64}$`)
	clientID  = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._~-]{0,127}$`)
)

// WithDefaults is c with what settings may leave out filled in: the safe choice for the client's kind.
func (c Client) WithDefaults() Client {
	if c.Platform == Messenger {
		return c
	}
	either := func(yes bool, a, b string) string {
		if yes {
			return a
		}
		return b
	}
	if c.AccessToken == "" {
		c.AccessToken = TokenFormat(either(c.Platform == Google, string(Opaque), string(JWT)))
	}
	if c.Refresh == "" {
		c.Refresh = RefreshPolicy(either(c.Auth == Public, string(Rotate), string(Stable)))
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

// Faults lists everything that is wrong with c, nil where nothing is. Members that were left out have their defaults.
func (c Client) Faults() []error {
	c = c.WithDefaults()
	var faults []error
	fault := func(bad bool, format string, args ...any) {
		if bad {
			faults = append(faults, fmt.Errorf("%w: %q: %s", ErrClients, c.ID, fmt.Sprintf(format, args...)))
		}
	}
	fault(!clientID.MatchString(c.ID), "id must be 1 to 128 letters, digits or any of . _ ~ -")
	fault(c.Name == "" || len(c.Name) > 100, "name must have 1 to 100 bytes; customers read it")
	fault(!slices.Contains([]Platform{Alexa, Google, Messenger, MCP, Service}, c.Platform), "platform must be alexa, google, messenger, mcp or service")
	allowed, known := mask(c.Scopes)
	fault(!known, "scopes must be of %s", Mask(1<<len(all)-1))
	fault(known && allowed == 0 && c.Platform != Service, "scopes are missing")
	if c.Platform == Messenger {
		fault(c.SecretSHA256 != "" || c.JWKSFile != "" || c.Auth != "" || c.RedirectURIs != nil || c.Grants != nil || c.AccessToken != "" ||
			c.AccessTTL != 0 || c.Refresh != "" || c.PKCE != "" || c.PAR != "", "messenger is no OAuth client: say id, name, platform and scopes only")
		return faults
	}
	c.authFaults(fault)
	c.tokenFaults(fault)
	c.redirectFaults(fault)
	return faults
}

func (c Client) authFaults(fault func(bool, string, ...any)) {
	switch c.Auth {
	case BasicOrPost:
		fault(!hexDigest.MatchString(c.SecretSHA256), "secret_sha256 must be the lower-case hex SHA-256 of the secret")
		empty := sha256.Sum256(nil)
		fault(c.SecretSHA256 == hex.EncodeToString(empty[:]), "secret_sha256 is that of an empty secret")
		fault(c.JWKSFile != "", "jwks_file is for private_key_jwt")
	case Public:
		fault(c.SecretSHA256 != "", "a public client (auth: none) has no secret")
		fault(c.JWKSFile != "", "jwks_file is for private_key_jwt")
		fault(c.Platform == Service, "a service client must authenticate")
	case PrivateKeyJWT:
		fault(c.SecretSHA256 != "", "a client that signs (auth: private_key_jwt) has no secret")
		fault(c.JWKSFile == "", "jwks_file is missing, which private_key_jwt needs")
		fault(c.JWKSFile != "" && c.JWKS == nil, "jwks_file %s cannot be read: is it there, and may this process read it?", c.JWKSFile)
		if c.JWKS != nil {
			_, err := readClientKeys(c.JWKS)
			fault(err != nil, "jwks_file %s: %v", c.JWKSFile, err)
		}
	default:
		fault(true, "auth must be basic_or_post, private_key_jwt or none")
	}
	fault(c.PAR != Required && c.PAR != Optional, "par must be required or optional")
	fault(c.PKCE != Required && c.PKCE != Optional, "pkce must be required or optional")
	fault(c.PKCE == Optional && (c.Platform != Google || c.Auth == Public), "pkce may be optional only for google with a secret or a key")
}

func (c Client) tokenFaults(fault func(bool, string, ...any)) {
	for _, g := range c.Grants {
		fault(!slices.Contains(grants, g), "grant %q is not known: say some of %s", g, strings.Join(grants, ", "))
		fault(c.Platform == Service && g != ClientCredentials, "a service acts for no customer: its only grant is client_credentials, not %s", g)
	}
	speaks := slices.Contains(c.Grants, ClientCredentials)
	fault(speaks && c.Auth == Public, "client_credentials needs a client that authenticates")
	fault(speaks && c.Platform == Alexa, "client_credentials is for service, google and mcp: a skill has nothing to list")
	fault(slices.Contains(c.Grants, JWTBearer) && (c.Platform != Google || c.Auth == Public), "%s is for google with a secret or a key", JWTBearer)
	fault(slices.Contains(c.Grants, JWTBearer) && !slices.Contains(c.Grants, AuthorizationCode), "%s needs authorization_code", JWTBearer)
	fault(slices.Contains(c.Grants, RefreshToken) && !slices.Contains(c.Grants, AuthorizationCode), "refresh_token needs authorization_code")
	fault(c.AccessToken != JWT && c.AccessToken != Opaque, "access_token must be jwt or opaque")
	fault(c.AccessToken == JWT && c.Platform == Google, "google refuses access tokens that are JWTs; say access_token: opaque")
	fault(c.AccessTTL < shortest || c.AccessTTL > longest, "access_ttl must be from %s to %s", shortest, longest)
	fault(c.Refresh != Stable && c.Refresh != Rotate, "refresh must be stable or rotate")
	fault(c.Refresh == Stable && c.Auth == Public, "a public client must rotate its refresh tokens")
}

func (c Client) redirectFaults(fault func(bool, string, ...any)) {
	fault(slices.Contains(c.Grants, AuthorizationCode) && len(c.RedirectURIs) == 0, "redirect_uris are missing")
	for _, raw := range c.RedirectURIs {
		fault(!redirectable(raw), "redirect URI %q must be absolute https, or http on 127.0.0.1, [::1] or localhost, without fragment or user", raw)
	}
}

// redirectable says whether raw may be registered as a redirect URI.
func redirectable(raw string) bool {
	u, err := url.Parse(raw)
	if err != nil || len(raw) > 2048 || u.Host == "" || u.Opaque != "" || u.User != nil || strings.Contains(raw, "#") {
		return false
	}
	for _, b := range []byte(raw) {
		if b <= ' ' || b >= 0x7f {
			return false
		}
	}
	return u.Scheme == "https" && u.Hostname() != "" || u.Scheme == "http" && loopback(u.Hostname())
}

func loopback(host string) bool {
	if host == "localhost" {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Zone() == "" && (ip == netip.IPv6Loopback() || ip == netip.AddrFrom4([4]byte{127, 0, 0, 1}))
}

// redirects says whether the client may be answered at asked: byte for byte one it registered. Where that is http on a loopback
// host, the port may be any (RFC 8252 section 7.3): for a public client always, for another if it registered none.
func (c Client) redirects(asked string) bool {
	if slices.Contains(c.RedirectURIs, asked) {
		return true
	}
	for _, registered := range c.RedirectURIs {
		if c.samePortless(registered, asked) {
			return true
		}
	}
	return false
}

func (c Client) samePortless(registered, asked string) bool {
	r, err := url.Parse(registered)
	if err != nil || r.Scheme != "http" || !loopback(r.Hostname()) || c.Auth != Public && r.Port() != "" {
		return false
	}
	// Cut the port out of the bytes that were sent, so that nothing else is normalised on the way.
	rest, ok := strings.CutPrefix(asked, "http://")
	if !ok {
		return false
	}
	end := strings.IndexAny(rest, "/?")
	if end < 0 {
		end = len(rest)
	}
	host, port, found := cutPort(rest[:end])
	if found && !validPort(port) {
		return false
	}
	registeredHost, _, _ := cutPort(r.Host)
	return host == registeredHost && rest[end:] == strings.TrimPrefix(registered, "http://"+r.Host)
}

// cutPort cuts "127.0.0.1:80" or "[::1]:80".
func cutPort(hostport string) (host, port string, found bool) {
	i := strings.LastIndexByte(hostport, ':')
	if i < 0 || strings.HasSuffix(hostport, "]") {
		return hostport, "", false
	}
	return hostport[:i], hostport[i+1:], true
}

func validPort(port string) bool {
	if len(port) == 0 || len(port) > 5 || port[0] == '0' {
		return false
	}
	n := 0
	for _, b := range []byte(port) {
		if b < '0' || b > '9' {
			return false
		}
		n = n*10 + int(b-'0')
	}
	return n <= 65535
}

// may says whether the client can use a grant type.
func (c Client) may(grant string) bool { return slices.Contains(c.Grants, grant) }

// proves says whether secret is the client's.
func (c Client) proves(secret string) bool {
	sum := sha256.Sum256([]byte(secret))
	want, err := hex.DecodeString(c.SecretSHA256)
	return err == nil && subtle.ConstantTimeCompare(sum[:], want) == 1
}
