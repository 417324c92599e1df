package mockbank_test

import (
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"

	"sotto/banking/mockbank"
)

// atOnce counts how many of n calls at once are answered with 200.
func atOnce(n int, call func() int) int64 {
	var (
		wait sync.WaitGroup
		won  atomic.Int64
	)
	for range n {
		wait.Go(func() {
			if call() == http.StatusOK {
				won.Add(1)
			}
		})
	}
	wait.Wait()
	return won.Load()
}

func TestOfManyRacingOneWins(t *testing.T) {
	b := openBank(t, func(o *mockbank.Options) { o.RotateRefresh = true })
	code := b.approve("ada", b.consent(allPermissions(), nil))
	if won := atOnce(16, func() int { return b.post("/token", exchangeForm(code)).status }); won != 1 {
		t.Errorf("a code was exchanged %d times", won)
	}
	tok := b.link("ada", allPermissions(), nil)
	if won := atOnce(16, func() int { return b.refresh(tok.Refresh).status }); won != 1 {
		t.Errorf("a rotating refresh token was used %d times", won)
	}
	form := url.Values{
		"grant_type": {"client_credentials"}, "scope": {"accounts"}, "client_assertion": {b.assertion(nil)},
		"client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"},
	}
	if won := atOnce(16, func() int { return b.postAs(form).status }); won != 1 {
		t.Errorf("an assertion was accepted %d times", won)
	}
	live := b.link("grace", allPermissions(), nil)
	if won := atOnce(16, func() int { return b.get(live.Access, "/transactions").status }); won != 16 {
		t.Errorf("%d of 16 readers were served", won)
	}
}
