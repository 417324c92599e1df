package openbanking_test

import (
	stdjson "encoding/json"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"runtime/debug"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"sotto/banking"
	"sotto/banking/openbanking"
)

const (
	streamRows = 100_000
	streamPage = 1000
)

// longRow is a row of some 880 bytes, as banks send them.
func longRow(i int) string {
	return fmt.Sprintf(`{"AccountId":"22289","TransactionId":"tx-%024d","TransactionReference":"Ref %d","StatementReference":["002"],"CreditDebitIndicator":"Debit","Status":"Booked","TransactionMutability":"Immutable","BookingDateTime":"2026-07-%02dT10:43:07+00:00","ValueDateTime":"2026-07-%02dT10:45:22+00:00","TransactionInformation":"Card purchase at a shop in the High Street, number %d","Amount":{"Amount":"%d.%02d","Currency":"GBP"},"BankTransactionCode":{"Code":"CustomerCardTransaction","SubCode":"PointOfSalePaymentDebitCard"},"ProprietaryBankTransactionCode":{"Code":"DEB","Issuer":"AlphaBank"},"MerchantDetails":{"MerchantName":"Corner Shop Limited","MerchantCategoryCode":"5411"},"Balance":{"Amount":{"Amount":"230.00","Currency":"GBP"},"CreditDebitIndicator":"Credit","Type":"InterimBooked"},"CardInstrument":{"CardSchemeName":"VISA","Identification":"************1234"}}`,
		i, i, i%28+1, i%28+1, i, i%90+1, i%100)
}

// streamed is a bank that writes each row as it is read, so that nothing of it is in memory.
func streamed(t testing.TB, n int) *openbanking.Bank {
	t.Helper()
	var page string
	{
		var list []string
		for i := range streamPage {
			list = append(list, strings.Replace(longRow(i), "tx-0000", "tx-PPPP", 1))
		}
		page = strings.Join(list, ",")
	}
	bank, err := openbanking.New(openbanking.Config{
		ID: "stub", Name: "Stub", Dialect: openbanking.UK31, Issuer: "https://b.example", ResourceURL: "https://b.example/aisp", AuthorizationURL: "https://b.example/a",
		TokenURL: "https://b.example/t", JWKSURL: "https://b.example/j", ClientID: "sotto", Auth: openbanking.Basic, ClientSecret: "x", Zone: "Europe/London",
	}, openbanking.Options{Redirect: callback, Now: start, Transport: round(func(r *http.Request) (*http.Response, error) {
		at := 0
		_, _ = fmt.Sscanf(r.URL.Query().Get("page"), "%d", &at)
		tail := `]},"Links":{"Self":"https://b.example/aisp/transactions"}}`
		if (at+1)*streamPage < n {
			tail = fmt.Sprintf(`]},"Links":{"Self":"https://b.example/aisp/transactions","Next":"https://b.example/aisp/transactions?page=%d"}}`, at+1)
		}
		body := io.MultiReader(strings.NewReader(`{"Data":{"Transaction":[`), &stamped{rest: page, with: fmt.Sprintf("%04d", at)}, strings.NewReader(tail))
		return &http.Response{StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(body), Request: r}, nil
	})})
	if err != nil {
		t.Fatal(err)
	}
	return bank
}

// stamped gives the page with its number in every id.
type stamped struct{ rest, with string }

func (s *stamped) Read(p []byte) (int, error) {
	if s.rest == "" {
		return 0, io.EOF
	}
	mark := strings.Index(s.rest, "PPPP")
	switch {
	case mark == 0:
		n := copy(p, s.with)
		s.rest = s.rest[4:]
		return n, nil
	case mark < 0:
		mark = len(s.rest)
	}
	n := copy(p, s.rest[:mark])
	s.rest = s.rest[n:]
	return n, nil
}

func TestAHundredThousandRowsStream(t *testing.T) {
	heap := func() uint64 {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	bank := streamed(t, streamRows)
	// What is needed is measured, not what the collector leaves lying about because other tests hold so much.
	defer debug.SetGCPercent(debug.SetGCPercent(20))
	runtime.GC()
	before := heap()
	var peak atomic.Uint64
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		tick := time.NewTicker(time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-stop:
				return
			case <-tick.C:
				peak.Store(max(peak.Load(), heap()))
			}
		}
	}()
	var sum int64
	extent, err := bank.Transactions(t.Context(), bearer("token"), directory(nil), july(), func(tx banking.Transaction) error {
		sum += tx.Money.Minor
		return nil
	})
	close(stop)
	<-stopped
	if err != nil || extent.Rows != streamRows || extent.Cut || sum == 0 {
		t.Fatalf("%v, %+v", err, extent)
	}
	const pages = 3 * streamPage * 900
	grown := int64(peak.Load()) - int64(before)
	t.Logf("peak heap grew by %.1f MB (three pages are %.1f MB)", float64(grown)/1e6, float64(pages)/1e6)
	if grown > pages+8e6 {
		t.Errorf("peak heap grew by %.1f MB, want at most three pages and 8 MB", float64(grown)/1e6)
	}
}

func BenchmarkDecode(b *testing.B) {
	const n = 10_000
	b.Run("sotto", func(b *testing.B) {
		bank := streamed(b, n)
		for b.Loop() {
			extent, err := bank.Transactions(b.Context(), bearer("token"), directory(nil), july(), func(banking.Transaction) error { return nil })
			if err != nil || extent.Rows != n {
				b.Fatal(err, extent)
			}
		}
		b.ReportMetric(float64(n*b.N)/b.Elapsed().Seconds(), "rows/s")
	})
	b.Run("encoding/json", func(b *testing.B) {
		var list []string
		for i := range streamPage {
			list = append(list, longRow(i))
		}
		page := rows(list...)
		type party struct{ SchemeName, Identification string }
		type figure struct{ Amount, Currency string }
		type answer struct {
			Data struct {
				Transaction []struct {
					AccountID, TransactionID       string
					CreditDebitIndicator, Status   string
					BookingDateTime, ValueDateTime string
					TransactionInformation         string
					Amount                         figure
					BankTransactionCode            struct{ Code, SubCode string }
					ProprietaryBankTransactionCode struct{ Code string }
					MerchantDetails                struct{ MerchantName, MerchantCategoryCode string }
					Balance                        struct{ Amount figure }
					CreditorAccount, DebtorAccount party
				}
			}
		}
		for b.Loop() {
			for range n / streamPage {
				var a answer
				if err := stdjson.NewDecoder(strings.NewReader(page)).Decode(&a); err != nil || len(a.Data.Transaction) != streamPage {
					b.Fatal(err)
				}
			}
		}
		b.ReportMetric(float64(n*b.N)/b.Elapsed().Seconds(), "rows/s")
	})
}
