package openbanking_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"sotto/banking"
	"sotto/banking/openbanking"
)

// stub is a bank whose resource server is a handler.
func stub(t testing.TB, h http.HandlerFunc) *openbanking.Bank {
	t.Helper()
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	return stubAt(t, srv.URL)
}

func stubAt(t testing.TB, base string) *openbanking.Bank {
	t.Helper()
	bank, err := openbanking.New(openbanking.Config{
		ID: "stub", Name: "Stub", Dialect: openbanking.UK31, Issuer: base, ResourceURL: base + "/bank/aisp", AuthorizationURL: base + "/authorize",
		TokenURL: base + "/token", JWKSURL: base + "/jwks", ClientID: "sotto", Auth: openbanking.Basic, ClientSecret: "x", Zone: "Europe/London",
	}, openbanking.Options{Redirect: callback, Now: start})
	if err != nil {
		t.Fatal(err)
	}
	return bank
}

const (
	account = `{"Data":{"Account":[{"AccountId":"a1","Currency":"GBP","AccountSubType":"CurrentAccount"}]},"Links":{"Self":"x"},"Meta":{}}`
	amount  = `"CreditDebitIndicator":"Debit","Amount":{"Amount":"12.34","Currency":"GBP"}`
	good    = `{"AccountId":"a1","TransactionId":"t1","Status":"Booked","BookingDateTime":"2026-07-10T09:00:00+01:00",` + amount + `}`
	stands  = `{"AccountId":"a1","Type":"InterimBooked","DateTime":"2026-07-10T09:00:00+01:00",` + amount + `}`
)

func write(w http.ResponseWriter, body string) {
	w.Header().Set("Content-Type", "application/json")
	_, _ = fmt.Fprint(w, body)
}

func answer(body string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/accounts") {
			write(w, account)
			return
		}
		write(w, body)
	}
}

func status(code int, header ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		for i := 0; i+1 < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(code)
	}
}

func july() banking.Query {
	return banking.Query{Window: banking.Window{From: banking.Date{Year: 2026, Month: time.July, Day: 1}, To: banking.Date{Year: 2026, Month: time.August, Day: 1}}}
}

func rows(rows ...string) string {
	return `{"Data":{"Transaction":[` + strings.Join(rows, ",") + `]},"Links":{"Self":"x"},"Meta":{}}`
}

func balances(rows ...string) string {
	return `{"Data":{"Balance":[` + strings.Join(rows, ",") + `]},"Links":{"Self":"x"},"Meta":{}}`
}

// read asks for entries and gives what came before the error.
func read(ctx context.Context, bank *openbanking.Bank, q banking.Query) ([]banking.Transaction, banking.Extent, error) {
	var list []banking.Transaction
	extent, err := bank.Transactions(ctx, bearer("token"), listing{bank, bearer("token")}, q, func(tx banking.Transaction) error {
		list = append(list, tx)
		return nil
	})
	return list, extent, err
}

