package openbanking_test

import (
	"cmp"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"sotto/banking"
	"sotto/banking/openbanking"
)

// forger is an authorization server that signs what it is told to.
type forger struct {
	t      *testing.T
	url    string
	token  string // the id_token of its token endpoint
	key    *ecdsa.PrivateKey
	traded int

	metadata string // of the bank, where it has any
	keys     string // its key set, where it is another than that of the tests
}

func openForger(t *testing.T) *forger {
	t.Helper()
	f := &forger{t: t, key: keys(t).ec}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /jwks", func(w http.ResponseWriter, _ *http.Request) { write(w, cmp.Or(f.keys, string(jwks(t)))) })
	mux.HandleFunc("GET /.well-known/openid-configuration", func(w http.ResponseWriter, r *http.Request) {
		if f.metadata == "" {
			http.NotFound(w, r)
			return
		}
		write(w, f.metadata)
	})
	mux.HandleFunc("POST /token", func(w http.ResponseWriter, r *http.Request) {
		if r.FormValue("grant_type") == "authorization_code" {
			f.traded++
		}
		write(w, fmt.Sprintf(`{"access_token":"access","token_type":"Bearer","expires_in":300,"refresh_token":"refresh","id_token":%q}`, f.token))
	})
	mux.HandleFunc("POST /bank/aisp/account-access-consents", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusCreated)
		_, _ = fmt.Fprint(w, `{"Data":{"ConsentId":"consent-1","Status":"AwaitingAuthorisation"}}`)
	})
	srv := httptest.NewServer(mux)
	t.Cleanup(srv.Close)
	f.url = srv.URL
	return f
}

func (f *forger) bank(request string) *openbanking.Bank { return f.bankWith(request, "") }

func (f *forger) bankWith(request, back string) *openbanking.Bank {
	f.t.Helper()
	a := openAlbion(f.t, nil)
	c := a.config(openbanking.PrivateKey, request)
	c.Issuer, c.ResourceURL, c.AuthorizationURL, c.TokenURL, c.JWKSURL = f.url, f.url+"/bank/aisp", f.url+"/authorize", f.url+"/token", f.url+"/jwks"
	c.ClientID, c.CAFile, c.Callback = "sotto", "", back
	if request == openbanking.Signed {
		c.SigningKeyFile = filepath.Join(a.dir, "rsa.pem")
	}
	bank, err := openbanking.New(c, openbanking.Options{Redirect: callback, Now: start})
	if err != nil {
		f.t.Fatal(err)
	}
	return bank
}

func (f *forger) sign(claims jwt.MapClaims, change func(jwt.MapClaims, *jwt.Token)) string {
	f.t.Helper()
	token := jwt.NewWithClaims(jwt.SigningMethodES256, claims)
	token.Header["kid"] = "ec"
	var key any = f.key
	if change != nil {
		change(claims, token)
	}
	switch token.Method {
	case jwt.SigningMethodHS256:
		key = []byte(strings.Repeat("k", 32))
	case jwt.SigningMethodNone:
		key = jwt.UnsafeAllowNoneSignatureType
	case jwt.SigningMethodRS256:
		key = keys(f.t).rsa
	}
	if token.Header["kid"] == "stranger" {
		token.Header["kid"] = "ec"
		key, _ = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	}
	signed, err := token.SignedString(key)
	if err != nil {
		f.t.Fatal(err)
	}
	return signed
}

func (f *forger) claims(a banking.Authorization) jwt.MapClaims {
	return jwt.MapClaims{
		"iss": f.url, "sub": "customer", "aud": "sotto", "nonce": a.Nonce, "openbanking_intent_id": a.ConsentID,
		"iat": start().Unix(), "exp": start().Add(5 * time.Minute).Unix(),
	}
}

func half(s string) string {
	sum := sha256.Sum256([]byte(s))
	return base64.RawURLEncoding.EncodeToString(sum[:16])
}

