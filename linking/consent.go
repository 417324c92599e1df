package linking

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"time"

	"sotto/banking"
	"sotto/linking/document"
)

// ErrChoice means a consent page was submitted without a bank of the list, or without a scope of those asked for.
var ErrChoice = errors.New("nothing chosen")

const (
	// codeLifetime is the contract's.
	codeLifetime = time.Minute
	// consents is how many may be begun at banks in one interaction.
	consents = 12
	// finishTime is how long keeping a connection may take. The browser's patience does not bound it: the bank's code is spent by then.
	finishTime = 20 * time.Second
)

func (a *Authority) page(ctx context.Context, i Interaction, browser Token, problem error) (Page, error) {
	p := Page{
		Interaction: i.ID, Browser: browser, Client: a.ClientName(ctx, i.Client), ClientID: i.Client, Locales: i.Locales, Banks: a.o.Connections.Banks(),
		Scopes: i.Asked.Scopes(), Chosen: i.Scopes.Scopes(), Bank: banking.BankID(i.Bank), Chat: a.fromChat(i), Account: i.Account != nil, Problem: problem,
	}
	if i.Scopes == 0 {
		p.Chosen = p.Scopes
	}
	if i.Joined > 0 { // What the first bank was not asked for, the second cannot add.
		p.Scopes = i.Scopes.Scopes()
		var err error
		if p.Joined, err = a.o.Connections.Joined(ctx, i.Link); err != nil {
			return Page{}, err
		}
	}
	if u, err := url.Parse(i.RedirectURI); err == nil {
		p.Host, p.Local = u.Host, u.Scheme == "http" // which only loopback may be
	}
	if c, ok := a.oauth(i.Client); ok && c.documented {
		p.Site = document.Host(i.Client)
	}
	return p, nil
}

// Resume gives the consent page of an interaction under way once more, as after a return from a bank. Its refusals are *OAuthError.
func (a *Authority) Resume(ctx context.Context, interaction string, browser Token) (Page, error) {
	i, err := a.interaction(ctx, interaction, browser)
	if err != nil {
		return Page{}, fmt.Errorf("resume: %w", err)
	}
	return a.page(ctx, i, browser, nil)
}

// interaction gives one that is under way in this browser.
func (a *Authority) interaction(ctx context.Context, id string, browser Token) (Interaction, error) {
	if !isID(id) {
		return Interaction{}, lost("interaction_unknown")
	}
	i, err := a.o.Store.Interaction(ctx, id, hash(string(browser)), a.o.Now())
	if errors.Is(err, ErrNone) {
		return Interaction{}, lost("interaction_unknown")
	}
	return i, err
}

// lost is what every interaction gets that is not to be found: unknown, of another browser, expired or finished.
func lost(reason string) *OAuthError {
	return refuse(invalidRequest, reason, "this page is no longer valid; start linking again in your assistant")
}

// Decide takes a submitted consent page. Going back and submitting it again is fine until the link is made; the bank chosen last counts.
func (a *Authority) Decide(ctx context.Context, d Decision) (Step, error) {
	i, err := a.interaction(ctx, d.Interaction, d.Browser)
	if err != nil {
		return Step{}, fmt.Errorf("decide: %w", err)
	}
	switch {
	case d.Choice == Deny:
		return a.deny(ctx, i)
	case d.Choice == Finish && i.Joined > 0:
		return a.finish(ctx, i)
	}
	scopes, ok := a.chosen(i, d)
	if !ok {
		return a.askAgain(ctx, i, d)
	}
	i, err = a.o.Store.Choose(ctx, i.ID, i.Browser, string(d.Bank), scopes, d.Choice == Add, consents, a.o.Now())
	if errors.Is(err, ErrNone) {
		return Step{}, lost("interaction_over")
	}
	if err != nil {
		return Step{}, fmt.Errorf("decide: %w", err)
	}
	begun, err := a.o.Connections.Begin(ctx, i.Link, d.Bank, permissions(i.Scopes.Scopes()))
	if err != nil {
		return a.ask(ctx, i, d.Browser, err)
	}
	if len(begun.State) < 22 { // 128 bits in base64url
		return Step{}, errors.New("decide: the bank's state is too short to be a secret")
	}
	err = a.o.Store.Await(ctx, i.ID, i.Tries, hash(begun.State))
	if errors.Is(err, ErrNone) {
		return Step{}, lost("interaction_elsewhere") // submitted twice: the later one goes on
	}
	if err != nil {
		return Step{}, fmt.Errorf("decide: %w", err)
	}
	return Step{URL: begun.URL, Outcome: "to_bank", ClientID: i.Client}, nil
}

// chosen reads the bank and scopes of a decision; false where they are not among those offered.
func (a *Authority) chosen(i Interaction, d Decision) (Mask, bool) {
	if d.Choice != Approve && d.Choice != Add {
		return 0, false
	}
	if !slices.ContainsFunc(a.o.Connections.Banks(), func(o banking.Offer) bool { return o.ID == d.Bank }) {
		return 0, false
	}
	offered := i.Asked
	if i.Joined > 0 {
		offered = i.Scopes
	}
	scopes, known := mask(d.Scopes)
	return scopes, known && scopes != 0 && scopes.within(offered)
}

func (a *Authority) ask(ctx context.Context, i Interaction, browser Token, problem error) (Step, error) {
	p, err := a.page(ctx, i, browser, problem)
	if err != nil {
		return Step{}, fmt.Errorf("ask: %w", err)
	}
	return Step{Page: &p, Outcome: "asked", ClientID: i.Client}, nil
}

