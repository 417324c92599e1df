package skills_test

import (
	"context"
	"errors"
	"maps"
	"slices"
	"testing"
	"time"

	"sotto/banking"
	"sotto/linking"
	"sotto/linking/disclosure"
	"sotto/skills"
	"sotto/skills/speech"
)

// today is a Monday, in ISO week 48.
var today = banking.Date{Year: 2026, Month: 11, Day: 23}

func day(month time.Month, d int) banking.Date { return banking.Date{Year: 2026, Month: month, Day: d} }

func gbp(minor int64) banking.Money { return banking.Money{Minor: minor, Currency: "GBP"} }

// bank is one customer's world: what the fakes answer with.
type bank struct {
	links      map[linking.Token]linking.Link
	linkErr    error
	ended      []string
	endErr     error
	typed      []string // codes, in chats
	confirmErr error
	accounts   []banking.Account
	balances   []banking.Balance
	rows       []banking.Transaction
	extents    map[banking.BankID]banking.Extent
	gaps       []banking.Gap
	listed     bool // all accounts are known, those in gaps too
	err        error
	asked      []banking.Window
	only       [][]banking.Account
	entries    []disclosure.Entry
	refuse     error // of the record
	order      []string
}

const token linking.Token = "good"

// allowed is a link that may everything.
func allowed(scopes ...linking.Scope) map[linking.Token]linking.Link {
	if scopes == nil {
		scopes = []linking.Scope{linking.Balances, linking.Spending, linking.Transactions}
	}
	return map[linking.Token]linking.Link{token: {ID: "link-1", Platform: linking.Alexa, Scopes: scopes}}
}

func (b *bank) Resolve(_ context.Context, p linking.Platform, t linking.Token) (linking.Link, error) {
	if b.linkErr != nil {
		return linking.Link{}, b.linkErr
	}
	l, ok := b.links[t]
	if !ok || l.Platform != p {
		return linking.Link{}, linking.ErrNotLinked
	}
	return l, nil
}

func (b *bank) ResolveChat(_ context.Context, p linking.Platform, c linking.Chat) (linking.Link, error) {
	if b.linkErr != nil {
		return linking.Link{}, b.linkErr
	}
	l, ok := b.links[linking.Token(c.ID)]
	if !ok || l.Platform != p {
		return linking.Link{}, linking.ErrNotLinked
	}
	return l, nil
}

func (b *bank) Confirm(_ context.Context, _ linking.Chat, code linking.ChatCode) (string, error) {
	b.typed = append(b.typed, string(code))
	return "link-1", b.confirmErr
}

func (b *bank) Forget(_ context.Context, link string) error {
	if b.endErr != nil {
		return b.endErr
	}
	b.ended = append(b.ended, link)
	clear(b.links)
	return nil
}

func (b *bank) Today(context.Context, banking.Access) (banking.Date, error) {
	return today, nil
}

func (b *bank) Accounts(_ context.Context, a banking.Access) ([]banking.Account, []banking.Gap, error) {
	if b.listed {
		return b.accounts, nil, nil
	}
	return b.accounts, b.gaps, b.err
}

func (b *bank) Balances(_ context.Context, a banking.Access) ([]banking.Balance, []banking.Gap, error) {
	if !a.May(banking.ReadBalances) {
		return nil, nil, banking.ErrNoAccess
	}
	b.order = append(b.order, "asked")
	return b.balances, b.gaps, b.err
}

func (b *bank) Transactions(
	_ context.Context, a banking.Access, only []banking.Account, w banking.Window, each func(banking.Transaction) error,
) (map[banking.BankID]banking.Extent, []banking.Gap, error) {
	if !a.May(banking.ReadTotals) && !a.May(banking.ReadTransactions) {
		return nil, nil, banking.ErrNoAccess
	}
	b.asked, b.only = append(b.asked, w), append(b.only, only)
	if b.err != nil {
		return nil, b.gaps, b.err
	}
	for _, t := range b.rows {
		if !w.Contains(t.Day) || only != nil && !slices.ContainsFunc(only, func(o banking.Account) bool { return o.Ref == t.Account }) {
			continue
		}
		if err := each(t); err != nil {
			return nil, nil, err
		}
	}
	extents := maps.Clone(b.extents)
	for _, g := range b.gaps {
		delete(extents, g.Bank)
	}
	return extents, b.gaps, nil
}

