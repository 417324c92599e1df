package mockbank_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"

	"sotto/banking/mockbank"
)

// raw asks without the judge, because what a broken bank says is in no document.
func (b *bank) raw(ctx context.Context, token, path string) (answer, error) {
	b.t.Helper()
	req := b.request(http.MethodGet, resource+path, "").WithContext(ctx)
	req.Header.Set("Authorization", "Bearer "+token)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return answer{}, err
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	return answer{resp.StatusCode, resp.Header, body}, err
}

func (b *bank) faults(body string) {
	b.t.Helper()
	if a := b.do(b.request(http.MethodPost, "/albion/mock/faults", body)); a.status != http.StatusNoContent {
		b.t.Fatalf("faults %s: %d %s", body, a.status, a.body)
	}
}

func TestFaults(t *testing.T) {
	b := openBank(t, nil)
	tok := b.link("ada", allPermissions(), nil)
	credentials := url.Values{"grant_type": {"client_credentials"}, "scope": {"accounts"}}
	ctx := t.Context()
	t.Run("a status lies on the resources alone", func(t *testing.T) {
		b.faults(`{"on":"resource","status":503}`)
		a, err := b.raw(ctx, tok.Access, "/accounts")
		if err != nil || a.status != 503 || a.header.Get("Retry-After") != "1" || len(a.body) > 0 {
			t.Errorf("got %v %v", a, err)
		}
		if a := b.post("/token", credentials); a.status != http.StatusOK {
			t.Errorf("the token endpoint: %d", a.status)
		}
	})
	t.Run("a limit has a Retry-After, and the judge agrees", func(t *testing.T) {
		b.faults(`{"on":"resource","status":429,"retry_after":7}`)
		for _, path := range []string{"/accounts", "/balances", "/transactions", "/account-access-consents/1"} {
			if a := b.get(tok.Access, path); a.status != 429 || a.header.Get("Retry-After") != "7" || len(a.body) > 0 {
				t.Errorf("%s: got %v", path, a)
			}
		}
	})
	t.Run("a status lies on the tokens alone", func(t *testing.T) {
		b.faults(`{}`)
		b.faults(`{"on":"token","status":500}`)
		if a := b.post("/token", credentials); a.status != 500 {
			t.Errorf("the token endpoint: %d", a.status)
		}
		if a := b.get(tok.Access, "/accounts"); a.status != http.StatusOK {
			t.Errorf("the resources: %d", a.status)
		}
	})
	t.Run("all is both", func(t *testing.T) {
		b.faults(`{"on":"all","status":503}`)
		if a := b.post("/token", credentials); a.status != 503 {
			t.Errorf("the token endpoint: %d", a.status)
		}
		if a, _ := b.raw(ctx, tok.Access, "/accounts"); a.status != 503 {
			t.Errorf("the resources: %d", a.status)
		}
	})
	t.Run("half of them are hit by half", func(t *testing.T) {
		b.faults(`{"on":"resource","status":503,"ratio":0.5}`)
		hit := 0
		for range 100 {
			if a, _ := b.raw(ctx, tok.Access, "/accounts"); a.status == 503 {
				hit++
			}
		}
		if hit < 25 || hit > 75 {
			t.Errorf("%d of 100", hit)
		}
	})
	t.Run("a dropped connection leaves half a page", func(t *testing.T) {
		b.faults(`{"on":"resource","drop":true}`)
		a, err := b.raw(ctx, tok.Access, "/transactions")
		if !errors.Is(err, io.ErrUnexpectedEOF) || len(a.body) == 0 || a.status != http.StatusOK {
			t.Errorf("got %d bytes of %s, %v", len(a.body), a.header.Get("Content-Length"), err)
		}
	})
	t.Run("garbage is garbage", func(t *testing.T) {
		b.faults(`{"on":"resource","garbage":true}`)
		a, err := b.raw(ctx, tok.Access, "/accounts")
		if err != nil || a.status != http.StatusOK || json.Unmarshal(a.body, new(any)) == nil {
			t.Errorf("got %v %v", a, err)
		}
	})
	t.Run("latency is waited", func(t *testing.T) {
		b.faults(`{"on":"resource","latency":"50ms"}`)
		began := time.Now()
		if a := b.get(tok.Access, "/accounts"); a.status != http.StatusOK || time.Since(began) < 50*time.Millisecond {
			t.Errorf("got %d after %v", a.status, time.Since(began))
		}
	})
	t.Run("latency ends with the client's patience", func(t *testing.T) {
		b.faults(`{"on":"resource","latency":"5m"}`)
		ctx, cancel := context.WithTimeout(ctx, 50*time.Millisecond)
		defer cancel()
		done := make(chan struct{})
		go func() {
			defer close(done)
			b.srv.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, resource+"/accounts", nil).WithContext(ctx))
		}()
		select {
		case <-done:
		case <-time.After(10 * time.Second):
			t.Error("still waiting for a client that has gone")
		}
	})
	t.Run("an empty object clears all", func(t *testing.T) {
		b.faults(`{}`)
		if a := b.get(tok.Access, "/accounts"); a.status != http.StatusOK {
			t.Errorf("got %d", a.status)
		}
	})
	for name, body := range map[string]string{
		"nonsense":                   `nonsense`,
		"a member nobody knows":      `{"on":"all","explode":true}`,
		"a place nobody knows":       `{"on":"everything","status":503}`,
		"a time that is none":        `{"latency":"soon"}`,
		"a time that never ends":     `{"latency":"1000h"}`,
		"a status that is none":      `{"status":42}`,
		"a ratio above one":          `{"status":503,"ratio":2}`,
		"a status that stands twice": `{"status":503,"status":500}`,
	} {
		t.Run(name+" is refused", func(t *testing.T) {
			if a := b.do(b.request(http.MethodPost, "/albion/mock/faults", body)); a.status != http.StatusBadRequest {
				t.Errorf("got %d", a.status)
			}
		})
	}
}

