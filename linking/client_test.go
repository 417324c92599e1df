package linking_test

import (
	"errors"
	"net/url"
	"strings"
	"testing"
	"time"

	"sotto/linking"
)

func TestEveryFaultOfEveryClientIsListed(t *testing.T) {
	good := func(client string) linking.Client {
		for _, c := range clients() {
			if c.ID == client {
				return c
			}
		}
		panic(client)
	}
	for name, tc := range map[string]struct {
		client string
		change func(*linking.Client)
		want   string // in the fault; empty: there is none
	}{
		"as it is":                          {"alexa", func(*linking.Client) {}, ""},
		"public":                            {"mcp", func(*linking.Client) {}, ""},
		"Messenger":                         {"chat", func(*linking.Client) {}, ""},
		"Google without PKCE":               {"google", func(*linking.Client) {}, ""},
		"a service that only authenticates": {"alexa", func(c *linking.Client) { c.Platform, c.RedirectURIs, c.Scopes = linking.Service, nil, nil }, ""},
		"loopback on IPv6":                  {"mcp", func(c *linking.Client) { c.RedirectURIs = []string{"http://[::1]:8080/cb"} }, ""},
		"no id":                             {"alexa", func(c *linking.Client) { c.ID = "" }, "id must"},
		"an id with a colon, which Basic cannot carry": {"alexa", func(c *linking.Client) { c.ID = "a:b" }, "id must"},
		"no name":                              {"alexa", func(c *linking.Client) { c.Name = "" }, "name must"},
		"no platform":                          {"alexa", func(c *linking.Client) { c.Platform = "" }, "platform must"},
		"a platform nobody knows":              {"alexa", func(c *linking.Client) { c.Platform = "siri" }, "platform must"},
		"a scope nobody knows":                 {"alexa", func(c *linking.Client) { c.Scopes = []linking.Scope{"payments"} }, "scopes must be of balances spending transactions income upcoming"},
		"no scopes":                            {"alexa", func(c *linking.Client) { c.Scopes = nil }, "scopes are missing"},
		"no authentication said":               {"alexa", func(c *linking.Client) { c.Auth = "" }, "auth must"},
		"no secret":                            {"alexa", func(c *linking.Client) { c.SecretSHA256 = "" }, "secret_sha256 must"},
		"a secret in upper-case hex":           {"alexa", func(c *linking.Client) { c.SecretSHA256 = strings.ToUpper(c.SecretSHA256) }, "secret_sha256 must"},
		"the secret itself":                    {"alexa", func(c *linking.Client) { c.SecretSHA256 = secret }, "secret_sha256 must"},
		"the hash of an empty secret":          {"alexa", func(c *linking.Client) { c.SecretSHA256 = digest("") }, "empty secret"},
		"a public client with a secret":        {"mcp", func(c *linking.Client) { c.SecretSHA256 = digest(secret) }, "has no secret"},
		"a public client that is stable":       {"mcp", func(c *linking.Client) { c.Refresh = linking.Stable }, "must rotate"},
		"a client that signs, without keys":    {"alexa", func(c *linking.Client) { c.Auth, c.SecretSHA256 = linking.PrivateKeyJWT, "" }, "jwks_file is missing"},
		"a client that signs and has a secret": {"alexa", func(c *linking.Client) { c.Auth = linking.PrivateKeyJWT }, "has no secret"},
		"pushed requests, always":              {"alexa", func(c *linking.Client) { c.PAR = linking.Required }, ""},
		"pushed requests, perhaps":             {"alexa", func(c *linking.Client) { c.PAR = "sometimes" }, "par must be"},
		"a grant nobody knows":                 {"alexa", func(c *linking.Client) { c.Grants = []string{"password"} }, `grant "password" is not known`},
		"a skill that would list":              {"alexa", func(c *linking.Client) { c.Grants = []string{"client_credentials"} }, "a skill has nothing to list"},
		"a public client that would list": {"mcp", func(c *linking.Client) {
			c.Grants = []string{"authorization_code", "refresh_token", "client_credentials"}
		}, "needs a client that authenticates"},
		"a service that would act for a customer": {"alexa", func(c *linking.Client) { c.Platform, c.Grants = linking.Service, []string{"authorization_code"} }, "its only grant is client_credentials"},
		"a service that anybody could be":         {"alexa", func(c *linking.Client) { c.Platform, c.Auth, c.SecretSHA256 = linking.Service, linking.Public, "" }, "a service client must authenticate"},
		"Google that links by its accounts, too": {"google", func(c *linking.Client) {
			c.Grants = []string{"authorization_code", "refresh_token", linking.JWTBearer}
		}, ""},
		"a skill that would link by Google's accounts": {"alexa", func(c *linking.Client) {
			c.Grants = []string{"authorization_code", linking.JWTBearer}
		}, "is for google with a secret or a key"},
		"Google that links by its accounts alone": {"google", func(c *linking.Client) { c.Grants = []string{linking.JWTBearer} }, "needs authorization_code"},
		"an assistant that lists for itself, too": {"google", func(c *linking.Client) {
			c.Grants = []string{"authorization_code", "refresh_token", "client_credentials"}
		}, ""},
		"refresh alone":                        {"alexa", func(c *linking.Client) { c.Grants = []string{"refresh_token"} }, "needs authorization_code"},
		"PKCE optional for Alexa":              {"alexa", func(c *linking.Client) { c.PKCE = linking.Optional }, "only for google"},
		"PKCE optional without a secret":       {"google", func(c *linking.Client) { c.Auth, c.SecretSHA256, c.Refresh = linking.Public, "", linking.Rotate }, "only for google with a secret"},
		"JWTs for Google":                      {"google", func(c *linking.Client) { c.AccessToken = linking.JWT }, "google refuses"},
		"a token that is neither":              {"alexa", func(c *linking.Client) { c.AccessToken = "paseto" }, "access_token must"},
		"a life too short for Alexa":           {"alexa", func(c *linking.Client) { c.AccessTTL = 359 * time.Second }, "access_ttl must be from 6m0s"},
		"the shortest life for Alexa":          {"alexa", func(c *linking.Client) { c.AccessTTL = 360 * time.Second }, ""},
		"the longest life":                     {"alexa", func(c *linking.Client) { c.AccessTTL = 24 * time.Hour }, ""},
		"a life too long":                      {"alexa", func(c *linking.Client) { c.AccessTTL = 24*time.Hour + time.Second }, "access_ttl must"},
		"a refresh policy nobody knows":        {"alexa", func(c *linking.Client) { c.Refresh = "sometimes" }, "refresh must"},
		"no redirect URIs":                     {"alexa", func(c *linking.Client) { c.RedirectURIs = nil }, "redirect_uris are missing"},
		"a redirect without TLS":               {"alexa", func(c *linking.Client) { c.RedirectURIs = []string{"http://client.example/"} }, "redirect URI"},
		"a redirect to an app's scheme":        {"alexa", func(c *linking.Client) { c.RedirectURIs = []string{"app:/cb"} }, "redirect URI"},
		"a redirect with a fragment":           {"alexa", func(c *linking.Client) { c.RedirectURIs = []string{"https://client.example/#x"} }, "redirect URI"},
		"a redirect with a user":               {"alexa", func(c *linking.Client) { c.RedirectURIs = []string{"https://a@client.example/"} }, "redirect URI"},
		"a relative redirect":                  {"alexa", func(c *linking.Client) { c.RedirectURIs = []string{"/cb"} }, "redirect URI"},
		"a redirect to a script":               {"alexa", func(c *linking.Client) { c.RedirectURIs = []string{"javascript:alert(1)"} }, "redirect URI"},
		"a redirect with a space":              {"alexa", func(c *linking.Client) { c.RedirectURIs = []string{"https://client.example/a b"} }, "redirect URI"},
		"a host that only looks like loopback": {"mcp", func(c *linking.Client) { c.RedirectURIs = []string{"http://127.0.0.1.evil.example/"} }, "redirect URI"},
		"Messenger with a secret":              {"chat", func(c *linking.Client) { c.SecretSHA256 = digest(secret) }, "no OAuth client"},
	} {
		t.Run(name, func(t *testing.T) {
			c := good(tc.client)
			tc.change(&c)
			faults := c.Faults()
			if tc.want == "" {
				if len(faults) > 0 {
					t.Errorf("got %v", faults)
				}
				return
			}
			err := errors.Join(faults...)
			if !errors.Is(err, linking.ErrClients) || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got %v, want %q", err, tc.want)
			}
			if strings.Contains(err.Error(), secret) {
				t.Error("the fault shows a secret")
			}
		})
	}
}

