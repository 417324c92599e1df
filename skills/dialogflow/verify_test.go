package dialogflow_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"sotto/skills/dialogflow"
	"sotto/tests/clock"
)

func basic(username, password string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(username+":"+password))
}

func TestThePasswordOfAnAgent(t *testing.T) {
	es, cx := agents(t)
	for name, tc := range map[string]struct {
		header http.Header
		want   dialogflow.Reason
	}{
		"the right one is taken":                               {header("Authorization", basic("sotto", "sesame")), ""},
		"the right one with the scheme in another case":        {header("Authorization", strings.Replace(basic("sotto", "sesame"), "Basic", "bAsIc", 1)), ""},
		"a stranger without one is refused":                    {header(), dialogflow.NoCredentials},
		"a guess is refused":                                   {header("Authorization", basic("sotto", "guess")), dialogflow.Password},
		"the beginning of it is refused":                       {header("Authorization", basic("sotto", "sesam")), dialogflow.Password},
		"more than it is refused":                              {header("Authorization", basic("sotto", "sesame!")), dialogflow.Password},
		"it with another name is refused":                      {header("Authorization", basic("somebody", "sesame")), dialogflow.Password},
		"an empty one is refused":                              {header("Authorization", basic("", "")), dialogflow.Password},
		"name and password in one are refused":                 {header("Authorization", basic("sottosesame", "")), dialogflow.Password},
		"no base64 is refused":                                 {header("Authorization", "Basic ***"), dialogflow.NoCredentials},
		"two answers, one of them right, are refused":          {header("Authorization", basic("sotto", "sesame"), "Authorization", basic("sotto", "guess")), dialogflow.NoCredentials},
		"a bearer where none is accepted is refused":           {header("Authorization", "Bearer a.b.c"), dialogflow.NoCredentials},
		"a header of ten kilobytes is refused":                 {header("Authorization", "Basic "+strings.Repeat("A", 10<<10)), dialogflow.NoCredentials},
		"the password without a scheme is refused":             {header("Authorization", "sesame"), dialogflow.NoCredentials},
		"the customer's token is no proof of who the agent is": {header("Sotto-Token", "sesame"), dialogflow.NoCredentials},
	} {
		t.Run(name, func(t *testing.T) {
			for _, p := range []interface {
				Verify(context.Context, http.Header, []byte) error
			}{es, cx} {
				if got := reason(t, p.Verify(t.Context(), tc.header, esBody())); got != tc.want {
					t.Errorf("got %q, want %q", got, tc.want)
				}
			}
		})
	}
	if got := reason(t, es.Verify(t.Context(), header("Authorization", basic("sotto", "sesame")), make([]byte, 256<<10+1))); got != dialogflow.TooLarge {
		t.Errorf("a body over 256 KiB: %q", got)
	}
}

func TestSettingsThatWouldAcceptAnybodyAreRefused(t *testing.T) {
	for name, c := range map[string]dialogflow.Config{
		"a password without a name":             {Password: "p"},
		"a name without a password":             {Username: "u"},
		"an audience without a service account": {Audiences: []string{"https://bank.example/dialogflow/es"}},
		"an empty audience":                     {Audiences: []string{""}, Emails: []string{"a@b"}},
		"an empty service account":              {Audiences: []string{"https://bank.example"}, Emails: []string{""}},
		"a service account without an audience": {Username: "u", Password: "p", Emails: []string{"a@b"}},
		"keys from the street over http":        {Audiences: []string{"https://bank.example"}, Emails: []string{"a@b"}, Keys: "http://keys.example/certs"},
		"keys with a password in the URL":       {Audiences: []string{"https://bank.example"}, Emails: []string{"a@b"}, Keys: "https://a:b@keys.example/certs"},
		"a name with a colon":                   {Username: "a:b", Password: "p"},
	} {
		if c.Check() == nil {
			t.Errorf("%s is accepted", name)
		}
		c.Catalogue, c.Read, c.Now = catalogue(t), reader, stopped
		if _, _, err := dialogflow.New(c); err == nil {
			t.Errorf("%s opens", name)
		}
	}
	nothing := config(t)
	nothing.Username, nothing.Password = "", ""
	if _, _, err := dialogflow.New(nothing); err == nil || nothing.Open() {
		t.Error("endpoints open by which nobody proves himself")
	}
}

