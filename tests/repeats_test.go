package tests

import (
	"bytes"
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"sotto/skills"
)

// repeater sends one request of a platform again and again.
type repeater struct {
	t    *testing.T
	h    *openHouse
	s    *speaker
	body []byte
}

func (h *openHouse) repeater(t *testing.T) *repeater {
	t.Helper()
	s := h.speaker(t)
	s.link("ada", nil)
	r := &repeater{t: t, h: h, s: s}
	r.ask(skills.Balance)
	return r
}

// ask makes another request of the one to be repeated.
func (r *repeater) ask(intent skills.Intent) {
	r.t.Helper()
	var err error
	if r.body, err = r.s.device.Ask(intent, nil); err != nil {
		r.t.Fatal(err)
	}
}

// once sends the request, and gives what is heard.
func (r *repeater) once() string {
	r.t.Helper()
	status, answer := send(r.t, r.s.signed(r.body))
	if status != http.StatusOK {
		r.t.Fatalf("/alexa answers %d: %s", status, answer)
	}
	return string(answer)
}

// recorded is how many lines of the log tell of an answer with facts, which is recorded, and how many of a repeated one.
func (r *repeater) recorded() (answered, repeated int) {
	for line := range strings.Lines(r.h.log.String()) {
		if strings.Contains(line, `"msg":"turn"`) && strings.Contains(line, `"balance.said"`) {
			if strings.Contains(line, `"reason":"repeated"`) {
				repeated++
			} else {
				answered++
			}
		}
	}
	return answered, repeated
}

// shared is how often something was shared, as the record has it.
func (r *repeater) shared() string {
	r.t.Helper()
	return words(r.t, r.s.say("what have you shared").SSML)
}

func TestARequestThatIsSentTwiceIsAnsweredAndRecordedOnce(t *testing.T) {
	t.Parallel()
	r := open(t).repeater(t)
	first := r.once()
	r.h.faults(t, `{"on":"all","status":503}`) // whoever asks the bank again is told nothing
	r.h.pass(149 * time.Second)
	for range 3 {
		if again := r.once(); again != first {
			t.Errorf("the same request gets\n%s, after\n%s", again, first)
		}
	}
	if heard := r.shared(); !strings.Contains(heard, "shared something with this assistant once") {
		t.Errorf("the record: %s", heard)
	}
	if answered, repeated := r.recorded(); answered != 1 || repeated != 3 {
		t.Errorf("the log has %d answers and %d repeated", answered, repeated)
	}
}

func TestAnotherBodyUnderTheSameIDIsAnotherRequest(t *testing.T) {
	t.Parallel()
	r := open(t).repeater(t)
	r.once()
	other := r.h.repeater(t)
	id := func(body []byte) string {
		_, rest, _ := bytes.Cut(body, []byte(`"requestId":"`))
		id, _, _ := bytes.Cut(rest, []byte(`"`))
		return string(id)
	}
	for name, body := range map[string][]byte{
		"of the same customer":    bytes.Replace(r.body, []byte(`"confirmationStatus":"NONE"`), []byte(`"confirmationStatus": "NONE"`), 1),
		"of another customer":     bytes.ReplaceAll(other.body, []byte(id(other.body)), []byte(id(r.body))),
		"with another question":   bytes.ReplaceAll(r.body, []byte(`"BalanceIntent"`), []byte(`"SharedIntent"`)),
		"of whoever is not known": bytes.ReplaceAll(r.body, []byte(r.s.device.Token), []byte("a forged token")),
	} {
		if bytes.Equal(body, r.body) || id(body) != id(r.body) {
			t.Fatalf("%s: nothing was changed, or too much", name)
		}
		status, answer := send(t, r.s.signed(body))
		if status != http.StatusOK || strings.Contains(r.h.log.String(), "repeated") {
			t.Errorf("%s: %d %s", name, status, answer)
		}
	}
	if answered, _ := r.recorded(); answered != 3 {
		t.Errorf("%d balances were said, want 3", answered)
	}
}

// TestARepeatGetsNothingOnceItsLinkIsOver has the same request come again after the customer has taken something back.
func TestARepeatGetsNothingOnceItsLinkIsOver(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		over func(r *repeater)
		says string
	}{
		"because its token was revoked": {func(r *repeater) {
			if status, answer, err := r.s.post("/oauth/revoke", url.Values{"token": {r.s.refresh}}); err != nil || status != http.StatusOK {
				r.t.Fatalf("%d %s %v", status, answer, err)
			}
		}, "LinkAccount"},
		"because he said forget me": {func(r *repeater) {
			r.s.say("forget me")
			r.s.say("yes")
		}, "LinkAccount"},
		"because he narrowed what may be said": {func(r *repeater) {
			o := r.h.visitor(r.t, "ada")
			id := links(o.signIn())[0]
			o.open("/my")
			o.do(url.Values{"link": {id}, "scope": {"spending"}, "decision": {"narrow"}})
		}, "balance"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := open(t).repeater(t)
			if heard := r.once(); !strings.Contains(heard, "pounds") {
				t.Fatal(heard)
			}
			tc.over(r)
			if heard := r.once(); strings.Contains(heard, "pounds") || !strings.Contains(heard, tc.says) {
				t.Errorf("the same request again gets %s", heard)
			}
		})
	}
}

