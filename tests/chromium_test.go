package tests

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"sotto/server/dev"
)

// chromium opens a browser for half a minute, or skips the test where there is none.
func chromium(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(openBrowser(t), 30*time.Second)
	t.Cleanup(cancel)
	return ctx
}

// see does something in the browser, and keeps a picture of what is then there in $SCREENSHOTS, if that is set.
func see(t *testing.T, ctx context.Context, name string, steps ...chromedp.Action[chromedp.Void]) { //nolint:revive // context-as-argument: t comes first in tests
	t.Helper()
	if err := chromedp.Do(ctx, steps...); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	folder := os.Getenv("SCREENSHOTS")
	if folder == "" {
		return
	}
	picture, err := chromedp.Run(ctx, chromedp.FullScreenshot(100))
	if err == nil {
		err = os.WriteFile(filepath.Join(folder, "house-"+name+".png"), picture, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// TestACustomerLinksInABrowser links in Chromium, from the consent page through the bank and back to an assistant on another origin: under
// our content security policy, with the keyboard, with script and without.
func TestACustomerLinksInABrowser(t *testing.T) {
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
			ctx := chromium(t)
			h, customer, bank := houseWith(t, tc.strict, tc.fragment)
			if _, err := chromedp.Call(ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: tc.noScript}); err != nil {
				t.Fatal(err)
			}
			if tc.lost {
				see(t, ctx, name, chromedp.Navigate(h.PublicURL()+"/link/callback"), chromedp.WaitVisible("//p[contains(., 'start linking again')]"))
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
			see(t, ctx, name+"-1",
				chromedp.EmulateViewport(390, 844),
				chromedp.Navigate(w.request(url.Values{"redirect_uri": {assistant.URL + "/callback"}})),
				chromedp.WaitVisible(`input[name="bank"][value="`+bank+`"]`),
				chromedp.Click(`input[name="bank"][value="`+bank+`"]`),
				chromedp.Click(`input[name="scope"][value="transactions"]`), // checked before
				chromedp.KeyEvent("\r"), chromedp.WaitVisible("#username"))
			see(t, ctx, name+"-2", chromedp.SendKeys("#username", customer.Username), chromedp.SendKeys("#password", customer.Password),
				chromedp.KeyEvent("\r"), chromedp.WaitVisible("#code"))
			code, err := dev.OneTimeCode(customer.TOTPSecret, h.Now())
			if err != nil {
				t.Fatal(err)
			}
			see(t, ctx, name+"-3", chromedp.SendKeys("#code", code), chromedp.KeyEvent("\r"), chromedp.WaitVisible("#account-0"))
			switch { // his one account is chosen already
			case tc.noScript && tc.fragment:
				see(t, ctx, name+"-4", chromedp.Click("button.primary"), chromedp.WaitVisible("noscript p"))
				return
			case tc.noScript && tc.strict:
				see(t, ctx, name+"-4", chromedp.Click("button.primary"), chromedp.WaitReady(`input[type="hidden"][name="code"]`),
					chromedp.Click("button.primary"), chromedp.WaitVisible("#back"))
			default:
				see(t, ctx, name+"-4", chromedp.Click("button.primary"), chromedp.WaitVisible("#back"))
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
		h, customer := signedHouse(t, fragment)
		return h, customer, "strict"
	}
	h := open(t)
	customer, err := h.Dev().Customer("albion", "ada")
	if err != nil {
		t.Fatal(err)
	}
	return h, customer, "albion"
}
