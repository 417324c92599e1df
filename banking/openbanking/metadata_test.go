package openbanking_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"sotto/banking"
	"sotto/banking/openbanking"
)

// A bank without an answer for its metadata is not asked again by each customer, and keeps nobody longer than he would wait himself.
func TestMetadataThatCannotBeHadHoldsNobodyUp(t *testing.T) {
	f := openForger(t)
	var asked atomic.Int64
	var down atomic.Bool
	arrived, hold := make(chan struct{}, 10), make(chan struct{})
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		arrived <- struct{}{}
		if down.Load() {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		select {
		case <-hold:
		case <-r.Context().Done():
		}
		write(w, `{"issuer":"http://`+r.Host+`","authorization_response_iss_parameter_supported":true}`)
	}))
	t.Cleanup(front.Close)
	a := openAlbion(t, nil)
	c := a.config(openbanking.PrivateKey, openbanking.Plain)
	c.Issuer, c.ResourceURL, c.AuthorizationURL, c.TokenURL, c.JWKSURL, c.ClientID, c.CAFile = front.URL, f.url+"/bank/aisp", f.url+"/authorize", f.url+"/token", f.url+"/jwks", "sotto", ""
	bank, err := openbanking.New(c, openbanking.Options{Redirect: callback, Now: a.clock.Now})
	if err != nil {
		t.Fatal(err)
	}
	// comeBack is a customer whose bank names nobody: refused only where it is known that it should.
	comeBack := func(ctx context.Context) error {
		_, _, err := bank.Exchange(ctx, banking.Authorization{State: "state"}, banking.Return{Code: "code", State: "state"})
		return err
	}
	first := make(chan error)
	go func() { first <- comeBack(t.Context()) }()
	<-arrived
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if err := comeBack(gone); err == nil { // and returns at all
		t.Error("who had gone was served")
	}
	close(hold)
	if err := <-first; err == nil || !strings.Contains(err.Error(), "no issuer") {
		t.Errorf("the promise was not read: %v", err)
	}
	down.Store(true)
	a.clock.Pass(61 * time.Minute)
	for range 3 {
		if err := comeBack(t.Context()); err == nil || !strings.Contains(err.Error(), "no issuer") {
			t.Errorf("what was known is forgotten: %v", err)
		}
	}
	if n := asked.Load(); n != 2 {
		t.Errorf("the metadata was asked for %d times, want twice: once an hour, and once when it could not be had", n)
	}
	a.clock.Pass(11 * time.Second)
	if _ = comeBack(t.Context()); asked.Load() != 3 {
		t.Errorf("asked %d times: after a while it is asked for again", asked.Load())
	}
}
