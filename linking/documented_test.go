package linking_test

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"sotto/linking"
	"sotto/linking/document"
)

const agent = "https://agent.example/client.json"

// documents are those of a host that is allowed, as their owner writes them.
type documents struct {
	written map[string]document.Document
	err     error
	read    int
	closed  bool // the operator no longer allows it
}

func (d *documents) Allows(id string) bool {
	return !d.closed && strings.HasPrefix(id, "https://agent.example/")
}

func (d *documents) Document(_ context.Context, id string) (document.Document, error) {
	d.read++
	written, ok := d.written[id]
	switch {
	case d.err != nil:
		return document.Document{}, d.err
	case !ok:
		return document.Document{}, fmt.Errorf("%w: status 404", document.ErrInvalid)
	}
	return written, nil
}

func openDocumented(t *testing.T) (*house, *documents) {
	t.Helper()
	h := open(t)
	d := &documents{written: map[string]document.Document{
		agent: {ClientID: agent, Name: "Agent", RedirectURIs: []string{"https://agent.example/cb", "http://127.0.0.1/cb"}, Scopes: []string{"balances", "spending", "offline_access"}},
	}}
	var err error
	h.Authority, err = linking.New(linking.Options{
		Issuer: issuer, Clients: clients(), Keys: h.keys, Store: h.store, Connections: h.bank, Documents: d, Now: h.Now,
	})
	if err != nil {
		t.Fatal(err)
	}
	return h, d
}

// introduced is the query of a good authorization request of the agent.
func introduced() url.Values {
	return url.Values{
		"response_type": {"code"}, "client_id": {agent}, "redirect_uri": {"https://agent.example/cb"}, "state": {"s"},
		"code_challenge": {s256(verifier)}, "code_challenge_method": {"S256"}, "resource": {issuer + "/mcp"},
	}
}

func trading(code string) map[string]string {
	return map[string]string{"grant_type": "authorization_code", "code": code, "redirect_uri": "https://agent.example/cb", "code_verifier": verifier}
}

func TestAnAssistantOfNoSettingsIntroducesItselfAndLinks(t *testing.T) {
	h, d := openDocumented(t)
	p := h.authorize(introduced())
	if p.Client != "Agent" || p.ClientID != agent || p.Site != "agent.example" || p.Host != "agent.example" || p.Local || len(p.Scopes) != 2 {
		t.Errorf("the page says %+v", p)
	}
	code := parameters(t, h.approve(p).URL).Get("code")
	read := d.read
	g := h.token(agent, trading(code))
	link, err := h.Resolve(t.Context(), linking.MCP, g.AccessToken)
	if err != nil || link.Client != agent || link.Platform != linking.MCP {
		t.Errorf("got %+v, %v", link, err)
	}
	next := h.token(agent, refreshing(g.RefreshToken))
	if next.RefreshToken == g.RefreshToken || !strings.HasPrefix(string(next.RefreshToken), "sr_") {
		t.Error("the refresh token of a public client does not rotate")
	}
	if err := h.Revoke(t.Context(), call(agent, map[string]string{"token": string(next.RefreshToken)})); err != nil {
		t.Error(err)
	}
	if _, err := h.Resolve(t.Context(), linking.MCP, g.AccessToken); !errors.Is(err, linking.ErrNotLinked) {
		t.Errorf("after the revocation: got %v", err)
	}
	if d.read != read {
		t.Error("a document was read where tokens are")
	}
}

