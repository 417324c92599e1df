package tests

import (
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// signInTo opens the customer's page and says at the bank who it is.
func (v *visit) signInTo(s *street) {
	v.t.Helper()
	v.do(chromedp.WaitVisible(`[value="sign-in"]`), chromedp.Click(`[value="sign-in"]`))
	v.signIn(s)
	v.do(chromedp.Click("#account-0"), chromedp.Click("button.primary"), chromedp.WaitVisible(`[value="sign-out"]`))
}

func (v *visit) press(decision string) {
	v.t.Helper()
	v.do(chromedp.WaitVisible(`[value="`+decision+`"]`), chromedp.Click(`[value="`+decision+`"]`))
}

// TestACustomerSeesWhatIsSharedAndTakesItBack walks through the customer's own page, without script, on a phone and at a desk.
func TestACustomerSeesWhatIsSharedAndTakesItBack(t *testing.T) {
	t.Parallel()
	s := openStreet(t)
	for name, tc := range map[string]struct {
		width, height int64
		dark          bool
		locale        string
		words         []string
	}{
		"phone":        {390, 844, false, "en-US", []string{"See what you share, and take it back", "What you share", "Done. It holds from the next question on.", "Forget you at Alexa?", "You are forgotten", "Clear what was shared with Alexa?", "Done. What was recorded there before is erased."}},
		"desktop":      {1280, 900, false, "en-GB", []string{"See what you share, and take it back", "What you share", "Done. It holds from the next question on.", "Forget you at Alexa?", "You are forgotten", "Clear what was shared with Alexa?", "Done. What was recorded there before is erased."}},
		"phone-dark":   {390, 844, true, "pt-BR", []string{"Veja o que você compartilha e desfaça", "O que você compartilha", "Pronto. Vale a partir da próxima pergunta.", "Esquecer você em Alexa?", "Pronto, esquecemos você", "Limpar o que foi compartilhado com Alexa?", "Pronto. O que estava registrado ali foi apagado."}},
		"desktop-dark": {1280, 900, true, "en-US", []string{"See what you share, and take it back", "What you share", "Done. It holds from the next question on.", "Forget you at Alexa?", "You are forgotten", "Clear what was shared with Alexa?", "Done. What was recorded there before is erased."}},
	} {
		t.Run(name, func(t *testing.T) {
			speaker := s.speaker(t)
			speaker.link("grace", nil)
			for _, question := range []string{"what's my balance", "how much did I spend last week", "what were my last transactions"} {
				speaker.say(question)
				s.pass(time.Minute)
			}
			v := openWindow(t, name, tc.width, tc.height, tc.dark)
			v.scripts(false)
			v.do(chromedp.Navigate(s.file.PublicURL+"/my?ui_locales="+tc.locale), chromedp.WaitVisible(`[value="sign-in"]`))
			v.shows("20-sign-in", tc.locale, tc.words[0])
			v.signInTo(s)
			v.shows("21-my", tc.locale, tc.words[1])
			if got := read(v, chromedp.Text("main")); strings.Contains(got, "pounds") || !strings.Contains(got, "Everyday") || !strings.Contains(got, "Albion Bank") {
				t.Errorf("the page says %q", got)
			}
			v.do(chromedp.Click(`[value="transactions"]`))
			v.press("narrow")
			v.do(chromedp.WaitVisible("#said"))
			if got := read(v, chromedp.Text("#said")); got != tc.words[2] {
				t.Errorf("the page says %q", got)
			}
			v.look("22-narrowed")
			if heard := words(t, speaker.say("what were my last transactions").SSML); !strings.Contains(heard, "purchases") {
				t.Errorf("heard %q with a token from before", heard)
			}
			v.press("clear")
			v.do(chromedp.WaitVisible(`[value="wipe"]`))
			v.shows("22a-clear", tc.locale, tc.words[5])
			v.press("wipe")
			v.do(chromedp.WaitVisible("#said"))
			if got := read(v, chromedp.Text("#said")); got != tc.words[6] {
				t.Errorf("the page says %q", got)
			}
			v.look("22b-cleared")
			v.press("forget")
			v.do(chromedp.WaitVisible(`[value="erase"]`))
			v.shows("23-sure", tc.locale, tc.words[3])
			v.press("erase")
			v.do(chromedp.WaitVisible(`a[href*="/forgotten/"]`))
			v.shows("24-receipt", tc.locale, tc.words[4])
			if heard := words(t, speaker.say("what's my balance").SSML); strings.Contains(heard, "pounds") {
				t.Errorf("heard %q of a link that was erased", heard)
			}
			v.do(chromedp.Click(`a[href*="/forgotten/"]`), chromedp.WaitNotPresent(`a[href="/my"]`))
			v.shows("25-forgotten", tc.locale, tc.words[4])
			v.do(chromedp.Navigate(s.file.PublicURL + "/my"))
			v.press("sign-out")
			v.do(chromedp.WaitVisible(`[value="sign-in"]`))
			v.shows("26-goodbye", tc.locale, tc.words[0])
			v.silent()
		})
	}
}
