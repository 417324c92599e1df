package tests

import (
	"crypto/rand"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// TestAlexaFixtures plays every request of fixtures/alexa through the whole house and compares what comes back with the reply beside
// it; fixtures/alexa/README.md says how they are read.
func TestAlexaFixtures(t *testing.T) {
	t.Parallel()
	api := alexasAPI(t)
	h := openHearing(t, api.URL)
	playFixtures(t, "alexa", func(t *testing.T, name string, request []byte) map[string]any {
		if strings.HasSuffix(name, "-at-a-slow-bank") {
			return h.playSlowly(t, api, request)
		}
		answer, again := h.playFixture(t, string(request), api.URL)
		if strings.HasSuffix(name, "-sent-twice") {
			h.faults(t, `{"on":"all","status":503}`) // nobody is asked for it
			defer h.faults(t, `{}`)
			if second := again(); string(second) != string(answer) {
				t.Errorf("sent again it gets %s", second)
			}
		}
		return answered(t, answer)
	})
}

// playFixture fills in the placeholders of a request, sends it signed, and gives the response; and how to send it again.
func (h *openHouse) playFixture(t *testing.T, request, api string) (answer []byte, again func() []byte) {
	t.Helper()
	s := h.speaker(t)
	linked := func(placeholder, customer string) string {
		if !strings.Contains(request, placeholder) {
			return ""
		}
		s.link(customer, nil)
		return string(s.device.Token)
	}
	body := strings.NewReplacer(
		"{{skill}}", s.file.Alexa.SkillID, "{{token}}", linked("{{token}}", "ada"), "{{person token}}", linked("{{person token}}", "grace"), "{{timestamp}}", s.now().Format(time.RFC3339),
		"{{request id}}", "amzn1.echo-api.request."+rand.Text(), "{{api token}}", rand.Text(), "{{api}}", api,
	).Replace(request)
	again = func() []byte {
		t.Helper()
		status, answer := send(t, s.signed([]byte(body)))
		if status != http.StatusOK {
			t.Fatalf("/alexa answers %d: %s", status, answer)
		}
		return answer
	}
	return again(), again
}

// listening plays Alexa's API, to which a house says what is to be said while a bank is slow.
type listening struct {
	*httptest.Server
	heard chan spokenMeanwhile
}

type spokenMeanwhile struct {
	path, authorization string
	body                []byte
}

func alexasAPI(t *testing.T) *listening {
	t.Helper()
	l := &listening{heard: make(chan spokenMeanwhile, 16)}
	l.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		l.heard <- spokenMeanwhile{r.URL.Path, r.Header.Get("Authorization"), body}
		w.WriteHeader(http.StatusNoContent)
	}))
	t.Cleanup(l.Close)
	return l
}

// playSlowly plays a request while the bank is slow, and gives what was said meanwhile too.
func (h *openHouse) playSlowly(t *testing.T, api *listening, request []byte) map[string]any {
	t.Helper()
	h.faults(t, `{"on":"resource","latency":"3s"}`)
	defer h.faults(t, `{}`)
	filled := strings.NewReplacer("{{request id}}", "amzn1.echo-api.request.SLOW", "{{api token}}", "API-TOKEN").Replace(string(request))
	answer, _ := h.playFixture(t, filled, api.URL)
	got := answered(t, answer)
	select {
	case said := <-api.heard:
		got["meanwhile"] = map[string]any{"path": said.path, "authorization": said.authorization, "body": parsed(t, said.body)}
	default:
		t.Error("nothing was said meanwhile")
	}
	return got
}
