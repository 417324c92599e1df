// Package skills is the conversation: a turn goes in, a reply comes out.
//
// It knows no platform's wire format, no OAuth and no bank's dialect, and writes no words: a reply is a message key and
// facts, which package speech turns into language.
package skills

import (
	"sotto/linking"
)

// Turn is one thing a person said, stripped of everything the platform adds.
type Turn struct {
	ID       string // the platform's request id; a retried request has the same
	Platform linking.Platform
	Locale   string // BCP 47, such as "en-US"
	Intent   Intent
	Slots    Slots
	Token    linking.Token // what the platform holds of the customer's link; empty when there is none
	Proven   *linking.Link // the link behind Token, where it had to be found for this request before the turn could be read; nil: it is looked up
	Chat     linking.Chat  // where it was said, on a platform that holds no token; zero where it holds one
	Speaker  string        // whom the platform has recognised, in a word that tells nothing of him; empty where it recognises nobody
	Dialogue Dialogue      // as the previous reply left it; zero in a new conversation
	Wire     string        // what the platform has to know again when it writes the reply, in its own terms; nobody else reads it
}

// Intent is what a person wants, by its name in the catalogue.
type Intent string

// The intents. Those without the suffix have no sentences of their own on every platform.
const (
	Balance      Intent = "BalanceIntent"
	Spending     Intent = "SpendingIntent"
	Transactions Intent = "TransactionsIntent"
	Shared       Intent = "SharedIntent"
	Forget       Intent = "ForgetIntent"
	Launch       Intent = "launch"
	Help         Intent = "help"
	Stop         Intent = "stop"
	Cancel       Intent = "cancel"
	Repeat       Intent = "repeat"
	Yes          Intent = "yes"
	No           Intent = "no"
	Fallback     Intent = "fallback"

	// LinkCode is the six digits of SlotCode, typed in a chat that is to be linked. Nobody says it in other words, so the catalogue has
	// no sentences for it.
	LinkCode Intent = "link code"
)

// SlotName is one thing an intent may be narrowed by.
type SlotName string

// The slots.
const (
	SlotAccount  SlotName = "account"
	SlotCategory SlotName = "category"
	SlotMerchant SlotName = "merchant"
	SlotPeriod   SlotName = "period"
	SlotCount    SlotName = "count"
	SlotCode     SlotName = "code"
)

// Slots are the filled slots of a turn.
type Slots map[SlotName]Slot

// Slot is what was heard for a slot. Values are what the platform resolved it to, the best first; more than one is ambiguous,
// none means that the platform knows no such thing. The slots SlotPeriod and SlotCount have no Values: Heard is what the platform
// made of them, on Alexa the value of AMAZON.DATE ("2026-W47") and AMAZON.NUMBER ("3"), elsewhere a period as spending.Parse reads it.
type Slot struct {
	Heard  string   `json:"heard"`
	Values []string `json:"values,omitzero"` // ids of the catalogue's slot values
}

// Dialogue is what is needed to understand the next turn. It holds no fact: it travels in the platform's session.
type Dialogue struct {
	Intent Intent `json:"intent,omitzero"` // the intent that is being asked about, or was last answered
	Slots  Slots  `json:"slots,omitzero"`
	Asked  string `json:"asked,omitzero"` // what was asked: a slot's name, AskedConfirm, AskedMore, or nothing
	Page   int    `json:"page,omitzero"`  // where in a list the last reply began
	Open   bool   `json:"open,omitzero"`  // begun by opening the skill: after an answer it is asked whether there is anything else
	Of     string `json:"of,omitzero"`    // the Speaker to whom AskedConfirm was put
}

// What may have been asked, beside the name of a slot.
const (
	AskedConfirm = "confirm" // shall this be done?
	AskedMore    = "more"    // shall the list go on?
)
