package spending

import (
	"fmt"
	"hash/maphash"
	"math"
	"slices"
	"strings"

	"sotto/banking"
)

// maxHeld bounds what a counter keeps of entries, at most about 8 MB: ids as hashes, and what may be a transfer or is pending.
const maxHeld = 400_000

// Counter answers a Question from a stream of entries, in whatever order they come. It keeps counters, an 8-byte hash of each id
// and 16 bytes of each entry that may be an own transfer, and no text of any entry. A Counter is for one goroutine at a time.
type Counter struct {
	question Question
	window   banking.Window
	accounts *accounts
	names    *names
	booked   map[uint64]struct{} // ids of booked entries
	legs     []leg
	waiting  []waiting
	tallies  map[column]*tally
	moved    []moved // by place of the currency
	byCode   map[banking.Currency]uint8
	err      error
}

// column is where an entry is counted: accounts apart, so that a bank can be left out afterwards.
type column struct{ account, currency uint8 }

// moved is all that went in or out in a currency, to know that no sum overflows.
type moved struct {
	currency banking.Currency
	minor    int64
}

// waiting is a pending entry: until all is read, nobody knows whether it is not booked as well.
type waiting struct {
	leg
	id uint64 // zero where it has none
}

// NewCounter makes a counter for q. The own accounts are all the customer has linked, those not asked about included: money that
// moved among them is not spent.
func NewCounter(q Question, own []banking.Account) *Counter {
	c := &Counter{
		question: q, window: q.Window(), names: newNames(q.Merchant), booked: map[uint64]struct{}{},
		tallies: map[column]*tally{}, byCode: map[banking.Currency]uint8{},
	}
	c.accounts, c.err = newAccounts(own, q.Accounts)
	if c.err == nil && !q.Period.valid() {
		c.err = ErrPeriod
	}
	return c
}

// Add takes in one entry. It wants those of all own accounts in Question.Window: of accounts and days that are not asked about it
// only learns which entries are own transfers. An entry with an id it has seen on the account is dropped, so pages may
// overlap; one without an id is always a new one, since two equal coffees are real.
//
// The errors are ErrPeriod, banking.ErrCurrency, banking.ErrOverflow (a sum does not fit), banking.ErrGarbled (an entry
// without a day) and banking.ErrTooMuch (more accounts or entries than a counter holds). After an error there is no sum: every
// further Add gives the same error, and Summary has no totals.
func (c *Counter) Add(t banking.Transaction) error {
	if c.err == nil {
		c.err = c.add(t)
	}
	return c.err
}

func (c *Counter) add(t banking.Transaction) error {
	switch {
	case t.Day.IsZero():
		return fmt.Errorf("count entries: %w", banking.ErrGarbled)
	case t.Status != banking.Booked && t.Status != banking.Pending, !c.window.Contains(t.Day), t.Money.Minor == 0:
		return nil
	}
	at, err := c.accounts.find(t.Account, false)
	if err != nil {
		return fmt.Errorf("count entries: %w", err)
	}
	if c.accounts.list[at].again {
		return nil
	}
	id := c.id(at, t.ID)
	if t.Status == banking.Booked && id != 0 {
		if _, seen := c.booked[id]; seen {
			return nil
		}
		c.booked[id] = struct{}{}
	}
	if len(c.booked)+len(c.legs)+len(c.waiting) > maxHeld {
		return fmt.Errorf("count entries: %w", banking.ErrTooMuch)
	}
	in, err := c.weigh(t.Money)
	if err != nil {
		return fmt.Errorf("count entries: %w", err)
	}
	sums := c.tallies[column{at, in}]
	if sums == nil {
		sums = &tally{}
		c.tallies[column{at, in}] = sums
	}
	c.sortOut(t, sums, at, in, id)
	return nil
}

// id gives the hash of an entry's id on its account, zero where it has none. Each account has its own seed, drawn at random,
// so that a bank cannot choose ids that meet; by chance two of 100,000 meet once in a thousand million questions.
func (c *Counter) id(at uint8, id string) uint64 {
	if strings.TrimSpace(id) == "" {
		return 0
	}
	return max(1, maphash.String(c.accounts.list[at].seed, id))
}

// weigh gives the place of a currency, having made sure that this amount still fits: no sum of a currency can be larger than all that
// moved in it.
func (c *Counter) weigh(m banking.Money) (uint8, error) {
	at, known := c.byCode[m.Currency]
	if !known {
		if _, err := m.Currency.Exponent(); err != nil {
			return 0, err
		}
		if len(c.moved) > math.MaxUint8 {
			return 0, banking.ErrTooMuch
		}
		at = uint8(len(c.moved)) //nolint:gosec // just checked
		c.byCode[m.Currency] = at
		c.moved = append(c.moved, moved{currency: m.Currency})
	}
	all := &c.moved[at].minor
	if m.Minor == math.MinInt64 || magnitude(m.Minor) > math.MaxInt64-*all {
		return 0, banking.ErrOverflow
	}
	*all += magnitude(m.Minor)
	return at, nil
}

