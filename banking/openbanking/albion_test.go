package openbanking_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"html"
	"io"
	"math/big"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"sotto/banking"
	"sotto/banking/mockbank"
	"sotto/banking/openbanking"
	"sotto/tests/clock"
	"sotto/tests/judge"
)

const (
	callback = "http://127.0.0.1:8080/link/callback"
	totpKey  = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
	password = "a password only this test knows"
	secret   = "s3cr:t +%"
)

// start is a Wednesday in summer time, after lunch.
func start() time.Time { return time.Date(2026, time.July, 15, 12, 30, 0, 0, time.UTC) }

// albion is the mock bank over TLS, with every answer of its resource server judged.
type albion struct {
	t      testing.TB
	mock   *mockbank.Server
	url    string
	clock  *clock.Clock
	dir    string
	client *http.Client // a browser's; trusts the bank
	judge  *judge.OpenAPI
	faulty atomic.Bool // what goes wrong on purpose is not judged
}

// fault makes something go wrong from now on; the zero Fault ends it.
func (a *albion) fault(f mockbank.Fault) {
	a.t.Helper()
	if err := a.mock.SetFault(f); err != nil {
		a.t.Fatal(err)
	}
	a.faulty.Store(f != mockbank.Fault{})
}

// material is what Sotto holds to prove itself at any bank: made once, since RSA keys take their time.
type material struct {
	rsa  *rsa.PrivateKey
	ec   *ecdsa.PrivateKey
	cert []byte // DER, of ec
}

var made struct {
	once sync.Once
	material
}

func keys(t testing.TB) material {
	t.Helper()
	made.once.Do(func() {
		made.rsa, _ = rsa.GenerateKey(rand.Reader, 2048)
		made.ec, _ = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		template := &x509.Certificate{
			SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "sotto"},
			NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
			ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
		}
		made.cert, _ = x509.CreateCertificate(rand.Reader, template, template, &made.ec.PublicKey, made.ec)
	})
	if made.rsa == nil || made.ec == nil || made.cert == nil {
		t.Fatal("no keys")
	}
	return made.material
}

func writePEM(t testing.TB, dir, name, kind string, der []byte) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func jwks(t testing.TB) []byte {
	t.Helper()
	k := keys(t)
	point, err := k.ec.PublicKey.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	b64 := base64.RawURLEncoding.EncodeToString
	return fmt.Appendf(nil, `{"keys":[{"kty":"RSA","kid":"rsa","n":%q,"e":%q},{"kty":"EC","kid":"ec","crv":"P-256","x":%q,"y":%q}]}`,
		b64(k.rsa.N.Bytes()), b64(big.NewInt(int64(k.rsa.E)).Bytes()), b64(point[1:33]), b64(point[33:]))
}

