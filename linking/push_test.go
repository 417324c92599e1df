package linking_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"sotto/banking"
	"sotto/linking"
)

// pushing is a good request of this client as it would be pushed, with the client's proof.
func (h *house) pushing(client string, change func(url.Values)) linking.Call {
	q := request(client)
	if change != nil {
		change(q)
	}
	c := call(client, nil)
	if client == "signed" {
		c = asserting(h.assertion("signed").sign(), nil)
	}
	for name, values := range q {
		c.Form[name] = values
	}
	return c
}

// pushed pushes a request and gives the query with which a browser opens it.
func (h *house) pushed(client string) url.Values {
	h.t.Helper()
	p, err := h.Push(h.t.Context(), h.pushing(client, nil))
	if err != nil {
		h.t.Fatal(err)
	}
	return url.Values{"client_id": {client}, "request_uri": {string(p.URI)}}
}

func TestAPushedRequestLinksAsOneInAnAddressDoes(t *testing.T) {
	for _, client := range []string{"alexa", "google", "mcp", "signed"} {
		t.Run(client, func(t *testing.T) {
			h := openSigning(t)
			p := h.authorize(h.pushed(client))
			plain := h.authorize(request(client))
			if p.Client != plain.Client || p.Host != plain.Host || len(p.Scopes) != len(plain.Scopes) {
				t.Errorf("got %+v, want what the same request in an address shows: %+v", p, plain)
			}
			step := h.approve(p)
			got := parameters(t, step.URL)
			if !strings.HasPrefix(step.URL, request(client).Get("redirect_uri")) || got.Get("state") != request(client).Get("state") || got.Get("iss") != issuer {
				t.Errorf("sent to %s", step.URL)
			}
			c := call(client, exchanging(client, got.Get("code")))
			if client == "signed" {
				c = asserting(h.assertion(client).sign(), exchanging(client, got.Get("code")))
			}
			if _, err := h.Token(t.Context(), c); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestThePushedResponseIsAsRFC9126Says(t *testing.T) {
	h := open(t)
	p, err := h.Push(t.Context(), h.pushing("mcp", nil))
	if err != nil {
		t.Fatal(err)
	}
	body, err := json.Marshal(p)
	want := fmt.Sprintf(`{"request_uri":%q,"expires_in":90}`, string(p.URI))
	if err != nil || string(body) != want || !strings.HasPrefix(string(p.URI), "urn:ietf:params:oauth:request_uri:") {
		t.Errorf("got %s, %v, want %s", body, err, want)
	}
	if shown := fmt.Sprintf("%v %+v", p, p); strings.Contains(shown, string(p.URI)) {
		t.Error("it shows its name when printed")
	}
}

// TestWhatCannotBePushed: what would be refused in an address is refused before there is an address, and nobody is redirected.
func TestWhatCannotBePushed(t *testing.T) {
	for name, tc := range map[string]struct {
		client string
		change func(url.Values)
		spoil  func(*linking.Call)
		code   string
		reason string
	}{
		"a request that names another pushed request": {"alexa", func(q url.Values) { q.Set("request_uri", "urn:ietf:params:oauth:request_uri:x") }, nil, "invalid_request", "request_uri_pushed"},
		"a request object, which might say otherwise": {"alexa", func(q url.Values) { q.Set("request", "x.y.z") }, nil, "request_not_supported", "request"},
		"a redirect URI of an attacker":               {"alexa", func(q url.Values) { q.Set("redirect_uri", "https://evil.example/") }, nil, "invalid_request", "redirect_unknown"},
		"no redirect URI":                             {"alexa", func(q url.Values) { q.Del("redirect_uri") }, nil, "invalid_request", "redirect_unknown"},
		"no PKCE":                                     {"alexa", func(q url.Values) { q.Del("code_challenge"); q.Del("code_challenge_method") }, nil, "invalid_request", "pkce_missing"},
		"plain PKCE":                                  {"alexa", func(q url.Values) { q.Set("code_challenge_method", "plain") }, nil, "invalid_request", "pkce_plain"},
		"the implicit grant":                          {"alexa", func(q url.Values) { q.Set("response_type", "token") }, nil, "unsupported_response_type", "response_type"},
		"a scope the client was not given":            {"google", func(q url.Values) { q.Set("scope", "income") }, nil, "invalid_scope", "scope_not_allowed"},
		"a token for another server":                  {"mcp", func(q url.Values) { q.Set("resource", "https://evil.example/mcp") }, nil, "invalid_target", "resource_unknown"},
		"a state of more than 8 KiB":                  {"mcp", func(q url.Values) { q.Set("state", strings.Repeat("s", 8<<10+1)) }, nil, "invalid_request", "state_too_long"},
		"a parameter given twice":                     {"mcp", func(q url.Values) { q.Add("scope", "a"); q.Add("scope", "b") }, nil, "invalid_request", "parameter_twice"},
		"a request in another client's name": {"alexa", nil, func(c *linking.Call) {
			c.Authorization = "Basic " + base64url("other:other+a")
			delete(c.Form, "client_secret")
		}, "invalid_request", "two_clients"},
		"a request of somebody who does not prove it": {"alexa", nil, func(c *linking.Call) { delete(c.Form, "client_secret") }, "invalid_client", "secret_missing"},
		"a request of a client that signs, without that": {"signed", nil, func(c *linking.Call) {
			delete(c.Form, "client_assertion")
			delete(c.Form, "client_assertion_type")
			c.Form["client_id"] = []string{"signed"}
		}, "invalid_client", "assertion_missing"},
		"a request of nobody": {"alexa", nil, func(c *linking.Call) { c.Form["client_id"] = []string{"nobody"} }, "invalid_client", "client_unknown"},
	} {
		t.Run(name, func(t *testing.T) {
			h := openSigning(t)
			c := h.pushing(tc.client, tc.change)
			if tc.spoil != nil {
				tc.spoil(&c)
			}
			p, err := h.Push(t.Context(), c)
			e := refused(t, err, tc.code, tc.reason)
			if e.Redirect != "" || p.URI != "" {
				t.Errorf("got %v with the refusal, and a redirect to %q", p, e.Redirect)
			}
			if want := map[bool]int{true: 401, false: 400}[tc.code == "invalid_client"]; e.Status != want {
				t.Errorf("got status %d, want %d", e.Status, want)
			}
		})
	}
}

// TestWhatCannotBeOpened has a case for every binding of a pushed request (RFC 9126 section 4 and 7). None is ever redirected.
func TestWhatCannotBeOpened(t *testing.T) {
	for name, tc := range map[string]struct {
		attack       func(h *house, q url.Values)
		code, reason string
	}{
		"a request pushed by one client cannot be opened by another": {func(_ *house, q url.Values) { q.Set("client_id", "other") }, "invalid_request", "request_of_another_client"},
		"a request cannot be opened for nobody":                      {func(_ *house, q url.Values) { q.Del("client_id") }, "invalid_client", "client_unknown"},
		"a request cannot be opened for two":                         {func(_ *house, q url.Values) { q.Add("client_id", "other") }, "invalid_request", "client_twice"},
		"a request found in a history cannot be opened":              {func(h *house, _ url.Values) { h.Pass(90 * time.Second) }, "invalid_request", "request_expired"},
		"a request for which a code was given cannot be opened":      {func(h *house, q url.Values) { h.approve(h.authorize(q)) }, "invalid_request", "request_used"},
		"a request that was swept cannot be opened": {func(h *house, _ url.Values) {
			h.Pass(2 * time.Hour)
			if err := h.Sweep(h.t.Context()); err != nil {
				h.t.Fatal(err)
			}
		}, "invalid_request", "request_unknown"},
		"a request cannot be guessed": {func(_ *house, q url.Values) {
			q.Set("request_uri", "urn:ietf:params:oauth:request_uri:"+strings.Repeat("A", 43))
		}, "invalid_request", "request_unknown"},
		"a request is no SQL":                   {func(_ *house, q url.Values) { q.Set("request_uri", "urn:ietf:params:oauth:request_uri:' OR 1=1 --") }, "invalid_request", "request_malformed"},
		"two requests cannot be opened at once": {func(h *house, q url.Values) { q.Add("request_uri", h.pushed("alexa").Get("request_uri")) }, "invalid_request", "request_malformed"},
	} {
		t.Run(name, func(t *testing.T) {
			h := open(t)
			q := h.pushed("alexa")
			tc.attack(h, q)
			_, err := h.Authorize(t.Context(), q.Encode(), "")
			if e := refused(t, err, tc.code, tc.reason); e.Redirect != "" {
				t.Errorf("redirected to %s", e.Redirect)
			}
		})
	}
}

// TestWhatIsPushedCannotBeChangedInTheAddress: the customer's browser is where an attacker could.
func TestWhatIsPushedCannotBeChangedInTheAddress(t *testing.T) {
	h := open(t)
	q := h.pushed("alexa")
	maps.Copy(q, url.Values{"scope": {"transactions"}, "state": {"another"}, "redirect_uri": {"https://evil.example/"}, "code_challenge": {s256(strings.Repeat("x", 43))}})
	step := h.approve(h.authorize(q))
	got := parameters(t, step.URL)
	if !strings.HasPrefix(step.URL, answerURI) || got.Get("state") != request("alexa").Get("state") {
		t.Errorf("sent to %s", step.URL)
	}
	h.token("alexa", exchanging("alexa", got.Get("code")))
}

func TestAClientThatMustPushIsRefusedWhereItDoesNot(t *testing.T) {
	h := open(t)
	all := clients()
	all[0].PAR = linking.Required
	h.Authority = h.authority(all)
	_, err := h.Authorize(t.Context(), request("alexa").Encode(), "")
	e := refused(t, err, "invalid_request", "par_missing")
	if got := parameters(t, e.Redirect); !strings.HasPrefix(e.Redirect, answerURI) || got.Get("error") != "invalid_request" || got.Get("state") == "" || got.Get("iss") != issuer {
		t.Errorf("the client is not told: %q", e.Redirect)
	}
	h.approve(h.authorize(h.pushed("alexa")))
}

// TestAnAddressThatIsOpenedTwiceEndsWell: browsers fetch ahead, load again, go back, and people click twice.
func TestAnAddressThatIsOpenedTwiceEndsWell(t *testing.T) {
	again := func(h *house, q url.Values, browser linking.Token) linking.Page {
		h.t.Helper()
		p, err := h.Authorize(h.t.Context(), q.Encode(), browser)
		if err != nil {
			h.t.Fatal(err)
		}
		return p
	}
	for name, play := range map[string]func(h *house, q url.Values){
		"fetched ahead by something without cookies": func(h *house, q url.Values) {
			h.authorize(q)
			h.approve(h.authorize(q))
		},
		"loaded again": func(h *house, q url.Values) {
			p := h.authorize(q)
			if again(h, q, p.Browser).Interaction != p.Interaction {
				h.t.Error("loading again began another interaction")
			}
			h.approve(p)
		},
		"loaded again when the address is no longer young": func(h *house, q url.Values) {
			p := h.authorize(q)
			h.Pass(20 * time.Minute)
			h.approve(again(h, q, p.Browser))
		},
		"gone back to from the bank": func(h *house, q url.Values) {
			p := h.authorize(q)
			h.toBank(p, linking.Approve)
			h.Pass(5 * time.Minute)
			h.approve(again(h, q, p.Browser))
		},
		"opened in the app's browser, then in the real one": func(h *house, q url.Values) {
			first := h.authorize(q)
			h.toBank(first, linking.Approve)
			h.approve(h.authorize(q))
		},
		"denied, and then thought better of": func(h *house, q url.Values) {
			p := h.authorize(q)
			if _, err := h.Decide(h.t.Context(), linking.Decision{Interaction: p.Interaction, Browser: p.Browser, Choice: linking.Deny}); err != nil {
				h.t.Fatal(err)
			}
			h.approve(again(h, q, p.Browser))
		},
	} {
		t.Run(name, func(t *testing.T) {
			h := open(t)
			play(h, h.pushed("alexa"))
		})
	}
}

// TestOfAllWhoOpenedOneRequestOneGetsACode: in whatever browser and process they go on.
func TestOfAllWhoOpenedOneRequestOneGetsACode(t *testing.T) {
	h := open(t)
	q := h.pushed("alexa")
	var wg sync.WaitGroup
	var mu sync.Mutex
	codes := 0
	var pages []linking.Page
	for range 6 {
		pages = append(pages, h.authorize(q))
	}
	for _, p := range pages {
		state := h.toBank(p, linking.Approve)
		wg.Go(func() {
			step, err := h.Return(t.Context(), p.Browser, banking.Return{State: state, Code: "ada"})
			if err == nil && step.Outcome == "linked" {
				mu.Lock()
				codes++
				mu.Unlock()
				return
			}
			refused(t, err, "invalid_request", "interaction_over")
		})
	}
	wg.Wait()
	if codes != 1 {
		t.Errorf("%d codes were given for one request", codes)
	}
}
