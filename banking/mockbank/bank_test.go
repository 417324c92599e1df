package mockbank_test

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"

	"sotto/banking/mockbank"
	"sotto/tests/clock"
	"sotto/tests/judge"
)

const (
	callback = "http://127.0.0.1:8080/link/callback"
	totpKey  = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
	password = "correct horse battery staple"
	resource = "/albion/open-banking/v3.1/aisp"
)

// start is a Wednesday in summer time, after lunch.
func start() time.Time { return time.Date(2026, time.July, 15, 13, 30, 0, 0, london()) }

func london() *time.Location {
	zone, err := time.LoadLocation("Europe/London")
	if err != nil {
		panic(err)
	}
	return zone
}

// bank is a mock bank that is being served, and a client's way to it. Every
// answer of its account API is judged.
type bank struct {
	t     testing.TB
	srv   *mockbank.Server
	url   string
	clock *clock.Clock
	http  *http.Client   // judged, follows no redirects, keeps no cookies
	judge *judge.OpenAPI // nil where the official documents are not
	opts  mockbank.Options
}

// openBank serves a bank with a client for each way to prove oneself. tweak may
// change the options.
func openBank(t testing.TB, tweak func(*mockbank.Options)) *bank {
	t.Helper()
	b := &bank{t: t, clock: clock.At(start())}
	front := httptest.NewUnstartedServer(nil)
	b.url = "http://" + front.Listener.Addr().String()
	credential := mockbank.Credential{Password: password, TOTPSecret: totpKey}
	b.opts = mockbank.Options{
		BaseURL: b.url, Clock: b.clock.Now, Seed: 7,
		Clients: []mockbank.Client{
			{ID: "basic", Name: "Sotto", Auth: mockbank.AuthBasic, Secret: "s3cr:t +%", RedirectURIs: []string{callback, callback + "?from=albion"}},
			{ID: "post", Name: "Post & Co", Auth: mockbank.AuthPost, Secret: "posted", RedirectURIs: []string{callback}},
			{ID: "jwt", Name: "Signed <Ltd>", Auth: mockbank.AuthPrivateKey, JWKS: clientJWKS(t), RedirectURIs: []string{callback}, SignedOnly: true},
		},
		Customers: map[string]mockbank.Credential{"ada": credential, "grace": credential, "linus": credential, "zoe": credential},
	}
	if tweak != nil {
		tweak(&b.opts)
	}
	srv, err := mockbank.New(b.opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = srv.Close() })
	b.srv = srv
	front.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { b.srv.ServeHTTP(w, r) })
	front.Start()
	t.Cleanup(front.Close)
	transport := http.DefaultTransport
	if judge.Present() {
		b.judge = judge.UKOpenBanking(t)
		transport = b.judge.Transport(transport)
	}
	b.http = &http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return b
}

// answer is a response that has been read.
type answer struct {
	status int
	header http.Header
	body   []byte
}

func (b *bank) do(req *http.Request) answer {
	b.t.Helper()
	resp, err := b.http.Do(req)
	if err != nil {
		b.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	return answer{resp.StatusCode, resp.Header, body}
}

func (b *bank) request(method, path, body string) *http.Request {
	b.t.Helper()
	if !strings.HasPrefix(path, "http") {
		path = b.url + path
	}
	req, err := http.NewRequestWithContext(context.Background(), method, path, strings.NewReader(body))
	if err != nil {
		b.t.Fatal(err)
	}
	return req
}

// get reads a path of the account API (or a whole URL) with a token.
func (b *bank) get(token, path string) answer {
	b.t.Helper()
	if !strings.HasPrefix(path, "http") {
		path = resource + path
	}
	req := b.request(http.MethodGet, path, "")
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	return b.do(req)
}

// basic is the Authorization header of the client "basic".
func basic() string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte("basic:"+url.QueryEscape("s3cr:t +%")))
}

// post posts a form to the token endpoint, or another of the authorization
// server, as the client "basic".
func (b *bank) post(path string, form url.Values) answer {
	b.t.Helper()
	req := b.request(http.MethodPost, "/albion"+path, form.Encode())
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Authorization", basic())
	return b.do(req)
}

type tokens struct {
	Access  string `json:"access_token"`
	Type    string `json:"token_type"`
	Expires int64  `json:"expires_in"`
	Refresh string `json:"refresh_token"`
	Scope   string `json:"scope"`
	ID      string `json:"id_token"`
	Error   string `json:"error"`
}

