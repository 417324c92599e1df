package openbanking

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"sync/atomic"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"golang.org/x/sync/errgroup"

	"sotto/banking"
)

const (
	// maxBalances bounds the balances of one answer.
	maxBalances = 5000
	// atOnce bounds how many accounts are asked about at the same time.
	atOnce = 16
	// absent is how long it is remembered that a bank has no bulk endpoint.
	absent = 6 * time.Hour
)

// absence remembers that a bank has no such endpoint.
type absence struct{ until atomic.Int64 }

func (a *absence) holds(now time.Time) bool { return now.UnixNano() < a.until.Load() }
func (a *absence) note(now time.Time)       { a.until.Store(now.Add(absent).UnixNano()) }

type wireAmount struct {
	Amount   string           `json:"Amount"`
	Currency banking.Currency `json:"Currency"`
	SubType  string           `json:"SubType"`
}

type wireLine struct {
	Included bool        `json:"Included"` // "If not present, credit line is not included"
	Type     string      `json:"Type"`
	Amount   *wireAmount `json:"Amount"`
}

type wireBalance struct {
	Account   string     `json:"AccountId"`
	Indicator string     `json:"CreditDebitIndicator"`
	Type      string     `json:"Type"`
	At        string     `json:"DateTime"`
	Amount    wireAmount `json:"Amount"`
	Lines     []wireLine `json:"CreditLine"`
}

