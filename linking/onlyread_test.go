package linking_test

import (
	"context"
	"testing"

	"sotto/linking"
)

// oneRead is a store in which nothing can be done but to look up a token; everything else ends the test.
type oneRead struct {
	linking.Store // none
	in            linking.Store
	reads         int
}

func (o *oneRead) ByGrant(ctx context.Context, grant string, token []byte) (linking.Granted, bool, error) {
	o.reads++
	return o.in.ByGrant(ctx, grant, token)
}

func (o *oneRead) ByAccess(ctx context.Context, token []byte) (linking.Granted, linking.AccessToken, error) {
	o.reads++
	return o.in.ByAccess(ctx, token)
}

// noBank is a bank's side that ends the test when it is called.
type noBank struct{ linking.Connections }

func TestCheckingAnAccessTokenIsOneReadAndNoCallToABank(t *testing.T) {
	h := open(t)
	for client, platform := range map[string]linking.Platform{"alexa": linking.Alexa, "google": linking.Google} { // a JWT, and an opaque token
		token := h.linked(client).AccessToken
		only := &oneRead{in: h.store.Store}
		a, err := linking.New(linking.Options{Issuer: issuer, Clients: clients(), Keys: h.keys, Store: only, Connections: noBank{}, Now: h.Now})
		if err != nil {
			t.Fatal(err)
		}
		for i := 1; i <= 3; i++ { // the first time, the signature is checked too
			if _, err := a.Resolve(t.Context(), platform, token); err != nil {
				t.Fatalf("%s: %v", client, err)
			}
			if only.reads != i {
				t.Errorf("%s: after %d checks there were %d reads", client, i, only.reads)
			}
		}
	}
}
