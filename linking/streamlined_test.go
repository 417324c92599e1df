package linking_test

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"errors"
	"io"
	"math/big"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/golang-jwt/jwt/v5"

	"sotto/banking"
	"sotto/linking"
	"sotto/linking/idtoken"
	"sotto/tests/database"
)

const ourGoogleID = "1234-sotto.apps.googleusercontent.com"

var googleKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

// googleKeys plays Google's key server.
type googleKeys struct{ down bool }

func (g *googleKeys) RoundTrip(r *http.Request) (*http.Response, error) {
	if g.down {
		return nil, errors.New("no route to Google")
	}
	b64 := base64.RawURLEncoding.EncodeToString
	key := googleKey().PublicKey
	body := keySet(map[string]any{"kty": "RSA", "use": "sig", "alg": "RS256", "kid": "g1", "n": b64(key.N.Bytes()), "e": b64(big.NewInt(int64(key.E)).Bytes())})
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(bytes.NewReader(body)), Request: r}, nil
}

// streamlinedClients are Google's client with the grant, one more of the kind, and the others.
func streamlinedClients() []linking.Client {
	list := clients()
	i := slices.IndexFunc(list, func(c linking.Client) bool { return c.ID == "google" })
	list[i].Grants = []string{"authorization_code", "refresh_token", linking.JWTBearer}
	second := list[i]
	second.ID, second.SecretSHA256 = "google2", digest("other "+secret)
	return append(list, second)
}

// openGoogle opens a house with streamlined account linking.
func openGoogle(t testing.TB, url string) (*house, *googleKeys) {
	t.Helper()
	h, keys := openAt(t, url), &googleKeys{}
	verifier, err := idtoken.New(idtoken.Config{Audiences: []string{ourGoogleID}, Transport: keys, Now: h.Now})
	if err != nil {
		t.Fatal(err)
	}
	h.Authority, err = linking.New(linking.Options{
		Issuer: issuer, Clients: streamlinedClients(), Keys: h.keys, Store: h.store, Connections: h.bank, Now: h.Now, Google: verifier,
	})
	if err != nil {
		t.Fatal(err)
	}
	return h, keys
}

// idToken is a token as Google makes it for this account, changed.
func (h *house) idToken(sub string, change func(jwt.MapClaims)) string {
	h.t.Helper()
	claims := jwt.MapClaims{
		"iss": "https://accounts.google.com", "aud": ourGoogleID, "sub": sub, "email": "ada@example.com", "email_verified": true,
		"iat": h.Now().Unix(), "exp": h.Now().Add(time.Hour).Unix(), "jti": rand.Text(),
	}
	if change != nil {
		change(claims)
	}
	token := jwt.NewWithClaims(jwt.SigningMethodRS256, claims)
	token.Header["kid"] = "g1"
	signed, err := token.SignedString(googleKey())
	if err != nil {
		h.t.Fatal(err)
	}
	return signed
}

// intend asks for an intent with this ID token.
func (h *house) intend(client, intent, assertion string, more ...string) (linking.Grant, error) {
	c := call(client, with(map[string]string{"grant_type": linking.JWTBearer, "intent": intent, "assertion": assertion}, more...))
	if client == "google2" {
		c.Form["client_secret"] = []string{"other " + secret}
	}
	return h.Token(h.t.Context(), c)
}

// loginHint is what Google is given with a refused "create" for this account.
func (h *house) loginHint(client, sub string) string {
	h.t.Helper()
	_, err := h.intend(client, "create", h.idToken(sub, nil))
	e := refused(h.t, err, "linking_error", "account_not_created")
	if e.Status != http.StatusUnauthorized || e.LoginHint == "" {
		h.t.Fatalf("got status %d, hint %q", e.Status, string(e.LoginHint))
	}
	return string(e.LoginHint)
}

func hinting(client, hint string) url.Values {
	q := request("google")
	q.Set("client_id", client)
	q.Set("login_hint", hint)
	return q
}

// known links this Google account by the web flow, as ada at the bank, and gives what Google has then.
func (h *house) known(sub string) linking.Grant {
	h.t.Helper()
	return h.token("google", exchanging("google", h.codeOf(hinting("google", h.loginHint("google", sub)))))
}

