package openbanking_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"sotto/banking"
	"sotto/banking/mockbank"
	"sotto/banking/openbanking"
)

// TestWhatABankSaysOfAConsent: only what is over means that the customer must link again.
func TestWhatABankSaysOfAConsent(t *testing.T) {
	says := func(status, expires string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			write(w, fmt.Sprintf(`{"Data":{"ConsentId":"c1","Status":%q,"ExpirationDateTime":%q},"Risk":{},"Links":{"Self":"x"},"Meta":{}}`, status, expires))
		}
	}
	at := func(d time.Duration) string { return start().Add(d).Format(time.RFC3339) }
	for name, tc := range map[string]struct {
		handler http.HandlerFunc
		want    error
	}{
		"it stands":                                    {says("Authorised", at(time.Hour)), nil},
		"it stands, in the words of version 4":         {says("AUTH", at(time.Hour)), nil},
		"it stands without an end":                     {says("Authorised", ""), nil},
		"it stands until a time that nobody can read":  {says("Authorised", "for ever"), nil},
		"it has run out this instant":                  {says("Authorised", at(0)), banking.ErrRelink},
		"it has run out, in the words of version 4":    {says("EXPD", ""), banking.ErrRelink},
		"it was rejected":                              {says("Rejected", ""), banking.ErrRelink},
		"it was rejected, in the words of version 4":   {says("RJCT", ""), banking.ErrRelink},
		"it was revoked":                               {says("Revoked", ""), banking.ErrRelink},
		"it was cancelled":                             {says("CANC", ""), banking.ErrRelink},
		"it waits for its customer again":              {says("AwaitingAuthorisation", ""), banking.ErrRelink},
		"it waits again, in the words of version 4":    {says("AWAU", ""), banking.ErrRelink},
		"it is not known there any more":               {status(400), banking.ErrRelink},
		"it is gone":                                   {status(404), banking.ErrRelink},
		"it is in a state that nobody knows":           {says("Lunar", ""), banking.ErrGarbled},
		"the bank says nothing":                        {answer("{}"), banking.ErrGarbled},
		"the bank shows a page":                        {htmlPage, banking.ErrGarbled},
		"the bank is down":                             {status(503), banking.ErrUnavailable},
		"the bank is busy":                             {status(429), banking.ErrBusy},
		"the bank does not let us in":                  {status(401), banking.ErrUnavailable},
		"the bank forbids us to ask":                   {status(403), banking.ErrForbidden},
		"the bank hangs up in the middle of its words": {dropped, banking.ErrUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			bank := stub(t, func(w http.ResponseWriter, r *http.Request) {
				switch {
				case r.URL.Path == "/token":
					write(w, `{"access_token":"ours","token_type":"Bearer","expires_in":300}`)
				case r.Method == http.MethodGet && r.URL.Path == "/bank/aisp/account-access-consents/c1" && r.Header.Get("Authorization") == "Bearer ours":
					tc.handler(w, r)
				default:
					t.Errorf("%s %s", r.Method, r.URL.Path)
				}
			})
			if err := bank.Standing(t.Context(), "c1"); !errors.Is(err, tc.want) || tc.want == nil && err != nil {
				t.Errorf("got %v, want %v", err, tc.want)
			}
		})
	}
}

// Whatever a bank calls its refusal of our own credentials, no customer can mend it by linking again.
func TestARefusalOfOurOwnCredentialsEndsNobodysConnection(t *testing.T) {
	bank := stub(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusBadRequest)
		_, _ = fmt.Fprint(w, `{"error":"invalid_grant"}`)
	})
	if err := bank.Standing(t.Context(), "c1"); !errors.Is(err, banking.ErrUnavailable) || errors.Is(err, banking.ErrRelink) {
		t.Errorf("got %v, want ErrUnavailable", err)
	}
}

// Only an invalid_grant says anything about the customer: whatever else a token endpoint has against us, linking again would not mend it.
func TestARefreshThatIsRefusedForAnotherReasonEndsNothing(t *testing.T) {
	for code, relink := range map[string]bool{"invalid_grant": true, "invalid_request": false, "invalid_client": false, "unauthorized_client": false, "": false} {
		bank := stub(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(http.StatusBadRequest)
			_, _ = fmt.Fprintf(w, `{"error":%q}`, code)
		})
		want := banking.ErrUnavailable
		if relink {
			want = banking.ErrRelink
		}
		if _, err := bank.Refresh(t.Context(), "refresh"); !errors.Is(err, want) || errors.Is(err, banking.ErrRelink) != relink {
			t.Errorf("%q: got %v, want %v", code, err, want)
		}
	}
}

// A resource server that refuses every token, while the customer's consent stands, is out of order, and says nothing about him.
func TestABankThatRefusesGoodTokensLosesNobodysConnection(t *testing.T) {
	h := openHouse(t, nil)
	h.connect("ada")
	if err := h.mock.SetFault(mockbank.Fault{On: "resource", Status: http.StatusUnauthorized}); err != nil {
		t.Fatal(err)
	}
	h.faulty.Store(true)
	for range 2 {
		if _, _, err := h.teller.Balances(t.Context(), h.access(banking.ReadBalances)); !errors.Is(err, banking.ErrUnavailable) || errors.Is(err, banking.ErrRelink) {
			t.Errorf("got %v, want ErrUnavailable", err)
		}
	}
	if err := h.mock.SetFault(mockbank.Fault{}); err != nil {
		t.Fatal(err)
	}
	h.ask("when it is in order again", 1)
}

// The mock bank's own consents, from the first day to the last.
func TestAConsentOfTheMockBankStandsUntilItIsEnded(t *testing.T) {
	a := openAlbion(t, nil)
	bank := a.bank(a.config(openbanking.Basic, openbanking.Plain))
	auth, err := bank.Authorize(t.Context(), all(), "a state")
	if err != nil {
		t.Fatal(err)
	}
	if err := bank.Standing(t.Context(), auth.ConsentID); !errors.Is(err, banking.ErrRelink) {
		t.Errorf("before its customer agreed: %v", err)
	}
	a.visit(auth.URL, "ada", "approve")
	if err := bank.Standing(t.Context(), auth.ConsentID); err != nil {
		t.Errorf("it stands: %v", err)
	}
	if err := bank.EndConsent(t.Context(), auth.ConsentID); err != nil {
		t.Fatal(err)
	}
	err = bank.Standing(t.Context(), auth.ConsentID)
	if !errors.Is(err, banking.ErrRelink) {
		t.Errorf("when it has ended: %v", err)
	}
	if strings.Contains(err.Error(), auth.ConsentID) {
		t.Error("the error names the consent")
	}
}
