package openbanking_test

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"sotto/banking"
	"sotto/banking/openbanking"
)

// drawn is one real entry, as a bank writes it.
type drawn struct {
	account, id string
	pence, sum  int
	balance     bool
}

func (d drawn) String() string {
	s := `{"AccountId":"` + d.account + `",`
	if d.id != "" {
		s += `"TransactionId":"` + d.id + `",`
	}
	sign := func(n int) string {
		if n < 0 {
			return "Debit"
		}
		return "Credit"
	}
	figure := func(n int) string { return fmt.Sprintf("%d.%02d", max(n, -n)/100, max(n, -n)%100) }
	s += fmt.Sprintf(`"Status":"Booked","BookingDateTime":"2026-07-10T00:00:00+00:00","CreditDebitIndicator":%q,"Amount":{"Amount":%q,"Currency":"GBP"}`, sign(d.pence), figure(d.pence))
	if d.balance {
		s += fmt.Sprintf(`,"Balance":{"CreditDebitIndicator":%q,"Type":"InterimBooked","Amount":{"Amount":%q,"Currency":"GBP"}}`, sign(d.sum), figure(d.sum))
	}
	return s + "}"
}

// history draws entries with as many twins among them as can be: few amounts, few accounts, one day.
func history(t *rapid.T, ids, balances bool) []drawn {
	sums := map[string]int{}
	list := make([]drawn, rapid.IntRange(0, 30).Draw(t, "rows"))
	for i := range list {
		d := drawn{
			account: rapid.SampledFrom([]string{"a1", "a2"}).Draw(t, "account"), balance: balances,
			pence: rapid.SampledFrom([]int{-300, -300, 300, -250}).Draw(t, "pence"),
		}
		if ids && rapid.Bool().Draw(t, "id") {
			d.id = "t" + strconv.Itoa(i)
		}
		sums[d.account] += d.pence
		d.sum = sums[d.account]
		list[i] = d
	}
	return list
}

// served gives the pages from a handler, and what the client made of them: amounts by account.
func served(t *rapid.T, pages [][]drawn) map[string]int64 {
	bank := reused.bank
	reused.handler = func(w http.ResponseWriter, r *http.Request) {
		n, _ := strconv.Atoi(r.URL.Query().Get("page"))
		var list []string
		for _, d := range pages[n] {
			list = append(list, d.String())
		}
		body := rows(list...)
		if n+1 < len(pages) {
			body = strings.Replace(body, `"Self":"x"`, fmt.Sprintf(`"Self":"x","Next":"http://%s/bank/aisp/transactions?page=%d"`, r.Host, n+1), 1)
		}
		write(w, body)
	}
	sums := map[string]int64{}
	list, extent, err := read(reused.t.Context(), bank, july())
	if err != nil || extent.Rows != len(list) {
		t.Fatalf("%v, %d rows, extent %d", err, len(list), extent.Rows)
	}
	for _, tx := range list {
		sums[tx.Account.ID] += tx.Money.Minor
		sums["rows"]++
	}
	return sums
}

// reused is one stub for all draws of a property.
var reused struct {
	t       *testing.T
	handler http.HandlerFunc
	bank    *openbanking.Bank
}

func wanted(list []drawn) map[string]int64 {
	sums := map[string]int64{}
	for _, d := range list {
		sums[d.account] += int64(d.pence)
		sums["rows"]++
	}
	return sums
}

func reuse(t *testing.T) {
	t.Helper()
	reused.t = t
	reused.bank = stub(t, func(w http.ResponseWriter, r *http.Request) { reused.handler(w, r) })
}

func wantSums(t *rapid.T, got, want map[string]int64) {
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Fatalf("got %v, want %v", got, want)
	}
}

func TestTwinsAreNeverDropped(t *testing.T) {
	reuse(t)
	rapid.Check(t, func(t *rapid.T) {
		list := history(t, rapid.Bool().Draw(t, "ids"), rapid.Bool().Draw(t, "balances"))
		size := rapid.IntRange(1, 7).Draw(t, "size")
		pages := [][]drawn{{}}
		for i, d := range list {
			if i > 0 && i%size == 0 {
				pages = append(pages, nil)
			}
			pages[len(pages)-1] = append(pages[len(pages)-1], d)
		}
		wantSums(t, served(t, pages), wanted(list))
	})
}

// TestRowsThatShiftWhilePagesAreReadAreCountedOnce has pages that begin with rows of the page before: those with ids, or where a running
// balance tells twins apart.
func TestRowsThatShiftWhilePagesAreReadAreCountedOnce(t *testing.T) {
	reuse(t)
	rapid.Check(t, func(t *rapid.T) {
		ids := rapid.Bool().Draw(t, "ids")
		list := history(t, false, !ids)
		for i := range list {
			if ids {
				list[i].id = "t" + strconv.Itoa(i)
			}
			list[i].pence = -abs(list[i].pence) // a balance that comes back to where it was proves nothing
		}
		sums := map[string]int{}
		for i := range list {
			sums[list[i].account] += list[i].pence
			list[i].sum = sums[list[i].account]
		}
		size := rapid.IntRange(1, 7).Draw(t, "size")
		var pages [][]drawn
		for at := 0; ; {
			end := min(at+size, len(list))
			pages = append(pages, list[at:end])
			if end == len(list) {
				break
			}
			at = end - rapid.IntRange(0, min(size-1, end)).Draw(t, "shift")
		}
		wantSums(t, served(t, pages), wanted(list))
	})
}

func abs(n int) int { return max(n, -n) }

func TestAnIDOfBlanksIsNoID(t *testing.T) {
	blank := strings.Replace(good, "t1", " ", 1)
	bank := stub(t, answer(rows(blank, blank, blank)))
	list, _, err := read(t.Context(), bank, july())
	if err != nil || len(list) != 3 {
		t.Errorf("%d entries, %v; want 3", len(list), err)
	}
}

func TestAPendingEntryAndTheBookedOneOfTheSameIDAreBothGiven(t *testing.T) {
	bank := stub(t, answer(rows(strings.Replace(good, "Booked", "Pending", 1), good, good)))
	list, _, err := read(t.Context(), bank, july())
	if err != nil || len(list) != 2 || list[0].Status != banking.Pending || list[1].Status != banking.Booked {
		t.Errorf("%d entries, %v; want the pending and the booked one", len(list), err)
	}
}
