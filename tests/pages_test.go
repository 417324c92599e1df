package tests

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"sotto/server/dev"
	"sotto/tests/chromium"
)

const approve, deny, onwards = `button[value="approve"]`, `button[value="deny"]`, `a.button`

// signIn fills in the bank's two pages of signing in, up to the choice of accounts.
func (v *visit) signIn(s *street) {
	v.t.Helper()
	v.do(chromedp.WaitVisible("#username"), chromedp.SendKeys("#username", s.who.Username), chromedp.SendKeys("#password", s.who.Password), chromedp.Click("button.primary"))
	v.do(chromedp.WaitVisible("#code"), chromedp.SendKeys("#code", s.oneTimeCode(v.t)), chromedp.Click("button.primary"))
	v.do(chromedp.WaitVisible("#account-0"))
}

func (s *street) oneTimeCode(t *testing.T) string {
	t.Helper()
	code, err := dev.OneTimeCode(s.who.TOTPSecret, s.Now())
	if err != nil {
		t.Fatal(err)
	}
	return code
}

// share says at the bank that accounts may be seen, and comes back to the assistant.
func (v *visit) share() {
	v.t.Helper()
	v.do(chromedp.Click("#account-0"), chromedp.Click("button.primary"), chromedp.WaitVisible("#arrived"))
}

func (v *visit) heading() string {
	v.t.Helper()
	return read(v, chromedp.Evaluate[string](`document.querySelector("h1").innerText`))
}

func TestPagesOnPhonesAndDesktops(t *testing.T) {
	t.Parallel()
	s := openStreet(t)
	for name, tc := range map[string]struct {
		width, height int64
		dark, noJS    bool
	}{
		"phone":        {width: 390, height: 844, noJS: true},
		"phone-dark":   {width: 390, height: 844, dark: true},
		"old-phone":    {width: 320, height: 568, noJS: true},
		"desktop":      {width: 1280, height: 900},
		"desktop-dark": {width: 1280, height: 900, dark: true, noJS: true},
	} {
		t.Run(name, func(t *testing.T) {
			v := openWindow(t, name, tc.width, tc.height, tc.dark)
			v.scripts(!tc.noJS)
			v.do(chromedp.Navigate(s.begin(name, nil)), chromedp.WaitVisible(approve))
			v.look("1-consent")
			for _, box := range read(v, chromedp.AttributesAll(`[name="scope"]`)) {
				v.do(chromedp.Click(`[value="` + box["value"] + `"]`))
			}
			v.do(chromedp.Click(approve), chromedp.WaitVisible("#problem"))
			v.look("2-nothing-chosen")
			v.do(chromedp.Click(`[value="balances"]`))
			v.hold(s.file.BankURL)
			v.do(chromedp.Click(approve))
			v.stay()
			v.look("3-to-the-bank")
			v.do(chromedp.Click(onwards))
			v.do(chromedp.WaitVisible("#username"))
			v.look("4-bank-password")
			v.do(chromedp.SendKeys("#username", s.who.Username), chromedp.SendKeys("#password", s.who.Password), chromedp.Click("button.primary"), chromedp.WaitVisible("#code"))
			v.look("5-bank-code")
			v.do(chromedp.SendKeys("#code", s.oneTimeCode(t)), chromedp.Click("button.primary"), chromedp.WaitVisible("#account-0"))
			v.look("6-bank-accounts")
			v.hold(strings.TrimSuffix(s.home, "/callback"))
			v.do(chromedp.Click("#account-0"), chromedp.Click("button.primary"))
			v.stay()
			v.look("7-linked")
			v.do(chromedp.Click(onwards))
			v.do(chromedp.WaitVisible("#arrived"))
			v.silent()
			if got := s.back(t, name); got.Get("code") == "" {
				t.Errorf("the assistant got %v", got)
			}
		})
	}
}

