package linking_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"sotto/banking"
	"sotto/linking"
)

// Two chats: a customer's, and that of whoever attacks him.
var (
	mine   = linking.Chat{Client: "google", ID: "session-of-ada"}
	theirs = linking.Chat{Client: "google", ID: "session-of-mallory"}
	psid   = linking.Chat{Client: "chat", ID: "5360758100663278"}
)

const metas = "https://www.facebook.com/messenger_platform/account_linking/?account_linking_token=ABC"

func (h *house) invite(c linking.Chat) linking.Token {
	h.t.Helper()
	ticket, err := h.Invite(h.t.Context(), c)
	if err != nil {
		h.t.Fatal(err)
	}
	return ticket
}

// openAs opens an address in a browser, consents as who, and gives what the browser is shown.
func (h *house) openAs(ticket linking.Token, who string) linking.Step {
	h.t.Helper()
	p, err := h.Open(h.t.Context(), ticket, "", "")
	if err != nil {
		h.t.Fatal(err)
	}
	return h.back(p, h.toBank(p, linking.Approve), who)
}

func (h *house) speaksFor(c linking.Chat) string {
	h.t.Helper()
	platform := linking.Google
	if c.Client == "chat" {
		platform = linking.Messenger
	}
	l, err := h.ResolveChat(h.t.Context(), platform, c)
	if err != nil && !errors.Is(err, linking.ErrNotLinked) {
		h.t.Fatal(err)
	}
	return l.ID
}

func (h *house) confirm(c linking.Chat, code linking.ChatCode) error {
	_, err := h.Confirm(h.t.Context(), c, code)
	return err
}

func returnOf(state, who string) banking.Return { return banking.Return{State: state, Code: who} }

// wrong is a code that is not this one.
func wrong(code linking.ChatCode) linking.ChatCode {
	if code == "000000" {
		return "000001"
	}
	return "000000"
}

func TestAChatIsLinkedByTheCodeThatItsBrowserShowed(t *testing.T) {
	h := open(t)
	step := h.openAs(h.invite(mine), "ada")
	if step.Outcome != "code" || len(step.Code) != 6 || step.URL != "" {
		t.Fatalf("got %+v", step)
	}
	if h.speaksFor(mine) != "" {
		t.Error("the chat is linked before the code was typed")
	}
	if err := h.confirm(mine, step.Code); err != nil {
		t.Fatal(err)
	}
	l, err := h.ResolveChat(t.Context(), linking.Google, mine)
	if err != nil || l.ID != step.Link || l.Platform != linking.Google || !l.Has(linking.Balances) || l.Key() == nil {
		t.Errorf("got %+v, %v", l, err)
	}
	if err := h.End(t.Context(), l.ID); err != nil {
		t.Fatal(err)
	}
	if h.speaksFor(mine) != "" {
		t.Error("an ended link still answers")
	}
}

func TestAMessengerChatIsLinkedByTheHandoverAndTheCode(t *testing.T) {
	h := open(t)
	p, err := h.OpenFrom(t.Context(), "chat", metas, "", "en_US")
	if err != nil || p.Host != "www.facebook.com" || !p.Chat {
		t.Fatalf("got %+v, %v", p, err)
	}
	step := h.back(p, h.toBank(p, linking.Approve), "ada")
	handover := linking.Token(parameters(t, step.URL).Get("authorization_code"))
	if !strings.HasPrefix(step.URL, metas+"&authorization_code=") || handover == "" || len(step.Code) != 6 {
		t.Fatalf("got %+v", step)
	}
	if err := h.confirm(psid, step.Code); !errors.Is(err, linking.ErrNoCode) {
		t.Errorf("a code before the platform said whose it is: %v", err)
	}
	if err := h.Claim(t.Context(), psid, handover); err != nil {
		t.Fatal(err)
	}
	if h.speaksFor(psid) != "" {
		t.Error("the platform's word alone linked a chat")
	}
	if err := h.confirm(psid, step.Code); err != nil || h.speaksFor(psid) != step.Link {
		t.Errorf("got %v, %q", err, h.speaksFor(psid))
	}
}