// TestWhatABankCanDoWrong has every fault as an error of its kind, and never as a figure.
func TestWhatABankCanDoWrong(t *testing.T) {
	replace := func(old, new string) http.HandlerFunc { return answer(rows(good, strings.Replace(good, old, new, 1))) }
	for name, tc := range map[string]struct {
		handler http.HandlerFunc
		want    error
	}{
		"it is down":                                        {status(503), banking.ErrUnavailable},
		"it is down for longer than we can wait":            {status(503, "Retry-After", "30"), banking.ErrUnavailable},
		"it is busy for longer than we can wait":            {status(429, "Retry-After", "30"), banking.ErrBusy},
		"it is busy until a date that is too late":          {status(429, "Retry-After", start().Add(time.Hour).Format(http.TimeFormat)), banking.ErrBusy},
		"it refuses every token":                            {status(401), banking.ErrRelink},
		"it wants the customer to authenticate again":       {refusing(403, "UK.OBIE.Reauthenticate"), banking.ErrRelink},
		"it wants that in the words of version 4":           {refusing(403, "U028"), banking.ErrRelink},
		"it says that the consent does not stand":           {refusing(400, "UK.OBIE.Resource.InvalidConsentStatus"), banking.ErrRelink},
		"it says that in the words of version 4":            {refusing(400, "U009"), banking.ErrRelink},
		"it says that among other things":                   {refusing(403, "UK.OBIE.Header.Invalid", "U028"), banking.ErrRelink},
		"it forbids the read in other words":                {refusing(403, "UK.OBIE.UnexpectedError"), banking.ErrForbidden},
		"it does not know the account":                      {refusing(400, "UK.OBIE.Resource.NotFound"), banking.ErrGarbled},
		"it wants that in a status of its own":              {refusing(409, "UK.OBIE.Reauthenticate"), banking.ErrGarbled},
		"it forbids the read":                               {status(403), banking.ErrForbidden},
		"it does not understand us":                         {status(400), banking.ErrGarbled},
		"it redirects us elsewhere":                         {status(302, "Location", "https://evil.example/"), banking.ErrGarbled},
		"it answers with a page":                            {htmlPage, banking.ErrGarbled},
		"it answers with nothing":                           {answer(``), banking.ErrGarbled},
		"it answers with half a page":                       {answer(rows(good)[:100]), banking.ErrGarbled},
		"it drops the connection in the middle":             {dropped, banking.ErrUnavailable},
		"it says something after the end":                   {answer(rows(good) + "{}"), banking.ErrGarbled},
		"it says something twice":                           {replace(`"Status":"Booked"`, `"Status":"Booked","Status":"Rejected"`), banking.ErrGarbled},
		"it says Data twice":                                {answer(`{"Data":{},"Data":{}}`), banking.ErrGarbled},
		"it has no Data":                                    {answer(`{"Links":{"Self":"x"}}`), banking.ErrGarbled},
		"Data is null":                                      {answer(`{"Data":null}`), banking.ErrGarbled},
		"the list is an object":                             {answer(`{"Data":{"Transaction":{}}}`), banking.ErrGarbled},
		"a row is null":                                     {answer(rows("null")), banking.ErrGarbled},
		"an amount is a number":                             {replace(`"Amount":"12.34"`, `"Amount":12.34`), banking.ErrGarbled},
		"an amount has a sign":                              {replace(`"12.34"`, `"-12.34"`), banking.ErrGarbled},
		"an amount has an exponent":                         {replace(`"12.34"`, `"1e9"`), banking.ErrGarbled},
		"an amount is missing":                              {replace(`,"Amount":{"Amount":"12.34","Currency":"GBP"}`, ``), banking.ErrGarbled},
		"a currency does not exist":                         {replace(`"GBP"`, `"XQQ"`), banking.ErrGarbled},
		"a sign is missing":                                 {replace(`"CreditDebitIndicator":"Debit",`, ``), banking.ErrGarbled},
		"a sign is neither":                                 {replace(`"Debit"`, `"debit"`), banking.ErrGarbled},
		"a state is neither booked, pending nor rejected":   {replace(`"Booked"`, `"Maybe"`), banking.ErrGarbled},
		"a date has no offset":                              {replace(`09:00:00+01:00`, `09:00:00`), banking.ErrGarbled},
		"a date is impossible":                              {replace(`2026-07-10`, `2026-02-30`), banking.ErrGarbled},
		"a row is of no account":                            {replace(`"AccountId":"a1",`, ``), banking.ErrGarbled},
		"invalid UTF-8":                                     {replace(`"t1"`, "\"\xff\""), banking.ErrGarbled},
		"a value without end":                               {replace(`"t1"`, `"`+strings.Repeat("x", 2<<20)+`"`), banking.ErrTooMuch},
		"nesting without end, where nobody looks":           {answer(`{"Data":{"Transaction":[]},"Junk":` + strings.Repeat(`[`, 1<<20)), banking.ErrGarbled},
		"the next page is at another host":                  {next("https://evil.example/bank/aisp/transactions?page=2"), banking.ErrGarbled},
		"the next page is at another host, as a user":       {nextHere("http://HOST@evil.example/bank/aisp/x"), banking.ErrGarbled},
		"the next page is of another API of the same bank":  {nextHere("http://HOST/bank/pisp/payments"), banking.ErrGarbled},
		"the next page climbs out of the API":               {nextHere("http://HOST/bank/aisp/../pisp/payments"), banking.ErrGarbled},
		"the next page climbs out in disguise":              {nextHere("http://HOST/bank/aisp/%2e%2e/pisp/payments"), banking.ErrGarbled},
		"the next page is at another port":                  {nextHere("http://127.0.0.1:1/bank/aisp/transactions"), banking.ErrGarbled},
		"the next page is by another scheme":                {nextHere("ftp://HOST/bank/aisp/transactions"), banking.ErrGarbled},
		"the next page is relative":                         {next("?page=2"), banking.ErrGarbled},
		"the next page is this page":                        {loop, banking.ErrGarbled},
		"the next pages go round":                           {nextHere("http://HOST/bank/aisp/transactions?page=2"), banking.ErrGarbled},
		"an account's rows are of another account":          {answer(rows(strings.Replace(good, `"a1"`, `"a2"`, 1))), banking.ErrGarbled},
		"a row is deeper than anything in the standard":     {replace(`"TransactionId":"t1"`, `"X":`+strings.Repeat(`[`, 20000)+strings.Repeat(`]`, 20000)), banking.ErrGarbled},
		"links are not what they should be":                 {answer(`{"Data":{"Transaction":[]},"Links":{"Next":7}}`), banking.ErrGarbled},
		"a character set that is not JSON's":                {latin, banking.ErrGarbled},
		"compressed without end: it is bounded when opened": {answer(`{"Data":{"Transaction":[],"Pad":"` + strings.Repeat("a", 3<<20) + `"}}`), banking.ErrTooMuch},
	} {
		t.Run(name, func(t *testing.T) {
			wrong(t, 20*time.Second, tc.handler, tc.want)
		})
	}
	for name, handler := range map[string]http.HandlerFunc{"the bank answers too late": late, "the bank begins to answer and stops": stalls} {
		t.Run(name, func(t *testing.T) { wrong(t, 400*time.Millisecond, handler, banking.ErrUnavailable) })
	}
}

