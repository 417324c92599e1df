package skills_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"pgregory.net/rapid"

	"sotto/banking"
	"sotto/linking"
	"sotto/skills"
	"sotto/skills/speech"
)

func TestALinkThatWasFoundForTheRequestIsNotLookedUpAgain(t *testing.T) {
	b := shopper()
	link := b.links[token]
	b.linkErr = errDisk // whoever looks it up
	link.Scopes = []linking.Scope{linking.Spending}
	for intent, want := range map[skills.Intent]skills.Key{skills.Spending: skills.SpendingSaid, skills.Balance: skills.ScopeBalances} {
		reply, trace := b.skill(t).Answer(t.Context(), skills.Turn{ID: "turn", Platform: linking.MCP, Locale: "en-US", Intent: intent, Token: token, Proven: &link})
		if reply.Key != want || trace.Link != link.ID {
			t.Errorf("%s: got %q of the link %q, want %q", intent, reply.Key, trace.Link, want)
		}
	}
}

func TestWhoIsNotAdmittedIsToldHow(t *testing.T) {
	merchant := slot(skills.SlotMerchant, "Tesco", "Tesco")
	for name, tc := range map[string]struct {
		scopes []linking.Scope
		token  linking.Token
		err    error
		intent skills.Intent
		slots  skills.Slots
		key    skills.Key
		reason string
		card   bool
	}{
		"no token":                                {token: "", intent: skills.Balance, key: skills.Unlinked, reason: "no token", card: true},
		"a token of no link":                      {token: "forged", intent: skills.Balance, key: skills.Unlinked, reason: "not linked", card: true},
		"forget me, without a link":               {token: "", intent: skills.Forget, key: skills.Unlinked, reason: "no token", card: true},
		"a database that is gone":                 {token: token, err: errDisk, intent: skills.Balance, key: skills.Sorry, reason: "fault of ours"},
		"a database that is gone, at the welcome": {token: token, err: errDisk, intent: skills.Launch, key: skills.Sorry, reason: "fault of ours"},
		"balances withheld": {
			token: token, scopes: []linking.Scope{linking.Spending}, intent: skills.Balance, key: skills.ScopeBalances, reason: "scope withheld", card: true,
		},
		"spending withheld": {
			token: token, scopes: []linking.Scope{linking.Balances}, intent: skills.Spending, key: skills.ScopeSpending, reason: "scope withheld", card: true,
		},
		"transactions withheld": {
			token: token, scopes: []linking.Scope{linking.Spending}, intent: skills.Transactions, key: skills.ScopeTransactions, reason: "scope withheld", card: true,
		},
		"a merchant is more than a total": {
			token: token, scopes: []linking.Scope{linking.Spending}, intent: skills.Spending, slots: merchant, key: skills.ScopeTransactions, reason: "scope withheld", card: true,
		},
		"a total needs no transactions": {token: token, scopes: []linking.Scope{linking.Spending}, intent: skills.Spending, key: skills.SpendingSaid},
		"help needs no link":            {token: "", intent: skills.Help, key: skills.HelpSaid},
	} {
		t.Run(name, func(t *testing.T) {
			b := shopper()
			b.links, b.linkErr = allowed(tc.scopes...), tc.err
			c := newTalk(t, b)
			c.token = tc.token
			c.say(tc.intent, tc.slots)
			if c.reply.Key != tc.key || c.trace.Reason != tc.reason || c.reply.LinkCard != tc.card {
				t.Errorf("got %q, %q, card %v; want %q, %q, %v", c.reply.Key, c.trace.Reason, c.reply.LinkCard, tc.key, tc.reason, tc.card)
			}
		})
	}
}

