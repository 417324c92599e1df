package tests

import (
	"crypto/rand"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"sotto/banking/mockbank"
	"sotto/server/dev"
)

// TestTwoBanksAreOneAnswer links one assistant to accounts at two banks, and takes now one, now the other away.
func TestTwoBanksAreOneAnswer(t *testing.T) {
	t.Parallel()
	house, far, s := farHouse(t, "ada", mockbank.Options{})
	near, err := s.file.Customer("albion", "grace")
	if err != nil {
		t.Fatal(err)
	}
	s.linkBoth(house, dev.Person{Bank: "albion", Customer: near, Now: house.Now}, far.person(house.Now))
	down := func(bank *mockbank.Server, is bool) {
		t.Helper()
		fault := mockbank.Fault{}
		if is {
			fault = mockbank.Fault{On: "resource", Status: http.StatusServiceUnavailable, RetryAfter: 60}
		}
		if err := bank.SetFault(fault); err != nil {
			t.Fatal(err)
		}
	}
	hear := func(question, want string) {
		t.Helper()
		if got := words(t, s.say(question).SSML); got != want {
			t.Errorf("%s\n got %q\nwant %q", question, got, want)
		}
	}
	hear("what's my balance",
		"Your Everyday account at Albion Bank is overdrawn by 523 pounds and 26 pence. Your Rainy Day account has 9,218 pounds and 91 pence. You owe 362 pounds and 96 pence on your Rewards card. There is one more. Shall I go on?")
	hear("how much did I spend last week",
		"You spent 494 pounds and 14 pence between November 16th and November 22nd. I left out 60 pounds moved between your own accounts.")
	down(far.Server, true)
	hear("what's my balance",
		"Your Everyday account at Albion Bank is overdrawn by 523 pounds and 26 pence. Your Rainy Day account has 9,218 pounds and 91 pence. You owe 362 pounds and 96 pence on your Rewards card. I couldn't get everything from Far Bank just now, so that's not all.")
	hear("how much did I spend last week",
		"You spent 257 pounds and 55 pence between November 16th and November 22nd. I left out 60 pounds moved between your own accounts. I couldn't get everything from Far Bank just now, so that's not all.")
	hear("what were my last transactions",
		"On Monday, November 23rd, you paid 5 pounds, marked Monthly Account Fee. The same day, you paid 27 pounds and 16 pence to Café Olé. The same day, you paid 78 pounds and 25 pence to Tesco. I couldn't get everything from Far Bank just now, so that's not all. Shall I go on?")
	down(house.MockBank(), true)
	hear("what's my balance",
		"Sorry, I couldn't get an answer from Albion Bank or Far Bank just now. Please try again in a few minutes.")
	hear("how much did I spend last week",
		"Sorry, I couldn't get an answer from Albion Bank or Far Bank just now. Please try again in a few minutes.")
	down(far.Server, false)
	hear("how much did I spend last week",
		"You spent 236 pounds and 59 pence between November 16th and November 22nd. I couldn't get everything from Albion Bank just now, so that's not all.")
}

// linkBoth links one assistant to accounts at two banks, as a person does who asks for another bank on the consent page.
func (s *speaker) linkBoth(house *openHouse, first, second dev.Person) {
	s.tb.Helper()
	verifier := rand.Text() + rand.Text()
	target := s.client.RedirectURIs[0]
	b := dev.NewBrowser(func(u *url.URL) bool { return strings.HasPrefix(u.String(), target) })
	page, err := b.Open(s.tb.Context(), s.authorizeURL(verifier))
	now, decision := first, "add"
	for range 20 {
		if err != nil {
			s.tb.Fatal(err)
		}
		if page.Arrived {
			s.trade(url.Values{"grant_type": {"authorization_code"}, "code": page.URL.Query()["code"], "redirect_uri": {target}, "code_verifier": {verifier}})
			return
		}
		if page.Status >= http.StatusBadRequest || len(page.Forms) == 0 {
			s.tb.Fatalf("%s answers %d: %s", page.URL.Path, page.Status, page.Text)
		}
		form := page.Forms[0]
		values := url.Values{}
		switch {
		case form.Has("bank"):
			values = url.Values{"bank": {now.Bank}, "scope": form.Values("scope"), "decision": {decision}}
			decision = "approve"
		case form.Has("username"):
			values = url.Values{"username": {now.Customer.Username}, "password": {now.Customer.Password}}
		case form.Has("account"):
			values = url.Values{"account": form.Values("account"), "decision": {"approve"}}
			now = second
		case form.Has("code"):
			code, err := dev.OneTimeCode(now.Customer.TOTPSecret, now.Now())
			if err != nil {
				s.tb.Fatal(err)
			}
			values.Set("code", code)
		}
		house.pass(time.Second)
		page, err = b.Submit(s.tb.Context(), form, values)
	}
	s.tb.Fatal("too many pages to fill in")
}