func TestAForgedIDTokenIsRefused(t *testing.T) {
	f := openForger(t)
	bank := f.bank(openbanking.Plain)
	set := func(name string, value any) func(jwt.MapClaims, *jwt.Token) {
		return func(c jwt.MapClaims, _ *jwt.Token) { c[name] = value }
	}
	for name, change := range map[string]func(jwt.MapClaims, *jwt.Token){
		"one of another issuer":               set("iss", "https://evil.example"),
		"one for another client":              set("aud", "another"),
		"one for us among others, by another": func(c jwt.MapClaims, _ *jwt.Token) { c["aud"], c["azp"] = []string{"sotto", "another"}, "another" },
		"one for us among others, by nobody":  set("aud", []string{"sotto", "another"}),
		"one of another login":                set("nonce", "another"),
		"one without a nonce":                 set("nonce", ""),
		"one about another consent":           set("openbanking_intent_id", "consent-2"),
		"one about no consent":                func(c jwt.MapClaims, _ *jwt.Token) { delete(c, "openbanking_intent_id") },
		"an expired one":                      set("exp", start().Add(-time.Minute).Unix()),
		"one without an end":                  func(c jwt.MapClaims, _ *jwt.Token) { delete(c, "exp") },
		"one from the future":                 set("iat", start().Add(time.Hour).Unix()),
		"one of another access token":         set("at_hash", half("another")),
		"one signed by a stranger":            func(_ jwt.MapClaims, t *jwt.Token) { t.Header["kid"] = "stranger" },
		"one signed by nobody":                func(_ jwt.MapClaims, t *jwt.Token) { t.Method, t.Header["alg"] = jwt.SigningMethodNone, "none" },
		"one signed with a shared secret":     func(_ jwt.MapClaims, t *jwt.Token) { t.Method, t.Header["alg"] = jwt.SigningMethodHS256, "HS256" },
		"one signed with an algorithm not allowed": func(_ jwt.MapClaims, t *jwt.Token) {
			t.Method, t.Header["alg"], t.Header["kid"] = jwt.SigningMethodRS256, "RS256", "rsa"
		},
	} {
		t.Run(name, func(t *testing.T) {
			a, err := bank.Authorize(t.Context(), all(), "state")
			if err != nil {
				t.Fatal(err)
			}
			f.token = f.sign(f.claims(a), change)
			_, _, err = bank.Exchange(t.Context(), a, banking.Return{Code: "code", State: "state"})
			if !errors.Is(err, banking.ErrGarbled) {
				t.Errorf("got %v, want ErrGarbled", err)
			}
			if err != nil && (strings.Contains(err.Error(), "evil") || strings.Contains(err.Error(), "customer")) {
				t.Errorf("the error quotes the token: %v", err)
			}
		})
	}
	a, err := bank.Authorize(t.Context(), all(), "state")
	if err != nil {
		t.Fatal(err)
	}
	for name, token := range map[string]string{"none": "", "garbage": "a.b.c", "a huge one": strings.Repeat("x", 1<<20)} {
		f.token = token
		if _, _, err := bank.Exchange(t.Context(), a, banking.Return{Code: "code", State: "state"}); !errors.Is(err, banking.ErrGarbled) && !errors.Is(err, banking.ErrTooMuch) {
			t.Errorf("%s: got %v, want ErrGarbled", name, err)
		}
	}
	f.token = f.sign(f.claims(a), nil)
	if _, subject, err := bank.Exchange(t.Context(), a, banking.Return{Code: "code", State: "state", Issuer: f.url}); err != nil || subject != "customer" {
		t.Errorf("a good one: %v", err)
	}
}