// wrong asks a bank for entries, for as long as patience lasts, and wants an error of this kind that tells nothing.
func wrong(t *testing.T, patience time.Duration, bank http.HandlerFunc, want error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	q := july()
	q.Only = []string{"a1"}
	_, _, err := read(ctx, stub(t, bank), q)
	if !errors.Is(err, want) {
		t.Errorf("got %v, want %v", err, want)
	}
	for _, word := range []string{"a1", "12.34", "evil", "token\"", "127.0.0.1"} {
		if err != nil && strings.Contains(err.Error(), word) {
			t.Errorf("the error tells %q: %v", word, err)
		}
	}
}

// refusing answers with an error body of the standard.
func refusing(status int, codes ...string) http.HandlerFunc {
	var errs []string
	for _, code := range codes {
		errs = append(errs, fmt.Sprintf(`{"ErrorCode":%q,"Message":"a1"}`, code))
	}
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, _ = fmt.Fprintf(w, `{"Code":"x","Message":"a1","Errors":[%s]}`, strings.Join(errs, ","))
	}
}

func htmlPage(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/html")
	_, _ = fmt.Fprint(w, rows(good))
}

func latin(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json; charset=iso-8859-1")
	_, _ = fmt.Fprint(w, rows(good))
}

func dropped(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Length", "100000")
	write(w, rows(good)[:50])
}

func late(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }

