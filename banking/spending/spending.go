// Package spending decides what counts as spending, in which period, and in which category.
//
// It sums entries as they arrive and keeps only counters. It knows nothing of how entries are fetched, of what is said
// aloud, or of who is asking.
package spending

import (
	"sotto/banking"
)

// Question is what is asked of a stream of entries.
type Question struct {
	Period   Period
	Category Category             // empty: all
	Merchant string               // empty: all; compared without case, accents, punctuation or processors' prefixes
	Accounts []banking.AccountRef // empty: all
	Today    banking.Date         // the present day in the bank's zone
}

// edge is how many days may lie between the two ends of a transfer.
const edge = 3

// Window gives the days whose entries a Counter needs: three more at each end of the period, where the other end of an own transfer
// may stand. Entries in them are never counted.
func (q Question) Window() banking.Window { return q.Period.Window().Widen(edge) }

// Reason is why money that moved is not in a total.
type Reason string

// The reasons. Each is said apart when it is not nothing.
const (
	OwnTransfer   Reason = "own transfer"
	CardRepayment Reason = "card repayment"
	Investment    Reason = "savings and investments"
	CashWithdrawn Reason = "cash"
	NotBooked     Reason = "pending"
)

// Exclusion is money out that was left out of a total, and why. Money is positive.
type Exclusion struct {
	Reason Reason
	Money  banking.Money
	Count  int
	About  bool // an amount in it was rounded
}

// Total is the spending in one currency. Currencies are never added together.
type Total struct {
	Spent      banking.Money              // booked debits less refunds; negative when more came back than went out
	Refunds    banking.Money              // what was netted, positive
	Count      int                        // entries in Spent, refunds included
	About      bool                       // an amount in it was rounded
	LeftOut    []Exclusion                // in the order of the reasons above; only what is not nothing
	ByCategory map[Category]banking.Money // only when no category was asked for
}

// Summary answers a Question.
type Summary struct {
	Period   Period
	Complete bool    // the period is over, so the total can only change by late bookings
	Totals   []Total // one per currency in which there was anything, the largest first by count; empty when nothing was found
}
