package tests

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"sotto/linking"
	"sotto/server/dev"
)

// assistant is somebody's language model with a link of its own.
type assistant struct {
	tb    testing.TB
	house *openHouse
	path  string
	token string
}

// assistant links ada, or whom else, for the resource at a path. Without scopes she allows everything.
func (h *openHouse) assistant(tb testing.TB, path, username string, scopes ...string) *assistant {
	tb.Helper()
	w := h.walker(tb, "mcp")
	customer, err := h.Dev().Customer("albion", username)
	if err != nil {
		tb.Fatal(err)
	}
	resource := h.PublicURL() + path
	back, err := dev.Person{Bank: "albion", Customer: customer, Scopes: scopes, Now: h.Now}.Link(
		tb.Context(), w.request(url.Values{"resource": {resource}}), w.client.RedirectURIs[0])
	if err != nil {
		tb.Fatal(err)
	}
	got := w.tokens(url.Values{
		"grant_type": {"authorization_code"}, "code": back["code"], "redirect_uri": {w.client.RedirectURIs[0]}, "code_verifier": {verifier}, "resource": {resource},
	}, inBody(w.client))
	return &assistant{tb: tb, house: h, path: path, token: got.Access}
}

// service has the token of a service for the resource at a path.
func (h *openHouse) service(tb testing.TB, path string) *assistant {
	tb.Helper()
	w := h.walker(tb, "alexa")
	w.client = h.Dev().Clients["service"]
	got := w.tokens(url.Values{"grant_type": {"client_credentials"}, "resource": {h.PublicURL() + path}}, byBasic(w.client))
	return &assistant{tb: tb, house: h, path: path, token: got.Access}
}

// bearer presents a token with each request.
type bearer struct{ token, language string }

func (b bearer) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("Authorization", "Bearer "+b.token)
	if b.language != "" {
		r.Header.Set("Accept-Language", b.language)
	}
	return http.DefaultTransport.RoundTrip(r)
}

// session connects as the SDK's own client does.
func (a *assistant) session() *mcp.ClientSession {
	a.tb.Helper()
	client := mcp.NewClient(&mcp.Implementation{Name: "assistant", Version: "1"}, nil)
	session, err := client.Connect(a.tb.Context(), &mcp.StreamableClientTransport{
		Endpoint: a.house.PublicURL() + a.path, HTTPClient: &http.Client{Timeout: 20 * time.Second, Transport: bearer{token: a.token}},
	}, nil)
	if err != nil {
		a.tb.Fatal(err)
	}
	a.tb.Cleanup(func() { _ = session.Close() })
	return session
}

// call calls a tool and gives what is to be said.
func (a *assistant) call(session *mcp.ClientSession, tool string, arguments map[string]any) (string, *mcp.CallToolResult) {
	a.tb.Helper()
	result, err := session.CallTool(a.tb.Context(), &mcp.CallToolParams{Name: tool, Arguments: arguments})
	if err != nil {
		a.tb.Fatal(err)
	}
	return result.Content[0].(*mcp.TextContent).Text, result
}

// post sends one message as it stands, in the words of a revision. Without a token it sends none.
func (a *assistant) post(body, revision string, header http.Header) (int, http.Header, []byte) {
	a.tb.Helper()
	r, err := http.NewRequestWithContext(a.tb.Context(), http.MethodPost, a.house.PublicURL()+a.path, strings.NewReader(body))
	if err != nil {
		a.tb.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "application/json, text/event-stream")
	if revision != "" {
		r.Header.Set("MCP-Protocol-Version", revision)
	}
	if a.token != "" {
		r.Header.Set("Authorization", "Bearer "+a.token)
	}
	for name, values := range header {
		r.Header[name] = values
	}
	return ask(a.tb, r)
}

// message is a JSON-RPC call; in the revision of 2026-07-28 every call says for itself what it speaks.
func message(method, params, revision string) string {
	if params == "" {
		params = "{}"
	}
	if revision >= "2026" {
		meta := `{"_meta":{"io.modelcontextprotocol/protocolVersion":"` + revision + `","io.modelcontextprotocol/clientCapabilities":{}}`
		if params != "{}" {
			meta += ","
		}
		params = meta + params[1:]
	}
	return `{"jsonrpc":"2.0","id":1,"method":"` + method + `","params":` + params + `}`
}

var revisions = []string{"2025-11-25", "2026-07-28"}

