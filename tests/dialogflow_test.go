package tests

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"sotto/linking"
	"sotto/server/dev"
	"sotto/skills"
	"sotto/skills/dialogflow"
	"sotto/tests/judge"
	"sotto/tests/judge/google"
)

// writer is somebody who types to an agent of Dialogflow, which is played as Dialogflow does, and whose answers are judged.
type writer struct {
	tb     testing.TB
	house  *openHouse
	file   dev.File
	caller *dialogflow.Caller
	words  *skills.Catalogue
}

func (h *openHouse) writer(tb testing.TB, cx bool) *writer {
	tb.Helper()
	file, err := dev.ReadFile(h.state)
	if err != nil {
		tb.Fatal(err)
	}
	words, err := skills.NewCatalogue(h.Now)
	if err != nil {
		tb.Fatal(err)
	}
	return &writer{tb: tb, house: h, file: file, words: words, caller: &dialogflow.Caller{
		CX: cx, Username: file.Dialogflow.Username, Password: file.Dialogflow.Password, Locale: "en", Random: rand.Reader,
	}}
}

// link walks through the pages of account linking, as an app of the bank's would have its customer do, and keeps the token.
func (w *writer) link(username string) {
	w.tb.Helper()
	s := w.house.speaker(w.tb)
	s.client = w.file.Clients["google"]
	s.link(username, nil)
	w.caller.Token = s.device.Token
}

// say says a sentence that the agent matched, and gives what is heard.
func (w *writer) say(text string) dialogflow.Heard {
	w.tb.Helper()
	intent, slots, ok := w.words.Match("en-US", text)
	if !ok {
		w.tb.Fatalf("%q is no sentence of the catalogue", text)
	}
	body, err := w.caller.Ask(text, intent, slots)
	if err != nil {
		w.tb.Fatal(err)
	}
	return w.hear(body)
}

// typed types a text that the agent matched with nothing.
func (w *writer) typed(text string) dialogflow.Heard {
	w.tb.Helper()
	body, err := w.caller.Type(text)
	if err != nil {
		w.tb.Fatal(err)
	}
	return w.hear(body)
}

func (w *writer) path() string {
	if w.caller.CX {
		return "/dialogflow/cx"
	}
	return "/dialogflow/es"
}

func (w *writer) request(body []byte) *http.Request {
	w.tb.Helper()
	r, err := http.NewRequestWithContext(w.tb.Context(), http.MethodPost, w.file.PublicURL+w.path(), bytes.NewReader(body))
	if err != nil {
		w.tb.Fatal(err)
	}
	r.Header = w.caller.Header()
	return r
}

func (w *writer) hear(body []byte) dialogflow.Heard {
	w.tb.Helper()
	status, answer := send(w.tb, w.request(body))
	if status != http.StatusOK {
		w.tb.Fatalf("%s answers %d: %s", w.path(), status, answer)
	}
	if w.caller.CX {
		google.CX(w.tb, answer)
	} else {
		google.ES(w.tb, w.caller.Conversation().Session, answer)
	}
	heard, err := w.caller.Hear(answer)
	if err != nil {
		w.tb.Fatalf("%v: %s", err, answer)
	}
	return heard
}

// person is a customer with a browser.
func (w *writer) person(username string) dev.Person {
	w.tb.Helper()
	customer, err := w.file.Customer("albion", username)
	if err != nil {
		w.tb.Fatal(err)
	}
	return dev.Person{Bank: "albion", Customer: customer, Now: w.house.Now}
}

// bothKinds runs a test with an agent of either kind.
func bothKinds(t *testing.T, test func(t *testing.T, cx bool)) {
	for name, cx := range map[string]bool{"ES": false, "CX": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, cx)
		})
	}
}