// unknown checks that no intent gives this account anything.
func (h *house) unknown(client, sub string) {
	h.t.Helper()
	_, err := h.intend(client, "check", h.idToken(sub, nil))
	refused(h.t, err, "account_not_found", "account_unknown")
	_, err = h.intend(client, "get", h.idToken(sub, nil))
	refused(h.t, err, "linking_error", "account_unknown")
}

func TestAGoogleAccountIsGivenItsOwnLinkAgain(t *testing.T) {
	for name, fresh := range database.Engines {
		t.Run(name, func(t *testing.T) {
			h, _ := openGoogle(t, fresh(t))
			h.unknown("google", "ada")
			first := h.known("ada")
			found, err := h.intend("google", "check", h.idToken("ada", nil))
			if err != nil || !found.AccountFound {
				t.Fatalf("check: got %v, %v", found, err)
			}
			second, err := h.intend("google", "get", h.idToken("ada", nil), "scope", "balances")
			if err != nil {
				t.Fatal(err)
			}
			if second.Link != first.Link || second.Scope != first.Scope || second.RefreshToken == first.RefreshToken || second.AccessToken == first.AccessToken {
				t.Errorf("got %+v after %+v", second, first)
			}
			for _, g := range []linking.Grant{first, second, h.token("google", refreshing(second.RefreshToken)), h.token("google", refreshing(first.RefreshToken))} {
				if !h.lives("google", g.AccessToken) {
					t.Error("an access token of the link is refused")
				}
			}
		})
	}
}

// TestWhatEndsALinkIsNeverUndoneByGoogle: whatever way it ended, the account is a stranger again, and the tokens of every grant are dead.
func TestWhatEndsALinkIsNeverUndoneByGoogle(t *testing.T) {
	for name, end := range map[string]func(h *house, first, second linking.Grant) error{
		"the customer ends it": func(h *house, first, _ linking.Grant) error { return h.End(h.t.Context(), first.Link) },
		"the customer erases it": func(h *house, first, _ linking.Grant) error {
			_, err := h.Forget(h.t.Context(), first.Link)
			return err
		},
		"Google revokes the first refresh token": func(h *house, first, _ linking.Grant) error {
			return h.Revoke(h.t.Context(), call("google", map[string]string{"token": string(first.RefreshToken)}))
		},
		"Google revokes the second refresh token": func(h *house, _, second linking.Grant) error {
			return h.Revoke(h.t.Context(), call("google", map[string]string{"token": string(second.RefreshToken)}))
		},
	} {
		t.Run(name, func(t *testing.T) {
			h, _ := openGoogle(t, database.SQLite(t))
			first := h.known("ada")
			second, err := h.intend("google", "get", h.idToken("ada", nil))
			if err != nil {
				t.Fatal(err)
			}
			if err := end(h, first, second); err != nil {
				t.Fatal(err)
			}
			h.unknown("google", "ada")
			for _, g := range []linking.Grant{first, second} {
				_, err := h.Token(t.Context(), call("google", refreshing(g.RefreshToken)))
				var e *linking.OAuthError
				if !errors.As(err, &e) || e.Code != "invalid_grant" || h.lives("google", g.AccessToken) {
					t.Errorf("a token of the link is accepted: %v", err)
				}
			}
		})
	}
}