func TestWhoIsForgottenLeavesNoRecordOfALinkThatHeHadEndedBefore(t *testing.T) {
	h := open(t)
	for name, endsFirst := range map[string]bool{"a link that lives": false, "a link that is over": true} {
		step := h.openAs(h.invite(mine), "ada")
		if err := h.confirm(mine, step.Code); err != nil {
			t.Fatal(err)
		}
		if endsFirst {
			if err := h.End(t.Context(), step.Link); err != nil {
				t.Fatal(err)
			}
		}
		if err := h.ForgetChat(t.Context(), theirs); err != nil {
			t.Errorf("%s: a chat that was never linked: %v", name, err)
		}
		if _, err := h.ReceiptOf(t.Context(), step.Link); err == nil {
			t.Errorf("%s was erased with another chat", name)
		}
		for range 2 { // the platform may say it twice
			if err := h.ForgetChat(t.Context(), mine); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
		}
		if _, err := h.ReceiptOf(t.Context(), step.Link); err != nil || h.speaksFor(mine) != "" {
			t.Errorf("%s was not erased: %v", name, err)
		}
	}
}

func TestWhoIsForgottenLeavesNothingOfTheLinksThatHeReplaced(t *testing.T) {
	h := open(t)
	var made []string
	for range 3 {
		step := h.openAs(h.invite(mine), "ada")
		if err := h.confirm(mine, step.Code); err != nil {
			t.Fatal(err)
		}
		made = append(made, step.Link)
	}
	made = append(made, h.openAs(h.invite(mine), "ada").Link) // its code is not typed
	if err := h.ForgetChat(t.Context(), mine); err != nil {
		t.Fatal(err)
	}
	for i, link := range made {
		if _, err := h.ReceiptOf(t.Context(), link); err != nil {
			t.Errorf("link %d was not erased: %v", i, err)
		}
	}
}