func decode[T any](t testing.TB, raw []byte) T {
	t.Helper()
	var v T
	if err := json.Unmarshal(raw, &v); err != nil {
		t.Fatalf("decode %q: %v", raw, err)
	}
	return v
}

// own gives the client's own token.
func (b *bank) own() string {
	b.t.Helper()
	a := b.post("/token", url.Values{"grant_type": {"client_credentials"}, "scope": {"accounts"}})
	if a.status != http.StatusOK {
		b.t.Fatalf("client credentials: %d %s", a.status, a.body)
	}
	return decode[tokens](b.t, a.body).Access
}

func allPermissions() []string {
	return []string{
		"ReadAccountsDetail", "ReadBalances", "ReadTransactionsDetail", "ReadTransactionsCredits", "ReadTransactionsDebits",
	}
}

// consentBody writes a consent request; extra adds members to Data.
func consentBody(t testing.TB, permissions []string, extra map[string]string) string {
	t.Helper()
	data := map[string]any{"Permissions": permissions}
	for k, v := range extra {
		data[k] = v
	}
	raw, err := json.Marshal(map[string]any{"Data": data, "Risk": map[string]any{}})
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func (b *bank) postConsent(token, body string) answer {
	b.t.Helper()
	req := b.request(http.MethodPost, resource+"/account-access-consents", body)
	req.Header.Set("Authorization", "Bearer "+token)
	req.Header.Set("Content-Type", "application/json; charset=utf-8")
	return b.do(req)
}

type consentAnswer struct {
	Data struct {
		ConsentID                                                          string `json:"ConsentId"`
		Status, ExpirationDateTime, CreationDateTime, StatusUpdateDateTime string
		TransactionFromDateTime, TransactionToDateTime                     string
		Permissions                                                        []string
	}
	Links struct{ Self string }
}

// consent makes a consent and gives its id.
func (b *bank) consent(permissions []string, extra map[string]string) string {
	b.t.Helper()
	a := b.postConsent(b.own(), consentBody(b.t, permissions, extra))
	if a.status != http.StatusCreated {
		b.t.Fatalf("consent: %d %s", a.status, a.body)
	}
	return decode[consentAnswer](b.t, a.body).Data.ConsentID
}

func (b *bank) consentStatus(id string) string {
	b.t.Helper()
	a := b.get(b.own(), "/account-access-consents/"+id)
	return decode[consentAnswer](b.t, a.body).Data.Status
}

const verifier = "a-verifier-that-is-long-enough-for-the-rfc-7636-rules"

func challenge() string {
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

func claims(consent string) string {
	return `{"id_token":{"openbanking_intent_id":{"value":"` + consent + `","essential":true}}}`
}

// plain is a good plain authorization request.
func plain(consent string) url.Values {
	return url.Values{
		"client_id": {"basic"}, "redirect_uri": {callback}, "response_type": {"code"}, "scope": {"openid accounts"},
		"state": {"st&te"}, "nonce": {"n0nce"}, "code_challenge": {challenge()}, "code_challenge_method": {"S256"},
		"claims": {claims(consent)},
	}
}

func (b *bank) authorizeURL(v url.Values) string { return b.url + "/albion/authorize?" + v.Encode() }

// link has username approve everything for the client "basic" and gives the
// tokens of it.
func (b *bank) link(username string, permissions []string, extra map[string]string) tokens {
	b.t.Helper()
	return b.exchange(b.approve(username, b.consent(permissions, extra)))
}

// approve has username approve a consent with all accounts and gives the code.
func (b *bank) approve(username, consent string) string {
	b.t.Helper()
	p := b.browser()
	p.open(b.authorizeURL(plain(consent)))
	p.signIn(username)
	p.submit(url.Values{"decision": {"approve"}, "account": b.accountIDs(username)})
	code := p.at.Query().Get("code")
	if code == "" {
		b.t.Fatalf("no code: %d %s %s", p.code, p.at, p.page)
	}
	return code
}

func (b *bank) exchange(code string) tokens {
	b.t.Helper()
	a := b.post("/token", exchangeForm(code))
	if a.status != http.StatusOK {
		b.t.Fatalf("exchange: %d %s", a.status, a.body)
	}
	return decode[tokens](b.t, a.body)
}

func exchangeForm(code string) url.Values {
	return url.Values{
		"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {callback}, "code_verifier": {verifier},
	}
}

func (b *bank) accountIDs(username string) []string {
	var ids []string
	for _, a := range b.srv.Accounts(username) {
		ids = append(ids, a.ID)
	}
	return ids
}
