package tests

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"sotto/server"
	"sotto/tests/loopback"
)

const (
	metadataPath = "/.well-known/oauth-authorization-server"
	jwksPath     = "/.well-known/jwks.json"
)

// fault is one thing that is wrong with an authorization server, as seen from outside.
type fault struct {
	name   string
	at     string // the path it is planted at
	status int    // in place of the house's
	header func(http.Header)
	body   func([]byte) []byte
	keys   func([]byte) []byte // what the published keys become, so that a changed token verifies
	calls  func(http.ResponseWriter, *http.Request) bool
	says   string // what the judge must say about it, so that it is this that it has seen

	public bool   // seen by a client without a secret
	signs  bool   // seen by a client that signs, and pushes its requests
	jwt    bool   // wrong with a JWT, which only some judges look into
	jose   string // what jose says about it
}

// mustBeSeen runs a judge that must not be content, and must say why.
func (f fault) mustBeSeen(t *testing.T, judge func() (content bool, said string)) {
	t.Helper()
	content, said := judge()
	if content {
		t.Errorf("the judge saw nothing: %s", said)
	}
	if !strings.Contains(said, f.says) {
		t.Errorf("the judge does not say %q: %s", f.says, said)
	}
}

// frontDoor is a reverse proxy in front of a house. What it changes is seen by judges and customers alike.
type frontDoor struct {
	listener net.Listener
	planted  atomic.Pointer[fault]
	token    atomic.Pointer[string] // presented for whoever comes without one
	met      atomic.Bool            // the planted fault was on somebody's way
}

func openFrontDoor(t *testing.T) *frontDoor {
	t.Helper()
	return &frontDoor{listener: loopback.Listen(t)}
}

// URL is under which the house is known.
func (d *frontDoor) URL() string { return "http://" + d.listener.Addr().String() }

// plant puts a fault in front of the house until the test ends. A fault that nobody met proves nothing, so that is an error.
func (d *frontDoor) plant(t *testing.T, f fault) {
	t.Helper()
	d.met.Store(false)
	d.planted.Store(&f)
	t.Cleanup(func() {
		d.planted.Store(nil)
		if !d.met.Load() {
			t.Error("the planted fault changed nothing")
		}
	})
}

// leadTo opens the door.
func (d *frontDoor) leadTo(t *testing.T, h *openHouse) {
	t.Helper()
	to := &url.URL{Scheme: "http", Host: h.Addr()}
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(to)
			r.Out.Host = r.In.Host
			r.Out.Header.Set("Accept-Encoding", "identity")
			if token := d.token.Load(); token != nil && r.In.Header.Get("Authorization") == "" {
				r.Out.Header.Set("Authorization", "Bearer "+*token)
			}
		},
		ModifyResponse: d.change,
	}
	loopback.Serve(t, d.listener, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if f := d.planted.Load(); f != nil && f.calls != nil && f.at == r.URL.Path && f.calls(w, r) {
			d.met.Store(true)
			return
		}
		proxy.ServeHTTP(w, r)
	}))
}

// change makes the planted fault of a response.
func (d *frontDoor) change(r *http.Response) error {
	f := d.planted.Load()
	if f == nil {
		return nil
	}
	path := r.Request.URL.Path
	if path == jwksPath && f.keys != nil {
		return rewrite(r, f.keys)
	}
	if path != f.at {
		return nil
	}
	if f.status != 0 {
		r.StatusCode = f.status
		d.met.Store(true)
	}
	if f.header != nil {
		f.header(r.Header)
		d.met.Store(true)
	}
	if f.body == nil {
		return nil
	}
	return rewrite(r, func(body []byte) []byte {
		changed := f.body(bytes.Clone(body))
		if !bytes.Equal(body, changed) {
			d.met.Store(true)
		}
		return changed
	})
}

func rewrite(r *http.Response, change func([]byte) []byte) error {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return err
	}
	r.Body.Close()
	body = change(body)
	r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	r.Header.Set("Content-Length", strconv.Itoa(len(body)))
	return nil
}

