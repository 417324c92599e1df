package mockbank

import (
	"math/rand/v2"
	"time"
)

// writer writes a customer's life into his books, one day at a time. A day is
// drawn from the seed and the date, and from what is in the books by then, never
// from now.
type writer struct {
	seed  int64
	key   uint64
	books []*book
	start time.Time // rows before it only move the opening balance
	today time.Time

	day time.Time
	seq uint64
	rng *rand.Rand
}

// between draws a minor amount from lo to hi.
func (w *writer) between(lo, hi int64) int64 { return lo + w.rng.Int64N(hi-lo+1) }

// chance is true in so many of a hundred cases.
func (w *writer) chance(percent int) bool { return w.rng.IntN(100) < percent }

// pick draws one of the shops.
func (w *writer) pick(of ...*merchant) *merchant { return of[w.rng.IntN(len(of))] }

// note writes a row into a book. Rows that have vanished for good are dropped,
// booked ones before the window are added to the opening balance.
func (w *writer) note(b *book, r row) {
	r.ordinal = dayNumber(w.day)<<20 | w.seq<<4
	w.seq++
	if r.status == "" {
		r.status = statusBooked
	}
	if r.appears.IsZero() {
		r.appears = r.when
	}
	if r.merchant != nil {
		if r.shop == "" {
			r.shop = r.merchant.shop
		}
		if r.text == "" {
			r.text = r.merchant.text
		}
		if r.category == "" {
			r.category = r.merchant.category
		}
	}
	if r.status == statusBooked {
		b.money += fromMinor(r.amount.minor(b.Currency), b.Currency)
	}
	switch {
	case !r.vanishes.IsZero() && !r.vanishes.After(w.today):
	case r.when.Before(w.start):
		if r.status == statusBooked {
			b.opening += fromMinor(r.amount.minor(b.Currency), b.Currency)
		}
	default:
		b.rows = append(b.rows, r)
	}
}

// dated writes a row of the day without a time.
func (w *writer) dated(b *book, kind Kind, minor int64, r row) {
	r.kind, r.amount, r.when, r.dateOnly = kind, fromMinor(minor, b.Currency), w.day, true
	w.note(b, r)
}

// pay writes a purchase that is booked at once, with its time.
func (w *writer) pay(b *book, m *merchant, minor int64, when time.Time, r row) {
	r.kind, r.amount, r.when, r.merchant = Purchase, -fromMinor(minor, b.Currency), when, m
	w.note(b, r)
}

// paySlowly writes a purchase that is pending from when on, and booked on the
// next banking day under another id, with another text and, where held differs
// from minor, another amount.
func (w *writer) paySlowly(b *book, m *merchant, held, minor int64, when time.Time, r row) {
	booking := nextBanking(w.day)
	p := r
	p.kind, p.amount, p.status, p.merchant = Purchase, -fromMinor(held, b.Currency), statusPending, m
	p.when, p.appears, p.vanishes = when, when, booking
	if b.SubType == "CreditCard" { // this side of the bank gives the day it expects to book
		p.when, p.dateOnly = booking, true
	}
	p.text, p.noID = "PENDING "+m.text, false
	w.note(b, p)
	r.kind, r.amount, r.merchant = Purchase, -fromMinor(minor, b.Currency), m
	r.when, r.dateOnly, r.value = booking, true, when
	w.note(b, r)
}

// transfer moves money between two books of the customer on the day. Where the
// currencies differ, out leaves the one and in reaches the other.
func (w *writer) transfer(from, to *book, out, in int64, text string, fx *exchange) {
	w.note(from, row{
		kind: OwnTransfer, amount: -fromMinor(out, from.Currency), when: at(w.day, 9, 5), text: text, fx: fx,
		party: &party{to.Scheme, to.Number, to.Holders[0]},
	})
	w.note(to, row{
		kind: OwnTransfer, amount: fromMinor(in, to.Currency), when: at(w.day, 9, 5), text: text, fx: fx,
		party: &party{from.Scheme, from.Number, from.Holders[0]},
	})
}

// twins writes two equal purchases of the same minute, which both are real and
// have no id.
func (w *writer) twins(b *book, m *merchant, minor int64, when time.Time) {
	for range 2 {
		w.pay(b, m, minor, when, row{noID: true})
	}
}