func TestACustomerLinksWithTheKeyboardAlone(t *testing.T) {
	t.Parallel()
	s := openStreet(t)
	v := openWindow(t, "keyboard", 1280, 900, false)
	at := func() string {
		return read(v, chromedp.Evaluate[string](`(e => e.name ? e.name + "=" + e.value : e.tagName)(document.activeElement)`))
	}
	var walked []string
	reach := func(field string) {
		t.Helper()
		for range 20 {
			v.do(chromedp.KeyEvent(kb.Tab))
			if now := at(); now != field {
				walked = append(walked, now)
				continue
			}
			return
		}
		t.Fatalf("no way to %s by Tab; on the way: %v", field, walked)
	}
	v.do(chromedp.Navigate(s.begin("keys", nil)), chromedp.WaitVisible(approve))
	reach("bank=albion")
	reach("scope=transactions")
	v.do(chromedp.KeyEvent(" "))
	if read(v, chromedp.Evaluate[bool](`document.activeElement.checked`)) {
		t.Error("Space does not take a choice back")
	}
	reach("decision=approve")
	if slices.Contains(walked, "decision=deny") {
		t.Errorf("the order of Tab is not that of the page: %v", walked)
	}
	if read(v, chromedp.Evaluate[string](`getComputedStyle(document.activeElement).outlineStyle`)) == "none" {
		t.Error("the button in focus does not show it")
	}
	v.do(chromedp.KeyEvent(kb.Enter), chromedp.WaitVisible("#username"))
	reach("username=")
	v.do(chromedp.KeyEvent(s.who.Username), chromedp.KeyEvent(kb.Tab), chromedp.KeyEvent(s.who.Password), chromedp.KeyEvent(kb.Enter), chromedp.WaitVisible("#code"))
	reach("code=")
	v.do(chromedp.KeyEvent(s.oneTimeCode(t)), chromedp.KeyEvent(kb.Enter), chromedp.WaitVisible("#account-0"))
	v.do(chromedp.KeyEvent(kb.Tab), chromedp.KeyEvent(" "))
	reach("decision=approve")
	v.do(chromedp.KeyEvent(kb.Enter), chromedp.WaitVisible("#arrived"))
	v.silent()
	if got := s.back(t, "keys"); got.Get("code") == "" {
		t.Errorf("the assistant got %v", got)
	}
}

func TestANoAtAnyStepReachesTheAssistant(t *testing.T) {
	t.Parallel()
	s := openStreet(t)
	type step = chromedp.Action[chromedp.Void]
	consent := []step{chromedp.WaitVisible(approve), chromedp.Click(approve), chromedp.WaitVisible("#username")}
	password := append(slices.Clone(consent), chromedp.SendKeys("#username", s.who.Username), chromedp.SendKeys("#password", s.who.Password),
		chromedp.Click("button.primary"), chromedp.WaitVisible("#code"))
	code := append(slices.Clone(password), chromedp.SendKeys("#code", s.oneTimeCode(t)), chromedp.Click("button.primary"), chromedp.WaitVisible("#account-0"))
	for name, steps := range map[string][]step{
		"on the page of consent":                 {chromedp.WaitVisible(approve)},
		"at the bank, before signing in":         consent,
		"at the bank, instead of a code":         password,
		"at the bank, instead of choosing there": code,
	} {
		t.Run(name, func(t *testing.T) {
			v := openWindow(t, "phone", 390, 844, false)
			v.scripts(false)
			v.do(chromedp.Navigate(s.begin(name, nil)))
			v.do(steps...)
			v.hold(strings.TrimSuffix(s.home, "/callback"))
			v.do(chromedp.Click(deny))
			v.stay()
			if len(steps) == 1 {
				v.look("8-said-no")
			}
			v.do(chromedp.Click(onwards))
			v.do(chromedp.WaitVisible("#arrived"))
			v.silent()
			if got := s.back(t, name); got.Get("error") != "access_denied" || got.Has("code") {
				t.Errorf("the assistant got %v", got)
			}
		})
	}
}

