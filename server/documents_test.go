package server_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"

	"sotto/linking"
)

func TestWhatIsServedMayBeReadByAnAssistantInABrowser(t *testing.T) {
	h := openHouse(t, t.TempDir(), "SOTTO_SKILL_NAME=Albion Voice", "SOTTO_PRIVACY_URL=https://albion.example/privacy")
	for _, path := range []string{
		"oauth-authorization-server", "jwks.json", "oauth-protected-resource", "oauth-protected-resource/mcp", "oauth-protected-resource/mcp/alexa",
	} {
		t.Run(path, func(t *testing.T) {
			header := map[string]string{"Origin": "https://inspector.example", "MCP-Protocol-Version": "2026-07-28"}
			status, got, body := h.ask(t, http.MethodGet, "/.well-known/"+path, "", header)
			if status != http.StatusOK || got.Get("Access-Control-Allow-Origin") != "*" || !strings.HasPrefix(got.Get("Content-Type"), "application/json") {
				t.Errorf("%d, %v: %s", status, got, body)
			}
			if got.Get("Access-Control-Allow-Credentials") != "" || got.Get("Set-Cookie") != "" {
				t.Error("credentials play a part")
			}
			if status, got, body := h.ask(t, http.MethodHead, "/.well-known/"+path, "", nil); status != http.StatusOK || body != "" || got.Get("Content-Length") == "" {
				t.Errorf("who looks whether it is there gets %d, %v: %s", status, got, body)
			}
			header["Access-Control-Request-Method"], header["Access-Control-Request-Headers"] = http.MethodGet, "mcp-protocol-version"
			status, got, _ = h.ask(t, http.MethodOptions, "/.well-known/"+path, "", header)
			if status != http.StatusNoContent || got.Get("Access-Control-Allow-Origin") != "*" || got.Get("Access-Control-Allow-Headers") != "*" {
				t.Errorf("who asks before gets %d, %v", status, got)
			}
			if rest, ok := strings.CutPrefix(path, "oauth-protected-resource"); ok {
				var m linking.ResourceMetadata
				if err := json.Unmarshal([]byte(body), &m); err != nil {
					t.Fatal(err)
				}
				if m.Resource != h.PublicURL()+rest || len(m.AuthorizationServers) != 1 || m.AuthorizationServers[0] != h.PublicURL() ||
					m.Name != "Albion Voice" || m.PolicyURI != "https://albion.example/privacy" || m.TermsURI != "" {
					t.Errorf("got %+v", m)
				}
			}
		})
	}
}

func TestUserinfoIsOpenedByAnAccessTokenInTheHeaderAlone(t *testing.T) {
	h := openHouse(t, t.TempDir())
	token := string(h.link(t, "ada"))
	status, header, body := h.ask(t, http.MethodGet, "/oauth/userinfo", "", map[string]string{"Authorization": "Bearer " + token})
	var members map[string]any
	if err := json.Unmarshal([]byte(body), &members); err != nil || status != http.StatusOK || len(members) != 1 || members["sub"] == "" || header.Get("Cache-Control") != "no-store" {
		t.Errorf("%d %s, %v", status, body, header)
	}
	for name, tc := range map[string]struct {
		path  string
		token string
		code  string
	}{
		"no token":           {path: "/oauth/userinfo"},
		"a token in the URL": {path: "/oauth/userinfo?access_token=" + token},
		"a forged token":     {path: "/oauth/userinfo", token: token + "A", code: `error="invalid_token"`},
	} {
		t.Run(name, func(t *testing.T) {
			send := map[string]string{}
			if tc.token != "" {
				send["Authorization"] = "Bearer " + tc.token
			}
			status, header, body := h.ask(t, http.MethodGet, tc.path, "", send)
			challenge := header.Get("WWW-Authenticate")
			if status != http.StatusUnauthorized || !strings.HasPrefix(challenge, "Bearer ") || !strings.Contains(challenge, tc.code) || strings.Contains(body, "sub") {
				t.Errorf("%d %s, challenge %q", status, body, challenge)
			}
			if !strings.Contains(challenge, `resource_metadata="`+h.PublicURL()+`/.well-known/oauth-protected-resource"`) {
				t.Errorf("challenge %q does not say where to go", challenge)
			}
		})
	}
}

// TestWhoLooksAheadBeginsAndUsesUpNothing: some programs ask by HEAD for every address that they see in a message or a history.
func TestWhoLooksAheadBeginsAndUsesUpNothing(t *testing.T) {
	h := openHouse(t, t.TempDir())
	for path, want := range map[string]int{
		"/": http.StatusOK, "/style.css": http.StatusOK,
		h.authorizePath(): http.StatusMethodNotAllowed, "/link/callback?state=x&code=y": http.StatusMethodNotAllowed, "/my": http.StatusMethodNotAllowed,
	} {
		if status, got, body := h.ask(t, http.MethodHead, path, "", nil); status != want || body != "" || got.Get("Set-Cookie") != "" {
			t.Errorf("%s: %d, %v: %s", path, status, got, body)
		}
	}
}
