package tests

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"sotto/server"
	"sotto/tests/database"
)

// TestWhoeverSendsWhatIsNoTextCausesNoFaultOnEitherEngine: PostgreSQL keeps neither a zero nor what is not UTF-8 as text, so nothing of that may come as
// far as a column of text.
func TestWhoeverSendsWhatIsNoTextCausesNoFaultOnEitherEngine(t *testing.T) {
	t.Parallel()
	token := strings.Repeat("A", 43)
	for engine, fresh := range map[string]func(testing.TB) string{"SQLite": database.SQLite, "PostgreSQL": database.PostgreSQL} {
		t.Run(engine, func(t *testing.T) {
			h := openAs(t, morning, server.Config{State: t.TempDir(), Addr: "127.0.0.1:0", Database: fresh(t)})
			client, customer := h.Dev().Clients["alexa"], h.visitor(t, "ada")
			customer.signIn()
			for _, odd := range []string{"\x00", "\xff", "a\x00b"} {
				q := url.QueryEscape(odd)
				for _, r := range []struct {
					address string
					form    url.Values // of a POST
				}{
					{"/oauth/token", url.Values{"grant_type": {"authorization_code"}, "code": {token}, "code_verifier": {token}, "redirect_uri": {odd}}},
					{"/oauth/token", url.Values{"grant_type": {"authorization_code"}, "code": {odd}, "code_verifier": {odd}, "redirect_uri": {client.RedirectURIs[0]}}},
					{"/oauth/token", url.Values{"grant_type": {"refresh_token"}, "refresh_token": {odd}, "scope": {odd}, "resource": {odd}}},
					{"/oauth/token", url.Values{"grant_type": {odd}}},
					{"/oauth/revoke", url.Values{"token": {odd}, "token_type_hint": {odd}}},
					{"/oauth/introspect", url.Values{"token": {odd}}},
					{"/oauth/par", url.Values{"response_type": {"code"}, "redirect_uri": {odd}, "state": {odd}}},
					{"/oauth/authorize", url.Values{"interaction": {odd}, "bank": {odd}, "scope": {odd}, "decision": {"approve"}}},
					{"/link/callback", url.Values{"state": {odd}, "code": {odd}, "iss": {odd}, "error": {odd}}},
					{"/oauth/authorize?client_id=" + q + "&redirect_uri=" + q + "&state=" + q, nil},
					{"/oauth/authorize?request_uri=" + q + "&client_id=" + url.QueryEscape(client.ID), nil},
					{"/link/" + url.PathEscape(odd), nil},
					{"/link/chat?ticket=" + q + "&ui_locales=" + q, nil},
					{"/link/callback?state=" + q + "&code=" + q, nil},
					{"/messenger/link?account_linking_token=" + q + "&redirect_uri=" + q, nil},
					{"/my?link=" + q + "&after=" + q + "&ui_locales=" + q + "&say=" + q, nil},
					{"/my/export?link=" + q, nil},
					{"/my/receipt/" + url.PathEscape(odd), nil},
					{"/forgotten/" + url.PathEscape(odd), nil},
					{"/my", url.Values{"link": {odd}, "bank": {odd}, "scope": {odd}, "say": {odd}}},
				} {
					method, body := http.MethodGet, ""
					if r.form != nil {
						method, body = http.MethodPost, r.form.Encode()
					}
					request, err := http.NewRequestWithContext(t.Context(), method, h.PublicURL()+r.address, strings.NewReader(body))
					if err != nil {
						t.Fatal(err)
					}
					if r.form != nil {
						request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
					}
					if strings.HasPrefix(r.address, "/oauth/") && r.form != nil {
						request.SetBasicAuth(client.ID, client.Secret)
					}
					if status, answer := send(t, request); status >= http.StatusInternalServerError {
						t.Errorf("%s %.60s with %q: %d %s", method, r.address, odd, status, answer)
					}
				}
				for _, decision := range []string{"narrow", "stop", "forget", "clear", "wipe", "erase", "sign-in"} {
					page := customer.do(url.Values{"decision": {decision}, "link": {odd}, "bank": {odd}, "scope": {"balances"}})
					if page.Status >= http.StatusInternalServerError {
						t.Errorf("a customer who does %q with %q: %d", decision, odd, page.Status)
					}
				}
				for _, path := range []string{"/my?link=", "/my?after=", "/my/export?link=", "/my/receipt/"} {
					if page := customer.open(path + q); page.Status >= http.StatusInternalServerError {
						t.Errorf("a customer who opens %s%s: %d", path, q, page.Status)
					}
				}
			}
		})
	}
}
