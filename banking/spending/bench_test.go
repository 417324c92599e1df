package spending_test

import (
	"fmt"
	"runtime"
	"testing"
	"time"

	"sotto/banking"
	"sotto/banking/spending"
)

// statement makes n entries as they come from a bank, spread over the days of November, every tenth of them an end of a transfer. Every
// string is its own, as after decoding.
func statement(n int) []banking.Transaction {
	shops := []struct{ name, mcc string }{{"TESCO STORES 3297", "5411"}, {"SQ *BLUE BOTTLE", "5814"}, {"TFL TRAVEL CH", "4111"}, {"CORNER PHARMACY", ""}, {"MISC", ""}}
	entries := make([]banking.Transaction, n)
	for i := range entries {
		e := banking.Transaction{
			Account: own[i%3].Ref, ID: fmt.Sprintf("c0ffee-%012d", i), Status: banking.Booked, Day: date("2026-11-01").AddDays(i % 23),
			Money: banking.Money{Minor: -int64(100 + i%9000), Currency: "GBP"}, Sort: banking.Purchase,
		}
		shop := shops[i%len(shops)]
		e.Merchant, e.MCC = fmt.Sprint(shop.name, ""), shop.mcc
		if i%10 == 0 {
			e.Sort, e.MCC, e.Merchant, e.Counter = banking.Transfer, "", "", fmt.Sprint("111111", 10000000+i)
			if i%20 == 0 {
				e.Money.Minor = -e.Money.Minor
			}
		}
		entries[i] = e
	}
	return entries
}

// BenchmarkCounter counts 100,000 entries; "naive" is what it is measured against: all entries kept, sums by strings.
func BenchmarkCounter(b *testing.B) {
	const rows = 100_000
	entries := statement(rows)
	for name, question := range map[string]func(*spending.Question){
		"all": func(*spending.Question) {}, "category": func(q *spending.Question) { q.Category = spending.Groceries }, "merchant": func(q *spending.Question) { q.Merchant = "tesco" },
	} {
		b.Run(name, func(b *testing.B) {
			q := november
			question(&q)
			b.ReportAllocs()
			for b.Loop() {
				c := spending.NewCounter(q, own)
				for i := range entries {
					if err := c.Add(entries[i]); err != nil {
						b.Fatal(err)
					}
				}
				if len(c.Summary().Totals) == 0 {
					b.Fatal("nothing was counted")
				}
			}
			perRow(b, rows)
		})
	}
	b.Run("naive", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			seen, sums := map[string]bool{}, map[string]int64{}
			var kept []banking.Transaction
			for _, e := range entries {
				if key := e.Account.ID + "/" + e.ID; !seen[key] {
					seen[key] = true
					kept = append(kept, e)
				}
			}
			for _, e := range kept {
				if day := e.Day.In(london); e.Money.Minor < 0 && e.Sort != banking.Transfer {
					sums[string(spending.Categorise(e))+day.Format("2006-01")] -= e.Money.Minor
				}
			}
			if len(sums) == 0 {
				b.Fatal("nothing was counted")
			}
		}
		perRow(b, rows)
	})
}

func perRow(b *testing.B, rows int) {
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(rows), "ns/row")
}

func TestAHundredThousandEntriesCostAFewMegabytes(t *testing.T) {
	for name, change := range map[string]func(*banking.Transaction){
		"an ordinary statement":                        func(*banking.Transaction) {},
		"a statement of nothing but transfers":         func(e *banking.Transaction) { e.Sort, e.MCC, e.Counter = banking.Transfer, "", "" },
		"a statement of nothing but pending purchases": func(e *banking.Transaction) { e.Status = banking.Pending },
		"a statement on which no merchant comes twice": func(e *banking.Transaction) { e.Merchant, e.MCC = e.ID, "" },
	} {
		t.Run(name, func(t *testing.T) {
			c := spending.NewCounter(november, own)
			before := live()
			for i := range 1000 {
				for _, e := range statement(100) {
					e.ID = fmt.Sprint(i, e.ID)
					change(&e)
					if err := c.Add(e); err != nil {
						t.Fatal(err)
					}
				}
			}
			after := live()
			if len(c.Summary().Totals) == 0 {
				t.Fatal("nothing was counted")
			}
			grown := int64(after) - int64(before)
			t.Logf("%d bytes for 100,000 entries", grown)
			if grown > 5<<20 {
				t.Errorf("100,000 entries cost %d bytes, want at most 5 MB", grown)
			}
		})
	}
}

// live gives the bytes in use after a collection.
func live() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

var london = func() *time.Location {
	z, err := time.LoadLocation("Europe/London")
	if err != nil {
		panic(err)
	}
	return z
}()
