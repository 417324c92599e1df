package openbanking

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"sync"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"golang.org/x/sync/errgroup"

	"sotto/banking"
)

// maxText bounds what is kept of a row's free text (TransactionInformation is at most 500).
const maxText = 500

type wireCode struct {
	Code    string `json:"Code"`
	SubCode string `json:"SubCode"`
}

type wireParty struct {
	Number string `json:"Identification"`
}

type wireTransaction struct {
	Account   string     `json:"AccountId"`
	ID        string     `json:"TransactionId"`
	Indicator string     `json:"CreditDebitIndicator"`
	Status    string     `json:"Status"`
	Booking   string     `json:"BookingDateTime"`
	Value     string     `json:"ValueDateTime"`
	Text      string     `json:"TransactionInformation"`
	Amount    wireAmount `json:"Amount"`
	Code      wireCode   `json:"BankTransactionCode"`
	OwnCode   wireCode   `json:"ProprietaryBankTransactionCode"`
	Merchant  struct {
		Name string `json:"MerchantName"`
		MCC  string `json:"MerchantCategoryCode"`
	} `json:"MerchantDetails"`
	Creditor wireParty `json:"CreditorAccount"`
	Debtor   wireParty `json:"DebtorAccount"`
	Running  struct {
		Indicator string     `json:"CreditDebitIndicator"`
		Amount    wireAmount `json:"Amount"`
	} `json:"Balance"`
	Supplement jsontext.Value `json:"SupplementaryData"`
}

// Transactions calls each for every entry booked or pending within the query. The bank is asked for a day more at both ends, since
// it reads dates in a zone of its own, and what is outside is dropped here.
func (b *Bank) Transactions(ctx context.Context, bearer banking.Bearer, d banking.Directory, q banking.Query, each func(banking.Transaction) error) (banking.Extent, error) {
	r := &reading{bank: b, bearer: bearer, query: q, each: each}
	bulk := len(q.Only) != 1 && !b.noBulkTransactions.holds(b.options.Now())
	if bulk {
		err := r.list(ctx, b.config.ResourceURL+"/transactions", "")
		if !errors.Is(err, errAbsent) || r.extent.Rows > 0 {
			return r.extent, b.name(err)
		}
	}
	only := q.Only
	if len(only) == 0 {
		accounts, err := d.Accounts(ctx)
		if err != nil {
			return r.extent, err
		}
		for _, a := range accounts {
			only = append(only, a.Ref.ID)
		}
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(atOnce)
	for _, id := range only {
		group.Go(func() error {
			return banking.Guard(func() error {
				return r.list(ctx, b.config.ResourceURL+"/accounts/"+url.PathEscape(id)+"/transactions", id)
			})
		})
	}
	err := group.Wait()
	if bulk && err == nil { // a bank that finds nothing at all has some other trouble
		b.noBulkTransactions.note(b.options.Now())
	}
	return r.extent, b.name(err)
}

// name says at which bank it was. The caller's own errors are left as they are.
func (b *Bank) name(err error) error {
	var own callers
	switch {
	case err == nil:
		return nil
	case errors.As(err, &own):
		return own.err
	}
	return fmt.Errorf("transactions at %s: %w", b.config.ID, err)
}

// callers is an error of the caller's own function.
type callers struct{ err error }

func (c callers) Error() string { return "stopped" }

// reading is one question about entries; its lists may be read in parallel.
type reading struct {
	bank   *Bank
	bearer banking.Bearer
	query  banking.Query
	each   func(banking.Transaction) error

	mu     sync.Mutex // around each and extent
	extent banking.Extent
}

// list reads one list of entries to its end, a limit, or the first error. only is the one account it must be of; empty is any.
func (r *reading) list(ctx context.Context, target, only string) error {
	wide := r.query.Window.Widen(1)
	// Without an offset, as the standard has it; both ends are inclusive.
	target += "?" + url.Values{
		"fromBookingDateTime": {wide.From.String() + "T00:00:00"}, "toBookingDateTime": {wide.To.AddDays(-1).String() + "T23:59:59"},
	}.Encode()
	s := newSieve(r.give)
	clean := names{}
	left := int64(maxBytes)
	var row wireTransaction
	cut, err := r.bank.chain(ctx, r.bearer, target, "Transaction", &left, func(d *jsontext.Decoder) error {
		row = wireTransaction{}
		if json.UnmarshalDecode(d, &row) != nil || row.Account == "" || len(row.Account) > maxID || only != "" && row.Account != only {
			return errShape
		}
		entry, err := r.entry(&row, clean)
		if err != nil {
			return err
		}
		return s.take(&row, entry)
	}, func(t tail) (bool, error) {
		r.reached(t)
		return s.rows < maxRows, s.turn()
	})
	if cut && err == nil {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.extent.Cut = true
	}
	return err
}

// give hands an entry to the caller, one at a time.
func (r *reading) give(t banking.Transaction) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.each(t); err != nil {
		return callers{err}
	}
	r.extent.Rows++
	return nil
}

