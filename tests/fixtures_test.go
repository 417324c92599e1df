package tests

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// playFixtures plays every request NAME.json of fixtures/PLATFORM, and compares what comes of it with what is beside it: the answer with
// NAME.reply.json, and whatever else play gives with NAME.KIND.json; where nothing comes of it, nothing may be there. With -update it writes them.
func playFixtures(t *testing.T, platform string, play func(t *testing.T, name string, request []byte) map[string]any) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("fixtures", platform, "*.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no fixtures: %v", err)
	}
	for _, path := range files {
		name := strings.TrimSuffix(filepath.Base(path), ".json")
		if strings.Contains(name, ".") {
			continue // it is beside a request
		}
		t.Run(name, func(t *testing.T) {
			request, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			came := play(t, name, request)
			for kind, got := range came {
				compareFixture(t, strings.TrimSuffix(path, "json")+kind+".json", got)
			}
			beside, err := filepath.Glob(strings.TrimSuffix(path, "json") + "*.json")
			if err != nil || len(beside) != len(came) {
				t.Errorf("beside it are %v, and %d things came of it", beside, len(came))
			}
		})
	}
}

func compareFixture(t *testing.T, path string, got any) {
	t.Helper()
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
	if diff := cmp.Diff(parsed(t, expected), got); diff != "" {
		t.Errorf("%s: something else (-want +got):\n%s", filepath.Base(path), diff)
	}
}

// answered is the one thing that comes of most requests.
func answered(t *testing.T, answer []byte) map[string]any {
	t.Helper()
	return map[string]any{"reply": parsed(t, answer)}
}

func parsed(t *testing.T, content []byte) (value any) {
	t.Helper()
	if err := json.Unmarshal(content, &value); err != nil {
		t.Fatalf("%v: %s", err, content)
	}
	return value
}