func TestTheMockRoutesAnswerOnLoopbackAlone(t *testing.T) {
	b := openBank(t, nil)
	for name, c := range map[string]struct {
		change func(*http.Request)
		want   int
	}{
		"this machine":                             {func(*http.Request) {}, 204},
		"this machine by IPv6":                     {func(r *http.Request) { r.RemoteAddr, r.Host = "[::1]:1", "localhost:8081" }, 204},
		"another machine":                          {func(r *http.Request) { r.RemoteAddr = "192.0.2.1:1" }, 403},
		"a page that was led here by its own name": {func(r *http.Request) { r.Host = "mallory.example:8081" }, 403},
		"somebody behind a proxy":                  {func(r *http.Request) { r.Header.Set("X-Forwarded-For", "192.0.2.1") }, 403},
		"a form on a page elsewhere":               {func(r *http.Request) { r.Header.Set("Content-Type", "text/plain") }, 415},
	} {
		t.Run(name, func(t *testing.T) {
			for path, body := range map[string]string{"faults": "{}", "revoke": `{"username":"ada"}`} {
				r := httptest.NewRequest(http.MethodPost, "/albion/mock/"+path, strings.NewReader(body))
				r.RemoteAddr, r.Host = "127.0.0.1:1", "127.0.0.1:8081"
				c.change(r)
				rec := httptest.NewRecorder()
				b.srv.ServeHTTP(rec, r)
				if rec.Code != c.want {
					t.Errorf("%s: got %d, want %d", path, rec.Code, c.want)
				}
			}
		})
	}
}

