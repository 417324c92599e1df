package tests

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"sotto/server/dev"
)

// What is tried in the rows of the table of refusals that are about pushed requests, keys of clients, and documents.

// signer is a client that proves itself with a key of its own and must push its requests: the profile of FAPI 2.0.
var signer = dev.Client{ID: "signer", RedirectURIs: []string{"https://signer.example/back"}}

// signerKey is its key; its public half is in the client's key file.
var signerKey = sync.OnceValue(func() *ecdsa.PrivateKey {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	return key
})

// jwk is a key as JSON (RFC 7517), with its private half or without.
func jwk(key *ecdsa.PrivateKey, private bool) map[string]string {
	point, err := key.PublicKey.Bytes()
	if err != nil {
		panic(err)
	}
	b64 := base64.RawURLEncoding.EncodeToString
	k := map[string]string{"kty": "EC", "crv": "P-256", "alg": "ES256", "kid": "signer", "x": b64(point[1:33]), "y": b64(point[33:])}
	if private {
		d, err := key.Bytes()
		if err != nil {
			panic(err)
		}
		k["d"] = b64(d)
	}
	return k
}

// assertionOf is what signer says of itself to the house, before it is signed.
func (a *adversary) assertionOf() *jwt.Token {
	now := a.Now()
	t := jwt.NewWithClaims(jwt.SigningMethodES256, jwt.MapClaims{
		"iss": signer.ID, "sub": signer.ID, "aud": a.PublicURL(), "jti": rand.Text(), "iat": now.Unix(), "exp": now.Add(time.Minute).Unix(),
	})
	t.Header["kid"] = "signer"
	return t
}

// asserting authenticates by a signed assertion.
func asserting(signed string) func(*http.Request, url.Values) {
	return func(_ *http.Request, form url.Values) {
		form.Set("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
		form.Set("client_assertion", signed)
	}
}

func signed(t *jwt.Token, key any) string {
	s, err := t.SignedString(key)
	if err != nil {
		panic(err)
	}
	return s
}

// proof is how an honest client proves itself.
func (a *adversary) proof(c dev.Client) func(*http.Request, url.Values) {
	if c.ID == signer.ID {
		return asserting(signed(a.assertionOf(), signerKey()))
	}
	return inBody(c)
}

// claiming proves signer by an assertion that was changed, with its own key, on a revocation of nothing.
func claiming(change func(a *adversary, header, claims map[string]any)) func(*adversary) string {
	return func(a *adversary) string {
		t := a.assertionOf()
		change(a, t.Header, t.Claims.(jwt.MapClaims))
		return a.call("/oauth/revoke", url.Values{"token": {"nothing"}}, asserting(signed(t, signerKey())))
	}
}

// push has a client push its good request, changed, and gives the query with which a browser opens it, or what the client is told.
func (a *adversary) push(client string, more ...string) (opening url.Values, said string) {
	a.t.Helper()
	w := &walker{tb: a.t, house: a.openHouse, client: a.named(client)}
	form := but(query(a, w.request(nil)), more...)
	form.Del("client_id")
	status, header, body := a.post("/oauth/par", form, a.proof(w.client))
	if status != http.StatusCreated {
		return nil, a.heard("/oauth/par", status, header, body)
	}
	var p struct {
		URI string `json:"request_uri"`
	}
	if err := json.Unmarshal(body, &p); err != nil {
		a.t.Fatal(err)
	}
	return url.Values{"client_id": {w.client.ID}, "request_uri": {p.URI}}, "201"
}

// pushing pushes Alexa's good request, changed.
func pushing(more ...string) func(*adversary) string {
	return func(a *adversary) string {
		_, said := a.push("alexa", more...)
		return said
	}
}

// opening has a client push its good request, and somebody open what became of it.
func opening(client string, attack func(a *adversary, q url.Values)) func(*adversary) string {
	return func(a *adversary) string {
		pushed, _ := a.push(client)
		attack(a, pushed)
		return a.asks(client, func(q url.Values) {
			clear(q)
			maps.Copy(q, pushed)
		})
	}
}

// opened walks from the address of a pushed request through the pages; what came back is the owner's, who has a code.
func (a *adversary) opened(q url.Values) {
	a.t.Helper()
	for _, c := range []dev.Client{a.named("alexa"), signer} {
		if c.ID != q.Get("client_id") {
			continue
		}
		w := a.walker(a.t, "alexa")
		w.client = c
		w.browser = w.newBrowser()
		page := w.visit(a.PublicURL() + "/oauth/authorize?" + q.Encode())
		page = w.submit(page, url.Values{"bank": {"albion"}, "scope": {"balances"}, "decision": {"approve"}})
		back := w.back(w.decide(w.signIn(page), "approve"))
		a.owner = owner{client: c, back: back, code: true, form: url.Values{
			"grant_type": {"authorization_code"}, "code": back["code"], "redirect_uri": {c.RedirectURIs[0]}, "code_verifier": {verifier},
		}}
		return
	}
	a.t.Fatalf("nobody pushed %v", q)
}

// introducing comes as a client that is in no settings, from an address on this machine where serve says what it is.
func introducing(serve func(w http.ResponseWriter, id string), change func(q url.Values)) func(*adversary) string {
	return func(a *adversary) string {
		var id string
		agent := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			serve(w, id)
		}))
		defer agent.Close()
		id = agent.URL + "/client.json"
		return a.asks("mcp", func(q url.Values) {
			q.Set("client_id", id)
			q.Set("redirect_uri", "http://127.0.0.1:49152/cb")
			if change != nil {
				change(q)
			}
		})
	}
}

// saying serves a document; ID stands for the client's own address.
func saying(document string) func(http.ResponseWriter, string) {
	return func(w http.ResponseWriter, id string) {
		_, _ = w.Write([]byte(strings.ReplaceAll(document, "ID", id)))
	}
}

const good = `{"client_id":"ID","client_name":"Agent","redirect_uris":["http://127.0.0.1/cb"],"token_endpoint_auth_method":"none"}`

// serving gets a token that may list, and presents it somewhere.
func serving(present func(a *adversary, token string) string) func(*adversary) string {
	return func(a *adversary) string {
		_, _, body := a.post("/oauth/token", url.Values{"grant_type": {"client_credentials"}}, inBody(a.named("service")))
		var got tokenAnswer
		if err := json.Unmarshal(body, &got); err != nil || got.Access == "" {
			a.t.Fatalf("no token: %s", body)
		}
		return present(a, got.Access)
	}
}
