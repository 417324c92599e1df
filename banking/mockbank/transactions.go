package mockbank

import (
	"net/http"
	"net/url"
	"regexp"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// selection is which rows a request is for: those of a consent, between dates.
type selection struct {
	from, to time.Time // booking, both inclusive; zero: none
	consent  consent
	now      time.Time
	zone     *time.Location
	rawFrom  string
	rawTo    string
}

// readTransactions answers /transactions and /accounts/{AccountId}/transactions,
// account by account, newest first.
func (a *albion) readTransactions(w http.ResponseWriter, r *http.Request, c call) {
	now := a.now()
	books, ok := a.consented(w, c, now, "ReadTransactionsBasic", "ReadTransactionsDetail")
	if !ok {
		return
	}
	sel := selection{consent: c.holder.consent, now: now, zone: a.zone}
	query := r.URL.Query()
	place, wrong := a.placeOf(query, c, &sel)
	if wrong != nil {
		refuse(w, http.StatusBadRequest, wrong.code, wrong.message, wrong.path)
		return
	}
	rows, last, more := sel.page(books, place, a.opts.PageSize)
	out := envelope[wireTransactions]{
		Data:  wireTransactions{Transaction: rows},
		Links: links{Self: a.self(r)}, Meta: sel.available(),
	}
	if more {
		last.Scope, last.Consent, last.From, last.To = c.id, sel.consent.ID, sel.rawFrom, sel.rawTo
		out.Links.Next = a.opts.BaseURL + r.URL.Path + "?" + cursorName + "=" + a.seal(last)
	}
	writeJSON(w, http.StatusOK, out)
}

// placeOf reads where a page begins: at the newest row of the dates asked for,
// or where the cursor says.
func (a *albion) placeOf(query url.Values, c call, sel *selection) (*cursor, *fault) {
	var place *cursor
	sel.rawFrom, sel.rawTo = query.Get("fromBookingDateTime"), query.Get("toBookingDateTime")
	if raw := query.Get(cursorName); raw != "" {
		opened, ok := a.open(raw)
		if !ok || opened.Scope != c.id || opened.Consent != sel.consent.ID || sel.rawFrom+sel.rawTo != "" {
			return nil, &fault{codeFieldInvalid, "The page is not one of this list", cursorName}
		}
		place, sel.rawFrom, sel.rawTo = opened, opened.From, opened.To
	}
	var ok bool
	if sel.from, ok = bankDate(sel.rawFrom, a.zone); !ok {
		return nil, &fault{codeFieldDate, "The date cannot be read", "fromBookingDateTime"}
	}
	if sel.to, ok = bankDate(sel.rawTo, a.zone); !ok {
		return nil, &fault{codeFieldDate, "The date cannot be read", "toBookingDateTime"}
	}
	return place, nil
}

// filterForm is a date, or a date and time, with an offset that is ignored. A
// plus sign that came as a space in a query is one.
var filterForm = regexp.MustCompile(`^(\d{4}-\d{2}-\d{2})(?:T(\d{2}:\d{2}:\d{2})(?:\.\d{1,9})?(?:Z|[+\- ]\d{2}:?\d{2})?)?$`)

// bankDate reads a filter in the bank's zone. Empty is no filter.
func bankDate(raw string, zone *time.Location) (time.Time, bool) {
	if raw == "" {
		return time.Time{}, true
	}
	m := filterForm.FindStringSubmatch(raw)
	if m == nil {
		return time.Time{}, false
	}
	if m[2] == "" {
		m[2] = "00:00:00"
	}
	t, err := time.ParseInLocation("2006-01-02T15:04:05", m[1]+"T"+m[2], zone)
	return t, err == nil
}

// has says whether a row belongs to the selection.
func (s *selection) has(r *row) bool {
	return r.shown(s.now) && s.mayShow(r) && s.within(r.when)
}

// mayShow applies Credits and Debits. A permission for one side carries what
// reverses it, too: a refund belongs to the debits.
func (s *selection) mayShow(r *row) bool {
	if r.amount < 0 || r.kind == Refund {
		if s.consent.may("ReadTransactionsDebits") {
			return true
		}
	}
	return r.amount >= 0 && s.consent.may("ReadTransactionsCredits")
}

func (s *selection) within(when time.Time) bool {
	if from, err := time.Parse(time.RFC3339, s.consent.From); err == nil && when.Before(from) {
		return false
	}
	if to, err := time.Parse(time.RFC3339, s.consent.To); err == nil && when.After(to) {
		return false
	}
	return !when.Before(s.from) && (s.to.IsZero() || !when.After(s.to))
}

// available says from when to when the client can see anything at all.
func (s *selection) available() meta {
	first, last := windowStart(s.now, s.zone), s.now
	if from, err := time.Parse(time.RFC3339, s.consent.From); err == nil && from.After(first) {
		first = from
	}
	if to, err := time.Parse(time.RFC3339, s.consent.To); err == nil && to.Before(last) {
		last = to
	}
	return meta{First: wireTime(first.In(s.zone)), Last: wireTime(last.In(s.zone))}
}

// page collects up to size rows from place on, and says whether there are more
// and where they begin. The next page begins with the last row of this one where
// that has an id: nothing is missed when rows come in between, and a client has
// to know a row it has seen.
func (s *selection) page(books []*book, place *cursor, size int) ([]wireTransaction, cursor, bool) {
	out := make([]wireTransaction, 0, size)
	var last cursor
	detail := s.consent.may("ReadTransactionsDetail")
	reached := place == nil
	for _, b := range books {
		if !reached && b.ID != place.Account {
			continue
		}
		i := b.len() - 1
		if !s.to.IsZero() {
			i = b.find(s.to.Add(1), 0) - 1
		}
		if !reached {
			i = b.find(time.Unix(0, place.When), place.Ordinal)
			if !place.Again {
				i--
			}
			reached = true
		}
		for i = min(i, b.len()-1); i >= 0; i-- {
			r := b.at(i)
			if r.when.Before(s.from) {
				break
			}
			if !s.has(&r) {
				continue
			}
			if len(out) == size {
				return out, last, true
			}
			out = append(out, b.wireRow(&r, detail, s.consent))
			last = cursor{Account: b.ID, When: r.when.UnixNano(), Ordinal: r.ordinal, Again: !r.noID}
		}
	}
	return out, last, false
}

// wireRow writes a row. detail adds what only ReadTransactionsDetail may see.
func (b *book) wireRow(r *row, detail bool, c consent) wireTransaction {
	out := wireTransaction{
		Account: b.ID, Indicator: indicator(r.amount), Status: r.status, Booking: r.wireWhen(),
		Amount: amountOf(r.amount, b.Currency, r.five),
	}
	if !r.noID {
		out.ID = b.transactionID(r)
	}
	if r.status != statusRejected {
		out.Mutability = "Immutable"
		if r.status == statusPending || r.mutable {
			out.Mutability = "Mutable"
		}
	}
	if !r.value.IsZero() {
		out.Value = wireTime(r.value)
	}
	if r.fx != nil {
		out.Exchange = &wireExchange{
			Source: r.fx.source, Target: r.fx.target, Unit: r.fx.source, Rate: jsontext.Value(r.fx.rate),
		}
		if r.fx.instructed != 0 {
			told := amountOf(r.fx.instructed, r.fx.source, false)
			out.Exchange.Instructed = &told
		}
	}
	out.Code, out.OwnCode = b.codes(r)
	if b.SubType == "CreditCard" {
		out.Card = &wireCard{Scheme: "VISA", Number: b.number(c)}
	}
	if detail {
		b.addDetail(&out, r)
	}
	return out
}

func (b *book) addDetail(out *wireTransaction, r *row) {
	out.Text = r.text
	if r.merchant != nil {
		out.Merchant = &wireMerchant{Name: r.shop, MCC: r.merchant.mcc}
	}
	if r.status == statusBooked {
		out.Running = &wireRunning{
			Indicator: indicator(r.balance), Type: booked, Amount: amountOf(r.balance, b.Currency, false),
		}
	}
	if p := r.party; p != nil {
		side := &wireParty{Scheme: p.scheme, Number: p.number, Name: p.name}
		if r.amount < 0 {
			out.Creditor = side
		} else {
			out.Debtor = side
		}
	}
}

// wireWhen writes the booking. A day without a time is midnight in UTC; a time
// has London's offset, or is in UTC, as the row's system of origin had it.
func (r *row) wireWhen() string {
	switch {
	case r.dateOnly:
		return wireDate(r.when)
	case r.utc:
		return wireTime(r.when.UTC())
	default:
		return wireTime(r.when)
	}
}
