package tests

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"sotto/server"
	"sotto/skills/messenger"
)

// TestACustomerLinksAChatAndIsForgottenThere walks through the pages that only chats have, without script, on phones and at a desk: from Messenger's
// button to the six digits that are typed there, and from Meta's request for deletion to the page that says what became of it.
func TestACustomerLinksAChatAndIsForgottenThere(t *testing.T) {
	t.Parallel()
	var graph http.Handler
	var down atomic.Bool
	meta := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if down.Load() {
			http.Error(w, "trouble at Meta", http.StatusServiceUnavailable)
			return
		}
		graph.ServeHTTP(w, r)
	}))
	defer meta.Close()
	s := openStreet(t, func(c *server.Config) { c.MessengerGraphURL = meta.URL })
	graph = s.MockGraph()
	for name, tc := range map[string]struct {
		width, height int64
		dark          bool
		locale        string
		words         []string
	}{
		"phone":        {390, 844, false, "en-US", []string{"What may Messenger say about your money?", "One last step", "Your request was received", "You are forgotten"}},
		"old-phone":    {320, 568, true, "pt-BR", []string{"O que Messenger pode dizer sobre o seu dinheiro?", "Só falta um passo", "Seu pedido foi recebido", "Você foi esquecido"}},
		"desktop":      {1280, 900, false, "en-GB", []string{"What may Messenger say about your money?", "One last step", "Your request was received", "You are forgotten"}},
		"desktop-dark": {1280, 900, true, "en-US", []string{"What may Messenger say about your money?", "One last step", "Your request was received", "You are forgotten"}},
	} {
		t.Run(name, func(t *testing.T) {
			x := s.texter(t)
			button := x.deliver(x.phone.Press("Link my bank", messenger.LinkIt)).LinkURL
			v := openWindow(t, name, tc.width, tc.height, tc.dark)
			v.scripts(false)
			v.do(chromedp.Navigate(button+"?"+url.Values{"account_linking_token": {"TOKEN"}, "redirect_uri": {metaReturns}, "ui_locales": {tc.locale}}.Encode()), chromedp.WaitVisible("#chat"))
			v.shows("30-consent-from-a-chat", tc.locale, tc.words[0])
			v.do(chromedp.Click(approve))
			v.signIn(s)
			v.do(chromedp.Click("#account-0"), chromedp.Click("button.primary"), chromedp.WaitVisible("#code.code"))
			v.shows("31-six-digits", tc.locale, tc.words[1])
			digits := read(v, chromedp.Text("#code"))
			back := read(v, chromedp.Evaluate[string](`document.querySelector("a.button.primary").href`))
			if heard := x.deliver(x.phone.Return(handover(t, back))); !strings.Contains(heard.Text, "six digits") {
				t.Fatalf("back in the chat: %+v", heard)
			}
			if heard := x.says(digits); !strings.Contains(heard.Text, "linked to your bank") {
				t.Fatalf("the code %q as it stands on the page: %+v", digits, heard)
			}

			s.givesAll(t)
			s.MockGraph().Know(x.phone.Person, x.phone.Person)
			down.Store(true)
			status := x.deletion(x.phone.Person)
			v.do(chromedp.Navigate(status+"?ui_locales="+tc.locale), chromedp.WaitVisible("h1"))
			v.shows("32-deletion-received", tc.locale, tc.words[2])
			down.Store(false)
			for range 100 {
				if v.do(chromedp.Reload(), chromedp.WaitVisible("h1")); v.heading() != tc.words[2] {
					break
				}
				s.pass(time.Second) // until it is tried again
			}
			v.shows("33-deleted", tc.locale, tc.words[3])
			v.silent()
		})
	}
}