// askAgain shows the page again as it was submitted: what was left out by who submitted it is not chosen for him.
func (a *Authority) askAgain(ctx context.Context, i Interaction, d Decision) (Step, error) {
	step, err := a.ask(ctx, i, d.Browser, ErrChoice)
	if err != nil {
		return Step{}, err
	}
	step.Page.Bank = d.Bank
	step.Page.Chosen = slices.DeleteFunc(slices.Clone(step.Page.Scopes), func(s Scope) bool { return !slices.Contains(d.Scopes, s) })
	return step, nil
}

// finish makes the link with the banks joined so far. A consent that waits at another bank is ended there.
func (a *Authority) finish(ctx context.Context, i Interaction) (Step, error) {
	i, err := a.o.Store.TakeJoined(ctx, i.ID, i.Browser, a.o.Now())
	if errors.Is(err, ErrNone) {
		return Step{}, lost("interaction_over")
	}
	if err != nil {
		return Step{}, fmt.Errorf("finish: %w", err)
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), finishTime)
	defer cancel()
	return a.conclude(ctx, i)
}

// deny takes the customer's no, here or at the bank, to the client. Banks joined before are left.
func (a *Authority) deny(ctx context.Context, i Interaction) (Step, error) {
	if err := a.o.Store.Abandon(ctx, i.ID, a.o.Now()); err != nil {
		return Step{}, fmt.Errorf("deny: %w", err)
	}
	step := Step{Outcome: "denied", ClientID: i.Client}
	if a.fromChat(i) {
		step.URL = i.RedirectURI // with nothing added, which says that nothing was linked; or none
	} else {
		step.URL = a.answer(i.RedirectURI, i.State, "error", accessDenied, "error_description", "the customer said no")
	}
	return step, nil
}

// Return takes the customer's return from the bank: on to the client with a code, to the page for another bank, or to the page with
// a Problem. It works once for each way to a bank, and only in the browser that was sent there.
func (a *Authority) Return(ctx context.Context, browser Token, r banking.Return) (Step, error) {
	if r.State == "" || len(r.State) > 512 {
		return Step{}, lost("return_malformed")
	}
	i, err := a.o.Store.Take(ctx, hash(r.State), hash(string(browser)), a.o.Now())
	if errors.Is(err, ErrNone) {
		return Step{}, lost("return_unknown")
	}
	if err != nil {
		return Step{}, fmt.Errorf("return: %w", err)
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), finishTime)
	defer cancel()
	key, err := a.openKey(i.Link, i.Key)
	if err != nil {
		return Step{}, fmt.Errorf("return: %w", err)
	}
	identity, err := a.o.Connections.Finish(ctx, i.Link, key, r)
	if errors.Is(err, banking.ErrDenied) {
		return a.deny(ctx, i)
	}
	if err == nil {
		i.Joined++
		if i.Customer == nil {
			i.Customer = a.customer(identity, i.Link)
		}
		if !i.Add {
			return a.conclude(ctx, i)
		}
	}
	again := a.o.Store.AskAgain(ctx, i.ID, i.Customer, i.Joined)
	if errors.Is(again, ErrNone) {
		return Step{}, lost("interaction_over")
	}
	if again != nil {
		return Step{}, fmt.Errorf("return: %w", errors.Join(again, err))
	}
	return a.ask(ctx, i, browser, err)
}

// customer is the house's name for a person. Where the bank has no stable name for him, each link is its own customer.
func (a *Authority) customer(i banking.Identity, link string) []byte {
	if i.Subject == "" {
		return a.o.Keys.name("customer of link", link)
	}
	return a.o.Keys.name("customer", string(i.Bank), i.Subject)
}

// subject is what one client knows a customer by: two clients that compare theirs learn nothing.
func (a *Authority) subject(client string, customer []byte) string {
	return encode(a.o.Keys.name("subject", client, string(customer)))
}

// conclude keeps the link and sends the browser back with its code, or shows the code of a chat.
func (a *Authority) conclude(ctx context.Context, i Interaction) (Step, error) {
	if a.fromChat(i) {
		return a.concludeChat(ctx, i)
	}
	code := newToken("")
	err := a.o.Store.Conclude(ctx, i.ID, a.newLink(i, hash(string(code)), a.o.Now().Add(codeLifetime)))
	if errors.Is(err, ErrNone) { // swept, because the bank took too long; its connection will be ended
		return Step{}, lost("interaction_over")
	}
	if err != nil {
		return Step{}, fmt.Errorf("return: %w", err)
	}
	return Step{URL: a.answer(i.RedirectURI, i.State, "code", string(code)), Outcome: "linked", ClientID: i.Client, Link: i.Link}, nil
}

// newLink is the link that comes of an interaction, with a grant for whoever has the code that hashes to this, until then.
func (a *Authority) newLink(i Interaction, code []byte, until time.Time) NewLink {
	return NewLink{
		ID: i.Link, Client: i.Client, Customer: i.Customer, Subject: a.subject(i.Client, i.Customer), Scopes: i.Scopes, Key: i.Key, Created: a.o.Now(),
		Grant: encode(random(16)), Resource: i.Resource, Code: code, CodeExpires: until, RedirectURI: i.RedirectURI, Challenge: i.Challenge,
		Account: i.Account,
	}
}
