package skills

import (
	"context"
	"errors"

	"sotto/banking"
	"sotto/linking"
	"sotto/linking/disclosure"
)

// Links is what the conversation needs of linking.
type Links interface {
	// Resolve finds the link behind a token of this platform. What is wrong with a token is linking.ErrNotLinked; any other error is
	// ours. It reads the grant afresh each time, so that a revoked link is refused at once.
	Resolve(ctx context.Context, p linking.Platform, t linking.Token) (linking.Link, error)
	// ResolveChat finds the link of a chat of this platform, as Resolve does.
	ResolveChat(ctx context.Context, p linking.Platform, c linking.Chat) (linking.Link, error)
	// Confirm takes the code that makes a link the chat's own; linking.ErrNoCode, ErrWrongCode or ErrCodeOver where it is not good.
	Confirm(ctx context.Context, c linking.Chat, code linking.ChatCode) (link string, err error)
	// Forget ends the link: no token of it is good when it returns, and its consents are ended at the banks soon after. It may be
	// repeated; a link that is not there is nil, linking.ErrNotLinked or linking.ErrNone.
	Forget(ctx context.Context, link string) error
}

// Teller is what the conversation needs of banking.Teller. Each method asks all banks of the Access in parallel under the
// context's deadline. Where some banks answered, the others are Gaps and the error is nil; where none did, the error wraps
// the kinds of their failures and the Gaps still name them. An Access without the permission is banking.ErrNoAccess.
type Teller interface {
	// Accounts lists the accounts of all connected banks. It costs no call to a bank whose accounts are known and fresh.
	Accounts(ctx context.Context, a banking.Access) ([]banking.Account, []banking.Gap, error)
	// Balances gives what stands on every account (needs ReadBalances), each with its whole Account.
	Balances(ctx context.Context, a banking.Access) ([]banking.Balance, []banking.Gap, error)
	// Transactions calls each, one call at a time, for every entry of these accounts in the window (needs ReadTotals or
	// ReadTransactions). With no accounts, of all. Several banks may interleave; the rows of one account arrive in its bank's order.
	Transactions(ctx context.Context, a banking.Access, accounts []banking.Account, w banking.Window, each func(banking.Transaction) error) (map[banking.BankID]banking.Extent, []banking.Gap, error)
	// Today is the present calendar day where the banks of the Access are (the first bank's zone where they differ).
	Today(ctx context.Context, a banking.Access) (banking.Date, error)
}

// Options are what a Skill is made of. All are required.
type Options struct {
	Links    Links
	Teller   Teller
	Record   disclosure.Record
	BankName func(banking.BankID) string // how a bank is called aloud
}

// Skill answers turns. It is safe for concurrent use.
type Skill struct {
	links    Links
	teller   Teller
	record   disclosure.Record
	bankName func(banking.BankID) string
}

// New makes the conversation.
func New(o Options) (*Skill, error) {
	if o.Links == nil || o.Teller == nil || o.Record == nil || o.BankName == nil {
		return nil, errors.New("skills: an option is missing")
	}
	return &Skill{links: o.Links, teller: o.Teller, record: o.Record, bankName: o.BankName}, nil
}

// Trace is what the log may know of an answer beside its key: nothing that the customer or a bank said.
type Trace struct {
	Link   string // the link's id, to be logged only as an HMAC; empty where there was none
	Reason string // why the answer is an apology, a refusal or only part of one, in a fixed word; empty where it is whole

	scopes []linking.Scope // what the link allowed then; see Stands
}

func traceOf(link linking.Link, reason string) Trace {
	return Trace{Link: link.ID, Reason: reason, scopes: link.Scopes}
}

// Question is a turn that was understood: whose it is, and what of the dialogue so far belongs to it.
type Question struct {
	Turn
	Link      linking.Link
	Access    banking.Access
	Start     int  // where in a list the last reply began
	More      bool // go on after it
	Confirmed bool // the customer has said yes
}

// Handler answers one intent. A reply it gives with an error is not used: the error becomes an apology.
type Handler func(ctx context.Context, s *Skill, q Question) (Reply, error)
