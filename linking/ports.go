package linking

import (
	"context"
	"errors"
	"time"
)

// ErrNone means a statement found, or its guard allowed, no row. It says nothing about why.
var ErrNone = errors.New("nothing there")

// Store is everything linking keeps. Whatever has returned nil survives a crash. An instant keeps its milliseconds.
type Store interface {
	KeyStore
	InteractionStore
	PushedStore
	AssertionStore
	GrantStore
	ServiceStore
	AccountStore
	LinkStore
	ChatStore
	SessionStore
	HouseholdStore
}

// SealedKey is one key as it is kept: wrapped. Kind and Number name it together.
type SealedKey struct {
	Kind    string
	Number  int64
	Wrapped []byte
	Made    time.Time
	Starts  time.Time
	Ends    time.Time // zero: not decided yet
}

// KeyStore keeps wrapped keys.
type KeyStore interface {
	// LinkingKeys gives all keys, by kind and number.
	LinkingKeys(ctx context.Context) ([]SealedKey, error)
	// AddKey keeps k, unless one of its kind and number is there: then that one stays, and it is no error. So processes that start
	// together all read the same keys afterwards.
	AddKey(ctx context.Context, k SealedKey) error
	// ChangeKey keeps is in place of was, which has the same kind and number; ErrNone where was does not stand there (any more).
	ChangeKey(ctx context.Context, was, is SealedKey) error
	// DeleteKey deletes k; ErrNone where it does not stand there as k (any more).
	DeleteKey(ctx context.Context, k SealedKey) error
	// Reseal gives everything at rest that begins with prefix to seal, with what it is bound to (its associated data), and keeps what
	// that returns in its place, unless something else stands there by then. It says how many it found, and goes on over errors of
	// seal: the first of them is returned in the end, with nothing changed where it arose.
	Reseal(ctx context.Context, prefix []byte, seal func(sealed, bound []byte) ([]byte, error)) (found int, err error)
}

// Interaction is a person between the first page and the way back to the assistant.
type Interaction struct {
	ID          string
	Browser     []byte // SHA-256 of the cookie
	Client      string
	RedirectURI string // as the client sent it
	State       []byte // the client's, byte for byte
	Challenge   string // PKCE S256; empty where the client may go without
	Resource    string // audience of the access tokens to come
	Locales     string
	Asked       Mask // what may be chosen
	Scopes      Mask // what was chosen; 0 before
	Link        string
	Key         []byte // the link's key, sealed
	Customer    []byte // nil until a bank was joined
	Bank        string // chosen last
	Joined      int
	Add         bool   // another bank after this one
	Tries       int    // how often a consent was begun
	Ticket      []byte // SHA-256 of the ticket of the chat from which it began; nil where it did not
	Pushed      []byte // SHA-256 of the request_uri of the pushed request it began with; nil where there is none
	Account     []byte // HMAC of the platform's account that it is for; nil where nobody said
	Expires     time.Time
}

// InteractionStore keeps interactions. "Live" below means: this browser's, and not expired at now.
type InteractionStore interface {
	// AddInteraction keeps a new one, asking.
	AddInteraction(ctx context.Context, i Interaction) error
	// Interaction gives a live one that has not been taken; ErrNone.
	Interaction(ctx context.Context, id string, browser []byte, now time.Time) (Interaction, error)
	// Choose keeps what was chosen in a live interaction that has not been taken, forgets a bank it may be waiting for, and counts a
	// try; ErrNone, also where it has had limit tries.
	Choose(ctx context.Context, id string, browser []byte, bank string, scopes Mask, add bool, limit int, now time.Time) (Interaction, error)
	// Await makes the interaction wait for the bank to come back with a state of this hash. ErrNone where tries has moved on.
	Await(ctx context.Context, id string, tries int, bankState []byte) error
	// Take gives the live interaction that waits for bankState, once: no other Take gives it again.
	Take(ctx context.Context, bankState, browser []byte, now time.Time) (Interaction, error)
	// TakeJoined gives a live interaction that has not been taken and has a bank joined, once; a bank that it waits for is forgotten.
	TakeJoined(ctx context.Context, id string, browser []byte, now time.Time) (Interaction, error)
	// AskAgain puts a taken interaction back to asking, with the customer and the count of banks joined; ErrNone where it is not taken.
	AskAgain(ctx context.Context, id string, customer []byte, joined int) error
	// Abandon deletes an interaction; connections made for it are handed over to be ended, in one transaction. It is no error
	// where it is gone.
	Abandon(ctx context.Context, id string, now time.Time) error
	// Conclude deletes a taken interaction and keeps the link and its grant instead, and spends the pushed request it began with, if any, all
	// in one transaction; ErrNone where it is not taken, or the pushed request is spent. Consents that still wait for its customer at banks are
	// handed over to be ended.
	Conclude(ctx context.Context, id string, n NewLink) error
}