func TestAllFaultsOfAllClientsAreSaidAtOnce(t *testing.T) {
	h := open(t)
	all := clients()
	all[0].Name, all[0].RedirectURIs = "", nil
	all[1].ID = "google"
	_, err := linking.New(linking.Options{Issuer: issuer + "/", Clients: all, Keys: h.keys, Store: h.store, Connections: h.bank, Now: h.Now})
	if err == nil {
		t.Fatal("accepted")
	}
	for _, want := range []string{"name must", "redirect_uris are missing", "taken by another client", "trailing slash"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is missing in: %v", want, err)
		}
	}
}

// TestALoopbackRedirectMayHaveAnyPort: RFC 8252 section 7.3. The port alone: the three names of this machine do not stand for one another, because what
// listens behind them may be another's.
func TestALoopbackRedirectMayHaveAnyPort(t *testing.T) {
	hosts := []string{"127.0.0.1", "[::1]", "localhost"}
	for _, registered := range hosts {
		h := open(t)
		local := clients()[3]
		local.ID, local.RedirectURIs = "local", []string{"http://" + registered + ":8080/callback"}
		h.Authority = h.authority([]linking.Client{local})
		for _, asked := range hosts {
			for port, valid := range map[string]bool{"": true, ":8080": true, ":49152": true, ":65535": true, ":0": false, ":65536": false, ":": false, ":8o": false} {
				q := request("mcp")
				q.Set("client_id", "local")
				q.Set("redirect_uri", "http://"+asked+port+"/callback")
				q.Set("response_type", "token") // so that the refusal says whether it would redirect
				_, err := h.Authorize(t.Context(), q.Encode(), "")
				var e *linking.OAuthError
				if !errors.As(err, &e) {
					t.Fatalf("got %v, want a refusal", err)
				}
				if want := valid && asked == registered; strings.HasPrefix(e.Redirect, q.Get("redirect_uri")+"?") != want {
					t.Errorf("registered on %s, asked for %s%s: redirected to %q", registered, asked, port, e.Redirect)
				}
			}
		}
	}
}