func TestEveryKindOfErrorHasItsApology(t *testing.T) {
	gap := func(errs ...error) []banking.Gap {
		var gaps []banking.Gap
		for i, err := range errs {
			gaps = append(gaps, banking.Gap{Bank: banking.BankID(fmt.Sprint(i)), Name: []string{"Albion Bank", "Borea Bank"}[i], Err: fmt.Errorf("read: %w", err)})
		}
		return gaps
	}
	for name, tc := range map[string]struct {
		err  error
		gaps []banking.Gap
		key  skills.Key
		says string
	}{
		"unavailable":                 {banking.ErrUnavailable, gap(banking.ErrUnavailable), skills.BankUnavailable, "answer from Albion Bank just now"},
		"busy":                        {banking.ErrBusy, gap(banking.ErrBusy), skills.BankBusy, "Albion Bank is very busy"},
		"two are busy":                {banking.ErrBusy, gap(banking.ErrBusy, banking.ErrBusy), skills.BankBusy, "Albion Bank and Borea Bank are very busy"},
		"garbled":                     {banking.ErrGarbled, gap(banking.ErrGarbled), skills.BankGarbled, "answer from Albion Bank that I couldn't make sense of"},
		"ended":                       {banking.ErrRelink, gap(banking.ErrRelink), skills.BankRelink, "My connection to Albion Bank has ended"},
		"forbidden":                   {banking.ErrForbidden, gap(banking.ErrForbidden), skills.BankForbidden, "not allowed to see that at Albion Bank"},
		"too much":                    {banking.ErrTooMuch, gap(banking.ErrTooMuch), skills.TooMuch, "more than I can read"},
		"two of different kinds":      {banking.ErrBusy, gap(banking.ErrBusy, banking.ErrRelink), skills.BankUnavailable, "Albion Bank or Borea Bank"},
		"a kind without a bank":       {banking.ErrBusy, nil, skills.BankBusy, "Your bank is very busy"},
		"no connection":               {banking.ErrNotFound, nil, skills.BankRelink, "My connection to your bank has ended"},
		"no access":                   {banking.ErrNoAccess, nil, skills.Sorry, "something went wrong"},
		"out of time":                 {context.DeadlineExceeded, nil, skills.Late, "took too long"},
		"anything else":               {errors.New("sql: syntax error near secret"), nil, skills.Sorry, "something went wrong"},
		"a link that ended meanwhile": {linking.ErrNotLinked, nil, skills.Unlinked, "link to your bank"},
	} {
		t.Run(name, func(t *testing.T) {
			c := newTalk(t, &bank{links: allowed(), err: tc.err, gaps: tc.gaps})
			said := c.say(skills.Balance, nil)
			if c.reply.Key != tc.key || !strings.Contains(said, tc.says) || strings.Contains(said, "secret") {
				t.Errorf("got %q: %q; want %q with %q", c.reply.Key, said, tc.key, tc.says)
			}
			if c.trace.Link != "link-1" || c.trace.Reason == "" || strings.Contains(c.trace.Reason, "Bank") {
				t.Errorf("got trace %+v", c.trace)
			}
		})
	}
}

func TestWhatIsNotRecordedIsNotSaid(t *testing.T) {
	b := &bank{links: allowed(), balances: []banking.Balance{balanceOf(current, 100)}, refuse: errDisk}
	c := newTalk(t, b)
	reply, trace := c.skill.Answer(t.Context(), skills.Turn{Platform: linking.Alexa, Intent: skills.Balance, Token: token})
	if reply.Key != skills.Sorry || len(reply.Facts) != 0 || trace.Reason != "not recorded" {
		t.Errorf("got %+v, %+v", reply, trace)
	}
	b.refuse = nil
	c.say(skills.Balance, nil)
	if !slices.Equal(b.order[len(b.order)-2:], []string{"asked", "recorded"}) {
		t.Errorf("got order %v", b.order)
	}
}

func TestTheRecordIsWrittenEvenWhenTheTurnHasRunOutOfTime(t *testing.T) {
	b := &bank{links: allowed(), err: banking.ErrUnavailable, gaps: []banking.Gap{{Bank: "albion", Name: "Albion Bank", Err: banking.ErrUnavailable}}}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	reply, _ := newTalk(t, b).skill.Answer(ctx, skills.Turn{Platform: linking.Alexa, Intent: skills.Balance, Token: token})
	if reply.Key != skills.BankUnavailable || len(b.entries) != 1 {
		t.Errorf("got %q and %d entries", reply.Key, len(b.entries))
	}
}

func TestARecordNamesKindsAndAccountsAndNoAmountsOrMerchants(t *testing.T) {
	b := shopper()
	b.balances = []banking.Balance{balanceOf(rainy, 123456)}
	c := newTalk(t, b)
	c.say(skills.Balance, nil)
	c.say(skills.Spending, slot(skills.SlotPeriod, "2026-W47"))
	c.say(skills.Transactions, nil)
	written, err := json.Marshal(b.entries)
	if err != nil {
		t.Fatal(err)
	}
	for _, wanted := range []string{"Rainy Day", "Albion Bank", "2026-11-16/2026-11-22", "BalanceIntent", "purchase", "alexa"} {
		if !strings.Contains(string(written), wanted) {
			t.Errorf("the record lacks %q: %s", wanted, written)
		}
	}
	for _, secret := range []string{"123456", "1234.56", "1550", "Nando", "Tesco", "8260", string(token)} {
		if strings.Contains(string(written), secret) {
			t.Errorf("the record has %q: %s", secret, written)
		}
	}
}