func TestADocumentMayBePushedWith(t *testing.T) {
	h, _ := openDocumented(t)
	c := call(agent, nil)
	for name, values := range introduced() {
		c.Form[name] = values
	}
	p, err := h.Push(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	page := h.authorize(url.Values{"client_id": {agent}, "request_uri": {string(p.URI)}})
	if page.Client != "Agent" || page.Site != "agent.example" {
		t.Errorf("the page says %+v", page)
	}
	h.token(agent, trading(parameters(t, h.approve(page).URL).Get("code")))
}

func TestAProgramOnTheDeviceIsWarnedOf(t *testing.T) {
	h, _ := openDocumented(t)
	q := introduced()
	q.Set("redirect_uri", "http://127.0.0.1:49152/cb")
	if p := h.authorize(q); !p.Local || p.Host != "127.0.0.1:49152" {
		t.Errorf("the page says %+v", p)
	}
}

// TestALinkOutlivesItsDocument: somebody's web server is not asked when tokens are; but what the operator no longer allows ends at once.
func TestALinkOutlivesItsDocument(t *testing.T) {
	h, d := openDocumented(t)
	g := h.token(agent, trading(parameters(t, h.approve(h.authorize(introduced())).URL).Get("code")))
	d.err = document.ErrUnreachable
	g = h.token(agent, refreshing(g.RefreshToken))
	if name := h.ClientName(t.Context(), agent); name != "agent.example" {
		t.Errorf("it is called %q while its document cannot be had", name)
	}
	d.closed = true
	if _, err := h.Resolve(t.Context(), linking.MCP, g.AccessToken); !errors.Is(err, linking.ErrNotLinked) {
		t.Errorf("got %v for an access token of a host that is no longer allowed", err)
	}
	_, err := h.Token(t.Context(), call(agent, refreshing(g.RefreshToken)))
	refused(t, err, "invalid_client", "client_unknown")
	_, err = h.Authorize(t.Context(), introduced().Encode(), "")
	refused(t, err, "invalid_client", "client_unknown")
}

// TestWhoCannotIntroduceHimself: nothing is kept, and nobody is redirected, before a document has proven to whom.
func TestWhoCannotIntroduceHimself(t *testing.T) {
	written := func(change func(*document.Document)) func(*documents, url.Values) {
		return func(d *documents, _ url.Values) {
			w := d.written[agent]
			change(&w)
			d.written[agent] = w
		}
	}
	for name, tc := range map[string]struct {
		attack       func(*documents, url.Values)
		code, reason string
		status       int
	}{
		"a client of a host that was not allowed":           {func(_ *documents, q url.Values) { q.Set("client_id", "https://evil.example/client.json") }, "invalid_client", "client_unknown", 400},
		"a client without a document":                       {func(_ *documents, q url.Values) { q.Set("client_id", "https://agent.example/none.json") }, "invalid_client", "document_invalid", 400},
		"a client whose host does not answer":               {func(d *documents, _ url.Values) { d.err = document.ErrUnreachable }, "temporarily_unavailable", "document_unreachable", 503},
		"a redirect URI that is not in the document":        {func(_ *documents, q url.Values) { q.Set("redirect_uri", "https://evil.example/") }, "invalid_request", "redirect_unknown", 400},
		"a redirect URI on the same host that is not in it": {func(_ *documents, q url.Values) { q.Set("redirect_uri", "https://agent.example/cb2") }, "invalid_request", "redirect_unknown", 400},
		"a document that redirects without TLS":             {written(func(w *document.Document) { w.RedirectURIs = append(w.RedirectURIs, "http://agent.example/cb") }), "invalid_client", "document_invalid", 400},
		"a document that redirects to a script":             {written(func(w *document.Document) { w.RedirectURIs = append(w.RedirectURIs, "javascript:alert(1)") }), "invalid_client", "document_invalid", 400},
		"a document that redirects to an app by its scheme": {written(func(w *document.Document) { w.RedirectURIs = append(w.RedirectURIs, "app:/cb") }), "invalid_client", "document_invalid", 400},
		"a document that redirects to loopback's pretty name": {written(func(w *document.Document) {
			w.RedirectURIs = append(w.RedirectURIs, "http://localhost.evil.example/cb")
		}), "invalid_client", "document_invalid", 400},
	} {
		t.Run(name, func(t *testing.T) {
			h, d := openDocumented(t)
			q := introduced()
			tc.attack(d, q)
			_, err := h.Authorize(t.Context(), q.Encode(), "")
			e := refused(t, err, tc.code, tc.reason)
			if e.Redirect != "" || e.Status != tc.status {
				t.Errorf("status %d, redirected to %q", e.Status, e.Redirect)
			}
		})
	}
}

// TestWhatAnAssistantThatIntroducedItselfCannotDo: what is said of every public client holds for it too.
func TestWhatAnAssistantThatIntroducedItselfCannotDo(t *testing.T) {
	h, _ := openDocumented(t)
	for name, tc := range map[string]struct {
		change       func(url.Values)
		code, reason string
	}{
		"go without PKCE": {func(q url.Values) { q.Del("code_challenge"); q.Del("code_challenge_method") }, "invalid_request", "pkce_missing"},
		"ask for a scope that its document leaves out": {func(q url.Values) { q.Set("scope", "transactions") }, "invalid_scope", "scope_not_allowed"},
		"ask for another platform's tokens":            {func(q url.Values) { q.Set("resource", issuer+"/alexa") }, "invalid_target", "resource_unknown"},
	} {
		q := introduced()
		tc.change(q)
		_, err := h.Authorize(t.Context(), q.Encode(), "")
		if e := refused(t, err, tc.code, tc.reason); !strings.HasPrefix(e.Redirect, "https://agent.example/cb?") {
			t.Errorf("%s: the client is not told", name)
		}
	}
	code := func() string { return parameters(t, h.approve(h.authorize(introduced())).URL).Get("code") }
	for name, tc := range map[string]struct {
		client       string
		members      map[string]string
		code, reason string
	}{
		"a stolen code presented by its neighbour on the same host": {"https://agent.example/other.json", trading(code()), "invalid_grant", "code_of_another_client"},
		"a stolen code presented by a client of the settings":       {"mcp", trading(code()), "invalid_grant", "code_of_another_client"},
		"a stolen code without its verifier":                        {agent, with(trading(code()), "code_verifier", ""), "invalid_grant", "verifier_missing"},
		"a made-up secret":                                          {agent, with(trading(code()), "client_secret", "x"), "invalid_client", "secret_of_public_client"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := h.Token(t.Context(), call(tc.client, tc.members))
			refused(t, err, tc.code, tc.reason)
		})
	}
	old := h.token(agent, trading(code())).RefreshToken
	h.token(agent, refreshing(old))
	h.Pass(2 * time.Minute)
	_, err := h.Token(t.Context(), call(agent, refreshing(old)))
	refused(t, err, "invalid_grant", "refresh_reused")
	_, err = h.Introspect(t.Context(), call(agent, map[string]string{"token": "x"}))
	refused(t, err, "invalid_client", "introspection_by_public_client")
}

