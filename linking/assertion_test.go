package linking_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"maps"
	"math/big"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"sotto/linking"
)

// signers are the private keys of the client "signed", by their kid; the one called "stranger" is nobody's.
var signers = sync.OnceValue(func() map[string]crypto.Signer {
	ec, err1 := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	other, err2 := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	rs, err3 := rsa.GenerateKey(rand.Reader, 2048)
	_, ed, err4 := ed25519.GenerateKey(rand.Reader)
	if err := errors.Join(err1, err2, err3, err4); err != nil {
		panic(err)
	}
	return map[string]crypto.Signer{"ES256": ec, "PS256": rs, "EdDSA": ed, "stranger": other}
})

// publicJWK is the public part of a key as a client would publish it.
func publicJWK(kid string, key crypto.PublicKey) map[string]any {
	b64 := base64.RawURLEncoding.EncodeToString
	switch k := key.(type) {
	case *ecdsa.PublicKey:
		point, err := k.Bytes()
		if err != nil {
			panic(err)
		}
		return map[string]any{"kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "kid": kid, "x": b64(point[1:33]), "y": b64(point[33:])}
	case *rsa.PublicKey:
		return map[string]any{"kty": "RSA", "alg": "PS256", "kid": kid, "n": b64(k.N.Bytes()), "e": b64(big.NewInt(int64(k.E)).Bytes())}
	case ed25519.PublicKey:
		return map[string]any{"kty": "OKP", "crv": "Ed25519", "kid": kid, "x": b64(k)}
	}
	panic("no such key")
}

func keySet(keys ...map[string]any) []byte {
	document, err := json.Marshal(map[string]any{"keys": keys})
	if err != nil {
		panic(err)
	}
	return document
}

// signingClient is a client that signs for itself.
func signingClient() linking.Client {
	var keys []map[string]any
	for _, kid := range []string{"ES256", "PS256", "EdDSA"} {
		keys = append(keys, publicJWK(kid, signers()[kid].Public()))
	}
	return linking.Client{
		ID: "signed", Name: "The bank's own app", Platform: linking.Alexa, Auth: linking.PrivateKeyJWT, JWKSFile: "signed.jwks", JWKS: keySet(keys...),
		RedirectURIs: []string{"https://app.example/cb"}, Scopes: []linking.Scope{linking.Balances, linking.Spending},
	}
}

// assertion is what a client says of itself, before it is signed.
type assertion struct {
	key    string
	method jwt.SigningMethod
	header map[string]any
	claims jwt.MapClaims
}

func (h *house) assertion(client string) assertion {
	now := h.Now()
	return assertion{key: "ES256", method: jwt.SigningMethodES256, header: map[string]any{"kid": "ES256"}, claims: jwt.MapClaims{
		"iss": client, "sub": client, "aud": issuer, "jti": rand.Text(), "iat": now.Unix(), "exp": now.Add(time.Minute).Unix(),
	}}
}

func (s assertion) sign() string {
	t := jwt.NewWithClaims(s.method, s.claims)
	maps.Copy(t.Header, s.header)
	signed, err := t.SignedString(signers()[s.key])
	if err != nil {
		panic(err)
	}
	return signed
}

func asserting(signed string, members map[string]string) linking.Call {
	form := map[string][]string{"client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"}, "client_assertion": {signed}}
	for name, value := range members {
		form[name] = []string{value}
	}
	return linking.Call{Form: form}
}

func openSigning(t testing.TB) *house {
	h := open(t)
	h.Authority = h.authority(append(clients(), signingClient()))
	return h
}

