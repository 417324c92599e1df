package linking_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sotto/linking"
)

func TestAResourceSaysWhereItsTokensComeFrom(t *testing.T) {
	h := open(t)
	for path, resource := range map[string]string{"": issuer, "/mcp": issuer + "/mcp", "/mcp/alexa": issuer + "/mcp/alexa"} {
		want := linking.ResourceMetadata{
			Resource: resource, AuthorizationServers: []string{issuer}, BearerMethods: []string{"header"},
			ScopesSupported: []string{"balances", "spending", "transactions", "income", "upcoming"},
		}
		if diff := cmp.Diff(want, h.ResourceMetadata(path)); diff != "" {
			t.Errorf("%q (-want +got):\n%s", path, diff)
		}
	}
}

// TestTheResourceOfTheMetadataIsAnAudience: what the documents name can be asked for, as they name it, and the house as a whole becomes the
// one place where the client's tokens are good.
func TestTheResourceOfTheMetadataIsAnAudience(t *testing.T) {
	h := open(t)
	for _, path := range linking.ProtectedPaths() {
		for _, slash := range []string{"", "/"} {
			q := request("mcp")
			q.Set("resource", h.ResourceMetadata(path).Resource+slash)
			g := h.token("mcp", with(exchanging("mcp", h.codeOf(q)), "resource", q.Get("resource")))
			want := h.Resource(path)
			if path == "" {
				want = h.Resource(linking.MCPPath)
			}
			if got := fmt.Sprint(claimsOf(t, g.AccessToken)["aud"]); got != "["+want+"]" {
				t.Errorf("%s: audience %s, want %s", q.Get("resource"), got, want)
			}
		}
	}
}

func TestWhatAResourceAnswersToATokenItRefuses(t *testing.T) {
	h := open(t)
	_, none := h.Resolve(t.Context(), linking.MCP, "")
	_, forged := h.Resolve(t.Context(), linking.MCP, "a.b.c")
	_, elsewhere := h.Resolve(t.Context(), linking.MCP, h.linked("alexa").AccessToken)
	described := `resource_metadata="` + issuer + `/.well-known/oauth-protected-resource`
	invalid := `Bearer error="invalid_token", error_description="the access token is not valid here", `
	for name, tc := range map[string]struct {
		path   string
		err    error
		needed []linking.Scope
		status int
		header string
	}{
		"whoever sends no token is told where to get one, and that nothing was wrong": {"/mcp", none, nil, 401, `Bearer ` + described + `/mcp"`},
		"… and which scopes would do": {
			"/mcp/alexa", none, []linking.Scope{linking.Balances, linking.Income}, 401, `Bearer scope="balances income", ` + described + `/mcp/alexa"`,
		},
		"a forged token is told nothing of what is wrong with it":   {"/mcp", forged, nil, 401, invalid + described + `/mcp"`},
		"nor is a token of another platform":                        {"/mcp", elsewhere, nil, 401, invalid + described + `/mcp"`},
		"a place without a document of its own names the house's":   {"/oauth/userinfo", forged, nil, 401, invalid + described + `"`},
		"a scope that was withheld is named, so that it can be had": {"/mcp", fmt.Errorf("ask: %w", linking.ErrScope), []linking.Scope{linking.Income}, 403, `Bearer error="insufficient_scope", error_description="the customer did not allow this", scope="income", ` + described + `/mcp"`},
		"a fault of ours is no challenge":                           {"/mcp", errors.New("the disk is full"), nil, 500, ""},
	} {
		t.Run(name, func(t *testing.T) {
			status, header := h.Challenge(tc.path, tc.err, tc.needed...)
			if status != tc.status || header != tc.header {
				t.Errorf("got %d\n%s\nwant %d\n%s", status, header, tc.status, tc.header)
			}
		})
	}
}

func TestUserinfoTellsEachClientItsOwnNameForTheCustomer(t *testing.T) {
	h := open(t)
	seen := map[string]string{}
	for _, client := range []string{"alexa", "google", "mcp"} {
		token := h.linked(client).AccessToken
		link, err := h.Resolve(t.Context(), platforms[client], token)
		if err != nil {
			t.Fatal(err)
		}
		for _, scheme := range []string{"Bearer ", "bearer ", "BEARER  "} {
			got, err := h.Userinfo(t.Context(), scheme+string(token))
			if err != nil || got != (linking.Userinfo{Subject: link.Subject}) {
				t.Errorf("%s: got %+v, %v", client, got, err)
			}
		}
		if other, twice := seen[link.Subject]; twice {
			t.Errorf("%s and %s know the customer by the same name", client, other)
		}
		seen[link.Subject] = client
	}
}

func TestWhoeverHasNoGoodTokenLearnsOfNobody(t *testing.T) {
	for name, tc := range map[string]struct {
		header func(h *house) string
		reason string
	}{
		"nobody":                         {func(*house) string { return "" }, "bearer_missing"},
		"a client that sends its secret": {func(*house) string { return "Basic " + base64url("alexa:"+secret) }, "bearer_missing"},
		"a token without its scheme":     {func(h *house) string { return string(h.linked("alexa").AccessToken) }, "bearer_missing"},
		"a scheme without its token":     {func(*house) string { return "Bearer " }, "bearer_missing"},
		"a forged token":                 {func(h *house) string { return "Bearer " + string(h.linked("alexa").AccessToken) + "A" }, "bearer_refused"},
		"a guessed token":                {func(*house) string { return "Bearer sa_" + strings.Repeat("A", 43) }, "bearer_refused"},
		"two tokens": {func(h *house) string {
			t := string(h.linked("google").AccessToken)
			return "Bearer " + t + ", Bearer " + t
		}, "bearer_refused"},
		"a refresh token":           {func(h *house) string { return "Bearer " + string(h.linked("alexa").RefreshToken) }, "bearer_refused"},
		"a token as long as a book": {func(*house) string { return "Bearer " + strings.Repeat("a.", 1<<19) }, "bearer_refused"},
		"a token that has expired": {func(h *house) string {
			g := h.linked("google")
			h.Pass(2 * time.Hour)
			return "Bearer " + string(g.AccessToken)
		}, "bearer_refused"},
		"a token of a link that has ended": {func(h *house) string {
			g := h.linked("mcp")
			must(h.t, h.End(h.t.Context(), g.Link))
			return "Bearer " + string(g.AccessToken)
		}, "bearer_refused"},
		"a token of a client that is gone": {func(h *house) string {
			g := h.linked("google")
			h.Authority = h.authority(clients()[:2])
			return "Bearer " + string(g.AccessToken)
		}, "bearer_refused"},
	} {
		t.Run(name, func(t *testing.T) {
			h := open(t)
			got, err := h.Userinfo(t.Context(), tc.header(h))
			e := refused(t, err, "invalid_token", tc.reason)
			if got != (linking.Userinfo{}) || e.Status != 401 || !strings.HasPrefix(e.Challenge, "Bearer ") {
				t.Errorf("got %+v, status %d, challenge %q", got, e.Status, e.Challenge)
			}
			if named := strings.Contains(e.Challenge, "error="); named != (tc.reason == "bearer_refused") {
				t.Errorf("challenge %q after %s", e.Challenge, tc.reason)
			}
		})
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