func TestACodeIsNotSentWhereTheAnswerIsNotForThisLogin(t *testing.T) {
	f := openForger(t)
	for name, tc := range map[string]struct {
		request string
		back    func(banking.Authorization) banking.Return
	}{
		"an answer that names another bank": {openbanking.Plain, func(banking.Authorization) banking.Return {
			return banking.Return{Code: "code", State: "state", Issuer: "https://evil.example"}
		}},
		"an answer with another state":   {openbanking.Plain, func(banking.Authorization) banking.Return { return banking.Return{Code: "code", State: "other"} }},
		"an answer without a code":       {openbanking.Plain, func(banking.Authorization) banking.Return { return banking.Return{State: "state"} }},
		"a hybrid answer without a sign": {openbanking.Signed, func(banking.Authorization) banking.Return { return banking.Return{Code: "code", State: "state"} }},
		"a stolen code under another's signature": {openbanking.Signed, func(a banking.Authorization) banking.Return {
			c := f.claims(a)
			c["c_hash"], c["s_hash"] = half("another code"), half("state")
			return banking.Return{Code: "code", State: "state", IDToken: f.sign(c, nil)}
		}},
		"a state that was not signed": {openbanking.Signed, func(a banking.Authorization) banking.Return {
			c := f.claims(a)
			c["c_hash"] = half("code")
			return banking.Return{Code: "code", State: "state", IDToken: f.sign(c, nil)}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			bank := f.bank(tc.request)
			a, err := bank.Authorize(t.Context(), all(), "state")
			if err != nil {
				t.Fatal(err)
			}
			f.token, f.traded = f.sign(f.claims(a), nil), 0
			if _, _, err := bank.Exchange(t.Context(), a, tc.back(a)); !errors.Is(err, banking.ErrGarbled) || f.traded != 0 {
				t.Errorf("got %v, want ErrGarbled; the code was sent %d times", err, f.traded)
			}
		})
	}
}

// TestACodeIsNotSentWhereTheAnswerCameToAnotherBanksAddress: a hostile bank can send its customer on to another bank, and so be given the other's
// code (mix-up). The other bank sends him back to its own address.
func TestACodeIsNotSentWhereTheAnswerCameToAnotherBanksAddress(t *testing.T) {
	for name, tc := range map[string]struct {
		callback string
		at       banking.BankID
		want     error
	}{
		"its own":                             {openbanking.OwnCallback, "albion", nil},
		"another bank's own":                  {openbanking.OwnCallback, "aurora", banking.ErrGarbled},
		"the one that banks share":            {openbanking.OwnCallback, "", banking.ErrGarbled},
		"another's, of one that shares its":   {openbanking.SharedCallback, "aurora", banking.ErrGarbled},
		"its own, if it had one":              {openbanking.SharedCallback, "albion", banking.ErrGarbled},
		"the shared one":                      {openbanking.SharedCallback, "", nil},
		"the shared one, as nothing was said": {"", "", nil},
	} {
		t.Run(name, func(t *testing.T) {
			f := openForger(t)
			bank := f.bankWith(openbanking.Plain, tc.callback)
			a, err := bank.Authorize(t.Context(), all(), "state")
			if err != nil {
				t.Fatal(err)
			}
			f.token = f.sign(f.claims(a), nil)
			_, _, err = bank.Exchange(t.Context(), a, banking.Return{Code: "code", State: "state", Issuer: f.url, At: tc.at})
			if !errors.Is(err, tc.want) || (f.traded == 0) != (tc.want != nil) {
				t.Errorf("got %v, want %v; the code was sent %d times", err, tc.want, f.traded)
			}
			u, err := url.Parse(a.URL)
			if err != nil {
				t.Fatal(err)
			}
			want := map[bool]string{true: callback + "/albion", false: callback}[tc.callback == openbanking.OwnCallback]
			if got := u.Query().Get("redirect_uri"); got != want {
				t.Errorf("the customer is sent back to %s, want %s", got, want)
			}
		})
	}
}