func openAlbion(t testing.TB, tweak func(*mockbank.Options)) *albion {
	t.Helper()
	a := &albion{t: t, clock: clock.At(start()), dir: t.TempDir()}
	front := httptest.NewUnstartedServer(nil)
	a.url = "https://" + front.Listener.Addr().String()
	credential := mockbank.Credential{Password: password, TOTPSecret: totpKey}
	k := keys(t)
	thumbprint := sha256.Sum256(k.cert)
	options := mockbank.Options{
		BaseURL: a.url, Clock: a.clock.Now, Seed: 7,
		Clients: []mockbank.Client{
			{ID: "basic", Name: "Sotto", Auth: mockbank.AuthBasic, Secret: secret, RedirectURIs: []string{callback}},
			{ID: "post", Name: "Sotto", Auth: mockbank.AuthPost, Secret: secret, RedirectURIs: []string{callback}},
			{ID: "jwt", Name: "Sotto", Auth: mockbank.AuthPrivateKey, JWKS: jwks(t), RedirectURIs: []string{callback}},
			{ID: "tls", Name: "Sotto", Auth: mockbank.AuthTLS, TLSThumbprint: hex.EncodeToString(thumbprint[:]), JWKS: jwks(t), RedirectURIs: []string{callback}},
		},
		Customers: map[string]mockbank.Credential{"ada": credential, "grace": credential, "linus": credential, "zoe": credential},
	}
	if tweak != nil {
		tweak(&options)
	}
	mock, err := mockbank.New(options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { mock.Close() })
	a.mock = mock
	a.judge = judge.UKOpenBanking(t)
	front.Config.Handler = mock
	front.TLS = &tls.Config{ClientAuth: tls.RequestClientCert, MinVersion: tls.VersionTLS12}
	front.StartTLS()
	t.Cleanup(front.Close)
	a.client = front.Client()
	writePEM(t, a.dir, "ca.pem", "CERTIFICATE", front.Certificate().Raw)
	writePEM(t, a.dir, "rsa.pem", "RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(k.rsa))
	der, err := x509.MarshalPKCS8PrivateKey(k.ec)
	if err != nil {
		t.Fatal(err)
	}
	writePEM(t, a.dir, "ec.pem", "PRIVATE KEY", der)
	writePEM(t, a.dir, "cert.pem", "CERTIFICATE", k.cert)
	return a
}

// config is what stands in SOTTO_BANKS for albion.
func (a *albion) config(auth, request string) openbanking.Config {
	c := openbanking.Config{
		ID: "albion", Name: "Albion Bank", Dialect: openbanking.UK31, Issuer: a.url + "/albion",
		ResourceURL:      a.url + "/albion/open-banking/v3.1/aisp",
		AuthorizationURL: a.url + "/albion/authorize", TokenURL: a.url + "/albion/token", JWKSURL: a.url + "/albion/jwks",
		Auth: auth, Request: request, Zone: "Europe/London", Locale: "en-GB", CAFile: filepath.Join(a.dir, "ca.pem"),
	}
	switch auth {
	case openbanking.Basic:
		c.ClientID, c.ClientSecret = "basic", secret
	case openbanking.Post:
		c.ClientID, c.ClientSecret = "post", secret
	case openbanking.PrivateKey:
		c.ClientID, c.SigningKeyFile, c.SigningKID = "jwt", filepath.Join(a.dir, "ec.pem"), "ec"
	case openbanking.TLS:
		c.ClientID, c.TLSCertFile, c.TLSKeyFile = "tls", filepath.Join(a.dir, "cert.pem"), filepath.Join(a.dir, "ec.pem")
	}
	if request == openbanking.Signed {
		c.SigningKeyFile, c.SigningKID = filepath.Join(a.dir, "rsa.pem"), "rsa"
	}
	return c
}

func (a *albion) bank(c openbanking.Config) *openbanking.Bank {
	a.t.Helper()
	pool := x509.NewCertPool()
	raw, err := os.ReadFile(c.CAFile)
	if err != nil || !pool.AppendCertsFromPEM(raw) {
		a.t.Fatal("no roots")
	}
	config := &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
	if c.TLSCertFile != "" {
		pair, err := tls.LoadX509KeyPair(c.TLSCertFile, c.TLSKeyFile)
		if err != nil {
			a.t.Fatal(err)
		}
		config.Certificates = []tls.Certificate{pair}
	}
	bank, err := openbanking.New(c, openbanking.Options{
		Redirect: callback, Now: a.clock.Now, Transport: a.judged(&http.Transport{TLSClientConfig: config, ForceAttemptHTTP2: true}),
	})
	if err != nil {
		a.t.Fatal(err)
	}
	return bank
}

// judged has the resource server's answers judged; those of the authorization server are not in the document.
func (a *albion) judged(next http.RoundTripper) http.RoundTripper {
	court := a.judge.Transport(next)
	return round(func(r *http.Request) (*http.Response, error) {
		if strings.Contains(r.URL.Path, "/aisp/") && !a.faulty.Load() {
			return court.RoundTrip(r)
		}
		return next.RoundTrip(r)
	})
}

type round func(*http.Request) (*http.Response, error)

func (f round) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

var (
	formAction = regexp.MustCompile(`<form method="post" action="([^"]+)"`)
	hidden     = regexp.MustCompile(`name="([a-z_]+)" value="([^"]*)"`)
	chosen     = regexp.MustCompile(`name="account" value="([^"]+)"`)
)

// visit walks a customer through the bank's pages, from the authorization URL to what the bank sends back.
func (a *albion) visit(target, username, decision string) banking.Return {
	a.t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		a.t.Fatal(err)
	}
	client := &http.Client{Transport: a.client.Transport, Jar: jar, CheckRedirect: func(r *http.Request, _ []*http.Request) error {
		if "https://"+r.URL.Host != a.url {
			return http.ErrUseLastResponse
		}
		return nil
	}}
	page := ""
	send := func(method, target string, form url.Values) (back url.Values) {
		req, err := http.NewRequestWithContext(context.Background(), method, target, strings.NewReader(form.Encode()))
		if err != nil {
			a.t.Fatal(err)
		}
		if method == http.MethodPost {
			req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		}
		resp, err := client.Do(req)
		if err != nil {
			a.t.Fatal(err)
		}
		defer resp.Body.Close()
		raw, err := io.ReadAll(resp.Body)
		if err != nil {
			a.t.Fatal(err)
		}
		page = string(raw)
		if to, err := resp.Location(); err == nil {
			if to.Fragment != "" {
				back, err = url.ParseQuery(to.EscapedFragment())
			} else {
				back, err = url.ParseQuery(to.RawQuery)
			}
			if err != nil {
				a.t.Fatal(err)
			}
			return back
		}
		if m := formAction.FindStringSubmatch(page); m != nil && html.UnescapeString(m[1]) == callback {
			back = url.Values{}
			for _, f := range hidden.FindAllStringSubmatch(page, -1) {
				back.Set(f[1], html.UnescapeString(f[2]))
			}
		}
		return back
	}
	submit := func(form url.Values) url.Values {
		m := formAction.FindStringSubmatch(page)
		if m == nil {
			a.t.Fatalf("no form on this page: %s", page)
		}
		next := html.UnescapeString(m[1])
		if strings.HasPrefix(next, "/") {
			next = a.url + next
		}
		return send(http.MethodPost, next, form)
	}
	back := send(http.MethodGet, target, nil)
	if back == nil {
		submit(url.Values{"username": {username}, "password": {password}})
		code, err := totp.GenerateCode(totpKey, a.clock.Now())
		if err != nil {
			a.t.Fatal(err)
		}
		submit(url.Values{"code": {code}})
		form := url.Values{"decision": {decision}}
		for _, m := range chosen.FindAllStringSubmatch(page, -1) {
			form.Add("account", m[1])
		}
		back = submit(form)
	}
	if back == nil {
		a.t.Fatalf("the bank sent nobody back: %s", page)
	}
	return banking.Return{
		Code: back.Get("code"), State: back.Get("state"), IDToken: back.Get("id_token"), Issuer: back.Get("iss"), Error: back.Get("error"),
	}
}

