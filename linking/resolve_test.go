package linking_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"sotto/linking"
)

// forge makes a JWT with these claims and header members, signed with key by method.
func forge(t testing.TB, method jwt.SigningMethod, key any, header map[string]any, claims jwt.MapClaims) linking.Token {
	t.Helper()
	j := jwt.NewWithClaims(method, claims)
	maps.Copy(j.Header, header)
	signed, err := j.SignedString(key)
	if err != nil {
		t.Fatal(err)
	}
	return linking.Token(signed)
}

// TestForgedAccessTokensAreRefusedWithoutTouchingTheDatabase: everything that can be seen without it.
func TestForgedAccessTokensAreRefusedWithoutTouchingTheDatabase(t *testing.T) {
	h := open(t)
	good := h.linked("alexa").AccessToken
	parts := strings.Split(string(good), ".")
	mine, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	header := part(t, good, 0)
	claims := jwt.MapClaims(claimsOf(t, good))
	again := func(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }
	flipped := []byte(parts[2])
	flipped[10] ^= 1

	for name, token := range map[string]linking.Token{
		"signed with the attacker's key":                        forge(t, jwt.SigningMethodES256, mine, header, claims),
		"signed with the attacker's key, which comes with it":   forge(t, jwt.SigningMethodES256, mine, map[string]any{"typ": "at+jwt", "jwk": map[string]any{"kty": "EC"}}, claims),
		"signed by HMAC with the public key's name":             forge(t, jwt.SigningMethodHS256, []byte(header["kid"].(string)), map[string]any{"typ": "at+jwt", "kid": header["kid"]}, claims),
		"not signed at all":                                     forge(t, jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, map[string]any{"typ": "at+jwt", "kid": header["kid"]}, claims),
		"with its signature cut off":                            linking.Token(parts[0] + "." + parts[1] + "."),
		"with a changed signature":                              linking.Token(parts[0] + "." + parts[1] + "." + string(flipped)),
		"with more scopes written in":                           linking.Token(parts[0] + "." + again(strings.Replace(decode(t, parts[1]), "balances", "income", 1)) + "." + parts[2]),
		"with another typ":                                      linking.Token(again(strings.Replace(decode(t, parts[0]), "at+jwt", "JWT", 1)) + "." + parts[1] + "." + parts[2]),
		"with two signatures":                                   good + "." + linking.Token(parts[2]),
		"with a line break in it":                               linking.Token(parts[0] + "\n." + parts[1] + "." + parts[2]),
		"with a line break in its signature":                    good[:len(good)-7] + "\r\n" + good[len(good)-7:],
		"with a line break at its end":                          good + "\n",
		"with padding":                                          good + "=",
		"as long as a book":                                     good + linking.Token(strings.Repeat("A", 1<<20)),
		"of nothing but dots":                                   "..",
		"empty":                                                 "",
		"an opaque token of the wrong length":                   "sa_short",
		"an opaque token of characters that are none":           linking.Token("sa_" + strings.Repeat("%", 43)),
		"a client's refresh token":                              h.linked("alexa").RefreshToken,
		"a rotating refresh token":                              h.linked("mcp").RefreshToken,
		"an access token of another issuer with the right form": forge(t, jwt.SigningMethodES256, mine, map[string]any{"typ": "at+jwt", "kid": "theirs"}, jwt.MapClaims{"iss": "https://evil.example"}),
	} {
		t.Run(name, func(t *testing.T) {
			before := h.store.reads
			if _, err := h.Resolve(t.Context(), linking.Alexa, token); !errors.Is(err, linking.ErrNotLinked) {
				t.Errorf("got %v, want ErrNotLinked", err)
			} else if len(token) > 20 && strings.Contains(err.Error(), string(token)) {
				t.Error("the error shows the token")
			}
			if h.store.reads != before {
				t.Error("the database was asked")
			}
		})
	}
	if !h.lives("alexa", good) {
		t.Error("the good one is refused")
	}
}

