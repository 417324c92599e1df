// Package mockbank is a bank to test against: Albion Bank, which exists only
// here. It speaks UK Open Banking Read/Write v3.1.11 (account information) over
// HTTP, with an authorization server, a login and a consent page of its own, and
// customers whose histories are made from a seed and the clock.
//
// It must not know the house it stands beside. It imports nothing of Sotto, so
// that one misreading of a standard cannot hide in both the bank and its client.
//
//	/albion/.well-known/openid-configuration   metadata                       discovery.go
//	/albion/jwks                               the bank's public key          discovery.go
//	/albion/authorize                          plain or signed request        authorize.go, requestobject.go
//	/albion/sign-in/{ticket}                   password, code, account choice signin.go, pages/
//	/albion/token, /albion/revoke              tokens, client authentication  token.go, clientauth.go
//	/albion/open-banking/v3.1/aisp/...         consents, accounts, balances,
//	                                           transactions                   resource.go and beside it
//	/albion/mock/faults, /albion/mock/revoke   faults and revocation, only
//	                                           from loopback                  faults.go, mock.go
//
// Accounts, Entries and Position tell a test in Go what is true, apart from what the wire
// says: sums can be worked out without asking the code that is tested.
//
// What must outlive a kill -9 (consents, codes used, tokens, revocations, the
// signing key) is in a journal that is written and synced before anything is
// answered (journal.go). Tokens and codes are kept as hashes only.
//
// Nothing in this package is fit for a real bank: the clients' secrets and the
// customers' passwords are compared as they stand in Options.
package mockbank
