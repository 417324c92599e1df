package tests

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

// TestPeopleAndThievesWhoLeaveThePath walks off the path of linking at every page: what is lost says so, what is not goes on.
func TestPeopleAndThievesWhoLeaveThePath(t *testing.T) {
	h := open(t)
	for name, walk := range map[string]func(*testing.T, *walker){
		"whoever says no on our page goes back with access_denied": func(t *testing.T, w *walker) {
			denied(t, w, w.back(w.submit(w.open(url.Values{"state": {"a+b/c=%"}}), url.Values{"decision": {"deny"}})), "a+b/c=%")
		},
		"whoever says no at the bank goes back with access_denied": func(t *testing.T, w *walker) {
			denied(t, w, w.back(w.decide(w.signIn(w.approve(w.open(nil))), "deny")), "s")
		},
		"whoever chooses nothing is asked again": func(t *testing.T, w *walker) {
			page := w.submit(w.open(nil), url.Values{"bank": {}, "scope": {}, "decision": {"approve"}})
			if page.Status != http.StatusOK || !strings.Contains(page.Text, "Please choose a bank") {
				t.Errorf("%d %s", page.Status, page.Text)
			}
			w.back(w.decide(w.signIn(w.approve(page)), "approve"))
		},
		"a bank or a scope that was not offered is not taken": func(t *testing.T, w *walker) {
			for _, v := range []url.Values{
				{"bank": {"elsewhere"}, "scope": {"balances"}, "decision": {"approve"}},
				{"bank": {"albion"}, "scope": {"everything"}, "decision": {"approve"}},
				{"bank": {"albion"}, "scope": {"balances", "income"}, "decision": {"approve"}},
				{"bank": {"albion"}, "scope": {"balances"}, "decision": {"own it"}},
			} {
				if page := w.submit(w.open(nil), v); !strings.Contains(page.Text, "Please choose a bank") {
					t.Errorf("%v: %d %s", v, page.Status, page.Text)
				}
			}
		},
		"the consent page submitted twice leads to the bank twice, and the later way counts": func(t *testing.T, w *walker) {
			page := w.open(nil)
			first, second := w.approve(page), w.approve(page)
			w.lost(w.decide(w.signIn(first), "approve"))
			w.back(w.decide(w.signIn(second), "approve"))
		},
		"whoever goes back after all is done cannot link once more with the old page": func(t *testing.T, w *walker) {
			page := w.open(nil)
			w.back(w.decide(w.signIn(w.approve(page)), "approve"))
			w.lost(w.approve(page))
		},
		"whoever goes back after saying no cannot say yes with the old page": func(t *testing.T, w *walker) {
			page := w.open(nil)
			w.back(w.submit(page, url.Values{"decision": {"deny"}}))
			w.lost(w.approve(page))
		},
		"two tabs of one browser do not disturb each other": func(t *testing.T, w *walker) {
			one, two := w.open(url.Values{"state": {"one"}}), w.open(url.Values{"state": {"two"}})
			atBankOne, atBankTwo := w.approve(one), w.approve(two)
			backTwo := w.back(w.decide(w.signIn(atBankTwo), "approve"))
			backOne := w.back(w.decide(w.signIn(atBankOne), "approve"))
			if backOne.Get("state") != "one" || backTwo.Get("state") != "two" || backOne.Get("code") == backTwo.Get("code") {
				t.Errorf("%v and %v", backOne, backTwo)
			}
		},
		"a page that lay open for half an hour is no longer valid": func(_ *testing.T, w *walker) {
			page := w.open(nil)
			h.pass(31 * time.Minute)
			w.lost(w.approve(page))
		},
		"a browser that lost its cookie cannot go on": func(_ *testing.T, w *walker) {
			page := w.open(nil)
			w.browser = w.newBrowser()
			w.lost(w.approve(page))
		},
		"a thief's browser, with an interaction of its own, cannot submit another's page": func(_ *testing.T, w *walker) {
			page := w.open(nil)
			w.browser = w.newBrowser()
			w.open(nil)
			w.lost(w.approve(page))
		},
		"a thief's browser cannot take the bank's answer to another's interaction, and does not spoil it": func(_ *testing.T, w *walker) {
			answer, own := w.answered(), w.browser
			w.browser = w.newBrowser()
			w.lost(w.visit(answer))
			w.open(nil)
			w.lost(w.visit(answer))
			w.browser = own
			w.back(w.visit(answer))
		},
		"an answer of the bank that comes twice is refused the second time": func(_ *testing.T, w *walker) {
			answer := w.answered()
			w.back(w.visit(answer))
			w.lost(w.visit(answer))
		},
		"an answer of the bank with another's code is not taken": func(t *testing.T, w *walker) {
			good := w.answered()
			thief := h.walker(t, "alexa")
			stolen, err := url.Parse(thief.answered())
			if err != nil {
				t.Fatal(err)
			}
			u, err := url.Parse(good)
			if err != nil {
				t.Fatal(err)
			}
			q := u.Query()
			q.Set("code", stolen.Query().Get("code"))
			u.RawQuery = q.Encode()
			if page := w.visit(u.String()); page.Arrived || !strings.Contains(page.Text, "Nothing was linked") {
				t.Errorf("%d %s", page.Status, page.Text)
			}
		},
		"an answer that names another bank as its sender is not taken": func(t *testing.T, w *walker) {
			good := w.answered()
			forged := strings.Replace(good, "albion&", "aurora&", 1)
			if page := w.visit(forged); forged == good || page.Arrived || !strings.Contains(page.Text, "Nothing was linked") {
				t.Errorf("%d %s", page.Status, page.Text)
			}
		},
		"a made-up answer of a bank is refused": func(_ *testing.T, w *walker) {
			w.open(nil)
			for _, q := range []string{"state=x&code=y", "state=" + strings.Repeat("x", 600), "state=x&error=access_denied"} {
				w.lost(w.visit(h.PublicURL() + "/link/callback?" + q))
			}
		},
	} {
		t.Run(name, func(t *testing.T) { walk(t, h.walker(t, "alexa")) })
	}
}

func denied(t *testing.T, w *walker, back url.Values, state string) {
	t.Helper()
	if back.Get("error") != "access_denied" || back.Get("state") != state || back.Get("iss") != w.house.PublicURL() || back.Has("code") {
		t.Errorf("back with %v", back)
	}
}