// keyServer plays Google's key server, and counts who asks.
type keyServer struct {
	mu     sync.Mutex
	keys   map[string]*rsa.PrivateKey
	status int
	body   []byte // in place of the keys
	asked  atomic.Int64
	block  chan struct{} // where not nil, answers wait for it
}

func (g *keyServer) RoundTrip(r *http.Request) (*http.Response, error) {
	g.asked.Add(1)
	if g.block != nil {
		select {
		case <-g.block:
		case <-r.Context().Done():
			return nil, r.Context().Err()
		}
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	body := g.body
	if body == nil {
		var keys []map[string]string
		for kid, key := range g.keys {
			keys = append(keys, map[string]string{
				"kty": "RSA", "use": "sig", "alg": "RS256", "kid": kid, "n": base64.RawURLEncoding.EncodeToString(key.N.Bytes()),
				"e": base64.RawURLEncoding.EncodeToString(big.NewInt(int64(key.E)).Bytes()),
			})
		}
		body, _ = json.Marshal(map[string]any{"keys": keys})
	}
	return &http.Response{StatusCode: g.status, Header: header("Cache-Control", "public, max-age=3600"), Body: io.NopCloser(bytes.NewReader(body)), Request: r}, nil
}

const (
	audience = "https://bank.example/dialogflow/es"
	email    = "service-1234@gcp-sa-dialogflow.iam.gserviceaccount.com"
)

var rsaKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

// street is an agent that proves itself by ID tokens, at a time that can be moved.
func street(t *testing.T) (dialogflow.ES, *keyServer, *clock.Clock) {
	t.Helper()
	g, now := &keyServer{keys: map[string]*rsa.PrivateKey{"k1": rsaKey()}, status: http.StatusOK}, clock.At(present)
	c := config(t)
	c.Username, c.Password, c.Audiences, c.Emails, c.Transport = "", "", []string{"https://bank.example/dialogflow/cx", audience}, []string{email}, g
	c.Now = now.Now
	es, _, err := dialogflow.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return es, g, now
}

// idToken is a token as Google makes it for an agent, changed.
func idToken(t *testing.T, kid string, key any, method jwt.SigningMethod, change func(jwt.MapClaims)) http.Header {
	t.Helper()
	claims := jwt.MapClaims{
		"iss": "https://accounts.google.com", "aud": audience, "azp": "1", "sub": "1", "email": email, "email_verified": true,
		"iat": present.Unix(), "exp": present.Add(time.Hour).Unix(),
	}
	if change != nil {
		change(claims)
	}
	token := jwt.NewWithClaims(method, claims)
	token.Header["kid"] = kid
	signed, err := token.SignedString(key)
	if err != nil {
		t.Fatal(err)
	}
	return header("Authorization", "Bearer "+signed)
}

func TestTheIDTokenOfAnAgent(t *testing.T) {
	other, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	rs := jwt.SigningMethodRS256
	set := func(name string, value any) func(jwt.MapClaims) { return func(c jwt.MapClaims) { c[name] = value } }
	without := func(name string) func(jwt.MapClaims) { return func(c jwt.MapClaims) { delete(c, name) } }
	for name, tc := range map[string]struct {
		header http.Header
		want   dialogflow.Reason
	}{
		"of its service account is taken":                        {idToken(t, "k1", rsaKey(), rs, nil), ""},
		"with one of several audiences is taken":                 {idToken(t, "k1", rsaKey(), rs, set("aud", []string{"x", audience})), ""},
		"of somebody else at Google, for us, is refused":         {idToken(t, "k1", rsaKey(), rs, set("email", "evil@evil.iam.gserviceaccount.com")), dialogflow.Agent},
		"with an address that nobody verified is refused":        {idToken(t, "k1", rsaKey(), rs, set("email_verified", false)), dialogflow.Agent},
		"that does not say whether it was verified is refused":   {idToken(t, "k1", rsaKey(), rs, without("email_verified")), dialogflow.Agent},
		"that says so in a word is refused":                      {idToken(t, "k1", rsaKey(), rs, set("email_verified", "true")), dialogflow.IDToken},
		"without an address is refused":                          {idToken(t, "k1", rsaKey(), rs, without("email")), dialogflow.Agent},
		"for another webhook, sent on to us, is refused":         {idToken(t, "k1", rsaKey(), rs, set("aud", "https://other.example")), dialogflow.IDToken},
		"for nobody is refused":                                  {idToken(t, "k1", rsaKey(), rs, without("aud")), dialogflow.IDToken},
		"of another issuer is refused":                           {idToken(t, "k1", rsaKey(), rs, set("iss", "https://accounts.evil.example")), dialogflow.IDToken},
		"of no issuer is refused":                                {idToken(t, "k1", rsaKey(), rs, without("iss")), dialogflow.IDToken},
		"that is over is refused":                                {idToken(t, "k1", rsaKey(), rs, set("exp", present.Add(-31*time.Second).Unix())), dialogflow.Expired},
		"that never ends is refused":                             {idToken(t, "k1", rsaKey(), rs, without("exp")), dialogflow.IDToken},
		"of the future is refused":                               {idToken(t, "k1", rsaKey(), rs, set("iat", present.Add(time.Hour).Unix())), dialogflow.IDToken},
		"that is not good yet is refused":                        {idToken(t, "k1", rsaKey(), rs, set("nbf", present.Add(time.Hour).Unix())), dialogflow.IDToken},
		"signed by somebody else's key is refused":               {idToken(t, "k1", other, rs, nil), dialogflow.IDToken},
		"with a key that is not in the set is refused":           {idToken(t, "k2", other, rs, nil), dialogflow.IDToken},
		"without a key's name is refused":                        {idToken(t, "", rsaKey(), rs, nil), dialogflow.IDToken},
		"signed with nothing is refused":                         {idToken(t, "k1", jwt.UnsafeAllowNoneSignatureType, jwt.SigningMethodNone, nil), dialogflow.IDToken},
		"signed with the public key as a secret is refused":      {idToken(t, "k1", rsaKey().N.Bytes(), jwt.SigningMethodHS256, nil), dialogflow.IDToken},
		"signed in a way that Google does not is refused":        {idToken(t, "k1", rsaKey(), jwt.SigningMethodPS256, nil), dialogflow.IDToken},
		"cut off is refused":                                     {header("Authorization", idToken(t, "k1", rsaKey(), rs, nil).Get("Authorization")[:200]), dialogflow.IDToken},
		"that is an access token is refused":                     {header("Authorization", "Bearer ya29.opaque"), dialogflow.IDToken},
		"with a bit changed is refused":                          {header("Authorization", flip(idToken(t, "k1", rsaKey(), rs, nil).Get("Authorization"))), dialogflow.IDToken},
		"sent twice is refused":                                  {header("Authorization", idToken(t, "k1", rsaKey(), rs, nil).Get("Authorization"), "Authorization", "Bearer x"), dialogflow.NoCredentials},
		"replaced by a password where none is set is refused":    {header("Authorization", basic("", "")), dialogflow.NoCredentials},
		"as a cookie or a query would be is not looked at":       {header("Cookie", "token=x"), dialogflow.NoCredentials},
		"with an audience that only begins like ours is refused": {idToken(t, "k1", rsaKey(), rs, set("aud", audience+"/evil")), dialogflow.IDToken},
	} {
		t.Run(name, func(t *testing.T) {
			es, _, _ := street(t)
			if got := reason(t, es.Verify(t.Context(), tc.header, esBody())); got != tc.want {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}

// flip changes a letter in the middle of the claims.
func flip(s string) string {
	i := strings.IndexByte(s, '.') + 20
	c := byte('A')
	if s[i] == 'A' {
		c = 'B'
	}
	return s[:i] + string(c) + s[i+1:]
}

func TestKeysAreFetchedOnceAndKept(t *testing.T) {
	es, g, now := street(t)
	good := idToken(t, "k1", rsaKey(), jwt.SigningMethodRS256, func(c jwt.MapClaims) { c["exp"] = present.Add(100 * time.Hour).Unix() })
	verify := func(h http.Header) dialogflow.Reason {
		t.Helper()
		return reason(t, es.Verify(t.Context(), h, esBody()))
	}
	asked := func(when string, want int64) {
		t.Helper()
		if got := g.asked.Load(); got != want {
			t.Errorf("%s: fetched %d times, want %d", when, got, want)
		}
	}
	for range 100 {
		if got := verify(good); got != "" {
			t.Fatal(got)
		}
	}
	asked("after a hundred requests", 1)
	for i := range 100 { // somebody makes up keys
		verify(idToken(t, fmt.Sprint("made up ", i), rsaKey(), jwt.SigningMethodRS256, nil))
	}
	asked("after a hundred made-up keys within a minute", 1)
	now.Pass(time.Minute)
	verify(idToken(t, "made up", rsaKey(), jwt.SigningMethodRS256, nil))
	asked("after a made-up key a minute later", 2)

	second, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	now.Pass(time.Minute)
	g.mu.Lock()
	g.keys["k2"] = second
	g.mu.Unlock()
	if got := verify(idToken(t, "k2", second, jwt.SigningMethodRS256, func(c jwt.MapClaims) { c["exp"] = present.Add(100 * time.Hour).Unix() })); got != "" {
		t.Errorf("a new key of Google's: %q", got)
	}
	asked("after a new key", 3)

	g.mu.Lock()
	g.status = http.StatusServiceUnavailable
	g.mu.Unlock()
	now.Pass(23 * time.Hour)
	if got := verify(good); got != "" {
		t.Errorf("while the keys cannot be fetched anew: %q", got)
	}
	now.Pass(2 * time.Hour)
	if got := verify(good); got != dialogflow.Keys {
		t.Errorf("a day after the keys were last seen: %q", got)
	}
}

func TestManyRequestsWaitForOneFetchAndNotForEver(t *testing.T) {
	es, g, _ := street(t)
	g.block = make(chan struct{})
	good := idToken(t, "k1", rsaKey(), jwt.SigningMethodRS256, nil)
	impatient, cancel := context.WithCancel(t.Context())
	cancel()
	if got := reason(t, es.Verify(impatient, good, esBody())); got != dialogflow.Keys {
		t.Errorf("who does not wait gets %q", got)
	}
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			if got := reason(t, es.Verify(t.Context(), good, esBody())); got != "" {
				t.Errorf("who waits gets %q", got)
			}
		})
	}
	close(g.block)
	all.Wait()
	if got := g.asked.Load(); got != 1 {
		t.Errorf("fetched %d times", got)
	}
}

func TestKeySetsThatAreNoneAreRefused(t *testing.T) {
	small, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Skip("this Go makes no small keys")
	}
	for name, body := range map[string]string{
		"no JSON":            "===",
		"an empty set":       `{"keys":[]}`,
		"a page of 100 KiB":  `{"keys":[],"x":"` + strings.Repeat("x", 100<<10) + `"}`,
		"a thousand keys":    `{"keys":[` + strings.TrimSuffix(strings.Repeat(`{"kty":"RSA"},`, 1000), ",") + `]}`,
		"a key of 1024 bits": fmt.Sprintf(`{"keys":[{"kty":"RSA","kid":"k1","e":"AQAB","n":"%s"}]}`, base64.RawURLEncoding.EncodeToString(small.N.Bytes())),
		"a key to encrypt":   fmt.Sprintf(`{"keys":[{"kty":"RSA","kid":"k1","use":"enc","e":"AQAB","n":"%s"}]}`, base64.RawURLEncoding.EncodeToString(rsaKey().N.Bytes())),
	} {
		es, g, _ := street(t)
		g.body = []byte(body)
		if got := reason(t, es.Verify(t.Context(), idToken(t, "k1", rsaKey(), jwt.SigningMethodRS256, nil), esBody())); got != dialogflow.Keys {
			t.Errorf("%s: %q", name, got)
		}
	}
}
