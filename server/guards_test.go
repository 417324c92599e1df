package server_test

import (
	"bytes"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sotto/linking"
	"sotto/skills"
	"sotto/tests/loopback"
)

// authorizePath is a good authorization request of the house's Alexa client, with more or other parameters.
func (h *house) authorizePath(more ...string) string {
	c := h.Dev().Clients["alexa"]
	q := url.Values{
		"response_type": {"code"}, "client_id": {c.ID}, "redirect_uri": {c.RedirectURIs[0]}, "state": {"s"},
		"code_challenge": {"E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"}, "code_challenge_method": {"S256"},
	}
	for i := 0; i+1 < len(more); i += 2 {
		q.Set(more[i], more[i+1])
	}
	return "/oauth/authorize?" + q.Encode()
}

// TestWhatABrowserIsToldOfEveryAnswer: frames, sniffing, referrers, caches and other origins (RFC 9700 sections 2.6, 4.2.4 and 4.16).
func TestWhatABrowserIsToldOfEveryAnswer(t *testing.T) {
	h := openHouse(t, t.TempDir())
	form := map[string]string{"Content-Type": "application/x-www-form-urlencoded", "Origin": "https://evil.example"}
	for name, tc := range map[string]struct {
		method, path, body string
		keep               bool // may be kept by a cache
		read               bool // by whatever page
	}{
		"the consent page":                 {method: http.MethodGet, path: h.authorizePath()},
		"a refusal that is redirected":     {method: http.MethodGet, path: h.authorizePath("response_type", "token")},
		"a refusal on a page":              {method: http.MethodGet, path: h.authorizePath("redirect_uri", "https://evil.example/")},
		"the callback":                     {method: http.MethodGet, path: "/link/callback"},
		"an answer of the bank":            {method: http.MethodGet, path: "/link/callback?state=x&code=y"},
		"a posted answer of the bank":      {method: http.MethodPost, path: "/link/callback", body: "state=x&code=y"},
		"the token endpoint":               {method: http.MethodPost, path: "/oauth/token", body: "grant_type=x"},
		"the revocation endpoint":          {method: http.MethodPost, path: "/oauth/revoke", body: "token=x"},
		"the endpoint for pushed requests": {method: http.MethodPost, path: "/oauth/par", body: "client_id=x"},
		"the introspection endpoint":       {method: http.MethodPost, path: "/oauth/introspect", body: "token=x"},
		"a browser that asks before":       {method: http.MethodOptions, path: "/oauth/authorize", keep: true}, // it is told nothing
		"an Alexa request":                 {method: http.MethodPost, path: "/alexa", body: "{}"},
		"the metadata":                     {method: http.MethodGet, path: "/.well-known/oauth-authorization-server", keep: true, read: true},
		"who a customer is":                {method: http.MethodGet, path: "/oauth/userinfo"},
	} {
		t.Run(name, func(t *testing.T) {
			_, header, _ := h.ask(t, tc.method, tc.path, tc.body, form)
			policy := header.Get("Content-Security-Policy")
			for _, part := range []string{"default-src 'none'", "form-action 'self'", "frame-ancestors 'none'", "base-uri 'none'"} {
				if !strings.Contains(policy, part) {
					t.Errorf("the policy does not say %s: %q", part, policy)
				}
			}
			if strings.Contains(policy, "unsafe") || strings.Contains(policy, "script-src") && !strings.Contains(policy, "script-src 'self'") {
				t.Errorf("the policy lets foreign script run: %q", policy)
			}
			if header.Get("X-Frame-Options") != "DENY" || header.Get("X-Content-Type-Options") != "nosniff" || header.Get("Referrer-Policy") != "same-origin" {
				t.Errorf("frames %q, sniffing %q, referrer %q", header.Get("X-Frame-Options"), header.Get("X-Content-Type-Options"), header.Get("Referrer-Policy"))
			}
			if read := header.Get("Access-Control-Allow-Origin") != ""; read != tc.read {
				t.Errorf("another origin may read the answer: %v", read)
			}
			if kept := header.Get("Cache-Control") != "no-store"; kept && !tc.keep {
				t.Errorf("it may be kept: %q", header.Get("Cache-Control"))
			}
			if tc.path == "/oauth/token" && header.Get("Pragma") != "no-cache" { // RFC 6749 section 5.1
				t.Errorf("a cache of old may keep it: %q", header.Get("Pragma"))
			}
		})
	}
}

