package skills

import (
	"slices"

	"sotto/linking"
)

// Importance is how much an intent matters for calling a platform or a language done.
type Importance string

// The degrees of importance.
const (
	Required Importance = "required" // the bare minimum
	Usable   Importance = "usable"   // expected by customers
	Complete Importance = "complete" // for all that can be asked
)

// Entry is one intent in the catalogue. Every platform's package is generated from the catalogue.
type Entry struct {
	Intent     Intent
	Tool       string // the MCP tool's name; empty where an intent is no tool
	Slots      []SlotName
	Scopes     []linking.Scope            // needed always
	SlotScopes map[SlotName]linking.Scope // needed too when the slot is filled
	Link       bool                       // needs a link
	Pages      bool                       // the answer may be a list that goes on
	Confirm    bool                       // is done after a yes only
	Importance Importance
}

// entries is the catalogue, in the order of the contract.
var entries = []Entry{
	{
		Intent: Balance, Tool: "get_balance", Slots: []SlotName{SlotAccount},
		Scopes: []linking.Scope{linking.Balances}, Link: true, Pages: true, Importance: Required,
	},
	{
		Intent: Spending, Tool: "get_spending", Slots: []SlotName{SlotCategory, SlotMerchant, SlotPeriod, SlotAccount},
		Scopes: []linking.Scope{linking.Spending}, SlotScopes: map[SlotName]linking.Scope{SlotMerchant: linking.Transactions},
		Link: true, Importance: Required,
	},
	{
		Intent: Transactions, Tool: "list_transactions", Slots: []SlotName{SlotMerchant, SlotCount, SlotPeriod, SlotAccount},
		Scopes: []linking.Scope{linking.Transactions}, Link: true, Pages: true, Importance: Usable,
	},
	{Intent: Shared, Tool: "list_shared", Link: true, Importance: Required},
	{Intent: Forget, Link: true, Confirm: true, Importance: Required},
	{Intent: Launch, Importance: Required},
	{Intent: Help, Importance: Required},
	{Intent: Stop, Importance: Required},
	{Intent: Cancel, Importance: Required},
	{Intent: Repeat, Importance: Required},
	{Intent: Yes, Importance: Required},
	{Intent: No, Importance: Required},
	{Intent: Fallback, Importance: Required},
}

// Entries lists the intents in the order of the contract. What it gives is shared and not to be changed.
func Entries() []Entry { return entries }

// Lookup gives the entry of an intent, and false for one that is not in the catalogue.
func Lookup(i Intent) (Entry, bool) {
	n := slices.IndexFunc(entries, func(e Entry) bool { return e.Intent == i })
	if n < 0 {
		return Entry{}, false
	}
	return entries[n], true
}
