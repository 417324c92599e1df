package linking_test

import (
	"encoding/base64"
	"net/url"
	"strings"
	"testing"
	"time"

	"sotto/banking"
	"sotto/linking"
)

// TestWhatTheTokenEndpointRefuses has a case for every binding of a code, a refresh token and a client (RFC 6749, 7636, 9700).
func TestWhatTheTokenEndpointRefuses(t *testing.T) {
	basic := func(id, secret string) string {
		return "Basic " + base64.StdEncoding.EncodeToString([]byte(id+":"+secret))
	}
	for name, tc := range map[string]struct {
		attack       func(h *house) (linking.Grant, error)
		code, reason string
	}{
		"a stolen code presented by another client is refused": {func(h *house) (linking.Grant, error) {
			return h.Token(h.t.Context(), call("other", exchanging("alexa", h.code("alexa"))))
		}, "invalid_grant", "code_of_another_client"},
		"a stolen code without its verifier is refused": {func(h *house) (linking.Grant, error) {
			return h.Token(h.t.Context(), call("alexa", without(exchanging("alexa", h.code("alexa")), "code_verifier")))
		}, "invalid_grant", "verifier_missing"},
		"a stolen code with a guessed verifier is refused": {func(h *house) (linking.Grant, error) {
			return h.Token(h.t.Context(), call("alexa", with(exchanging("alexa", h.code("alexa")), "code_verifier", strings.Repeat("a", 43))))
		}, "invalid_grant", "verifier_wrong"},
		"the challenge itself sent as verifier, as if it were plain, is refused": {func(h *house) (linking.Grant, error) {
			return h.Token(h.t.Context(), call("alexa", with(exchanging("alexa", h.code("alexa")), "code_verifier", s256(verifier))))
		}, "invalid_grant", "verifier_wrong"},
		"a code injected into a session that uses PKCE is refused, because it was got without": {func(h *house) (linking.Grant, error) {
			q := request("google")
			q.Del("code_challenge")
			q.Del("code_challenge_method")
			return h.Token(h.t.Context(), call("google", exchanging("google", h.codeOf(q))))
		}, "invalid_grant", "verifier_without_challenge"},
		"a verifier shorter than the standard allows is refused": {func(h *house) (linking.Grant, error) {
			return h.Token(h.t.Context(), call("alexa", with(exchanging("alexa", h.code("alexa")), "code_verifier", "short")))
		}, "invalid_grant", "verifier_malformed"},
		"a code with another redirect URI is refused": {func(h *house) (linking.Grant, error) {
			return h.Token(h.t.Context(), call("alexa", with(exchanging("alexa", h.code("alexa")), "redirect_uri", answerURI+"&more")))
		}, "invalid_grant", "redirect_differs"},
		"a code without its redirect URI is refused": {func(h *house) (linking.Grant, error) {
			return h.Token(h.t.Context(), call("alexa", without(exchanging("alexa", h.code("alexa")), "redirect_uri")))
		}, "invalid_grant", "redirect_differs"},
		"a code found a minute later is refused": {func(h *house) (linking.Grant, error) {
			code := h.code("alexa")
			h.pass(time.Minute)
			return h.Token(h.t.Context(), call("alexa", exchanging("alexa", code)))
		}, "invalid_grant", "code_expired"},
		"a code used before is refused": {func(h *house) (linking.Grant, error) {
			code := h.code("alexa")
			h.token("alexa", exchanging("alexa", code))
			return h.Token(h.t.Context(), call("alexa", exchanging("alexa", code)))
		}, "invalid_grant", "code_used"},
		"a code of a link that has ended is refused": {func(h *house) (linking.Grant, error) {
			step := h.approve(h.authorize(request("alexa")))
			if err := h.End(h.t.Context(), step.Link); err != nil {
				h.t.Fatal(err)
			}
			return h.Token(h.t.Context(), call("alexa", exchanging("alexa", parameters(h.t, step.URL).Get("code"))))
		}, "invalid_grant", "link_ended"},
		"a guessed code is refused": {func(h *house) (linking.Grant, error) {
			return h.Token(h.t.Context(), call("alexa", exchanging("alexa", strings.Repeat("A", 43))))
		}, "invalid_grant", "code_unknown"},
		"a code that cannot be one is refused": {func(h *house) (linking.Grant, error) {
			return h.Token(h.t.Context(), call("alexa", exchanging("alexa", "' OR 1=1 --")))
		}, "invalid_grant", "code_malformed"},
		"no code is refused": {func(h *house) (linking.Grant, error) {
			return h.Token(h.t.Context(), call("alexa", exchanging("alexa", "")))
		}, "invalid_request", "code_missing"},
		"a client with a wrong secret is refused": {func(h *house) (linking.Grant, error) {
			c := call("alexa", exchanging("alexa", h.code("alexa")))
			c.Form["client_secret"] = []string{secret + "x"}
			return h.Token(h.t.Context(), c)
		}, "invalid_client", "secret_wrong"},
		"a client that sends the hash from the settings as its secret is refused": {func(h *house) (linking.Grant, error) {
			c := call("alexa", exchanging("alexa", h.code("alexa")))
			c.Form["client_secret"] = []string{digest(secret)}
			return h.Token(h.t.Context(), c)
		}, "invalid_client", "secret_wrong"},
		"a confidential client that poses as public is refused": {func(h *house) (linking.Grant, error) {
			c := call("alexa", exchanging("alexa", h.code("alexa")))
			delete(c.Form, "client_secret")
			return h.Token(h.t.Context(), c)
		}, "invalid_client", "secret_missing"},
		"a public client that sends a secret is refused": {func(h *house) (linking.Grant, error) {
			return h.Token(h.t.Context(), call("mcp", with(exchanging("mcp", h.code("mcp")), "client_secret", "anything")))
		}, "invalid_client", "secret_of_public_client"},
		"an unknown client is refused": {func(h *house) (linking.Grant, error) {
			return h.Token(h.t.Context(), call("nobody", exchanging("alexa", h.code("alexa"))))
		}, "invalid_client", "client_unknown"},
		"Messenger, which is no OAuth client, is refused": {func(h *house) (linking.Grant, error) {
			return h.Token(h.t.Context(), call("chat", exchanging("alexa", h.code("alexa"))))
		}, "invalid_client", "client_unknown"},
		"nobody at all is refused": {func(h *house) (linking.Grant, error) {
			return h.Token(h.t.Context(), linking.Call{Form: map[string][]string{"grant_type": {"authorization_code"}}})
		}, "invalid_client", "client_missing"},
		"a client that authenticates twice is refused": {func(h *house) (linking.Grant, error) {
			c := call("alexa", exchanging("alexa", h.code("alexa")))
			c.Authorization = basic("alexa", url.QueryEscape(secret))
			return h.Token(h.t.Context(), c)
		}, "invalid_request", "two_authentications"},
		"a client that authenticates as one and names another is refused": {func(h *house) (linking.Grant, error) {
			c := call("other", exchanging("alexa", h.code("alexa")))
			delete(c.Form, "client_secret")
			c.Authorization = basic("alexa", url.QueryEscape(secret))
			return h.Token(h.t.Context(), c)
		}, "invalid_request", "two_clients"},
		"a header that is not Basic is refused": {func(h *house) (linking.Grant, error) {
			c := call("alexa", exchanging("alexa", h.code("alexa")))
			delete(c.Form, "client_secret")
			c.Authorization = "Bearer " + secret
			return h.Token(h.t.Context(), c)
		}, "invalid_client", "basic_malformed"},
		"a client assertion that is nothing is refused": {func(h *house) (linking.Grant, error) {
			return h.Token(h.t.Context(), call("alexa", with(exchanging("alexa", h.code("alexa")), "client_assertion", "x.y.z")))
		}, "invalid_request", "two_authentications"},
		"a parameter given twice is refused": {func(h *house) (linking.Grant, error) {
			c := call("alexa", exchanging("alexa", h.code("alexa")))
			c.Form["code"] = append(c.Form["code"], "another")
			return h.Token(h.t.Context(), c)
		}, "invalid_request", "parameter_twice"},
		"the password grant is refused": {func(h *house) (linking.Grant, error) {
			return h.Token(h.t.Context(), call("alexa", map[string]string{"grant_type": "password", "username": "ada", "password": "x"}))
		}, "unsupported_grant_type", "grant_type_unknown"},
		"no grant type is refused": {func(h *house) (linking.Grant, error) {
			return h.Token(h.t.Context(), call("alexa", nil))
		}, "invalid_request", "grant_type_missing"},
		"a token for another server is refused": {func(h *house) (linking.Grant, error) {
			return h.Token(h.t.Context(), call("alexa", with(exchanging("alexa", h.code("alexa")), "resource", "https://evil.example/alexa")))
		}, "invalid_target", "resource_unknown"},
		"a stolen refresh token presented by another client is refused": {func(h *house) (linking.Grant, error) {
			return h.Token(h.t.Context(), call("other", refreshing(h.linked("alexa").RefreshToken)))
		}, "invalid_grant", "refresh_of_another_client"},
		"a stolen rotating refresh token presented by another client is refused": {func(h *house) (linking.Grant, error) {
			return h.Token(h.t.Context(), call("alexa", refreshing(h.linked("mcp").RefreshToken)))
		}, "invalid_grant", "refresh_of_another_client"},
		"a stolen refresh token without the client's secret is refused": {func(h *house) (linking.Grant, error) {
			c := call("alexa", refreshing(h.linked("alexa").RefreshToken))
			delete(c.Form, "client_secret")
			return h.Token(h.t.Context(), c)
		}, "invalid_client", "secret_missing"},
		"an access token used as a refresh token is refused": {func(h *house) (linking.Grant, error) {
			return h.Token(h.t.Context(), call("alexa", refreshing(h.linked("alexa").AccessToken)))
		}, "invalid_grant", "refresh_malformed"},
		"a guessed refresh token is refused": {func(h *house) (linking.Grant, error) {
			return h.Token(h.t.Context(), call("alexa", refreshing(linking.Token("ss_"+strings.Repeat("A", 43)))))
		}, "invalid_grant", "refresh_unknown"},
		"a rotating refresh token whose generation was counted up by its thief is refused": {func(h *house) (linking.Grant, error) {
			b, err := base64.RawURLEncoding.DecodeString(string(h.linked("mcp").RefreshToken[3:]))
			if err != nil {
				h.t.Fatal(err)
			}
			b[22]++
			return h.Token(h.t.Context(), call("mcp", refreshing(linking.Token("sr_"+base64.RawURLEncoding.EncodeToString(b)))))
		}, "invalid_grant", "refresh_malformed"},
		"a rotated refresh token used after its grace is refused": {func(h *house) (linking.Grant, error) {
			old := h.linked("mcp").RefreshToken
			h.token("mcp", refreshing(old))
			h.pass(time.Minute + time.Millisecond)
			return h.Token(h.t.Context(), call("mcp", refreshing(old)))
		}, "invalid_grant", "refresh_reused"},
		"a rotated refresh token that turns up after a year is refused, although its use was swept": {func(h *house) (linking.Grant, error) {
			old := h.linked("mcp").RefreshToken
			h.token("mcp", refreshing(old))
			h.pass(365 * 24 * time.Hour)
			if err := h.Sweep(h.t.Context()); err != nil {
				h.t.Fatal(err)
			}
			return h.Token(h.t.Context(), call("mcp", refreshing(old)))
		}, "invalid_grant", "refresh_reused"},
		"a refresh token of a link that has ended is refused": {func(h *house) (linking.Grant, error) {
			g := h.linked("alexa")
			if err := h.End(h.t.Context(), g.Link); err != nil {
				h.t.Fatal(err)
			}
			return h.Token(h.t.Context(), call("alexa", refreshing(g.RefreshToken)))
		}, "invalid_grant", "link_ended"},
		"a refresh token of a link that was forgotten is refused": {func(h *house) (linking.Grant, error) {
			g := h.linked("alexa")
			if _, err := h.Forget(h.t.Context(), g.Link); err != nil {
				h.t.Fatal(err)
			}
			return h.Token(h.t.Context(), call("alexa", refreshing(g.RefreshToken)))
		}, "invalid_grant", "refresh_unknown"},
		"a refresh that asks for more than was consented is refused": {func(h *house) (linking.Grant, error) {
			code := parameters(h.t, h.approve(h.authorize(request("alexa")), linking.Balances).URL).Get("code")
			g := h.token("alexa", exchanging("alexa", code))
			return h.Token(h.t.Context(), call("alexa", with(refreshing(g.RefreshToken), "scope", "balances transactions")))
		}, "invalid_scope", "scope_wider"},
		"a refresh that asks for a scope nobody knows is refused": {func(h *house) (linking.Grant, error) {
			return h.Token(h.t.Context(), call("alexa", with(refreshing(h.linked("alexa").RefreshToken), "scope", "payments")))
		}, "invalid_scope", "scope_unknown"},
		"a refresh without a token is refused": {func(h *house) (linking.Grant, error) {
			return h.Token(h.t.Context(), call("alexa", refreshing("")))
		}, "invalid_request", "refresh_missing"},
	} {
		t.Run(name, func(t *testing.T) {
			h := open(t)
			g, err := tc.attack(h)
			e := refused(t, err, tc.code, tc.reason)
			if g.AccessToken != "" || g.RefreshToken != "" {
				t.Error("tokens came with the refusal")
			}
			if want := map[bool]int{true: 401, false: 400}[tc.code == "invalid_client"]; e.Status != want {
				t.Errorf("got status %d, want %d", e.Status, want)
			}
			if (e.Challenge != "") != (e.Status == 401) {
				t.Errorf("status %d with WWW-Authenticate %q", e.Status, e.Challenge)
			}
		})
	}
}

