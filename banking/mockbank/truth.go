package mockbank

import (
	"slices"
	"time"
)

// Kind is what an entry really is, whatever the wire shows of it.
type Kind string

// The kinds of entries.
const (
	Salary        Kind = "salary"         // income from work
	PaymentIn     Kind = "payment in"     // from another person
	PaymentOut    Kind = "payment out"    // to another person
	Purchase      Kind = "purchase"       // by card, a bill, rent, a subscription
	Refund        Kind = "refund"         // of a purchase
	Cash          Kind = "cash"           // withdrawn from a machine
	Fee           Kind = "fee"            // the bank's own charges
	InterestPaid  Kind = "interest paid"  // for being overdrawn
	InterestMade  Kind = "interest made"  // on savings
	OwnTransfer   Kind = "own transfer"   // between accounts of the customer
	CardRepayment Kind = "card repayment" // both sides of it
	Investment    Kind = "investment"     // savings and investments elsewhere, MCC 6211
)

// The states of an entry on the wire.
const (
	statusBooked   = "Booked"
	statusPending  = "Pending"
	statusRejected = "Rejected"
)

// Account is what is true of an account.
type Account struct {
	// ID is the AccountId on the wire.
	ID string
	// Nickname may be empty, and two accounts of a customer may share one.
	Nickname string
	// SubType is CurrentAccount, Savings or CreditCard.
	SubType string
	// Currency is an ISO 4217 code.
	Currency string
	// Scheme and Number identify it: UK.OBIE.SortCodeAccountNumber (14 digits),
	// UK.OBIE.IBAN or UK.OBIE.PAN (all digits).
	Scheme, Number string
	// Holders are the names on the account.
	Holders []string
	// Limit is the overdraft or the credit limit in minor units, 0 for none.
	Limit int64
	// LimitIncluded says whether the available balance has the limit in it.
	LimitIncluded bool
	// Opened is the day it was opened.
	Opened time.Time

	key   uint64
	types []string // balance types it offers
}

// Entry is what is true of one row.
type Entry struct {
	// Account and ID name it on the wire; ID is empty where the bank gives none.
	Account, ID string
	// Status is Booked, Pending or Rejected.
	Status string
	// Kind says what it is.
	Kind Kind
	// Minor is the amount in minor units, rounded half to even; negative is
	// money out of the account.
	Minor int64
	// Exact is false where the wire has more digits than the currency.
	Exact bool
	// Currency is the account's.
	Currency string
	// When is the booking in the bank's zone. Where the bank knows no time it is
	// the midnight at which that day begins, and DateOnly is set.
	When     time.Time
	DateOnly bool
	// Merchant is the name of the shop as a person would say it, MCC its
	// category code; both empty where there is none.
	Merchant, MCC string
	// Text is the statement's text.
	Text string
	// Category is one of the spending categories for purchases, refunds, fees
	// and interest paid, otherwise empty.
	Category string
}

// Position is what is true of an account's balance now, in minor units.
type Position struct {
	// Booked is the sum of all booked entries; a card's is negative when money
	// is owed.
	Booked int64
	// Pending is the sum of what is authorised and not booked.
	Pending int64
	// Own is Booked and Pending together: the customer's own money, without
	// any limit.
	Own int64
}

// Usernames gives the customers this bank has without LongHistory.
func Usernames() []string { return usernames(false) }

// Accounts gives the accounts of a customer, in the order the bank lists them;
// nil for nobody.
func (s *Server) Accounts(username string) []Account {
	return slices.Clone(s.albion.ledgers.accounts(username))
}

// Entries gives the rows of a customer that are to be seen now and have When in
// [from, to): account by account, oldest first. Zero bounds mean none.
func (s *Server) Entries(username string, from, to time.Time) []Entry {
	now := s.albion.now()
	var out []Entry
	for _, b := range s.albion.ledgers.books(username, now) {
		for i := range b.len() {
			r := b.at(i)
			if !r.shown(now) || r.when.Before(from) || (!to.IsZero() && !r.when.Before(to)) {
				continue
			}
			out = append(out, b.entry(&r))
		}
	}
	return out
}

// Position gives the balance of an account now, and false for no account.
func (s *Server) Position(accountID string) (Position, bool) {
	now := s.albion.now()
	for _, name := range usernames(s.albion.opts.LongHistory > 0) {
		for _, b := range s.albion.ledgers.books(name, now) {
			if b.ID == accountID {
				booked, pending := b.booked(now), b.pending(now)
				return Position{
					Booked: booked.minor(b.Currency), Pending: pending.minor(b.Currency),
					Own: (booked + pending).minor(b.Currency),
				}, true
			}
		}
	}
	return Position{}, false
}

func (b *book) entry(r *row) Entry {
	e := Entry{
		Account: b.ID, ID: b.transactionID(r), Status: r.status, Kind: r.kind,
		Minor: r.amount.minor(b.Currency), Exact: r.amount.exact(b.Currency), Currency: b.Currency,
		When: r.when, DateOnly: r.dateOnly, Text: r.text, Category: r.category,
	}
	if r.noID {
		e.ID = ""
	}
	if r.merchant != nil {
		e.Merchant, e.MCC = r.merchant.name, r.merchant.mcc
	}
	return e
}

func (acc Account) displayName() string {
	if acc.Nickname != "" {
		return acc.Nickname
	}
	return acc.kindWords()
}

func (acc Account) kindWords() string {
	words := map[string]string{"CurrentAccount": "Current account", "Savings": "Savings account", "CreditCard": "Credit card"}[acc.SubType]
	if acc.Currency != "GBP" {
		words += ", " + acc.Currency
	}
	if len(acc.Holders) > 1 {
		words += ", joint"
	}
	return words
}

func (acc Account) maskedNumber() string { return "ending " + acc.Number[len(acc.Number)-4:] }
