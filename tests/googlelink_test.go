package tests

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/golang-jwt/jwt/v5"

	"sotto/server"
	"sotto/server/dev"
)

// opens says whether an access token opens what it is for.
func (w *walker) opens(token string) bool {
	w.tb.Helper()
	r, err := http.NewRequestWithContext(w.tb.Context(), http.MethodGet, w.house.PublicURL()+"/oauth/userinfo", nil)
	if err != nil {
		w.tb.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	status, _, body := ask(w.tb, r)
	if status != http.StatusOK && status != http.StatusUnauthorized {
		w.tb.Fatalf("userinfo answers %d %s", status, body)
	}
	return status == http.StatusOK
}

// linked walks to the bank and back, and trades the code as Google does: with its secret in the body.
func (w *walker) linked(more url.Values) tokenAnswer {
	w.tb.Helper()
	return w.linkedFrom(w.open(more))
}

// linkedFrom goes on from the first page.
func (w *walker) linkedFrom(page *dev.Page) tokenAnswer {
	w.tb.Helper()
	back := w.back(w.decide(w.signIn(w.approve(page)), "approve"))
	return w.tokens(url.Values{
		"grant_type": {"authorization_code"}, "code": back["code"], "redirect_uri": {w.client.RedirectURIs[0]}, "code_verifier": {verifier},
	}, inBody(w.client))
}

// TestWhatGooglesValidatorLooksAt plays its six rules as Google's client of a development house, knowing the contract alone: see
// https://developers.google.com/identity/account-linking/gal-validation-tool.
func TestWhatGooglesValidatorLooksAt(t *testing.T) {
	t.Parallel()
	h := open(t)
	w := h.walker(t, "google")
	first := w.linked(nil)
	if strings.Count(first.Access, ".") == 2 || strings.HasPrefix(first.Access, "ey") {
		t.Error("rule 1: an access token has the shape of a JWT")
	}
	if first.Expires <= 0 || first.Refresh == "" {
		t.Errorf("rule 2: an access token that ends after %d s comes with a refresh token: %v", first.Expires, first.Refresh != "")
	}
	for _, bad := range []string{"x", first.Refresh + "x", first.Refresh[:len(first.Refresh)-1], first.Access} { // rule 3
		w.refused(refreshing(bad), inBody(w.client), http.StatusBadRequest, "invalid_grant")
	}
	second := w.tokens(refreshing(first.Refresh), inBody(w.client))
	if second.Access == first.Access {
		t.Error("rule 4: a refresh gives the same access token")
	}
	if !w.opens(first.Access) || !w.opens(second.Access) {
		t.Error("rule 5: an access token from before a refresh, which is not over, opens nothing")
	}
	// Rule 6: the refresh token is not rotated; or, where it is, the old one serves until the new one was used.
	if second.Refresh != "" && second.Refresh != first.Refresh {
		t.Error("rule 6: a stable refresh token was rotated")
	}
	third := w.tokens(refreshing(first.Refresh), inBody(w.client))
	if third.Access == second.Access || !w.opens(third.Access) {
		t.Error("rule 6: the refresh token does not serve again")
	}
	h.pass(time.Duration(first.Expires)*time.Second + time.Minute)
	if w.opens(first.Access) {
		t.Error("an access token outlives its expires_in")
	}
	if late := w.tokens(refreshing(first.Refresh), inBody(w.client)); !w.opens(late.Access) {
		t.Error("after a refresh that came late, nothing is open")
	}
}

const projectID = "1234-sotto.apps.googleusercontent.com"

// account is a Google account, and Google as far as it signs ID tokens for it.
type account struct {
	key *rsa.PrivateKey
	url string
}

func openAccounts(t *testing.T) *account {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	b64 := base64.RawURLEncoding.EncodeToString
	keys := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, `{"keys":[{"kty":"RSA","use":"sig","alg":"RS256","kid":"g","n":"%s","e":"%s"}]}`, b64(key.N.Bytes()), b64(big.NewInt(int64(key.E)).Bytes()))
	}))
	t.Cleanup(keys.Close)
	return &account{key, keys.URL}
}