// TestABankThatPromisesItsNameMustSayIt: RFC 9207 section 2.4. One that promises nothing is taken without.
func TestABankThatPromisesItsNameMustSayIt(t *testing.T) {
	const promise = `"authorization_response_iss_parameter_supported":true`
	for name, tc := range map[string]struct {
		metadata string // ISSUER stands for the bank
		names    bool
		want     error
	}{
		"a bank that promises it, and does":           {`{"issuer":"ISSUER",` + promise + `}`, true, nil},
		"a bank that promises it, and does not":       {`{"issuer":"ISSUER",` + promise + `}`, false, banking.ErrGarbled},
		"a bank that promises nothing":                {`{"issuer":"ISSUER"}`, false, nil},
		"a bank without metadata":                     {``, false, nil},
		"a bank whose metadata is another's":          {`{"issuer":"https://evil.example",` + promise + `}`, false, nil},
		"a bank whose metadata can be read as little": {`{"issuer":"ISSUER",` + promise, false, nil},
	} {
		t.Run(name, func(t *testing.T) {
			f := openForger(t)
			f.metadata = strings.ReplaceAll(tc.metadata, "ISSUER", f.url)
			bank := f.bank(openbanking.Plain)
			a, err := bank.Authorize(t.Context(), all(), "state")
			if err != nil {
				t.Fatal(err)
			}
			f.token = f.sign(f.claims(a), nil)
			back := banking.Return{Code: "code", State: "state"}
			if tc.names {
				back.Issuer = f.url
			}
			if _, _, err := bank.Exchange(t.Context(), a, back); !errors.Is(err, tc.want) || (f.traded == 0) != (tc.want != nil) {
				t.Errorf("got %v, want %v; the code was sent %d times", err, tc.want, f.traded)
			}
		})
	}
}

func TestTheTwoIDTokensMustBeOfOneCustomer(t *testing.T) {
	f := openForger(t)
	bank := f.bank(openbanking.Signed)
	a, err := bank.Authorize(t.Context(), all(), "state")
	if err != nil {
		t.Fatal(err)
	}
	front, back := f.claims(a), f.claims(a)
	front["c_hash"], front["s_hash"] = half("code"), half("state")
	signed := f.sign(front, nil)
	back["sub"] = "somebody else"
	f.token = f.sign(back, nil)
	r := banking.Return{Code: "code", State: "state", IDToken: signed}
	if _, _, err := bank.Exchange(t.Context(), a, r); !errors.Is(err, banking.ErrGarbled) {
		t.Errorf("got %v, want ErrGarbled", err)
	}
	back["sub"] = "customer"
	f.token = f.sign(back, nil)
	if _, _, err := bank.Exchange(t.Context(), a, r); err != nil {
		t.Errorf("of one customer: %v", err)
	}
}

func TestTheCustomerIsSentWithWhatTheContractNames(t *testing.T) {
	f := openForger(t)
	a, err := f.bank(openbanking.Plain).Authorize(t.Context(), all(), "state")
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(a.URL)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	for name, want := range map[string]string{
		"response_type": "code", "scope": "openid accounts", "state": "state", "nonce": a.Nonce, "redirect_uri": callback, "client_id": "sotto",
		"code_challenge_method": "S256", "claims": `{"id_token":{"openbanking_intent_id":{"essential":true,"value":"consent-1"}}}`,
	} {
		if q.Get(name) != want {
			t.Errorf("%s: got %q, want %q", name, q.Get(name), want)
		}
	}
	a, err = f.bank(openbanking.Signed).Authorize(t.Context(), all(), "state")
	if err != nil {
		t.Fatal(err)
	}
	if u, err = url.Parse(a.URL); err != nil {
		t.Fatal(err)
	}
	var claims jwt.MapClaims
	parser := jwt.NewParser(jwt.WithValidMethods([]string{"PS256"}), jwt.WithAudience(f.url), jwt.WithIssuer("sotto"), jwt.WithTimeFunc(start), jwt.WithExpirationRequired())
	if _, err := parser.ParseWithClaims(u.Query().Get("request"), &claims, func(*jwt.Token) (any, error) { return &keys(t).rsa.PublicKey, nil }); err != nil {
		t.Fatal(err)
	}
	if claims["response_type"] != "code id_token" || claims["nbf"] == nil || claims["response_mode"] != nil || claims["nonce"] != a.Nonce {
		t.Errorf("the request object says %v", claims)
	}
	if u.Query().Has("state") || u.Query().Has("nonce") {
		t.Error("what is signed stands outside as well")
	}
}
