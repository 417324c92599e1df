package skills

import (
	"sotto/banking"
	"sotto/banking/spending"
)

// Reply is what is to be said back: a message key, facts, and the dialogue so far. It is not yet words.
type Reply struct {
	Key      Key
	Facts    []Fact
	Dialogue Dialogue
	Ask      bool // the reply ends in a question, so the platform listens
	LinkCard bool // show the platform's account-linking card
	End      bool // the conversation is over
}

// Key names a message. Every key has words in every locale of package speech; a test sees to it.
type Key string

// FactKind is what kind of thing a fact is; the record of disclosures names it.
type FactKind string

// The kinds of fact.
const (
	FactBalance  FactKind = "balance"  // Account, Money, Overdraft, About
	FactTotal    FactKind = "total"    // Money, About, Count, Period; Category or Merchant when one was asked for
	FactLeftOut  FactKind = "left out" // Reason, Money, Count
	FactPurchase FactKind = "purchase" // Merchant or text, Money, Day, Account, Pending
	FactAccount  FactKind = "account"  // Account: a name that is said to choose from
	FactBank     FactKind = "bank"     // Bank: e.g. one that did not answer
	FactPeriod   FactKind = "period"   // Period, Complete
	FactSince    FactKind = "since"    // Day: nothing before it can be seen
	FactShared   FactKind = "shared"   // Count of replies, and what kinds: said by "what have you shared?"
	FactCount    FactKind = "count"    // Count
)

// Fact is a typed value that may leave the house. Which fields are set follows from its kind. What is said is made from
// facts alone, and so is what is recorded, so that nothing can be said that is not recorded.
type Fact struct {
	Kind      FactKind
	Account   AccountName
	Bank      string
	Money     banking.Money
	Overdraft banking.Money
	About     bool
	Count     int
	Category  spending.Category
	Merchant  string
	Reason    spending.Reason
	Period    spending.Period
	Complete  bool
	Day       banking.Date
	Pending   bool
	Shared    []string // kinds, for FactShared
}

// AccountName is how an account is called aloud.
type AccountName struct {
	Kind   banking.Kind
	Name   string // nickname; may be empty
	Digits string // last digits; may be empty
	Bank   string // the bank's name; set where needed to tell accounts apart
}
