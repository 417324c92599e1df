package linking

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
)

// ErrClients means something is wrong with a client in settings; the text says what, and names no secret.
var ErrClients = errors.New("clients")

// shortest is what Alexa asks of an access token's lifetime; longest keeps a stolen one from being good for long.
const (
	shortest = 360 * time.Second
	longest  = 24 * time.Hour
)

var (
	hexDigest = regexp.MustCompile(`^[0-9a-f]{64}$`)
	clientID  = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._~-]{0,127}$`)
)

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
