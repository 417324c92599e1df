package linking

import (
	"context"
	"errors"
	"fmt"
	"net/url"
)

// Open begins an interaction from a ticket of Invite. Opening an address twice, as a preview of links does, spends nothing: the ticket is spent by
// the link that is made with it. Its refusals are *OAuthError, to be answered with a page.
func (a *Authority) Open(ctx context.Context, ticket, browser Token, locales string) (Page, error) {
	if !isToken(string(ticket)) {
		return Page{}, lost("ticket_malformed")
	}
	t, err := a.o.Store.Ticket(ctx, hash(string(ticket)), a.o.Now())
	if errors.Is(err, ErrNone) {
		return Page{}, lost("ticket_over")
	}
	if err != nil {
		return Page{}, fmt.Errorf("open: %w", err)
	}
	client, known := a.clients[t.Client]
	if !known {
		return Page{}, lost("ticket_over")
	}
	return a.open(ctx, client, Interaction{Ticket: t.Hash, Locales: locales}, browser)
}

// OpenFrom begins an interaction of a platform that says only afterwards, to Claim, which chat it was: Messenger. back is
// where the browser is to go in the end, which the caller has proven to be the platform's; the handover is added to its query as
// authorization_code.
func (a *Authority) OpenFrom(ctx context.Context, id, back string, browser Token, locales string) (Page, error) {
	client, known := a.clients[id]
	if !known || client.Platform != Messenger {
		return Page{}, fmt.Errorf("open: %w", errChat)
	}
	return a.open(ctx, client, Interaction{RedirectURI: back, Locales: locales}, browser)
}

func (a *Authority) open(ctx context.Context, client Client, i Interaction, browser Token) (Page, error) {
	if !areLocales(i.Locales) {
		i.Locales = ""
	}
	allowed, _ := mask(client.Scopes)
	i.Client, i.Asked, i.Resource = client.ID, allowed, a.resources(client.Platform)[0]
	return a.begin(ctx, i, browser)
}

// fromChat says whether an interaction ends with a code to be typed in a chat.
func (a *Authority) fromChat(i Interaction) bool {
	return i.Ticket != nil || a.clients[i.Client].Platform == Messenger
}

// concludeChat keeps the link, to be used by nobody yet, and shows the code that makes it the chat's.
func (a *Authority) concludeChat(ctx context.Context, i Interaction) (Step, error) {
	code, err := newChatCode()
	if err != nil {
		return Step{}, err
	}
	over := a.o.Now().Add(chatCodeLifetime)
	w := WaitingChat{Ticket: i.Ticket, Code: a.codeName(i.Client, code), Expires: over}
	step := Step{Outcome: "code", Code: code, ClientID: i.Client, Link: i.Link}
	if i.Ticket == nil {
		handover := newToken("")
		w.Handover = hash(string(handover))
		step.URL = appendQuery(i.RedirectURI, "authorization_code="+url.QueryEscape(string(handover)))
	}
	// Nobody has what hashes to this code, so that no token can be had for the grant.
	n := a.newLink(i, random(32), over)
	err = a.o.Store.ConcludeChat(ctx, i.ID, n, w)
	if errors.Is(err, ErrNone) { // swept, or another browser was quicker with the same ticket
		if err := a.o.Store.Abandon(ctx, i.ID, a.o.Now()); err != nil {
			return Step{}, fmt.Errorf("return: %w", err)
		}
		return Step{}, lost("ticket_spent")
	}
	if err != nil {
		return Step{}, fmt.Errorf("return: %w", err)
	}
	return step, nil
}

// Claim takes the word of a platform that a handover came back from this chat: only there the code counts. Repeating it is no error; ErrNoCode
// where the handover is unknown, over, or came back from another chat before.
func (a *Authority) Claim(ctx context.Context, chat Chat, handover Token) error {
	client, name, err := a.chat(chat)
	if err != nil {
		return fmt.Errorf("claim: %w", err)
	}
	if !isToken(string(handover)) {
		return ErrNoCode
	}
	err = a.o.Store.Claim(ctx, hash(string(handover)), client.ID, name, a.o.Now())
	if errors.Is(err, ErrNone) {
		return ErrNoCode
	}
	return err
}
