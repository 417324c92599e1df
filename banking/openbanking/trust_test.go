package openbanking_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"sotto/banking"
	"sotto/banking/openbanking"
)

// TestWhatIsMeantForABankFollowsNoRedirect: a bank's endpoints are settings. One that answers with another address gets neither a client's
// secret, a code, a token nor a consent carried there.
func TestWhatIsMeantForABankFollowsNoRedirect(t *testing.T) {
	var stolen atomic.Int32
	thief := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { stolen.Add(1) }))
	t.Cleanup(thief.Close)
	for _, status := range []int{http.StatusFound, http.StatusTemporaryRedirect, http.StatusPermanentRedirect} {
		srv := httptest.NewServer(http.RedirectHandler(thief.URL, status))
		t.Cleanup(srv.Close)
		c := openAlbion(t, nil).config(openbanking.Post, openbanking.Plain)
		c.Issuer, c.ResourceURL, c.AuthorizationURL, c.TokenURL, c.JWKSURL = srv.URL, srv.URL+"/aisp", srv.URL+"/authorize", srv.URL+"/token", srv.URL+"/jwks"
		bank, err := openbanking.New(c, openbanking.Options{Redirect: callback, Now: start})
		if err != nil {
			t.Fatal(err)
		}
		a := banking.Authorization{ConsentID: "consent-1", State: "state", Nonce: "nonce", Verifier: "verifier"}
		_, _, exchanged := bank.Exchange(t.Context(), a, banking.Return{Code: "code", State: "state"})
		_, refreshed := bank.Refresh(t.Context(), "refresh")
		_, authorized := bank.Authorize(t.Context(), all(), "state")
		_, read := bank.Accounts(t.Context(), bearer("access"))
		for what, err := range map[string]error{"a code": exchanged, "a refresh token": refreshed, "a consent": authorized, "a reading": read} {
			if err == nil {
				t.Errorf("%d: %s went well", status, what)
			}
		}
	}
	if n := stolen.Load(); n != 0 {
		t.Errorf("the other address was asked %d times", n)
	}
}

// TestWhoIsNotProvenToBeTheBankIsToldNothing: TLS of before 1.2, and a certificate of an authority that the settings do not name.
func TestWhoIsNotProvenToBeTheBankIsToldNothing(t *testing.T) {
	for name, tc := range map[string]struct {
		version uint16
		trusted bool
		asked   int32
	}{
		"the bank":                {tls.VersionTLS12, true, 1},
		"a bank of years ago":     {tls.VersionTLS11, true, 0},
		"a stranger in its place": {tls.VersionTLS13, false, 0},
	} {
		t.Run(name, func(t *testing.T) {
			var asked atomic.Int32
			srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				asked.Add(1)
				w.WriteHeader(http.StatusBadRequest)
			}))
			srv.TLS = &tls.Config{MinVersion: tc.version, MaxVersion: tc.version}
			srv.StartTLS()
			t.Cleanup(srv.Close)
			c := openAlbion(t, nil).config(openbanking.Post, openbanking.Plain)
			c.Issuer, c.ResourceURL, c.AuthorizationURL, c.TokenURL, c.JWKSURL = srv.URL, srv.URL+"/aisp", srv.URL+"/authorize", srv.URL+"/token", srv.URL+"/jwks"
			if c.CAFile = ""; tc.trusted {
				c.CAFile = filepath.Join(t.TempDir(), "ca.pem")
				content := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: srv.Certificate().Raw})
				if err := os.WriteFile(c.CAFile, content, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			bank, err := openbanking.New(c, openbanking.Options{Redirect: callback, Now: start})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := bank.Refresh(t.Context(), "refresh"); err == nil || asked.Load() != tc.asked {
				t.Errorf("got %v, and it was told %d times, want %d", err, asked.Load(), tc.asked)
			}
		})
	}
}

// TestASigningKeyThatIsTooWeakIsRefused: FAPI 2.0 Security Profile section 5.4.1.
func TestASigningKeyThatIsTooWeakIsRefused(t *testing.T) {
	short, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	curve, err := ecdsa.GenerateKey(elliptic.P224(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for name, key := range map[string]any{"under 2048 bits": short, "not P-256": curve} {
		der, err := x509.MarshalPKCS8PrivateKey(key)
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(t.TempDir(), "key.pem")
		if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), 0o600); err != nil {
			t.Fatal(err)
		}
		c := openAlbion(t, nil).config(openbanking.PrivateKey, openbanking.Plain)
		c.SigningKeyFile = path
		if _, err := openbanking.New(c, openbanking.Options{Redirect: callback, Now: start}); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

// TestWhatIsInventedForALoginIsNewEachTimeAndOfTheRightLength: nonces of at most 64 characters, verifiers as RFC 7636 has them, and 256 bits in both.
func TestWhatIsInventedForALoginIsNewEachTimeAndOfTheRightLength(t *testing.T) {
	bank := openForger(t).bank(openbanking.Plain)
	seen := map[string]bool{}
	for range 8 {
		a, err := bank.Authorize(t.Context(), all(), "state")
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range []string{a.Nonce, string(a.Verifier)} {
			if len(s) != 43 || seen[s] {
				t.Errorf("%d characters, seen before: %t", len(s), seen[s])
			}
			seen[s] = true
		}
	}
}
