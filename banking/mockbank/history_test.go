package mockbank_test

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"sotto/banking/mockbank"
)

type money struct{ Amount, Currency string }

type transaction struct {
	AccountID                                              string `json:"AccountId"`
	TransactionID                                          string `json:"TransactionId"`
	CreditDebitIndicator, Status, TransactionMutability    string
	BookingDateTime, ValueDateTime, TransactionInformation string
	Amount                                                 money
	Balance                                                *struct {
		CreditDebitIndicator, Type string
		Amount                     money
	}
	MerchantDetails  *struct{ MerchantName, MerchantCategoryCode string }
	CurrencyExchange *struct {
		SourceCurrency, TargetCurrency string
		ExchangeRate                   float64
		InstructedAmount               *money
	}
	BankTransactionCode            *struct{ Code, SubCode string }
	ProprietaryBankTransactionCode *struct{ Code, Issuer string }
	CreditorAccount, DebtorAccount *struct{ SchemeName, Identification, Name string }
	CardInstrument                 *struct{ CardSchemeName, Identification string }
}

type page struct {
	Data  struct{ Transaction []transaction }
	Meta  struct{ FirstAvailableDateTime, LastAvailableDateTime string }
	Links struct{ Self, Next string }
}

// all follows Links.Next to the end and gives every page.
func (b *bank) all(token, path string) []page {
	b.t.Helper()
	var pages []page
	for path != "" {
		a := b.get(token, path)
		if a.status != http.StatusOK {
			b.t.Fatalf("%s: %d %s", path, a.status, a.body)
		}
		p := decode[page](b.t, a.body)
		pages = append(pages, p)
		path = p.Links.Next
		if len(pages) > 3000 {
			b.t.Fatal("the pages never end")
		}
	}
	return pages
}

// once drops rows that stand on two pages, by their id, and says how many.
func once(pages []page) (rows []transaction, twice int) {
	seen := make(map[string]bool)
	for _, p := range pages {
		for _, r := range p.Data.Transaction {
			if r.TransactionID != "" && seen[r.AccountID+r.TransactionID] {
				twice++
				continue
			}
			seen[r.AccountID+r.TransactionID] = true
			rows = append(rows, r)
		}
	}
	return rows, twice
}

// minor reads a wire amount in the currency's minor units, rounding half to even
// by hand: the truth must not be worked out by the code that is tested.
func minor(t testing.TB, r money, indicator string) int64 {
	t.Helper()
	digits := map[string]int{"GBP": 2, "EUR": 2, "JPY": 0, "KWD": 3}[r.Currency]
	whole, part, _ := strings.Cut(r.Amount, ".")
	part += "00000"
	var n, rest, unit int64
	if _, err := fmt.Sscan(whole+part[:digits], &n); err != nil {
		t.Fatal(err)
	}
	if _, err := fmt.Sscanf("1"+part[digits:5], "%d", &rest); err != nil {
		t.Fatal(err)
	}
	unit = 1
	for range 5 - digits {
		unit *= 10
	}
	rest -= unit
	if 2*rest > unit || (2*rest == unit && n%2 == 1) {
		n++
	}
	if indicator == "Debit" {
		return -n
	}
	return n
}

