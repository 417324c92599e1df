package tests

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/jsonschema-go/jsonschema"

	"sotto/linking"
)

// openCourtWith opens a court whose front door lets everybody in with an assistant's token, because the judges have none.
func openCourtWith(t *testing.T, node string, path string) *court {
	t.Helper()
	c := openCourt(t, node, "")
	token := c.house.assistant(t, path, "grace").token
	c.door.token.Store(&token)
	return c
}

// The scenarios of the conformance suite that any server can be held to; the others call tools, prompts and resources that only its own example has.
var scenarios = map[string][]string{
	"2025-11-25": {"server-initialize", "ping", "tools-list", "dns-rebinding-protection"},
	"2026-07-28": {"server-stateless", "tools-list", "dns-rebinding-protection", "caching", "http-header-validation"},
}

// notOurs are the checks that need a tool or a capability of the suite's own example.
const notOurs = `server:
  - server-stateless:sep-2575-server-declares-prompts-in-discover
  - server-stateless:sep-2575-server-rejects-undeclared-capability
  - server-stateless:sep-2575-missing-capability-http-400
  - server-stateless:sep-2575-http-server-no-independent-requests-on-stream
  - server-stateless:sep-2575-server-no-log-without-loglevel
`

func TestJudgeConformanceOfTools(t *testing.T) {
	t.Parallel()
	c := openCourtWith(t, theJudges(t), linking.MCPPath)
	expected := filepath.Join(t.TempDir(), "expected.yml")
	if err := os.WriteFile(expected, []byte(notOurs), 0o600); err != nil {
		t.Fatal(err)
	}
	judge := func(t *testing.T, scenario, revision string) (bool, string) {
		t.Helper()
		results := t.TempDir()
		args := []string{
			"judges/node_modules/@modelcontextprotocol/conformance/dist/index.js", "server", "--url", c.door.URL() + linking.MCPPath,
			"--scenario", scenario, "--spec-version", revision, "-o", results,
		}
		if scenario == "server-stateless" {
			args = append(args, "--expected-failures", expected)
		}
		content, said := c.run(t, args, nil, "nobody visits", nil)
		return content, checks(t, results) + said
	}
	for revision, list := range scenarios {
		for _, scenario := range list {
			t.Run(scenario+" of "+revision+" finds nothing wrong", func(t *testing.T) {
				if content, said := judge(t, scenario, revision); !content || !strings.Contains(said, "SUCCESS ") {
					t.Errorf("the judge found something: %s", said)
				}
			})
		}
	}
	for _, f := range []fault{
		{name: "a tool without a schema", at: linking.MCPPath, body: swap(`"inputSchema"`, `"schema"`), says: "inputSchema"},
		{name: "a list that anybody may keep", at: linking.MCPPath, body: swap(`"cacheScope":"private"`, `"cacheScope":"secret"`), says: "cacheScope"},
	} {
		t.Run(f.name+" is seen", func(t *testing.T) {
			c.door.plant(t, f)
			scenario := "tools-list"
			if strings.Contains(f.name, "keep") {
				scenario = "caching"
			}
			f.mustBeSeen(t, func() (bool, string) { return judge(t, scenario, "2026-07-28") })
		})
	}
}

// TestJudgeInspector lists and calls the tools with the protocol's own inspector.
func TestJudgeInspector(t *testing.T) {
	t.Parallel()
	c := openCourtWith(t, theJudges(t), linking.MCPPath)
	inspect := func(t *testing.T, more ...string) (bool, string) {
		t.Helper()
		args := append([]string{
			"judges/node_modules/.bin/mcp-inspector", "--cli", c.door.URL() + linking.MCPPath, "--transport", "http",
		}, more...)
		return c.run(t, args, nil, "nobody visits", nil)
	}
	t.Run("it lists the tools", func(t *testing.T) {
		if content, said := inspect(t, "--method", "tools/list"); !content || !strings.Contains(said, `"get_balance"`) || !strings.Contains(said, `"outputSchema"`) {
			t.Errorf("the judge found something: %s", said)
		}
	})
	call := []string{"--method", "tools/call", "--tool-name", "get_balance", "--tool-arg", "account=savings"}
	t.Run("it hears a balance, and its values fit the tool's schema", func(t *testing.T) {
		content, said := inspect(t, call...)
		if !content || !strings.Contains(said, "pounds") || !strings.Contains(said, `"structuredContent"`) {
			t.Errorf("the judge found something: %s", said)
		}
	})
	for _, f := range []fault{
		{name: "an answer without its values", at: linking.MCPPath, body: swap(`"structuredContent"`, `"content_"`), says: "structured"},
		{name: "a result that is no result", at: linking.MCPPath, body: swap(`"content":[`, `"content":"x","y":[`), says: ""},
	} {
		t.Run(f.name+" is seen", func(t *testing.T) {
			c.door.plant(t, f)
			f.mustBeSeen(t, func() (bool, string) { return inspect(t, call...) })
		})
	}
}

