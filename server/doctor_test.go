package server_test

import (
	"cmp"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sotto/linking"
	"sotto/server"
)

// googleKeys answers with a key set of one key.
func googleKeys(t *testing.T) string {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, `{"keys":[{"kty":"RSA","kid":"g","e":"AQAB","n":%q}]}`, base64.RawURLEncoding.EncodeToString(key.N.Bytes()))
	}))
	t.Cleanup(srv.Close)
	return srv.URL
}

// stubBank answers with metadata of this issuer, or of its own where it is empty, and with this Date.
func stubBank(t *testing.T, issuer string, date time.Time) string {
	t.Helper()
	mux := http.NewServeMux()
	srv := httptest.NewServer(mux)
	t.Cleanup(srv.Close)
	if issuer == "" {
		issuer = srv.URL
	}
	mux.HandleFunc("/.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Date", date.UTC().Format(http.TimeFormat))
		fmt.Fprintf(w, `{"issuer": %q}`, issuer)
	})
	return srv.URL
}

// ownCertificate is a certificate that we show to a bank, and its key.
func ownCertificate(t *testing.T, until time.Time) (cert, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: until.AddDate(-1, 0, 0), NotAfter: until}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})), string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8}))
}

func TestTheDoctorFinds(t *testing.T) {
	closed := httptest.NewServer(http.NotFoundHandler())
	closed.Close()
	empty := httptest.NewServer(http.NotFoundHandler())
	defer empty.Close()
	const goodKeys = `{"wrapping":"QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE=","pairwise":"QkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkI="}`
	for name, tc := range map[string]struct {
		bank      string
		keys      string
		keysMode  os.FileMode
		banksMode os.FileMode
		certDays  int         // how long our certificate at the bank is good for; 0: there is none
		certMode  os.FileMode // of its key
		database  string      // "dev": one marked dev
		redirect  string
		second    string   // what another bank's entry says too; empty: there is none
		more      []string // settings
		grant     string   // one more of a client of Google's
		want      string   // a part of a fault; empty: there is none
		advice    string
	}{
		"nothing wrong": {},
		"a bank that calls itself by another name":          {bank: stubBank(t, "https://other.example", time.Now()), want: "another issuer"},
		"a bank that is not there":                          {bank: closed.URL, want: "does not answer (no connection)"},
		"a bank without metadata":                           {bank: empty.URL, want: "answers 404 without OpenID metadata"},
		"a clock that is a minute behind the bank's":        {bank: stubBank(t, "", time.Now().Add(time.Minute)), want: "differ by"},
		"keys that others can read":                         {keysMode: 0o644, want: "chmod 600"},
		"a log that does not say which links end":           {more: []string{"SOTTO_LOG_LEVEL=warn"}, advice: "all must be ended"},
		"keys that are mounted for a group":                 {keysMode: 0o440, advice: "its group can read"},
		"banks' secrets that others can read":               {banksMode: 0o644, want: "banks.yaml: chmod 600"},
		"one of two banks whose answers could be anybody's": {second: "request: plain", advice: "b does not promise to say its name"},
		"a bank with a redirect URI of its own":             {second: "callback: own", advice: "b must have http://127.0.0.1:1/link/callback/b registered"},
		"a bank that shares its redirect URI":               {advice: "a must have http://127.0.0.1:1/link/callback registered"},
		"a certificate at the bank that is about to end":    {certDays: 10, want: "a: our certificate ends in 9 days"},
		"a certificate at the bank that has ended":          {certDays: -1, want: "a: our certificate has ended"},
		"a certificate at the bank that is good":            {certDays: 90},
		"a certificate's key that others can read":          {certDays: 90, certMode: 0o604, want: "tls-key.pem: chmod 600"},
		"keys that are none":                                {keys: "{}", want: "32 bytes"},
		"a database that is for development":                {database: "dev", want: "marked dev"},
		"a region of Alexa whose customers cannot link":     {redirect: "https://pitangui.amazon.com/api/skill/link/M1", advice: "layla.amazon.com"},
		"an agent of Dialogflow that nobody lets in":        {advice: "its routes are closed"},
		"an agent whose customers have no client":           {more: []string{"SOTTO_DIALOGFLOW_USERNAME=a", "SOTTO_DIALOGFLOW_PASSWORD=b"}, advice: "no client of the platform google"},
		"ID tokens whose keys are not there":                {more: []string{"SOTTO_DIALOGFLOW_AUDIENCE=https://a.example", "SOTTO_DIALOGFLOW_EMAIL=a@b.example", "SOTTO_DIALOGFLOW_JWKS=" + empty.URL}, want: "keys of ID tokens cannot be fetched", advice: "none of our webhooks"},
		"Google's accounts, with all they need":             {more: []string{"SOTTO_GOOGLE_CLIENT_ID=1", "SOTTO_GOOGLE_JWKS=" + googleKeys(t)}, grant: linking.JWTBearer},
		"Google's accounts without Google's client id":      {grant: linking.JWTBearer, want: "SOTTO_GOOGLE_CLIENT_ID is missing"},
		"Google's accounts whose keys are not there":        {more: []string{"SOTTO_GOOGLE_CLIENT_ID=1", "SOTTO_GOOGLE_JWKS=" + empty.URL}, grant: linking.JWTBearer, want: "keys of Google's ID tokens cannot be fetched"},
		"Google's client id without a client to use it":     {more: []string{"SOTTO_GOOGLE_CLIENT_ID=1", "SOTTO_GOOGLE_JWKS=" + googleKeys(t)}, grant: "client_credentials", advice: "no client has the grant"},
		"a redirect URI that a browser cannot be sent to":   {redirect: "javascript:alert(1)", want: "redirect URI"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			write := func(file, content string, mode os.FileMode) string {
				path := filepath.Join(dir, file)
				if err := os.WriteFile(path, []byte(content), mode); err != nil {
					t.Fatal(err)
				}
				if err := os.Chmod(path, mode); err != nil {
					t.Fatal(err)
				}
				return path
			}
			if tc.bank == "" {
				tc.bank = stubBank(t, "", time.Now())
			}
			tc.keys = cmp.Or(tc.keys, goodKeys)
			tc.keysMode, tc.banksMode, tc.certMode = cmp.Or(tc.keysMode, 0o600), cmp.Or(tc.banksMode, 0o600), cmp.Or(tc.certMode, 0o600)
			tc.redirect = cmp.Or(tc.redirect, "https://alexa.amazon.co.jp/api/skill/link/M1")
			banks := strings.ReplaceAll(`- {id: a, name: A, dialect: uk-ob-3.1, issuer: "URL", resource_url: "URL/aisp", authorization_url: "URL/a", token_url: "URL/t",
  jwks_url: "URL/j", client_id: c, auth: client_secret_basic, client_secret: s, zone: Europe/London}`, "URL", tc.bank)
			if tc.second != "" {
				banks += "\n" + strings.NewReplacer("id: a, name: A", "id: b, name: B", "zone:", tc.second+", zone:").Replace(banks)
			}
			if tc.certDays != 0 {
				cert, key := ownCertificate(t, time.Now().AddDate(0, 0, tc.certDays))
				banks = strings.Replace(banks, "zone:", fmt.Sprintf("tls_cert_file: %q, tls_key_file: %q, zone:",
					write("tls-cert.pem", cert, 0o600), write("tls-key.pem", key, tc.certMode)), 1)
			}
			clients := fmt.Sprintf("- {id: alexa, name: Alexa, platform: alexa, auth: basic_or_post, secret_sha256: %s, scopes: [balances], redirect_uris: [%q]}",
				strings.Repeat("a", 64), tc.redirect)
			if tc.grant != "" {
				clients += fmt.Sprintf("\n- {id: google, name: Google, platform: google, auth: basic_or_post, secret_sha256: %s, scopes: [balances], redirect_uris: [\"https://a.example/\"], grants: [authorization_code, %q]}",
					strings.Repeat("b", 64), tc.grant)
			}
			cfg, err := parse(t, nil, append([]string{
				"SOTTO_PUBLIC_URL=http://127.0.0.1:1", "SOTTO_ALEXA_SKILL_IDS=s", "SOTTO_DATABASE=sqlite:" + filepath.Join(dir, "sotto.db"),
				"SOTTO_KEYS=" + write("keys.json", tc.keys, tc.keysMode), "SOTTO_BANKS=" + write("banks.yaml", banks, tc.banksMode),
				"SOTTO_CLIENTS=" + write("clients.yaml", clients, 0o600), "SOTTO_STATE=" + filepath.Join(dir, "state"),
			}, tc.more...), "")
			if err != nil {
				t.Fatal(err)
			}
			marked := cfg
			marked.Dev = tc.database == "dev"
			if _, err := server.MigrateDatabase(t.Context(), marked); err != nil {
				t.Fatal(err)
			}
			var faults, advice []string
			for _, f := range server.Doctor(t.Context(), cfg, time.Now) {
				switch f.Grade {
				case server.Fault:
					faults = append(faults, f.Says)
				case server.Advice:
					advice = append(advice, f.Says)
				default:
				}
			}
			all := strings.Join(faults, "\n")
			if tc.want == "" && all != "" || !strings.Contains(all, tc.want) {
				t.Errorf("faults %q, want %q", all, tc.want)
			}
			if !strings.Contains(strings.Join(advice, "\n"), tc.advice) {
				t.Errorf("advice %q, want %q", advice, tc.advice)
			}
		})
	}
}