func (a *account) idToken(t *testing.T, now time.Time, sub string) string {
	t.Helper()
	token := jwt.NewWithClaims(jwt.SigningMethodRS256, jwt.MapClaims{
		"iss": "https://accounts.google.com", "aud": projectID, "sub": sub, "email": "ada@example.com", "email_verified": true,
		"iat": now.Unix(), "exp": now.Add(time.Hour).Unix(), "jti": rand.Text(),
	})
	token.Header["kid"] = "g"
	signed, err := token.SignedString(a.key)
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

// TestGoogleLinksAnAccountAgainWithoutTheBank walks streamlined account linking from the street: Google asks for a stranger, is sent to the web
// flow with a hint, brings it back, and from then on is given the link again, until its customer ends it.
func TestGoogleLinksAnAccountAgainWithoutTheBank(t *testing.T) {
	t.Parallel()
	google := openAccounts(t)
	client := dev.Client{ID: "google-again", Secret: "what Google keeps", RedirectURIs: []string{"https://oauth-redirect.googleusercontent.com/r/sotto"}}
	file := filepath.Join(t.TempDir(), "clients.yaml")
	if err := os.WriteFile(file, fmt.Appendf(nil, `
- id: %s
  name: Google
  platform: google
  auth: basic_or_post
  secret_sha256: %s
  redirect_uris: [%q]
  grants: [authorization_code, refresh_token, "urn:ietf:params:oauth:grant-type:jwt-bearer"]
  pkce: optional
  scopes: [balances, spending]
`, client.ID, fmt.Sprintf("%x", sha256.Sum256([]byte(client.Secret))), client.RedirectURIs[0]), 0o600); err != nil {
		t.Fatal(err)
	}
	h := openAs(t, morning, server.Config{State: t.TempDir(), Addr: "127.0.0.1:0", Clients: file, GoogleClientID: projectID, GoogleJWKS: google.url})
	w := h.walker(t, "google")
	w.client = client
	w.browser = w.newBrowser()
	asked := func(intent, sub string) (int, map[string]any) {
		t.Helper()
		status, header, body := w.call("/oauth/token", url.Values{
			"grant_type": {"urn:ietf:params:oauth:grant-type:jwt-bearer"}, "intent": {intent}, "assertion": {google.idToken(t, h.Now(), sub)}, "scope": {"balances spending"},
		}, inBody(client))
		var answer map[string]any
		if err := json.Unmarshal(body, &answer); err != nil || header.Get("Cache-Control") != "no-store" {
			t.Fatalf("%s is answered %d %s", intent, status, body)
		}
		return status, answer
	}
	strange := func(when, sub string) {
		t.Helper()
		if status, answer := asked("check", sub); status != http.StatusNotFound || answer["account_found"] != "false" || len(answer) != 1 {
			t.Errorf("%s, check is answered %d %v", when, status, answer)
		}
		if status, answer := asked("get", sub); status != http.StatusUnauthorized || answer["error"] != "linking_error" || answer["login_hint"] != nil {
			t.Errorf("%s, get is answered %d %v", when, status, answer)
		}
	}
	strange("before anything", "ada")
	status, answer := asked("create", "ada")
	hint, _ := answer["login_hint"].(string)
	if status != http.StatusUnauthorized || answer["error"] != "linking_error" || hint == "" {
		t.Fatalf("create is answered %d %v", status, answer)
	}
	const remembered = "We keep a mark of that account for as long as the link lasts"
	if page := h.walker(t, "google").open(nil); strings.Contains(page.Text, remembered) {
		t.Error("the page says that an account is remembered where none is")
	}
	page := w.open(url.Values{"login_hint": {hint}})
	if !strings.Contains(page.Text, remembered) {
		t.Errorf("the page does not say that the account is remembered: %s", page.Text)
	}
	first := w.linkedFrom(page)
	strange("in the name of another account", "eve")
	if status, answer := asked("check", "ada"); status != http.StatusOK || answer["account_found"] != "true" || len(answer) != 1 {
		t.Errorf("check is answered %d %v", status, answer)
	}
	status, answer = asked("get", "ada")
	again, _ := answer["access_token"].(string)
	refresh, _ := answer["refresh_token"].(string)
	if status != http.StatusOK || again == "" || refresh == "" || answer["token_type"] != "Bearer" || answer["scope"] != "balances spending" {
		t.Fatalf("get is answered %d", status)
	}
	if !w.opens(first.Access) || !w.opens(again) || !w.opens(w.tokens(refreshing(refresh), inBody(client)).Access) {
		t.Error("a token of the link opens nothing")
	}
	if status, _, _ := w.call("/oauth/revoke", url.Values{"token": {first.Refresh}}, inBody(client)); status != http.StatusOK {
		t.Errorf("a revocation gets %d", status)
	}
	strange("after the link has ended", "ada")
	if w.opens(again) {
		t.Error("what was given again outlives the link")
	}
	w.refused(refreshing(refresh), inBody(client), http.StatusBadRequest, "invalid_grant")
	log := h.log.String()
	for name, secret := range map[string]string{"hint": hint, "token": again, "refresh token": refresh, "address": "ada@example.com", "assertion": "eyJhbGciOiJSUzI1NiIs"} {
		if strings.Contains(log, secret) {
			t.Errorf("the log holds the %s", name)
		}
	}
	for _, reason := range []string{"account_unknown", "account_not_created"} {
		if !strings.Contains(log, fmt.Sprintf("%q", reason)) {
			t.Errorf("the log does not say %s", reason)
		}
	}
	t.Run("on a phone", func(t *testing.T) {
		v := openWindow(t, "phone", 390, 844, false)
		_, answer := asked("create", "grace")
		hint, _ := answer["login_hint"].(string)
		v.do(chromedp.Navigate(w.request(url.Values{"login_hint": {hint}})), chromedp.WaitVisible(`[value="approve"]`))
		if said := read(v, chromedp.Text("main")); !strings.Contains(said, remembered) {
			t.Errorf("the page says %q", said)
		}
		v.look("02-consent-of-an-account")
	})
}