func stalls(w http.ResponseWriter, r *http.Request) {
	write(w, `{"Data":{"Transaction":[`)
	_ = http.NewResponseController(w).Flush()
	<-r.Context().Done()
}

func next(link string) http.HandlerFunc {
	return answer(strings.Replace(rows(good), `"Self":"x"`, `"Self":"x","Next":"`+link+`"`, 1))
}

func nextHere(link string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) { next(strings.Replace(link, "HOST", r.Host, 1))(w, r) }
}

func loop(w http.ResponseWriter, r *http.Request) { next("http://"+r.Host+r.URL.String())(w, r) }

func TestABrokenRowSpoilsBalancesToo(t *testing.T) {
	for name, body := range map[string]string{
		"no balance at all":                     balances(),
		"a balance without an amount":           balances(strings.Replace(stands, `"12.34"`, `""`, 1)),
		"a balance without a sign":              balances(strings.Replace(stands, `"Debit"`, `""`, 1)),
		"only balances about the future":        balances(strings.Replace(stands, "InterimBooked", "Expected", 1)),
		"only a balance of a kind nobody knows": balances(strings.Replace(stands, "InterimBooked", "Lunar", 1)),
		"a balance that held at no time":        balances(strings.Replace(stands, "2026-07-10T09:00:00+01:00", "yesterday", 1)),
		"a balance of an account nobody knows":  balances(strings.Replace(stands, `"a1"`, `"a9"`, 1)),
		"a list":                                `[]`,
	} {
		t.Run(name, func(t *testing.T) {
			bank := stub(t, answer(body))
			list, err := bank.Balances(t.Context(), bearer("token"), listing{bank, bearer("token")})
			if !errors.Is(err, banking.ErrGarbled) || len(list) != 0 {
				t.Errorf("%d balances, %v; want none, ErrGarbled", len(list), err)
			}
		})
	}
}

