package linking

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"sotto/banking"
)

// What can be wrong with a customer who comes to his own page.
var (
	// ErrSignedOut means that nobody is signed in with this session in this browser: it is over, was ended, is made up, or is another's.
	ErrSignedOut = errors.New("signed out")
	// ErrNameless means that his bank has no stable name for a customer, so that nobody can tell which links are his.
	ErrNameless = errors.New("the bank has no name for its customer")
)

// sessionLife is how long a customer stays signed in, whatever he does.
const sessionLife = 15 * time.Minute

// Customer is who is signed in to his own page.
type Customer struct {
	ID    string         // the house's name for him; from it nobody can tell who he is
	Bank  banking.BankID // where he signed in
	Until time.Time      // when the session is over
	name  []byte
}

// SignIn sends a customer to his bank to say who he is, and gives where to. The consent that a bank wants for that is the smallest there is;
// it is ended at once afterwards. browser is the cookie's value; the one to be set comes back. A bank that is not offered is ErrChoice; other
// errors are the kinds of package banking, or faults of ours.
func (a *Authority) SignIn(ctx context.Context, bank banking.BankID, browser Token) (address string, cookie Token, err error) {
	if !slices.ContainsFunc(a.o.Connections.Banks(), func(o banking.Offer) bool { return o.ID == bank }) {
		return "", "", ErrChoice
	}
	if len(browser) != tokenLength || !isToken(string(browser)) {
		browser = newToken("")
	}
	visit := encode(random(16)) // stands where a link's id would; there will be no such link
	begun, err := a.o.Connections.Begin(ctx, visit, bank, []banking.Permission{banking.ReadNothing})
	if err != nil {
		return "", "", fmt.Errorf("sign in: %w", err)
	}
	if len(begun.State) < 22 { // 128 bits in base64url
		return "", "", errors.New("sign in: the bank's state is too short to be a secret")
	}
	err = a.o.Store.AddSignIn(ctx, SignIn{State: hash(begun.State), Browser: hash(string(browser)), Visit: visit, Expires: a.o.Now().Add(patience)})
	if err != nil {
		return "", "", fmt.Errorf("sign in: %w", err)
	}
	return begun.URL, browser, nil
}

// SignedIn takes the customer's return from his bank, once and only in the browser that was sent there, and gives a session that nobody has
// known before. Its refusals are *OAuthError; ErrNameless; the kinds of package banking, banking.ErrDenied among them.
func (a *Authority) SignedIn(ctx context.Context, browser Token, r banking.Return) (Token, error) {
	if r.State == "" || len(r.State) > 512 {
		return "", lost("return_malformed")
	}
	in, err := a.o.Store.TakeSignIn(ctx, hash(r.State), hash(string(browser)), a.o.Now())
	if errors.Is(err, ErrNone) {
		return "", lost("return_unknown")
	}
	if err != nil {
		return "", fmt.Errorf("signed in: %w", err)
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), finishTime)
	defer cancel()
	identity, err := a.o.Connections.Identify(ctx, in.Visit, r)
	if err != nil {
		return "", fmt.Errorf("signed in: %w", err)
	}
	if identity.Subject == "" {
		return "", ErrNameless
	}
	session, now := newToken(""), a.o.Now()
	err = a.o.Store.AddSession(ctx, Session{
		Hash: hash(string(session)), Browser: in.Browser, Customer: a.customer(identity, ""), Bank: string(identity.Bank), Expires: now.Add(sessionLife),
	})
	if err != nil {
		return "", fmt.Errorf("signed in: %w", err)
	}
	return session, nil
}

// Customer gives who is signed in with this session in this browser; ErrSignedOut.
func (a *Authority) Customer(ctx context.Context, session, browser Token) (Customer, error) {
	if len(session) != tokenLength || !isToken(string(session)) {
		return Customer{}, ErrSignedOut
	}
	s, err := a.o.Store.Session(ctx, hash(string(session)), hash(string(browser)), a.o.Now())
	if errors.Is(err, ErrNone) {
		return Customer{}, ErrSignedOut
	}
	if err != nil {
		return Customer{}, fmt.Errorf("read session: %w", err)
	}
	return Customer{ID: encode(s.Customer), Bank: banking.BankID(s.Bank), Until: s.Expires, name: s.Customer}, nil
}

// SignOut ends a session. Repeating it, or no such session, is no error.
func (a *Authority) SignOut(ctx context.Context, session Token) error {
	return a.o.Store.DropSession(ctx, hash(string(session)))
}
