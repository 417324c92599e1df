package tests

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestAlexaFixtures plays every request of fixtures/alexa through the whole house and compares what comes back with the reply beside
// it; fixtures/alexa/README.md says how they are read.
func TestAlexaFixtures(t *testing.T) {
	files, err := filepath.Glob("fixtures/alexa/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("no fixtures: %v", err)
	}
	h := open(t)
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
			got := h.playFixture(t, string(request))
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

// playFixture fills in the placeholders of a request, sends it signed, and gives the response.
func (h *openHouse) playFixture(t *testing.T, request string) any {
	t.Helper()
	s := h.speaker(t)
	if strings.Contains(request, "{{token}}") {
		s.link("ada", nil)
	}
	body := strings.NewReplacer(
		"{{skill}}", s.file.Alexa.SkillID, "{{token}}", string(s.device.Token), "{{timestamp}}", s.now().Format(time.RFC3339),
		"{{request id}}", "amzn1.echo-api.request."+rand.Text(), "{{api token}}", rand.Text(),
	).Replace(request)
	status, answer := send(t, s.signed([]byte(body)))
	if status != http.StatusOK {
		t.Fatalf("/alexa answers %d: %s", status, answer)
	}
	var got any
	if err := json.Unmarshal(answer, &got); err != nil {
		t.Fatalf("%v: %s", err, answer)
	}
	return got
}