// TestWhateverIsSaidInWhateverOrder plays random conversations: what is said is recorded, dialogues hold no facts, every reply has words.
func TestWhateverIsSaidInWhateverOrder(t *testing.T) {
	intents := []skills.Intent{
		skills.Balance, skills.Spending, skills.Transactions, skills.Shared, skills.Forget, skills.Launch, skills.Help, skills.Stop, skills.Cancel,
		skills.Repeat, skills.Yes, skills.No, skills.Fallback, "Unknown",
	}
	heard := map[skills.SlotName][]skills.Slot{
		skills.SlotAccount:  {{Heard: "savings", Values: []string{"savings"}}, {Heard: "rainy day"}, {Heard: "nonsense"}},
		skills.SlotCategory: {{Heard: "groceries", Values: []string{"groceries"}}, {Heard: "nonsense"}},
		skills.SlotMerchant: {{Heard: "tesco", Values: []string{"Tesco"}}},
		skills.SlotPeriod:   {{Heard: "2026-W47"}, {Heard: "2027-03"}, {Heard: "PRESENT_REF"}, {Heard: "?"}},
		skills.SlotCount:    {{Heard: "2"}, {Heard: "-1"}, {Heard: "99999999999999999999"}},
	}
	rapid.Check(t, func(t *rapid.T) {
		b := shopper()
		b.accounts = []banking.Account{current, rainy, saver, second, card}
		for i, a := range b.accounts {
			b.balances = append(b.balances, balanceOf(a, int64(770077+i)))
		}
		if rapid.IntRange(0, 3).Draw(t, "failing") == 0 {
			b.gaps = []banking.Gap{{Bank: "borea", Name: "Borea Bank", Err: banking.ErrBusy}}
		}
		s, err := skills.New(skills.Options{Links: b, Teller: b, Record: b, BankName: func(banking.BankID) string { return "Albion Bank" }})
		if err != nil {
			t.Fatal(err)
		}
		var dialogue skills.Dialogue
		for range rapid.IntRange(1, 12).Draw(t, "turns") {
			intent := rapid.SampledFrom(intents).Draw(t, "intent")
			slots := skills.Slots{}
			if entry, ok := skills.Lookup(intent); ok {
				for _, name := range entry.Slots {
					if rapid.Bool().Draw(t, "filled") {
						slots[name] = rapid.SampledFrom(heard[name]).Draw(t, "slot")
					}
				}
			}
			before := len(b.entries)
			reply, _ := s.Answer(context.Background(), skills.Turn{Platform: linking.Alexa, Locale: "en-US", Intent: intent, Slots: slots, Token: token, Dialogue: dialogue})
			if (len(reply.Facts) > 0) != (len(b.entries) == before+1) {
				t.Fatalf("%d facts, %d records", len(reply.Facts), len(b.entries)-before)
			}
			if !slices.Contains(skills.Keys(), reply.Key) {
				t.Fatalf("no such key %q", reply.Key)
			}
			if reply.Ask == reply.End {
				t.Fatalf("%q neither asks nor ends", reply.Key)
			}
			spoken := speech.Say("en-US", reply)
			if len(spoken.Text) < 5 || len(spoken.SSML) > 8000 || strings.Contains(spoken.Text, "{{") || reply.Ask == (spoken.RepromptText == "") {
				t.Fatalf("%q: %+v", reply.Key, spoken)
			}
			dialogue = skills.Dialogue{}
			if reply.Ask {
				dialogue = reply.Dialogue
			}
			raw, err := json.Marshal(reply.Dialogue)
			if err != nil {
				t.Fatal(err)
			}
			for _, fact := range []string{"7700", "4411", "Albion", "Nando", "albion", "link-1"} {
				if strings.Contains(string(raw), fact) {
					t.Fatalf("the dialogue holds %q: %s", fact, raw)
				}
			}
		}
	})
}
