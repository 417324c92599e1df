package tests

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"sotto/skills"
)

// tokenAnswer is a token response, and introspected an introspection, as the RFCs have them.
type tokenAnswer struct {
	Access  string `json:"access_token"`
	Type    string `json:"token_type"`
	Expires int    `json:"expires_in"`
	Refresh string `json:"refresh_token"`
	Scope   string `json:"scope"`
}

type introspected struct {
	Active bool   `json:"active"`
	Scope  string `json:"scope"`
}

// TestAClientThatKnowsOnlyTheContractLinks walks linking as each confidential client, with each way to authenticate, and looks at
// everything that is promised on the way.
func TestAClientThatKnowsOnlyTheContractLinks(t *testing.T) {
	t.Parallel()
	h := open(t)
	for name, tc := range map[string]struct {
		client string
		post   bool
		opaque bool
	}{
		"Alexa, by Basic":                {client: "alexa"},
		"Alexa, in the body":             {client: "alexa", post: true},
		"Google, whose token is no JWT":  {client: "google", opaque: true},
		"Google, which sends its secret": {client: "google", post: true, opaque: true},
	} {
		t.Run(name, func(t *testing.T) {
			w := h.walker(t, tc.client)
			authenticate := byBasic(w.client)
			if tc.post {
				authenticate = inBody(w.client)
			}
			state := strings.Repeat("+/=% &?#é\"<", 300) // 3,600 bytes
			back := w.back(w.decide(w.signIn(w.approve(w.open(url.Values{"state": {state}}))), "approve"))
			if back.Get("state") != state || back.Get("iss") != h.PublicURL() || len(back["code"]) != 1 {
				t.Errorf("the way back carries another state, iss or code: %d bytes of state, iss %q", len(back.Get("state")), back.Get("iss"))
			}
			form := url.Values{"grant_type": {"authorization_code"}, "code": back["code"], "redirect_uri": {w.client.RedirectURIs[0]}, "code_verifier": {verifier}}
			first := w.tokens(form, authenticate)
			if first.Type != "Bearer" || first.Expires < 360 || first.Refresh == "" || first.Scope != "balances spending" {
				t.Errorf("token response: %s, %d s, scope %q", first.Type, first.Expires, first.Scope)
			}
			if isJWT := strings.Count(first.Access, ".") == 2; isJWT == tc.opaque {
				t.Errorf("an access token of the wrong kind, a JWT: %v", isJWT)
			}
			if !tc.opaque {
				w.verifyAccessToken(first)
			}
			second := w.tokens(url.Values{"grant_type": {"refresh_token"}, "refresh_token": {first.Refresh}}, authenticate)
			if second.Access == first.Access {
				t.Error("a refresh gives the same access token again")
			}
			for which, token := range map[string]string{"old": first.Access, "new": second.Access} {
				if got := w.introspect(token, authenticate); !got.Active || got.Scope != "balances spending" {
					t.Errorf("after a refresh the %s access token is %+v", which, got)
				}
			}
			stranger := map[string]string{"alexa": "google", "google": "alexa"}[tc.client]
			if got := w.introspect(first.Access, byBasic(h.Dev().Clients[stranger])); got != (introspected{}) {
				t.Errorf("another client learns %+v of the token", got)
			}
			if status, _, body := w.call("/oauth/revoke", url.Values{"token": {first.Access}}, authenticate); status != http.StatusOK || len(body) != 0 {
				t.Errorf("a revocation gets %d %s", status, body)
			}
			if w.introspect(first.Access, authenticate).Active || !w.introspect(second.Access, authenticate).Active {
				t.Error("a revoked access token is active, or another one is not")
			}
			if status, _, _ := w.call("/oauth/revoke", url.Values{"token": {second.Refresh}}, authenticate); status != http.StatusOK {
				t.Errorf("the revocation of a refresh token gets %d", status)
			}
			if w.introspect(second.Access, authenticate).Active {
				t.Error("the access token of a link that was revoked is active")
			}
			w.refused(url.Values{"grant_type": {"refresh_token"}, "refresh_token": {second.Refresh}}, authenticate, http.StatusBadRequest, "invalid_grant")
		})
	}
}

func (w *walker) tokens(form url.Values, authenticate func(*http.Request, url.Values)) tokenAnswer {
	w.tb.Helper()
	status, header, body := w.call("/oauth/token", form, authenticate)
	if status != http.StatusOK {
		w.tb.Fatalf("the token endpoint answers %d: %s", status, body)
	}
	if header.Get("Cache-Control") != "no-store" || !strings.HasPrefix(header.Get("Content-Type"), "application/json") {
		w.tb.Errorf("a token response may be stored, or is no JSON: %v", header)
	}
	var got tokenAnswer
	if err := json.Unmarshal(body, &got); err != nil {
		w.tb.Fatal(err)
	}
	return got
}