// TestWhichBalanceIsTold has the figures by purpose: the customer's own money.
func TestWhichBalanceIsTold(t *testing.T) {
	one := func(kind, sign, figure, lines string) string {
		s := fmt.Sprintf(`{"AccountId":"a1","Type":%q,"DateTime":"2026-07-10T09:00:00Z","CreditDebitIndicator":%q,"Amount":{"Amount":%q,"Currency":"GBP"}`, kind, sign, figure)
		if lines != "" {
			s += `,"CreditLine":[` + lines + `]`
		}
		return s + `}`
	}
	line := func(included bool, kind, figure string) string {
		return fmt.Sprintf(`{"Included":%t,"Type":%q,"Amount":{"Amount":%q,"Currency":"GBP"}}`, included, kind, figure)
	}
	for name, tc := range map[string]struct {
		sub      string
		balances []string
		minor    int64
		more     int64 // overdraft
		missing  bool
	}{
		"available before booked":                                {"CurrentAccount", []string{one("InterimBooked", "Credit", "90.00", ""), one("InterimAvailable", "Credit", "80.00", "")}, 8000, 0, false},
		"booked where there is no available one":                 {"Savings", []string{one("ClosingBooked", "Credit", "70.00", ""), one("InterimBooked", "Credit", "90.00", "")}, 9000, 0, false},
		"an included overdraft is not own money":                 {"CurrentAccount", []string{one("InterimAvailable", "Credit", "1100.00", line(true, "Pre-Agreed", "1000.00"))}, 10000, 100000, false},
		"with it used, the account is overdrawn":                 {"CurrentAccount", []string{one("InterimAvailable", "Credit", "800.00", line(true, "Pre-Agreed", "1000.00"))}, -20000, 100000, false},
		"an overdraft that is not included is left alone":        {"CurrentAccount", []string{one("InterimAvailable", "Credit", "100.00", line(false, "Pre-Agreed", "1000.00"))}, 10000, 100000, false},
		"two included lines are both taken away":                 {"CurrentAccount", []string{one("InterimAvailable", "Credit", "100.00", line(true, "Pre-Agreed", "50.00")+","+line(true, "Temporary", "10.00"))}, 4000, 6000, false},
		"what is left of a line is not taken away beside it":     {"CurrentAccount", []string{one("InterimAvailable", "Credit", "100.00", line(true, "Pre-Agreed", "50.00")+","+line(true, "Available", "50.00"))}, 5000, 5000, false},
		"where only what is left is told, booked is":             {"CurrentAccount", []string{one("InterimAvailable", "Credit", "800.00", line(true, "Available", "800.00")), one("InterimBooked", "Debit", "200.00", "")}, -20000, 0, false},
		"where an included line has no amount, booked is":        {"CurrentAccount", []string{one("InterimAvailable", "Credit", "800.00", `{"Included":true}`), one("InterimBooked", "Credit", "1.00", "")}, 100, 0, false},
		"a card's booked debit is owed":                          {"CreditCard", []string{one("InterimBooked", "Debit", "250.00", line(false, "Credit", "4000.00"))}, -25000, 400000, false},
		"a card's available money less its credit line is owed":  {"CreditCard", []string{one("InterimAvailable", "Credit", "3700.00", line(true, "Credit", "4000.00")), one("InterimBooked", "Debit", "250.00", "")}, -30000, 400000, false},
		"what a card lets one borrow is not money in hand":       {"CreditCard", []string{one("InterimAvailable", "Credit", "3700.00", ""), one("InterimBooked", "Debit", "250.00", "")}, -25000, 0, false},
		"a card that tells only what it lends has no balance":    {"CreditCard", []string{one("InterimAvailable", "Credit", "3700.00", "")}, 0, 0, true},
		"the youngest of a kind":                                 {"CurrentAccount", []string{strings.Replace(one("InterimBooked", "Credit", "1.00", ""), "07-10", "07-09", 1), one("InterimBooked", "Credit", "2.00", "")}, 200, 0, false},
		"zero is a balance":                                      {"CurrentAccount", []string{one("InterimAvailable", "Credit", "0.00", "")}, 0, 0, false},
		"an equivalent in local currency is not another balance": {"CurrentAccount", []string{one("InterimAvailable", "Credit", "5.00", ""), strings.Replace(one("InterimAvailable", "Credit", "6.00", ""), `"Currency":"GBP"`, `"Currency":"EUR","SubType":"LocalCurrency"`, 1)}, 500, 0, false},
	} {
		t.Run(name, func(t *testing.T) {
			bank := stub(t, func(w http.ResponseWriter, r *http.Request) {
				if strings.HasSuffix(r.URL.Path, "/accounts") {
					write(w, strings.Replace(account, "CurrentAccount", tc.sub, 1))
					return
				}
				write(w, balances(tc.balances...))
			})
			list, err := bank.Balances(t.Context(), bearer("token"), listing{bank, bearer("token")})
			if tc.missing {
				if !errors.Is(err, banking.ErrGarbled) || len(list) > 0 {
					t.Errorf("got %d balances, %v; want none", len(list), err)
				}
				return
			}
			if err != nil || len(list) != 1 {
				t.Fatalf("%d balances, %v", len(list), err)
			}
			if list[0].Money.Minor != tc.minor || list[0].Overdraft.Minor != tc.more {
				t.Errorf("got %d and overdraft %d, want %d and %d", list[0].Money.Minor, list[0].Overdraft.Minor, tc.minor, tc.more)
			}
		})
	}
}

func TestAMultiCurrencyAccountHasABalanceInEach(t *testing.T) {
	bank := stub(t, answer(balances(stands, strings.Replace(stands, "GBP", "JPY", 1), strings.Replace(strings.Replace(stands, "GBP", "KWD", 1), "12.34", "12.3455", 1))))
	list, err := bank.Balances(t.Context(), bearer("token"), listing{bank, bearer("token")})
	if err != nil || len(list) != 3 {
		t.Fatalf("%d balances, %v", len(list), err)
	}
	for i, want := range []banking.Money{{Minor: -1234, Currency: "GBP"}, {Minor: -12, Currency: "JPY"}, {Minor: -12346, Currency: "KWD"}} {
		if list[i].Money != want || list[i].Rounded != (i > 0) {
			t.Errorf("got %v, rounded %t; want %v", list[i].Money, list[i].Rounded, want)
		}
	}
}