func TestThePagesHoldEveryEntryOnceAndSomeTwice(t *testing.T) {
	for _, size := range []int{2, 37, 1000} {
		t.Run(fmt.Sprintf("pages of %d", size), func(t *testing.T) {
			b := openBank(t, func(o *mockbank.Options) { o.PageSize = size; o.AccessTTL = time.Hour })
			for _, name := range mockbank.Usernames() {
				tok := b.link(name, allPermissions(), nil).Access
				truth := b.srv.Entries(name, time.Time{}, time.Time{})
				path := "/transactions"
				if size == 2 { // enough is enough
					path += "?fromBookingDateTime=2026-06-20T00:00:00"
					truth = slices.DeleteFunc(truth, func(e mockbank.Entry) bool {
						return e.When.Before(time.Date(2026, 6, 20, 0, 0, 0, 0, london()))
					})
				}
				pages := b.all(tok, path)
				rows, twice := once(pages)
				if len(rows) != len(truth) || (len(pages) > 1 && twice == 0) {
					t.Errorf("%s: %d rows on %d pages, %d of them twice; in truth %d", name, len(rows), len(pages), twice, len(truth))
				}
				want, got := sums(truth), map[string]int64{}
				for _, r := range rows {
					got[r.AccountID+" "+r.Status] += minor(t, r.Amount, r.CreditDebitIndicator)
				}
				for k, v := range want {
					if got[k] != v {
						t.Errorf("%s: %s is %d on the wire, %d in truth", name, k, got[k], v)
					}
				}
				for _, id := range b.accountIDs(name) {
					one, _ := once(b.all(tok, strings.Replace(path, "/transactions", "/accounts/"+id+"/transactions", 1)))
					for _, r := range one {
						if r.AccountID != id {
							t.Errorf("a row of %s in the list of %s", r.AccountID, id)
						}
						got[id+" "+r.Status] -= minor(t, r.Amount, r.CreditDebitIndicator)
					}
				}
				for k, v := range got {
					if v != 0 {
						t.Errorf("%s: bulk and single lists differ in %s by %d", name, k, v)
					}
				}
			}
		})
	}
}

func sums(entries []mockbank.Entry) map[string]int64 {
	out := make(map[string]int64)
	for _, e := range entries {
		out[e.Account+" "+e.Status] += e.Minor
	}
	return out
}

func TestBalancesFollowFromTheEntries(t *testing.T) {
	b := openBank(t, func(o *mockbank.Options) { o.PageSize = 1000 })
	b.clock.Set(time.Date(2026, time.July, 18, 22, 30, 0, 0, london())) // a Saturday night: things are pending
	pendingSeen := false
	for _, name := range mockbank.Usernames() {
		tok := b.link(name, allPermissions(), nil).Access
		running := make(map[string]int64)
		rows, _ := once(b.all(tok, "/transactions"))
		slices.Reverse(rows) // oldest first within each account
		for _, r := range rows {
			if r.Status != "Booked" {
				if r.Balance != nil {
					t.Errorf("%s: a %s row moves the balance", name, r.Status)
				}
				continue
			}
			now := minor(t, r.Balance.Amount, r.Balance.CreditDebitIndicator)
			if was, ok := running[r.AccountID]; ok && now-was != minor(t, r.Amount, r.CreditDebitIndicator) {
				t.Fatalf("%s: at %s the balance goes from %d to %d by %s %s", name, r.BookingDateTime, was, now, r.CreditDebitIndicator, r.Amount.Amount)
			}
			running[r.AccountID] = now
		}
		for _, bal := range b.balances(tok, "/balances") {
			p, ok := b.srv.Position(bal.AccountID)
			if !ok {
				t.Fatal("no position")
			}
			pendingSeen = pendingSeen || p.Pending != 0
			want := map[string]int64{"InterimBooked": p.Booked, "InterimAvailable": p.Own, "Expected": p.Own}
			got := minor(t, bal.Amount, bal.CreditDebitIndicator)
			for _, line := range bal.CreditLine {
				if line.Included {
					got -= minor(t, line.Amount, "Credit")
				}
			}
			if w, ok := want[bal.Type]; ok && got != w {
				t.Errorf("%s: %s is %d, want %d", name, bal.Type, got, w)
			}
			if last, ok := running[bal.AccountID]; ok && last != p.Booked {
				t.Errorf("%s: the last running balance is %d, the balance %d", name, last, p.Booked)
			}
		}
	}
	if !pendingSeen {
		t.Error("nothing was pending, so nothing was tried")
	}
}