func (w *walker) introspect(token string, authenticate func(*http.Request, url.Values)) introspected {
	w.tb.Helper()
	status, _, body := w.call("/oauth/introspect", url.Values{"token": {token}}, authenticate)
	var got introspected
	if err := json.Unmarshal(body, &got); err != nil || status != http.StatusOK {
		w.tb.Fatalf("introspection answers %d, %v: %s", status, err, body)
	}
	return got
}

// refused fails unless the token endpoint refuses in the words of RFC 6749.
func (w *walker) refused(form url.Values, authenticate func(*http.Request, url.Values), status int, code string) {
	w.tb.Helper()
	got, header, body := w.call("/oauth/token", form, authenticate)
	var e struct {
		Error string `json:"error"`
	}
	if err := json.Unmarshal(body, &e); err != nil || got != status || e.Error != code || header.Get("Cache-Control") != "no-store" {
		w.tb.Errorf("got %d %s (%v), want %d %s", got, body, header, status, code)
	}
	if challenge := header.Get("WWW-Authenticate"); (challenge != "") != (status == http.StatusUnauthorized) {
		w.tb.Errorf("a %d has the challenge %q", status, challenge)
	}
}

// verifyAccessToken verifies a JWT as a resource server would that has read RFC 9068 and the metadata, with no code of ours.
func (w *walker) verifyAccessToken(got tokenAnswer) {
	w.tb.Helper()
	read := func(path string, into any) {
		r, err := http.NewRequestWithContext(w.tb.Context(), http.MethodGet, path, nil)
		if err != nil {
			w.tb.Fatal(err)
		}
		status, _, body := ask(w.tb, r)
		if err := json.Unmarshal(body, into); err != nil || status != http.StatusOK {
			w.tb.Fatalf("%s answers %d, %v", path, status, err)
		}
	}
	var metadata struct {
		Issuer string `json:"issuer"`
		Keys   string `json:"jwks_uri"`
	}
	read(w.house.PublicURL()+"/.well-known/oauth-authorization-server", &metadata)
	var set struct {
		Keys []struct{ Kid, Kty, Crv, Alg, Use, X, Y string }
	}
	read(metadata.Keys, &set)
	part := strings.Split(got.Access, ".")
	decode := func(text string) []byte {
		b, err := base64.RawURLEncoding.Strict().DecodeString(text)
		if err != nil {
			w.tb.Fatal(err)
		}
		return b
	}
	var head struct{ Typ, Alg, Kid string }
	if err := json.Unmarshal(decode(part[0]), &head); err != nil || head.Typ != "at+jwt" || head.Alg != "ES256" {
		w.tb.Fatalf("header: %s, %v", decode(part[0]), err)
	}
	signature, digest, good := decode(part[2]), sha256.Sum256([]byte(part[0]+"."+part[1])), false
	for _, k := range set.Keys {
		if k.Kid == head.Kid && k.Kty == "EC" && k.Crv == "P-256" && len(signature) == 64 {
			key, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), slices.Concat([]byte{4}, decode(k.X), decode(k.Y)))
			if err != nil {
				w.tb.Fatal(err)
			}
			good = ecdsa.Verify(key, digest[:], new(big.Int).SetBytes(signature[:32]), new(big.Int).SetBytes(signature[32:]))
		}
	}
	if !good {
		w.tb.Fatal("the signature does not hold under the published keys")
	}
	var claims struct {
		Iss, Sub, JTI, Scope string
		Aud                  []string
		Client               string `json:"client_id"`
		Iat, Exp             int64
	}
	if err := json.Unmarshal(decode(part[1]), &claims); err != nil {
		w.tb.Fatal(err)
	}
	now := w.house.Now().Unix()
	if claims.Iss != metadata.Issuer || claims.Sub == "" || !slices.Equal(claims.Aud, []string{w.house.PublicURL() + "/alexa"}) || claims.JTI == "" || claims.Client != w.client.ID ||
		claims.Scope != got.Scope || claims.Iat > now || claims.Exp-now != int64(got.Expires) {
		w.tb.Errorf("claims of RFC 9068 section 2.2: %+v", claims)
	}
	if strings.Contains(claims.Sub, "ada") || len(got.Access) > 2048 {
		w.tb.Error("the subject names a person, or the token is larger than 2 KiB")
	}
}

func TestAReplayedQuestionDoesNoHarm(t *testing.T) {
	t.Parallel()
	h := open(t)
	s := h.speaker(t)
	s.link("ada", nil)
	body, err := s.device.Ask(skills.Balance, nil)
	if err != nil {
		t.Fatal(err)
	}
	_, first := send(t, s.signed(body))
	h.pass(2 * time.Minute)
	status, second := send(t, s.signed(body))
	if status != http.StatusOK || string(first) != string(second) {
		t.Errorf("the same request again gets %d %s, after %s", status, second, first)
	}
	h.pass(time.Minute)
	if status, _ := send(t, s.signed(body)); status != http.StatusBadRequest {
		t.Errorf("three minutes later it gets %d", status)
	}
}
