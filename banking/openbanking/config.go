package openbanking

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
	"time"

	"sotto/banking"
)

// ErrConfig means settings of a bank that cannot be worked with. Its text lists every fault, without a secret.
var ErrConfig = errors.New("bank settings")

// Dialect is the standard a bank speaks.
type Dialect string

// The dialects. Only UK31 is spoken by this package so far.
const (
	UK31 Dialect = "uk-ob-3.1"
	UK40 Dialect = "uk-ob-4.0"
	BR   Dialect = "br-of"
)

// The ways in which Sotto can prove at a bank's token endpoint who it is (OpenID Connect Core section 9, RFC 8705).
const (
	Basic      = "client_secret_basic"
	Post       = "client_secret_post"
	PrivateKey = "private_key_jwt"
	TLS        = "tls_client_auth"
)

// The forms of an authorization request: in the query, or as a signed request object (RFC 9101, FAPI 1 Advanced).
const (
	Plain  = "plain"
	Signed = "signed"
)

// The redirect URIs at which a bank's customers come back: the one that banks share, or the bank's own, where no other bank's answer is taken.
const (
	SharedCallback = "shared"
	OwnCallback    = "own"
)

// Config is one bank of SOTTO_BANKS. The yaml names are the contract's.
type Config struct {
	ID               string         `yaml:"id"`
	Name             string         `yaml:"name"` // as it is said and shown
	Dialect          Dialect        `yaml:"dialect"`
	Issuer           string         `yaml:"issuer"`
	ResourceURL      string         `yaml:"resource_url"` // ends in /aisp
	AuthorizationURL string         `yaml:"authorization_url"`
	TokenURL         string         `yaml:"token_url"`
	JWKSURL          string         `yaml:"jwks_url"`
	ClientID         string         `yaml:"client_id"`
	Auth             string         `yaml:"auth"`
	ClientSecret     banking.Secret `yaml:"client_secret"`
	SigningKeyFile   string         `yaml:"signing_key_file"` // PEM; RSA (PS256) or P-256 (ES256)
	SigningKID       string         `yaml:"signing_kid"`
	TLSCertFile      string         `yaml:"tls_cert_file"`
	TLSKeyFile       string         `yaml:"tls_key_file"`
	CAFile           string         `yaml:"ca_file"`  // roots for this bank alone, in place of the system's
	Request          string         `yaml:"request"`  // plain, where it is empty
	Callback         string         `yaml:"callback"` // shared, where it is empty
	Zone             string         `yaml:"zone"`     // IANA
	Locale           string         `yaml:"locale"`
}

// Check says everything that is wrong with c, as one ErrConfig. It reads no file.
func (c Config) Check() error {
	var faults []string
	fault := func(format string, args ...any) { faults = append(faults, fmt.Sprintf(format, args...)) }
	if !isID(c.ID) {
		fault("id must be 1 to 32 of a-z, 0-9 and -")
	}
	if strings.TrimSpace(c.Name) == "" {
		fault("name is missing")
	}
	switch c.Dialect {
	case UK31:
	case UK40, BR:
		fault("dialect %s comes later", c.Dialect)
	default:
		fault("dialect must be one of %s, %s, %s", UK31, UK40, BR)
	}
	for _, u := range []struct{ name, value string }{
		{"issuer", c.Issuer},
		{"resource_url", c.ResourceURL},
		{"authorization_url", c.AuthorizationURL},
		{"token_url", c.TokenURL},
		{"jwks_url", c.JWKSURL},
	} {
		if why := badURL(u.value); why != "" {
			fault("%s %s", u.name, why)
		}
	}
	if c.ResourceURL != "" && !strings.HasSuffix(c.ResourceURL, "/aisp") {
		fault("resource_url must end in /aisp")
	}
	if c.ClientID == "" {
		fault("client_id is missing")
	}
	if c.Callback != "" && c.Callback != SharedCallback && c.Callback != OwnCallback {
		fault("callback must be shared or own")
	}
	faults = append(faults, c.checkAuth()...)
	if _, err := time.LoadLocation(c.Zone); err != nil || c.Zone == "" || c.Zone == "Local" {
		fault("zone must be an IANA time zone such as Europe/London")
	}
	if len(faults) == 0 {
		return nil
	}
	return fmt.Errorf("%w: bank %q: %s", ErrConfig, c.ID, strings.Join(faults, "; "))
}

// checkAuth looks at what proves Sotto at the bank.
func (c Config) checkAuth() (faults []string) {
	needsKey := c.Request == Signed
	switch c.Auth {
	case Basic, Post:
		if c.ClientSecret == "" {
			faults = append(faults, "client_secret is missing, which auth "+c.Auth+" needs")
		}
	case PrivateKey:
		needsKey = true
	case TLS:
		if c.TLSCertFile == "" {
			faults = append(faults, "tls_cert_file is missing, which auth "+TLS+" needs")
		}
	default:
		faults = append(faults, fmt.Sprintf("auth must be one of %s, %s, %s, %s", Basic, Post, PrivateKey, TLS))
	}
	if c.Request != "" && c.Request != Plain && c.Request != Signed {
		faults = append(faults, "request must be plain or signed")
	}
	if needsKey && c.SigningKeyFile == "" {
		faults = append(faults, "signing_key_file is missing, which "+PrivateKey+" and signed requests need")
	}
	if needsKey && c.SigningKID == "" {
		faults = append(faults, "signing_kid is missing")
	}
	if (c.TLSCertFile == "") != (c.TLSKeyFile == "") {
		faults = append(faults, "tls_cert_file and tls_key_file go together")
	}
	return faults
}

// RedirectURI is where customers come back from the bank, and what is to be registered there. shared is the one of all banks.
func (c Config) RedirectURI(shared string) string {
	if c.Callback == OwnCallback {
		return shared + "/" + c.ID
	}
	return shared
}

// at is what a Return from the bank says of where it came to.
func (c Config) at() banking.BankID {
	if c.Callback == OwnCallback {
		return banking.BankID(c.ID)
	}
	return ""
}

func isID(id string) bool {
	if id == "" || len(id) > 32 {
		return false
	}
	return !strings.ContainsFunc(id, func(r rune) bool { return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-' })
}

// badURL says what is wrong with an endpoint; empty where nothing is. Only loopback may go without TLS.
func badURL(raw string) string {
	u, err := url.Parse(raw)
	switch {
	case raw == "":
		return "is missing"
	case err != nil || u.Host == "" || u.User != nil || u.Fragment != "":
		return "is not an absolute URL"
	case u.Scheme == "https":
		return ""
	case u.Scheme == "http" && loopback(u.Hostname()):
		return ""
	}
	return "must be https"
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
