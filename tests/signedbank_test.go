package tests

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sotto/banking/mockbank"
	"sotto/server"
	"sotto/server/dev"
	"sotto/tests/loopback"
)

// signedHouse is a house with one more bank, "strict", which takes only signed requests, wants a signed assertion at its token endpoint, and
// answers by form_post or in a fragment, to the redirect URI that banks share or to its own. It is on another site than the house, as banks are:
// localhost, not 127.0.0.1.
func signedHouse(tb testing.TB, fragment, own bool) (*openHouse, dev.Customer) {
	tb.Helper()
	path, setting := "/link/callback", "shared"
	if own {
		path, setting = "/link/callback/strict", "own"
	}
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		tb.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		tb.Fatal(err)
	}
	encode := base64.RawURLEncoding.EncodeToString
	jwks, err := json.Marshal(map[string]any{"keys": []any{map[string]string{
		"kty": "RSA", "kid": "ours", "use": "sig", "alg": "PS256", "n": encode(key.N.Bytes()), "e": encode(big.NewInt(int64(key.E)).Bytes()),
	}}})
	if err != nil {
		tb.Fatal(err)
	}
	l := loopback.Listen(tb)
	folder, addr := tb.TempDir(), loopback.Free(tb)
	base := "http://localhost" + strings.TrimPrefix(l.Addr().String(), "127.0.0.1")
	write := func(name, content string) string {
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			tb.Fatal(err)
		}
		return path
	}
	keyFile := write("key.pem", string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})))
	banks := write("banks.yaml", fmt.Sprintf(`- id: strict
  name: Strict & <Sons>
  dialect: uk-ob-3.1
  issuer: %[1]s/albion
  resource_url: %[1]s/albion/open-banking/v3.1/aisp
  authorization_url: %[1]s/albion/authorize
  token_url: %[1]s/albion/token
  jwks_url: %[1]s/albion/jwks
  client_id: sotto
  auth: private_key_jwt
  signing_key_file: %[2]s
  signing_kid: ours
  request: signed
  callback: %[3]s
  zone: Europe/London
  locale: en-GB
`, base, keyFile, setting))
	h := openAs(tb, morning, server.Config{State: tb.TempDir(), Addr: addr, Banks: banks})
	customer := newCustomer("ada")
	serveBank(tb, l, mockbank.Options{
		BaseURL: base, Clock: h.Now, Seed: 1, NoFormPost: fragment,
		Clients: []mockbank.Client{{
			ID: "sotto", Name: "Sotto", Auth: mockbank.AuthPrivateKey, JWKS: jwks, SignedOnly: true, RedirectURIs: []string{"http://" + addr + path},
		}},
		Customers: map[string]mockbank.Credential{"ada": {Password: customer.Password, TOTPSecret: customer.TOTPSecret}},
	})
	return h, customer
}

// TestABankThatTakesOnlySignedRequests links through the whole house at a bank of request: signed, and asks it.
func TestABankThatTakesOnlySignedRequests(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		fragment, own bool
		path          string
	}{
		"and answers by form_post":                          {false, false, "/link/callback"},
		"and answers in a fragment":                         {true, false, "/link/callback"},
		"and answers in a fragment at its own redirect URI": {true, true, "/link/callback/strict"},
	} {
		t.Run(name, func(t *testing.T) {
			h, customer := signedHouse(t, tc.fragment, tc.own)
			w := h.walker(t, "alexa")
			w.customer = customer
			consent := w.open(nil)
			if !strings.Contains(consent.Source, "Strict &amp; &lt;Sons&gt;") {
				t.Error("the bank's name is not escaped")
			}
			page := w.submit(consent, url.Values{"bank": {"strict"}, "scope": {"balances"}, "decision": {"approve"}})
			page = w.decide(w.signIn(page), "approve")
			if tc.fragment {
				if page.URL.Path != tc.path || !strings.Contains(page.Source, "<noscript>") {
					t.Fatalf("on %s: %s", page.URL.Path, page.Text)
				}
				answer, err := url.ParseQuery(page.URL.Fragment) // what the page's script would post
				if err != nil {
					t.Fatal(err)
				}
				page = w.submit(page, answer)
			} else {
				page = w.submit(page, nil) // the bank's own form, to the house
			}
			form := url.Values{
				"grant_type": {"authorization_code"}, "code": {w.back(page).Get("code")}, "redirect_uri": {w.client.RedirectURIs[0]}, "code_verifier": {verifier},
			}
			s := h.speaker(t)
			s.trade(form)
			if heard := words(t, s.say("what's my balance").SSML); !strings.Contains(heard, "pounds") {
				t.Errorf("heard %q", heard)
			}
		})
	}
}

// TestAFormPostedByTheBankFindsItsBrowser posts a bank's answer as a browser does that sends no cookie with what another site posts.
func TestAFormPostedByTheBankFindsItsBrowser(t *testing.T) {
	t.Parallel()
	for path, own := range map[string]bool{"/link/callback": false, "/link/callback/strict": true} {
		t.Run(path, func(t *testing.T) { postFromTheBank(t, path, own) })
	}
}

func postFromTheBank(t *testing.T, path string, own bool) {
	h, customer := signedHouse(t, false, own)
	w := h.walker(t, "alexa")
	w.customer = customer
	page := w.submit(w.open(nil), url.Values{"bank": {"strict"}, "scope": {"balances"}, "decision": {"approve"}})
	page = w.decide(w.signIn(page), "approve")
	form := url.Values{}
	for _, f := range page.Forms[0].Fields {
		form.Set(f.Name, f.Value)
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, h.PublicURL()+path, strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", formType)
	r.Header.Set("Origin", "http://localhost:1")
	r.Header.Set("Sec-Fetch-Site", "cross-site")
	status, header, _ := ask(t, r)
	to, err := url.Parse(header.Get("Location"))
	if err != nil || status != http.StatusSeeOther || to.Path != path || to.Host != "" || header.Get("Cache-Control") != "no-store" {
		t.Fatalf("got %d to %q", status, header.Get("Location"))
	}
	w.back(w.visit(h.PublicURL() + to.String()))
}

// TestAnAnswerThatCameToAnotherBanksAddressJoinsNothing: a bank with a redirect URI of its own answers there, and nowhere else (mix-up).
func TestAnAnswerThatCameToAnotherBanksAddressJoinsNothing(t *testing.T) {
	t.Parallel()
	h, customer := signedHouse(t, false, true)
	for _, path := range []string{"/link/callback", "/link/callback/albion"} {
		w := h.walker(t, "alexa")
		w.customer = customer
		page := w.submit(w.open(nil), url.Values{"bank": {"strict"}, "scope": {"balances"}, "decision": {"approve"}})
		page = w.decide(w.signIn(page), "approve")
		if page.Forms[0].Action.Path != "/link/callback/strict" {
			t.Fatalf("the bank answers to %s", page.Forms[0].Action)
		}
		page.Forms[0].Action.Path = path
		if page = w.submit(page, nil); page.Arrived || !strings.HasPrefix(page.URL.Path, "/link/") || !strings.Contains(page.URL.RawQuery, "problem=other") {
			t.Errorf("at %s the customer comes to %s", path, page.URL)
		}
	}
}