// Balances gives what stands on every account of the consent.
func (b *Bank) Balances(ctx context.Context, bearer banking.Bearer, d banking.Directory) ([]banking.Balance, error) {
	bulk := !b.noBulkBalances.holds(b.options.Now())
	if bulk {
		sheet, err := b.sheet(ctx, bearer, b.config.ResourceURL+"/balances", "")
		if err == nil {
			return b.choose(ctx, d, sheet)
		}
		if !errors.Is(err, errAbsent) {
			return nil, fmt.Errorf("balances at %s: %w", b.config.ID, err)
		}
	}
	accounts, err := d.Accounts(ctx)
	if err != nil {
		return nil, err
	}
	sheets := make([][]banking.Balance, len(accounts))
	errs := make([]error, len(accounts))
	var group errgroup.Group
	group.SetLimit(atOnce)
	for i, a := range accounts {
		group.Go(func() error {
			errs[i] = banking.Guard(func() error {
				sheet, err := b.sheet(ctx, bearer, b.config.ResourceURL+"/accounts/"+url.PathEscape(a.Ref.ID)+"/balances", a.Ref.ID)
				if err == nil {
					sheets[i], err = sheet.of(a)
				}
				return err
			})
			return nil // the other accounts are read all the same
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	if bulk && slices.Contains(errs, nil) { // a bank that finds nothing at all has some other trouble
		b.noBulkBalances.note(b.options.Now())
	}
	return b.partial(slices.Concat(sheets...), stillThere(ctx, d, accounts, errs))
}

// stillThere gives the failures that count. An account the bank refuses may have been closed since the directory was read: then its
// balance is not missing.
func stillThere(ctx context.Context, d banking.Directory, accounts []banking.Account, errs []error) []error {
	var failures []error
	var list []banking.Account
	for i, err := range errs {
		if err == nil {
			continue
		}
		if errors.Is(err, banking.ErrGarbled) || errors.Is(err, banking.ErrForbidden) {
			if list == nil {
				renewed, failed := d.Renew(ctx)
				if list = renewed; failed != nil {
					list = accounts
				}
			}
			if !slices.ContainsFunc(list, func(a banking.Account) bool { return a.Ref == accounts[i].Ref }) {
				continue
			}
		}
		failures = append(failures, err)
	}
	return failures
}

func (b *Bank) partial(list []banking.Balance, failures []error) ([]banking.Balance, error) {
	if len(failures) == 0 {
		return list, nil
	}
	return list, fmt.Errorf("balances at %s: %d missing: %w", b.config.ID, len(failures), errors.Join(failures[:min(len(failures), 3)]...))
}

// sheet is an answer's balances, by account.
type sheet map[string][]wireBalance

// sheet reads balances. only, where it is not empty, is the one account they must be of.
func (b *Bank) sheet(ctx context.Context, bearer banking.Bearer, target, only string) (sheet, error) {
	out, n := sheet{}, 0
	left := int64(maxList)
	cut, err := b.chain(ctx, bearer, target, "Balance", &left, func(d *jsontext.Decoder) error {
		var wire wireBalance
		if json.UnmarshalDecode(d, &wire) != nil || wire.Account == "" || len(wire.Account) > maxID || only != "" && wire.Account != only {
			return errShape
		}
		if n++; n > maxBalances {
			return fmt.Errorf("%w: balances", banking.ErrTooMuch)
		}
		out[wire.Account] = append(out[wire.Account], wire)
		return nil
	}, onward)
	if err == nil && cut {
		err = fmt.Errorf("%w: balances", banking.ErrTooMuch)
	}
	if err == nil && n == 0 {
		err = fmt.Errorf("%w: no balance at all", banking.ErrGarbled) // the schema has minItems 1
	}
	return out, err
}

// choose gives the balances of a bulk answer in the directory's order. Where the two do not name the same accounts, the directory is read
// anew, once: one may have been opened or closed since. An account that is not in it even then has no name and no kind, so its
// balance cannot be told right, and is missing. So is that of an account the answer says nothing about.
func (b *Bank) choose(ctx context.Context, d banking.Directory, s sheet) ([]banking.Balance, error) {
	accounts, err := d.Accounts(ctx)
	if err != nil {
		return nil, err
	}
	if found(accounts, s) < max(len(s), len(accounts)) {
		if renewed, err := d.Renew(ctx); err == nil {
			accounts = renewed
		}
	}
	var list []banking.Balance
	var failures []error
	for _, a := range accounts {
		of, err := s.of(a)
		if err != nil {
			failures = append(failures, err)
			continue
		}
		list = append(list, of...)
	}
	if found(accounts, s) < len(s) {
		failures = append(failures, fmt.Errorf("%w: a balance of no known account", banking.ErrGarbled))
	}
	return b.partial(list, failures)
}

// found counts the accounts that the sheet tells of.
func found(accounts []banking.Account, s sheet) int {
	n := 0
	for _, a := range accounts {
		if _, ok := s[a.Ref.ID]; ok {
			n++
		}
	}
	return n
}

// of gives the account's balances, one for each currency in it.
func (s sheet) of(a banking.Account) ([]banking.Balance, error) {
	var currencies []banking.Currency
	by := map[banking.Currency][]wireBalance{}
	for _, w := range s[a.Ref.ID] {
		if w.Amount.SubType == "LocalCurrency" {
			continue // the same money, told in another currency
		}
		if by[w.Amount.Currency] == nil {
			currencies = append(currencies, w.Amount.Currency)
		}
		by[w.Amount.Currency] = append(by[w.Amount.Currency], w)
	}
	var list []banking.Balance
	for _, c := range currencies {
		balance, err := own(a, by[c])
		if err != nil {
			return nil, err
		}
		list = append(list, balance)
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("%w: an account without a balance", banking.ErrGarbled)
	}
	return list, nil
}

// The types of balance that can be told, the best first. Expected and ForwardAvailable are about the future; Information is about nothing.
var (
	availableTypes = []string{"InterimAvailable", "ClosingAvailable", "OpeningAvailable"}
	bookedTypes    = []string{
		"InterimBooked", "InterimCleared", "ClosingBooked", "ClosingCleared", "PreviouslyClosedBooked", "OpeningBooked", "OpeningCleared",
	}
)

// own picks the balance that says what money is the customer's own: an available one less the credit line included in it; where there
// is none, or its credit line is not told, a booked one. On a card or loan an available one counts only with an included credit line
// in it, since else it is money that can be borrowed. Owed money is negative, as a Debit is.
func own(a banking.Account, list []wireBalance) (banking.Balance, error) {
	for _, kind := range availableTypes {
		w, ok := latest(list, kind)
		if !ok {
			continue
		}
		balance, whole, err := w.less(a)
		if err != nil || whole {
			return balance, err
		}
	}
	for _, kind := range bookedTypes {
		if w, ok := latest(list, kind); ok {
			balance, _, err := w.balance(a)
			return balance, err
		}
	}
	return banking.Balance{}, fmt.Errorf("%w: no balance of a kind that can be told", banking.ErrGarbled)
}

// latest is the youngest balance of a type.
func latest(list []wireBalance, kind string) (wireBalance, bool) {
	var best wireBalance
	var at time.Time
	found := false
	for _, w := range list {
		if w.Type != kind {
			continue
		}
		t, err := time.Parse(time.RFC3339, w.At)
		if !found || err == nil && t.After(at) {
			best, at, found = w, t, true
		}
	}
	return best, found
}

// balance reads the figure as it stands, with the credit lines' limits as overdraft, and says how much of them is included in it.
func (w wireBalance) balance(a banking.Account) (b banking.Balance, included banking.Money, err error) {
	b.Account = a
	if b.Money, b.Rounded, err = signed(w.Amount, w.Indicator); err != nil {
		return b, included, err
	}
	if b.At, err = time.Parse(time.RFC3339, w.At); err != nil {
		return b, included, errShape
	}
	included = banking.Money{Currency: b.Money.Currency}
	limit := included
	for _, line := range w.Lines {
		if line.Type == "Available" || line.Amount == nil || line.Amount.Currency != b.Money.Currency {
			continue
		}
		m, rounded, err := banking.ParseAmount(line.Amount.Amount, line.Amount.Currency)
		if err != nil {
			return b, included, errShape
		}
		b.Rounded = b.Rounded || rounded && line.Included
		if limit, err = limit.Add(m); err != nil {
			return b, included, errShape
		}
		if line.Included {
			if included, err = included.Add(m); err != nil {
				return b, included, errShape
			}
		}
	}
	if !limit.IsZero() {
		b.Overdraft = limit
	}
	return b, included, nil
}

// less reads an available balance without its credit line; whole is false where that cannot be done with what is told: a line
// is included whose amount is missing, in another currency, or only what is left of it.
func (w wireBalance) less(a banking.Account) (b banking.Balance, whole bool, err error) {
	told := !a.Kind.Owed()
	for _, line := range w.Lines {
		if !line.Included {
			continue
		}
		if line.Amount == nil || line.Amount.Currency != w.Amount.Currency {
			return b, false, nil
		}
		if line.Type != "Available" {
			told = true
			continue
		}
		if !slices.ContainsFunc(w.Lines, func(l wireLine) bool { return l.Included && l.Type != "Available" }) {
			return b, false, nil
		}
	}
	if !told {
		return b, false, nil
	}
	b, included, err := w.balance(a)
	if err != nil {
		return b, false, err
	}
	if b.Money, err = b.Money.Sub(included); err != nil {
		return b, false, errShape
	}
	return b, true, nil
}

// signed reads an amount and its sign, which the standard keeps apart. Without a sign there is no amount.
func signed(w wireAmount, indicator string) (banking.Money, bool, error) {
	m, rounded, err := banking.ParseAmount(w.Amount, w.Currency)
	if err != nil {
		return banking.Money{}, false, errShape
	}
	switch indicator {
	case "Credit":
		return m, rounded, nil
	case "Debit":
		if m, err = m.Neg(); err != nil {
			return banking.Money{}, false, errShape
		}
		return m, rounded, nil
	}
	return banking.Money{}, false, errShape
}