// TestWhatIsNeverRedirected: until client and redirect URI are proven, the browser is sent nowhere.
func TestWhatIsNeverRedirected(t *testing.T) {
	h := open(t)
	for name, tc := range map[string]struct {
		change func(url.Values)
		reason string
	}{
		"an unknown client":                               {func(q url.Values) { q.Set("client_id", "nobody") }, "client_unknown"},
		"no client":                                       {func(q url.Values) { q.Del("client_id") }, "client_unknown"},
		"two clients":                                     {func(q url.Values) { q.Add("client_id", "alexa") }, "client_twice"},
		"Messenger, which is no OAuth client":             {func(q url.Values) { q.Set("client_id", "chat") }, "client_unknown"},
		"a redirect URI of an attacker":                   {func(q url.Values) { q.Set("redirect_uri", "https://evil.example/") }, "redirect_unknown"},
		"a redirect URI with one letter in upper case":    {func(q url.Values) { q.Set("redirect_uri", strings.Replace(answerURI, "link", "Link", 1)) }, "redirect_unknown"},
		"a redirect URI that goes on after the good":      {func(q url.Values) { q.Set("redirect_uri", answerURI+"/../evil") }, "redirect_unknown"},
		"a redirect URI with the good one's host as user": {func(q url.Values) { q.Set("redirect_uri", "https://pitangui.amazon.com@evil.example/") }, "redirect_unknown"},
		"a redirect URI on a lower level of the host":     {func(q url.Values) { q.Set("redirect_uri", strings.Replace(answerURI, "pitangui", "x.pitangui", 1)) }, "redirect_unknown"},
		"a redirect URI without its query":                {func(q url.Values) { q.Set("redirect_uri", strings.TrimSuffix(answerURI, "?keep=this")) }, "redirect_unknown"},
		"a redirect URI without TLS":                      {func(q url.Values) { q.Set("redirect_uri", strings.Replace(answerURI, "https", "http", 1)) }, "redirect_unknown"},
		"a redirect URI on the good host's other port":    {func(q url.Values) { q.Set("redirect_uri", strings.Replace(answerURI, ".com", ".com:8443", 1)) }, "redirect_unknown"},
		"no redirect URI":                                 {func(q url.Values) { q.Del("redirect_uri") }, "redirect_unknown"},
		"two redirect URIs":                               {func(q url.Values) { q.Add("redirect_uri", answerURI) }, "redirect_twice"},
		"another client's redirect URI":                   {func(q url.Values) { q.Set("redirect_uri", request("google").Get("redirect_uri")) }, "redirect_unknown"},
		"two states":                                      {func(q url.Values) { q.Add("state", "b") }, "state_twice"},
		"a state of more than 8 KiB":                      {func(q url.Values) { q.Set("state", strings.Repeat("s", 8<<10+1)) }, "state_too_long"},
		"a query of more than 32 KiB":                     {func(q url.Values) { q.Set("x", strings.Repeat("s", 32<<10)) }, "query_too_long"},
	} {
		t.Run(name, func(t *testing.T) {
			q := request("alexa")
			tc.change(q)
			_, err := h.Authorize(t.Context(), q.Encode(), "")
			code := "invalid_request"
			if tc.reason == "client_unknown" {
				code = "invalid_client"
			}
			if e := refused(t, err, code, tc.reason); e.Redirect != "" {
				t.Errorf("redirected to %s", e.Redirect)
			}
		})
	}
	if _, err := h.Authorize(t.Context(), "client_id=alexa&x=%zz", ""); err == nil {
		t.Error("a malformed query was accepted")
	}
}

