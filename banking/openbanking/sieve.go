package openbanking

import (
	"hash/maphash"

	"sotto/banking"
)

// maxOverlap bounds how many rows at the end of a page are compared with the beginning of the next.
const maxOverlap = 1000

// sieve lets every entry of a list through once. Lists are read without isolation: while pages are fetched, rows come in, and what stood at
// the end of one page stands at the beginning of the next as well.
//
// A row with an id is known by it, anywhere in the list. A row without one is dropped only in such an overlap: the last rows of a page,
// in order, are the first rows of the next, and something in them proves that they are the same rows and not twins: an id, or a
// running balance that real twins would have moved. Without proof both stay: two equal coffees are real, and a bank that gives
// neither ids nor balances is believed in what it lists.
//
// It keeps an 8-byte hash of each id and each row of two pages, drawn with a random seed, so that no bank can choose rows that meet.
type sieve struct {
	give func(banking.Transaction) error
	seed maphash.Seed
	seen map[uint64]struct{}
	rows int

	before, now []trace // of the page before and this one, at most maxOverlap each at the end
	starts      []int   // places in before from which this page may go on: it has matched so far
	best        int     // length of the longest overlap that is complete
	held        []heldRow
	open        bool // it is not yet known how far this page repeats the one before
}

// trace is what is kept of a row to know it again.
type trace struct {
	hash    uint64
	account uint64
	minor   int64
	sure    bool // it has an id
	running bool // it has a running balance
}

type heldRow struct {
	entry banking.Transaction
	id    uint64
}

func newSieve(give func(banking.Transaction) error) *sieve {
	return &sieve{give: give, seed: maphash.MakeSeed(), seen: map[uint64]struct{}{}}
}

// take takes in the next row; an entry without a status counts only as a neighbour.
func (s *sieve) take(w *wireTransaction, entry banking.Transaction) error {
	s.rows++
	p, id := s.fingerprint(w, entry)
	if len(s.now) >= 2*maxOverlap {
		s.now = append(s.now[:0], s.now[len(s.now)-maxOverlap:]...)
	}
	s.now = append(s.now, p)
	if !s.open {
		return s.pass(heldRow{entry, id})
	}
	s.held = append(s.held, heldRow{entry, id})
	s.match(p)
	if len(s.starts) > 0 {
		return nil
	}
	return s.settle()
}

// match keeps those starts that go on with p.
func (s *sieve) match(p trace) {
	n := len(s.held) - 1
	left := s.starts[:0]
	for _, start := range s.starts {
		switch {
		case s.before[start+n].hash != p.hash:
		case start+n == len(s.before)-1:
			s.best = max(s.best, n+1)
		default:
			left = append(left, start)
		}
	}
	s.starts = left
}

// settle lets go what was held, less what is proven to be a repetition.
func (s *sieve) settle() error {
	held, skip := s.held, 0
	if s.best > 0 && proven(s.before[len(s.before)-s.best:]) {
		skip = s.best
	}
	s.open, s.held, s.best, s.starts = false, nil, 0, s.starts[:0]
	for _, h := range held[skip:] {
		if err := s.pass(h); err != nil {
			return err
		}
	}
	return nil
}

// proven says whether rows that stand twice are one: one of them has an id, or they move a balance that has not moved.
func proven(rows []trace) bool {
	moved, without := map[uint64]int64{}, map[uint64]bool{}
	for _, p := range rows {
		if p.sure {
			return true
		}
		moved[p.account] += p.minor
		without[p.account] = without[p.account] || !p.running
	}
	for account, sum := range moved {
		if sum != 0 && !without[account] {
			return true
		}
	}
	return false
}

// pass gives an entry, unless its id was seen.
func (s *sieve) pass(h heldRow) error {
	if h.id != 0 {
		if _, again := s.seen[h.id]; again {
			return nil
		}
		s.seen[h.id] = struct{}{}
	}
	if h.entry.Status == "" {
		return nil
	}
	return s.give(h.entry)
}

// turn begins the next page.
func (s *sieve) turn() error {
	if err := s.end(); err != nil {
		return err
	}
	s.before, s.now = s.now, s.before[:0]
	if len(s.before) > maxOverlap {
		s.before = s.before[len(s.before)-maxOverlap:]
	}
	s.starts = s.starts[:0]
	for i := range s.before {
		s.starts = append(s.starts, i)
	}
	s.open = len(s.before) > 0
	return nil
}

// end lets go what is still held.
func (s *sieve) end() error {
	if !s.open {
		return nil
	}
	return s.settle()
}

// fingerprint hashes all that makes a row this row, and its id apart: an id may stand on a pending row and on the booked one that follows it.
func (s *sieve) fingerprint(w *wireTransaction, entry banking.Transaction) (trace, uint64) {
	var h maphash.Hash
	h.SetSeed(s.seed)
	mix := func(parts ...string) {
		for _, part := range parts {
			_, _ = h.WriteString(part) // a hash has no error
			_ = h.WriteByte(0)
		}
	}
	p := trace{minor: entry.Money.Minor, running: w.Running.Amount.Amount != "", sure: identity(w.ID) != ""}
	mix(w.Account)
	p.account = h.Sum64()
	mix(w.Status, w.ID)
	id := uint64(0)
	if p.sure {
		id = max(1, h.Sum64())
	}
	mix(w.Indicator, w.Booking, w.Value, w.Text, w.Amount.Amount, string(w.Amount.Currency), w.Code.Code, w.Code.SubCode, w.OwnCode.Code,
		w.Merchant.Name, w.Merchant.MCC, w.Creditor.Number, w.Debtor.Number, w.Running.Indicator, w.Running.Amount.Amount)
	p.hash = h.Sum64()
	return p, id
}