// NewLink is a link with the code that will be traded for its tokens.
type NewLink struct {
	ID       string
	Client   string
	Customer []byte
	Subject  string
	Scopes   Mask
	Key      []byte // sealed
	Created  time.Time

	Grant       string
	Resource    string
	Code        []byte // SHA-256
	CodeExpires time.Time
	RedirectURI string
	Challenge   string
	Account     []byte // HMAC; nil
}

// Basis is what a token response is made from: of a grant and its link, no more than that.
type Basis struct {
	Grant    string
	Resource string
	Link     string
	Subject  string
	Scopes   Mask // of the link
}

// Granted is a grant with its link.
type Granted struct {
	Basis
	Client   string
	Customer []byte
	Key      []byte // sealed
	Created  time.Time
	Ended    time.Time // zero while it lives
}

// AccessToken is an access token as it is kept: a hash.
type AccessToken struct {
	Hash    []byte // SHA-256 of the token; of a JWT, of what was signed
	Scopes  Mask   // 0: all of the link's
	Issued  time.Time
	Expires time.Time
	Revoked bool
}

// Exchange is a code presented by an authenticated client, and what is to be kept when it is good.
type Exchange struct {
	Code        []byte // SHA-256
	Client      string
	RedirectURI string
	Challenge   string // of the verifier presented; empty where none was
	Resource    string // that is asked for; empty for the one that was granted
	Now         time.Time
	Refresh     []byte       // SHA-256 of the stable refresh token to be; nil where it rotates
	Access      *AccessToken // the opaque access token to be; nil where it is a JWT
}

// CodeFacts is all that is known of a code, to name a refusal.
type CodeFacts struct {
	Link        string
	Client      string
	RedirectURI string
	Challenge   string
	Resource    string
	Expires     time.Time
	Exchanged   time.Time // zero where it was not
	Ended       time.Time // zero while the grant lives
}

// Refreshing is a refresh token presented by an authenticated client, and what is to be kept when it is good. The token is
// either stable, known by its hash, or rotating, known (after its HMAC was checked) by grant and generation.
type Refreshing struct {
	Client     string
	Hash       []byte // SHA-256 of a stable token; nil where it rotates
	Grant      string
	Generation int64
	Want       Mask   // 0: all of the link's
	Resource   string // that is asked for; empty for the one that was granted
	Now        time.Time
	Grace      time.Duration // how long after its first use a rotating token is still answered
	Access     *AccessToken  // the opaque access token to be; nil where it is a JWT
}

// RefreshFacts is all that is known of a refresh token, to name a refusal.
type RefreshFacts struct {
	Link     string
	Client   string
	Scopes   Mask
	Resource string
	Used     time.Time // first use of this generation; zero where it was not used, or is stable
	Passed   bool      // the generation is not remembered, and is below one that was used
	Ended    time.Time // zero while the grant lives
}

