package openbanking_test

import (
	"net/http"
	"net/http/httptest"
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