func TestWhatAnAssistantIsToldIsRecorded(t *testing.T) {
	t.Parallel()
	h := open(t)
	a := h.assistant(t, "/mcp", "ada")
	session := a.session()
	if got, _ := a.call(session, "list_shared", nil); !strings.Contains(got, "no record of sharing") {
		t.Errorf("before anything was shared: %q", got)
	}
	a.call(session, "get_balance", nil)
	if got, _ := a.call(session, "list_shared", nil); !strings.Contains(got, "balances") {
		t.Errorf("after a balance: %q", got)
	}
}

func TestAListGoesOnWhereItStopped(t *testing.T) {
	t.Parallel()
	h := open(t)
	a := h.assistant(t, "/mcp", "linus")
	session := a.session()
	seen := map[string]bool{}
	arguments := map[string]any{}
	for range 10 {
		_, result := a.call(session, "get_balance", arguments)
		content := structured(t, result)
		for _, f := range content.Facts {
			if f.Kind == "balance" {
				name := string(f.Account)
				if seen[name+f.Amount.Currency] {
					t.Errorf("%s is said twice", name)
				}
				seen[name+f.Amount.Currency] = true
			}
		}
		if content.ContinueAfter == nil {
			break
		}
		arguments["continue_after"] = *content.ContinueAfter
	}
	if len(seen) <= 3 {
		t.Errorf("the list did not go on: %v", seen)
	}
}

type toolContent struct {
	Facts []struct {
		Kind    string          `json:"kind"`
		Account json.RawMessage `json:"account"`
		Amount  struct {
			Value    string `json:"value"`
			Currency string `json:"currency"`
		} `json:"amount"`
	} `json:"facts"`
	ContinueAfter *int `json:"continue_after"`
}

func structured(t *testing.T, result *mcp.CallToolResult) toolContent {
	t.Helper()
	raw, err := json.Marshal(result.StructuredContent)
	if err != nil {
		t.Fatal(err)
	}
	var content toolContent
	if err := json.Unmarshal(raw, &content); err != nil {
		t.Fatal(err)
	}
	return content
}

// TestWhatAnAssistantWithoutTheRightTokenGets posts, in both revisions, what an adversary or a misled client would.
func TestWhatAnAssistantWithoutTheRightTokenGets(t *testing.T) {
	t.Parallel()
	h := open(t)
	all := h.assistant(t, "/mcp", "ada")
	totals := h.assistant(t, "/mcp", "ada", "spending")
	service := h.service(t, "/mcp")
	ended := h.assistant(t, "/mcp", "ada")
	w := h.walker(t, "mcp")
	if status, _, _ := w.call("/oauth/revoke", url.Values{"token": {ended.token}}, inBody(w.client)); status != http.StatusOK {
		t.Fatal(status)
	}
	speaker := h.speaker(t)
	speaker.link("ada", nil)
	as := func(a *assistant, path string) *assistant {
		return &assistant{tb: t, house: h, path: path, token: a.token}
	}
	described := `resource_metadata="` + h.PublicURL() + `/.well-known/oauth-protected-resource/mcp"`
	balance := func(revision string) string { return message("tools/call", `{"name":"get_balance"}`, revision) }
	for name, tc := range map[string]struct {
		who       *assistant
		body      func(revision string) string
		tool      string
		status    int
		challenge []string // what it must hold; nil: there is none
	}{
		"who has no token is told where to get one":            {&assistant{tb: t, house: h, path: "/mcp"}, balance, "get_balance", 401, []string{"Bearer ", described, `scope="balances spending transactions"`}},
		"who has none at Alexa's path is told nothing":         {&assistant{tb: t, house: h, path: "/mcp/alexa"}, balance, "get_balance", 401, nil},
		"who forges a token is refused":                        {&assistant{tb: t, house: h, path: "/mcp", token: all.token[:len(all.token)-6] + "AAAAAA"}, balance, "get_balance", 401, []string{`error="invalid_token"`}},
		"whose token was revoked is refused":                   {ended, balance, "get_balance", 401, []string{`error="invalid_token"`}},
		"whose token is for another path is refused":           {as(all, "/mcp/alexa"), balance, "get_balance", 401, nil},
		"who brings Alexa's token is refused":                  {&assistant{tb: t, house: h, path: "/mcp", token: string(speaker.device.Token)}, balance, "get_balance", 401, []string{`error="invalid_token"`}},
		"who was not allowed balances is told what is missing": {totals, balance, "get_balance", 403, []string{`error="insufficient_scope"`, `scope="balances"`, described}},
		"who names a merchant needs single purchases": {totals, func(r string) string {
			return message("tools/call", `{"name":"get_spending","arguments":{"merchant":"tesco"}}`, r)
		}, "get_spending", 403, []string{`scope="spending transactions"`}},
		"a service may not ask for a balance":    {service, balance, "get_balance", 403, []string{`error="insufficient_scope"`}},
		"nor for what was shared with somebody":  {service, func(r string) string { return message("tools/call", `{"name":"list_shared"}`, r) }, "list_shared", 403, []string{`error="insufficient_scope"`}},
		"a service's token is for one path":      {as(service, "/mcp/alexa"), balance, "get_balance", 401, nil},
		"several calls in one body are not read": {all, func(r string) string { return "[" + balance(r) + "," + balance(r) + "]" }, "get_balance", 400, nil},
		"a call that hides what it calls is not": {all, func(r string) string { return message("tools/call", `{"name":"list_shared","name":"get_balance"}`, r) }, "get_balance", 400, nil},
		"what is no JSON is not":                 {all, func(string) string { return "balance, please" }, "", 400, nil},
		"a body that is too long is not":         {all, func(r string) string { return message("tools/call", `{"name":"`+strings.Repeat("x", 256<<10)+`"}`, r) }, "x", 413, nil},
	} {
		t.Run(name, func(t *testing.T) {
			for _, revision := range revisions {
				header := http.Header{}
				if revision >= "2026" {
					header.Set("Mcp-Method", "tools/call")
					header.Set("Mcp-Name", tc.tool)
				}
				status, got, body := tc.who.post(tc.body(revision), revision, header)
				if status != tc.status {
					t.Errorf("%s: got %d %s, want %d", revision, status, body, tc.status)
				}
				challenge := got.Get("WWW-Authenticate")
				if (challenge == "") != (tc.challenge == nil) {
					t.Errorf("%s: got the challenge %q", revision, challenge)
				}
				for _, want := range tc.challenge {
					if !strings.Contains(challenge, want) {
						t.Errorf("%s: the challenge %q does not hold %s", revision, challenge, want)
					}
				}
				if got.Get("Cache-Control") != "no-store" || bytes.Contains(body, []byte("pound")) {
					t.Errorf("%s: a refusal says too much, or may be stored: %s", revision, body)
				}
			}
		})
	}
}