// TestWhatNobodyGainsByLinkingFromAChat has a case for each way to get at another's bank, or to break the way to one's own.
func TestWhatNobodyGainsByLinkingFromAChat(t *testing.T) {
	for name, attack := range map[string]func(t *testing.T, h *house){
		"who sends his own address to a victim gains nothing, though the victim consents": func(t *testing.T, h *house) {
			shown := h.openAs(h.invite(theirs), "ada") // ada's browser shows the code to ada
			if h.speaksFor(theirs) != "" {
				t.Error("the attacker's chat is linked to ada's bank")
			}
			for i := range 1000 { // he guesses
				guess := linking.ChatCode(fmt.Sprintf("%06d", i))
				if guess == shown.Code {
					continue
				}
				if err := h.confirm(theirs, guess); !errors.Is(err, linking.ErrWrongCode) && !errors.Is(err, linking.ErrCodeOver) {
					t.Fatalf("guess %d: %v", i, err)
				}
			}
			if err := h.confirm(theirs, shown.Code); !errors.Is(err, linking.ErrCodeOver) || h.speaksFor(theirs) != "" {
				t.Errorf("the right code after a thousand guesses: %v", err)
			}
		},
		"a victim who types the code in his own chat gives nothing to who sent the address": func(t *testing.T, h *house) {
			shown := h.openAs(h.invite(theirs), "ada")
			if err := h.confirm(mine, shown.Code); !errors.Is(err, linking.ErrNoCode) {
				t.Errorf("got %v", err)
			}
			if h.speaksFor(mine) != "" || h.speaksFor(theirs) != "" {
				t.Error("something was linked")
			}
		},
		"five guesses, and the link that waited is over": func(t *testing.T, h *house) {
			shown := h.openAs(h.invite(mine), "ada")
			for i := range 5 {
				want := linking.ErrWrongCode
				if i == 4 {
					want = linking.ErrCodeOver
				}
				if err := h.confirm(mine, wrong(shown.Code)); !errors.Is(err, want) {
					t.Errorf("guess %d: %v, want %v", i, err, want)
				}
			}
			if err := h.confirm(mine, shown.Code); !errors.Is(err, linking.ErrCodeOver) {
				t.Errorf("the right code afterwards: %v", err)
			}
		},
		"asking for a new address gives no more tries at the code of the old one": func(t *testing.T, h *house) {
			shown := h.openAs(h.invite(theirs), "ada")
			for range 10 {
				h.invite(theirs)
				_ = h.confirm(theirs, wrong(shown.Code))
			}
			if err := h.confirm(theirs, shown.Code); !errors.Is(err, linking.ErrCodeOver) {
				t.Errorf("got %v", err)
			}
		},
		"a code typed twice counts once": func(t *testing.T, h *house) {
			shown := h.openAs(h.invite(mine), "ada")
			if err := h.confirm(mine, shown.Code); err != nil {
				t.Fatal(err)
			}
			if err := h.confirm(mine, shown.Code); !errors.Is(err, linking.ErrCodeOver) || h.speaksFor(mine) != shown.Link {
				t.Errorf("got %v", err)
			}
		},
		"a code found ten minutes later is refused": func(t *testing.T, h *house) {
			shown := h.openAs(h.invite(mine), "ada")
			h.Pass(10 * time.Minute)
			if err := h.confirm(mine, shown.Code); !errors.Is(err, linking.ErrCodeOver) {
				t.Errorf("got %v", err)
			}
		},
		"an address found a quarter of an hour later is refused": func(t *testing.T, h *house) {
			ticket := h.invite(mine)
			h.Pass(15 * time.Minute)
			_, err := h.Open(t.Context(), ticket, "", "")
			refused(t, err, "invalid_request", "ticket_over")
		},
		"a made-up address is refused": func(t *testing.T, h *house) {
			for _, made := range []linking.Token{"", "short", linking.Token(strings.Repeat("A", 43)), linking.Token(strings.Repeat("A", 4300))} {
				if _, err := h.Open(t.Context(), made, "", ""); err == nil {
					t.Errorf("%d bytes were opened", len(made))
				}
			}
		},
		"an address makes one link, though it was opened twice": func(t *testing.T, h *house) {
			ticket := h.invite(mine)
			second, err := h.Open(t.Context(), ticket, "", "")
			if err != nil {
				t.Fatal(err)
			}
			first := h.openAs(ticket, "ada")
			_, err = h.Return(t.Context(), second.Browser, returnOf(h.toBank(second, linking.Approve), "mallory"))
			refused(t, err, "invalid_request", "ticket_spent")
			_, err = h.Open(t.Context(), ticket, "", "")
			refused(t, err, "invalid_request", "ticket_over")
			if err := h.confirm(mine, first.Code); err != nil || h.speaksFor(mine) != first.Link {
				t.Errorf("the first link: %v", err)
			}
		},
		"a browser that did not open the address cannot finish it": func(t *testing.T, h *house) {
			p, err := h.Open(t.Context(), h.invite(mine), "", "")
			if err != nil {
				t.Fatal(err)
			}
			_, err = h.Return(t.Context(), linking.Token(strings.Repeat("B", 43)), returnOf(h.toBank(p, linking.Approve), "ada"))
			refused(t, err, "invalid_request", "return_unknown")
		},
		"who says no has linked nothing, and may try the address again": func(t *testing.T, h *house) {
			ticket := h.invite(mine)
			p, err := h.Open(t.Context(), ticket, "", "")
			if err != nil {
				t.Fatal(err)
			}
			step, err := h.Decide(t.Context(), linking.Decision{Interaction: p.Interaction, Browser: p.Browser, Choice: linking.Deny})
			if err != nil || step.Outcome != "denied" || step.URL != "" || step.Code != "" {
				t.Errorf("got %+v, %v", step, err)
			}
			if h.openAs(ticket, "ada").Outcome != "code" {
				t.Error("the address is spent")
			}
		},
		"a no in Messenger goes back without a handover": func(t *testing.T, h *house) {
			p, err := h.OpenFrom(t.Context(), "chat", metas, "", "")
			if err != nil {
				t.Fatal(err)
			}
			step, err := h.Decide(t.Context(), linking.Decision{Interaction: p.Interaction, Browser: p.Browser, Choice: linking.Deny})
			if err != nil || step.URL != metas {
				t.Errorf("got %+v, %v", step, err)
			}
		},
		"a handover that came back from one chat is no other's": func(t *testing.T, h *house) {
			p, err := h.OpenFrom(t.Context(), "chat", metas, "", "")
			if err != nil {
				t.Fatal(err)
			}
			step := h.back(p, h.toBank(p, linking.Approve), "ada")
			handover := linking.Token(parameters(t, step.URL).Get("authorization_code"))
			other := linking.Chat{Client: "chat", ID: "666"}
			for _, made := range []linking.Token{"", "x", linking.Token(strings.Repeat("A", 43))} {
				if err := h.Claim(t.Context(), psid, made); !errors.Is(err, linking.ErrNoCode) {
					t.Errorf("a made-up handover: %v", err)
				}
			}
			for range 2 { // the platform may say it twice
				if err := h.Claim(t.Context(), psid, handover); err != nil {
					t.Fatal(err)
				}
			}
			if err := h.Claim(t.Context(), other, handover); !errors.Is(err, linking.ErrNoCode) {
				t.Errorf("another chat claims it: %v", err)
			}
			if err := h.confirm(other, step.Code); !errors.Is(err, linking.ErrNoCode) {
				t.Errorf("another chat types the code: %v", err)
			}
		},
		"the same name on another platform is another chat": func(t *testing.T, h *house) {
			shown := h.openAs(h.invite(mine), "ada")
			if err := h.confirm(mine, shown.Code); err != nil {
				t.Fatal(err)
			}
			if h.speaksFor(linking.Chat{Client: "chat", ID: mine.ID}) != "" {
				t.Error("another client's chat of this name is linked")
			}
			if _, err := h.ResolveChat(t.Context(), linking.Messenger, mine); !errors.Is(err, linking.ErrNotLinked) {
				t.Errorf("on another platform's route: %v", err)
			}
		},
		"a client of a platform with tokens of its own links from no chat": func(t *testing.T, h *house) {
			for _, c := range []linking.Chat{{Client: "alexa", ID: "x"}, {Client: "mcp", ID: "x"}, {Client: "nobody", ID: "x"}, {Client: "google"}, {Client: "google", ID: strings.Repeat("x", 513)}} {
				if _, err := h.Invite(t.Context(), c); err == nil {
					t.Errorf("%s is invited", c.Client)
				}
				if _, err := h.Confirm(t.Context(), c, "123456"); err == nil {
					t.Errorf("%s confirms", c.Client)
				}
				if _, err := h.ResolveChat(t.Context(), linking.Alexa, c); !errors.Is(err, linking.ErrNotLinked) {
					t.Errorf("%s resolves", c.Client)
				}
			}
		},
		"linking again replaces the link only once the code was typed": func(t *testing.T, h *house) {
			first := h.openAs(h.invite(mine), "ada")
			if err := h.confirm(mine, first.Code); err != nil {
				t.Fatal(err)
			}
			second := h.openAs(h.invite(mine), "ada")
			if h.speaksFor(mine) != first.Link {
				t.Error("replaced before the code was typed")
			}
			if err := h.confirm(mine, second.Code); err != nil || h.speaksFor(mine) != second.Link {
				t.Errorf("got %v, %q", err, h.speaksFor(mine))
			}
		},
		"a link that nobody confirmed is swept, and can be confirmed no more": func(t *testing.T, h *house) {
			shown := h.openAs(h.invite(mine), "ada")
			h.Pass(time.Hour)
			if err := h.Sweep(t.Context()); err != nil {
				t.Fatal(err)
			}
			if err := h.confirm(mine, shown.Code); !errors.Is(err, linking.ErrNoCode) {
				t.Errorf("got %v", err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) { attack(t, open(t)) })
	}
}

func TestOfManyWhoTypeTheCodeAtOnceOneIsToldAndTheChatIsLinkedOnce(t *testing.T) {
	h := open(t)
	shown := h.openAs(h.invite(mine), "ada")
	var all sync.WaitGroup
	errs := make([]error, 8)
	for i := range errs {
		all.Go(func() { _, errs[i] = h.Confirm(t.Context(), mine, shown.Code) })
	}
	all.Wait()
	good := 0
	for _, err := range errs {
		switch {
		case err == nil:
			good++
		case !errors.Is(err, linking.ErrCodeOver):
			t.Error(err)
		}
	}
	if good != 1 || h.speaksFor(mine) != shown.Link {
		t.Errorf("%d were told it is good", good)
	}
}

// TestNoOrderOfStepsLinksAChatToALinkWhoseCodeWasNotTypedInIt plays any order of inviting, opening, typing, ending and waiting, beside a
// model of what must come of it.
func TestNoOrderOfStepsLinksAChatToALinkWhoseCodeWasNotTypedInIt(t *testing.T) {
	h := open(t)
	run := 0
	rapid.Check(t, func(r *rapid.T) {
		run++
		chats := []linking.Chat{{Client: "google", ID: fmt.Sprintf("a-%d", run)}, {Client: "google", ID: fmt.Sprintf("b-%d", run)}}
		type shown struct {
			linking.Step
			chat  int
			until time.Time
			tries int
			over  bool
		}
		type ticket struct {
			token linking.Token
			chat  int
			until time.Time
			spent bool
		}
		var tickets []*ticket
		var codes []*shown
		speaks := [2]string{}
		pick := func(n int, what string) int { return rapid.IntRange(0, n-1).Draw(r, what) }
		r.Repeat(map[string]func(*rapid.T){
			"invite": func(*rapid.T) {
				c := pick(2, "chat")
				tickets = append(tickets, &ticket{token: h.invite(chats[c]), chat: c, until: h.Now().Add(15 * time.Minute)})
			},
			"open": func(r *rapid.T) {
				if len(tickets) == 0 {
					r.Skip()
				}
				k := tickets[pick(len(tickets), "ticket")]
				good := !k.spent && h.Now().Before(k.until)
				if _, err := h.Open(t.Context(), k.token, "", ""); (err == nil) != good {
					r.Fatalf("open: %v, want good %v", err, good)
				}
				if good {
					k.spent = true
					codes = append(codes, &shown{Step: h.openAs(k.token, "ada"), chat: k.chat, until: h.Now().Add(10 * time.Minute)})
				}
			},
			"type": func(r *rapid.T) {
				c := pick(2, "chat")
				code := linking.ChatCode("999999")
				if len(codes) > 0 {
					code = codes[pick(len(codes), "code")].Code
				}
				want := ""
				for _, s := range codes {
					if s.chat != c || s.over || s.tries >= 5 || !h.Now().Before(s.until) {
						continue
					}
					s.tries++
					if s.Code == code {
						s.over, want = true, s.Link
					}
				}
				link, err := h.Confirm(t.Context(), chats[c], code)
				if (err == nil) != (want != "") || err == nil && link != want {
					r.Fatalf("typed: %q, %v; want %q", link, err, want)
				}
				if want != "" {
					speaks[c] = want
				}
			},
			"end": func(*rapid.T) {
				c := pick(2, "chat")
				if speaks[c] != "" {
					if err := h.End(t.Context(), speaks[c]); err != nil {
						t.Fatal(err)
					}
					speaks[c] = ""
				}
			},
			"wait": func(*rapid.T) { h.Pass(time.Duration(pick(7, "minutes")) * time.Minute) },
			"": func(r *rapid.T) {
				for c := range chats {
					if got := h.speaksFor(chats[c]); got != speaks[c] {
						r.Fatalf("chat %d speaks for %q, want %q", c, got, speaks[c])
					}
				}
			},
		})
	})
}

func TestAChatAndItsCodeDoNotShowThemselves(t *testing.T) {
	for _, said := range []string{fmt.Sprintf("%v %+v %#v %s", mine, mine, mine, mine), fmt.Sprintf("%v %+v %#v %s", linking.ChatCode("123456"), linking.ChatCode("123456"), linking.ChatCode("123456"), linking.ChatCode("123456"))} {
		if strings.Contains(said, "ada") || strings.Contains(said, "123456") {
			t.Error(said)
		}
	}
	if b, _ := linking.ChatCode("123456").MarshalText(); strings.Contains(string(b), "1") {
		t.Error(string(b))
	}
}

func TestACodeIsReadHoweverItIsTyped(t *testing.T) {
	for text, want := range map[string]linking.ChatCode{
		"123456": "123456", " 123 456\n": "123456", "123-456": "123456", "000000": "000000", "1 2 3 4 5 6": "123456",
		"12345": "", "1234567": "", "": "", "12345a": "", "my code is 123456": "", "١٢٣٤٥٦": "", "123.456": "", "-123456 ": "123456",
		strings.Repeat(" ", 100) + "123456": "",
	} {
		if got, ok := linking.ReadChatCode(text); ok != (want != "") || got != want {
			t.Errorf("%q: %v %v", text, string(got), ok)
		}
	}
}