// TestABrowserIsSentOnWithoutWhatItPosted: 303, or a page; never 307 or 308, with which a browser posts the same form again (RFC 9700
// section 4.12).
func TestABrowserIsSentOnWithoutWhatItPosted(t *testing.T) {
	h := openHouse(t, t.TempDir())
	form := map[string]string{"Content-Type": "application/x-www-form-urlencoded"}
	redirect := h.Dev().Clients["alexa"].RedirectURIs[0]

	status, header, _ := h.ask(t, http.MethodGet, h.authorizePath("response_type", "token"), "", nil)
	if status != http.StatusSeeOther || !strings.HasPrefix(header.Get("Location"), redirect) {
		t.Errorf("a refusal goes to the client with %d to %q", status, header.Get("Location"))
	}
	status, header, _ = h.ask(t, http.MethodPost, "/link/callback", "state=x&code=y&more=z", form)
	if to := header.Get("Location"); status != http.StatusSeeOther || to != "/link/callback?code=y&state=x" {
		t.Errorf("what a bank posted goes on with %d to %q", status, to)
	}
	status, header, body := h.ask(t, http.MethodGet, h.authorizePath(), "", nil)
	_, rest, found := strings.Cut(body, `name="interaction" value="`)
	interaction, _, closed := strings.Cut(rest, `"`)
	if status != http.StatusOK || !found || !closed {
		t.Fatalf("no consent page: %d", status)
	}
	cookie, _, _ := strings.Cut(header.Get("Set-Cookie"), ";")
	form["Cookie"] = cookie
	for _, d := range []struct{ to, decision string }{
		{h.Dev().BankURL, url.Values{"interaction": {interaction}, "decision": {"approve"}, "bank": {"albion"}, "scope": {"balances"}}.Encode()},
		{redirect, url.Values{"interaction": {interaction}, "decision": {"deny"}}.Encode()}, // the last: after it the interaction is over
	} {
		status, header, body := h.ask(t, http.MethodPost, "/oauth/authorize", d.decision, form)
		if status != http.StatusOK || header.Get("Location") != "" || !strings.Contains(body, `content="0;url=`+d.to) {
			t.Errorf("a posted decision is answered with %d, Location %q, and not with a page that leads to %s", status, header.Get("Location"), d.to)
		}
	}
}

// TestTheCookieOfAPublicHouse: bound to this host, to https, and out of reach for scripts and other sites; and the browser is told to stay
// with https.
func TestTheCookieOfAPublicHouse(t *testing.T) {
	for public, want := range map[bool]string{
		true:  "; Path=/; Max-Age=1800; HttpOnly; Secure; SameSite=Lax",
		false: "; Path=/; Max-Age=1800; HttpOnly; SameSite=Lax",
	} {
		addr, name, base := loopback.Free(t), "sotto=", "http://localhost"
		if public {
			name, base = "__Host-sotto=", "https://localhost"
		}
		h := openHouse(t, t.TempDir(), "SOTTO_ADDR="+addr, "SOTTO_PUBLIC_URL="+base)
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+addr+h.authorizePath(), nil)
		if err != nil {
			t.Fatal(err)
		}
		response, err := http.DefaultTransport.RoundTrip(request)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		cookie := response.Header.Get("Set-Cookie")
		if response.StatusCode != http.StatusOK || !strings.HasPrefix(cookie, name) || !strings.HasSuffix(cookie, want) {
			t.Errorf("public %v: %d, the cookie is %q", public, response.StatusCode, cookie)
		}
		if strict := response.Header.Get("Strict-Transport-Security"); strings.HasPrefix(strict, "max-age=63072000") != public {
			t.Errorf("public %v: transport security is %q", public, strict)
		}
	}
}

// TestAThiefOfTheDatabaseFindsNothingToUse looks in every byte of its files, for whatever a house was given or gave in a run.
func TestAThiefOfTheDatabaseFindsNothingToUse(t *testing.T) {
	state := t.TempDir()
	h := openHouse(t, state)
	secrets := map[string]string{}
	for name, c := range h.Dev().Clients {
		if name != "alexa" && name != "google" && name != "mcp" {
			continue
		}
		g := h.linkClient(t, c, c.RedirectURIs[0], "grace")
		secrets[name+"'s access token"], secrets[name+"'s refresh token"], secrets[name+"'s secret"] = g.Access, g.Refresh, c.Secret
		if name == "alexa" {
			h.say(t, linking.Token(g.Access), skills.Balance)
		}
	}
	for _, c := range h.Dev().Banks[0].Customers {
		secrets[c.Username+"'s password"], secrets[c.Username+"'s one-time code"] = c.Password, c.TOTPSecret
	}
	for _, a := range h.MockBank().Accounts("grace") {
		secrets["account id "+a.ID], secrets["number of "+a.ID], secrets["name of "+a.ID] = a.ID, a.Number, a.Nickname
	}
	var files []byte
	for _, name := range []string{"sotto.db", "sotto.db-wal"} {
		content, err := os.ReadFile(filepath.Join(state, name))
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, content...)
	}
	if !bytes.Contains(files, []byte("albion")) {
		t.Fatal("the files hold no connection, so this test says nothing")
	}
	for what, secret := range secrets {
		if len(secret) > 3 && bytes.Contains(files, []byte(secret)) {
			t.Errorf("the database holds %s", what)
		}
	}
}