// TestWhatTheClientIsTold: refusals that a proven client gets by redirect, with its state and iss.
func TestWhatTheClientIsTold(t *testing.T) {
	h := open(t)
	for name, tc := range map[string]struct {
		client       string
		change       func(url.Values)
		code, reason string
	}{
		"the implicit grant":                          {"alexa", func(q url.Values) { q.Set("response_type", "token") }, "unsupported_response_type", "response_type"},
		"no response type":                            {"alexa", func(q url.Values) { q.Del("response_type") }, "invalid_request", "response_type_missing"},
		"no PKCE where it is required":                {"alexa", func(q url.Values) { q.Del("code_challenge"); q.Del("code_challenge_method") }, "invalid_request", "pkce_missing"},
		"plain PKCE":                                  {"alexa", func(q url.Values) { q.Set("code_challenge_method", "plain") }, "invalid_request", "pkce_plain"},
		"PKCE without a method, which means plain":    {"alexa", func(q url.Values) { q.Del("code_challenge_method") }, "invalid_request", "pkce_plain"},
		"a method without a challenge":                {"google", func(q url.Values) { q.Del("code_challenge") }, "invalid_request", "challenge_missing"},
		"plain PKCE where PKCE is optional":           {"google", func(q url.Values) { q.Set("code_challenge_method", "plain") }, "invalid_request", "pkce_plain"},
		"a challenge that is no SHA-256":              {"alexa", func(q url.Values) { q.Set("code_challenge", "abc") }, "invalid_request", "challenge_malformed"},
		"a scope the client was not given":            {"google", func(q url.Values) { q.Set("scope", "balances income") }, "invalid_scope", "scope_not_allowed"},
		"a scope nobody knows":                        {"alexa", func(q url.Values) { q.Set("scope", "payments") }, "invalid_scope", "scope_not_allowed"},
		"a parameter given twice":                     {"alexa", func(q url.Values) { q.Add("scope", "a"); q.Add("scope", "b") }, "invalid_request", "parameter_twice"},
		"an unknown parameter given twice":            {"alexa", func(q url.Values) { q.Add("x", "a"); q.Add("x", "b") }, "invalid_request", "parameter_twice"},
		"a token for another server":                  {"mcp", func(q url.Values) { q.Set("resource", "https://evil.example/mcp") }, "invalid_target", "resource_unknown"},
		"another platform's resource":                 {"mcp", func(q url.Values) { q.Set("resource", issuer+"/alexa") }, "invalid_target", "resource_unknown"},
		"two resources":                               {"mcp", func(q url.Values) { q["resource"] = []string{issuer + "/mcp", issuer + "/mcp/alexa"} }, "invalid_target", "resource_twice"},
		"a request object, which might say otherwise": {"alexa", func(q url.Values) { q.Set("request", "x.y.z") }, "request_not_supported", "request"},
		"a fetched request object":                    {"alexa", func(q url.Values) { q.Set("request_uri", "urn:x") }, "request_uri_not_supported", "request_uri"},
		"an answer in the fragment":                   {"alexa", func(q url.Values) { q.Set("response_mode", "fragment") }, "invalid_request", "response_mode"},
	} {
		t.Run(name, func(t *testing.T) {
			q := request(tc.client)
			tc.change(q)
			_, err := h.Authorize(t.Context(), q.Encode(), "")
			e := refused(t, err, tc.code, tc.reason)
			if !strings.HasPrefix(e.Redirect, q.Get("redirect_uri")) {
				t.Fatalf("redirected to %q", e.Redirect)
			}
			got := parameters(t, e.Redirect)
			if got.Get("error") != tc.code || got.Get("state") != q.Get("state") || got.Get("iss") != issuer || got.Has("code") {
				t.Errorf("got %v", got)
			}
		})
	}
}