func TestRequestsAreCounted(t *testing.T) {
	b := openBank(t, nil)
	tok := b.link("ada", allPermissions(), nil).Access
	b.srv.ResetRequests()
	id := b.accountIDs("ada")[0]
	for _, path := range []string{"/accounts", "/accounts/" + id, "/balances", "/accounts/" + id + "/balances", "/transactions", "/accounts/" + id + "/transactions", "/transactions", "/party"} {
		b.get(tok, path)
	}
	want := map[string]int{"accounts": 1, "account": 1, "balances": 1, "account-balances": 1, "transactions": 2, "account-transactions": 1, "other": 1}
	got := b.srv.Requests()
	for kind, n := range want {
		if got[kind] != n {
			t.Errorf("%s: %d, want %d", kind, got[kind], n)
		}
	}
	if len(got) != len(want) {
		t.Errorf("got %v", got)
	}
	b.get(b.own(), "/accounts")
	if n := b.srv.Requests()["token"]; n != 1 {
		t.Errorf("token: %d", n)
	}
}

func TestALongHistoryIsCheapAndRight(t *testing.T) {
	const n = 100_000
	b := openBank(t, func(o *mockbank.Options) {
		o.LongHistory, o.PageSize = n, 1000
		o.Customers["hopper"] = mockbank.Credential{Password: password, TOTPSecret: totpKey}
		o.AccessTTL = time.Hour
	})
	b.http.Transport = http.DefaultTransport // a hundred pages take the judge a minute
	tok := b.link("hopper", allPermissions(), nil).Access
	seen := make(map[string]bool, n)
	var sum int64
	path := "/transactions"
	for path != "" {
		p := decode[page](t, b.get(tok, path).body)
		for _, r := range p.Data.Transaction {
			if !seen[r.TransactionID] {
				seen[r.TransactionID] = true
				sum += minor(t, r.Amount, r.CreditDebitIndicator)
			}
		}
		path = p.Links.Next
	}
	var want int64
	for _, e := range b.srv.Entries("hopper", time.Time{}, time.Time{}) {
		want += e.Minor
	}
	if len(seen) != n || sum != want {
		t.Errorf("%d rows of %d, %d of %d", len(seen), n, sum, want)
	}
	judged := openBank(t, func(o *mockbank.Options) {
		o.LongHistory = n
		o.Customers["hopper"] = mockbank.Credential{Password: password, TOTPSecret: totpKey}
	})
	tok = judged.link("hopper", allPermissions(), nil).Access
	first := decode[page](t, judged.get(tok, "/transactions?toBookingDateTime=2025-12-31").body)
	if len(first.Data.Transaction) != 100 {
		t.Errorf("a judged page has %d rows", len(first.Data.Transaction))
	}
	bal := judged.balances(tok, "/balances")[0]
	last := decode[page](t, judged.get(tok, "/transactions").body).Data.Transaction[0].Balance
	if bal.Amount != last.Amount {
		t.Errorf("the balance is %v, the last running one %v", bal.Amount, last.Amount)
	}
}

func BenchmarkAPageOfALongHistory(b *testing.B) {
	front := openBank(b, func(o *mockbank.Options) {
		o.LongHistory, o.PageSize, o.AccessTTL = 100_000, 1000, 24*time.Hour
		o.Customers["hopper"] = mockbank.Credential{Password: password, TOTPSecret: totpKey}
	})
	tok := front.link("hopper", allPermissions(), nil).Access
	b.ReportAllocs()
	for b.Loop() {
		r := httptest.NewRequest(http.MethodGet, resource+"/transactions", nil)
		r.Header.Set("Authorization", "Bearer "+tok)
		rec := httptest.NewRecorder()
		front.srv.ServeHTTP(rec, r)
		if rec.Code != http.StatusOK {
			b.Fatal(rec.Code)
		}
	}
}

func BenchmarkBalances(b *testing.B) {
	front := openBank(b, func(o *mockbank.Options) { o.AccessTTL = 24 * time.Hour })
	tok := front.link("grace", allPermissions(), nil).Access
	b.ReportAllocs()
	for b.Loop() {
		r := httptest.NewRequest(http.MethodGet, resource+"/balances", nil)
		r.Header.Set("Authorization", "Bearer "+tok)
		rec := httptest.NewRecorder()
		front.srv.ServeHTTP(rec, r)
		if rec.Code != http.StatusOK {
			b.Fatal(rec.Code)
		}
	}
}
