package tests

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"

	"sotto/server/dev"
)

// What is tried in more than one row of the table of refusals.

// changed is Alexa's authorization request, changed.
func changed(change func(url.Values)) func(*adversary) string {
	return func(a *adversary) string { return a.asks("alexa", change) }
}

func redirected(to string) func(*adversary) string {
	return changed(func(q url.Values) { q.Set("redirect_uri", to) })
}

// redirectedAs replaces a part of the good redirect URI.
func redirectedAs(part, by string) func(*adversary) string {
	return changed(func(q url.Values) {
		good := q.Get("redirect_uri")
		if !strings.Contains(good, part) {
			panic(good + " has no " + part)
		}
		q.Set("redirect_uri", strings.Replace(good, part, by, 1))
	})
}

// elsewhere submits the page of one browser from another, which has a page of its own.
func elsewhere(decision url.Values) func(*adversary) string {
	return func(a *adversary) string {
		page, other := a.walker(a.t, "alexa").open(nil), a.walker(a.t, "alexa")
		other.open(nil)
		return a.arrives(other.submit(page, decision))
	}
}

// returning brings an answer that no bank gave.
func returning(answer string) func(*adversary) string {
	return func(a *adversary) string {
		w := a.walker(a.t, "alexa")
		w.approve(w.open(nil))
		return a.arrives(w.visit(a.PublicURL() + "/link/callback?" + answer))
	}
}

// asksAgain reads a page that is shown again because the bank's answer was not believed.
func (a *adversary) asksAgain(page *dev.Page) string {
	if strings.Contains(page.Text, "Nothing was linked") {
		return "nothing linked"
	}
	return a.arrives(page)
}

// choosing submits the consent page like this.
func choosing(decision url.Values) func(*adversary) string {
	return func(a *adversary) string {
		w := a.walker(a.t, "alexa")
		page := w.submit(w.open(nil), decision)
		if page.Status == http.StatusOK && strings.Contains(page.Text, "Please choose a bank") {
			return "asked again"
		}
		return a.arrives(page)
	}
}

// denying says no somewhere, to a client whose state is "a+b/c=%".
func denying(no func(*walker) *dev.Page) func(*adversary) string {
	return func(a *adversary) string {
		page := no(a.walker(a.t, "alexa"))
		if q := page.URL.Query(); q.Get("state") != "a+b/c=%" || q.Get("iss") != a.PublicURL() || q.Has("code") {
			a.t.Errorf("the client is told %v", q)
		}
		return a.arrives(page)
	}
}

// stolen presents Alexa's code as Alexa's client, with one member of the form changed.
func stolen(name, value string) func(*adversary) string {
	return func(a *adversary) string { return a.as("alexa", but(a.code("alexa"), name, value)) }
}

// twice has a code come once more, after its owner has traded it and refreshed.
func twice(client string) func(*adversary) string {
	return func(a *adversary) string {
		form := a.code(client)
		a.trade()
		a.refresh()
		return a.as(client, form)
	}
}

func granting(kind string) func(*adversary) string {
	return func(a *adversary) string {
		return a.as("alexa", url.Values{"grant_type": {kind}, "username": {"ada"}, "password": {"guess"}})
	}
}

// proving presents a good code with the proof of its client spoiled.
func proving(spoil func(a *adversary, form url.Values)) func(*adversary) string {
	return func(a *adversary) string {
		form := a.code("alexa")
		inBody(a.owner.client)(nil, form)
		spoil(a, form)
		return a.call("/oauth/token", form, anonymous)
	}
}

// provingBy refreshes with a proof of this kind.
func provingBy(authenticate func(dev.Client) func(*http.Request, url.Values)) func(*adversary) string {
	return func(a *adversary) string {
		return a.call("/oauth/token", refreshing(a.link("alexa").Refresh), authenticate(a.owner.client))
	}
}

// Ways of client authentication beside byBasic and inBody.
func anonymous(*http.Request, url.Values) {}

func both(one, two func(*http.Request, url.Values)) func(*http.Request, url.Values) {
	return func(r *http.Request, form url.Values) { one(r, form); two(r, form) }
}

func byEncodedBasic(c dev.Client) func(*http.Request, url.Values) {
	encode := func(s string) (all string) {
		for _, b := range []byte(s) {
			all += fmt.Sprintf("%%%02X", b)
		}
		return all
	}
	return func(r *http.Request, _ url.Values) { r.SetBasicAuth(encode(c.ID), encode(c.Secret)) }
}

func secrets(c dev.Client) url.Values {
	return url.Values{"client_id": {c.ID}, "client_secret": {c.Secret}}
}

func sum(text string) string {
	digest := sha256.Sum256([]byte(text))
	return hex.EncodeToString(digest[:])
}

// tampered asks Alexa with a JWT whose parts were changed.
func tampered(change func([]string) []string) func(*adversary) string {
	return func(a *adversary) string {
		good := a.link("alexa").Access
		bad := strings.Join(change(strings.Split(good, ".")), ".")
		if a.says(good) != "an answer" || good == bad {
			a.t.Fatal("the good token is not answered, or not changed, so that this says nothing")
		}
		return a.says(bad)
	}
}