// swap replaces one text by another.
func swap(old, instead string) func([]byte) []byte {
	return func(body []byte) []byte { return bytes.ReplaceAll(body, []byte(old), []byte(instead)) }
}

// whole replaces everything.
func whole(body string) func([]byte) []byte { return func([]byte) []byte { return []byte(body) } }

// with sets a header, or takes it away.
func with(name, value string) func(http.Header) {
	return func(h http.Header) {
		h.Del(name)
		if value != "" {
			h.Set(name, value)
		}
	}
}

// later makes a change in every answer but the first: in what a refresh gives.
func later(change func([]byte) []byte) func([]byte) []byte {
	var asked atomic.Int32
	return func(body []byte) []byte {
		if asked.Add(1) == 1 {
			return body
		}
		return change(body)
	}
}

// again puts the member of the first token response in place of that of every later one.
func again(name string) func([]byte) []byte {
	var first atomic.Value
	return func(body []byte) []byte {
		return members(body, func(m map[string]any) {
			if m[name] != nil && !first.CompareAndSwap(nil, m[name]) {
				m[name] = first.Load()
			}
		})
	}
}

func sameAccess() func([]byte) []byte  { return again("access_token") }
func sameRefresh() func([]byte) []byte { return again("refresh_token") }

// members changes the members of a JSON object.
func members(body []byte, change func(map[string]any)) []byte {
	var m map[string]any
	if json.Unmarshal(body, &m) != nil {
		return body
	}
	change(m)
	out, err := json.Marshal(m)
	if err != nil {
		return body
	}
	return out
}

// moveEnd lengthens the life of the access token, without the key that such a change would need.
func moveEnd() func([]byte) []byte {
	return func(body []byte) []byte {
		return members(body, func(m map[string]any) {
			token, _ := m["access_token"].(string)
			parts := strings.Split(token, ".")
			if len(parts) != 3 {
				return
			}
			claims, err := base64.RawURLEncoding.DecodeString(parts[1])
			if err != nil {
				return
			}
			claims = members(claims, func(c map[string]any) { c["exp"] = c["exp"].(float64) + 3600 })
			m["access_token"] = parts[0] + "." + base64.RawURLEncoding.EncodeToString(claims) + "." + parts[2]
		})
	}
}

// forger signs changed access tokens with a key of its own, which it slips in among the published ones: all that is wrong is the change.
func forger(t *testing.T, f fault, change func(header, claims map[string]any)) fault {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	point, err := key.PublicKey.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	f.jwt, f.at = true, "/oauth/token"
	f.keys = func(body []byte) []byte {
		return members(body, func(m map[string]any) {
			keys, _ := m["keys"].([]any)
			m["keys"] = append(keys, map[string]any{
				"kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": "forger",
				"x": base64.RawURLEncoding.EncodeToString(point[1:33]), "y": base64.RawURLEncoding.EncodeToString(point[33:]),
			})
		})
	}
	f.body = func(body []byte) []byte {
		return members(body, func(m map[string]any) {
			token, _ := m["access_token"].(string)
			read, _, err := jwt.NewParser().ParseUnverified(token, jwt.MapClaims{})
			if err != nil {
				return
			}
			forged := jwt.NewWithClaims(jwt.SigningMethodES256, read.Claims)
			forged.Header = read.Header
			forged.Header["kid"] = "forger"
			change(forged.Header, forged.Claims.(jwt.MapClaims))
			if signed, err := forged.SignedString(key); err == nil {
				m["access_token"] = signed
			}
		})
	}
	return f
}