// TestAPartOfTheBalancesIsNamedAsPartial has one of two accounts fail.
func TestAPartOfTheBalancesIsNamedAsPartial(t *testing.T) {
	bank := stub(t, func(w http.ResponseWriter, r *http.Request) {
		switch {
		case strings.HasSuffix(r.URL.Path, "/accounts"):
			write(w, `{"Data":{"Account":[{"AccountId":"a1"},{"AccountId":"a2"}]}}`)
		case strings.Contains(r.URL.Path, "/a1/"):
			write(w, balances(stands))
		case strings.Contains(r.URL.Path, "/a2/"):
			w.WriteHeader(http.StatusForbidden)
		default:
			w.WriteHeader(http.StatusNotFound)
		}
	})
	list, err := bank.Balances(t.Context(), bearer("token"), listing{bank, bearer("token")})
	if len(list) != 1 || !errors.Is(err, banking.ErrForbidden) {
		t.Errorf("%d balances, %v; want one and ErrForbidden", len(list), err)
	}
}

// Accounts are asked in goroutines of their own, where a panic would end the process.
func TestAPanicWhileAnAccountIsAskedIsAnErrorOfThatQuestion(t *testing.T) {
	reply := func(r *http.Request, status int, body string) (*http.Response, error) {
		return &http.Response{StatusCode: status, Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(strings.NewReader(body)), Request: r}, nil
	}
	bank := through(t, func(r *http.Request) (*http.Response, error) {
		switch {
		case strings.HasSuffix(r.URL.Path, "/accounts"):
			return reply(r, http.StatusOK, `{"Data":{"Account":[{"AccountId":"a1"},{"AccountId":"a2"}]}}`)
		case strings.HasSuffix(r.URL.Path, "/a1/balances"):
			return reply(r, http.StatusOK, balances(stands))
		case strings.Contains(r.URL.Path, "/accounts/"):
			panic("a balance of 1234.56")
		default:
			return reply(r, http.StatusNotFound, "")
		}
	})
	var broken *banking.PanicError
	list, err := bank.Balances(t.Context(), bearer("token"), listing{bank, bearer("token")})
	if len(list) != 1 || !errors.As(err, &broken) || strings.Contains(err.Error(), "1234") {
		t.Errorf("%d balances, %v", len(list), err)
	}
	if list, _, err := read(t.Context(), bank, july()); len(list) != 0 || !errors.As(err, &broken) || strings.Contains(err.Error(), "1234") {
		t.Errorf("%d entries, %v", len(list), err)
	}
}

func TestABankThatFindsNothingForAMomentIsAskedInBulkAgain(t *testing.T) {
	var lost atomic.Bool
	var bulk atomic.Int64
	bank := stub(t, func(w http.ResponseWriter, r *http.Request) {
		switch strings.TrimPrefix(r.URL.Path, "/bank/aisp") {
		case "/accounts":
			write(w, account)
			return
		case "/balances", "/transactions":
			bulk.Add(1)
		}
		switch {
		case lost.Load():
			w.WriteHeader(http.StatusNotFound)
		case strings.HasSuffix(r.URL.Path, "/balances"):
			write(w, balances(stands))
		default:
			write(w, rows(good))
		}
	})
	ask := func(want error) {
		t.Helper()
		if _, err := bank.Balances(t.Context(), bearer("token"), listing{bank, bearer("token")}); !errors.Is(err, want) {
			t.Errorf("balances: %v", err)
		}
		if _, _, err := read(t.Context(), bank, july()); !errors.Is(err, want) {
			t.Errorf("entries: %v", err)
		}
	}
	lost.Store(true)
	ask(banking.ErrGarbled)
	lost.Store(false)
	ask(nil)
	if n := bulk.Load(); n != 4 {
		t.Errorf("asked in bulk %d times, want 4: a bank that finds nothing at all does not lack two endpoints", n)
	}
}

