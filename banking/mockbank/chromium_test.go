package mockbank_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/golang-jwt/jwt/v5"

	"sotto/banking/mockbank"
	"sotto/tests/chromium"
)

func TestMain(m *testing.M) {
	failed := m.Run()
	chromium.Close()
	os.Exit(failed)
}

func perform(t *testing.T, ctx context.Context, steps ...chromedp.Action[chromedp.Void]) { //nolint:revive // context-as-argument: t comes first in tests
	t.Helper()
	if err := chromedp.Do(ctx, steps...); err != nil {
		t.Fatal(err)
	}
}

// photograph keeps a picture of the page in $SCREENSHOTS, if that is set.
func photograph(t *testing.T, ctx context.Context, name string) { //nolint:revive // context-as-argument: t comes first in tests
	t.Helper()
	dir := os.Getenv("SCREENSHOTS")
	if dir == "" {
		return
	}
	picture, err := chromedp.Run(ctx, chromedp.FullScreenshot(100))
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, "mockbank-"+name+".png"), picture, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// landing is the client's side of the redirect: another origin, which keeps what
// arrives.
func landing(t *testing.T) (uri string, arrived chan url.Values) {
	t.Helper()
	arrived = make(chan url.Values, 4)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/back" || r.ParseForm() != nil {
			http.NotFound(w, r)
			return
		}
		arrived <- r.Form
		_, _ = w.Write([]byte("<title>back</title><p id=back>back"))
	}))
	t.Cleanup(srv.Close)
	return srv.URL + "/back", arrived
}

func TestACustomerGetsThroughInABrowser(t *testing.T) {
	uri, arrived := landing(t)
	b := openBank(t, func(o *mockbank.Options) {
		for i := range o.Clients {
			o.Clients[i].RedirectURIs = append(o.Clients[i].RedirectURIs, uri)
		}
	})
	rsaKey, _ := clientKeys(t)
	for name, c := range map[string]struct {
		width, height int64
		signed        bool
		noScript      bool
	}{
		"on a phone, back by redirect":                        {width: 390, height: 844},
		"on a desktop, back by a form that posts itself":      {width: 1280, height: 900, signed: true},
		"without scripts, back by the button of the form":     {width: 390, height: 844, signed: true, noScript: true},
		"on a small old phone without scripts, by a redirect": {width: 320, height: 568, noScript: true},
	} {
		t.Run(name, func(t *testing.T) {
			ctx := chromium.Open(t)
			id := b.consent(allPermissions(), map[string]string{"TransactionFromDateTime": "2025-01-01T00:00:00Z"})
			request := plain(id)
			request.Set("redirect_uri", uri)
			if c.signed {
				id = b.consentFor("jwt")
				claims := b.signedClaims(id)
				claims["redirect_uri"] = uri
				request = url.Values{"client_id": {"jwt"}, "request": {signed(t, jwt.SigningMethodPS256, "rsa", rsaKey, claims)}}
			}
			file := name
			_, err := chromedp.Call(ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: c.noScript})
			if err != nil {
				t.Fatal(err)
			}
			perform(t, ctx,
				chromedp.EmulateViewport(c.width, c.height),
				chromedp.Navigate(b.authorizeURL(request)))
			photograph(t, ctx, file+"-1")
			perform(t, ctx,
				chromedp.SendKeys("#username", "grace"), chromedp.SendKeys("#password", "wrong"),
				chromedp.Click("button.primary"), chromedp.WaitVisible("#problem"))
			photograph(t, ctx, file+"-2")
			perform(t, ctx,
				chromedp.SendKeys("#password", password), chromedp.KeyEvent("\r"), chromedp.WaitVisible("#code"))
			photograph(t, ctx, file+"-3")
			perform(t, ctx,
				chromedp.SendKeys("#code", b.otp(b.clock.Now())), chromedp.KeyEvent("\r"),
				chromedp.WaitVisible("#account-2"), chromedp.Click("#account-0"), chromedp.Click("#account-2"))
			photograph(t, ctx, file+"-4")
			perform(t, ctx, chromedp.Click("button.primary"))
			if c.signed && c.noScript {
				perform(t, ctx, chromedp.WaitReady(`input[type="hidden"][name="code"]`))
				photograph(t, ctx, file+"-5")
				perform(t, ctx, chromedp.Click("button.primary"))
			}
			perform(t, ctx, chromedp.WaitVisible("#back"))
			select {
			case got := <-arrived:
				if got.Get("code") == "" || got.Get("state") != "st&te" || c.signed != got.Has("id_token") {
					t.Errorf("the client got %v", got)
				}
			case <-ctx.Done():
				t.Fatal("nothing reached the client")
			}
		})
	}
	t.Run("who was sent by nobody is told so", func(t *testing.T) {
		ctx := chromium.Open(t)
		perform(t, ctx, chromedp.EmulateViewport(390, 844), chromedp.Navigate(b.url+"/albion/authorize?client_id=nobody"),
			chromedp.WaitVisible("#problem"))
		photograph(t, ctx, "refusal")
	})
}
