package linking_test

import (
	"errors"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"sotto/banking"
	"sotto/linking"
)

// sentToSignIn gives the bank's state of a sign-in that waits, and the cookie.
func (h *house) sentToSignIn(bank banking.BankID, browser linking.Token) (state string, cookie linking.Token) {
	h.t.Helper()
	to, cookie, err := h.SignIn(h.t.Context(), bank, browser)
	if err != nil {
		h.t.Fatal(err)
	}
	u, err := url.Parse(to)
	if err != nil {
		h.t.Fatal(err)
	}
	return u.Query().Get("state"), cookie
}

// signedIn signs somebody in: who is "ada", or "ada@aurora".
func (h *house) signedIn(who string) (linking.Customer, linking.Token, linking.Token) {
	h.t.Helper()
	state, browser := h.sentToSignIn("albion", "")
	session, err := h.SignedIn(h.t.Context(), browser, banking.Return{State: state, Code: who})
	if err != nil {
		h.t.Fatal(err)
	}
	c, err := h.Customer(h.t.Context(), session, browser)
	if err != nil {
		h.t.Fatal(err)
	}
	return c, session, browser
}

// linkedAs links an assistant as somebody.
func (h *house) linkedAs(client, who string) linking.Grant {
	h.t.Helper()
	p := h.authorize(request(client))
	step := h.back(p, h.toBank(p, linking.Approve), who)
	return h.token(client, exchanging(client, parameters(h.t, step.URL).Get("code")))
}

func TestACustomerSeesAllOfHisLinksAndNobodyElses(t *testing.T) {
	h := open(t)
	h.linkedAs("alexa", "ada")
	h.Pass(time.Minute)
	h.linkedAs("google", "ada")
	theirs := h.linkedAs("alexa", "grace")
	ada, _, _ := h.signedIn("ada")
	own, err := h.Links(t.Context(), ada)
	if err != nil || len(own) != 2 || own[0].Client != "google" || own[1].Client != "alexa" || len(own[0].Banks) != 1 || own[0].Key() == nil {
		t.Fatalf("got %+v, %v", own, err)
	}
	if !slices.Equal(h.bank.asked, []banking.Permission{banking.ReadNothing}) {
		t.Errorf("a sign-in asks the bank for %v", h.bank.asked)
	}
	link, err := h.Resolve(t.Context(), linking.Alexa, theirs.AccessToken)
	if err != nil {
		t.Fatal(err)
	}
	for name, try := range map[string]func(c linking.Customer, id string) error{
		"look at": func(c linking.Customer, id string) error { _, err := h.Own(t.Context(), c, id); return err },
		"narrow":  func(c linking.Customer, id string) error { return h.Narrow(t.Context(), c, id, link.Scopes[:1]) },
		"stop":    func(c linking.Customer, id string) error { return h.Stop(t.Context(), c, id) },
		"erase":   func(c linking.Customer, id string) error { _, err := h.Erase(t.Context(), c, id); return err },
		"by a name": func(_ linking.Customer, id string) error {
			_, err := h.Own(t.Context(), linking.Customer{}, id)
			return err
		},
	} {
		if err := try(ada, link.ID); !errors.Is(err, linking.ErrNotLinked) {
			t.Errorf("whoever knows the id of another customer's link can %s it: %v", name, err)
		}
	}
	if !h.lives("alexa", theirs.AccessToken) {
		t.Error("another customer's link has ended")
	}
}

func TestASignInAtOneBankShowsNoLinkOfAnother(t *testing.T) {
	h := open(t)
	h.linkedAs("alexa", "ada")
	same, _, _ := h.signedIn("ada@aurora") // another person, whom another bank calls by the same name
	if own, err := h.Links(t.Context(), same); err != nil || len(own) != 0 {
		t.Errorf("got %d links, %v", len(own), err)
	}
}

func TestASessionIsNewAtEachSignInAndOnlyItsBrowsers(t *testing.T) {
	h := open(t)
	planted := linking.Token(strings.Repeat("p", 43))
	state, browser := h.sentToSignIn("albion", planted)
	if browser != planted {
		t.Fatal("two tabs of one browser disturb each other")
	}
	session, err := h.SignedIn(t.Context(), browser, banking.Return{State: state, Code: "ada"})
	if err != nil || session == planted {
		t.Fatalf("a cookie that somebody planted has become a session: %v", err)
	}
	signedOut := func(what string, session, browser linking.Token) {
		t.Helper()
		if _, err := h.Customer(t.Context(), session, browser); !errors.Is(err, linking.ErrSignedOut) {
			t.Errorf("%s: got %v, want ErrSignedOut", what, err)
		}
	}
	signedOut("the planted cookie as a session", planted, browser)
	signedOut("a session in another browser", session, linking.Token(strings.Repeat("q", 43)))
	signedOut("a session without a browser", session, "")
	signedOut("a made-up session", linking.Token(strings.Repeat("s", 43)), browser)
	signedOut("no session", "", browser)
	signedOut("half a session", session[:40], browser)
	if _, err := h.Customer(t.Context(), session, browser); err != nil {
		t.Fatal(err)
	}
	h.Pass(15 * time.Minute)
	signedOut("after a quarter of an hour", session, browser)

	_, session, browser = h.signedIn("ada")
	for range 2 {
		if err := h.SignOut(t.Context(), session); err != nil {
			t.Fatal(err)
		}
	}
	signedOut("after signing out", session, browser)
}