func decode(t testing.TB, s string) string {
	t.Helper()
	b, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// TestATokenSignedByUsIsStillNotEnough: with the house's own signing key, everything else of a token must fit too.
func TestATokenSignedByUsIsStillNotEnough(t *testing.T) {
	h := open(t)
	g := h.linked("alexa")
	mcp := h.linked("mcp")
	key := signingKey(t, h)
	header := part(t, g.AccessToken, 0)
	sign := func(change func(jwt.MapClaims), more ...string) linking.Token {
		claims, header := jwt.MapClaims(claimsOf(t, g.AccessToken)), maps.Clone(header)
		change(claims)
		for i := 0; i+1 < len(more); i += 2 {
			header[more[i]] = more[i+1]
		}
		return forge(t, jwt.SigningMethodES256, key, header, claims)
	}
	set := func(name string, value any) func(jwt.MapClaims) { return func(c jwt.MapClaims) { c[name] = value } }
	if !h.lives("alexa", sign(func(jwt.MapClaims) {})) {
		t.Fatal("the unchanged one is refused, so this test says nothing")
	}
	for name, token := range map[string]linking.Token{
		"an id_token or anything else that is no access token": sign(func(jwt.MapClaims) {}, "typ", "JWT"),
		"a kid that is not ours":                               sign(func(jwt.MapClaims) {}, "kid", "other"),
		"another issuer":                                       sign(set("iss", issuer+"/")),
		"another audience":                                     sign(set("aud", "https://evil.example")),
		"another platform's audience":                          sign(set("aud", issuer+"/mcp")),
		"two audiences":                                        sign(set("aud", []string{issuer + "/alexa", issuer + "/mcp"})),
		"no expiry":                                            sign(func(c jwt.MapClaims) { delete(c, "exp") }),
		"an expiry in the past":                                sign(set("exp", h.Now().Add(-time.Second).Unix())),
		"issued tomorrow":                                      sign(set("iat", h.Now().Add(24*time.Hour).Unix())),
		"issued a little later than any clock of ours":         sign(set("iat", h.Now().Add(11*time.Second).Unix())),
		"an expiry that is now":                                sign(set("exp", h.Now().Unix())),
		"another client":                                       sign(set("client_id", "other")),
		"a client that is none":                                sign(set("client_id", "nobody")),
		"another customer's subject":                           sign(set("sub", claimsOf(t, mcp.AccessToken)["sub"])),
		"another client's grant":                               sign(set("gid", claimsOf(t, mcp.AccessToken)["gid"])),
		"a grant that never was":                               sign(set("gid", "AAAAAAAAAAAAAAAAAAAAAA")),
		"no grant":                                             sign(func(c jwt.MapClaims) { delete(c, "gid") }),
		"a scope that is none":                                 sign(set("scope", "payments")),
		"no scope":                                             sign(set("scope", "")),
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := h.Resolve(t.Context(), linking.Alexa, token); !errors.Is(err, linking.ErrNotLinked) {
				t.Errorf("got %v, want ErrNotLinked", err)
			}
		})
	}
	if !h.lives("alexa", sign(set("iat", h.Now().Add(10*time.Second).Unix()))) {
		t.Error("a token that another process signed, whose clock is ten seconds ahead, is refused")
	}
	wider := sign(set("scope", "balances income upcoming"))
	link, err := h.Resolve(t.Context(), linking.Alexa, wider)
	if err != nil || link.Has(linking.Income) {
		t.Errorf("a scope the link does not have: got %v, %v", link.Scopes, err)
	}
}

func TestATokenIsGoodOnlyAtItsOwnPlatform(t *testing.T) {
	h := open(t)
	for _, client := range []string{"alexa", "google", "mcp"} {
		token := h.linked(client).AccessToken
		for _, platform := range []linking.Platform{linking.Alexa, linking.Google, linking.MCP, linking.Messenger, linking.Service, ""} {
			_, err := h.Resolve(t.Context(), platform, token)
			if good := platform == platforms[client]; good != (err == nil) || !good && !errors.Is(err, linking.ErrNotLinked) {
				t.Errorf("%s's token at %q: got %v", client, platform, err)
			}
		}
	}
}