func TestWhatNobodyGainsByStreamlinedLinking(t *testing.T) {
	for name, try := range map[string]func(t *testing.T, h *house){
		"another Google account is not the customer's": func(_ *testing.T, h *house) {
			h.known("ada")
			h.unknown("google", "eve")
		},
		"the same address is not the same account": func(_ *testing.T, h *house) { // every idToken has ada@example.com
			h.known("ada")
			h.unknown("google", "ada's address, taken over")
		},
		"another client of the platform is told nothing": func(_ *testing.T, h *house) {
			h.known("ada")
			h.unknown("google2", "ada")
		},
		"a web flow without a hint is remembered for nobody": func(_ *testing.T, h *house) {
			h.linked("google")
			h.unknown("google", "ada")
		},
		"a hint that was given and never used is remembered for nobody": func(_ *testing.T, h *house) {
			h.loginHint("google", "ada")
			h.unknown("google", "ada")
		},
		"a flow whose code Google never traded is remembered for nobody": func(_ *testing.T, h *house) {
			h.codeOf(hinting("google", h.loginHint("google", "ada")))
			h.unknown("google", "ada")
		},
		"a hint found in a history binds nothing of whoever opens it": func(t *testing.T, h *house) {
			hint := h.loginHint("google", "ada")
			h.authorize(hinting("google", hint)) // ada's browser was there
			thief := h.authorize(hinting("google", hint))
			step := h.back(thief, h.toBank(thief, linking.Approve), "eve")
			h.token("google", exchanging("google", parameters(t, step.URL).Get("code")))
			h.unknown("google", "ada")
		},
		"a hint found in a history is none with a line break in it either": func(t *testing.T, h *house) {
			hint := h.loginHint("google", "ada")
			h.authorize(hinting("google", hint))
			h.token("google", exchanging("google", h.codeOf(hinting("google", hint[:10]+"\n"+hint[10:]))))
			h.unknown("google", "ada")
		},
		"a hint is good for a quarter of an hour": func(_ *testing.T, h *house) {
			hint := h.loginHint("google", "ada")
			h.Pass(15 * time.Minute)
			h.token("google", exchanging("google", h.codeOf(hinting("google", hint))))
			h.unknown("google", "ada")
		},
		"a hint of one client is none at another": func(t *testing.T, h *house) {
			p := h.authorize(hinting("google", h.loginHint("google2", "ada")))
			if p.Account {
				t.Error("the page says that the account will be remembered")
			}
			h.token("google", exchanging("google", parameters(t, h.approve(p).URL).Get("code")))
			h.unknown("google", "ada")
			h.unknown("google2", "ada")
		},
		"a hint that somebody made up is only a hint": func(_ *testing.T, h *house) {
			good := h.loginHint("google", "ada")
			for _, hint := range []string{"ada@example.com", "sh_", "sh_%%%", "sh_" + strings.Repeat("A", 95), good[:len(good)-4] + "AAAA", good + "A", strings.Repeat("x", 4000)} {
				h.token("google", exchanging("google", h.codeOf(hinting("google", hint))))
			}
			h.unknown("google", "ada")
		},
		"a hint tells its reader no account": func(t *testing.T, h *house) {
			one, two := h.loginHint("google", "ada"), h.loginHint("google", "ada")
			if one == two || strings.Contains(one, base64url("ada")) {
				t.Error("hints of one account are alike")
			}
		},
		"an ID token is good for one get": func(t *testing.T, h *house) {
			h.known("ada")
			token := h.idToken("ada", nil)
			for range 2 { // Google may check more than once, and get with the token it checked
				if _, err := h.intend("google", "check", token); err != nil {
					t.Fatal(err)
				}
			}
			if _, err := h.intend("google", "get", token); err != nil {
				t.Fatal(err)
			}
			for _, again := range []string{token, token + "\n", token[:len(token)-5] + "\r\n" + token[len(token)-5:]} {
				_, err := h.intend("google", "get", again)
				refused(t, err, "linking_error", "id_token_replayed")
			}
		},
		"an ID token is good for one hint": func(t *testing.T, h *house) {
			token := h.idToken("ada", nil)
			_, err := h.intend("google", "create", token)
			refused(t, err, "linking_error", "account_not_created")
			_, err = h.intend("google", "create", token)
			if e := refused(t, err, "linking_error", "id_token_replayed"); e.LoginHint != "" {
				t.Error("a second hint")
			}
		},
		"a link answers no account that must link again at its bank": func(_ *testing.T, h *house) {
			g := h.known("ada")
			for i := range h.bank.joined[g.Link] {
				h.bank.joined[g.Link][i].Relink = true
			}
			h.unknown("google", "ada")
			h.bank.joined[g.Link] = append(h.bank.joined[g.Link], banking.Joined{Bank: "aurora"})
			if found, err := h.intend("google", "check", h.idToken("ada", nil)); err != nil || !found.AccountFound {
				h.t.Errorf("with another bank: %v, %v", found, err)
			}
		},
		"nothing wider than the link is given": func(t *testing.T, h *house) {
			p := h.authorize(hinting("google", h.loginHint("google", "ada")))
			code := parameters(t, h.approve(p, linking.Balances).URL).Get("code")
			h.token("google", exchanging("google", code))
			for _, scope := range []string{"balances spending", "spending", "payments"} {
				_, err := h.intend("google", "get", h.idToken("ada", nil), "scope", scope)
				refused(t, err, "linking_error", "account_scope_wider")
			}
			g, err := h.intend("google", "get", h.idToken("ada", nil))
			if err != nil || g.Scope != "balances" {
				t.Errorf("got %q, %v", g.Scope, err)
			}
		},
		"nobody collects grants": func(t *testing.T, h *house) {
			h.known("ada")
			for range 19 {
				if _, err := h.intend("google", "get", h.idToken("ada", nil)); err != nil {
					t.Fatal(err)
				}
			}
			_, err := h.intend("google", "get", h.idToken("ada", nil))
			refused(t, err, "linking_error", "account_refused")
		},
		"nobody uses another's budget up": func(t *testing.T, h *house) {
			h.known("ada")
			var err error
			for range 200 {
				if _, err = h.intend("google", "check", h.idToken("eve", nil)); err != nil {
					var e *linking.OAuthError
					if errors.As(err, &e) && e.Status == http.StatusTooManyRequests {
						break
					}
				}
			}
			if e := refused(t, err, "temporarily_unavailable", "account_too_often"); e.RetryAfter <= 0 {
				t.Error("not told when")
			}
			if _, err := h.intend("google", "check", h.idToken("ada", nil)); err != nil {
				t.Error(err)
			}
		},
		"whoever is not the client is told nothing": func(t *testing.T, h *house) {
			h.known("ada")
			c := call("google", map[string]string{"grant_type": linking.JWTBearer, "intent": "check", "assertion": h.idToken("ada", nil)})
			c.Form["client_secret"] = []string{"a guess"}
			_, err := h.Token(t.Context(), c)
			refused(t, err, "invalid_client", "secret_wrong")
		},
		"a client without the grant is told nothing": func(t *testing.T, h *house) {
			_, err := h.intend("alexa", "check", h.idToken("ada", nil))
			refused(t, err, "unauthorized_client", "grant_not_allowed")
		},
	} {
		t.Run(name, func(t *testing.T) {
			h, _ := openGoogle(t, database.SQLite(t))
			try(t, h)
		})
	}
}