// officialSchema reads one definition of the protocol's own schema.
func officialSchema(t *testing.T, revision, definition string) *jsonschema.Resolved {
	t.Helper()
	dir := os.Getenv("FIXTURES")
	if dir == "" {
		dir = "../../shared/fixtures"
	}
	content, err := os.ReadFile(filepath.Join(dir, "mcp", "schema-"+revision+".json"))
	if os.IsNotExist(err) {
		t.Skip("the protocol's schemas are not here: set FIXTURES to the folder of official documents")
	}
	if err != nil {
		t.Fatal(err)
	}
	var s jsonschema.Schema
	if err := json.Unmarshal(content, &s); err != nil {
		t.Fatal(err)
	}
	s.Ref = "#/$defs/" + definition
	resolved, err := s.Resolve(nil)
	if err != nil {
		t.Fatal(err)
	}
	return resolved
}

// TestJudgeSchemasOfTools holds every kind of message up against the protocol's own schemas.
func TestJudgeSchemasOfTools(t *testing.T) {
	t.Parallel()
	h := open(t)
	a := h.assistant(t, linking.MCPPath, "grace")
	for name, tc := range map[string]struct {
		method, params string
		definition     map[string]string // by revision; a message that one of them has not is left out
		status         int
		broken         func([]byte) []byte // what the schema must refuse
	}{
		"what the server is, in the revision with a handshake": {
			"initialize", `{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"x","version":"1"}}`,
			map[string]string{"2025-11-25": "InitializeResult"},
			http.StatusOK, swap(`"serverInfo"`, `"server"`),
		},
		"what the server is, in the one without": {"server/discover", "", map[string]string{"2026-07-28": "DiscoverResult"}, http.StatusOK, swap(`"supportedVersions"`, `"versions"`)},
		"the list of tools":                      {"tools/list", "", inBoth("ListToolsResult"), http.StatusOK, swap(`"inputSchema"`, `"schema"`)},
		"a balance":                              {"tools/call", `{"name":"get_balance"}`, inBoth("CallToolResult"), http.StatusOK, swap(`"content":[`, `"contents":[`)},
		"spending":                               {"tools/call", `{"name":"get_spending","arguments":{"period":"2026-10"}}`, inBoth("CallToolResult"), http.StatusOK, swap(`"type":"text"`, `"type":"song"`)},
		"transactions":                           {"tools/call", `{"name":"list_transactions"}`, inBoth("CallToolResult"), http.StatusOK, swap(`"content":[`, `"contents":[`)},
		"what was shared":                        {"tools/call", `{"name":"list_shared"}`, inBoth("CallToolResult"), http.StatusOK, swap(`"content":[`, `"contents":[`)},
		"an account that nobody knows":           {"tools/call", `{"name":"get_balance","arguments":{"account":"zzz"}}`, inBoth("CallToolResult"), http.StatusOK, swap(`"isError":true`, `"isError":"yes"`)},
	} {
		t.Run(name, func(t *testing.T) {
			for revision, definition := range tc.definition {
				header := http.Header{"Mcp-Method": {tc.method}}
				if tc.method == "tools/call" {
					var p struct {
						Name string `json:"name"`
					}
					if err := json.Unmarshal([]byte(tc.params), &p); err != nil {
						t.Fatal(err)
					}
					header["Mcp-Name"] = []string{p.Name}
				}
				status, _, body := a.post(message(tc.method, tc.params, revision), revision, header)
				if status != tc.status {
					t.Fatalf("%s: got %d %s", revision, status, body)
				}
				schema := officialSchema(t, revision, definition)
				if err := schema.Validate(resultOf(t, body)); err != nil {
					t.Errorf("%s: %v in %s", revision, err, body)
				}
				changed := tc.broken(body)
				if string(changed) == string(body) {
					t.Fatalf("%s: the planted fault changes nothing in %s", revision, body)
				}
				if schema.Validate(resultOf(t, changed)) == nil {
					t.Errorf("%s: the schema does not see the planted fault", revision)
				}
			}
		})
	}
}

func inBoth(definition string) map[string]string {
	return map[string]string{"2025-11-25": definition, "2026-07-28": definition}
}

func resultOf(t *testing.T, body []byte) any {
	t.Helper()
	var message struct {
		Result any `json:"result"`
	}
	if err := json.Unmarshal(body, &message); err != nil || message.Result == nil {
		t.Fatalf("no result (%v) in %s", err, body)
	}
	return message.Result
}