func TestAClientProvesItselfWithItsOwnKeyAtEveryEndpoint(t *testing.T) {
	for _, method := range []jwt.SigningMethod{jwt.SigningMethodES256, jwt.SigningMethodPS256, jwt.SigningMethodEdDSA} {
		t.Run(method.Alg(), func(t *testing.T) {
			h := openSigning(t)
			fresh := func(members map[string]string) linking.Call {
				a := h.assertion("signed")
				a.method, a.key, a.header["kid"] = method, method.Alg(), method.Alg()
				return asserting(a.sign(), members)
			}
			g, err := h.Token(t.Context(), fresh(exchanging("signed", h.code("signed"))))
			if err != nil {
				t.Fatal(err)
			}
			again, err := h.Token(t.Context(), fresh(refreshing(g.RefreshToken)))
			if err != nil || again.RefreshToken != g.RefreshToken {
				t.Errorf("got %v, %v; want a refresh token that stays, because the key binds it", again, err)
			}
			told, err := h.Introspect(t.Context(), fresh(map[string]string{"token": string(g.AccessToken)}))
			if err != nil || !told.Active {
				t.Errorf("got %v, %v", told, err)
			}
			if err := h.Revoke(t.Context(), fresh(map[string]string{"token": string(g.RefreshToken), "client_id": "signed"})); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestWhatAnAssertionMayLookLike(t *testing.T) {
	h := openSigning(t)
	for name, change := range map[string]func(*assertion){
		"for the token endpoint, as OpenID Connect has it": func(a *assertion) { a.claims["aud"] = issuer + "/oauth/token" },
		"its audience in a list of one":                    func(a *assertion) { a.claims["aud"] = []string{issuer} },
		"of the type that says what it is":                 func(a *assertion) { a.header["typ"] = "client-authentication+jwt" },
		"without a time of issue":                          func(a *assertion) { delete(a.claims, "iat") },
		"from a clock ten seconds ahead":                   func(a *assertion) { a.claims["iat"] = h.Now().Add(10 * time.Second).Unix() },
		"good for five minutes":                            func(a *assertion) { a.claims["exp"] = h.Now().Add(5 * time.Minute).Unix() },
	} {
		a := h.assertion("signed")
		change(&a)
		_, err := h.Token(t.Context(), asserting(a.sign(), refreshing("x")))
		refused(t, err, "invalid_grant", "refresh_malformed") // the client was believed
		if t.Failed() {
			t.Fatal(name)
		}
	}
}

// TestWhatNobodyProvesHimselfWith has a case for every binding of a client's assertion (RFC 7523 section 3, FAPI 2.0 section 5.3.2.1).
func TestWhatNobodyProvesHimselfWith(t *testing.T) {
	for name, tc := range map[string]struct {
		change func(h *house, a *assertion, c *linking.Call)
		code   string
		reason string
	}{
		"an assertion signed with a key of the attacker is refused": {func(_ *house, a *assertion, _ *linking.Call) { a.key = "stranger" }, "invalid_client", "assertion_forged"},
		"an assertion that names a key of the attacker is refused": {func(_ *house, a *assertion, _ *linking.Call) {
			a.key, a.header["kid"] = "stranger", "stranger"
		}, "invalid_client", "assertion_key_unknown"},
		"an assertion that brings its own key along is refused": {func(_ *house, a *assertion, _ *linking.Call) {
			a.key, a.header["jwk"] = "stranger", publicJWK("ES256", signers()["stranger"].Public())
		}, "invalid_client", "assertion_forged"},
		"an assertion that names no key of several is refused": {func(_ *house, a *assertion, _ *linking.Call) { delete(a.header, "kid") }, "invalid_client", "assertion_key_unknown"},
		"an assertion whose kid is no text is refused":         {func(_ *house, a *assertion, _ *linking.Call) { a.header["kid"] = 7 }, "invalid_client", "assertion_key_unknown"},
		"an assertion signed with the RSA key in the old way, which FAPI forbids, is refused": {func(_ *house, a *assertion, _ *linking.Call) {
			a.key, a.method, a.header["kid"] = "PS256", jwt.SigningMethodRS256, "PS256"
		}, "invalid_client", "assertion_forged"},
		"an assertion that was issued in another's name is refused": {func(_ *house, a *assertion, _ *linking.Call) { a.claims["iss"] = "alexa" }, "invalid_client", "assertion_of_another_client"},
		"an assertion by which a client poses as another is refused": {func(_ *house, a *assertion, _ *linking.Call) {
			a.claims["iss"], a.claims["sub"] = "alexa", "alexa"
		}, "invalid_client", "assertion_not_registered"},
		"an assertion of nobody is refused": {func(_ *house, a *assertion, _ *linking.Call) { delete(a.claims, "iss"); delete(a.claims, "sub") }, "invalid_client", "assertion_of_another_client"},
		"an assertion of a client that is not here is refused": {func(_ *house, a *assertion, _ *linking.Call) {
			a.claims["iss"], a.claims["sub"] = "gone", "gone"
		}, "invalid_client", "client_unknown"},
		"an assertion made for another authorization server is refused": {func(_ *house, a *assertion, _ *linking.Call) { a.claims["aud"] = "https://evil.example" }, "invalid_client", "assertion_for_somebody_else"},
		"an assertion that is good at another server too is refused": {func(_ *house, a *assertion, _ *linking.Call) {
			a.claims["aud"] = []string{issuer, "https://evil.example"}
		}, "invalid_client", "assertion_for_somebody_else"},
		"an assertion for nobody is refused":                      {func(_ *house, a *assertion, _ *linking.Call) { delete(a.claims, "aud") }, "invalid_client", "assertion_for_somebody_else"},
		"an assertion for the issuer's other spelling is refused": {func(_ *house, a *assertion, _ *linking.Call) { a.claims["aud"] = issuer + "/" }, "invalid_client", "assertion_for_somebody_else"},
		"an assertion found when it is over is refused":           {func(h *house, _ *assertion, _ *linking.Call) { h.Pass(time.Minute) }, "invalid_client", "assertion_expired"},
		"an assertion without an end is refused":                  {func(_ *house, a *assertion, _ *linking.Call) { delete(a.claims, "exp") }, "invalid_client", "assertion_out_of_time"},
		"an assertion that would be good for hours is refused": {func(h *house, a *assertion, _ *linking.Call) {
			a.claims["exp"] = h.Now().Add(5*time.Minute + 11*time.Second).Unix()
		}, "invalid_client", "assertion_lives_too_long"},
		"an assertion from a minute ahead is refused": {func(h *house, a *assertion, _ *linking.Call) {
			a.claims["iat"] = h.Now().Add(time.Minute).Unix()
		}, "invalid_client", "assertion_out_of_time"},
		"an assertion before its time is refused": {func(h *house, a *assertion, _ *linking.Call) {
			a.claims["nbf"] = h.Now().Add(time.Minute).Unix()
		}, "invalid_client", "assertion_out_of_time"},
		"an assertion that cannot be told from its replay is refused": {func(_ *house, a *assertion, _ *linking.Call) { delete(a.claims, "jti") }, "invalid_client", "assertion_without_id"},
		"an assertion with an id made to fill the database is refused": {func(_ *house, a *assertion, _ *linking.Call) {
			a.claims["jti"] = strings.Repeat("x", 257)
		}, "invalid_client", "assertion_without_id"},
		"an assertion of 4 KiB and more is refused":                   {func(_ *house, a *assertion, _ *linking.Call) { a.claims["x"] = strings.Repeat("x", 4<<10) }, "invalid_client", "assertion_malformed"},
		"an access token used as an assertion is refused by its type": {func(_ *house, a *assertion, _ *linking.Call) { a.header["typ"] = "at+jwt" }, "invalid_client", "assertion_malformed"},
		"an assertion that says something critical which is not understood is refused": {func(_ *house, a *assertion, _ *linking.Call) {
			a.header["crit"] = []string{"b64"}
		}, "invalid_client", "assertion_malformed"},
		"an assertion of a type nobody knows is refused": {func(_ *house, _ *assertion, c *linking.Call) {
			c.Form["client_assertion_type"] = []string{"urn:ietf:params:oauth:client-assertion-type:saml2-bearer"}
		}, "invalid_client", "assertion_type"},
		"an assertion without its type is refused": {func(_ *house, _ *assertion, c *linking.Call) { delete(c.Form, "client_assertion_type") }, "invalid_client", "assertion_type"},
		"an assertion beside a secret is refused":  {func(_ *house, _ *assertion, c *linking.Call) { c.Form["client_secret"] = []string{secret} }, "invalid_request", "two_authentications"},
		"an assertion beside Basic is refused":     {func(_ *house, _ *assertion, c *linking.Call) { c.Authorization = "Basic " + base64url("alexa:"+secret) }, "invalid_request", "two_authentications"},
		"an assertion of one client that names another is refused": {func(_ *house, _ *assertion, c *linking.Call) {
			c.Form["client_id"] = []string{"alexa"}
		}, "invalid_request", "two_clients"},
		"a stolen code with the client's id, but without its signature, is refused": {func(_ *house, _ *assertion, c *linking.Call) {
			delete(c.Form, "client_assertion")
			delete(c.Form, "client_assertion_type")
			c.Form["client_id"] = []string{"signed"}
		}, "invalid_client", "assertion_missing"},
		"a made-up secret in place of a signature is refused": {func(_ *house, _ *assertion, c *linking.Call) {
			delete(c.Form, "client_assertion")
			delete(c.Form, "client_assertion_type")
			c.Form["client_id"], c.Form["client_secret"] = []string{"signed"}, []string{""}
		}, "invalid_client", "assertion_missing"},
	} {
		t.Run(name, func(t *testing.T) {
			h := openSigning(t)
			members, a := exchanging("signed", h.code("signed")), h.assertion("signed")
			c := asserting("", members)
			tc.change(h, &a, &c)
			if c.Form["client_assertion"] != nil {
				c.Form["client_assertion"] = []string{a.sign()}
			}
			g, err := h.Token(t.Context(), c)
			refused(t, err, tc.code, tc.reason)
			if g.AccessToken != "" {
				t.Error("tokens came with the refusal")
			}
		})
	}
}

func TestAnUnsignedAssertionIsRefused(t *testing.T) {
	h := openSigning(t)
	b64 := base64.RawURLEncoding.EncodeToString
	claims, err := json.Marshal(h.assertion("signed").claims)
	if err != nil {
		t.Fatal(err)
	}
	_, err = h.Token(t.Context(), asserting(b64([]byte(`{"alg":"none"}`))+"."+b64(claims)+".", refreshing("x")))
	refused(t, err, "invalid_client", "assertion_forged")
	public := keySet(publicJWK("ES256", signers()["ES256"].Public()))
	forged, err := jwt.NewWithClaims(jwt.SigningMethodHS256, h.assertion("signed").claims).SignedString(public)
	if err != nil {
		t.Fatal(err)
	}
	_, err = h.Token(t.Context(), asserting(forged, refreshing("x")))
	refused(t, err, "invalid_client", "assertion_forged")
	for _, nothing := range []string{"x", "x.y.z", "..", "x.y.z.x.y"} {
		_, err = h.Token(t.Context(), asserting(nothing, refreshing("x")))
		refused(t, err, "invalid_client", "assertion_malformed")
	}
}

// TestAnAssertionIsGoodOnceInEveryProcess: whoever reads one on its way cannot use it again, anywhere.
func TestAnAssertionIsGoodOnceInEveryProcess(t *testing.T) {
	h := openSigning(t)
	other := h.authority(append(clients(), signingClient()))
	signed := h.assertion("signed").sign()
	var believed atomic.Int32
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			process := []*linking.Authority{h.Authority, other}[i%2]
			_, err := process.Token(t.Context(), asserting(signed, refreshing("x")))
			var e *linking.OAuthError
			switch {
			case !errors.As(err, &e):
				t.Error(err)
			case e.Reason == "refresh_malformed":
				believed.Add(1)
			case e.Reason != "assertion_replayed":
				t.Errorf("got %v", err)
			}
		})
	}
	wg.Wait()
	if n := believed.Load(); n != 1 {
		t.Errorf("an assertion was believed %d times", n)
	}
	h.Pass(59 * time.Second)
	if err := h.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	_, err := other.Token(t.Context(), asserting(signed, refreshing("x")))
	refused(t, err, "invalid_client", "assertion_replayed")
	// The same id is another client's to use.
	twin := signingClient()
	twin.ID = "twin"
	h.Authority = h.authority([]linking.Client{signingClient(), twin})
	for _, client := range []string{"signed", "twin"} {
		a := h.assertion(client)
		a.claims["jti"] = "one"
		_, err := h.Token(t.Context(), asserting(a.sign(), refreshing("x")))
		refused(t, err, "invalid_grant", "refresh_malformed")
	}
}

func TestAKeyFileThatCannotServeIsAFaultOfItsClient(t *testing.T) {
	ec := func(change func(map[string]any)) []byte {
		k := publicJWK("1", signers()["ES256"].Public())
		change(k)
		return keySet(k)
	}
	short := base64.RawURLEncoding.EncodeToString(bytes.Repeat([]byte{0xff}, 128))
	for name, tc := range map[string]struct {
		document []byte
		want     string // empty: nothing is wrong
	}{
		"one key, without a name":       {ec(func(k map[string]any) { delete(k, "kid") }), ""},
		"a key for encryption beside":   {keySet(publicJWK("1", signers()["ES256"].Public()), map[string]any{"kty": "RSA", "use": "enc"}), ""},
		"Ed25519 by its newer name":     {keySet(map[string]any{"kty": "OKP", "crv": "Ed25519", "alg": "Ed25519", "x": publicJWK("", signers()["EdDSA"].Public())["x"]}), ""},
		"not read":                      {nil, "cannot be read"},
		"nothing":                       {[]byte{}, "no JSON Web Key Set"},
		"no JSON":                       {[]byte("-----BEGIN PUBLIC KEY-----"), "no JSON Web Key Set"},
		"a member said twice":           {[]byte(`{"keys":[],"keys":[]}`), "no JSON Web Key Set"},
		"no keys":                       {[]byte(`{}`), "no key to sign with"},
		"a private key":                 {ec(func(k map[string]any) { k["d"] = "AA" }), "a private or a shared key"},
		"a shared key":                  {keySet(map[string]any{"kty": "oct", "k": "AA"}), "a private or a shared key"},
		"another curve":                 {ec(func(k map[string]any) { k["crv"] = "P-384" }), "must be EC on P-256"},
		"a point beside the curve":      {ec(func(k map[string]any) { k["y"] = k["x"] }), "malformed"},
		"half a point":                  {ec(func(k map[string]any) { delete(k, "y") }), "malformed"},
		"the algorithm of another kind": {ec(func(k map[string]any) { k["alg"] = "PS256" }), "alg must be"},
		"RS256":                         {keySet(map[string]any{"kty": "RSA", "alg": "RS256", "n": publicJWK("", signers()["PS256"].Public())["n"], "e": "AQAB"}), "alg must be"},
		"an RSA key that is too short":  {keySet(map[string]any{"kty": "RSA", "n": short, "e": "AQAB"}), "2048 to 8192 bits"},
		"an exponent of one":            {keySet(map[string]any{"kty": "RSA", "n": publicJWK("", signers()["PS256"].Public())["n"], "e": "AQ"}), "malformed"},
		"two keys of one name":          {keySet(publicJWK("1", signers()["ES256"].Public()), publicJWK("1", signers()["EdDSA"].Public())), "key 2: another key has this kid"},
		"a key without a name of two":   {keySet(publicJWK("1", signers()["ES256"].Public()), publicJWK("", signers()["EdDSA"].Public())), "each needs a kid"},
	} {
		t.Run(name, func(t *testing.T) {
			c := signingClient()
			c.JWKS = tc.document
			err := errors.Join(c.Faults()...)
			switch {
			case tc.want == "" && err != nil:
				t.Errorf("got %v", err)
			case tc.want != "" && (err == nil || !strings.Contains(err.Error(), tc.want) || !strings.Contains(err.Error(), "signed.jwks")):
				t.Errorf("got %v, want %q", err, tc.want)
			}
		})
	}
}

// FuzzAssertion: whatever is sent as an assertion, nobody is believed, and nothing breaks.
func FuzzAssertion(f *testing.F) {
	h := openSigning(f)
	a := h.assertion("signed")
	a.key = "stranger" // so that not even the seed is genuine
	f.Add(a.sign())
	f.Add("x.y.z")
	f.Add(`eyJhbGciOiJub25lIn0.eyJpc3MiOiJzaWduZWQiLCJzdWIiOiJzaWduZWQifQ.`)
	f.Fuzz(func(t *testing.T, raw string) {
		_, err := h.Token(t.Context(), asserting(raw, refreshing("x")))
		var e *linking.OAuthError
		if !errors.As(err, &e) || e.Code != "invalid_client" {
			t.Errorf("%q: got %v", raw, err)
		}
	})
}

// FuzzClientKeys: a key file is read or named faulty, and nothing breaks.
func FuzzClientKeys(f *testing.F) {
	f.Add(signingClient().JWKS)
	f.Add([]byte(`{"keys":[{"kty":"RSA","n":"AA","e":"AQAB"}]}`))
	f.Fuzz(func(_ *testing.T, document []byte) {
		c := signingClient()
		c.JWKS = document
		_ = c.Faults()
	})
}

func TestAClientThatMustPushSaysTheIssuerAndNothingElse(t *testing.T) {
	h := open(t)
	strict := signingClient()
	strict.PAR = linking.Required
	h.Authority = h.authority([]linking.Client{strict})
	a := h.assertion("signed")
	a.claims["aud"] = issuer + "/oauth/token"
	_, err := h.Token(t.Context(), asserting(a.sign(), refreshing("x")))
	refused(t, err, "invalid_client", "assertion_for_somebody_else")
	_, err = h.Token(t.Context(), asserting(h.assertion("signed").sign(), refreshing("x")))
	refused(t, err, "invalid_grant", "refresh_malformed")
}
