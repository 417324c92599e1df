package tests

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sotto/linking"
	"sotto/tests/judge/google"
)

var ticket = regexp.MustCompile(`ticket=[A-Za-z0-9_-]+`)

// TestDialogflowFixtures plays every request of fixtures/dialogflow through the whole house and compares what comes back with the reply
// beside it; fixtures/dialogflow/README.md says how they are read.
func TestDialogflowFixtures(t *testing.T) {
	files, err := filepath.Glob("fixtures/dialogflow/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("no fixtures: %v", err)
	}
	h := open(t)
	ada := h.writer(t, false)
	ada.link("ada")
	for _, path := range files {
		name, reply := strings.CutSuffix(strings.TrimSuffix(path, ".json"), ".reply")
		if reply {
			continue
		}
		t.Run(filepath.Base(name), func(t *testing.T) {
			request, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			got := h.playTyped(t, filepath.Base(name), string(request), ada.caller.Token)
			path := name + ".reply.json"
			if *update {
				var readable bytes.Buffer
				e := json.NewEncoder(&readable)
				e.SetEscapeHTML(false)
				e.SetIndent("", "  ")
				if err := e.Encode(got); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(path, readable.Bytes(), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			expected, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			var want any
			if err := json.Unmarshal(expected, &want); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("answered something else (-want +got):\n%s", diff)
			}
		})
	}
}

// playTyped sends a request as Dialogflow does, with or without the token of a customer, and gives the response. Google's types read both.
func (h *openHouse) playTyped(t *testing.T, name, request string, token linking.Token) any {
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
	answer = bytes.ReplaceAll(ticket.ReplaceAll(answer, []byte("ticket={{ticket}}")), []byte(h.PublicURL()), []byte("{{house}}"))
	var got any
	if err := json.Unmarshal(answer, &got); err != nil {
		t.Fatal(err)
	}
	return got
}
