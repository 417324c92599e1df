package dev

import (
	"context"
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // the one-time codes of RFC 6238 are made with it
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// maxPages is how many pages with a form a person fills in on the way through a linking.
const maxPages = 15

// Person is a customer who links an assistant.
type Person struct {
	// Bank is the bank's id, chosen on the consent page.
	Bank string
	// Customer is who signs in there.
	Customer Customer
	// Scopes are what the assistant may say; nil is everything that is offered.
	Scopes []string
	// Accounts are the values of the account choice at the bank; nil is all of them.
	Accounts []string
	// No says to deny at Sotto's own page, and NoAtBank at the bank's.
	No, NoAtBank bool
	// Now is the time by which one-time codes are made.
	Now func() time.Time
}

// Link walks from the authorization request to the assistant's redirect URI, through Sotto's consent page and the bank's sign-in, and gives
// what the redirect carries: code, state and iss, or error. What is not expected on the way is an ErrBrowser that names the page, and shows
// what it says.
func (p Person) Link(ctx context.Context, authorize, redirectURI string) (url.Values, error) {
	target, err := url.Parse(redirectURI)
	if err != nil {
		return nil, fmt.Errorf("%w: the redirect URI is no URL", ErrBrowser)
	}
	b := NewBrowser(func(u *url.URL) bool {
		return u.Scheme == target.Scheme && u.Host == target.Host && u.Path == target.Path
	})
	page, err := p.walk(ctx, b, authorize)
	if err != nil {
		return nil, err
	}
	if !page.Arrived {
		return nil, unexpected(page)
	}
	return page.URL.Query(), nil
}

// Code is what the last page of a linking shows that started from a chat.
type Code struct {
	Digits string // to be typed in the chat
	Back   string // where the page leads back to; empty where it leads nowhere
}

// LinkChat walks from an address that was given in a chat to the page that shows its code.
func (p Person) LinkChat(ctx context.Context, address string) (Code, error) {
	page, err := p.walk(ctx, NewBrowser(func(*url.URL) bool { return false }), address)
	if err != nil {
		return Code{}, err
	}
	if page.Status >= http.StatusBadRequest || page.Code == "" {
		return Code{}, unexpected(page)
	}
	c := Code{Digits: page.Code}
	if len(page.Links) > 0 {
		c.Back = page.Links[0].String()
	}
	return c, nil
}

// walk fills in forms until there is none, or the browser has arrived.
func (p Person) walk(ctx context.Context, b *Browser, address string) (*Page, error) {
	page, err := b.Open(ctx, address)
	for range maxPages {
		if err != nil || page.Arrived || len(page.Forms) == 0 {
			return page, err
		}
		if page.Status >= http.StatusBadRequest {
			return nil, unexpected(page)
		}
		form := page.Forms[0]
		var values url.Values
		if values, err = p.fill(form); err != nil {
			return nil, err
		}
		page, err = b.Submit(ctx, form, values)
	}
	if err != nil {
		return nil, err
	}
	return nil, fmt.Errorf("%w: more than %d pages to fill in; the last says: %s", ErrBrowser, maxPages, excerpt(page.Text))
}

func unexpected(page *Page) error {
	return fmt.Errorf("%w: %s%s answers %d: %s", ErrBrowser, page.URL.Host, page.URL.Path, page.Status, excerpt(page.Text))
}

// fill says what a person puts into a form, which is recognised by the names of its fields.
func (p Person) fill(f Form) (url.Values, error) {
	decide := func(v url.Values, no bool) url.Values {
		v.Set("decision", "approve")
		if no {
			v.Set("decision", "deny")
		}
		return v
	}
	switch {
	case f.Has("bank"):
		scopes := p.Scopes
		if scopes == nil {
			scopes = f.Values("scope")
		}
		return decide(url.Values{"bank": {p.Bank}, "scope": scopes}, p.No), nil
	case f.Has("username"):
		return url.Values{"username": {p.Customer.Username}, "password": {p.Customer.Password}}, nil
	case f.Has("account"):
		accounts := p.Accounts
		if accounts == nil {
			accounts = f.Values("account")
		}
		return decide(url.Values{"account": accounts}, p.NoAtBank), nil
	case f.Has("code") && visible(f, "code"):
		code, err := OneTimeCode(p.Customer.TOTPSecret, p.Now())
		return url.Values{"code": {code}}, err
	default:
		return nil, nil // a form that only carries on, such as form_post's
	}
}

func visible(f Form, name string) bool {
	for _, field := range f.Fields {
		if field.Name == name && field.Type != "hidden" {
			return true
		}
	}
	return false
}

// excerpt is enough of a page to see what went wrong. Pages shown by this are refusals, or forms.
func excerpt(text string) string {
	if len(text) > 200 {
		return text[:200] + "…"
	}
	return text
}

// OneTimeCode is the code of RFC 6238 for a base32 secret: SHA-1, 6 digits, 30 s.
func OneTimeCode(secret string, at time.Time) (string, error) {
	key, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(strings.TrimRight(strings.ToUpper(secret), "="))
	if err != nil {
		return "", fmt.Errorf("%w: the secret of the one-time code is no base32", ErrState)
	}
	var step [8]byte
	binary.BigEndian.PutUint64(step[:], uint64(at.Unix()/30)) //nolint:gosec // the clock is after 1970
	mac := hmac.New(sha1.New, key)
	mac.Write(step[:])
	sum := mac.Sum(nil)
	at4 := sum[len(sum)-1] & 0x0f
	return fmt.Sprintf("%06d", (binary.BigEndian.Uint32(sum[at4:at4+4])&0x7fffffff)%1_000_000), nil
}
