package skills

import (
	"context"

	"sotto/banking"
	"sotto/linking"
)

// Links is what the conversation needs of linking.
type Links interface {
	// Resolve finds the link behind a token of this platform. What is wrong with a token is linking.ErrNotLinked; any other error is
	// ours. It reads the grant afresh each time, so that a revoked link is refused at once.
	Resolve(ctx context.Context, p linking.Platform, t linking.Token) (linking.Link, error)
	// Forget ends the link: its tokens, rows and key are gone when it returns, and its consents are ended at the banks soon after.
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