type balance struct {
	AccountID                            string `json:"AccountId"`
	CreditDebitIndicator, Type, DateTime string
	Amount                               money
	CreditLine                           []struct {
		Included bool
		Type     string
		Amount   money
	}
}

func (b *bank) balances(token, path string) []balance {
	b.t.Helper()
	a := b.get(token, path)
	if a.status != http.StatusOK {
		b.t.Fatalf("%s: %d %s", path, a.status, a.body)
	}
	return decode[struct{ Data struct{ Balance []balance } }](b.t, a.body).Data.Balance
}

func TestWhatIsPastStaysAsItWas(t *testing.T) {
	b := openBank(t, nil)
	for _, name := range mockbank.Usernames() {
		b.clock.Set(start())
		past := func() map[string]mockbank.Entry {
			out := make(map[string]mockbank.Entry)
			for i, e := range b.srv.Entries(name, time.Date(2025, 1, 1, 0, 0, 0, 0, london()), time.Date(2026, 7, 10, 0, 0, 0, 0, london())) {
				if e.Status == "Pending" {
					continue
				}
				key := e.Account + e.ID
				if e.ID == "" {
					key = fmt.Sprint(e.Account, e.When, e.Minor, i)
				}
				out[key] = e
			}
			return out
		}
		before := past()
		b.clock.Set(time.Date(2026, 12, 24, 18, 0, 0, 0, london()))
		after := past()
		if len(before) != len(after) {
			t.Errorf("%s: %d entries, later %d", name, len(before), len(after))
		}
		for key, e := range before {
			if e.ID != "" && after[key] != e {
				t.Errorf("%s: %v became %v", name, e, after[key])
			}
		}
	}
	other := openBank(t, func(o *mockbank.Options) { o.Seed = 8 })
	if slices.Equal(other.accountIDs("ada"), b.accountIDs("ada")) {
		t.Error("another seed is the same bank")
	}
}

func TestPendingBecomesBookedUnderAnotherName(t *testing.T) {
	b := openBank(t, func(o *mockbank.Options) { o.AccessTTL = 24 * time.Hour })
	tok := b.link("grace", allPermissions(), nil)
	found := false
	for day := range 60 {
		b.clock.Set(time.Date(2026, time.July, 17, 23, 0, 0, 0, london()).AddDate(0, 0, day))
		tok := decode[tokens](t, b.refresh(tok.Refresh).body).Access
		now := b.clock.Now()
		var pump *transaction
		for _, r := range b.all(tok, "/transactions?fromBookingDateTime="+now.Format("2006-01-02T00:00:00"))[0].Data.Transaction {
			if r.Status == "Pending" && r.MerchantDetails.MerchantCategoryCode == "5542" {
				pump = &r
			}
		}
		if pump == nil {
			continue
		}
		found = true
		if pump.TransactionMutability != "Mutable" || pump.Amount.Amount != "100.00" || !strings.HasPrefix(pump.TransactionInformation, "PENDING") {
			t.Errorf("got %+v", pump)
		}
		booking, err := time.Parse(time.RFC3339, pump.BookingDateTime)
		if err != nil || !booking.After(now) {
			t.Errorf("a card's pending row tells when it expects to book: %v %v", pump.BookingDateTime, err)
		}
		b.clock.Set(time.Date(booking.Year(), booking.Month(), booking.Day(), 12, 0, 0, 0, london()))
		fresh := b.link("grace", allPermissions(), nil).Access
		var after []transaction
		rows, _ := once(b.all(fresh, "/transactions?fromBookingDateTime="+booking.Format("2006-01-02")))
		for _, r := range rows {
			if r.TransactionID == pump.TransactionID {
				t.Error("the pending row is still there")
			}
			if r.MerchantDetails != nil && r.MerchantDetails.MerchantCategoryCode == "5542" && r.Status == "Booked" {
				after = append(after, r)
			}
		}
		if len(after) == 0 || after[0].Amount.Amount == "100.00" || after[0].ValueDateTime == "" {
			t.Errorf("booked as %+v", after)
		}
		break
	}
	if !found {
		t.Error("nobody bought fuel in two months")
	}
}

