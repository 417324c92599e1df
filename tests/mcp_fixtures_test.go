package tests

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"sotto/linking"
)

// TestMCPFixtures posts every message of fixtures/mcp to a whole house and compares what comes back with the reply beside it;
// fixtures/mcp/README.md says how they are read.
func TestMCPFixtures(t *testing.T) {
	t.Parallel()
	playFixtures(t, "mcp", func(t *testing.T, name string, request []byte) map[string]any {
		t.Parallel() // each has a house of its own, so that what was shared is its own
		a := open(t).assistant(t, linking.MCPPath, "ada")
		if strings.HasPrefix(name, "no-token") {
			a.token = ""
		}
		_, _, answer := a.post(string(request), revisionOf(t, request), mcpHeader(t, request))
		return answered(t, answer)
	})
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
