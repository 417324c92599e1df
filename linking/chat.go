package linking

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"math/big"
	"strings"
	"time"
)

// Chat is a conversation on a platform that holds no token of its customer's: whose it is follows from where it is held. A
// link that starts from one is not its own before a code that the customer's browser showed was typed in it. So an
// address that was made for an attacker's chat binds nobody who opens it.
//
//	Invite   chat.go      a chat wants to be linked: an address with a ticket
//	Open     chatpages.go the address is opened: the consent page, the bank, and a page that shows the code
//	Claim    chatpages.go a platform that was given no ticket says which chat it was
//	Confirm  chat.go      the code is typed in the chat
//	ResolveChat           the chat asks: the Link
//	ForgetChat            the platform says that whoever has the chat wants to be forgotten
type Chat struct {
	Client string // client id
	ID     string // the platform's own name for it; kept only as an HMAC
}

// String gives "[chat]".
func (Chat) String() string { return "[chat]" }

// GoString gives "[chat]".
func (Chat) GoString() string { return "[chat]" }

// IsZero says whether there is no chat.
func (c Chat) IsZero() bool { return c == Chat{} }

// Bounds of linking that starts from a chat.
const (
	ticketLifetime   = 15 * time.Minute
	chatCodeLifetime = 10 * time.Minute
	chatTries        = 5
	chatDigits       = 6
	maxChatID        = 512
)

// What can be wrong with a code that was typed in a chat.
var (
	ErrNoCode    = errors.New("no code is waited for in this chat")
	ErrWrongCode = errors.New("the code does not fit")
	ErrCodeOver  = errors.New("the code was used, has expired or was tried too often")
)

// errChat means that a client holds no chats, or is not known. It is a fault of settings, not of a customer.
var errChat = errors.New("no chat of a client that links from chats")

// ChatCode is the six digits that a browser shows and a chat wants. It does not show itself in logs, errors or JSON.
type ChatCode string

// String gives "[code]".
func (ChatCode) String() string { return "[code]" }

// GoString gives "[code]".
func (ChatCode) GoString() string { return "[code]" }

// MarshalText gives "[code]".
func (ChatCode) MarshalText() ([]byte, error) { return []byte("[code]"), nil }

// ReadChatCode reads a text that is a code and nothing else; spaces and dashes between its digits do not matter.
func ReadChatCode(text string) (ChatCode, bool) {
	if len(text) > 4*chatDigits {
		return "", false
	}
	digits := strings.Map(func(r rune) rune {
		if r == ' ' || r == '-' || r == '\n' || r == '\t' || r == '\u00a0' {
			return -1
		}
		return r
	}, text)
	if len(digits) != chatDigits || strings.Trim(digits, "0123456789") != "" {
		return "", false
	}
	return ChatCode(digits), true
}

// newChatCode makes a code; each of the million is as likely as any other.
func newChatCode() (ChatCode, error) {
	n, err := rand.Int(rand.Reader, big.NewInt(1_000_000))
	if err != nil {
		return "", fmt.Errorf("make a code: %w", err)
	}
	return ChatCode(fmt.Sprintf("%0*d", chatDigits, n)), nil
}

// codeName is how a code is kept. There are too few codes for a hash; nobody tries this one without the pairwise key, and so comparing
// it takes no time that tells anything.
func (a *Authority) codeName(client string, code ChatCode) []byte {
	return a.o.Keys.name("chat code", client, string(code))
}

// chat gives the client and the kept name of a chat.
func (a *Authority) chat(c Chat) (Client, []byte, error) {
	client, known := a.clients[c.Client]
	if !known || !client.Platform.chats() || c.ID == "" || len(c.ID) > maxChatID {
		return Client{}, nil, errChat
	}
	return client, a.o.Keys.name("chat", c.Client, c.ID), nil
}

// chats says whether linking may start from a chat of the platform.
func (p Platform) chats() bool { return p == Messenger || p == Google }

// Invite gives a ticket with which Open begins to link this chat: for 15 minutes, and for one link. Several may be out at the same time,
// because a customer who asks twice may follow either address.
func (a *Authority) Invite(ctx context.Context, chat Chat) (Token, error) {
	client, name, err := a.chat(chat)
	if err != nil {
		return "", fmt.Errorf("invite: %w", err)
	}
	ticket := newToken("")
	err = a.o.Store.AddTicket(ctx, Ticket{Hash: hash(string(ticket)), Client: client.ID, Chat: name, Expires: a.o.Now().Add(ticketLifetime)})
	if err != nil {
		return "", fmt.Errorf("invite: %w", err)
	}
	return ticket, nil
}

// Confirm takes a code typed in a chat, and gives the link that is the chat's from now on. What was the chat's before ends. It is
// ErrNoCode, ErrWrongCode or ErrCodeOver where the code is not good. After five wrong ones the waiting link ends.
func (a *Authority) Confirm(ctx context.Context, chat Chat, code ChatCode) (link string, err error) {
	client, name, err := a.chat(chat)
	if err != nil {
		return "", fmt.Errorf("confirm: %w", err)
	}
	now := a.o.Now()
	link, err = a.o.Store.Confirm(ctx, Confirming{Chat: name, Code: a.codeName(client.ID, code), Tries: chatTries, Now: now})
	if !errors.Is(err, ErrNone) {
		return link, err
	}
	facts, err := a.o.Store.ChatCodeFacts(ctx, name)
	if errors.Is(err, ErrNone) {
		return "", ErrNoCode
	}
	if err != nil {
		return "", fmt.Errorf("confirm: %w", err)
	}
	return "", judgeChatCode(facts, now)
}

// ResolveChat gives the link of a chat of this platform, as Resolve does for a token: what is wrong with it is an ErrNotLinked, and an end
// of the link holds at once everywhere.
func (a *Authority) ResolveChat(ctx context.Context, platform Platform, chat Chat) (Link, error) {
	client, name, err := a.chat(chat)
	if err != nil {
		return Link{}, errClientIsGone
	}
	if client.Platform != platform {
		return Link{}, errOtherPlatform
	}
	g, err := a.o.Store.ByChat(ctx, name)
	switch {
	case errors.Is(err, ErrNone):
		return Link{}, errUnknown
	case err != nil:
		return Link{}, fmt.Errorf("resolve: %w", err)
	case !g.Ended.IsZero():
		return Link{}, errEnded
	case g.Client != client.ID:
		return Link{}, errForged
	}
	return a.link(client, g, g.Scopes)
}

// ForgetChat forgets whatever was linked to a chat, as Forget does: its link, those that it had before, because their record is still there, and those
// that wait for their code. Where it has none there is nothing to do. It may be repeated, and goes on where it was interrupted.
func (a *Authority) ForgetChat(ctx context.Context, chat Chat) error {
	_, name, err := a.chat(chat)
	if err != nil {
		return fmt.Errorf("forget a chat: %w", err)
	}
	links, err := a.o.Store.LinksOfChat(ctx, name)
	if err != nil {
		return fmt.Errorf("forget a chat: %w", err)
	}
	for _, link := range links {
		if _, err := a.Forget(ctx, link); err != nil && !errors.Is(err, ErrNotLinked) {
			return fmt.Errorf("forget a chat: %w", err)
		}
	}
	return nil
}
