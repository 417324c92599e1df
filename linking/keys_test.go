package linking_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"errors"
	"fmt"
	"math/big"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"sotto/linking"
)

// signingKey unwraps the house's signing key, as somebody with SOTTO_KEYS and the database could.
func signingKey(t testing.TB, h *house) *ecdsa.PrivateKey {
	t.Helper()
	kept, err := h.store.LinkingKeys(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range kept {
		if k.Kind != "signing" {
			continue
		}
		der, err := wrapping(t, 1).Decrypt(k.Wrapped, fmt.Appendf(nil, "keys|signing-%d|wrapped", k.Number))
		if err != nil {
			t.Fatal(err)
		}
		key, err := x509.ParsePKCS8PrivateKey(der)
		if err != nil {
			t.Fatal(err)
		}
		return key.(*ecdsa.PrivateKey)
	}
	t.Fatal("no signing key")
	return nil
}

func newSigningDER(t *testing.T) []byte {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

// addKey wraps and keeps another key.
func addKey(t *testing.T, h *house, kind string, number int64, plain []byte, starts, ends time.Time) {
	t.Helper()
	wrapped, err := wrapping(t, 1).Encrypt(plain, fmt.Appendf(nil, "keys|%s-%d|wrapped", kind, number))
	if err != nil {
		t.Fatal(err)
	}
	if err := h.store.AddKey(t.Context(), linking.SealedKey{Kind: kind, Number: number, Wrapped: wrapped, Made: h.Now(), Starts: starts, Ends: ends}); err != nil {
		t.Fatal(err)
	}
}

func (h *house) reopen() {
	h.t.Helper()
	var err error
	if h.keys, err = linking.OpenKeyring(h.t.Context(), h.store, wrapping(h.t, 1), pairwise, h.Now); err != nil {
		h.t.Fatal(err)
	}
	h.Authority = h.authority(clients())
}

func TestKeysOutliveTheProcess(t *testing.T) {
	h := open(t)
	before := h.Keys()
	alexa, mcp := h.linked("alexa"), h.linked("mcp")
	sealed, err := h.keys.House().Encrypt([]byte("consent"), []byte("connections|1|consent"))
	if err != nil {
		t.Fatal(err)
	}
	h.reopen()
	if diff := cmp.Diff(before, h.Keys()); diff != "" {
		t.Errorf("JWKS (-before +after):\n%s", diff)
	}
	if !h.lives("alexa", alexa.AccessToken) {
		t.Error("an access token died with its process")
	}
	h.token("mcp", refreshing(mcp.RefreshToken))
	if opened, err := h.keys.House().Decrypt(sealed, []byte("connections|1|consent")); err != nil || string(opened) != "consent" {
		t.Errorf("got %q, %v", opened, err)
	}
	if _, err := h.keys.House().Decrypt(sealed, []byte("connections|2|consent")); err == nil {
		t.Error("a ciphertext could be moved to another row")
	}
}

func TestProcessesThatStartTogetherHaveTheSameKeys(t *testing.T) {
	h := open(t)
	fresh := open(t)
	_ = h
	var wg sync.WaitGroup
	rings := make([]*linking.Keyring, 6)
	for i := range rings {
		wg.Go(func() {
			var err error
			if rings[i], err = linking.OpenKeyring(t.Context(), fresh.store, wrapping(t, 1), pairwise, fresh.Now); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	sealed, err := rings[0].House().Encrypt([]byte("x"), nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rings {
		if diff := cmp.Diff(rings[0].Public(), r.Public()); diff != "" {
			t.Errorf("two processes sign with two keys:\n%s", diff)
		}
		if _, err := r.House().Decrypt(sealed, nil); err != nil {
			t.Errorf("two processes encrypt with two keys: %v", err)
		}
	}
}

// TestAClockThatIsBehindDoesNotShutAHouseThatHasJustBeenOpened: of several new processes one makes the keys, and that may be the one whose clock is
// ahead; or the clock of the only one is put right afterwards.
func TestAClockThatIsBehindDoesNotShutAHouseThatHasJustBeenOpened(t *testing.T) {
	for _, client := range []string{"alexa", "google", "mcp"} { // signed, opaque, and under the refresh key
		h := open(t)
		h.Pass(-time.Hour)
		g := h.linked(client)
		if !h.lives(client, g.AccessToken) || !h.lives(client, h.token(client, refreshing(g.RefreshToken)).AccessToken) {
			t.Errorf("%s: a token is refused", client)
		}
	}
}

func TestADatabaseOfAnotherKeysFileIsRefused(t *testing.T) {
	h := open(t)
	if _, err := linking.OpenKeyring(t.Context(), h.store, wrapping(t, 2), pairwise, h.Now); err == nil {
		t.Error("keys of another file were taken for ours")
	}
	if _, err := linking.OpenKeyring(t.Context(), h.store, wrapping(t, 1), pairwise[:16], h.Now); err == nil {
		t.Error("a short pairwise key was accepted")
	}
}

func TestSeveralKeysOfOneKindServeTogether(t *testing.T) {
	h := open(t)
	old := h.linked("alexa")
	oldMCP := h.linked("mcp")
	secret := make([]byte, 32)
	_, _ = rand.Read(secret)
	starts := h.Now().Add(10 * time.Minute)
	addKey(t, h, "signing", 2, newSigningDER(t), starts, time.Time{})
	addKey(t, h, "refresh", 2, secret, starts, time.Time{})
	addKey(t, h, "of a younger version", 1, []byte("?"), starts, time.Time{})
	h.reopen()

	if n := len(h.Keys().Keys); n != 2 {
		t.Errorf("%d keys are published, want the next one too", n)
	}
	before := h.linked("alexa")
	if kid := part(t, before.AccessToken, 0)["kid"]; kid != part(t, old.AccessToken, 0)["kid"] {
		t.Error("a key that has not started signs")
	}
	// The successor of a refresh token used before the new key started stays the same after.
	h.Pass(10*time.Minute - time.Second)
	one := h.token("mcp", refreshing(oldMCP.RefreshToken))
	h.Pass(30 * time.Second)
	two := h.token("mcp", refreshing(oldMCP.RefreshToken))
	if one.RefreshToken != two.RefreshToken {
		t.Error("a new key gave a retry another successor")
	}
	after := h.linked("alexa")
	if part(t, after.AccessToken, 0)["kid"] == part(t, old.AccessToken, 0)["kid"] {
		t.Error("the new key does not sign")
	}
	for _, token := range []linking.Token{before.AccessToken, after.AccessToken} {
		if !h.lives("alexa", token) {
			t.Error("a token is refused for its key")
		}
	}
	three := h.token("mcp", refreshing(one.RefreshToken))
	for want, token := range map[byte]linking.Token{1: one.RefreshToken, 2: three.RefreshToken} {
		if got := decode(t, string(token[3:]))[2]; got != want {
			t.Errorf("a refresh token is made with key %d, want %d", got, want)
		}
	}
	h.token("mcp", refreshing(three.RefreshToken))
}

func TestWhatAKeyThatHasEndedSignedIsRefusedEvenIfItWasRemembered(t *testing.T) {
	h := open(t)
	addKey(t, h, "signing", 2, newSigningDER(t), h.Now(), h.Now().Add(5*time.Minute))
	h.reopen()
	token := h.linked("alexa").AccessToken
	if !h.lives("alexa", token) {
		t.Fatal("refused at once")
	}
	h.Pass(5 * time.Minute)
	if h.lives("alexa", token) {
		t.Error("accepted after its key has ended")
	}
	if n := len(h.Keys().Keys); n != 1 {
		t.Errorf("%d keys are published, want 1", n)
	}
	// It has no successor, so the key before it goes on.
	h.Pass(48 * time.Hour)
	if !h.lives("alexa", h.linked("alexa").AccessToken) {
		t.Error("a token is refused for its key")
	}
}

func TestTheJWKSIsTheKeyThatSigns(t *testing.T) {
	h := open(t)
	key := signingKey(t, h)
	published := h.Keys().Keys[0]
	number := func(s string) *big.Int { return new(big.Int).SetBytes([]byte(decode(t, s))) }
	point, err := key.PublicKey.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	if number(published.X).Cmp(new(big.Int).SetBytes(point[1:33])) != 0 || number(published.Y).Cmp(new(big.Int).SetBytes(point[33:])) != 0 ||
		published.Kty != "EC" || published.Crv != "P-256" || published.Use != "sig" || published.Alg != "ES256" || len(published.X) != 43 || len(published.Y) != 43 {
		t.Errorf("got %+v", published)
	}
}

func TestTheMetadataNamesOnlyWhatIsThere(t *testing.T) {
	h := open(t)
	got := h.Metadata()
	want := linking.Metadata{
		Issuer: issuer, AuthorizationEndpoint: issuer + "/oauth/authorize", TokenEndpoint: issuer + "/oauth/token", RevocationEndpoint: issuer + "/oauth/revoke",
		IntrospectionEndpoint: issuer + "/oauth/introspect", PushedEndpoint: issuer + "/oauth/par", UserinfoEndpoint: issuer + "/oauth/userinfo", JWKSURI: issuer + "/.well-known/jwks.json",
		ScopesSupported: []string{"balances", "spending", "transactions", "income", "upcoming"}, SubjectTypesSupported: []string{"pairwise"},
		ResponseTypesSupported: []string{"code"}, ResponseModesSupported: []string{"query"}, GrantTypesSupported: []string{"authorization_code", "refresh_token", "client_credentials"},
		TokenAuthMethods:         []string{"client_secret_basic", "client_secret_post", "none"},
		RevocationAuthMethods:    []string{"client_secret_basic", "client_secret_post", "none"},
		IntrospectionAuthMethods: []string{"client_secret_basic", "client_secret_post"}, ChallengeMethodsSupported: []string{"S256"}, IssuerParameterInResponses: true,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	with := h.authority(append(clients(), signingClient())).Metadata()
	want.TokenAuthMethods = []string{"client_secret_basic", "client_secret_post", "private_key_jwt", "none"}
	want.RevocationAuthMethods = want.TokenAuthMethods
	want.IntrospectionAuthMethods = []string{"client_secret_basic", "client_secret_post", "private_key_jwt"}
	want.TokenAuthAlgorithms = []string{"ES256", "PS256", "EdDSA"}
	want.RevocationAuthAlgorithms, want.IntrospectAuthAlgorithms = want.TokenAuthAlgorithms, want.TokenAuthAlgorithms
	if diff := cmp.Diff(want, with); diff != "" {
		t.Errorf("with a client that signs (-want +got):\n%s", diff)
	}
}

// cabinet keeps keys in memory, and counts who looks.
type cabinet struct {
	linking.KeyStore
	kept  []linking.SealedKey
	looks atomic.Int64
	jams  atomic.Bool
}

var errJammed = errors.New("no route to the database")

func (c *cabinet) AddKey(_ context.Context, k linking.SealedKey) error {
	c.kept = append(c.kept, k)
	return nil
}

func (c *cabinet) LinkingKeys(context.Context) ([]linking.SealedKey, error) {
	c.looks.Add(1)
	if c.jams.Load() {
		return nil, errJammed
	}
	return c.kept, nil
}

func TestKeysAreReadAgainWithoutAnybodyWhoAsks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &cabinet{}
		ring, err := linking.OpenKeyring(t.Context(), c, wrapping(t, 1), pairwise, time.Now)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		reported, before := make(chan error, 10), c.looks.Load()
		go ring.Run(ctx, func(err error) { reported <- err })
		<-time.After(30 * time.Second)
		synctest.Wait()
		if c.looks.Load() == before || len(reported) > 0 {
			t.Errorf("in 30 s they were read %d times, and %d failures reported", c.looks.Load()-before, len(reported))
		}
		c.jams.Store(true)
		<-time.After(30 * time.Second)
		synctest.Wait()
		if len(reported) == 0 || !errors.Is(<-reported, errJammed) {
			t.Error("that they cannot be read was not reported")
		}
	})
}