// TestNobodyIsSentOnUnaskedToWhereOnlyADocumentSays: whoever may write a document on a host that was named could otherwise have our address lead to
// his page, with a request that is refused. What a customer has been shown and answers leads there all the same.
func TestNobodyIsSentOnUnaskedToWhereOnlyADocumentSays(t *testing.T) {
	h, d := openDocumented(t)
	const elsewhere = "https://elsewhere.example/cb"
	w := d.written[agent]
	w.RedirectURIs = append(w.RedirectURIs, elsewhere)
	d.written[agent] = w
	for redirect, told := range map[string]bool{elsewhere: false, "https://agent.example/cb": true, "http://127.0.0.1:49152/cb": true} {
		q := introduced()
		q.Set("redirect_uri", redirect)
		q.Set("scope", "nonsense")
		_, err := h.Authorize(t.Context(), q.Encode(), "")
		if e := refused(t, err, "invalid_scope", "scope_not_allowed"); (e.Redirect != "") != told || e.Status != 400 || e.Client != agent {
			t.Errorf("%s: %d, on to %q", redirect, e.Status, e.Redirect)
		}
	}
	q := introduced()
	q.Set("redirect_uri", elsewhere)
	p := h.authorize(q)
	step, err := h.Decide(t.Context(), linking.Decision{Interaction: p.Interaction, Browser: p.Browser, Choice: linking.Deny})
	if err != nil || !strings.HasPrefix(step.URL, elsewhere+"?error=access_denied") || p.Host != "elsewhere.example" {
		t.Errorf("a no of a customer who was shown %q leads to %q, %v", p.Host, step.URL, err)
	}
}

func TestTheMetadataSaysWhetherDocumentsAreRead(t *testing.T) {
	h, _ := openDocumented(t)
	if !h.Metadata().ClientIDDocuments {
		t.Error("it does not say so")
	}
	if open(t).Metadata().ClientIDDocuments {
		t.Error("it says so where none is")
	}
}