// TestWhoAddsASecondBankCanStopAtTheFirst walks through the pages with two banks, and turns round on each of them.
func TestWhoAddsASecondBankCanStopAtTheFirst(t *testing.T) {
	t.Parallel()
	house, far, speaker := farHouse(t, "ada", mockbank.Options{})
	s := &street{openHouse: house, file: speaker.file, who: far.customer}
	s.openAssistant(t)
	near, err := s.file.Customer("albion", "grace")
	if err != nil {
		t.Fatal(err)
	}
	const add, finish = `button[value="add"]`, `button[value="finish"]`
	clear := func(t *testing.T) {
		t.Helper()
		if err := house.MockBank().SetFault(mockbank.Fault{}); err != nil {
			t.Fatal(err)
		}
	}
	for name, tc := range map[string]struct {
		turn func(*testing.T, *visit) // on the page for a second bank
		want string                   // what the assistant gets
	}{
		"on the page for another bank": {func(_ *testing.T, v *visit) {
			v.do(chromedp.Reload(), chromedp.WaitVisible(finish))
			v.look("15-another-bank")
			v.do(chromedp.Click(finish))
		}, "code"},
		"back from the second bank": {func(_ *testing.T, v *visit) {
			v.do(chromedp.Click(approve), chromedp.WaitVisible("#username"), chromedp.NavigateBack(), chromedp.WaitVisible(finish), chromedp.Click(finish))
		}, "code"},
		"at a second bank that is down": {func(t *testing.T, v *visit) {
			if err := house.MockBank().SetFault(mockbank.Fault{On: "all", Status: http.StatusServiceUnavailable}); err != nil {
				t.Fatal(err)
			}
			v.do(chromedp.Click(approve), chromedp.WaitVisible("#problem"))
			v.look("16-second-bank-down")
			v.do(chromedp.Click(finish))
		}, "code"},
		"at a second bank that fails when it has said yes": {func(t *testing.T, v *visit) {
			v.do(chromedp.Click(approve))
			v.signIn(&street{openHouse: house, who: near})
			if err := house.MockBank().SetFault(mockbank.Fault{On: "token", Status: http.StatusBadGateway}); err != nil {
				t.Fatal(err)
			}
			v.do(chromedp.Click("#account-0"), chromedp.Click("button.primary"), chromedp.WaitVisible("#problem"))
			v.do(chromedp.Reload(), chromedp.WaitVisible("#problem"), chromedp.Click(finish))
		}, "code"},
		"nowhere, and has two banks": {func(_ *testing.T, v *visit) {
			v.do(chromedp.Click(approve))
			v.signIn(&street{openHouse: house, who: near})
			v.do(chromedp.Click("#account-0"), chromedp.Click("button.primary"))
		}, "code"},
		"by a no on the page for another bank": {func(_ *testing.T, v *visit) { v.do(chromedp.Click(deny)) }, "error"},
		"by a no at the second bank": {func(_ *testing.T, v *visit) {
			v.do(chromedp.Click(approve), chromedp.WaitVisible("#username"), chromedp.Click(deny))
		}, "error"},
	} {
		t.Run(name, func(t *testing.T) {
			clear(t)
			v := openWindow(t, "phone", 390, 844, false)
			v.scripts(false)
			v.do(chromedp.Navigate(s.begin(name, nil)), chromedp.WaitVisible(add), chromedp.Click(`[name="bank"][value="far"]`), chromedp.Click(add))
			v.signIn(s)
			v.do(chromedp.Click("button.primary"), chromedp.WaitVisible(finish)) // her one account is chosen already
			if read(v, chromedp.Evaluate[string](`document.querySelector("[name=bank]:checked").value`)) != "albion" {
				t.Error("the bank that is left is not chosen already")
			}
			tc.turn(t, v)
			v.do(chromedp.WaitVisible("#arrived"))
			v.silent()
			got := s.back(t, name)
			if got.Get(tc.want) == "" || tc.want == "error" && got.Get("error") != "access_denied" {
				t.Errorf("the assistant got %v", got)
			}
		})
	}
}
