package tests

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"sotto/server/dev"
)

// see does something in a window, and keeps a picture of what is then there.
func (v *visit) see(page string, steps ...chromedp.Action[chromedp.Void]) {
	v.t.Helper()
	v.do(steps...)
	v.photograph("house-" + page)
}

// TestACustomerLinksInABrowser links in Chromium, from the consent page through the bank and back to an assistant on another origin: under
// our content security policy, with the keyboard, with script and without.
func TestACustomerLinksInABrowser(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		strict, fragment, noScript, lost bool
	}{
		"at a bank that answers in the query":                     {},
		"at a bank that answers in the query, without script":     {noScript: true},
		"at a bank that posts a form from its own site":           {strict: true},
		"at a bank that posts a form, without script":             {strict: true, noScript: true},
		"at a bank that answers in a fragment":                    {strict: true, fragment: true},
		"at a bank that answers in a fragment, without script":    {strict: true, fragment: true, noScript: true},
		"not at all, where the way back has no answer and cookie": {strict: true, fragment: true, lost: true},
	} {
		t.Run(name, func(t *testing.T) {
			v := openWindow(t, name, 390, 844, false)
			v.scripts(!tc.noScript)
			h, customer, bank := houseWith(t, tc.strict, tc.fragment)
			if tc.lost {
				v.see("0", chromedp.Navigate(h.PublicURL()+"/link/callback"), chromedp.WaitVisible("//p[contains(., 'start linking again')]"))
				return
			}
			arrived := make(chan url.Values, 4)
			assistant := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path == "/callback" {
					arrived <- r.URL.Query()
				}
				if referrer := r.Header.Get("Referer"); strings.Contains(referrer, "/oauth/") || strings.Contains(referrer, "/link/") {
					t.Errorf("the assistant is told where the customer was: %s", referrer)
				}
				_, _ = w.Write([]byte("<title>back</title><p id=back>back"))
			}))
			defer assistant.Close()
			w := h.walker(t, "mcp")
			v.see("1",
				chromedp.Navigate(w.request(url.Values{"redirect_uri": {assistant.URL + "/callback"}})),
				chromedp.WaitVisible(`input[name="bank"][value="`+bank+`"]`),
				chromedp.Click(`input[name="bank"][value="`+bank+`"]`),
				chromedp.Click(`input[name="scope"][value="transactions"]`), // checked before
				chromedp.KeyEvent("\r"), chromedp.WaitVisible("#username"))
			v.see("2", chromedp.SendKeys("#username", customer.Username), chromedp.SendKeys("#password", customer.Password),
				chromedp.KeyEvent("\r"), chromedp.WaitVisible("#code"))
			code, err := dev.OneTimeCode(customer.TOTPSecret, h.Now())
			if err != nil {
				t.Fatal(err)
			}
			v.see("3", chromedp.SendKeys("#code", code), chromedp.KeyEvent("\r"), chromedp.WaitVisible("#account-0"))
			switch { // his one account is chosen already
			case tc.noScript && tc.fragment:
				v.see("4", chromedp.Click("button.primary"), chromedp.WaitVisible("noscript p"))
				return
			case tc.noScript && tc.strict:
				v.see("4", chromedp.Click("button.primary"), chromedp.WaitReady(`input[type="hidden"][name="code"]`),
					chromedp.Click("button.primary"), chromedp.WaitVisible("#back"))
			default:
				v.see("4", chromedp.Click("button.primary"), chromedp.WaitVisible("#back"))
			}
			back := <-arrived
			if back.Get("code") == "" || back.Get("state") != "s" || back.Get("iss") != h.PublicURL() {
				t.Fatalf("back with %v", back)
			}
			got := w.tokens(url.Values{
				"grant_type": {"authorization_code"}, "code": back["code"], "redirect_uri": {assistant.URL + "/callback"}, "code_verifier": {verifier},
				"client_id": {w.client.ID},
			}, func(*http.Request, url.Values) {})
			if got.Scope != "balances spending" {
				t.Errorf("linked with %q", got.Scope)
			}
		})
	}
}

// houseWith is a house with a customer at its own bank, or at a strict one.
func houseWith(t *testing.T, strict, fragment bool) (*openHouse, dev.Customer, string) {
	t.Helper()
	if strict {
		h, customer := signedHouse(t, fragment, fragment)
		return h, customer, "strict"
	}
	h := open(t)
	customer, err := h.Dev().Customer("albion", "ada")
	if err != nil {
		t.Fatal(err)
	}
	return h, customer, "albion"
}