// GrantStore keeps codes and tokens. Each of Exchange and Refresh is one decision: among any number of callers at the same
// time, in any number of processes, the result is as if they had come one after another.
type GrantStore interface {
	// Exchange spends the code if everything in x fits, it is not expired at x.Now and was never spent; ErrNone.
	Exchange(ctx context.Context, x Exchange) (Basis, error)
	// CodeFacts tells what is known of a code; ErrNone.
	CodeFacts(ctx context.Context, code []byte) (CodeFacts, error)
	// Refresh accepts the token if everything in r fits and its grant lives. A rotating one is accepted if its generation was first used
	// at most r.Grace ago, or never, and none above it was. It also gives the instant of that first use (zero for a stable one); ErrNone.
	Refresh(ctx context.Context, r Refreshing) (Basis, time.Time, error)
	// RefreshFacts tells what is known of a token: by r.Hash, or by r.Grant and r.Generation; ErrNone.
	RefreshFacts(ctx context.Context, r Refreshing) (RefreshFacts, error)
	// ByGrant gives the grant and its link, ended or not, and whether the JWT with this hash was revoked; ErrNone.
	ByGrant(ctx context.Context, grant string, token []byte) (Granted, bool, error)
	// ByAccess gives the opaque access token of this hash with its grant, expired, revoked, ended or not; ErrNone.
	ByAccess(ctx context.Context, token []byte) (Granted, AccessToken, error)
	// RevokeAccess revokes one access token of a grant, opaque or not, until it expires. Repeating it is no error.
	RevokeAccess(ctx context.Context, grant string, t AccessToken) error
}

// PushedRequest is an authorization request that a client has pushed.
type PushedRequest struct {
	Hash        []byte // SHA-256 of its request_uri
	Client      string
	RedirectURI string
	State       []byte
	Challenge   string
	Resource    string
	Locales     string
	Asked       Mask
	Expires     time.Time
}

// PushedFacts is all that is known of a pushed request, to name a refusal.
type PushedFacts struct {
	Client  string
	Expires time.Time
	Spent   time.Time // zero where it was not
}

// PushedStore keeps pushed requests, and says who has opened them.
type PushedStore interface {
	// AddPushed keeps a new one.
	AddPushed(ctx context.Context, p PushedRequest) error
	// OpenPushed keeps a new interaction, asking, with what the pushed request i.Pushed says, and gives it as it was kept. ErrNone where
	// the request is not of i.Client, is expired at now, or spent. It can be opened more than once.
	OpenPushed(ctx context.Context, i Interaction, now time.Time) (Interaction, error)
	// Opened gives a live interaction (of this browser, not expired at now) that began with this pushed request of this client and has not
	// been taken; ErrNone.
	Opened(ctx context.Context, pushed []byte, client string, browser []byte, now time.Time) (Interaction, error)
	// PushedFacts tells what is known of a pushed request; ErrNone.
	PushedFacts(ctx context.Context, pushed []byte) (PushedFacts, error)
}

// AssertionStore remembers what was shown that is good once: assertions, and hints.
type AssertionStore interface {
	// SpendAssertion keeps id, of what is good until expires, for at least a minute more: clocks differ. ErrNone where it is
	// there already. Among any number of callers at the same time, in any number of processes, one gets nil.
	SpendAssertion(ctx context.Context, id []byte, expires time.Time) error
}

// ServiceToken is an access token of a client that acts for no customer.
type ServiceToken struct {
	Hash     []byte // as AccessToken.Hash
	Client   string
	Resource string
	Issued   time.Time
	Expires  time.Time
	Revoked  bool
	ID       string // of a JWT; it is not kept
}

// ServiceStore keeps tokens of services: opaque ones, and JWTs that were revoked, until they expire.
type ServiceStore interface {
	// AddService keeps a new one.
	AddService(ctx context.Context, t ServiceToken) error
	// Service gives the one of this hash, expired, revoked or not; ErrNone.
	Service(ctx context.Context, token []byte) (ServiceToken, error)
	// RevokeService revokes one, and keeps it for that where it was not kept. Repeating it is no error.
	RevokeService(ctx context.Context, t ServiceToken) error
}

