package linking

import (
	"context"

	"github.com/tink-crypto/tink-go/v2/tink"

	"sotto/banking"
)

// Connections is the bank's side as far as linking needs it. Its errors are the kinds of package banking.
type Connections interface {
	// Banks lists the banks that can be chosen, in the order to be shown.
	Banks() []banking.Offer
	// Joined lists the banks joined to a link, the oldest first.
	Joined(ctx context.Context, link string) ([]banking.Joined, error)
	// Begin makes a consent at the bank for the link and says where to send the customer.
	Begin(ctx context.Context, link string, bank banking.BankID, p []banking.Permission) (banking.Begun, error)
	// Finish takes the customer's return, keeps the connection under the link, and says who he is at the bank. It works once
	// for each Begin. ErrDenied where he said no.
	Finish(ctx context.Context, link string, key tink.AEAD, r banking.Return) (banking.Identity, error)
	// Identify takes a return as Finish does, and ends the consent at once instead of keeping it.
	Identify(ctx context.Context, link string, r banking.Return) (banking.Identity, error)
}

// Page is what the consent page shows.
type Page struct {
	Interaction string // the hidden field
	Browser     Token  // the cookie's value: binds the interaction to this browser; set it with the page
	Client      string // the client's name
	ClientID    string
	Host        string // where the browser goes back to
	Local       bool   // that is a program on the customer's device, and nobody can tell which
	Site        string // where the document of a client that introduced itself is; empty where it is in the settings
	Locales     string // ui_locales as asked for; may be empty
	Banks       []banking.Offer
	Scopes      []Scope        // those that may be chosen
	Chosen      []Scope        // those chosen so far; all of them before anything was chosen
	Bank        banking.BankID // the one chosen last; may be empty
	Joined      []banking.Joined
	Chat        bool // it ends with a code to be typed in a chat, where Host may be empty
	Account     bool // the client has said for which of its accounts the link is, which will be remembered
	// Problem is why the page is shown again, nil the first time: a kind of package banking, or ErrChoice.
	Problem error
}

// Choice is what the customer pressed.
type Choice string

// The choices.
const (
	Approve Choice = "approve"
	Deny    Choice = "deny"
	Add     Choice = "add"    // approve, and another bank afterwards
	Finish  Choice = "finish" // no other bank: back to the assistant with those joined so far
)

// Decision is a submitted consent page.
type Decision struct {
	Interaction string
	Browser     Token
	Choice      Choice
	Bank        banking.BankID
	Scopes      []Scope
}

// Step is where the browser goes next: to Page; or to a page that shows Code, with URL, if any, as the way back to the chat; or to
// URL. Where a chat has no URL, a no leads nowhere.
type Step struct {
	URL      string
	Page     *Page
	Code     ChatCode
	Outcome  string // for the log: "to_bank", "asked", "denied", "linked", "code"
	ClientID string
	Link     string // where one was made
}

// Call is one request at the token, revocation, introspection or pushed authorization request endpoint.
type Call struct {
	Authorization string              // the header; may be empty
	From          string              // where it comes from, to be counted by where nothing better is known; empty where an address says nothing
	Form          map[string][]string // of the body alone, never of the query
}
