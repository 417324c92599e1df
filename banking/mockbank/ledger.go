package mockbank

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"sort"
	"sync"
	"time"
)

// row is one line of an account as the bank keeps it.
type row struct {
	ordinal  uint64 // of all rows of the customer; the same whatever now is
	kind     Kind
	status   string
	amount   units
	when     time.Time // booking, in the bank's zone; midnight when dateOnly
	appears  time.Time // from when on the row is shown
	vanishes time.Time // from when on it is not; zero: it stays
	value    time.Time // value date; zero: none
	balance  units     // running, after a booked row
	merchant *merchant
	shop     string // the merchant's name as this row gives it
	text     string
	party    *party
	fx       *exchange
	category string

	dateOnly bool // the bank has no time: midnight+00:00 on the wire
	utc      bool // the bank writes this one in UTC
	noID     bool // no TransactionId on the wire
	five     bool // five decimals on the wire
	mutable  bool // booked, and may still change
}

// party is the other side of a payment.
type party struct{ scheme, number, name string }

// exchange is what a foreign purchase or transfer was in its own currency.
// rate is the price of one unit of source in target.
type exchange struct {
	source, target, rate string
	instructed           units // 0: not told
}

// book is one account with its rows, oldest first.
type book struct {
	Account
	opening units // balance before the first row kept
	rows    []row
	size    int             // number of rows when computed is set
	compute func(i int) row // rows that are worked out as they are read
	money   units           // while it is written: all booked so far
}

func (b *book) len() int {
	if b.compute != nil {
		return b.size
	}
	return len(b.rows)
}

func (b *book) at(i int) row {
	if b.compute != nil {
		return b.compute(i)
	}
	return b.rows[i]
}

// shown says whether a row is to be seen at now.
func (r *row) shown(now time.Time) bool {
	return !r.appears.After(now) && (r.vanishes.IsZero() || now.Before(r.vanishes))
}

// before is the order of rows: by booking, then as they were written.
func (r *row) before(when time.Time, ordinal uint64) bool {
	if c := r.when.Compare(when); c != 0 {
		return c < 0
	}
	return r.ordinal < ordinal
}

// find is the number of rows before (when, ordinal).
func (b *book) find(when time.Time, ordinal uint64) int {
	return sort.Search(b.len(), func(i int) bool {
		r := b.at(i)
		return !r.before(when, ordinal)
	})
}

// booked is the balance of all booked rows up to now.
func (b *book) booked(now time.Time) units {
	for i := b.find(now.Add(1), 0) - 1; i >= 0; i-- {
		if r := b.at(i); r.status == statusBooked {
			return r.balance
		}
	}
	return b.opening
}

// pending is the sum of what is authorised but not booked at now.
func (b *book) pending(now time.Time) units {
	var sum units
	for i := b.len() - 1; i >= 0; i-- {
		r := b.at(i)
		if r.when.Before(now.AddDate(0, 0, -10)) {
			break
		}
		if r.status == statusPending && r.shown(now) {
			sum += r.amount
		}
	}
	return sum
}

// ledger is all books of one customer as written on one day.
type ledger struct {
	day   time.Time
	books []*book
}

// ledgers writes and keeps the customers' ledgers.
type ledgers struct {
	seed int64
	zone *time.Location
	long int

	mu     sync.Mutex
	cached map[string]*ledger
	people map[string][]Account
}

func newLedgers(seed int64, zone *time.Location, long int) *ledgers {
	l := &ledgers{seed: seed, zone: zone, long: long, cached: make(map[string]*ledger), people: make(map[string][]Account)}
	for _, name := range usernames(long > 0) {
		l.people[name] = openAccounts(seed, zone, name)
	}
	return l
}

// accounts gives a customer's accounts; nil for nobody.
func (l *ledgers) accounts(username string) []Account { return l.people[username] }

// books gives a customer's books as of now. They are written anew when the day
// has changed; within a day, what is shown depends on now alone.
func (l *ledgers) books(username string, now time.Time) []*book {
	day := midnight(now, l.zone)
	l.mu.Lock()
	defer l.mu.Unlock()
	if kept, ok := l.cached[username]; ok && kept.day.Equal(day) {
		return kept.books
	}
	fresh := &ledger{day: day, books: l.write(username, now)}
	l.cached[username] = fresh
	return fresh.books
}

func (l *ledgers) write(username string, now time.Time) []*book {
	var books []*book
	for _, a := range l.people[username] {
		books = append(books, &book{Account: a})
	}
	if username == longCustomer {
		for _, b := range books {
			b.writeLong(l.long, l.seed, now, l.zone)
		}
		return books
	}
	w := &writer{
		seed: l.seed, key: mix(uint64(l.seed) ^ nameKey(username)), books: books, //nolint:gosec // G115: any bits will do
		start: windowStart(now, l.zone), today: midnight(now, l.zone),
	}
	if live, ok := lives()[username]; ok {
		days(now, l.zone, func(day time.Time) {
			w.day, w.seq = day, 0
			w.rng = rand.New(rand.NewPCG(w.key, dayNumber(day))) //nolint:gosec // G404: histories have to be repeatable
			live(w)
		})
	}
	for _, b := range books {
		b.settle()
	}
	return books
}

// settle puts the rows in order and works out the running balances.
func (b *book) settle() {
	slices.SortFunc(b.rows, func(x, y row) int {
		if c := x.when.Compare(y.when); c != 0 {
			return c
		}
		return cmp.Compare(x.ordinal, y.ordinal)
	})
	sum := b.opening
	for i := range b.rows {
		if b.rows[i].status == statusBooked {
			sum += fromMinor(b.rows[i].amount.minor(b.Currency), b.Currency)
			b.rows[i].balance = sum
		}
	}
	b.rows = slices.Clip(b.rows)
}

func dayNumber(day time.Time) uint64 {
	y, m, d := day.Date()
	return uint64(time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Unix() / 86400) //nolint:gosec // G115: after 1970
}

// mix is SplitMix64: one-to-one, so different rows get different ids.
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9
	x = (x ^ (x >> 27)) * 0x94d049bb133111eb
	return x ^ (x >> 31)
}

func nameKey(name string) uint64 {
	key := uint64(14695981039346656037)
	for _, c := range []byte(name) {
		key = (key ^ uint64(c)) * 1099511628211
	}
	return key
}

// transactionID is the name of a row on the wire.
func (b *book) transactionID(r *row) string {
	return fmt.Sprintf("%016x", mix(r.ordinal^b.key))
}