// Regranting is another grant to be on the link that was made for an account.
type Regranting struct {
	Client  string
	Account []byte // HMAC
	Link    string
	Limit   int // of the link's living grants
	Now     time.Time

	Grant    string
	Resource string
	Code     []byte       // of no code: nothing hashes to it
	Refresh  []byte       // SHA-256 of the stable refresh token to be; nil where it rotates
	Access   *AccessToken // the opaque access token to be; nil where it is a JWT
}

// AccountStore finds a link again by the platform's account that it was made for: as soon as its code was exchanged, and until it ends.
type AccountStore interface {
	// ByAccount gives the youngest such link of this client, with the grant it was made with; ErrNone.
	ByAccount(ctx context.Context, client string, account []byte) (Granted, error)
	// Regrant keeps another grant, as if its code had been exchanged at r.Now, if the link is such a one and has less than r.Limit living
	// grants; ErrNone. What ends the link at the same time ends this grant too, or comes first.
	Regrant(ctx context.Context, r Regranting) (Basis, error)
}

// Owned is a link as it is kept, for its customer.
type Owned struct {
	Link    string
	Client  string
	Subject string
	Scopes  Mask
	Key     []byte // sealed
	Created time.Time
	Ended   time.Time // zero while it lives
	Cleared time.Time // when its record was last erased; zero where it never was
}

// SignIn is a customer who was sent to his bank to say who he is.
type SignIn struct {
	State   []byte // SHA-256 of what the bank gives back
	Browser []byte // SHA-256 of the cookie
	Visit   string // under which the bank's side awaits him
	Expires time.Time
}

// Session is a customer who has said at his bank who he is.
type Session struct {
	Hash     []byte // SHA-256 of the session's token
	Browser  []byte // SHA-256 of the cookie
	Customer []byte
	Bank     string
	Expires  time.Time
}

// SessionStore keeps who is signed in to his own page.
type SessionStore interface {
	// AddSignIn keeps a new one.
	AddSignIn(ctx context.Context, s SignIn) error
	// TakeSignIn gives this browser's sign-in of this state, not expired at now, once; ErrNone.
	TakeSignIn(ctx context.Context, state, browser []byte, now time.Time) (SignIn, error)
	// AddSession keeps a new one.
	AddSession(ctx context.Context, s Session) error
	// Session gives this browser's session, not expired at now; ErrNone.
	Session(ctx context.Context, hash, browser []byte, now time.Time) (Session, error)
	// DropSession deletes a session. It is no error where there is none.
	DropSession(ctx context.Context, hash []byte) error
}

// LinkStore shows links to their customer, narrows them and ends them.
type LinkStore interface {
	// LinksOf gives a customer's links, the newest first, at most n.
	LinksOf(ctx context.Context, customer []byte, n int) ([]Owned, error)
	// LinkOf gives one link of a customer; ErrNone.
	LinkOf(ctx context.Context, customer []byte, link string) (Owned, error)
	// NarrowLink leaves a customer's living link those of its scopes that are in keep; ErrNone where there is no such link, or nothing would
	// be left.
	NarrowLink(ctx context.Context, customer []byte, link string, keep Mask) error
	// ClearRecord deletes all that is recorded of what was shared with a customer's link, ended or not, and keeps that it was done at now, in one
	// transaction; ErrNone where there is no such link of his.
	ClearRecord(ctx context.Context, customer []byte, link string, now time.Time) error
	// Receipt gives the receipt of this code, and how many consents of what it is for are still to be ended; ErrNone.
	Receipt(ctx context.Context, code string) (Receipt, error)
	// EndLink ends the link's grants and deletes its access tokens; its connections, and consents that wait for its customer at banks, are
	// handed over to be ended; in one transaction.
	// Repeating it, or no such link, is no error.
	EndLink(ctx context.Context, link string, now time.Time) error
	// ForgetLink does what EndLink does and deletes every row of the link, its key first of all; the receipt stays, with the consents of the
	// link that are still to be ended, those of an earlier end among them, counted in it and known by its code alone. Where a receipt
	// of this code is there, it is given back as it was made; ErrNone where there is neither link nor receipt.
	ForgetLink(ctx context.Context, link string, r Receipt) (Receipt, error)
	// SweepLinks deletes interactions, sign-ins, sessions, pushed requests, tickets, access tokens, tokens of services, spent assertions and
	// remembered generations whose time is over at now, links whose code was
	// never traded or typed, and grants that ended long ago. Connections without a link are handed over to be ended.
	SweepLinks(ctx context.Context, now time.Time) error
}