func TestATokenOfAClientThatWasTakenOutOfTheSettingsIsRefused(t *testing.T) {
	h := open(t)
	token, opaque := h.linked("alexa").AccessToken, h.linked("google").AccessToken
	h.Authority = h.authority(clients()[3:])
	for _, token := range []linking.Token{token, opaque} {
		for _, platform := range []linking.Platform{linking.Alexa, linking.Google} {
			if _, err := h.Resolve(t.Context(), platform, token); !errors.Is(err, linking.ErrNotLinked) {
				t.Errorf("got %v, want ErrNotLinked", err)
			}
		}
	}
}

func TestALookUpThatFailsIsNotTakenForAMissingLink(t *testing.T) {
	h := open(t)
	token := h.linked("alexa").AccessToken
	h.store.broken = errors.New("disk on fire")
	if _, err := h.Resolve(t.Context(), linking.Alexa, token); !errors.Is(err, h.store.broken) || errors.Is(err, linking.ErrNotLinked) {
		t.Errorf("got %v, want the store's error: a customer must not be told to link again", err)
	}
}

func TestResolveAsksTheDatabaseOnceAtEveryRequest(t *testing.T) {
	h := open(t)
	for _, client := range []string{"alexa", "google"} {
		g := h.linked(client)
		for range 3 {
			before := h.store.reads
			if !h.lives(client, g.AccessToken) || h.store.reads != before+1 {
				t.Errorf("%s: %d look-ups, want 1", client, h.store.reads-before)
			}
		}
		if err := h.End(t.Context(), g.Link); err != nil {
			t.Fatal(err)
		}
		if h.lives(client, g.AccessToken) {
			t.Errorf("%s: accepted after the end, from memory", client)
		}
	}
}

func FuzzResolve(f *testing.F) {
	h := open(f)
	good := h.linked("alexa").AccessToken
	opaque := h.linked("google").AccessToken
	for _, seed := range []string{string(good), string(opaque), "", "..", "a.b.c", "sa_", "eyJhbGciOiJub25lIn0.e30.", string(good[:len(good)-1]), string(good) + "A", string(good) + "\n"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, token string) {
		_, err := h.Resolve(t.Context(), linking.Alexa, linking.Token(token))
		if token == string(good) {
			if err != nil {
				t.Error(err)
			}
			return
		}
		if !errors.Is(err, linking.ErrNotLinked) {
			t.Errorf("got %v, want ErrNotLinked", err)
		}
	})
}

// FuzzRefresh: whatever is brought as a refresh token, nothing breaks, and only one that was given is good.
func FuzzRefresh(f *testing.F) {
	h := open(f)
	rotating := string(h.linked("mcp").RefreshToken)
	for _, seed := range []string{rotating, string(h.linked("alexa").RefreshToken), "sr_", "ss_", "sr_" + strings.Repeat("\n", 74), "sr_AQ" + strings.Repeat("\n", 72), rotating[:40] + "\n" + rotating[41:]} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, token string) {
		_, err := h.Token(t.Context(), call("mcp", refreshing(linking.Token(token))))
		var refusal *linking.OAuthError
		if token != rotating && !errors.As(err, &refusal) {
			t.Errorf("got %v, want a refusal", err)
		}
	})
}

func BenchmarkResolve(b *testing.B) {
	h := open(b)
	for _, client := range []string{"alexa", "google"} {
		token := h.linked(client).AccessToken
		b.Run(client, func(b *testing.B) {
			for b.Loop() {
				if _, err := h.Resolve(b.Context(), platforms[client], token); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkRefresh(b *testing.B) {
	h := open(b)
	for _, client := range []string{"alexa", "google", "mcp"} {
		refresh := h.linked(client).RefreshToken
		b.Run(client, func(b *testing.B) {
			for b.Loop() {
				g, err := h.Token(b.Context(), call(client, refreshing(refresh)))
				if err != nil {
					b.Fatal(err)
				}
				refresh = g.RefreshToken
			}
		})
	}
}