func TestWhatIsNoIDTokenOfGoogles(t *testing.T) {
	h, keys := openGoogle(t, database.SQLite(t))
	h.known("ada")
	set := func(name string, value any) string {
		return h.idToken("ada", func(c jwt.MapClaims) { c[name] = value })
	}
	without := func(name string) string { return h.idToken("ada", func(c jwt.MapClaims) { delete(c, name) }) }
	now := h.Now()
	good := h.idToken("ada", nil)
	for name, tc := range map[string]struct{ token, reason string }{
		"made out to somebody else":          {set("aud", "4321-other.apps.googleusercontent.com"), "id_token_refused"},
		"made out to others as well":         {set("aud", []string{ourGoogleID, "4321-other.apps.googleusercontent.com"}), "id_token_refused"},
		"made out to the id we gave Google":  {set("aud", "google"), "id_token_refused"},
		"of another issuer":                  {set("iss", "https://accounts.evil.example"), "id_token_refused"},
		"that is over":                       {set("exp", now.Add(-time.Minute).Unix()), "id_token_expired"},
		"that never ends":                    {without("exp"), "id_token_refused"},
		"of the future":                      {set("iat", now.Add(time.Minute).Unix()), "id_token_refused"},
		"that does not say when it was made": {without("iat"), "id_token_too_old"},
		"kept for more than ten minutes":     {set("iat", now.Add(-10*time.Minute-time.Second).Unix()), "id_token_too_old"},
		"of nobody":                          {set("sub", ""), "id_token_without_subject"},
		"of a name that never ends":          {set("sub", strings.Repeat("1", 256)), "id_token_without_subject"},
		"longer than any of Google's":        {set("x", strings.Repeat("x", 10<<10)), "id_token_refused"},
		"cut off":                            {good[:len(good)-10], "id_token_refused"},
		"that is an access token":            {"ya29.opaque", "id_token_refused"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := h.intend("google", "check", tc.token)
			if e := refused(t, err, "account_not_found", tc.reason); e.Status != http.StatusNotFound {
				t.Errorf("status %d", e.Status)
			}
			for _, intent := range []string{"get", "create"} {
				_, err := h.intend("google", intent, tc.token)
				if e := refused(t, err, "linking_error", tc.reason); e.Status != http.StatusUnauthorized || e.LoginHint != "" {
					t.Errorf("status %d, a hint: %v", e.Status, e.LoginHint != "")
				}
			}
		})
	}
	if _, err := h.intend("google", "check", set("iat", now.Add(-10*time.Minute).Unix())); err != nil {
		t.Errorf("kept for ten minutes: %v", err)
	}
	keys.down = true
	h.Pass(23 * time.Hour)
	if _, err := h.intend("google", "check", h.idToken("ada", nil)); err != nil {
		t.Errorf("while Google's keys cannot be fetched: %v", err)
	}
	h.Pass(2 * time.Hour)
	_, err := h.intend("google", "check", h.idToken("ada", nil))
	refused(t, err, "account_not_found", "id_token_keys_unreachable")
}