// TestAConversationIsLinkedByTheCodeThatIsTypedInIt: without a token, from the first question to the answer.
func TestAConversationIsLinkedByTheCodeThatIsTypedInIt(t *testing.T) {
	t.Parallel()
	bothKinds(t, func(t *testing.T, cx bool) {
		h := open(t)
		w := h.writer(t, cx)
		first := w.say("what's my balance")
		if !strings.HasPrefix(first.Link, h.PublicURL()+"/link/chat?ticket=") {
			t.Fatalf("nobody says where to link: %+v", first)
		}
		shown, err := w.person("ada").LinkChat(t.Context(), first.Link)
		if err != nil {
			t.Fatal(err)
		}
		if heard := w.say("what's my balance"); heard.Link == "" {
			t.Errorf("before the code was typed: %+v", heard)
		}
		if heard := w.typed(wrongCode(shown.Digits)); !strings.Contains(heard.Text, "not the code") {
			t.Errorf("a wrong code: %+v", heard)
		}
		if heard := w.typed(shown.Digits); !strings.Contains(heard.Text, "linked to your bank") || !heard.Asked {
			t.Errorf("the code: %+v", heard)
		}
		if heard := w.say("what's my balance"); !strings.Contains(heard.Text, "pounds") || heard.Link != "" {
			t.Errorf("after it: %+v", heard)
		}
		if strings.Contains(h.log.String(), shown.Digits) {
			t.Error("the log has the code")
		}
		w.say("forget me")
		w.say("yes")
		if heard := w.say("what's my balance"); heard.Link == "" || strings.Contains(heard.Text, "pounds") {
			t.Errorf("after it was forgotten: %+v", heard)
		}
	})
}

// wrongCode is a code that is not this one.
func wrongCode(code string) string {
	last := (code[len(code)-1]-'0'+1)%10 + '0'
	return code[:len(code)-1] + string(last)
}

// TestWhoSendsHisOwnAddressToAVictimGainsNothing: the code is in the victim's browser, and only the attacker's conversation takes it.
func TestWhoSendsHisOwnAddressToAVictimGainsNothing(t *testing.T) {
	t.Parallel()
	bothKinds(t, func(t *testing.T, cx bool) {
		h := open(t)
		attacker, victim := h.writer(t, cx), h.writer(t, cx)
		bait := attacker.say("what's my balance").Link
		victim.say("help")
		shown, err := victim.person("ada").LinkChat(t.Context(), bait) // ada follows it, and consents at her bank
		if err != nil {
			t.Fatal(err)
		}
		if heard := attacker.say("what's my balance"); strings.Contains(heard.Text, "pounds") {
			t.Fatalf("the attacker hears %q", heard.Text)
		}
		if heard := victim.typed(shown.Digits); strings.Contains(heard.Text, "linked to your bank") {
			t.Errorf("the victim's own conversation takes the code of another: %q", heard.Text)
		}
		for i := range 5 { // he guesses
			attacker.typed(fmt.Sprintf("%06d", i))
		}
		if heard := attacker.typed(shown.Digits); strings.Contains(heard.Text, "linked to your bank") {
			t.Errorf("after five guesses, even the code is taken: %q", heard.Text)
		}
		if heard := attacker.say("what's my balance"); strings.Contains(heard.Text, "pounds") {
			t.Errorf("the attacker hears %q", heard.Text)
		}
	})
}

// TestTwoConversationsAreTwoLinks: a session of the same name in another project, and one that only looks alike, are others' conversations.
func TestTwoConversationsAreTwoLinks(t *testing.T) {
	t.Parallel()
	h := open(t)
	w := h.writer(t, false)
	shown, err := w.person("ada").LinkChat(t.Context(), w.say("what's my balance").Link)
	if err != nil {
		t.Fatal(err)
	}
	w.typed(shown.Digits)
	own := w.caller.Conversation().Session
	for _, other := range []string{strings.Replace(own, "projects/sotto/", "projects/evil/", 1), own + "0", strings.ToUpper(own), own + " ", own + "/contexts/sotto"} {
		w.caller.Resume(dialogflow.Conversation{Session: other})
		body, err := w.caller.Ask("what's my balance", skills.Balance, nil)
		if err != nil {
			t.Fatal(err)
		}
		if status, answer := send(t, w.request(body)); status != http.StatusOK || strings.Contains(string(answer), "pounds") {
			t.Errorf("%q hears %s", other, answer)
		}
	}
	w.caller.Resume(dialogflow.Conversation{Session: own})
	if heard := w.say("what's my balance"); !strings.Contains(heard.Text, "pounds") {
		t.Errorf("the own one hears %q", heard.Text)
	}
}

// TestATokenOfAnotherAssistantIsNobodysAtDialogflow: a token is good at the routes of its client's platform only.
func TestATokenOfAnotherAssistantIsNobodysAtDialogflow(t *testing.T) {
	t.Parallel()
	h := open(t)
	s, w := h.speaker(t), h.writer(t, false)
	s.link("ada", nil)
	for name, token := range map[string]linking.Token{"Alexa's": s.device.Token, "a made-up one": "sotto_at_made_up", "a JWT of nobody's": "a.b.c"} {
		w.caller.Token = token
		if heard := w.say("what's my balance"); strings.Contains(heard.Text, "pounds") || heard.Link != "" {
			t.Errorf("%s: %+v", name, heard)
		}
	}
}

