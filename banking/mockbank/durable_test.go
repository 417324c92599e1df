package mockbank_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sotto/banking/mockbank"
	"sotto/tests/judge"
)

// killed starts the bank again from its journal, as after a kill -9: the old one
// is never closed.
func (b *bank) killed() {
	b.t.Helper()
	srv, err := mockbank.New(b.opts)
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(func() { _ = srv.Close() })
	b.srv = srv
}

func durable(t *testing.T) *bank {
	t.Helper()
	path := filepath.Join(t.TempDir(), "albion.journal")
	return openBank(t, func(o *mockbank.Options) { o.StatePath, o.RotateRefresh = path, true })
}

func TestAKillLosesNothingAndRevivesNothing(t *testing.T) {
	b := durable(t)
	waiting := b.consent(allPermissions(), nil)
	used := b.approve("ada", b.consent(allPermissions(), nil))
	tok := b.exchange(used)
	revoked := b.link("zoe", allPermissions(), nil)
	if err := b.srv.Revoke("zoe"); err != nil {
		t.Fatal(err)
	}
	rotated := b.link("grace", allPermissions(), nil)
	next := decode[tokens](t, b.refresh(rotated.Refresh).body)
	unused := b.approve("linus", b.consent(allPermissions(), nil))
	deleted := b.consent(allPermissions(), nil)
	b.deleteConsent(deleted)
	assertion := b.assertion(nil)
	withAssertion := url.Values{
		"grant_type": {"client_credentials"}, "scope": {"accounts"}, "client_assertion": {assertion},
		"client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"},
	}
	if a := b.postAs(withAssertion); a.status != http.StatusOK {
		t.Fatalf("got %d", a.status)
	}
	nextPage := decode[page](t, b.get(tok.Access, "/transactions").body).Links.Next
	jwks := string(b.do(b.request(http.MethodGet, "/albion/jwks", "")).body)

	b.killed()

	if got := string(b.do(b.request(http.MethodGet, "/albion/jwks", "")).body); got != jwks {
		t.Error("the signing key is another")
	}
	if a := b.get(tok.Access, "/accounts"); a.status != http.StatusOK {
		t.Errorf("a link is lost: %d", a.status)
	}
	if a := b.get(tok.Access, nextPage); a.status != http.StatusOK {
		t.Errorf("a page is lost: %d", a.status)
	}
	if status := b.consentStatus(waiting); status != "AwaitingAuthorisation" {
		t.Errorf("a consent is %q", status)
	}
	if a := b.get(b.own(), "/account-access-consents/"+deleted); a.status != http.StatusBadRequest {
		t.Errorf("a deleted consent is back: %d", a.status)
	}
	if a := b.get(revoked.Access, "/accounts"); a.status != http.StatusUnauthorized {
		t.Errorf("a revocation is lost: %d", a.status)
	}
	if a := b.postAs(withAssertion); a.status != http.StatusUnauthorized {
		t.Errorf("an assertion can be used again: %d", a.status)
	}
	if got := b.exchange(unused); got.Access == "" {
		t.Error("a code is lost")
	}
	if a := b.get(next.Access, "/accounts"); a.status != http.StatusOK {
		t.Errorf("a refreshed token is lost: %d", a.status)
	}
	if a := b.refresh(rotated.Refresh); a.status != http.StatusBadRequest {
		t.Errorf("a rotated refresh token works again: %d", a.status)
	}
	if a := b.post("/token", exchangeForm(used)); a.status != http.StatusBadRequest {
		t.Errorf("a code can be used again: %d", a.status)
	}
	if a := b.get(tok.Access, "/accounts"); a.status != http.StatusUnauthorized {
		t.Errorf("the replay of its code left a link alive: %d", a.status)
	}
}

func TestTheJournalHasNoSecretOfAnyone(t *testing.T) {
	b := durable(t)
	code := b.approve("ada", b.consent(allPermissions(), nil))
	tok := b.exchange(code)
	raw, err := os.ReadFile(b.opts.StatePath)
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{code, tok.Access, tok.Refresh, tok.ID, password, totpKey, "s3cr:t", b.srv.Accounts("ada")[0].Number} {
		if strings.Contains(string(raw), secret) {
			t.Errorf("the journal has %q", secret)
		}
	}
	stat, err := os.Stat(b.opts.StatePath)
	if err != nil || stat.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", stat.Mode(), err)
	}
}