func (b *bank) Append(_ context.Context, h disclosure.Holder, e disclosure.Entry) error {
	if b.refuse != nil {
		return b.refuse
	}
	b.order = append(b.order, "recorded")
	b.entries = append([]disclosure.Entry{e}, b.entries...)
	return nil
}

func (b *bank) List(_ context.Context, _ disclosure.Holder, n int) ([]disclosure.Entry, int, error) {
	return b.entries[:min(n, len(b.entries))], len(b.entries), b.refuse
}

func (b *bank) skill(t testing.TB) *skills.Skill {
	t.Helper()
	s, err := skills.New(skills.Options{
		Links: b, Teller: b, Record: b,
		BankName: func(id banking.BankID) string {
			return map[banking.BankID]string{"albion": "Albion Bank", "borea": "Borea Bank"}[id]
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// talk is a conversation on Alexa: each turn has the dialogue of the reply before it, as long as that one asked something.
type talk struct {
	t        testing.TB
	bank     *bank
	skill    *skills.Skill
	token    linking.Token
	speaker  string
	platform linking.Platform
	dialogue skills.Dialogue
	reply    skills.Reply
	trace    skills.Trace
}

func newTalk(t testing.TB, b *bank) *talk {
	t.Helper()
	return &talk{t: t, bank: b, skill: b.skill(t), token: token, platform: linking.Alexa}
}

// say gives what is heard after saying this.
func (c *talk) say(intent skills.Intent, slots skills.Slots) string {
	c.t.Helper()
	recorded := len(c.bank.entries)
	c.reply, c.trace = c.skill.Answer(c.t.Context(), skills.Turn{
		ID: "turn", Platform: c.platform, Locale: "en-US", Intent: intent, Slots: slots, Token: c.token, Speaker: c.speaker, Dialogue: c.dialogue,
	})
	c.dialogue = skills.Dialogue{}
	if c.reply.Ask {
		c.dialogue = c.reply.Dialogue
	}
	if c.reply.Ask == c.reply.End {
		c.t.Errorf("%s: a reply either asks or ends; got %+v", intent, c.reply)
	}
	if len(c.reply.Facts) > 0 && len(c.bank.entries) != recorded+1 {
		c.t.Errorf("%s: facts were said and not recorded", intent)
	}
	if len(c.reply.Facts) == 0 && len(c.bank.entries) != recorded {
		c.t.Errorf("%s: something was recorded and nothing said", intent)
	}
	return speech.Say("en-US", c.reply).Text
}

func (c *talk) hears(want string, intent skills.Intent, slots skills.Slots) {
	c.t.Helper()
	if got := c.say(intent, slots); got != want {
		c.t.Errorf("%s %v\n got %q\nwant %q", intent, slots, got, want)
	}
}

// hearsAs is hears, where the reply must have this key.
func (c *talk) hearsAs(key skills.Key, want string, intent skills.Intent, slots skills.Slots) {
	c.t.Helper()
	c.hears(want, intent, slots)
	if c.reply.Key != key {
		c.t.Errorf("got key %q, want %q", c.reply.Key, key)
	}
}

func slot(name skills.SlotName, heard string, values ...string) skills.Slots {
	return skills.Slots{name: {Heard: heard, Values: values}}
}

var errDisk = errors.New("disk full")

func account(id string, kind banking.Kind, name, digits string) banking.Account {
	return banking.Account{Ref: banking.AccountRef{Bank: "albion", ID: id}, Kind: kind, Currency: "GBP", Name: name, Digits: digits}
}

func balanceOf(a banking.Account, minor int64) banking.Balance {
	return banking.Balance{Account: a, Money: gbp(minor)}
}
