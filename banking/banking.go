// Package banking is the bank's side of Sotto: what a bank offers, the connections to it, and the Teller, the one counter
// at which banks are asked.
//
// A bank's tokens begin and end here. The package knows nothing of assistants, of what is said aloud, or of HTTP routes;
// it imports nothing else of Sotto.
package banking

import (
	"errors"
	"time"
)

// The kinds of failure a bank, or the way to it, can have. Everything this package returns wraps one of them, or is a
// fault of our own.
var (
	// ErrNoAccess means the caller's Access opens nothing here: it is the zero Access, or lacks the permission asked for.
	ErrNoAccess = errors.New("no access")
	// ErrUnavailable means the bank did not answer, answered too late, or said it cannot serve now. Asking later may help.
	ErrUnavailable = errors.New("bank unavailable")
	// ErrBusy means the bank asked us to wait longer than this turn can (429 with Retry-After).
	ErrBusy = errors.New("bank busy")
	// ErrGarbled means the bank answered with something its own standard does not allow. Nothing of it is used.
	ErrGarbled = errors.New("bank answer garbled")
	// ErrRelink means the connection is over: consent expired, was revoked at the bank, or its tokens are refused for good.
	// Only linking again helps.
	ErrRelink = errors.New("bank connection ended")
	// ErrForbidden means the bank refuses this read although the connection lives: a permission was not consented.
	ErrForbidden = errors.New("bank permission missing")
	// ErrTooMuch means an answer was longer than the bounds allow, and its rest was not read.
	ErrTooMuch = errors.New("bank answer too long")
	// ErrNotFound means no such connection or consent is known.
	ErrNotFound = errors.New("connection not found")
)

// BankID names a bank in settings, routes and records, such as "albion". It is safe to log.
type BankID string

// Permission is one kind of reading that a customer can consent to. A consent asks the bank for the least that serves them.
type Permission string

// The permissions, named after what they let Sotto read.
const (
	ReadBalances     Permission = "balances"
	ReadTotals       Permission = "totals"       // entries, to be summed
	ReadTransactions Permission = "transactions" // entries with merchants
	// ReadNothing is for a customer who only says who he is: the smallest consent there is. Nothing is read with it.
	ReadNothing Permission = "nothing"
)

// AccountRef points to one account at one bank, by the bank's own id. It is never spoken and never logged.
type AccountRef struct {
	Bank BankID
	ID   string
}

// Kind is what an account is for.
type Kind string

// The kinds of account. A Card, Loan or Mortgage is money owed.
const (
	Current  Kind = "current"
	Savings  Kind = "savings"
	Card     Kind = "card"
	Prepaid  Kind = "prepaid"
	EMoney   Kind = "e-money"
	Loan     Kind = "loan"
	Mortgage Kind = "mortgage"
	Other    Kind = "other"
)

// Owed says whether what stands on an account of this kind is money the customer owes.
func (k Kind) Owed() bool { return k == Card || k == Loan || k == Mortgage }

// Account is what may be known of an account before it is asked for anything.
type Account struct {
	Ref      AccountRef
	Kind     Kind
	Currency Currency
	Name     string // the customer's nickname or the bank's product name; may be empty, and may collide
	Digits   string // the last digits of its number, at most four; empty where the consent does not show them
	Number   string // its whole identification, in memory only, to recognise own transfers; empty without Detail
}

// Balance is what stands on one account in one currency.
type Balance struct {
	Account   Account
	Money     Money     // own money now: available less overdraft and credit line; negative is overdrawn, or, on a kind that is Owed, owed
	Overdraft Money     // what an overdraft or credit line adds; the zero Money where none is known
	Rounded   bool      // digits beyond the currency's exponent were rounded half to even
	At        time.Time // when the bank says this held
}

// Status is how settled an entry is. Rejected entries never leave a Bank.
type Status string

// The states of an entry.
const (
	Booked  Status = "booked"
	Pending Status = "pending"
)

// Sort is what an entry is, as far as the bank's own codes tell. Unknown is common and honest.
type Sort string

// The sorts of entry.
const (
	Unknown       Sort = ""
	Purchase      Sort = "purchase"
	Refund        Sort = "refund"
	Transfer      Sort = "transfer"  // to or from another account, whose it is is not known yet
	Repayment     Sort = "repayment" // of a card or loan
	Cash          Sort = "cash"
	Fee           Sort = "fee"
	Interest      Sort = "interest"
	DirectDebit   Sort = "direct-debit"
	StandingOrder Sort = "standing-order"
	Salary        Sort = "salary"
)

// Transaction is one entry on one account.
type Transaction struct {
	Account  AccountRef
	ID       string // the bank's id; may be empty
	Status   Status
	Day      Date  // the booking date in the bank's zone (for a pending entry, the expected one)
	Money    Money // signed: negative is money out of the account
	Rounded  bool
	Sort     Sort
	MCC      string // ISO 18245 merchant category code, four digits; may be empty
	Merchant string // the name to be said, cleaned; may be empty
	Text     string // the bank's own text
	Counter  string // identification of the account at the other end; in memory only; may be empty
}

// Window is a range of calendar days in the bank's zone: From is the first, To the day after the last.
type Window struct {
	From, To Date
}

// Extent is how far a reading of entries really went.
type Extent struct {
	Rows  int
	First Date // nothing before this day can be seen; zero where the bank does not say
	Last  Date // nothing after this day can be seen; zero where the bank does not say
	// Cut says that the page limit was reached and there is more.
	Cut bool
}

// Tokens are what a bank's token endpoint gave. They are held in memory only as long as a call needs them; String and
// every marshaller give "[secret]".
type Tokens struct {
	Access, Refresh Secret
	Expires         time.Time
	RefreshExpires  time.Time // zero where the bank does not say
}

// Secret is a string that does not show itself in logs, errors or JSON. Convert with string(s) where it is used.
type Secret string

// String gives "[secret]".
func (Secret) String() string { return "[secret]" }

// GoString gives "[secret]".
func (Secret) GoString() string { return "[secret]" }

// MarshalText gives "[secret]".
func (Secret) MarshalText() ([]byte, error) { return []byte("[secret]"), nil }

// Authorization is a consent made at the bank and waiting for the customer, and what must be remembered until he is back.
type Authorization struct {
	ConsentID string
	URL       string // where the customer goes now
	State     string // given by the caller; comes back with the answer
	Nonce     string // to be found in the id_token
	Verifier  Secret // PKCE, RFC 7636
}

// Return is what came back from the bank with the customer: the query, form or fragment of the redirect.
type Return struct {
	Code, State, IDToken, Issuer, Error string
	At                                  BankID // whose own redirect URI it came to; empty where that was the one that banks share
}

// ErrDenied means the customer, at the bank's own page, said no.
var ErrDenied = errors.New("denied at the bank")