func TestFilters(t *testing.T) {
	b := openBank(t, func(o *mockbank.Options) { o.PageSize = 1000 })
	tok := b.link("ada", allPermissions(), nil).Access
	day := func(y int, m time.Month, d, h, min int) time.Time { return time.Date(y, m, d, h, min, 0, 0, london()) }
	for name, c := range map[string]struct {
		from, to string
		lo, hi   time.Time // inclusive
	}{
		"a month in the bank's own time":            {"2026-06-01T00:00:00", "2026-06-30T23:59:59", day(2026, 6, 1, 0, 0), day(2026, 6, 30, 23, 59)},
		"an offset is ignored":                      {"2026-06-01T00:00:00-08:00", "2026-06-30T23:59:59+05:30", day(2026, 6, 1, 0, 0), day(2026, 6, 30, 23, 59)},
		"a Z is ignored":                            {"2026-06-01T00:00:00Z", "2026-06-30T23:59:59.999Z", day(2026, 6, 1, 0, 0), day(2026, 6, 30, 23, 59)},
		"a date is its midnight":                    {"2026-06-01", "2026-06-02", day(2026, 6, 1, 0, 0), day(2026, 6, 2, 0, 0)},
		"a winter month":                            {"2026-01-01T00:00:00", "2026-01-31T23:59:59", day(2026, 1, 1, 0, 0), day(2026, 1, 31, 23, 59)},
		"the day of 23 hours":                       {"2026-03-29T00:00:00", "2026-03-29T23:59:59", day(2026, 3, 29, 0, 0), day(2026, 3, 29, 23, 59)},
		"the day of 25 hours":                       {"2025-10-26T00:00:00", "2025-10-26T23:59:59", day(2025, 10, 26, 0, 0), day(2025, 10, 26, 23, 59)},
		"no beginning":                              {"", "2024-08-01", time.Time{}, day(2024, 8, 1, 0, 0)},
		"no end":                                    {"2026-07-01", "", day(2026, 7, 1, 0, 0), day(2030, 1, 1, 0, 0)},
		"before there was anything":                 {"2001-01-01", "2002-01-01", day(2001, 1, 1, 0, 0), day(2002, 1, 1, 0, 0)},
		"a beginning before there was anything":     {"1999-01-01", "2024-07-05", time.Time{}, day(2024, 7, 5, 0, 0)},
		"an end before the beginning is nothing":    {"2026-06-02", "2026-06-01", day(2026, 6, 2, 0, 0), day(2026, 6, 1, 0, 0)},
		"a minute in which two coffees were bought": {"2026-06-11T10:05:00", "2026-06-11T10:05:00", day(2026, 6, 11, 10, 5), day(2026, 6, 11, 10, 5)},
	} {
		t.Run(name, func(t *testing.T) {
			q := url.Values{}
			if c.from != "" {
				q.Set("fromBookingDateTime", c.from)
			}
			if c.to != "" {
				q.Set("toBookingDateTime", c.to)
			}
			rows, _ := once(b.all(tok, "/transactions?"+q.Encode()))
			want := 0
			for _, e := range b.srv.Entries("ada", time.Time{}, time.Time{}) {
				if !e.When.Before(c.lo) && !e.When.After(c.hi.Add(59*time.Second)) {
					want++
				}
			}
			if c.hi.Before(c.lo) {
				want = 0
			}
			if len(rows) != want || (want == 0 && strings.Contains(name, "month")) {
				t.Errorf("got %d rows, want %d", len(rows), want)
			}
		})
	}
	t.Run("a plus sign that was not escaped is one", func(t *testing.T) {
		if a := b.get(tok, "/transactions?fromBookingDateTime=2026-06-01T00:00:00+00:00"); a.status != http.StatusOK {
			t.Errorf("got %d", a.status)
		}
	})
}