// Ticket lets a chat be linked.
type Ticket struct {
	Hash    []byte // SHA-256
	Client  string
	Chat    []byte // HMAC
	Expires time.Time
}

// WaitingChat is a link that waits for its code to be typed. One of Ticket and Handover says in which chat.
type WaitingChat struct {
	Ticket   []byte // SHA-256; it is spent
	Handover []byte // SHA-256 of what the platform will give back with the chat
	Code     []byte // HMAC
	Expires  time.Time
}

// Confirming is a code that was typed in a chat.
type Confirming struct {
	Chat  []byte // HMAC
	Code  []byte // HMAC
	Tries int    // how often a code may be tried
	Now   time.Time
}

// ChatCodeFacts is all that is known of the newest code of a chat, to name a refusal.
type ChatCodeFacts struct {
	Tries     int
	Expires   time.Time
	Confirmed time.Time // zero where it was not
}

// ChatStore keeps which link a chat speaks for. Among any number of callers at the same time, in any number of processes, the result is as
// if they had come one after another.
type ChatStore interface {
	// AddTicket keeps a new one.
	AddTicket(ctx context.Context, t Ticket) error
	// Ticket gives one that is neither spent nor expired at now; ErrNone.
	Ticket(ctx context.Context, ticket []byte, now time.Time) (Ticket, error)
	// ConcludeChat does what Conclude does, spends the ticket if there is one, and keeps the code; ErrNone where the interaction is not
	// taken or the ticket is spent, though it may have expired since it was opened.
	ConcludeChat(ctx context.Context, id string, n NewLink, w WaitingChat) error
	// Claim says in which chat the code of this handover counts; ErrNone where there is none of this client, it has expired, or was
	// claimed for another chat. Repeating it is no error.
	Claim(ctx context.Context, handover []byte, client string, chat []byte, now time.Time) error
	// Confirm counts a try at every code that waits in the chat. The link whose code fits is the chat's from then on, and may be used;
	// the one that was the chat's before is ended as EndLink does, all in one transaction. A link whose code has had its last try in
	// vain is ended too. ErrNone where no code fits.
	Confirm(ctx context.Context, c Confirming) (link string, err error)
	// ChatCodeFacts tells what is known of the newest code in the chat; ErrNone.
	ChatCodeFacts(ctx context.Context, chat []byte) (ChatCodeFacts, error)
	// ByChat gives the grant and link that the chat speaks for, ended or not; ErrNone.
	ByChat(ctx context.Context, chat []byte) (Granted, error)
	// LinksOfChat gives every link that the chat has spoken for and every one that waits for its code there, ended or not, as long as it was
	// not erased.
	LinksOfChat(ctx context.Context, chat []byte) ([]string, error)
}

// HouseholdStore keeps from which account at a platform a link was made.
type HouseholdStore interface {
	// KeepHousehold keeps of which household (an HMAC) a link is; the last one that was said counts. ErrNone where there is no such link.
	KeepHousehold(ctx context.Context, household []byte, link string) error
	// EndHousehold ends every live link of the household that was made at this instant or before, as EndLink does, all in one transaction, and
	// gives them; ErrNone where there is none.
	EndHousehold(ctx context.Context, household []byte, made, now time.Time) ([]string, error)
}