// TestWhatIsNotDialogflowsIsRefusedInOneLine sends what adversaries send: each gets the refusal that it should, and leaves one line that says why.
func TestWhatIsNotDialogflowsIsRefusedInOneLine(t *testing.T) {
	t.Parallel()
	h := open(t)
	w := h.writer(t, false)
	w.link("ada")
	good, err := w.caller.Ask("what's my balance", skills.Balance, nil)
	if err != nil {
		t.Fatal(err)
	}
	large := bytes.Repeat([]byte(" "), 256<<10+1)
	for name, tc := range map[string]struct {
		change func(*http.Request)
		body   []byte
		status int
		reason string
	}{
		"no password":                     {func(r *http.Request) { r.Header.Del("Authorization") }, good, 401, "no credentials"},
		"a wrong password":                {func(r *http.Request) { r.SetBasicAuth(w.file.Dialogflow.Username, "guess") }, good, 401, "password"},
		"another's name":                  {func(r *http.Request) { r.SetBasicAuth("somebody", w.file.Dialogflow.Password) }, good, 401, "password"},
		"an ID token where none is taken": {func(r *http.Request) { r.Header.Set("Authorization", "Bearer a.b.c") }, good, 401, "no credentials"},
		"two passwords":                   {func(r *http.Request) { r.Header.Add("Authorization", "Basic eDp5") }, good, 401, "no credentials"},
		"a password in the URL": {func(r *http.Request) {
			r.Header.Del("Authorization")
			r.URL.RawQuery = "password=" + w.file.Dialogflow.Password
		}, good, 401, "no credentials"},
		"a body without an end":            {nil, good[:len(good)/2], 400, "malformed"},
		"no JSON":                          {nil, []byte("==="), 400, "malformed"},
		"nothing":                          {nil, nil, 400, "malformed"},
		"members of the wrong types":       {nil, bytes.Replace(good, []byte(`"parameters":{`), []byte(`"parameters":7,"x":{`), 1), 400, "malformed"},
		"a request to the other kind":      {func(r *http.Request) { r.URL.Path = "/dialogflow/cx" }, good, 400, "malformed"},
		"a body over 256 KiB":              {nil, large, 413, "too large"},
		"a body over 256 KiB, in chunks":   {func(r *http.Request) { r.ContentLength = -1 }, large, 413, "too large"},
		"a large body before the password": {func(r *http.Request) { r.Header.Del("Authorization") }, large, 413, "too large"},
		"two tokens of customers":          {func(r *http.Request) { r.Header.Add("Sotto-Token", "x") }, good, 400, "malformed"},
	} {
		t.Run(name, func(t *testing.T) {
			r := w.request(tc.body)
			if tc.change != nil {
				tc.change(r)
			}
			before := h.log.String()
			status, answer := send(t, r)
			if status != tc.status || strings.Contains(string(answer), "pounds") || tc.status != 413 && strings.Contains(string(answer), tc.reason) {
				t.Errorf("got %d %s", status, answer)
			}
			line := strings.TrimPrefix(h.log.String(), before)
			if strings.Count(line, "\n") != 1 || !strings.Contains(line, fmt.Sprintf(`"platform":"google","status":%d,"reason":%q`, tc.status, tc.reason)) {
				t.Errorf("the log says %s", line)
			}
		})
	}
	if heard := w.hear(good); !strings.Contains(heard.Text, "pounds") {
		t.Errorf("the good one hears %q", heard.Text)
	}
}

// TestWhatActionsSentIsAnsweredWithoutAFault: payloads of Google's platforms that are no more, and of frameworks for them.
func TestWhatActionsSentIsAnsweredWithoutAFault(t *testing.T) {
	t.Parallel()
	h := open(t)
	for _, file := range judge.Files(t, "google/*/*.json") {
		for _, cx := range []bool{false, true} {
			if status, answer := send(t, h.writer(t, cx).request(judge.File(t, file))); status >= 500 {
				t.Errorf("%s: %d %s", file, status, answer)
			}
		}
	}
}

func TestABrowserCannotPostToDialogflow(t *testing.T) {
	t.Parallel()
	h := open(t)
	for _, path := range []string{"/dialogflow/es", "/dialogflow/cx"} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, h.PublicURL()+path, strings.NewReader(url.Values{"x": {"y"}}.Encode()))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Origin", "https://evil.example")
		if status, answer := send(t, r); status != http.StatusUnauthorized {
			t.Errorf("%s: %d %s", path, status, answer)
		}
	}
}