// changing is a directory that is out of date.
type changing struct {
	known, now []banking.Account
	err        error
}

func (c changing) Accounts(context.Context) ([]banking.Account, error) { return c.known, nil }
func (c changing) Renew(context.Context) ([]banking.Account, error)    { return c.now, c.err }

func TestAnAccountThatWasClosedOrOpenedMeanwhileIsNotMissing(t *testing.T) {
	of := func(ids ...string) (list []banking.Account) {
		for _, id := range ids {
			list = append(list, banking.Account{Ref: banking.AccountRef{Bank: "stub", ID: id}, Kind: banking.Current, Currency: "GBP"})
		}
		return list
	}
	second := strings.Replace(stands, `"a1"`, `"a2"`, 1)
	for name, tc := range map[string]struct {
		directory changing
		told      []string
		partial   bool
	}{
		"one was closed":                          {changing{known: of("a1", "a2", "a3"), now: of("a1", "a2")}, []string{"a1", "a2"}, false},
		"one was opened":                          {changing{known: of("a1"), now: of("a1", "a2")}, []string{"a1", "a2"}, false},
		"the bank tells nothing of one":           {changing{known: of("a1", "a2", "a3"), now: of("a1", "a2", "a3")}, []string{"a1", "a2"}, true},
		"nobody can say, and the others are told": {changing{known: of("a1"), err: banking.ErrUnavailable}, []string{"a1"}, true},
	} {
		t.Run(name, func(t *testing.T) {
			bank := stub(t, answer(`{"Data":{"Balance":[`+stands+","+second+`]},"Links":{"Self":"x"},"Meta":{}}`))
			list, err := bank.Balances(t.Context(), bearer("token"), tc.directory)
			var told []string
			for _, b := range list {
				told = append(told, b.Account.Ref.ID)
			}
			if !slices.Equal(told, tc.told) || errors.Is(err, banking.ErrGarbled) != tc.partial || err != nil && !tc.partial {
				t.Errorf("got %v, %v", told, err)
			}
		})
	}
}

func TestABankThatRecoversInTimeIsHeard(t *testing.T) {
	for name, first := range map[string]http.HandlerFunc{
		"after a failure":               status(500),
		"after it asked for a second":   status(429, "Retry-After", "1"),
		"after it was busy for a while": status(503, "Retry-After", "0"),
		"after it hung up": func(w http.ResponseWriter, _ *http.Request) {
			conn, _, err := http.NewResponseController(w).Hijack()
			if err == nil {
				conn.Close()
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			var n atomic.Int64
			bank := stub(t, func(w http.ResponseWriter, r *http.Request) {
				if n.Add(1) == 1 {
					first(w, r)
					return
				}
				write(w, rows(good))
			})
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			defer cancel()
			list, extent, err := read(ctx, bank, july())
			if err != nil || len(list) != 1 || extent.Rows != 1 || n.Load() != 2 {
				t.Errorf("%d entries, %v after %d requests", len(list), err, n.Load())
			}
		})
	}
}

func TestABankThatFailsAllTheTimeIsLeftAlone(t *testing.T) {
	var n atomic.Int64
	bank := stub(t, func(w http.ResponseWriter, _ *http.Request) {
		n.Add(1)
		w.WriteHeader(500)
	})
	for range 40 {
		if _, _, err := read(t.Context(), bank, july()); !errors.Is(err, banking.ErrUnavailable) {
			t.Fatal(err)
		}
	}
	if got := n.Load(); got > 30 {
		t.Errorf("asked %d times within a moment", got)
	}
}