// What people do to pages: each way ends with a link, or with a page that says what to do now.
func TestOddWaysThroughThePagesEndWell(t *testing.T) {
	t.Parallel()
	s := openStreet(t)
	window := func(t *testing.T) *visit { return openWindow(t, "phone", 390, 844, false) }
	linked := func(t *testing.T, state string) {
		t.Helper()
		if got := s.back(t, state); got.Get("code") == "" {
			t.Errorf("the assistant got %v", got)
		}
	}
	t.Run("back from the bank, and on again", func(t *testing.T) {
		v := window(t)
		v.do(chromedp.Navigate(s.begin("back", nil)), chromedp.WaitVisible(approve), chromedp.Click(approve), chromedp.WaitVisible("#username"))
		v.do(chromedp.NavigateBack(), chromedp.WaitVisible(approve), chromedp.Click(approve))
		v.signIn(s)
		v.share()
		v.silent()
		linked(t, "back")
	})
	t.Run("an answer of the bank a second time", func(t *testing.T) {
		v := window(t)
		v.do(chromedp.Navigate(s.begin("twice", nil)), chromedp.WaitVisible(approve), chromedp.Click(approve))
		v.signIn(s)
		v.hold(strings.TrimSuffix(s.home, "/callback"))
		v.do(chromedp.Click("#account-0"), chromedp.Click("button.primary"))
		v.stay()
		answer := read(v, chromedp.Location())
		v.do(chromedp.Click(onwards))
		v.do(chromedp.WaitVisible("#arrived"), chromedp.Navigate(answer), chromedp.WaitVisible(".now"))
		if v.heading() != "Your bank’s answer was used already" {
			t.Errorf("the page says %q", v.heading())
		}
		v.look("9-answer-used")
		linked(t, "twice")
	})
	t.Run("a double click on yes", func(t *testing.T) {
		v := window(t)
		v.do(chromedp.Navigate(s.begin("double", nil)), chromedp.WaitVisible(approve), chromedp.DoubleClick(approve))
		v.signIn(s)
		v.share()
		v.silent()
		linked(t, "double")
	})
	t.Run("a double click on no", func(t *testing.T) {
		v := window(t)
		v.do(chromedp.Navigate(s.begin("no", nil)), chromedp.WaitVisible(deny), chromedp.DoubleClick(deny), chromedp.WaitVisible("#arrived, .now"))
		if got := read(v, chromedp.Text("body")); strings.Contains(got, "back") && !strings.Contains(got, "You said no already") {
			if q := s.back(t, "no"); q.Get("error") != "access_denied" {
				t.Errorf("the assistant got %v", q)
			}
		} else if !strings.Contains(got, "You said no already") {
			t.Errorf("the page says %q", got)
		}
		v.silent()
	})
	t.Run("two tabs, each to its end", func(t *testing.T) {
		one := window(t)
		other := dress(t, chromium.Beside(t, one.ctx), "phone", 390, 844, false)
		one.do(chromedp.Navigate(s.begin("one", nil)), chromedp.WaitVisible(approve))
		other.do(chromedp.Navigate(s.begin("other", nil)), chromedp.WaitVisible(approve), chromedp.Click(approve))
		one.do(chromedp.Click(approve))
		other.signIn(s)
		one.signIn(s)
		one.share()
		other.share()
		linked(t, "one")
		linked(t, "other")
	})
	t.Run("cookies lost before the choice, and started again", func(t *testing.T) {
		v := window(t)
		v.do(chromedp.Navigate(s.begin("lost", nil)), chromedp.WaitVisible(approve))
		v.forget(s)
		v.do(chromedp.Click(approve), chromedp.WaitVisible(".now"))
		if v.heading() != "This page is no longer valid" {
			t.Errorf("the page says %q", v.heading())
		}
		v.look("10-lost")
		v.do(chromedp.Click("a.button"), chromedp.WaitVisible(approve), chromedp.Click(approve))
		v.signIn(s)
		v.share()
		v.silent()
		linked(t, "lost")
	})
	t.Run("cookies lost at the bank", func(t *testing.T) {
		v := window(t)
		v.do(chromedp.Navigate(s.begin("lost at the bank", nil)), chromedp.WaitVisible(approve), chromedp.Click(approve))
		v.signIn(s)
		v.forget(s)
		v.do(chromedp.Click("#account-0"), chromedp.Click("button.primary"), chromedp.WaitVisible(".now"))
		if v.heading() != "Your bank’s answer was used already" {
			t.Errorf("the page says %q", v.heading())
		}
		v.silent()
	})
	t.Run("a page that waited too long, and started again", func(t *testing.T) {
		v := window(t)
		v.do(chromedp.Navigate(s.begin("late", nil)), chromedp.WaitVisible(approve))
		s.pass(31 * time.Minute)
		v.do(chromedp.Click(approve), chromedp.WaitVisible(".now"))
		if v.heading() != "This page is no longer valid" {
			t.Errorf("the page says %q", v.heading())
		}
		v.do(chromedp.Click("a.button"), chromedp.WaitVisible(approve), chromedp.Click(approve))
		v.signIn(s)
		v.share()
		linked(t, "late")
	})
	t.Run("sent by a stranger", func(t *testing.T) {
		v := window(t)
		v.do(chromedp.Navigate(s.begin("stranger", url.Values{"client_id": {"nobody"}})), chromedp.WaitVisible(".now"))
		v.look("11-stranger")
	})
	t.Run("an answer in a fragment, and no script", func(t *testing.T) {
		v := window(t)
		v.scripts(false)
		v.do(chromedp.Navigate(s.file.PublicURL+"/link/callback#code=x"), chromedp.WaitVisible("#return"))
		v.look("12-fragment")
	})
	t.Run("an answer in a fragment that belongs to nothing", func(t *testing.T) {
		v := window(t)
		v.do(chromedp.Navigate(s.file.PublicURL+"/link/callback#code=x&state=y"), chromedp.WaitVisible(".now"))
		v.silent()
	})
	t.Run("where there is nothing", func(t *testing.T) {
		v := window(t)
		v.do(chromedp.Navigate(s.file.PublicURL+"/nowhere"), chromedp.WaitVisible("h1"))
		v.look("13-nowhere")
	})
	t.Run("the front door", func(t *testing.T) {
		v := window(t)
		v.do(chromedp.Navigate(s.file.PublicURL+"/"), chromedp.WaitVisible("h1"))
		v.look("14-front")
	})
}

