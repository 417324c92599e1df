package tests

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"sotto/server/dev"
)

// refusals is the table: what an adversary, or an accident, can do to linking, and what comes of it. Its first half goes through the bindings
// of RFC 9700, the security best current practice of OAuth 2.0, by section, and of what was added to it since; its second half through the ten ways in which account linking
// fails most often. Each row is tried through the street door of a whole house, on each engine.
//
// A row is: a sentence, what is tried, what he is told, the reason in the log, what becomes of the link.
var refusals = []chapter{
	{"2.1 a redirect URI is the client's, to the byte", []refusal{
		{"a redirect URI of an attacker is not gone to", redirected("https://evil.example/"), "page 400", "redirect_unknown", none},
		{"one with a letter in upper case is not gone to", redirectedAs("/link", "/Link"), "page 400", "redirect_unknown", none},
		{"one that goes on after the good one is not gone to", redirectedAs("/skill", "/skill/../evil"), "page 400", "redirect_unknown", none},
		{"one with the good host as its user is not gone to", redirected("https://pitangui.amazon.com@evil.example/"), "page 400", "redirect_unknown", none},
		{"one on a lower level of the good host is not gone to", redirectedAs("pitangui", "x.pitangui"), "page 400", "redirect_unknown", none},
		{"one without TLS is not gone to", redirectedAs("https", "http"), "page 400", "redirect_unknown", none},
		{"one on another port of the good host is not gone to", redirectedAs(".com", ".com:8443"), "page 400", "redirect_unknown", none},
		{"one of another region's vendor is not gone to", redirectedAs("/link/", "/link/x"), "page 400", "redirect_unknown", none},
		{"one without the query it was registered with is not gone to", func(a *adversary) string {
			return a.asks("stranger", func(q url.Values) { q.Set("redirect_uri", "https://stranger.example/back") })
		}, "page 400", "redirect_unknown", none},
		{"another client's redirect URI is not gone to", redirected(stranger.RedirectURIs[0]), "page 400", "redirect_unknown", none},
		{"a loopback address of another path is not gone to", func(a *adversary) string {
			return a.asks("mcp", func(q url.Values) { q.Set("redirect_uri", "http://127.0.0.1:4000/elsewhere") })
		}, "page 400", "redirect_unknown", none},
		{"a name that begins like loopback is not gone to", func(a *adversary) string {
			return a.asks("mcp", func(q url.Values) { q.Set("redirect_uri", "http://127.0.0.1.evil.example/callback") })
		}, "page 400", "redirect_unknown", none},
		{"no redirect URI is not guessed at", changed(func(q url.Values) { q.Del("redirect_uri") }), "page 400", "redirect_unknown", none},
		{"of two redirect URIs none is chosen", changed(func(q url.Values) { q.Add("redirect_uri", "https://evil.example/") }), "page 400", "redirect_twice", none},
		{"an unknown client is sent nowhere", changed(func(q url.Values) { q.Set("client_id", "nobody") }), "page 400", "client_unknown", none},
		{"no client is sent nowhere", changed(func(q url.Values) { q.Del("client_id") }), "page 400", "client_unknown", none},
		{"two clients are sent nowhere", changed(func(q url.Values) { q.Add("client_id", "stranger") }), "page 400", "client_twice", none},
		{"Messenger, which is no OAuth client, is sent nowhere", changed(func(q url.Values) { q.Set("client_id", "chat") }), "page 400", "client_unknown", none},
	}},
	{"2.1 a browser's way belongs to that browser", []refusal{
		{"of two states none is chosen", changed(func(q url.Values) { q.Add("state", "b") }), "page 400", "state_twice", none},
		{"a state of more than 8 KiB is not carried", changed(func(q url.Values) { q.Set("state", strings.Repeat("s", 8<<10+1)) }), "page 400", "state_too_long", none},
		{"a page submitted from another browser is refused", elsewhere(url.Values{"bank": {"albion"}, "scope": {"balances"}, "decision": {"approve"}}), "start again", "interaction_unknown", none},
		{"a no from another browser is refused", elsewhere(url.Values{"decision": {"deny"}}), "page 400", "interaction_unknown", none},
		{"a page posted by another site is refused", func(a *adversary) string {
			page := a.walker(a.t, "alexa").open(nil)
			r, err := http.NewRequestWithContext(a.t.Context(), http.MethodPost, page.Forms[0].Action.String(), strings.NewReader("decision=approve"))
			if err != nil {
				a.t.Fatal(err)
			}
			r.Header = http.Header{"Content-Type": {formType}, "Sec-Fetch-Site": {"cross-site"}, "Origin": {"https://evil.example"}}
			status, _, _ := ask(a.t, r)
			return http.StatusText(status)
		}, "Forbidden", "", none},
		{"a page left open over lunch is refused", func(a *adversary) string {
			w := a.walker(a.t, "alexa")
			page := w.open(nil)
			a.pass(30 * time.Minute)
			return a.arrives(w.approve(page))
		}, "start again", "interaction_unknown", none},
		{"a page submitted again after the end is refused", func(a *adversary) string {
			w := a.walker(a.t, "alexa")
			page := w.open(nil)
			w.back(w.decide(w.signIn(w.approve(page)), "approve"))
			return a.arrives(w.approve(page))
		}, "start again", "interaction_unknown", none},
		{"a page submitted again after a no is refused", func(a *adversary) string {
			w := a.walker(a.t, "alexa")
			page := w.open(nil)
			w.back(w.submit(page, url.Values{"decision": {"deny"}}))
			return a.arrives(w.approve(page))
		}, "start again", "interaction_unknown", none},
		{"a page submitted again and again does not fill the bank with consents", func(a *adversary) string {
			w := a.walker(a.t, "alexa")
			page := w.open(nil)
			for range 12 {
				w.approve(page)
			}
			return a.arrives(w.approve(page))
		}, "start again", "interaction_over", none},
	}},
	{"2.1 an answer of a bank belongs to the browser that was sent there", []refusal{
		{"a customer lured to an attacker's answer cannot finish the attacker's link", func(a *adversary) string {
			answer, victim := a.walker(a.t, "alexa").answered(), a.walker(a.t, "alexa")
			victim.open(nil)
			return a.arrives(victim.visit(answer))
		}, "start again", "return_unknown", none},
		{"an answer brought without a cookie is refused", func(a *adversary) string {
			return a.arrives(a.walker(a.t, "alexa").visit(a.walker(a.t, "alexa").answered()))
		}, "start again", "return_unknown", none},
		{"an answer brought twice is refused", func(a *adversary) string {
			w := a.walker(a.t, "alexa")
			answer := w.answered()
			w.back(w.visit(answer))
			return a.arrives(w.visit(answer))
		}, "start again", "return_unknown", none},
		{"an answer with a state that was made up is refused", returning("state=x&code=y"), "start again", "return_unknown", none},
		{"a no with a state that was made up is refused", returning("state=x&error=access_denied"), "start again", "return_unknown", none},
		{"an answer with a state as long as a book is refused", returning("code=y&state=" + strings.Repeat("x", 600)), "start again", "return_malformed", none},
		{"the way to a bank that was left for another is closed", func(a *adversary) string {
			w := a.walker(a.t, "alexa")
			page := w.open(nil)
			first := w.approve(page)
			w.approve(page)
			return a.arrives(w.decide(w.signIn(first), "approve"))
		}, "start again", "return_unknown", none},
		{"an answer with another customer's code joins nothing", func(a *adversary) string {
			w := a.walker(a.t, "alexa")
			stolen := query(a, a.walker(a.t, "alexa").answered()).Get("code")
			return a.asksAgain(w.visit(replaced(a, w.answered(), "code", stolen)))
		}, "nothing linked", "", none},
		{"an answer that names another bank as its sender (mix-up) joins nothing", func(a *adversary) string {
			w := a.walker(a.t, "alexa")
			return a.asksAgain(w.visit(replaced(a, w.answered(), "iss", "https://evil.example/aurora")))
		}, "nothing linked", "", none},
	}},
	{"2.1.1 a code is bound to a verifier", []refusal{
		{"a request without PKCE is refused", changed(func(q url.Values) { q.Del("code_challenge"); q.Del("code_challenge_method") }), "told invalid_request", "pkce_missing", none},
		{"plain PKCE is refused", changed(func(q url.Values) { q.Set("code_challenge_method", "plain") }), "told invalid_request", "pkce_plain", none},
		{"PKCE without a method, which means plain, is refused", changed(func(q url.Values) { q.Del("code_challenge_method") }), "told invalid_request", "pkce_plain", none},
		{"plain PKCE is refused where PKCE is optional", func(a *adversary) string {
			return a.asks("google", func(q url.Values) { q.Set("code_challenge_method", "plain") })
		}, "told invalid_request", "pkce_plain", none},
		{"a method without a challenge is refused where PKCE is optional", func(a *adversary) string {
			return a.asks("google", func(q url.Values) { q.Del("code_challenge") })
		}, "told invalid_request", "challenge_missing", none},
		{"a challenge that is no SHA-256 is refused", changed(func(q url.Values) { q.Set("code_challenge", "abc") }), "told invalid_request", "challenge_malformed", none},
		{"a stolen code without its verifier is refused", stolen("code_verifier", ""), "400 invalid_grant", "verifier_missing", lives},
		{"a stolen code with a guessed verifier is refused", stolen("code_verifier", strings.Repeat("a", 43)), "400 invalid_grant", "verifier_wrong", lives},
		{"the challenge sent as verifier, as if it were plain, is refused", func(a *adversary) string {
			form := a.code("alexa")
			challenge := query(a, (&walker{tb: a.t, house: a.openHouse, client: a.named("alexa")}).request(nil)).Get("code_challenge")
			return a.as("alexa", but(form, "code_verifier", challenge))
		}, "400 invalid_grant", "verifier_wrong", lives},
		{"a verifier shorter than the standard allows is refused", stolen("code_verifier", strings.Repeat("a", 42)), "400 invalid_grant", "verifier_malformed", lives},
		{"a verifier longer than the standard allows is refused", stolen("code_verifier", strings.Repeat("a", 129)), "400 invalid_grant", "verifier_malformed", lives},
		{"a code got without PKCE and injected where PKCE is used (downgrade) is refused", func(a *adversary) string {
			form := a.code("google", "code_challenge", "", "code_challenge_method", "")
			a.owner.form = but(form, "code_verifier", "")
			return a.as("google", form)
		}, "400 invalid_grant", "verifier_without_challenge", lives},
	}},
	{"2.1.1 a code is good once, for one client, for a minute", []refusal{
		{"a stolen code presented by another client is refused, and its owner can still use it", func(a *adversary) string {
			return a.as("stranger", a.code("alexa"))
		}, "400 invalid_grant", "code_of_another_client", lives},
		{"a stolen code presented by a public client is refused", func(a *adversary) string {
			return a.as("mcp", a.code("alexa"))
		}, "400 invalid_grant", "code_of_another_client", lives},
		{"a code with another redirect URI is refused", func(a *adversary) string {
			return a.as("alexa", but(a.code("alexa"), "redirect_uri", a.named("alexa").RedirectURIs[1]))
		}, "400 invalid_grant", "redirect_differs", lives},
		{"a code without its redirect URI is refused", stolen("redirect_uri", ""), "400 invalid_grant", "redirect_differs", lives},
		{"a code found a minute later is refused", func(a *adversary) string {
			form := a.code("alexa")
			a.pass(time.Minute)
			return a.as("alexa", form)
		}, "400 invalid_grant", "code_expired", over},
		{"a code that Alexa's client trades twice is refused, and what was given for it is over", twice("alexa"), "400 invalid_grant", "code_used", over},
		{"a code that Google's client trades twice is refused, and what was given for it is over", twice("google"), "400 invalid_grant", "code_used", over},
		{"a code that a public client trades twice is refused, and what was given for it is over", twice("mcp"), "400 invalid_grant", "code_used", over},
		{"a code that another client presents after its owner is refused, and what was given for it is over", func(a *adversary) string {
			form := a.code("alexa")
			a.trade()
			return a.as("stranger", form)
		}, "400 invalid_grant", "code_used", over},
		{"a code that turns up a month after it was traded is refused, and what was given for it is over", func(a *adversary) string {
			form := a.code("google")
			a.trade()
			a.pass(30 * 24 * time.Hour)
			a.refresh()
			return a.as("google", form)
		}, "400 invalid_grant", "code_used", over},
		{"of sixteen who present one code at once, one is given tokens, and they are over", func(a *adversary) string {
			form := a.code("alexa")
			a.owner.code = false
			return most(a.atOnce(16, func() string { return a.keep(form) }), "200", 1, "400 invalid_grant")
		}, "1 of 200", "code_used", over},
		{"a guessed code is refused", stolen("code", strings.Repeat("A", 43)), "400 invalid_grant", "code_unknown", lives},
		{"a code that cannot be one is refused", stolen("code", "' OR 1=1 --"), "400 invalid_grant", "code_malformed", lives},
		{"no code is refused", stolen("code", ""), "400 invalid_request", "code_missing", lives},
	}},
	{"2.1.2 nothing is given in the front channel", []refusal{
		{"the implicit grant is refused", changed(func(q url.Values) { q.Set("response_type", "token") }), "told unsupported_response_type", "response_type", none},
		{"a hybrid of code and token is refused", changed(func(q url.Values) { q.Set("response_type", "code token") }), "told unsupported_response_type", "response_type", none},
		{"no response type is refused", changed(func(q url.Values) { q.Del("response_type") }), "told invalid_request", "response_type_missing", none},
		{"an answer in the fragment is refused", changed(func(q url.Values) { q.Set("response_mode", "fragment") }), "told invalid_request", "response_mode", none},
		{"an answer in a window's message is refused", changed(func(q url.Values) { q.Set("response_mode", "web_message") }), "told invalid_request", "response_mode", none},
		{"a request object, which might say otherwise, is refused", changed(func(q url.Values) { q.Set("request", "x.y.z") }), "told request_not_supported", "request", none},
		{"a scope that was not registered is refused", changed(func(q url.Values) { q.Set("scope", "balances income") }), "told invalid_scope", "scope_not_allowed", none},
		{"a scope that nobody knows is refused", changed(func(q url.Values) { q.Set("scope", "payments") }), "told invalid_scope", "scope_not_allowed", none},
		{"a parameter given twice is refused", changed(func(q url.Values) { q["scope"] = []string{"balances", "spending"} }), "told invalid_request", "parameter_twice", none},
		{"an unknown parameter given twice is refused", changed(func(q url.Values) { q["x"] = []string{"a", "b"} }), "told invalid_request", "parameter_twice", none},
	}},
	{"2.2.2 a refresh token is bound to its client", []refusal{
		{"a stolen refresh token presented by another client is refused", func(a *adversary) string {
			return a.as("stranger", refreshing(a.link("alexa").Refresh))
		}, "400 invalid_grant", "refresh_of_another_client", lives},
		{"a stolen rotating one presented by another client is refused", func(a *adversary) string {
			return a.as("alexa", refreshing(a.link("mcp").Refresh))
		}, "400 invalid_grant", "refresh_of_another_client", lives},
		{"a stolen one without the client's secret is refused", func(a *adversary) string {
			return a.call("/oauth/token", but(refreshing(a.link("alexa").Refresh), "client_id", a.named("alexa").ID), anonymous)
		}, "401 invalid_client", "secret_missing", lives},
		{"an access token in its place is refused", func(a *adversary) string {
			return a.as("alexa", refreshing(a.link("alexa").Access))
		}, "400 invalid_grant", "refresh_malformed", lives},
		{"one of line breaks, which decode to nothing, is refused", func(a *adversary) string {
			return a.as("mcp", refreshing("sr_"+strings.Repeat("\n", 74)))
		}, "400 invalid_grant", "refresh_malformed", none},
		{"one of which line breaks have left the first byte is refused", func(a *adversary) string {
			return a.as("mcp", refreshing("sr_AQ"+strings.Repeat("\n", 72)))
		}, "400 invalid_grant", "refresh_malformed", none},
		{"a guessed one is refused", func(a *adversary) string {
			return a.as("alexa", refreshing("ss_"+strings.Repeat("A", 43)))
		}, "400 invalid_grant", "refresh_unknown", none},
		{"a rotating one whose generation was counted up is refused", func(a *adversary) string {
			raw, err := base64.RawURLEncoding.DecodeString(a.link("mcp").Refresh[len("sr_"):])
			if err != nil {
				a.t.Fatal(err)
			}
			raw[22]++
			return a.as("mcp", refreshing("sr_"+base64.RawURLEncoding.EncodeToString(raw)))
		}, "400 invalid_grant", "refresh_malformed", lives},
		{"a rotated one after its minute is refused, and the link is over", func(a *adversary) string {
			old := a.link("mcp").Refresh
			a.refresh()
			a.pass(time.Minute + time.Millisecond)
			return a.as("mcp", refreshing(old))
		}, "400 invalid_grant", "refresh_reused", over},
		{"a rotated one retried all the time does not live longer for it", func(a *adversary) string {
			old := a.link("mcp").Refresh
			for range 4 {
				a.as("mcp", refreshing(old))
				a.pass(20 * time.Second)
			}
			return a.as("mcp", refreshing(old))
		}, "400 invalid_grant", "refresh_reused", over},
		{"a thief's successor ends with the link when its owner comes with the old one", func(a *adversary) string {
			a.link("mcp")
			thief := a.owner
			a.refresh()
			thief, a.owner = a.owner, thief
			a.pass(2 * time.Minute)
			a.as("mcp", refreshing(a.owner.got.Refresh))
			return a.as("mcp", refreshing(thief.got.Refresh))
		}, "400 invalid_grant", "link_ended", over},
		{"one of a link that was revoked is refused", func(a *adversary) string {
			got := a.link("alexa")
			a.call("/oauth/revoke", url.Values{"token": {got.Refresh}}, inBody(a.owner.client))
			return a.as("alexa", refreshing(got.Refresh))
		}, "400 invalid_grant", "link_ended", over},
		{"one of a link that was ended by voice is refused", func(a *adversary) string {
			s := a.speaker(a.t)
			s.link("ada", nil)
			s.say("forget me")
			s.say("yes")
			return a.as("alexa", refreshing(s.refresh))
		}, "400 invalid_grant", "link_ended", none},
		{"a refresh for more than was consented is refused", func(a *adversary) string {
			return a.as("alexa", but(refreshing(a.link("alexa").Refresh), "scope", "balances transactions"))
		}, "400 invalid_scope", "scope_wider", lives},
		{"a refresh for a scope that nobody knows is refused", func(a *adversary) string {
			return a.as("alexa", but(refreshing(a.link("alexa").Refresh), "scope", "payments"))
		}, "400 invalid_scope", "scope_unknown", lives},
		{"a refresh for another server is refused", func(a *adversary) string {
			return a.as("mcp", but(refreshing(a.link("mcp").Refresh), "resource", "https://evil.example/mcp"))
		}, "400 invalid_target", "resource_unknown", lives},
		{"a refresh without a token is refused", func(a *adversary) string { return a.as("alexa", refreshing("")) }, "400 invalid_request", "refresh_missing", none},
		{"a refresh while the link is revoked leaves nothing that lives", func(a *adversary) string {
			got, tokens := a.link("google"), make(chan string, 15)
			a.atOnce(16, func() string {
				select {
				case tokens <- got.Refresh:
					return a.keep(refreshing(got.Refresh))
				default:
					return a.call("/oauth/revoke", url.Values{"token": {got.Refresh}}, inBody(a.owner.client))
				}
			})
			return a.as("google", refreshing(got.Refresh))
		}, "400 invalid_grant", "link_ended", over},
	}},
	{"2.3 an access token is for one platform, and what was consented", []refusal{
		{"the token of Google's link is no link at Alexa's door", func(a *adversary) string { return a.says(a.link("google").Access) }, "the card", "", lives},
		{"an MCP assistant's token is no link at Alexa's door", func(a *adversary) string { return a.says(a.link("mcp").Access) }, "the card", "", lives},
		{"a refresh token in its place is no link", func(a *adversary) string { return a.says(a.link("alexa").Refresh) }, "the card", "", lives},
		{"one whose signature was cut off is no link", tampered(func(jwt []string) []string { return []string{jwt[0], jwt[1], ""} }), "the card", "", lives},
		{"one that says it needs no signature is no link", tampered(func(jwt []string) []string {
			return []string{base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none","typ":"at+jwt"}`)), jwt[1], ""}
		}), "the card", "", lives},
		{"one with more scopes written in is no link", tampered(func(jwt []string) []string {
			claims, _ := base64.RawURLEncoding.DecodeString(jwt[1])
			return []string{jwt[0], base64.RawURLEncoding.EncodeToString([]byte(strings.Replace(string(claims), "balances", "income", 1))), jwt[2]}
		}), "the card", "", lives},
		{"one that is text is no link", func(a *adversary) string { return a.says("' OR 1=1 --") }, "the card", "", none},
		{"one of 8 KiB is no link", func(a *adversary) string { return a.says(strings.Repeat("a.", 4<<10)) }, "the card", "", none},
		{"a request for another server's token is refused", func(a *adversary) string {
			return a.asks("mcp", func(q url.Values) { q.Set("resource", "https://evil.example/mcp") })
		}, "told invalid_target", "resource_unknown", none},
		{"a request for another platform's token is refused", func(a *adversary) string {
			return a.asks("mcp", func(q url.Values) { q.Set("resource", a.PublicURL()+"/alexa") })
		}, "told invalid_target", "resource_unknown", none},
		{"a request for a token of two servers is refused", func(a *adversary) string {
			return a.asks("mcp", func(q url.Values) { q["resource"] = []string{a.PublicURL() + "/mcp", a.PublicURL() + "/mcp/alexa"} })
		}, "told invalid_target", "resource_twice", none},
		{"a refresh for a token of two servers is refused", func(a *adversary) string {
			form := refreshing(a.link("mcp").Refresh)
			form["resource"] = []string{a.PublicURL() + "/mcp", a.PublicURL() + "/mcp/alexa"}
			return a.as("mcp", form)
		}, "400 invalid_target", "resource_twice", lives},
		{"a code traded for another resource than was consented is refused, and its owner can still use it", func(a *adversary) string {
			return a.as("mcp", but(a.code("mcp", "resource", a.PublicURL()+"/mcp/alexa"), "resource", a.PublicURL()+"/mcp"))
		}, "400 invalid_target", "resource_differs", lives},
		{"a rotating refresh token traded for another resource is refused, and not used up", func(a *adversary) string {
			got := a.link("mcp", "resource", a.PublicURL()+"/mcp")
			return a.as("mcp", but(refreshing(got.Refresh), "resource", a.PublicURL()+"/mcp/alexa/"))
		}, "400 invalid_target", "resource_differs", lives},
		{"whoever has no verifier learns nothing of the resource", func(a *adversary) string {
			return a.as("mcp", but(a.code("mcp"), "resource", a.PublicURL()+"/mcp/alexa", "code_verifier", strings.Repeat("a", 43)))
		}, "400 invalid_grant", "verifier_wrong", lives},
		{"a code traded for another server's token is refused", stolen("resource", "https://evil.example/alexa"), "400 invalid_target", "resource_unknown", lives},
	}},
	{"2.4 there is no other grant", []refusal{
		{"the password grant is refused", granting("password"), "400 unsupported_grant_type", "grant_type_unknown", none},
		{"a grant that nobody knows is refused", granting("urn:example:magic"), "400 unsupported_grant_type", "grant_type_unknown", none},
		{"no grant is refused", granting(""), "400 invalid_request", "grant_type_missing", none},
	}},
	{"2.5 a client proves who it is", []refusal{
		{"a client with a wrong secret is refused", proving(func(a *adversary, f url.Values) { f.Set("client_secret", a.named("alexa").Secret+"x") }), "401 invalid_client", "secret_wrong", lives},
		{"a client that sends the hash of the settings as its secret is refused", func(a *adversary) string {
			return a.call("/oauth/token", but(a.code("alexa"), "client_id", "stranger", "client_secret", sum(stranger.Secret)), anonymous)
		}, "401 invalid_client", "secret_wrong", lives},
		{"a confidential client that poses as a public one is refused", proving(func(_ *adversary, f url.Values) { f.Del("client_secret") }), "401 invalid_client", "secret_missing", lives},
		{"a public client with a secret is refused", func(a *adversary) string {
			return a.call("/oauth/token", but(a.code("mcp"), "client_id", a.named("mcp").ID, "client_secret", "guess"), anonymous)
		}, "401 invalid_client", "secret_of_public_client", lives},
		{"an unknown client is refused", proving(func(_ *adversary, f url.Values) { f.Set("client_id", "nobody") }), "401 invalid_client", "client_unknown", lives},
		{"Messenger, which is no OAuth client, is refused", proving(func(_ *adversary, f url.Values) { f.Set("client_id", "chat") }), "401 invalid_client", "client_unknown", lives},
		{"nobody at all is refused", proving(func(_ *adversary, f url.Values) { f.Del("client_id"); f.Del("client_secret") }), "401 invalid_client", "client_missing", lives},
		{"a client that proves itself in two ways is refused", func(a *adversary) string {
			return a.call("/oauth/token", a.code("alexa"), both(byBasic(a.named("alexa")), inBody(a.named("alexa"))))
		}, "400 invalid_request", "two_authentications", lives},
		{"a client that proves to be one and names another is refused", func(a *adversary) string {
			return a.call("/oauth/token", but(a.code("alexa"), "client_id", "stranger"), byBasic(a.named("alexa")))
		}, "400 invalid_request", "two_clients", lives},
		{"a header that is not Basic is refused", func(a *adversary) string {
			return a.call("/oauth/token", a.code("alexa"), func(r *http.Request, _ url.Values) { r.Header.Set("Authorization", "Bearer "+a.named("alexa").Secret) })
		}, "401 invalid_client", "basic_malformed", lives},
		{"a client that proves itself twice in headers is refused", func(a *adversary) string {
			return a.call("/oauth/token", a.code("alexa"), func(r *http.Request, f url.Values) {
				byBasic(a.named("alexa"))(r, f)
				r.Header.Add("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte("stranger:guess")))
			})
		}, "401 invalid_client", "basic_malformed", lives},
		{"a client that proves itself by a secret and an assertion is refused", stolen("client_assertion", "x.y.z"), "400 invalid_request", "two_authentications", lives},
		{"an assertion of a client that has a secret is refused", proving(func(_ *adversary, f url.Values) {
			f.Del("client_secret")
			f.Set("client_assertion", "x.y.z")
			f.Set("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
		}), "401 invalid_client", "assertion_malformed", lives},
		{"a parameter given twice to the token endpoint is refused", func(a *adversary) string {
			form := a.code("alexa")
			form.Add("code", "another")
			return a.as("alexa", form)
		}, "400 invalid_request", "parameter_twice", lives},
	}},
	{"RFC 6749 3.1: what has no value was not sent", []refusal{
		{"a request object without a value, which is none, is no refusal", changed(func(q url.Values) { q.Set("request", ""); q.Set("request_uri", "") }), "asked", "", none},
	}},
	{"4.3 what stands in a URL counts for nothing", []refusal{
		{"a secret in the query is not taken", func(a *adversary) string {
			return a.call("/oauth/token?"+secrets(a.named("alexa")).Encode(), refreshing(a.link("alexa").Refresh), anonymous)
		}, "401 invalid_client", "client_missing", lives},
		{"a refresh token in the query is not taken", func(a *adversary) string {
			return a.as("alexa", refreshing(""), refreshing(a.link("alexa").Refresh))
		}, "400 invalid_request", "refresh_missing", lives},
		{"a code in the query is not taken", func(a *adversary) string {
			form := a.code("alexa")
			return a.as("alexa", but(form, "code", ""), form)
		}, "400 invalid_request", "code_missing", lives},
		{"a token to be revoked in the query is not taken", func(a *adversary) string {
			return a.call("/oauth/revoke?token="+a.link("alexa").Refresh, nil, inBody(a.owner.client))
		}, "400 invalid_request", "token_missing", lives},
		{"a token to be explained in the query is not taken", func(a *adversary) string {
			return a.call("/oauth/introspect?token="+a.link("alexa").Access, nil, inBody(a.owner.client))
		}, "400 invalid_request", "token_missing", lives},
		{"an access token in a header of Alexa's door is no link", func(a *adversary) string {
			token := a.link("alexa").Access
			return a.says("", "Authorization", "Bearer "+token, "Sotto-Token", token)
		}, "the card", "", lives},
		{"a request by GET is not taken", func(a *adversary) string {
			q := refreshing(a.link("alexa").Refresh)
			inBody(a.owner.client)(nil, q)
			return a.get("/oauth/token?" + q.Encode())
		}, "405 invalid_request", "", lives},
	}},
	{"RFC 7009 and 7662: tokens are told of, and ended, by their client only", []refusal{
		{"an access token is not revoked by another client", func(a *adversary) string {
			return a.call("/oauth/revoke", url.Values{"token": {a.link("alexa").Access}}, inBody(stranger))
		}, "400 unauthorized_client", "token_of_another_client", lives},
		{"a refresh token is not revoked by another client", func(a *adversary) string {
			return a.call("/oauth/revoke", url.Values{"token": {a.link("alexa").Refresh}}, inBody(stranger))
		}, "400 unauthorized_client", "token_of_another_client", lives},
		{"a token is not revoked by whoever holds it", func(a *adversary) string {
			return a.call("/oauth/revoke", url.Values{"token": {a.link("alexa").Refresh}}, anonymous)
		}, "401 invalid_client", "client_missing", lives},
		{"a revocation with a wrong secret ends nothing", func(a *adversary) string {
			return a.call("/oauth/revoke", url.Values{"token": {a.link("alexa").Refresh}, "client_id": {a.owner.client.ID}, "client_secret": {"guess"}}, anonymous)
		}, "401 invalid_client", "secret_wrong", lives},
		{"a revocation of nothing is refused", func(a *adversary) string {
			return a.call("/oauth/revoke", url.Values{}, inBody(stranger))
		}, "400 invalid_request", "token_missing", none},
		{"what is no token is as good as revoked, and tells nothing", func(a *adversary) string {
			return a.call("/oauth/revoke", url.Values{"token": {"ss_nonsense"}}, inBody(stranger))
		}, "200", "", none},
		{"an access token is not explained to another client", func(a *adversary) string {
			return a.call("/oauth/introspect", url.Values{"token": {a.link("alexa").Access}}, inBody(stranger))
		}, "inactive", "", lives},
		{"a refresh token is not explained to another client", func(a *adversary) string {
			return a.call("/oauth/introspect", url.Values{"token": {a.link("alexa").Refresh}}, inBody(stranger))
		}, "inactive", "", lives},
		{"a token is not explained to a public client", func(a *adversary) string {
			return a.call("/oauth/introspect", url.Values{"token": {a.link("mcp").Access}}, inBody(a.owner.client))
		}, "401 invalid_client", "introspection_by_public_client", lives},
		{"a token is not explained to whoever holds it", func(a *adversary) string {
			return a.call("/oauth/introspect", url.Values{"token": {a.link("alexa").Access}}, anonymous)
		}, "401 invalid_client", "client_missing", lives},
		{"a refresh token, which has no end, is not explained as if it had one", func(a *adversary) string {
			_, _, body := a.post("/oauth/introspect", url.Values{"token": {a.link("alexa").Refresh}}, inBody(a.owner.client))
			return map[bool]string{true: "an end", false: "no end"}[strings.Contains(string(body), `"exp"`)]
		}, "no end", "", lives},
		{"an access token that was revoked is no link at the next question", func(a *adversary) string {
			got := a.link("alexa")
			a.call("/oauth/revoke", url.Values{"token": {got.Access}}, inBody(a.owner.client))
			return a.says(got.Access)
		}, "the card", "", lives},
		{"an access token of a link that was revoked is no link at the next question", func(a *adversary) string {
			got := a.link("alexa")
			a.call("/oauth/revoke", url.Values{"token": {got.Refresh}, "token_type_hint": {"access_token"}}, inBody(a.owner.client))
			return a.says(got.Access)
		}, "the card", "", over},
	}},
	{"RFC 9126: a pushed request is its client's, young, and as it was pushed", []refusal{
		{"a request in the name of a client that does not prove itself is refused", func(a *adversary) string {
			return a.call("/oauth/par", url.Values{"client_id": {a.named("alexa").ID}, "response_type": {"code"}}, anonymous)
		}, "401 invalid_client", "secret_missing", none},
		{"a redirect URI of an attacker cannot be pushed, and is not gone to", pushing("redirect_uri", "https://evil.example/"), "400 invalid_request", "redirect_unknown", none},
		{"a pushed request that names another is refused", pushing("request_uri", "urn:ietf:params:oauth:request_uri:x"), "400 invalid_request", "request_uri_pushed", none},
		{"what stands in the URL of a push counts for nothing", func(a *adversary) string {
			w := &walker{tb: a.t, house: a.openHouse, client: a.named("alexa")}
			return a.call("/oauth/par?"+query(a, w.request(nil)).Encode(), url.Values{}, inBody(w.client))
		}, "400 invalid_request", "redirect_unknown", none},
		{"a request pushed by one client is not opened for another", opening("alexa", func(_ *adversary, q url.Values) { q.Set("client_id", "stranger") }), "page 400", "request_of_another_client", none},
		{"a request that is found in a history is not opened", opening("alexa", func(a *adversary, _ url.Values) { a.pass(90 * time.Second) }), "page 400", "request_expired", none},
		{"a request for which a code was given is not opened", opening("alexa", (*adversary).opened), "page 400", "request_used", lives},
		{"a guessed request is not opened", opening("alexa", func(_ *adversary, q url.Values) {
			q.Set("request_uri", "urn:ietf:params:oauth:request_uri:"+strings.Repeat("A", 43))
		}), "page 400", "request_unknown", none},
		{"a request at an attacker's address is not fetched", opening("alexa", func(_ *adversary, q url.Values) { q.Set("request_uri", "https://evil.example/request.jwt") }), "page 400", "redirect_unknown", none},
		{"what an attacker writes beside a pushed request counts for nothing", func(a *adversary) string {
			q, _ := a.push("alexa")
			a.opened(but(q, "state", "another", "redirect_uri", "https://evil.example/", "code_challenge", strings.Repeat("A", 43), "scope", "transactions"))
			return same(a.owner.back.Get("state"), "s") + ", " + a.keep(a.owner.form)
		}, "the same, 200", "", none},
		{"a client that must push is refused where it does not", func(a *adversary) string {
			return a.asks(signer.ID, func(url.Values) {})
		}, "told invalid_request", "par_missing", none},
		{"a client that must push is linked where it does", func(a *adversary) string {
			q, _ := a.push(signer.ID)
			a.opened(q)
			return a.call("/oauth/token", a.owner.form, a.proof(signer))
		}, "200", "", none},
	}},
	{"private_key_jwt: a client proves itself with a key of its own", []refusal{
		{"an assertion of the client's own key is taken", claiming(func(_ *adversary, _, _ map[string]any) {}), "200", "", none},
		{"its id without a signature is refused", func(a *adversary) string {
			return a.call("/oauth/revoke", url.Values{"token": {"nothing"}, "client_id": {signer.ID}}, anonymous)
		}, "401 invalid_client", "assertion_missing", none},
		{"its id with a secret is refused", func(a *adversary) string {
			return a.call("/oauth/revoke", url.Values{"token": {"nothing"}, "client_id": {signer.ID}, "client_secret": {"guess"}}, anonymous)
		}, "401 invalid_client", "assertion_missing", none},
		{"an assertion of an attacker's key is refused", func(a *adversary) string {
			key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
			if err != nil {
				a.t.Fatal(err)
			}
			return a.call("/oauth/revoke", url.Values{"token": {"nothing"}}, asserting(signed(a.assertionOf(), key)))
		}, "401 invalid_client", "assertion_forged", none},
		{"an assertion that needs no signature is refused", func(a *adversary) string {
			t := a.assertionOf()
			t.Method, t.Header["alg"] = jwt.SigningMethodNone, "none"
			return a.call("/oauth/revoke", url.Values{"token": {"nothing"}}, asserting(signed(t, jwt.UnsafeAllowNoneSignatureType)))
		}, "401 invalid_client", "", none},
		{"an assertion whose secret is the public key is refused", func(a *adversary) string {
			t := a.assertionOf()
			t.Method, t.Header["alg"] = jwt.SigningMethodHS256, "HS256"
			public, err := json.Marshal(jwk(signerKey(), false))
			if err != nil {
				a.t.Fatal(err)
			}
			return a.call("/oauth/revoke", url.Values{"token": {"nothing"}}, asserting(signed(t, public)))
		}, "401 invalid_client", "", none},
		{"an assertion that was heard is not taken again, anywhere", func(a *adversary) string {
			heard := signed(a.assertionOf(), signerKey())
			a.call("/oauth/revoke", url.Values{"token": {"nothing"}}, asserting(heard))
			return a.call("/oauth/introspect", url.Values{"token": {"nothing"}}, asserting(heard))
		}, "401 invalid_client", "assertion_replayed", none},
		{"an assertion for another server is refused", claiming(func(_ *adversary, _, claims map[string]any) { claims["aud"] = "https://evil.example" }), "401 invalid_client", "assertion_for_somebody_else", none},
		{"an assertion for the token endpoint of a client that must push is refused", claiming(func(a *adversary, _, claims map[string]any) {
			claims["aud"] = a.PublicURL() + "/oauth/token"
		}), "401 invalid_client", "assertion_for_somebody_else", none},
		{"an assertion in another client's name is refused", claiming(func(a *adversary, _, claims map[string]any) {
			claims["iss"], claims["sub"] = a.named("alexa").ID, a.named("alexa").ID
		}), "401 invalid_client", "assertion_not_registered", none},
		{"an assertion found in a log an hour later is refused", claiming(func(a *adversary, _, claims map[string]any) {
			claims["iat"], claims["exp"] = a.Now().Add(-time.Hour).Unix(), a.Now().Add(-59*time.Minute).Unix()
		}), "401 invalid_client", "assertion_expired", none},
		{"a code of the client's without its signature is refused", func(a *adversary) string {
			q, _ := a.push(signer.ID)
			a.opened(q)
			return a.call("/oauth/token", but(a.owner.form, "client_id", signer.ID), anonymous)
		}, "401 invalid_client", "assertion_missing", none},
	}},
	{"client metadata documents: an assistant introduces itself, and nobody else", []refusal{
		{"an assistant of a document that says what it must is asked for", introducing(saying(good), nil), "asked", "", none},
		{"an address on a host that was not named is nobody's", introducing(saying(good), func(q url.Values) { q.Set("client_id", "https://evil.example/client.json") }), "page 400", "client_unknown", none},
		{"an address inside the network is nobody's", introducing(saying(good), func(q url.Values) { q.Set("client_id", "https://169.254.169.254/latest/meta-data") }), "page 400", "client_unknown", none},
		{"a document that names another assistant introduces nobody", introducing(saying(strings.Replace(good, "ID", "https://claude.example/client.json", 1)), nil), "page 400", "document_invalid", none},
		{"a document that says who it is twice introduces nobody", introducing(saying(strings.Replace(good, "{", `{"client_id":"https://claude.example/client.json",`, 1)), nil), "page 400", "document_invalid", none},
		{"a document with a secret, which everybody can read, introduces nobody", introducing(saying(strings.Replace(good, `"none"`, `"client_secret_post","client_secret":"x"`, 1)), nil), "page 400", "document_invalid", none},
		{"a document as long as a book is not read", introducing(saying(good+strings.Repeat(" ", 5<<10)), nil), "page 400", "document_invalid", none},
		{"a host that leads elsewhere is not followed", introducing(func(w http.ResponseWriter, _ string) {
			w.Header().Set("Location", "http://127.0.0.1:1/client.json")
			w.WriteHeader(http.StatusFound)
		}, nil), "page 400", "document_invalid", none},
		{"a redirect URI that is not in the document is not gone to", introducing(saying(good), func(q url.Values) { q.Set("redirect_uri", "https://evil.example/") }), "page 400", "redirect_unknown", none},
		{"an assistant that introduced itself cannot go without PKCE", introducing(saying(good), func(q url.Values) {
			q.Del("code_challenge")
			q.Del("code_challenge_method")
		}), "told invalid_request", "pkce_missing", none},
	}},
	{"client_credentials: a service acts for nobody", []refusal{
		{"a service with a wrong secret is refused", func(a *adversary) string {
			return a.call("/oauth/token", url.Values{"grant_type": {"client_credentials"}, "client_id": {a.named("service").ID}, "client_secret": {"guess"}}, anonymous)
		}, "401 invalid_client", "secret_wrong", none},
		{"a skill, which has nothing to list, is refused", granting("client_credentials"), "400 unauthorized_client", "grant_not_allowed", none},
		{"a service's token for another server is refused", func(a *adversary) string {
			return a.as("service", url.Values{"grant_type": {"client_credentials"}, "resource": {"https://evil.example/mcp"}})
		}, "400 invalid_target", "resource_unknown", none},
		{"a service's token is no refresh token", serving(func(a *adversary, token string) string { return a.as("alexa", refreshing(token)) }), "400 invalid_grant", "refresh_malformed", none},
		{"a service's token is not explained to another client", serving(func(a *adversary, token string) string {
			return a.call("/oauth/introspect", url.Values{"token": {token}}, inBody(stranger))
		}), "inactive", "", none},
		{"a service's token is not revoked by another client", serving(func(a *adversary, token string) string {
			return a.call("/oauth/revoke", url.Values{"token": {token}}, inBody(stranger))
		}), "400 unauthorized_client", "token_of_another_client", none},
	}},
	{"linking from a chat: an address is good for one link, and for a quarter of an hour", []refusal{
		{"a guessed address is not opened", func(a *adversary) string {
			return a.arrives(a.walker(a.t, "alexa").visit(a.PublicURL() + "/link/chat?ticket=" + strings.Repeat("A", 43)))
		}, "page 400", "ticket_over", none},
		{"an address that cannot be one is not opened", func(a *adversary) string {
			return a.arrives(a.walker(a.t, "alexa").visit(a.PublicURL() + "/link/chat?ticket=short"))
		}, "page 400", "ticket_malformed", none},
		{"an address found in a chat a quarter of an hour later is not opened", func(a *adversary) string {
			address := a.writer(a.t, false).say("what's my balance").Link
			a.pass(15 * time.Minute)
			return a.arrives(a.walker(a.t, "alexa").visit(address))
		}, "page 400", "ticket_over", none},
		{"an address with which a link was made is not opened again", func(a *adversary) string {
			w := a.writer(a.t, true)
			address := w.say("what's my balance").Link
			if _, err := w.person("ada").LinkChat(a.t.Context(), address); err != nil {
				a.t.Fatal(err)
			}
			return a.arrives(a.walker(a.t, "alexa").visit(address))
		}, "page 400", "ticket_over", none},
	}},
	{"failure 1: refreshes that come together, or again", []refusal{
		{"of eight refreshes of one stable token at once, none unlinks the customer", func(a *adversary) string {
			old := a.link("google").Refresh
			return most(a.atOnce(8, func() string { return a.keep(refreshing(old)) }), "200", 8, "")
		}, "8 of 200", "", lives},
		{"eight refreshes of one rotating token at once get one successor", func(a *adversary) string {
			old := a.link("mcp").Refresh
			answers := a.atOnce(8, func() string { return a.successor(old) })
			return fmt.Sprint(len(slices.Compact(answers)))
		}, "1", "", lives},
		{"a refresh whose answer was lost gets the same successor again, within its minute", func(a *adversary) string {
			old := a.link("mcp").Refresh
			first := a.successor(old)
			a.pass(time.Minute)
			return same(first, a.successor(old))
		}, "the same", "", lives},
		{"a successor in use does not end its predecessor's minute", func(a *adversary) string {
			old := a.link("mcp").Refresh
			first := a.refresh().Refresh
			a.refresh()
			return same(first, a.successor(old))
		}, "the same", "", lives},
		{"a stable refresh token stays as it is", func(a *adversary) string {
			return same(a.link("alexa").Refresh, a.refresh().Refresh)
		}, "the same", "", lives},
		{"an access token outlives the refresh that comes after it", func(a *adversary) string {
			old := a.link("alexa").Access
			a.refresh()
			return a.says(old)
		}, "an answer", "", lives},
	}},
	{"failure 2: a refresh token that dies, or never came", []refusal{
		{"a client that asks for one scope, and no offline_access, can refresh", func(a *adversary) string {
			a.link("google", "scope", "balances spending")
			return a.as("google", refreshing(a.owner.got.Refresh))
		}, "200", "", lives},
		{"a customer who says nothing for a month is still linked", func(a *adversary) string {
			got := a.link("google")
			a.pass(30 * 24 * time.Hour)
			return a.as("google", refreshing(got.Refresh))
		}, "200", "", lives},
	}},
	{"failure 3: the redirect URI of another region", []refusal{
		{"a customer of Amazon's Europe can link", redirectedAs("pitangui.amazon.com", "layla.amazon.com"), "asked", "", none},
		{"a customer of Amazon's Japan can link", redirectedAs("pitangui.amazon.com", "alexa.amazon.co.jp"), "asked", "", none},
	}},
	{"failure 4: a state that comes back damaged", []refusal{
		{"a state of reserved characters comes back to the byte", stated("a+b c/=%&?#é\"<'\\"), "the same", "", lives},
		{"a state of 4 KiB, as Google's may be, comes back to the byte", stated(strings.Repeat("0123456789+/=%AB", 256)), "the same", "", lives},
		{"a state of 8 KiB comes back to the byte", stated(strings.Repeat("s", 8<<10)), "the same", "", lives},
		{"a state of 8 KiB that is escaped to three times as many comes back to the byte", stated(strings.Repeat("{", 8<<10)), "the same", "", lives},
		{"a state that is no UTF-8 comes back to the byte", stated("\xff\x00\xfe"), "the same", "", lives},
		{"who sent no state gets none back", func(a *adversary) string {
			a.link("alexa", "state", "")
			return strings.Join(slices.Sorted(maps.Keys(a.owner.back)), " ")
		}, "code iss", "", lives},
		{"a redirect URI keeps the query it had", func(a *adversary) string {
			return a.asks("stranger", func(q url.Values) { q.Set("response_type", "token") })
		}, "told unsupported_response_type", "response_type", none},
	}},
	{"failure 5: a token response that a platform does not want", []refusal{
		{"Alexa's has what RFC 6749 says, and nothing else", shaped("alexa", `{"access_token":"J.J.J","token_type":"Bearer","expires_in":3600,"refresh_token":"ss_T","scope":"balances spending"}`), "as wanted", "", lives},
		{"Google's access token is no JWT", shaped("google", `{"access_token":"sa_T","token_type":"Bearer","expires_in":3600,"refresh_token":"ss_T","scope":"balances spending"}`), "as wanted", "", lives},
		{"an MCP assistant's refresh token is a rotating one", shaped("mcp", `{"access_token":"J.J.J","token_type":"Bearer","expires_in":3600,"refresh_token":"sr_J","scope":"balances spending"}`), "as wanted", "", lives},
		{"a refresh at the same instant gives another access token", func(a *adversary) string {
			return same(a.link("alexa").Access, a.refresh().Access)
		}, "another", "", lives},
	}},
	{"failure 6: a client that proves itself in the other way", []refusal{
		{"Basic is taken", provingBy(byBasic), "200", "", lives},
		{"Basic with every byte of both parts encoded is taken", provingBy(byEncodedBasic), "200", "", lives},
		{"a secret of odd characters, by Basic, is taken", func(a *adversary) string {
			return a.call("/oauth/revoke", url.Values{"token": {"nothing"}}, byBasic(stranger))
		}, "200", "", none},
		{"a secret in the body is taken", provingBy(inBody), "200", "", lives},
	}},
	{"failure 7: something in front that keeps platforms out", []refusal{
		{"a client that says nothing of itself, as a robot would, is answered", func(a *adversary) string {
			return a.call("/oauth/token", a.code("alexa"), func(r *http.Request, form url.Values) {
				r.Header["User-Agent"] = nil
				a.owner.code = false
				inBody(a.owner.client)(r, form)
			})
		}, "200", "", none},
		{"a token comes well within Alexa's 4.5 s, under a crowd", func(a *adversary) string {
			old := a.link("alexa").Refresh
			begun := time.Now()
			a.atOnce(32, func() string { return a.keep(refreshing(old)) })
			return map[bool]string{true: "in time", false: "too late"}[time.Since(begun) < 4500*time.Millisecond]
		}, "in time", "", lives},
	}},
	{"failure 8: an in-app browser that does less than a browser", []refusal{
		{"the pages hold no script and open no window, and the cookie is Lax and out of reach", func(a *adversary) string {
			return a.plainPages("alexa")
		}, "plain", "", none},
		{"a no on our page reaches the client, with its state", denying(func(w *walker) *dev.Page {
			return w.submit(w.open(url.Values{"state": {"a+b/c=%"}}), url.Values{"decision": {"deny"}})
		}), "told access_denied", "", none},
		{"a no at the bank reaches the client, with its state", denying(func(w *walker) *dev.Page {
			return w.decide(w.signIn(w.approve(w.open(url.Values{"state": {"a+b/c=%"}}))), "deny")
		}), "told access_denied", "", none},
		{"a no on the page for a second bank reaches the client, with its state", denying(func(w *walker) *dev.Page {
			page := w.open(url.Values{"state": {"a+b/c=%"}})
			page = w.submit(page, url.Values{"bank": {"albion"}, "scope": {"balances"}, "decision": {"add"}})
			return w.submit(w.decide(w.signIn(page), "approve"), url.Values{"decision": {"deny"}})
		}), "told access_denied", "", none},
		{"a no at the second bank reaches the client, with its state", denying(func(w *walker) *dev.Page {
			page := w.open(url.Values{"state": {"a+b/c=%"}})
			page = w.submit(page, url.Values{"bank": {"albion"}, "scope": {"balances"}, "decision": {"add"}})
			return w.decide(w.signIn(w.submit(w.decide(w.signIn(page), "approve"), url.Values{"bank": {"albion"}, "decision": {"approve"}})), "deny")
		}), "told access_denied", "", none},
		{"whoever chooses nothing is asked again, and can go on", func(a *adversary) string {
			w := a.walker(a.t, "alexa")
			page := w.submit(w.open(nil), url.Values{"bank": {}, "scope": {}, "decision": {"approve"}})
			if !strings.Contains(page.Text, "Please choose a bank") {
				return page.Text
			}
			return a.arrives(w.decide(w.signIn(w.approve(page)), "approve"))
		}, "the client", "", none},
		{"a bank that was not offered is not taken", choosing(url.Values{"bank": {"elsewhere"}, "scope": {"balances"}, "decision": {"approve"}}), "asked again", "asked_again", none},
		{"a scope that is none is not taken", choosing(url.Values{"bank": {"albion"}, "scope": {"everything"}, "decision": {"approve"}}), "asked again", "asked_again", none},
		{"a scope that was not offered is not taken", choosing(url.Values{"bank": {"albion"}, "scope": {"balances", "income"}, "decision": {"approve"}}), "asked again", "asked_again", none},
		{"a decision that is none is not taken", choosing(url.Values{"bank": {"albion"}, "scope": {"balances"}, "decision": {"own it"}}), "asked again", "asked_again", none},
		{"whoever goes back from the bank and chooses anew is linked by the later way", func(a *adversary) string {
			w := a.walker(a.t, "alexa")
			page := w.open(nil)
			w.approve(page)
			return a.arrives(w.decide(w.signIn(w.approve(page)), "approve"))
		}, "the client", "", none},
		{"two tabs of one browser do not disturb each other", func(a *adversary) string {
			w := a.walker(a.t, "alexa")
			one, two := w.approve(w.open(url.Values{"state": {"one"}})), w.approve(w.open(url.Values{"state": {"two"}}))
			backTwo, backOne := w.back(w.decide(w.signIn(two), "approve")), w.back(w.decide(w.signIn(one), "approve"))
			return backOne.Get("state") + " and " + backTwo.Get("state") + ": " + same(backOne.Get("code"), backTwo.Get("code"))
		}, "one and two: another", "", none},
		{"a thief who brings the bank's answer in another browser does not spoil it", func(a *adversary) string {
			w, thief := a.walker(a.t, "alexa"), a.walker(a.t, "alexa")
			answer := w.answered()
			thief.open(nil)
			thief.visit(answer)
			return a.arrives(w.visit(answer))
		}, "the client", "return_unknown", none},
	}},
	{"failure 9: a token that is over, and an answer that is none", []refusal{
		{"an access token that has expired shows the card to link, and the link goes on", func(a *adversary) string {
			got := a.link("alexa")
			a.pass(time.Hour)
			return a.says(got.Access)
		}, "the card", "", lives},
		{"an access token is good until its last second", func(a *adversary) string {
			got := a.link("alexa")
			a.pass(time.Hour - 2*time.Second)
			return a.says(got.Access)
		}, "an answer", "", lives},
	}},
	{"failure 10: an MCP assistant that takes everything to the letter", []refusal{
		{"a client on loopback that listens on a port of its own is linked there", func(a *adversary) string {
			return a.as("mcp", refreshing(a.link("mcp", "redirect_uri", "http://127.0.0.1:49152/callback").Refresh))
		}, "200", "", lives},
		{"but the code for one port is not good at another", func(a *adversary) string {
			form := a.code("mcp", "redirect_uri", "http://127.0.0.1:49152/callback")
			return a.as("mcp", but(form, "redirect_uri", "http://127.0.0.1:49153/callback"))
		}, "400 invalid_grant", "redirect_differs", lives},
		{"a resource with a slash at its end is the one without", audience("/mcp/", "/mcp"), "the same", "", lives},
		{"a resource without one is itself", audience("/mcp", "/mcp"), "the same", "", lives},
		{"a resource below another is one of its own", audience("/mcp/alexa", "/mcp/alexa"), "the same", "", lives},
		{"a resource below another, with a slash, is too", audience("/mcp/alexa/", "/mcp/alexa"), "the same", "", lives},
		{"without a resource, the token is for the assistants' own", audience("", "/mcp"), "the same", "", lives},
		{"a resource with a slash is the one without at the token endpoint too, and a refresh gives it again", func(a *adversary) string {
			form := a.code("mcp", "resource", a.PublicURL()+"/mcp/alexa")
			a.owner.form = but(form, "resource", a.PublicURL()+"/mcp/alexa/")
			a.trade()
			return same(claim(a, a.refresh("resource", a.PublicURL()+"/mcp/alexa").Access, "aud"), a.PublicURL()+"/mcp/alexa")
		}, "the same", "", lives},
		{"the house as a whole is not taken for another resource", func(a *adversary) string {
			a.link("mcp", "resource", a.PublicURL()+"/mcp/alexa")
			return same(claim(a, a.refresh("resource", a.PublicURL()+"/").Access, "aud"), a.PublicURL()+"/mcp/alexa")
		}, "the same", "", lives},
		{"the issuer is the same text in the metadata, in an answer and in a token", func(a *adversary) string {
			got := a.link("mcp") // whose iss in the answer is looked at on the way
			return same(a.issuer(), claim(a, got.Access, "iss")) + ", " + same(a.issuer(), a.PublicURL())
		}, "the same, the same", "", lives},
	}},
}