func TestAnAnswerToASignInCountsOnceAndOnlyWhereItWasAskedFor(t *testing.T) {
	h := open(t)
	state, browser := h.sentToSignIn("albion", "")
	good := banking.Return{State: state, Code: "ada"}
	lost := func(what string, browser linking.Token, r banking.Return, reason string) {
		t.Helper()
		_, err := h.SignedIn(t.Context(), browser, r)
		t.Log(what)
		refused(t, err, "invalid_request", reason)
	}
	lost("in the browser of whoever stole the answer", linking.Token(strings.Repeat("q", 43)), good, "return_unknown")
	lost("in a browser without a cookie", "", good, "return_unknown")
	lost("with another state", browser, banking.Return{State: "x", Code: "ada"}, "return_unknown")
	lost("without a state", browser, banking.Return{Code: "ada"}, "return_malformed")
	lost("with a state of great length", browser, banking.Return{State: strings.Repeat("x", 600)}, "return_malformed")
	if _, err := h.Return(t.Context(), browser, good); err == nil {
		t.Error("an answer to a sign-in has made a link")
	}
	if _, err := h.SignedIn(t.Context(), browser, good); err != nil {
		t.Fatalf("whoever stole it has spoilt it: %v", err)
	}
	lost("a second time", browser, good, "return_unknown")

	p := h.authorize(request("alexa"))
	linkingState := h.toBank(p, linking.Approve)
	lost("an answer to a linking", p.Browser, banking.Return{State: linkingState, Code: "ada"}, "return_unknown")
	h.back(p, linkingState, "ada")

	state, browser = h.sentToSignIn("albion", "")
	h.Pass(31 * time.Minute)
	lost("after half an hour", browser, banking.Return{State: state, Code: "ada"}, "return_unknown")
}

func TestWhoCannotBeSignedIn(t *testing.T) {
	h := open(t)
	if _, _, err := h.SignIn(t.Context(), "evil", ""); !errors.Is(err, linking.ErrChoice) {
		t.Errorf("at a bank that is not offered: %v", err)
	}
	h.bank.problem = banking.ErrUnavailable
	if _, _, err := h.SignIn(t.Context(), "albion", ""); !errors.Is(err, banking.ErrUnavailable) {
		t.Errorf("at a bank that is down: %v", err)
	}
	for name, tc := range map[string]struct {
		answer banking.Return
		want   error
	}{
		"whoever says no":                          {banking.Return{Error: "access_denied"}, banking.ErrDenied},
		"whoever his bank has no lasting name for": {banking.Return{}, linking.ErrNameless},
	} {
		state, browser := h.sentToSignIn("albion", "")
		tc.answer.State = state
		if session, err := h.SignedIn(t.Context(), browser, tc.answer); !errors.Is(err, tc.want) || session != "" {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestWhatIsTakenAwayHoldsForTokensThatAreOutAlready(t *testing.T) {
	for _, client := range []string{"alexa", "google"} { // a JWT, and an opaque one
		t.Run(client, func(t *testing.T) {
			h := open(t)
			g := h.linkedAs(client, "ada")
			ada, _, _ := h.signedIn("ada")
			own, err := h.Links(t.Context(), ada)
			if err != nil {
				t.Fatal(err)
			}
			if err := h.Narrow(t.Context(), ada, own[0].ID, []linking.Scope{linking.Balances, linking.Income}); err != nil {
				t.Fatal(err)
			}
			link, err := h.Resolve(t.Context(), platforms[client], g.AccessToken)
			if err != nil || !slices.Equal(link.Scopes, []linking.Scope{linking.Balances}) {
				t.Errorf("a token from before opens %v, %v", link.Scopes, err)
			}
			if _, err := link.Access(linking.Spending); !errors.Is(err, linking.ErrScope) {
				t.Errorf("got %v, want ErrScope", err)
			}
			again := h.token(client, refreshing(g.RefreshToken))
			if again.Scope != "balances" {
				t.Errorf("a refresh gives %q", again.Scope)
			}
			_, err = h.Token(t.Context(), call(client, with(refreshing(g.RefreshToken), "scope", "balances spending")))
			refused(t, err, "invalid_scope", "scope_wider")
			for name, keep := range map[string][]linking.Scope{"nothing": nil, "what is not there": {linking.Spending}, "what is none": {"payments"}} {
				if err := h.Narrow(t.Context(), ada, own[0].ID, keep); !errors.Is(err, linking.ErrChoice) {
					t.Errorf("keeping %s: got %v, want ErrChoice", name, err)
				}
			}
			if err := h.Stop(t.Context(), ada, own[0].ID); err != nil {
				t.Fatal(err)
			}
			if h.lives(client, again.AccessToken) {
				t.Error("a token of a link that was stopped is accepted")
			}
			if err := h.Narrow(t.Context(), ada, own[0].ID, []linking.Scope{linking.Balances}); !errors.Is(err, linking.ErrNotLinked) {
				t.Errorf("narrowing what has ended: got %v", err)
			}
			receipt, err := h.Erase(t.Context(), ada, own[0].ID)
			if err != nil {
				t.Fatal(err)
			}
			if got, err := h.ReceiptOf(t.Context(), own[0].ID); err != nil || got != receipt {
				t.Errorf("the receipt: got %+v, %v, want %+v", got, err, receipt)
			}
			if left, err := h.Links(t.Context(), ada); err != nil || len(left) != 0 {
				t.Errorf("%d links are left, %v", len(left), err)
			}
		})
	}
}

func TestNobodyFindsAReceiptByGuessing(t *testing.T) {
	h := open(t)
	for _, code := range []string{"", "x", strings.Repeat("x", 43), strings.Repeat("'", 43), strings.Repeat("x", 4000)} {
		if _, err := h.Receipt(t.Context(), code); !errors.Is(err, linking.ErrNotLinked) {
			t.Errorf("%.50q: got %v", code, err)
		}
	}
}
