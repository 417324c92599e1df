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
	Ask      bool   // the reply ends in a question, so the platform listens
	LinkCard bool   // show the platform's account-linking card
	Chat     bool   // said in a chat that holds no token: what begins linking is shown there
	NoCard   bool   // said where neither that nor a card can be shown: linking begins in an app of the bank's
	LinkURL  string // the address at which linking begins, where a platform shows one; see Chat
	Else     bool   // end by asking whether there is anything else
	End      bool   // the conversation is over

	Today banking.Date // the day it is where the banks are, so that only other years are said; zero where no day is said
}

// FactKind is what kind of thing a fact is; the record of disclosures names it.
type FactKind string

// The kinds of fact.
const (
	FactBalance  FactKind = "balance"  // Account, Money, Overdraft, About
	FactTotal    FactKind = "total"    // Money (negative: more came back), About, Count, Period, Complete; Category, Merchant, Account when asked for
	FactRefunds  FactKind = "refunds"  // Money: what came back and is taken off the total before it, positive
	FactLeftOut  FactKind = "left out" // Reason, Money, Count, About
	FactPurchase FactKind = "purchase" // Merchant, or Text where none is known, Money (negative: paid), Day, Account, Pending, About
	FactAccount  FactKind = "account"  // Account: a name that is said to choose from
	FactBank     FactKind = "bank"     // Bank: one whose answer is missing; Fault
	FactPeriod   FactKind = "period"   // Period, Complete; Category, Merchant, Account when asked for: it was searched, and there was nothing
	FactSince    FactKind = "since"    // Day: nothing before it can be seen; Bank when it is not all of them
	FactUntil    FactKind = "until"    // Day: nothing after it can be seen; Bank when it is not all of them
	FactShared   FactKind = "shared"   // Count of replies, and what kinds: said by "what have you shared?"
	FactCount    FactKind = "count"    // Count: how many more there are
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
	Text      string // what the bank wrote, tidied
	Reason    spending.Reason
	Period    spending.Period
	Complete  bool
	Day       banking.Date
	Pending   bool
	Shared    []FactKind // for FactShared
	Fault     Key        // for FactBank: one of the keys of banks
}

// AccountName is how an account is called aloud.
type AccountName struct {
	Kind   banking.Kind
	Name   string // nickname; may be empty
	Digits string // last digits; may be empty
	Bank   string // the bank's name; set where needed to tell accounts apart
}