// claim is a claim of a JWT, which is not verified.
func claim(a *adversary, token, name string) string {
	a.t.Helper()
	part := strings.Split(token, ".")
	content, err := base64.RawURLEncoding.DecodeString(part[1])
	var claims map[string]any
	if err != nil || json.Unmarshal(content, &claims) != nil {
		a.t.Fatalf("no JWT: %v", err)
	}
	if list, ok := claims[name].([]any); ok && len(list) == 1 {
		return fmt.Sprint(list[0])
	}
	return fmt.Sprint(claims[name])
}

// audience links an MCP assistant that asks for a resource of this path; a token is for the one wanted.
func audience(asked, wanted string) func(*adversary) string {
	return func(a *adversary) string {
		resource := a.PublicURL() + asked
		if asked == "" {
			resource = ""
		}
		return same(claim(a, a.link("mcp", "resource", resource).Access, "aud"), a.PublicURL()+wanted)
	}
}

func (a *adversary) issuer() string {
	a.t.Helper()
	r, err := http.NewRequestWithContext(a.t.Context(), http.MethodGet, a.PublicURL()+metadataPath, nil)
	if err != nil {
		a.t.Fatal(err)
	}
	_, _, body := ask(a.t, r)
	var m struct{ Issuer string }
	if err := json.Unmarshal(body, &m); err != nil {
		a.t.Fatal(err)
	}
	return m.Issuer
}

// stated links with this state, and looks at what comes back.
func stated(state string) func(*adversary) string {
	return func(a *adversary) string {
		a.link("alexa", "state", state)
		return same(a.owner.back.Get("state"), state)
	}
}

// shaped looks at a client's token response, and at that of a refresh: J is any base64url, T has 43 characters.
func shaped(client, shape string) func(*adversary) string {
	pattern := regexp.MustCompile("^" + strings.NewReplacer("J", `[\w-]+`, "T", `[\w-]{43}`, "token_Type", "token_type").Replace(regexp.QuoteMeta(shape)) + "$")
	return func(a *adversary) string {
		a.link(client)
		for _, body := range []string{a.owner.body, func() string { a.refresh(); return a.owner.body }()} {
			if !pattern.MatchString(body) || len(a.owner.got.Access) > 2<<10 {
				return body
			}
		}
		return "as wanted"
	}
}

// successor refreshes with this token as the owner, and gives the refresh token that came.
func (a *adversary) successor(token string) string {
	_, _, body := a.post("/oauth/token", refreshing(token), inBody(a.owner.client))
	var got tokenAnswer
	if err := json.Unmarshal(body, &got); err != nil || got.Refresh == "" || got.Refresh == token {
		a.t.Errorf("no successor: %s", body)
	}
	return got.Refresh
}

// atOnce does the same n times at once.
func (a *adversary) atOnce(n int, do func() string) []string {
	var all sync.WaitGroup
	answers, begin := make([]string, n), make(chan struct{})
	for i := range n {
		all.Go(func() {
			<-begin
			answers[i] = do()
		})
	}
	close(begin)
	all.Wait()
	return answers
}

// most counts who was told this; everybody else must have been told the other.
func most(answers []string, this string, n int, other string) string {
	count := 0
	for _, answer := range answers {
		switch answer {
		case this:
			count++
		case other:
		default:
			return answer
		}
	}
	if count != n {
		slices.Sort(answers)
		return strings.Join(answers, ", ")
	}
	return fmt.Sprintf("%d of %s", n, this)
}

func same(one, two string) string {
	if one == two {
		return "the same"
	}
	return "another"
}

// query is that of a URL, and replaced is the URL with one parameter of it replaced.
func query(a *adversary, raw string) url.Values {
	a.t.Helper()
	u, err := url.Parse(raw)
	if err != nil {
		a.t.Fatal(err)
	}
	return u.Query()
}

func replaced(a *adversary, raw, name, value string) string {
	a.t.Helper()
	q := query(a, raw)
	if !q.Has(name) || q.Get(name) == value {
		a.t.Fatalf("%s has no other %s", raw, name)
	}
	q.Set(name, value)
	path, _, _ := strings.Cut(raw, "?")
	return path + "?" + q.Encode()
}

// plainPages looks at every page of ours on the way through linking, and at the cookie.
func (a *adversary) plainPages(client string) string {
	w := a.walker(a.t, client)
	r, err := http.NewRequestWithContext(a.t.Context(), http.MethodGet, w.request(nil), nil)
	if err != nil {
		a.t.Fatal(err)
	}
	_, header, body := ask(a.t, r)
	if cookie := header.Get("Set-Cookie"); !strings.Contains(cookie, "HttpOnly") || !strings.Contains(cookie, "SameSite=Lax") {
		return "the cookie " + cookie
	}
	for _, content := range []string{string(body), w.submit(w.open(nil), url.Values{"bank": {}, "decision": {"approve"}}).Source} {
		for _, odd := range []string{"<script", "target=", "onclick", "javascript:", "http://", "https://"} {
			if strings.Contains(content, odd) {
				return odd + " in " + content
			}
		}
	}
	return "plain"
}