func TestAServiceListsWhatThereIsToAsk(t *testing.T) {
	t.Parallel()
	h := open(t)
	for _, path := range []string{linking.MCPPath, linking.AlexaMCPPath} {
		listed, err := h.service(t, path).session().ListTools(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, tool := range listed.Tools {
			names = append(names, tool.Name)
		}
		if want := []string{"get_balance", "get_spending", "list_shared", "list_transactions"}; !slices.Equal(names, want) {
			t.Errorf("%s lists %v, want %v", path, names, want)
		}
	}
}

func TestAWebPageElsewhereCallsNoTool(t *testing.T) {
	t.Parallel()
	a := open(t).assistant(t, "/mcp", "ada")
	header := http.Header{"Origin": {"https://evil.example"}}
	if status, _, body := a.post(message("tools/list", "", "2025-11-25"), "2025-11-25", header); status != http.StatusForbidden {
		t.Errorf("got %d %s", status, body)
	}
}

func TestABankThatIsDownIsAnErrorTheModelCanRead(t *testing.T) {
	t.Parallel()
	h := open(t)
	a := h.assistant(t, "/mcp", "ada")
	session := a.session()
	h.faults(t, `{"on": "resource", "status": 503}`)
	said, result := a.call(session, "get_balance", nil)
	if !result.IsError || !strings.Contains(said, "Albion Bank") {
		t.Errorf("got %q, an error: %v", said, result.IsError)
	}
}

func TestAnMCPHostThatAsksForAllScopesGetsThoseOfItsClient(t *testing.T) {
	t.Parallel()
	h := open(t)
	w := h.walker(t, "mcp")
	page := w.open(url.Values{"scope": {"balances spending transactions income upcoming"}})
	if got := page.Forms[0].Values("scope"); !slices.Equal(got, []string{"balances", "spending", "transactions"}) {
		t.Errorf("the customer may choose of %v", got)
	}
	if back := w.back(w.open(url.Values{"scope": {"income upcoming"}})); back.Get("error") != "invalid_scope" {
		t.Errorf("who asks for nothing that was agreed gets %v", back)
	}
}