// sortOut decides what an entry is: spent, refunded, left out, or not to be decided before all has been read.
func (c *Counter) sortOut(t banking.Transaction, sums *tally, at, in uint8, id uint64) {
	owed := c.accounts.list[at].kind.Owed()
	to, own, foreigner := c.accounts.other(at, t.Counter)
	category, isCounted := c.counts(t, at)
	out, refund := t.Money.Minor < 0, isRefund(t, own, owed)
	unbooked := t.Status == banking.Pending || !c.question.Today.IsZero() && t.Day.After(c.question.Today)

	l := leg{minor: t.Money.Minor, currency: in, account: at, day: uint16(t.Day.Sub(c.window.From))} //nolint:gosec // a decade at most
	// Of other money that came in nothing is counted, so that equal credits are alike.
	if out || refund {
		l.category = places[category]
		l.marks |= when(isCounted, counted) | when(t.Rounded, rounded)
	}
	how, moving := moves(t, own, foreigner, owed)
	switch {
	case out && category == investment:
		if isCounted && !unbooked {
			sums.leaveOut(Investment, l)
		}
		return
	case out && (own || t.Sort == banking.Repayment):
		if isCounted && !unbooked {
			sums.leaveOut(reasonFor(!own || c.accounts.list[to].kind == banking.Card), l)
		}
		l.marks |= how | settled
	case moving && !refund:
		l.marks |= how
	case !out && (!refund || unbooked):
		return // income, or a refund that may still not come
	case unbooked:
		l.marks |= alone
	default:
		if isCounted {
			c.charge(sums, l)
		}
		return
	}
	if !unbooked {
		c.legs = append(c.legs, l)
		return
	}
	l.marks |= pending
	if t.Status == banking.Booked {
		id = 0 // it is known not to be here twice
	}
	c.waiting = append(c.waiting, waiting{l, id})
}

// charge counts an entry that is no transfer: as spent or refunded, or as cash, which is told apart unless it was asked for.
func (c *Counter) charge(sums *tally, l leg) {
	if categories[l.category] == Cash && c.question.Category != Cash {
		sums.leaveOut(CashWithdrawn, l)
		return
	}
	sums.spend(l)
}

func reasonFor(card bool) Reason {
	if card {
		return CardRepayment
	}
	return OwnTransfer
}

// counts gives the category of an entry and says whether it is within the question.
func (c *Counter) counts(t banking.Transaction, at uint8) (Category, bool) {
	if !c.question.Period.Window().Contains(t.Day) || !c.accounts.list[at].asked {
		return Other, false
	}
	category, certain := bySort(t)
	if !certain || c.question.Merchant != "" {
		v := c.names.of(t)
		if !certain {
			category = v.category
		}
		if c.question.Merchant != "" && !v.matches {
			return category, false
		}
	}
	return category, c.question.Category == "" || c.question.Category == category
}

// isRefund says whether money that came in takes back a spending: what the bank calls a refund, what came from a merchant, a fee
// or direct debit taken back. Salary, transfers, interest, what repays a card, what a wallet or wire brings, and what comes
// back of savings or cash are no refunds.
func isRefund(t banking.Transaction, own, owed bool) bool {
	category, known := byMCC(t.MCC)
	if t.Money.Minor < 0 || own || category == Cash || category == investment || sendsMoney(t.MCC) {
		return false
	}
	switch t.Sort {
	case banking.Refund, banking.Purchase, banking.Fee:
		return true
	case banking.DirectDebit:
		return !owed
	case banking.Unknown:
		return known
	default:
		return false
	}
}

// Summary gives the answer, once all entries have been added without an error. The entries of the banks named are left out as if they
// had never been added, for banks that broke off when some had been.
func (c *Counter) Summary(without ...banking.BankID) Summary {
	s := Summary{Period: c.question.Period, Complete: c.question.Period.Complete(c.question.Today)}
	if c.err != nil {
		return s
	}
	tallies := make([]tally, len(c.moved))
	for at, t := range c.tallies {
		if !c.accounts.of(at.account, without) {
			tallies[at.currency].join(t)
		}
	}
	pair(c.held(without), c.accounts.list, func(debit leg, to uint8, matched bool) {
		sums := &tallies[debit.currency]
		switch {
		case !debit.marks.has(counted) || debit.marks.has(settled) || matched && debit.marks.has(pending):
		case matched:
			sums.leaveOut(reasonFor(c.accounts.list[to].kind == banking.Card), debit)
		case debit.marks.has(pending):
			sums.leaveOut(NotBooked, debit)
		default:
			c.charge(sums, debit)
		}
	})
	for i := range tallies {
		if total, any := tallies[i].total(c.moved[i].currency, c.question.Category == ""); any {
			s.Totals = append(s.Totals, total)
		}
	}
	slices.SortFunc(s.Totals, byCount)
	return s
}

// held gives the legs of the accounts that are not left out, with those pending entries that stand nowhere as booked, each once.
func (c *Counter) held(without []banking.BankID) []leg {
	if len(c.waiting) == 0 && len(without) == 0 {
		return c.legs
	}
	all := make([]leg, 0, len(c.legs)+len(c.waiting))
	for _, l := range c.legs {
		if !c.accounts.of(l.account, without) {
			all = append(all, l)
		}
	}
	seen := map[uint64]struct{}{}
	for _, w := range c.waiting {
		if c.accounts.of(w.account, without) {
			continue
		}
		if w.id != 0 {
			_, isBooked := c.booked[w.id]
			_, isSeen := seen[w.id]
			if isBooked || isSeen {
				continue
			}
			seen[w.id] = struct{}{}
		}
		all = append(all, w.leg)
	}
	return all
}
