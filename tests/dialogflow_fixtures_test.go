package tests

import (
	"bytes"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"sotto/linking"
	"sotto/tests/judge/google"
)

var ticket = regexp.MustCompile(`ticket=[A-Za-z0-9_-]+`)

// TestDialogflowFixtures plays every request of fixtures/dialogflow through the whole house and compares what comes back with the reply
// beside it; fixtures/dialogflow/README.md says how they are read.
func TestDialogflowFixtures(t *testing.T) {
	t.Parallel()
	h := open(t)
	ada := h.writer(t, false)
	ada.link("ada")
	playFixtures(t, "dialogflow", func(t *testing.T, name string, request []byte) map[string]any {
		return answered(t, h.playTyped(t, name, string(request), ada.caller.Token))
	})
}

// playTyped sends a request as Dialogflow does, with or without the token of a customer, and gives the response. Google's types read both.
func (h *openHouse) playTyped(t *testing.T, name, request string, token linking.Token) []byte {
	t.Helper()
	w := h.writer(t, strings.HasPrefix(name, "cx-"))
	switch {
	case strings.Contains(name, "not-linked"), strings.Contains(name, "code"):
	case strings.HasSuffix(name, "-yes"), strings.HasSuffix(name, "-shared"):
		w.link("ada") // what it does, or says, is about a link of its own
	default:
		w.caller.Token = token
	}
	body := strings.ReplaceAll(request, "{{now}}", fmt.Sprint(h.Now().Unix()))
	session := ""
	if w.caller.CX {
		if _, err := google.ReadCXRequest([]byte(body)); err != nil {
			t.Fatalf("Dialogflow sends no such request: %v", err)
		}
	} else {
		r, err := google.ReadESRequest([]byte(body))
		if err != nil {
			t.Fatalf("Dialogflow sends no such request: %v", err)
		}
		session = r.GetSession()
	}
	status, answer := send(t, w.request([]byte(body)))
	if status != http.StatusOK {
		t.Fatalf("%s answers %d: %s", w.path(), status, answer)
	}
	if w.caller.CX {
		google.CX(t, answer)
	} else {
		google.ES(t, session, answer)
	}
	return bytes.ReplaceAll(ticket.ReplaceAll(answer, []byte("ticket={{ticket}}")), []byte(h.PublicURL()), []byte("{{house}}"))
}