func TestATornLineIsDroppedAndABrokenOneIsNot(t *testing.T) {
	b := durable(t)
	tok := b.link("ada", allPermissions(), nil)
	journal, err := os.ReadFile(b.opts.StatePath)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		content string
		ok      bool
	}{
		"a kill in the middle of a write":       {string(journal) + `{"kind":"token","id":"x","val`, true},
		"nothing written yet":                   {"", true},
		"a line that is no record":              {string(journal) + "nonsense\n", false},
		"a kind nobody knows":                   {string(journal) + `{"kind":"dragon","id":"x","value":{}}` + "\n", false},
		"a broken line with good ones after it": {"{\n" + string(journal), false},
		"a key that is none":                    {`{"kind":"key","id":"signing","value":{"id":"signing","bytes":"AAAA"}}` + "\n", false},
	} {
		t.Run(name, func(t *testing.T) {
			o := b.opts
			o.StatePath = filepath.Join(t.TempDir(), "journal")
			if err := os.WriteFile(o.StatePath, []byte(c.content), 0o600); err != nil {
				t.Fatal(err)
			}
			srv, err := mockbank.New(o)
			if (err == nil) != c.ok || (err != nil && !errors.Is(err, mockbank.ErrState)) {
				t.Fatalf("got %v", err)
			}
			if err == nil {
				_ = srv.Close()
			}
			if !c.ok || c.content == "" {
				return
			}
			b.opts.StatePath = o.StatePath
			b.killed()
			if a := b.get(tok.Access, "/accounts"); a.status != http.StatusOK {
				t.Errorf("what stood before it is lost: %d", a.status)
			}
		})
	}
}

func TestTheJournalDoesNotGrowForever(t *testing.T) {
	if testing.Short() {
		t.Skip("writes some thousand records")
	}
	b := durable(t)
	for range 20 {
		for range 100 {
			b.own()
		}
		b.clock.Pass(6 * time.Minute) // all of them expire
	}
	raw, err := os.ReadFile(b.opts.StatePath)
	if err != nil {
		t.Fatal(err)
	}
	if lines := strings.Count(string(raw), "\n"); lines > 1_400 {
		t.Errorf("%d lines for what is dead", lines)
	}
	b.killed()
	raw, err = os.ReadFile(b.opts.StatePath)
	if err != nil {
		t.Fatal(err)
	}
	if lines := strings.Count(string(raw), "\n"); lines > 50 {
		t.Errorf("%d lines after a start", lines)
	}
}

func TestAClosedBankPromisesNothing(t *testing.T) {
	b := durable(t)
	tok := b.link("ada", allPermissions(), nil)
	own := b.own()
	if err := errors.Join(b.srv.Close(), b.srv.Close()); err != nil {
		t.Fatal(err)
	}
	if a := b.refresh(tok.Refresh); a.status != http.StatusInternalServerError {
		t.Errorf("a refresh that cannot be written down: %d", a.status)
	}
	if a := b.postConsent(own, consentBody(t, allPermissions(), nil)); a.status != http.StatusInternalServerError {
		t.Errorf("a consent that cannot be written down: %d", a.status)
	}
	if err := b.srv.Revoke("ada"); !errors.Is(err, mockbank.ErrState) {
		t.Errorf("a revocation that cannot be written down: %v", err)
	}
}

func TestOptionsAreChecked(t *testing.T) {
	good := mockbank.Options{BaseURL: "http://127.0.0.1:8081", Clock: start}
	client := mockbank.Client{ID: "c", Auth: mockbank.AuthBasic, Secret: "s", RedirectURIs: []string{callback}}
	for name, change := range map[string]func(*mockbank.Options){
		"a base URL with a path":    func(o *mockbank.Options) { o.BaseURL += "/" },
		"no base URL":               func(o *mockbank.Options) { o.BaseURL = "" },
		"no clock":                  func(o *mockbank.Options) { o.Clock = nil },
		"a page of one":             func(o *mockbank.Options) { o.PageSize = 1 },
		"a customer nobody knows":   func(o *mockbank.Options) { o.Customers = map[string]mockbank.Credential{"hopper": {}} },
		"a client twice":            func(o *mockbank.Options) { o.Clients = []mockbank.Client{client, client} },
		"a client without a secret": func(o *mockbank.Options) { c := client; c.Secret = ""; o.Clients = []mockbank.Client{c} },
		"a client without keys": func(o *mockbank.Options) {
			c := client
			c.Auth = mockbank.AuthPrivateKey
			o.Clients = []mockbank.Client{c}
		},
		"a client with keys that are none": func(o *mockbank.Options) { c := client; c.JWKS = []byte("{"); o.Clients = []mockbank.Client{c} },
		"a client with a short key": func(o *mockbank.Options) {
			c := client
			c.JWKS = []byte(`{"keys":[{"kty":"RSA","n":"AQAB","e":"AQAB"}]}`)
			o.Clients = []mockbank.Client{c}
		},
		"a client with a key off the curve": func(o *mockbank.Options) {
			c := client
			c.JWKS = []byte(`{"keys":[{"kty":"EC","crv":"P-256","x":"AQAB","y":"AQAB"}]}`)
			o.Clients = []mockbank.Client{c}
		},
		"a client without a certificate": func(o *mockbank.Options) { c := client; c.Auth = mockbank.AuthTLS; o.Clients = []mockbank.Client{c} },
		"a client that proves nothing":   func(o *mockbank.Options) { c := client; c.Auth = "none"; o.Clients = []mockbank.Client{c} },
		"a redirect URI with a fragment": func(o *mockbank.Options) {
			c := client
			c.RedirectURIs = []string{callback + "#x"}
			o.Clients = []mockbank.Client{c}
		},
		"a history without end":     func(o *mockbank.Options) { o.LongHistory = 1 << 30 },
		"a lifetime below a second": func(o *mockbank.Options) { o.AccessTTL = time.Millisecond },
	} {
		t.Run(name, func(t *testing.T) {
			o := good
			change(&o)
			if _, err := mockbank.New(o); !errors.Is(err, mockbank.ErrOptions) {
				t.Errorf("got %v", err)
			}
		})
	}
	if srv, err := mockbank.New(good); err != nil {
		t.Error(err)
	} else if a := srv.Accounts("nobody"); a != nil {
		t.Errorf("nobody has %v", a)
	}
}

