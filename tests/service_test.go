package tests

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"sotto/linking"
)

// TestAServiceKnowsNobody walks the grant of a service as dev.json has it, and tries what it gets at every door that opens to a customer's token.
func TestAServiceKnowsNobody(t *testing.T) {
	t.Parallel()
	h := open(t)
	public := h.walker(t, "mcp")
	w := h.walker(t, "mcp")
	w.client = h.Dev().Clients["service"] // it needs no browser of its own
	form := func() url.Values {
		return url.Values{"grant_type": {"client_credentials"}, "resource": {h.PublicURL() + "/mcp"}, "scope": {"balances spending transactions"}}
	}
	for name, authenticate := range map[string]func(*http.Request, url.Values){"by Basic": byBasic(w.client), "in the body": inBody(w.client)} {
		t.Run(name, func(t *testing.T) {
			got := w.tokens(form(), authenticate)
			if got.Type != "Bearer" || got.Refresh != "" || got.Scope != "list" || got.Expires < 360 || strings.Count(got.Access, ".") != 2 {
				t.Errorf("token response: type %s, scope %q, %d s, a refresh token: %v", got.Type, got.Scope, got.Expires, got.Refresh != "")
			}
			s := h.speaker(t)
			s.device.Token = linking.Token(got.Access)
			if heard := s.say("what's my balance"); !heard.LinkCard {
				t.Errorf("a balance was asked for in nobody's name, and %s was heard", heard.SSML)
			}
			r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, h.PublicURL()+"/oauth/userinfo", nil)
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("Authorization", "Bearer "+got.Access)
			if status, _, body := ask(t, r); status != http.StatusUnauthorized {
				t.Errorf("userinfo answers %d %s", status, body)
			}
			if known := w.introspect(got.Access, authenticate); known != (introspected{Active: true, Scope: "list"}) {
				t.Errorf("introspection says %+v", known)
			}
			if status, _, body := w.call("/oauth/revoke", url.Values{"token": {got.Access}}, authenticate); status != http.StatusOK || len(body) != 0 {
				t.Errorf("a revocation gets %d %s", status, body)
			}
			if known := w.introspect(got.Access, authenticate); known != (introspected{}) {
				t.Errorf("after its revocation, introspection says %+v", known)
			}
		})
	}
	w.refused(url.Values{"grant_type": {"authorization_code"}, "code": {"x"}}, byBasic(w.client), http.StatusBadRequest, "unauthorized_client")
	public.refused(form(), inBody(public.client), http.StatusBadRequest, "unauthorized_client")
	status, header, _ := w.call("/oauth/authorize", url.Values{}, byBasic(w.client))
	if status < 400 || header.Get("Location") != "" {
		t.Errorf("a service that comes to the consent page gets %d", status)
	}
}