func TestALongListIsCutAtThePageLimitAndSaysSo(t *testing.T) {
	var n atomic.Int64
	bank := stub(t, func(w http.ResponseWriter, r *http.Request) {
		page := n.Add(1)
		row := strings.Replace(good, `"t1"`, fmt.Sprintf(`"t%d"`, page), 1)
		write(w, strings.Replace(rows(row), `"Self":"x"`, fmt.Sprintf(`"Self":"x","Next":"http://%s/bank/aisp/transactions?page=%d"`, r.Host, page+1), 1))
	})
	list, extent, err := read(t.Context(), bank, july())
	if err != nil || !extent.Cut || len(list) != int(n.Load()) || extent.Rows != len(list) || len(list) < 1000 {
		t.Errorf("%v, cut %t, %d entries of %d pages", err, extent.Cut, len(list), n.Load())
	}
}

// TestDaysAreTheBanks has dates as banks write them.
func TestDaysAreTheBanks(t *testing.T) {
	for at, want := range map[string]string{
		"2026-07-10T00:00:00+00:00": "2026-07-10", // a day without a time: not one o'clock in London
		"2026-07-10T00:00:00Z":      "2026-07-10",
		"2026-07-10T23:30:00Z":      "2026-07-11", // summer time
		"2026-07-10T23:30:00+01:00": "2026-07-10",
		"2026-07-10T00:30:00+02:00": "2026-07-09",
		"2026-07-10T00:00:01+00:00": "2026-07-10",
		"2026-07-31T23:30:00Z":      "",           // August already
		"2026-06-30T23:30:00Z":      "2026-07-01", // July already
		"2026-08-01T00:00:00+00:00": "",
	} {
		bank := stub(t, answer(rows(strings.Replace(good, "2026-07-10T09:00:00+01:00", at, 1))))
		list, _, err := read(t.Context(), bank, july())
		got := ""
		if len(list) == 1 {
			got = list[0].Day.String()
		}
		if err != nil || got != want {
			t.Errorf("%s: got %q, %v; want %q", at, got, err, want)
		}
	}
}

func TestTheBankIsAskedForADayMoreWithoutAnOffset(t *testing.T) {
	var got string
	bank := stub(t, func(w http.ResponseWriter, r *http.Request) {
		got = r.URL.Query().Get("fromBookingDateTime") + " " + r.URL.Query().Get("toBookingDateTime")
		if r.Header.Get("X-Fapi-Interaction-Id") == "" || r.Header.Get("Authorization") != "Bearer token" {
			t.Error("a header is missing")
		}
		write(w, rows())
	})
	if _, _, err := read(t.Context(), bank, july()); err != nil {
		t.Error(err)
	}
	if want := "2026-06-30T00:00:00 2026-08-01T23:59:59"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestRowsThatDoNotCountAreDropped(t *testing.T) {
	bank := stub(t, answer(rows(good,
		strings.Replace(strings.Replace(good, "t1", "t2", 1), "Booked", "Rejected", 1),
		strings.Replace(strings.Replace(good, `"t1"`, `"t3","SupplementaryData":{"Declined":true}`, 1), "Booked", "Pending", 1),
		strings.Replace(strings.Replace(good, `"t1"`, `"t4","SupplementaryData":{"Declined":false},"BankTransactionCode":{"Code":"Lunar","SubCode":"Eclipse"}`, 1), `"Debit"`, `"Credit"`, 1),
		strings.Replace(good, "t1", " ", 1), strings.Replace(good, "t1", " ", 1),
	)))
	list, _, err := read(t.Context(), bank, july())
	if err != nil || len(list) != 4 {
		t.Fatalf("%d entries, %v; want 4", len(list), err)
	}
	if list[0].Money.Minor != -1234 || list[1].Money.Minor != 1234 || list[1].Sort != banking.Unknown || list[2].ID != "" || list[3].ID != "" {
		t.Error("signs, an unknown code or blank ids are not as they should be")
	}
}