// TestEveryAnswerHasBeenJudged goes through each endpoint with each answer the
// document has for it, except 500, and asks the judge whether it has seen it.
func TestEveryAnswerHasBeenJudged(t *testing.T) {
	judge.Fixtures(t)
	b := openBank(t, nil)
	consent := b.consent(allPermissions(), nil)
	tok := b.exchange(b.approve("ada", consent)).Access
	poor := b.link("ada", []string{"ReadAccountsBasic"}, nil).Access
	own := b.own()
	id := b.accountIDs("ada")[0]
	ask := func(method, path, token, accept, contentType, body string) {
		req := b.request(method, resource+path, body)
		req.Header.Set("Authorization", "Bearer "+token)
		req.Header.Set("Accept", accept)
		req.Header.Set("Content-Type", contentType)
		b.do(req)
	}
	const js = "application/json"
	reads := map[string]string{
		"/accounts": "/accounts", "/accounts/{AccountId}": "/accounts/" + id, "/balances": "/balances",
		"/accounts/{AccountId}/balances":     "/accounts/" + id + "/balances",
		"/accounts/{AccountId}/transactions": "/accounts/" + id + "/transactions", "/transactions": "/transactions",
	}
	want := []string{
		"POST /account-access-consents 201", "POST /account-access-consents 400", "POST /account-access-consents 401",
		"POST /account-access-consents 403", "POST /account-access-consents 406", "POST /account-access-consents 415",
		"POST /account-access-consents 429",
	}
	post := func(token, accept, contentType, body string) {
		ask(http.MethodPost, "/account-access-consents", token, accept, contentType, body)
	}
	post(own, js, js, consentBody(t, allPermissions(), nil))
	post(own, js, js, "{}")
	post("x", js, js, "{}")
	post(tok, js, js, "{}")
	post(own, "image/png", js, "{}")
	post(own, js, "text/plain", "{}")
	for name, path := range reads {
		ask(http.MethodGet, path, tok, js, "", "")
		ask(http.MethodGet, path, "x", js, "", "")
		ask(http.MethodGet, path, tok, "image/png", "", "")
		refused := poor
		if name == "/accounts" || name == "/accounts/{AccountId}" {
			refused = own
		}
		ask(http.MethodGet, path, refused, js, "", "")
		for _, status := range []int{200, 401, 403, 406, 429} {
			want = append(want, fmt.Sprintf("GET %s %d", name, status))
		}
		if strings.Contains(name, "{") {
			ask(http.MethodGet, strings.Replace(path, id, "moon", 1), tok, js, "", "")
			want = append(want, fmt.Sprintf("GET %s 400", name))
		}
	}
	ask(http.MethodGet, "/transactions?fromBookingDateTime=x", tok, js, "", "")
	ask(http.MethodGet, "/account-access-consents/"+consent, own, js, "", "")
	for _, method := range []string{http.MethodGet, http.MethodDelete} {
		ask(method, "/account-access-consents/moon", own, js, "", "")
		ask(method, "/account-access-consents/moon", tok, js, "", "")
		ask(method, "/account-access-consents/moon", "x", js, "", "")
		ask(method, "/account-access-consents/moon", own, "image/png", "", "")
		for _, status := range []int{400, 401, 403, 406, 429} {
			want = append(want, fmt.Sprintf("%s /account-access-consents/{ConsentId} %d", method, status))
		}
	}
	b.deleteConsent(consent)
	want = append(want, "GET /transactions 400", "GET /account-access-consents/{ConsentId} 200", "DELETE /account-access-consents/{ConsentId} 204")
	b.faults(`{"on":"resource","status":429}`)
	post(own, js, js, "{}")
	for _, path := range reads {
		ask(http.MethodGet, path, tok, js, "", "")
	}
	ask(http.MethodGet, "/account-access-consents/moon", own, js, "", "")
	ask(http.MethodDelete, "/account-access-consents/moon", own, js, "", "")
	seen := b.judge.Judged()
	for _, w := range want {
		if seen[w] == 0 {
			t.Errorf("not judged: %s", w)
		}
	}
}