// forget loses the browser's cookies of the house.
func (v *visit) forget(s *street) {
	v.t.Helper()
	for _, name := range []string{"sotto", "sotto-lang"} {
		_, err := chromedp.Call(v.ctx, network.DeleteCookies, network.DeleteCookiesParams{Name: name, URL: s.file.PublicURL})
		v.must(err)
	}
}

func TestPagesSpeakTheLanguageAskedForFromFirstToLast(t *testing.T) {
	t.Parallel()
	s := openStreet(t)
	for locale, want := range map[string][]string{
		"en-US": {"What may Alexa say about your money?", "On to Albion Bank", "Nothing was linked"},
		"en-GB": {"What may Alexa say about your money?", "On to Albion Bank", "Nothing was linked"},
		"pt-BR": {"O que Alexa pode dizer sobre o seu dinheiro?", "Agora, Albion Bank", "Nada foi vinculado"},
	} {
		t.Run(locale, func(t *testing.T) {
			v := openWindow(t, locale, 390, 844, false)
			v.do(chromedp.Navigate(s.begin(locale, url.Values{"ui_locales": {locale}})), chromedp.WaitVisible(approve))
			v.shows("1-consent", locale, want[0])
			v.hold(s.file.BankURL)
			v.do(chromedp.Click(approve))
			v.stay()
			v.shows("3-to-the-bank", locale, want[1])
			v.do(chromedp.Click(onwards))
			v.do(chromedp.WaitVisible("#username"))
			v.hold(strings.TrimSuffix(s.home, "/callback"))
			v.do(chromedp.Click(deny))
			v.stay()
			v.shows("8-said-no", locale, want[2])
			v.do(chromedp.Click(onwards))
			v.do(chromedp.WaitVisible("#arrived"))
		})
	}
}

// The watch over the browser's complaints must see what it is for.
func TestTheBrowserReportsWhatAPolicyForbids(t *testing.T) {
	t.Parallel()
	planted := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Security-Policy", "default-src 'none'")
		w.Header().Set("Content-Type", "text/html")
		_, _ = w.Write([]byte(`<!doctype html><title>planted</title><p id="here" style="color: red">here<form action="/elsewhere"></form>`))
	}))
	defer planted.Close()
	v := openWindow(t, "planted", 390, 844, false)
	v.do(chromedp.Navigate(planted.URL), chromedp.WaitVisible("#here"))
	v.mu.Lock()
	defer v.mu.Unlock()
	if len(v.reports) == 0 {
		t.Error("a style that the policy forbids was not reported")
	}
}