// reached narrows the extent to what a page says can be seen of its list.
func (r *reading) reached(t tail) {
	first, last := banking.Date{}, banking.Date{}
	if day, err := r.bank.day(t.First); err == nil {
		first = day
	}
	if day, err := r.bank.day(t.Last); err == nil {
		last = day
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if first.After(r.extent.First) {
		r.extent.First = first
	}
	if !last.IsZero() && (r.extent.Last.IsZero() || last.Before(r.extent.Last)) {
		r.extent.Last = last
	}
}

// entry reads a row. A Transaction without a status is one that is not wanted: rejected, declined, of another account, or outside the window.
// A row whose amount, sign, state or day cannot be read spoils the answer: a sum without it would be wrong.
func (r *reading) entry(w *wireTransaction, clean names) (banking.Transaction, error) {
	var none banking.Transaction
	status := banking.Booked
	switch w.Status {
	case "Booked":
	case "Pending":
		status = banking.Pending
	case "Rejected":
		return none, nil
	default:
		return none, errShape
	}
	money, rounded, err := signed(w.Amount, w.Indicator)
	if err != nil {
		return none, err
	}
	day, err := r.bank.day(w.Booking)
	if err != nil {
		return none, err
	}
	if !r.query.Window.Contains(day) || len(r.query.Only) > 0 && !slices.Contains(r.query.Only, w.Account) || declined(w.Supplement) {
		return banking.Transaction{Money: money}, nil
	}
	credit := w.Indicator == "Credit"
	t := banking.Transaction{
		Account: banking.AccountRef{Bank: r.bank.ID(), ID: w.Account}, ID: identity(w.ID), Status: status, Day: day,
		Money: money, Rounded: rounded, Sort: sortOf(w, credit), MCC: category(w.Merchant.MCC), Text: text(w.Text),
	}
	switch {
	case w.Merchant.Name != "":
		t.Merchant = clean.of(text(w.Merchant.Name))
	case t.Sort == banking.Purchase || t.Sort == banking.Refund || t.Sort == banking.DirectDebit:
		t.Merchant = clean.of(t.Text)
	}
	if other := w.Creditor.Number; !credit {
		t.Counter = text(compact(other))
	} else {
		t.Counter = text(compact(w.Debtor.Number))
	}
	return t, nil
}

// day reads a date-time. Midnight in UTC is how banks write a day that has no time: it is that day, wherever the bank is.
func (b *Bank) day(s string) (banking.Date, error) {
	t, err := time.Parse(time.RFC3339, s)
	if err != nil || t.Year() < 1 || t.Year() > 9998 {
		return banking.Date{}, errShape
	}
	if _, offset := t.Zone(); offset == 0 && t.Hour() == 0 && t.Minute() == 0 && t.Second() == 0 && t.Nanosecond() == 0 {
		return banking.DateOf(t, time.UTC), nil
	}
	return banking.DateOf(t, b.zone), nil
}

// names remembers cleaned names within a list: people go to the same shops.
type names map[string]string

const maxNames = 512

func (n names) of(raw string) string {
	if name, ok := n[raw]; ok {
		return name
	}
	name := banking.CleanMerchant(raw)
	if len(n) < maxNames {
		n[raw] = name
	}
	return name
}

// identity is a row's id. One of nothing but blanks is none, and must not make two rows one.
func identity(id string) string {
	for _, r := range id {
		if r != ' ' {
			return id
		}
	}
	return ""
}

// category is a merchant category code of four digits; the standard allows three, without the leading zero.
func category(mcc string) string {
	if len(mcc) == 3 {
		mcc = "0" + mcc
	}
	if len(mcc) != 4 {
		return ""
	}
	for i := range len(mcc) {
		if mcc[i] < '0' || mcc[i] > '9' {
			return ""
		}
	}
	return mcc
}

func text(s string) string {
	if len(s) <= maxText {
		return s
	}
	for i := range s {
		if i > maxText {
			return s[:i]
		}
	}
	return s
}

// declined says whether supplementary data has Declined set, as one bank marks what it never took.
func declined(raw jsontext.Value) bool {
	if len(raw) == 0 || raw.Kind() != '{' {
		return false
	}
	var supplement struct {
		Declined jsontext.Value `json:"Declined"`
	}
	return json.Unmarshal(raw, &supplement) == nil && string(supplement.Declined) == "true"
}
