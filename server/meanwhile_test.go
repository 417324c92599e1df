package server_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"sotto/server"
)

// listener plays Alexa's API: it keeps what it is sent, and answers as it is told.
type listener struct {
	*httptest.Server
	mu     sync.Mutex
	heard  []string
	hold   atomic.Bool // an answer waits until whoever asked has gone
	status atomic.Int64
}

func listen(t *testing.T) *listener {
	t.Helper()
	l := &listener{}
	l.status.Store(http.StatusNoContent)
	l.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var sent struct {
			Header    struct{ RequestID string }
			Directive struct{ Type, Speech string }
		}
		if err := json.NewDecoder(r.Body).Decode(&sent); err != nil {
			t.Error(err)
		}
		l.mu.Lock()
		l.heard = append(l.heard, r.URL.Path+" "+r.Header.Get("Authorization")+" "+sent.Header.RequestID+" "+sent.Directive.Type+" "+sent.Directive.Speech)
		l.mu.Unlock()
		if l.hold.Load() {
			<-r.Context().Done()
			return
		}
		w.WriteHeader(int(l.status.Load()))
	}))
	t.Cleanup(l.Close)
	return l
}

func (l *listener) all() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]string(nil), l.heard...)
}

func TestACustomerWhoseBankIsSlowIsAskedForAMomentOnce(t *testing.T) {
	l := listen(t)
	h := openHouseWith(t, t.TempDir(), func(o *server.Options) { o.AlexaEndpoint = l.URL })
	token := h.link(t, "ada")
	ask := func(id string) {
		t.Helper()
		body := `{"version":"1.0","session":{"new":true,"sessionId":"s","application":{"applicationId":"` + h.Dev().Alexa.SkillID + `"}},
			"context":{"System":{"application":{"applicationId":"` + h.Dev().Alexa.SkillID + `"},"user":{"userId":"u","accessToken":"` + string(token) + `"},
			"apiEndpoint":"` + l.URL + `","apiAccessToken":"a-secret-of-alexas"}},
			"request":{"type":"IntentRequest","requestId":"` + id + `","timestamp":"` + h.Now().Format(time.RFC3339) + `","locale":"en-US","intent":{"name":"BalanceIntent"}}}`
		status, answer := h.post(t, []byte(body))
		if status != http.StatusOK || !strings.Contains(answer, "pounds") {
			t.Errorf("%s is answered %d %s", id, status, answer)
		}
	}
	slow := func(latency string) {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, h.Dev().BankURL+"/albion/mock/faults", strings.NewReader(`{"on":"resource","latency":"`+latency+`"}`))
		if err != nil {
			t.Fatal(err)
		}
		response, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
	}

	ask("quick")
	if heard := l.all(); len(heard) != 0 {
		t.Errorf("a bank that is quick was waited for aloud: %q", heard)
	}
	slow("2500ms") // far beyond the second after which the customer is asked
	ask("slow")
	const want = "/v1/directives Bearer a-secret-of-alexas slow VoicePlayer.Speak <speak>One moment, please.</speak>"
	if heard := l.all(); len(heard) != 1 || heard[0] != want {
		t.Errorf("heard %q, want once %q", heard, want)
	}
	l.hold.Store(true)
	ask("held") // an API that does not answer holds nothing up
	l.hold.Store(false)
	l.status.Store(http.StatusInternalServerError)
	ask("refused")
	if heard := l.all(); len(heard) != 3 {
		t.Errorf("heard %q, want one for each", heard)
	}
	if strings.Contains(h.log.String(), "a-secret-of-alexas") {
		t.Error("Alexa's token is in the log")
	}
}