func TestAStreamlinedRequestSaysWhatItIntends(t *testing.T) {
	h, _ := openGoogle(t, database.SQLite(t))
	for reason, tc := range map[string][2]string{"intent_missing": {"", "x"}, "intent_unknown": {"delete", "x"}, "id_token_missing": {"get", ""}} {
		_, err := h.intend("google", tc[0], tc[1])
		refused(t, err, "invalid_request", reason)
	}
}

// TestGoogleIsAnsweredInItsOwnWords: the bodies of its reference, byte for byte where they are whole.
func TestGoogleIsAnsweredInItsOwnWords(t *testing.T) {
	h, _ := openGoogle(t, database.SQLite(t))
	says := func(v any, err error, want string) {
		t.Helper()
		var e *linking.OAuthError
		if errors.As(err, &e) {
			v = e
		}
		got, err := json.Marshal(v)
		if err != nil || string(got) != want {
			t.Errorf("got %s, %v; want %s", got, err, want)
		}
	}
	g, err := h.intend("google", "check", h.idToken("ada", nil))
	says(g, err, `{"account_found":"false"}`)
	g, err = h.intend("google", "get", h.idToken("ada", nil))
	says(g, err, `{"error":"linking_error","error_description":"link with the authorization endpoint"}`)
	h.known("ada")
	g, err = h.intend("google", "check", h.idToken("ada", nil))
	says(g, err, `{"account_found":"true"}`)
	_, err = h.intend("google", "create", h.idToken("ada", nil))
	var e *linking.OAuthError
	if !errors.As(err, &e) {
		t.Fatal(err)
	}
	says(nil, err, `{"error":"linking_error","error_description":"link with the authorization endpoint","login_hint":"`+string(e.LoginHint)+`"}`)
	if !slices.Contains(h.Metadata().GrantTypesSupported, linking.JWTBearer) {
		t.Error("the metadata does not name the grant")
	}
}

func TestStreamlinedLinkingWithoutGooglesClientIDDoesNotOpen(t *testing.T) {
	h := open(t)
	_, err := linking.New(linking.Options{Issuer: issuer, Clients: streamlinedClients(), Keys: h.keys, Store: h.store, Connections: h.bank, Now: h.Now})
	if err == nil || !errors.Is(err, linking.ErrClients) || !strings.Contains(err.Error(), "SOTTO_GOOGLE_CLIENT_ID") {
		t.Errorf("got %v", err)
	}
}