// FuzzRedirect: whatever is asked for, the browser is sent to a registered place or not at all.
func FuzzRedirect(f *testing.F) {
	h := open(f)
	for _, seed := range []string{
		"http://127.0.0.1/callback", "http://127.0.0.1:8080/callback", "http://127.0.0.1:8080/callback?x", "http://127.0.0.1:8080@evil.example/callback",
		"http://127.0.0.1:/callback", "http://127.0.0.1:99999/callback", "http://127.0.0.1:1/callback/../x", "HTTP://127.0.0.1/callback", "http://localhost/callback",
		"http://127.0.0.1\\@evil.example/callback", "http://127.0.0.1:80#/callback", "//127.0.0.1/callback", "https://127.0.0.1/callback",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, asked string) {
		q := request("mcp")
		q.Set("redirect_uri", asked)
		q.Set("response_type", "token") // so that nothing is kept, and the refusal says whether it would redirect
		_, err := h.Authorize(t.Context(), q.Encode(), "")
		var e *linking.OAuthError
		if !errors.As(err, &e) {
			t.Fatalf("got %v, want a refusal", err)
		}
		if e.Redirect == "" {
			return
		}
		u, err := url.Parse(e.Redirect)
		if err != nil || u.Scheme != "http" || u.Hostname() != "127.0.0.1" || u.EscapedPath() != "/callback" || u.User != nil || u.Fragment != "" {
			t.Errorf("asked for %q, redirected to %q, %v", asked, e.Redirect, err)
		}
	})
}