// TestWhatABrowserCannotDo: an interaction belongs to one browser, goes one way, and ends.
func TestWhatABrowserCannotDo(t *testing.T) {
	decision := func(p linking.Page) linking.Decision {
		return linking.Decision{Interaction: p.Interaction, Browser: p.Browser, Choice: linking.Approve, Bank: "albion", Scopes: p.Scopes}
	}
	for name, tc := range map[string]struct {
		attack func(h *house) error
		reason string
	}{
		"a page submitted from another browser is refused": {func(h *house) error {
			p, other := h.authorize(request("alexa")), h.authorize(request("alexa"))
			d := decision(p)
			d.Browser = other.Browser
			_, err := h.Decide(h.t.Context(), d)
			return err
		}, "interaction_unknown"},
		"a page submitted without a cookie is refused": {func(h *house) error {
			d := decision(h.authorize(request("alexa")))
			d.Browser = ""
			_, err := h.Decide(h.t.Context(), d)
			return err
		}, "interaction_unknown"},
		"a page left open over lunch is refused": {func(h *house) error {
			p := h.authorize(request("alexa"))
			h.pass(30 * time.Minute)
			_, err := h.Decide(h.t.Context(), decision(p))
			return err
		}, "interaction_unknown"},
		"a no from another browser is refused": {func(h *house) error {
			d := decision(h.authorize(request("alexa")))
			d.Browser, d.Choice = "", linking.Deny
			_, err := h.Decide(h.t.Context(), d)
			return err
		}, "interaction_unknown"},
		"a customer lured to the attacker's bank page cannot finish the attacker's link": {func(h *house) error {
			state := h.toBank(h.authorize(request("alexa")), linking.Approve)
			victim := h.authorize(request("alexa"))
			_, err := h.Return(h.t.Context(), victim.Browser, banking.Return{State: state, Code: "victim"})
			return err
		}, "return_unknown"},
		"a return without a cookie is refused": {func(h *house) error {
			state := h.toBank(h.authorize(request("alexa")), linking.Approve)
			_, err := h.Return(h.t.Context(), "", banking.Return{State: state, Code: "ada"})
			return err
		}, "return_unknown"},
		"a return with a made-up state is refused": {func(h *house) error {
			p := h.authorize(request("alexa"))
			h.toBank(p, linking.Approve)
			_, err := h.Return(h.t.Context(), p.Browser, banking.Return{State: strings.Repeat("x", 40), Code: "ada"})
			return err
		}, "return_unknown"},
		"a return without a state is refused": {func(h *house) error {
			p := h.authorize(request("alexa"))
			h.toBank(p, linking.Approve)
			_, err := h.Return(h.t.Context(), p.Browser, banking.Return{Code: "ada"})
			return err
		}, "return_malformed"},
		"a return loaded twice is refused": {func(h *house) error {
			p := h.authorize(request("alexa"))
			state := h.toBank(p, linking.Approve)
			h.back(p, state, "ada")
			_, err := h.Return(h.t.Context(), p.Browser, banking.Return{State: state, Code: "ada"})
			return err
		}, "return_unknown"},
		"a page submitted again after the end is refused": {func(h *house) error {
			p := h.authorize(request("alexa"))
			h.approve(p)
			_, err := h.Decide(h.t.Context(), decision(p))
			return err
		}, "interaction_unknown"},
		"the way to a bank that was left for another is closed": {func(h *house) error {
			p := h.authorize(request("alexa"))
			first := h.toBank(p, linking.Approve)
			h.toBank(p, linking.Approve)
			_, err := h.Return(h.t.Context(), p.Browser, banking.Return{State: first, Code: "ada"})
			return err
		}, "return_unknown"},
		"somebody who submits a page again and again does not fill the bank with consents": {func(h *house) error {
			p := h.authorize(request("alexa"))
			for range 12 {
				h.toBank(p, linking.Approve)
			}
			_, err := h.Decide(h.t.Context(), decision(p))
			return err
		}, "interaction_over"},
	} {
		t.Run(name, func(t *testing.T) {
			if e := refused(t, tc.attack(open(t)), "invalid_request", tc.reason); e.Redirect != "" {
				t.Errorf("redirected to %s", e.Redirect)
			}
		})
	}
}