func TestPagesAreFollowedVerbatimOrNotAtAll(t *testing.T) {
	b := openBank(t, func(o *mockbank.Options) { o.PageSize = 5 })
	tok := b.link("grace", allPermissions(), nil).Access
	other := b.link("grace", allPermissions(), nil).Access
	ids := b.accountIDs("grace")
	next := decode[page](t, b.get(tok, "/transactions?fromBookingDateTime=2026-06-01").body).Links.Next
	if !strings.HasPrefix(next, b.url+resource+"/transactions?") || strings.Contains(next, "page=") {
		t.Errorf("next is %s", next)
	}
	if a := b.get(tok, next); a.status != http.StatusOK {
		t.Errorf("next, verbatim: %d", a.status)
	}
	flipped := next[:len(next)-3] + map[bool]string{true: "BBB", false: "AAA"}[strings.HasSuffix(next, "AAA")]
	for name, c := range map[string]struct{ token, url string }{
		"a page changed on the way":       {tok, flipped},
		"a page with a filter added":      {tok, next + "&fromBookingDateTime=2020-01-01"},
		"a page of the list of all":       {tok, strings.Replace(next, "/transactions", "/accounts/"+ids[0]+"/transactions", 1)},
		"a page of another's consent":     {other, next},
		"a page that is too long to read": {tok, next + strings.Repeat("A", 3000)},
	} {
		t.Run(name, func(t *testing.T) {
			if a := b.get(c.token, c.url); a.status != http.StatusBadRequest {
				t.Errorf("got %d", a.status)
			}
		})
	}
}

func TestTheClockMayStandAnywhere(t *testing.T) {
	for name, now := range map[string]time.Time{
		"before the bank began":            time.Date(2016, 2, 29, 12, 0, 0, 0, time.UTC),
		"on its first day":                 time.Date(2018, 1, 1, 0, 0, 1, 0, time.UTC),
		"in its second year":               time.Date(2019, 6, 1, 12, 0, 0, 0, time.UTC),
		"at the end of February":           time.Date(2028, 2, 29, 23, 59, 59, 0, time.UTC),
		"in the hour that is missing":      time.Date(2026, 3, 29, 1, 30, 0, 0, time.UTC),
		"in the hour that comes twice":     time.Date(2026, 10, 25, 0, 30, 0, 0, time.UTC),
		"in that hour again":               time.Date(2026, 10, 25, 1, 30, 0, 0, time.UTC),
		"in a far year":                    time.Date(2040, 12, 31, 23, 59, 0, 0, time.UTC),
		"between midnight here and in UTC": time.Date(2026, 6, 30, 23, 30, 0, 0, time.UTC),
	} {
		t.Run(name, func(t *testing.T) {
			b := openBank(t, func(o *mockbank.Options) { o.PageSize = 1000 })
			b.clock.Set(now)
			for _, customer := range mockbank.Usernames() {
				tok := b.link(customer, allPermissions(), nil).Access
				rows, _ := once(b.all(tok, "/transactions"))
				if truth := b.srv.Entries(customer, time.Time{}, time.Time{}); len(rows) != len(truth) {
					t.Errorf("%s: %d rows, %d in truth", customer, len(rows), len(truth))
				}
				for _, r := range rows {
					at, err := time.Parse(time.RFC3339, r.BookingDateTime)
					if err != nil || (r.Status != "Pending" && at.After(now.Add(time.Hour))) { // a day's midnight in UTC is up to an hour late
						t.Errorf("%s: booked %s at %s", customer, r.BookingDateTime, now)
					}
				}
				if len(b.balances(tok, "/balances")) == 0 {
					t.Errorf("%s: no balances", customer)
				}
			}
		})
	}
}