// signersFaults are those that a client must see that signs, and pushes its requests.
func signersFaults() []fault {
	return []fault{
		{name: "a pushed request that has no end", at: "/oauth/par", body: swap(`"expires_in"`, `"expires"`), signs: true, says: `"expires_in" property`},
		{name: "a pushed request of no name", at: "/oauth/par", body: swap(`"request_uri"`, `"uri"`), signs: true, says: `"request_uri" property`},
		{name: "a pushed request that is answered like any other", at: "/oauth/par", status: http.StatusOK, signs: true, says: "unexpected HTTP"},
		{name: "a signature that is not looked at", at: "/oauth/introspect", status: http.StatusOK, header: with("WWW-Authenticate", ""), body: whole(`{"active":true}`), signs: true, says: "a forged signature is taken"},
	}
}

// commonFaults are those that every client must see.
func commonFaults(t *testing.T, d *frontDoor) []fault {
	t.Helper()
	return []fault{
		{name: "an issuer of another name", at: metadataPath, body: swap(`"issuer":"http://127`, `"issuer":"http://128`), says: "does not match the expected"},
		{name: "metadata without S256", at: metadataPath, body: swap(`"S256"`, `"plain"`), says: "S256 is not announced"},
		{name: "an answer in another's name", at: "/link/callback", body: swap("iss=http%3A%2F%2F127", "iss=http%3A%2F%2F128"), says: `unexpected "iss"`},
		{name: "an answer to another question", at: "/link/callback", body: swap("state=", "state=x"), says: `unexpected "state"`},
		{name: "tokens of a type nobody knows", at: "/oauth/token", body: swap(`"Bearer"`, `"mac"`), says: "unsupported `token_type` value"},
		{name: "tokens without a type", at: "/oauth/token", body: swap(`"token_type"`, `"type"`), says: `"token_type" property`},
		{name: "a token that is a number", at: "/oauth/token", body: later(func(b []byte) []byte {
			return members(b, func(m map[string]any) { m["access_token"] = 7 })
		}), says: `"access_token" property must be a string`},
		{name: "a refresh of a type nobody knows", at: "/oauth/token", body: later(swap(`"Bearer"`, `"mac"`)), says: "unsupported `token_type` value"},
		{name: "a refresh that gives the same again", at: "/oauth/token", body: sameAccess(), says: "the same access token again"},
		{name: "a revocation that is not done", at: "/oauth/revoke", calls: func(w http.ResponseWriter, _ *http.Request) bool {
			w.WriteHeader(http.StatusOK)
			return true
		}, says: "revoked, and still active"},
		forger(t, fault{name: "an access token of no type", says: `unexpected JWT "typ"`, jose: `"typ"`}, func(header, _ map[string]any) { header["typ"] = "JWT" }),
		forger(t, fault{name: "an access token for somebody else", says: `"aud" (audience)`, jose: `"aud"`}, func(_, claims map[string]any) { claims["aud"] = d.URL() + "/elsewhere" }),
		forger(t, fault{name: "an access token in another's name", says: `"iss" (issuer)`, jose: `"iss"`}, func(_, claims map[string]any) { claims["iss"] = "https://elsewhere.example" }),
		forger(t, fault{name: "an access token that ended", says: `"exp" (expiration time)`, jose: `"exp"`}, func(_, claims map[string]any) { claims["exp"] = 1 }),
		forger(t, fault{name: "an access token without an id", says: `"jti" (jwt id)`, jose: `"jti"`}, func(_, claims map[string]any) { delete(claims, "jti") }),
		forger(t, fault{name: "an access token without a subject", says: `"sub" (subject)`, jose: `"sub"`}, func(_, claims map[string]any) { delete(claims, "sub") }),
		forger(t, fault{name: "an access token without a client", says: `"client_id"`, jose: `"client_id"`}, func(_, claims map[string]any) { delete(claims, "client_id") }),
	}
}

// openBehind opens a house that is known under the address of its front door, with more clients where a file names some, by the clock of this machine, as the judges have it; on SQLite where
// no database is named.
func openBehind(t *testing.T, publicURL, clients, database string) *openHouse {
	t.Helper()
	return openAs(t, time.Now(), server.Config{State: t.TempDir(), Addr: "127.0.0.1:0", PublicURL: publicURL, Clients: clients, Database: database})
}
