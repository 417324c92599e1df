package linking_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sotto/banking"
	"sotto/linking"
)

func TestThePageShowsWhoAsksForWhat(t *testing.T) {
	h := open(t)
	q := request("alexa")
	q.Set("scope", "spending balances")
	q.Set("ui_locales", "pt-BR")
	q.Set("unknown", "tolerated")
	got := h.authorize(q)
	scopes := []linking.Scope{linking.Balances, linking.Spending}
	want := linking.Page{
		Interaction: got.Interaction, Browser: got.Browser, Client: "Alexa", ClientID: "alexa", Host: "pitangui.amazon.com", Locales: "pt-BR",
		Banks: h.bank.Banks(), Scopes: scopes, Chosen: scopes,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	q.Del("scope")
	if all := h.authorize(q).Scopes; len(all) != 3 {
		t.Errorf("without a scope parameter: got %v, want the client's", all)
	}
	again, err := h.Authorize(t.Context(), q.Encode(), got.Browser)
	if err != nil || again.Browser != got.Browser || again.Interaction == got.Interaction {
		t.Errorf("a second tab: got the same browser %v, another interaction %v, %v", again.Browser == got.Browser, again.Interaction != got.Interaction, err)
	}
	if planted, err := h.Authorize(t.Context(), q.Encode(), "short"); err != nil || planted.Browser == "short" {
		t.Error("a cookie that is not ours was taken for one")
	}
}

func TestWhatWasChosenIsWhatTheBankIsAskedForAndTheLinkAllows(t *testing.T) {
	h := open(t)
	p := h.authorize(request("alexa"))
	step := h.approve(p, linking.Balances)
	if !slices.Equal(h.bank.asked, []banking.Permission{banking.ReadBalances}) {
		t.Errorf("the bank was asked for %v", h.bank.asked)
	}
	g := h.token("alexa", exchanging("alexa", parameters(t, step.URL).Get("code")))
	if g.Scope != "balances" || g.Link != step.Link {
		t.Errorf("got scope %q of link %q", g.Scope, g.Link)
	}
	link, err := h.Resolve(t.Context(), linking.Alexa, g.AccessToken)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := link.Access(linking.Balances); err != nil {
		t.Error(err)
	}
	if _, err := link.Access(linking.Balances, linking.Spending); !errors.Is(err, linking.ErrScope) {
		t.Errorf("a scope that was not ticked: got %v, want ErrScope", err)
	}
}

func TestTheLinksKeyIsTheOneItsConnectionsWereKeptUnder(t *testing.T) {
	h := open(t)
	g := h.linked("alexa")
	link, err := h.Resolve(t.Context(), linking.Alexa, g.AccessToken)
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := h.bank.keys[0].Encrypt([]byte("savings"), []byte("ad"))
	if err != nil {
		t.Fatal(err)
	}
	if opened, err := link.Key().Decrypt(sealed, []byte("ad")); err != nil || string(opened) != "savings" {
		t.Errorf("got %q, %v", opened, err)
	}
	other, err := h.Resolve(t.Context(), linking.Alexa, h.linked("alexa").AccessToken)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := other.Key().Decrypt(sealed, []byte("ad")); err == nil {
		t.Error("another link's key opens it")
	}
}

func TestNothingChosenShowsThePageAgain(t *testing.T) {
	h := open(t)
	p := h.authorize(request("google"))
	good := linking.Decision{Interaction: p.Interaction, Browser: p.Browser, Choice: linking.Approve, Bank: "albion", Scopes: p.Scopes}
	for name, change := range map[string]func(*linking.Decision){
		"no bank":                    func(d *linking.Decision) { d.Bank = "" },
		"a bank not on the list":     func(d *linking.Decision) { d.Bank = "evil" },
		"no bank, and one scope":     func(d *linking.Decision) { d.Bank, d.Scopes = "", p.Scopes[:1] },
		"no scope":                   func(d *linking.Decision) { d.Scopes = nil },
		"a scope not on the page":    func(d *linking.Decision) { d.Scopes = []linking.Scope{linking.Income} },
		"a scope that is none":       func(d *linking.Decision) { d.Scopes = []linking.Scope{"payments"} },
		"neither yes nor no":         func(d *linking.Decision) { d.Choice = "" },
		"a word that is no decision": func(d *linking.Decision) { d.Choice = "maybe" },
	} {
		t.Run(name, func(t *testing.T) {
			d := good
			change(&d)
			step, err := h.Decide(t.Context(), d)
			if err != nil || step.URL != "" || step.Page == nil || !errors.Is(step.Page.Problem, linking.ErrChoice) {
				t.Fatalf("got %+v, %v; want the page with ErrChoice", step, err)
			}
			for _, scope := range step.Page.Scopes {
				if was, is := slices.Contains(d.Scopes, scope), slices.Contains(step.Page.Chosen, scope); was != is {
					t.Errorf("%s was chosen: %v, and on the page again: %v", scope, was, is)
				}
			}
		})
	}
}

func TestAnotherBankCanBeAddedBeforeGoingBack(t *testing.T) {
	h := open(t)
	p := h.authorize(request("alexa"))
	step := h.back(p, h.toBank(p, linking.Add, linking.Balances), "ada")
	if step.Page == nil || len(step.Page.Joined) != 1 || !slices.Equal(step.Page.Scopes, []linking.Scope{linking.Balances}) {
		t.Fatalf("got %+v, want the page again with what the first bank was asked for", step.Page)
	}
	first := h.approve(*step.Page)
	g := h.token("alexa", exchanging("alexa", parameters(t, first.URL).Get("code")))
	if g.Scope != "balances" || len(h.bank.keys) != 2 {
		t.Errorf("got scope %q and %d connections", g.Scope, len(h.bank.keys))
	}
}

func TestWhoeverHasABankCanFinishWithIt(t *testing.T) {
	for name, stray := range map[string]func(h *house, p linking.Page){
		"on the page for a second bank": func(*house, linking.Page) {},
		"after going on to the second bank, and back": func(h *house, p linking.Page) {
			h.toBank(p, linking.Approve)
		},
		"after a second bank that does not answer": func(h *house, p linking.Page) {
			h.bank.problem = banking.ErrUnavailable
			step, err := h.Decide(h.t.Context(), linking.Decision{Interaction: p.Interaction, Browser: p.Browser, Choice: linking.Add, Bank: "aurora", Scopes: p.Scopes})
			if err != nil || step.Page == nil || !errors.Is(step.Page.Problem, banking.ErrUnavailable) {
				h.t.Errorf("got %+v, %v", step, err)
			}
		},
		"after a second bank whose answer was no good": func(h *house, p linking.Page) {
			state := h.toBank(p, linking.Approve)
			h.bank.problem = banking.ErrGarbled
			if step := h.back(p, state, "ada"); step.Page == nil || !errors.Is(step.Page.Problem, banking.ErrGarbled) || len(step.Page.Joined) != 1 {
				h.t.Errorf("got %+v", step)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			h := open(t)
			p := h.authorize(request("alexa"))
			step := h.back(p, h.toBank(p, linking.Add, linking.Balances), "ada")
			stray(h, *step.Page)
			again, err := h.Resume(t.Context(), p.Interaction, p.Browser)
			if err != nil || len(again.Joined) != 1 || !slices.Equal(again.Scopes, []linking.Scope{linking.Balances}) {
				t.Fatalf("the page once more: %+v, %v", again, err)
			}
			finish := linking.Decision{Interaction: p.Interaction, Browser: p.Browser, Choice: linking.Finish}
			end, err := h.Decide(t.Context(), finish)
			if err != nil || end.Outcome != "linked" {
				t.Fatalf("got %+v, %v", end, err)
			}
			if g := h.token("alexa", exchanging("alexa", parameters(t, end.URL).Get("code"))); g.Scope != "balances" {
				t.Errorf("scope %q", g.Scope)
			}
			_, err = h.Decide(t.Context(), finish)
			refused(t, err, "invalid_request", "interaction_unknown")
		})
	}
}

func TestNobodyFinishesWithoutABank(t *testing.T) {
	h := open(t)
	p := h.authorize(request("alexa"))
	step, err := h.Decide(t.Context(), linking.Decision{Interaction: p.Interaction, Browser: p.Browser, Choice: linking.Finish, Bank: "albion", Scopes: p.Scopes})
	if err != nil || step.Page == nil || !errors.Is(step.Page.Problem, linking.ErrChoice) {
		t.Errorf("got %+v, %v", step, err)
	}
	_, err = h.Resume(t.Context(), p.Interaction, linking.Token(strings.Repeat("x", 43)))
	refused(t, err, "invalid_request", "interaction_unknown")
}

func TestAReturnFromTheSecondBankAfterFinishingIsLost(t *testing.T) {
	h := open(t)
	p := h.authorize(request("alexa"))
	second := *h.back(p, h.toBank(p, linking.Add), "ada").Page
	state := h.toBank(second, linking.Approve)
	if _, err := h.Decide(t.Context(), linking.Decision{Interaction: p.Interaction, Browser: p.Browser, Choice: linking.Finish}); err != nil {
		t.Fatal(err)
	}
	_, err := h.Return(t.Context(), p.Browser, banking.Return{State: state, Code: "ada"})
	refused(t, err, "invalid_request", "return_unknown")
}

// takenAndGone is a store whose caller leaves as soon as his interaction was taken.
type takenAndGone struct {
	linking.Store
	leave func()
}

func (s takenAndGone) TakeJoined(ctx context.Context, id string, browser []byte, now time.Time) (linking.Interaction, error) {
	defer s.leave()
	return s.Store.TakeJoined(ctx, id, browser, now)
}

// TestABrowserThatHangsUpLosesNothing: what counts once has been used up by then.
func TestABrowserThatHangsUpLosesNothing(t *testing.T) {
	h := open(t)
	p := h.authorize(request("alexa"))
	ctx, leave := context.WithCancel(t.Context())
	h.bank.leave = leave
	step, err := h.Return(ctx, p.Browser, banking.Return{State: h.toBank(p, linking.Approve), Code: "ada"})
	if err != nil || step.Outcome != "linked" {
		t.Errorf("while he comes back: %+v, %v", step, err)
	}
	state, browser := h.sentToSignIn("albion", "")
	ctx, h.bank.leave = context.WithCancel(t.Context())
	if session, err := h.SignedIn(ctx, browser, banking.Return{State: state, Code: "ada"}); err != nil || session == "" {
		t.Errorf("while he signs in: %v", err)
	}
	h.bank.leave = nil
	p = h.authorize(request("alexa"))
	h.back(p, h.toBank(p, linking.Add), "ada")
	ctx, leave = context.WithCancel(t.Context())
	h.store.Store = takenAndGone{h.store.Store, leave}
	step, err = h.Decide(ctx, linking.Decision{Interaction: p.Interaction, Browser: p.Browser, Choice: linking.Finish})
	if err != nil || step.Outcome != "linked" {
		t.Errorf("while he finishes: %+v, %v", step, err)
	}
}

func TestABankInTroubleLeavesTheCustomerOnThePage(t *testing.T) {
	h := open(t)
	p := h.authorize(request("alexa"))
	h.bank.problem = banking.ErrUnavailable
	step, err := h.Decide(t.Context(), linking.Decision{Interaction: p.Interaction, Browser: p.Browser, Choice: linking.Approve, Bank: "albion", Scopes: p.Scopes})
	if err != nil || step.Page == nil || !errors.Is(step.Page.Problem, banking.ErrUnavailable) {
		t.Fatalf("before: got %+v, %v", step, err)
	}
	state := h.toBank(*step.Page, linking.Approve)
	h.bank.problem = banking.ErrGarbled
	step = h.back(p, state, "ada")
	if step.Page == nil || !errors.Is(step.Page.Problem, banking.ErrGarbled) || step.Page.Joined != nil {
		t.Fatalf("after: got %+v", step)
	}
	if end := h.approve(*step.Page); !strings.Contains(end.URL, "code=") {
		t.Errorf("a second try: got %+v", end)
	}
}

func TestSubjectsArePairwiseAndStable(t *testing.T) {
	h := open(t)
	subject := func(client, who string) string {
		p := h.authorize(request(client))
		step := h.back(p, h.toBank(p, linking.Approve), who)
		g := h.token(client, exchanging(client, parameters(t, step.URL).Get("code")))
		link, err := h.Resolve(t.Context(), platforms[client], g.AccessToken)
		if err != nil {
			t.Fatal(err)
		}
		return link.Subject
	}
	ada := subject("alexa", "ada")
	if again := subject("alexa", "ada"); again != ada {
		t.Error("the same customer at the same client has two subjects")
	}
	if subject("google", "ada") == ada {
		t.Error("two clients can compare a customer")
	}
	if subject("alexa", "bob") == ada {
		t.Error("two customers have one subject")
	}
	if nameless := subject("alexa", ""); subject("alexa", "") == nameless {
		t.Error("two customers of a bank without stable names have one subject")
	}
}

// A confidential client on loopback is one in development or a test. The port it registered, if any, is the one it gets.
func TestAConfidentialClientOnLoopbackMayChooseItsPortOnlyIfItRegisteredNone(t *testing.T) {
	for registered, allowed := range map[string]bool{"http://127.0.0.1/callback": true, "http://127.0.0.1:8080/callback": false} {
		all := clients()
		all[0].RedirectURIs = []string{registered}
		h := open(t)
		h.Authority = h.authority(all)
		q := request("alexa")
		q.Set("redirect_uri", "http://127.0.0.1:49152/callback")
		if _, err := h.Authorize(t.Context(), q.Encode(), ""); allowed != (err == nil) {
			t.Errorf("registered %s: got %v", registered, err)
		}
		q.Set("redirect_uri", registered)
		if _, err := h.Authorize(t.Context(), q.Encode(), ""); err != nil {
			t.Errorf("registered %s, asked for the same: %v", registered, err)
		}
	}
}

func TestAQueryThatCannotBeReadLeadsNowhere(t *testing.T) {
	h := open(t)
	good := request("alexa")
	for reason, query := range map[string]string{
		"query_malformed": good.Encode() + "&x=%zz",
		"query_too_long":  good.Encode() + "&x=" + strings.Repeat("s", 32<<10),
	} {
		_, err := h.Authorize(t.Context(), query, "")
		if e := refused(t, err, "invalid_request", reason); e.Redirect != "" {
			t.Errorf("redirected to %s", e.Redirect)
		}
	}
}
