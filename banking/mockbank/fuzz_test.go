package mockbank_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
)

// check asks the judge, where there is one.
func (b *bank) check(r *http.Request, rec *httptest.ResponseRecorder) error {
	if b.judge == nil {
		return nil
	}
	return b.judge.Check(r, rec.Code, rec.Header(), rec.Body.Bytes())
}

// FuzzTransactionsQuery holds that any query is answered with a page or a
// refusal, both as the document wants them.
func FuzzTransactionsQuery(f *testing.F) {
	b := openBank(f, nil)
	tok := b.link("ada", allPermissions(), nil).Access
	next := decode[page](f, b.get(tok, "/transactions").body).Links.Next
	_, query, _ := strings.Cut(next, "?")
	for _, seed := range []string{
		"", query, query[:40], "fromBookingDateTime=2026-01-01", "toBookingDateTime=2026-01-01T00:00:00+01:00",
		"fromBookingDateTime=9999-12-31T23:59:59&toBookingDateTime=0000-01-01", "pos=%00", "a=1;b=2", "fromBookingDateTime=2026-13-01",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, query string) {
		r := httptest.NewRequest(http.MethodGet, resource+"/transactions", nil)
		r.URL.RawQuery = query
		r.RequestURI = ""
		r.Header.Set("Authorization", "Bearer "+tok)
		rec := httptest.NewRecorder()
		b.srv.ServeHTTP(rec, r)
		if rec.Code != http.StatusOK && rec.Code != http.StatusBadRequest {
			t.Errorf("got %d", rec.Code)
		}
		if err := b.check(r, rec); err != nil {
			t.Errorf("%d: %v", rec.Code, err)
		}
	})
}

// FuzzConsentBody holds that any body makes a consent or is refused, and that
// what is made is what was asked for.
func FuzzConsentBody(f *testing.F) {
	b := openBank(f, nil)
	own := b.own()
	for _, seed := range []string{
		consentBody(f, allPermissions(), nil), consentBody(f, allPermissions(), map[string]string{"ExpirationDateTime": "2027-01-01T00:00:00Z"}),
		`{}`, `{"Data":null,"Risk":null}`, `{"Data":{"Permissions":[]},"Risk":{}}`, `[[[[`, "\xff", `{"Data":{"Permissions":["ReadAccountsBasic"],"TransactionToDateTime":"2027-01-01T00:00:00.123456789+23:59"},"Risk":{}}`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, body string) {
		r := httptest.NewRequest(http.MethodPost, resource+"/account-access-consents", strings.NewReader(body))
		r.Header.Set("Authorization", "Bearer "+own)
		r.Header.Set("Content-Type", "application/json")
		rec := httptest.NewRecorder()
		b.srv.ServeHTTP(rec, r)
		if rec.Code != http.StatusCreated && rec.Code != http.StatusBadRequest {
			t.Errorf("got %d", rec.Code)
		}
		if err := b.check(r, rec); err != nil {
			t.Errorf("%d: %v", rec.Code, err)
		}
		var got consentAnswer
		if rec.Code == http.StatusCreated && (json.Unmarshal(rec.Body.Bytes(), &got) != nil || len(got.Data.Permissions) == 0) {
			t.Errorf("made %s", rec.Body)
		}
	})
}

// FuzzAuthorize holds that whatever stands in an authorization request, nobody
// is sent anywhere but to a registered address.
func FuzzAuthorize(f *testing.F) {
	b := openBank(f, nil)
	good := plain(b.consent(allPermissions(), nil)).Encode()
	for _, seed := range []string{good, good + "&request=e30.e30.", "client_id=basic&redirect_uri=" + url.QueryEscape(callback), "client_id=jwt&request=a.b.c", "%"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, query string) {
		b.clock.Pass(11 * time.Minute) // the sign-ins of before have ended
		r := httptest.NewRequest(http.MethodGet, "/albion/authorize", nil)
		r.URL.RawQuery = query
		rec := httptest.NewRecorder()
		b.srv.ServeHTTP(rec, r)
		to := rec.Header().Get("Location")
		if to != "" && !strings.HasPrefix(to, "/albion/sign-in/") && !strings.HasPrefix(to, callback+"?") && !strings.HasPrefix(to, callback+"#") {
			t.Errorf("sent to %q", to)
		}
		if rec.Code >= http.StatusInternalServerError {
			t.Errorf("got %d", rec.Code)
		}
	})
}