// all are the permissions an assistant with every scope needs.
func all() []banking.Permission {
	return []banking.Permission{banking.ReadBalances, banking.ReadTotals, banking.ReadTransactions}
}

// bearer is a token that is never refreshed.
type bearer banking.Secret

func (b bearer) Token(context.Context) (banking.Secret, error) { return banking.Secret(b), nil }
func (b bearer) Renew(context.Context, banking.Secret) (banking.Secret, error) {
	return "", banking.ErrRelink
}

// listing is a directory that knows nothing beforehand.
type listing struct {
	bank   banking.Bank
	bearer banking.Bearer
}

func (l listing) Accounts(ctx context.Context) ([]banking.Account, error) {
	return l.bank.Accounts(ctx, l.bearer)
}

func (l listing) Renew(ctx context.Context) ([]banking.Account, error) { return l.Accounts(ctx) }

// linked goes the whole way for a customer and gives his token.
func (a *albion) linked(bank *openbanking.Bank, username string, permissions ...banking.Permission) (banking.Tokens, string) {
	a.t.Helper()
	auth, err := bank.Authorize(a.t.Context(), permissions, "a state")
	if err != nil {
		a.t.Fatal(err)
	}
	tokens, subject, err := bank.Exchange(a.t.Context(), auth, a.visit(auth.URL, username, "approve"))
	if err != nil {
		a.t.Fatal(err)
	}
	return tokens, subject
}
