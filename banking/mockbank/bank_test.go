package mockbank_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"io"
	"maps"
	"math/big"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/golang-jwt/jwt/v5"
	"github.com/pquerna/otp/totp"

	"sotto/banking/mockbank"
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

// clock is a clock that tests move.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) set(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = t
}

func (c *clock) move(d time.Duration) { c.set(c.Now().Add(d)) }

// bank is a mock bank that is being served, and a client's way to it. Every
// answer of its account API is judged.
type bank struct {
	t     testing.TB
	srv   *mockbank.Server
	url   string
	clock *clock
	http  *http.Client // judged, follows no redirects, keeps no cookies
	judge *judge.OpenAPI
	opts  mockbank.Options
}

var keys struct {
	once sync.Once
	rsa  *rsa.PrivateKey
	ec   *ecdsa.PrivateKey
}

func clientKeys(t testing.TB) (*rsa.PrivateKey, *ecdsa.PrivateKey) {
	t.Helper()
	keys.once.Do(func() {
		keys.rsa, _ = rsa.GenerateKey(rand.Reader, 2048)
		keys.ec, _ = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	})
	if keys.rsa == nil || keys.ec == nil {
		t.Fatal("no keys")
	}
	return keys.rsa, keys.ec
}

func clientJWKS(t testing.TB) []byte {
	t.Helper()
	r, e := clientKeys(t)
	point, err := e.PublicKey.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	b64 := base64.RawURLEncoding.EncodeToString
	raw, err := json.Marshal(map[string]any{"keys": []map[string]string{
		{"kty": "RSA", "kid": "rsa", "n": b64(r.N.Bytes()), "e": b64(big.NewInt(int64(r.E)).Bytes())},
		{"kty": "EC", "kid": "ec", "crv": "P-256", "x": b64(point[1:33]), "y": b64(point[33:])},
		{"kty": "OKP", "kid": "other", "crv": "Ed25519", "x": "AA"},
	}})
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// openBank serves a bank with a client for each way to prove oneself. tweak may
// change the options.
func openBank(t testing.TB, tweak func(*mockbank.Options)) *bank {
	t.Helper()
	b := &bank{t: t, clock: &clock{now: start()}}
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
	b.judge = judge.UKOpenBanking(t)
	b.http = &http.Client{
		Transport:     b.judge.Transport(http.DefaultTransport),
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

// signedClaims are those of a good request object of the client "jwt".
func (b *bank) signedClaims(consent string) jwt.MapClaims {
	now := b.clock.Now()
	return jwt.MapClaims{
		"iss": "jwt", "aud": b.url + "/albion", "client_id": "jwt", "redirect_uri": callback, "response_type": "code id_token",
		"scope": "openid accounts", "state": "st&te", "nonce": "n0nce", "nbf": now.Unix(), "iat": now.Unix(),
		"exp": now.Add(5 * time.Minute).Unix(), "response_mode": "form_post",
		"claims": map[string]any{"id_token": map[string]any{"openbanking_intent_id": map[string]any{"value": consent, "essential": true}}},
	}
}

func signed(t testing.TB, method jwt.SigningMethod, kid string, key any, c jwt.MapClaims) string {
	t.Helper()
	tok := jwt.NewWithClaims(method, maps.Clone(c))
	tok.Header["kid"] = kid
	raw, err := tok.SignedString(key)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// browser is a customer with a phone: it follows redirects within the bank and
// fills in forms.
type browser struct {
	b    *bank
	http *http.Client
	page string
	at   *url.URL
	code int
	head http.Header
}

func (b *bank) browser() *browser {
	jar, err := cookiejar.New(nil)
	if err != nil {
		b.t.Fatal(err)
	}
	return &browser{b: b, http: &http.Client{Jar: jar, CheckRedirect: func(req *http.Request, _ []*http.Request) error {
		if "http://"+req.URL.Host != b.url {
			return http.ErrUseLastResponse
		}
		return nil
	}}}
}

func (p *browser) send(req *http.Request) {
	p.b.t.Helper()
	resp, err := p.http.Do(req)
	if err != nil {
		p.b.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		p.b.t.Fatal(err)
	}
	p.page, p.code, p.head, p.at = string(body), resp.StatusCode, resp.Header, resp.Request.URL
	if to, err := resp.Location(); err == nil {
		p.at = to
	}
}

func (p *browser) open(target string) {
	p.b.t.Helper()
	p.send(p.b.request(http.MethodGet, target, ""))
}

var action = regexp.MustCompile(`<form method="post" action="([^"]+)"`)

// submit posts fields to the page's form.
func (p *browser) submit(fields url.Values) {
	p.b.t.Helper()
	m := action.FindStringSubmatch(p.page)
	if m == nil {
		p.b.t.Fatalf("no form on this page (%d): %s", p.code, p.page)
	}
	req := p.b.request(http.MethodPost, m[1], fields.Encode())
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	p.send(req)
}

func (b *bank) otp(at time.Time) string {
	b.t.Helper()
	code, err := totp.GenerateCode(totpKey, at)
	if err != nil {
		b.t.Fatal(err)
	}
	return code
}

// signIn goes through password and code.
func (p *browser) signIn(username string) {
	p.b.t.Helper()
	p.submit(url.Values{"username": {username}, "password": {password}})
	p.submit(url.Values{"code": {p.b.otp(p.b.clock.Now())}})
}

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

// tokenFor gives the own token of a client that does not use Basic.
func (b *bank) tokenFor(client string) answer {
	b.t.Helper()
	form := url.Values{"grant_type": {"client_credentials"}, "scope": {"accounts"}}
	switch client {
	case "post":
		form.Set("client_id", "post")
		form.Set("client_secret", "posted")
	case "jwt":
		form.Set("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
		form.Set("client_assertion", b.assertion(nil))
	}
	return b.postAs(form)
}

// postAs posts to the token endpoint without an Authorization header.
func (b *bank) postAs(form url.Values) answer {
	b.t.Helper()
	req := b.request(http.MethodPost, "/albion/token", form.Encode())
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return b.do(req)
}

// assertion is a good client assertion of "jwt"; change may spoil it.
func (b *bank) assertion(change func(jwt.MapClaims)) string {
	b.t.Helper()
	_, key := clientKeys(b.t)
	now := b.clock.Now()
	c := jwt.MapClaims{
		"iss": "jwt", "sub": "jwt", "aud": b.url + "/albion", "jti": rand.Text(),
		"iat": now.Unix(), "exp": now.Add(time.Minute).Unix(),
	}
	if change != nil {
		change(c)
	}
	return signed(b.t, jwt.SigningMethodES256, "ec", key, c)
}

// consentFor makes a consent of another client than "basic".
func (b *bank) consentFor(client string) string {
	b.t.Helper()
	a := b.tokenFor(client)
	if a.status != http.StatusOK {
		b.t.Fatalf("client credentials of %s: %d %s", client, a.status, a.body)
	}
	a = b.postConsent(decode[tokens](b.t, a.body).Access, consentBody(b.t, allPermissions(), nil))
	return decode[consentAnswer](b.t, a.body).Data.ConsentID
}

// readIDToken proves an id_token with the keys the bank publishes.
func (b *bank) readIDToken(raw, audience string) jwt.MapClaims {
	b.t.Helper()
	set := decode[struct {
		Keys []struct {
			Kid string `json:"kid"`
			X   string `json:"x"`
			Y   string `json:"y"`
		} `json:"keys"`
	}](b.t, b.do(b.request(http.MethodGet, "/albion/jwks", "")).body)
	c := jwt.MapClaims{}
	_, err := jwt.ParseWithClaims(raw, c, func(t *jwt.Token) (any, error) {
		for _, k := range set.Keys {
			if k.Kid == t.Header["kid"] {
				x, err1 := base64.RawURLEncoding.DecodeString(k.X)
				y, err2 := base64.RawURLEncoding.DecodeString(k.Y)
				if err1 != nil || err2 != nil {
					b.t.Fatal(err1, err2)
				}
				return ecdsa.ParseUncompressedPublicKey(elliptic.P256(), append(append([]byte{4}, x...), y...))
			}
		}
		return nil, jwt.ErrTokenUnverifiable
	}, jwt.WithValidMethods([]string{"ES256"}), jwt.WithIssuer(b.url+"/albion"), jwt.WithAudience(audience),
		jwt.WithTimeFunc(b.clock.Now), jwt.WithExpirationRequired())
	if err != nil {
		b.t.Fatalf("id_token: %v", err)
	}
	return c
}
