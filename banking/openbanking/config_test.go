package openbanking_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"

	"sotto/banking/openbanking"
)

func TestSettingsSayAllThatIsWrongAtOnce(t *testing.T) {
	err := openbanking.Config{ID: "A b", Dialect: "swift", Issuer: "http://bank.example", ResourceURL: "https://bank.example/open-banking", Auth: "magic", Zone: "Mars"}.Check()
	if !errors.Is(err, openbanking.ErrConfig) {
		t.Fatal(err)
	}
	for _, fault := range []string{
		"id must", "name is missing", "dialect must", "issuer must be https", "resource_url must end in /aisp", "authorization_url is missing",
		"token_url is missing", "jwks_url is missing", "client_id is missing", "auth must", "zone must",
	} {
		if !strings.Contains(err.Error(), fault) {
			t.Errorf("not said: %s", fault)
		}
	}
}

func TestSettingsThatCannotWorkAreRefused(t *testing.T) {
	a := openAlbion(t, nil)
	broken := filepath.Join(a.dir, "broken.pem")
	if err := os.WriteFile(broken, []byte("no key"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		change func(*openbanking.Config)
		fault  string
	}{
		"a dialect that is not spoken yet": {func(c *openbanking.Config) { c.Dialect = openbanking.BR }, "comes later"},
		"the next version":                 {func(c *openbanking.Config) { c.Dialect = openbanking.UK40 }, "comes later"},
		"a secret is missing":              {func(c *openbanking.Config) { c.ClientSecret = "" }, "client_secret"},
		"a key is missing":                 {func(c *openbanking.Config) { c.Auth = openbanking.PrivateKey }, "signing_key_file"},
		"a certificate is missing":         {func(c *openbanking.Config) { c.Auth = openbanking.TLS }, "tls_cert_file"},
		"half a certificate":               {func(c *openbanking.Config) { c.TLSCertFile = "cert.pem" }, "go together"},
		"a signed request with a key that cannot": {func(c *openbanking.Config) {
			c.Request, c.SigningKeyFile, c.SigningKID = openbanking.Signed, filepath.Join(a.dir, "ec.pem"), "ec"
		}, "PS256"},
		"a key file that is not there":                 {func(c *openbanking.Config) { c.SigningKeyFile = "nowhere.pem" }, "cannot be read"},
		"a key file that holds none":                   {func(c *openbanking.Config) { c.SigningKeyFile = broken }, "not PEM"},
		"roots that are none":                          {func(c *openbanking.Config) { c.CAFile = broken }, "ca_file"},
		"an unencrypted bank that is not this machine": {func(c *openbanking.Config) { c.TokenURL = "http://bank.example/token" }, "token_url must be https"},
		"a password in a URL":                          {func(c *openbanking.Config) { c.TokenURL = "https://a:b@bank.example/token" }, "token_url"},
		"a request that is neither":                    {func(c *openbanking.Config) { c.Request = "loud" }, "request must"},
		"a callback that is neither":                   {func(c *openbanking.Config) { c.Callback = "mine" }, "callback must"},
	} {
		t.Run(name, func(t *testing.T) {
			c := a.config(openbanking.Basic, openbanking.Plain)
			tc.change(&c)
			_, err := openbanking.New(c, openbanking.Options{Redirect: callback, Now: start})
			if !errors.Is(err, openbanking.ErrConfig) || !strings.Contains(err.Error(), tc.fault) || strings.Contains(err.Error(), secret) {
				t.Errorf("got %v, want it to say %q", err, tc.fault)
			}
		})
	}
}

func TestSettingsAreReadAsTheContractNamesThem(t *testing.T) {
	raw := `{id: albion, name: Albion, dialect: uk-ob-3.1, issuer: "https://a.example", resource_url: "https://a.example/aisp", authorization_url: "https://a.example/authorize",
token_url: "https://a.example/token", jwks_url: "https://a.example/jwks", client_id: me, auth: client_secret_basic, client_secret: s, signing_key_file: k, signing_kid: kid,
tls_cert_file: c, tls_key_file: k, ca_file: r, request: signed, zone: Europe/London, locale: en-GB}`
	var c openbanking.Config
	decoder := yaml.NewDecoder(strings.NewReader(raw))
	decoder.KnownFields(true)
	if err := decoder.Decode(&c); err != nil {
		t.Fatal(err)
	}
	if err := c.Check(); err != nil || c.ClientSecret != "s" || c.CAFile != "r" || c.Locale != "en-GB" {
		t.Errorf("%v, %+v", err, c)
	}
}
