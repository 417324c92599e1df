package tests

import (
	"bytes"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sotto/linking"
)

// TestMCPFixtures posts every message of fixtures/mcp to a whole house and compares what comes back with the reply beside it;
// fixtures/mcp/README.md says how they are read.
func TestMCPFixtures(t *testing.T) {
	files, err := filepath.Glob("fixtures/mcp/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("no fixtures: %v", err)
	}
	for _, path := range files {
		name := strings.TrimSuffix(path, ".json")
		if strings.HasSuffix(name, ".reply") {
			continue
		}
		t.Run(filepath.Base(name), func(t *testing.T) {
			t.Parallel() // each has a house of its own, so that what was shared is its own
			a := open(t).assistant(t, linking.MCPPath, "ada")
			if strings.HasPrefix(filepath.Base(name), "no-token") {
				a.token = ""
			}
			body, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			_, _, answer := a.post(string(body), revisionOf(t, body), mcpHeader(t, body))
			var got any
			if err := json.Unmarshal(answer, &got); err != nil {
				t.Fatalf("%v in %s", err, answer)
			}
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

// envelope is what the headers of a message repeat.
type envelope struct {
	Method string `json:"method"`
	Params struct {
		Name string `json:"name"`
		Meta struct {
			Revision string `json:"io.modelcontextprotocol/protocolVersion"`
		} `json:"_meta"`
	} `json:"params"`
}

func envelopeOf(t *testing.T, body []byte) envelope {
	t.Helper()
	var e envelope
	if err := json.Unmarshal(body, &e); err != nil {
		t.Fatal(err)
	}
	return e
}

func revisionOf(t *testing.T, body []byte) string {
	t.Helper()
	if revision := envelopeOf(t, body).Params.Meta.Revision; revision != "" {
		return revision
	}
	return "2025-11-25"
}

func mcpHeader(t *testing.T, body []byte) http.Header {
	t.Helper()
	e := envelopeOf(t, body)
	if e.Params.Meta.Revision == "" {
		return nil
	}
	header := http.Header{"Mcp-Method": {e.Method}}
	if e.Params.Name != "" {
		header.Set("Mcp-Name", e.Params.Name)
	}
	return header
}