func TestTheSameRequestManyTimesAtOnceIsAnsweredOnce(t *testing.T) {
	t.Parallel()
	r := open(t).repeater(t)
	r.h.faults(t, `{"on":"resource","latency":"500ms"}`)
	answers := make([]string, 8)
	var all sync.WaitGroup
	for i := range answers {
		all.Go(func() {
			_, answer, err := do(r.s.signed(r.body))
			if err != nil {
				t.Error(err)
			}
			answers[i] = string(answer)
		})
	}
	all.Wait()
	if len(slices.Compact(answers)) != 1 || !strings.Contains(answers[0], "pounds") {
		t.Errorf("heard %q", answers)
	}
	if heard := r.shared(); !strings.Contains(heard, "once") {
		t.Errorf("the record: %s", heard)
	}
}

// TestAPlatformThatHangsUpAndSendsTheRequestAgainGetsTheAnswer: what was being asked of the bank is not asked again.
func TestAPlatformThatHangsUpAndSendsTheRequestAgainGetsTheAnswer(t *testing.T) {
	t.Parallel()
	r := open(t).repeater(t)
	r.h.faults(t, `{"on":"resource","latency":"2s"}`)
	r.h.MockBank().ResetRequests()
	impatient, hangUp := context.WithCancel(t.Context())
	defer hangUp()
	hung := make(chan error, 1)
	go func() {
		_, _, err := do(r.s.signed(r.body).WithContext(impatient))
		hung <- err
	}()
	for r.h.MockBank().Requests()["balances"] == 0 {
		if err := pause(t.Context(), time.Millisecond); err != nil {
			t.Fatal("the bank was not asked")
		}
	}
	hangUp()
	if err := <-hung; err == nil {
		t.Fatal("it was answered before it could hang up")
	}
	if heard := r.once(); !strings.Contains(heard, "pounds") {
		t.Errorf("heard %s", heard)
	}
	if answered, repeated := r.recorded(); answered != 1 || repeated != 1 {
		t.Errorf("the log has %d answers and %d repeated", answered, repeated)
	}
}

func TestWhatFailedIsTriedAgainForTheSameRequest(t *testing.T) {
	t.Parallel()
	r := open(t).repeater(t)
	r.h.faults(t, `{"on":"all","status":503}`)
	if heard := r.once(); strings.Contains(heard, "pounds") {
		t.Fatal(heard)
	}
	r.h.faults(t, `{}`)
	if heard := r.once(); !strings.Contains(heard, "pounds") {
		t.Errorf("heard %s", heard)
	}
}

// TestARepeatedYesEndsNothingElse: the second one finds no link, and says so.
func TestARepeatedYesEndsNothingElse(t *testing.T) {
	t.Parallel()
	r := open(t).repeater(t)
	r.s.say("forget me")
	r.ask(skills.Yes)
	first := r.once()
	r.s.link("ada", nil) // and is linked anew
	again := r.once()
	if !strings.Contains(first, "Done.") || !strings.Contains(again, "any more, so there is nothing left to share") {
		t.Errorf("heard %s, then %s", first, again)
	}
	if heard := words(t, r.s.say("what's my balance").SSML); !strings.Contains(heard, "pounds") {
		t.Errorf("the new link: %s", heard)
	}
}

// TestDialogflowsRequestsAreAnsweredOnceTooWhereTheyHaveAnID: such a request says no time, so that it is a new one when it was forgotten.
func TestDialogflowsRequestsAreAnsweredOnceTooWhereTheyHaveAnID(t *testing.T) {
	t.Parallel()
	bothKinds(t, func(t *testing.T, cx bool) {
		h := open(t)
		w := h.writer(t, cx)
		w.link("ada")
		ask := func() []byte {
			body, err := w.caller.Ask("what's my balance", skills.Balance, nil)
			if err != nil {
				t.Fatal(err)
			}
			return body
		}
		repeated := func(body []byte) bool {
			before := strings.Count(h.log.String(), `"repeated"`)
			if status, answer := send(t, w.request(body)); status != http.StatusOK || !bytes.Contains(answer, []byte("pounds")) {
				t.Errorf("%d %s", status, answer)
			}
			return strings.Count(h.log.String(), `"repeated"`) > before
		}
		body := ask()
		first, second := repeated(body), repeated(body)
		h.pass(151 * time.Second)
		if third := repeated(body); first || !second || third {
			t.Errorf("repeated: %v, %v, and after 151 s %v", first, second, third)
		}
		name := map[bool]string{false: `"responseId"`, true: `"detectIntentResponseId"`}[cx]
		nameless := bytes.Replace(ask(), []byte(name), []byte(`"x"`), 1)
		first = repeated(nameless)
		h.pass(time.Second)
		if first || repeated(nameless) {
			t.Error("requests without an id are taken for one")
		}
	})
}
