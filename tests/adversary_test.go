package tests

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"sotto/linking"
	"sotto/server"
	"sotto/server/dev"
	"sotto/skills"
	"sotto/tests/database"
)

// databases are the engines that every refusal is tried on, with what makes a fresh database of each.
var databases = []struct {
	name  string
	fresh func(testing.TB) string
}{
	{"SQLite", database.SQLite},
	{"PostgreSQL", database.PostgreSQL},
}

// chapter is one subject of the table of refusals, and refusal one row of it.
type chapter struct {
	name string
	rows []refusal
}

type refusal struct {
	name string                    // a sentence about whoever tries it
	try  func(a *adversary) string // what he does; gives what he is told
	says string                    // what he must be told, in the words of the methods of adversary
	why  string                    // the reason in the house's log; empty where a reason is not what it is about
	then fate                      // of the link it was about
}

// fate is what has become of a link afterwards.
type fate int

const (
	none  fate = iota // there was no link
	lives             // its owner goes on as if nothing had been tried
	over              // nothing that was ever given for it is accepted any more
)

// adversary is somebody at the doors of a house who has what leaks: codes, tokens, and pages that are not his. In the rows of the table that
// are about accidents he is the customer himself.
type adversary struct {
	*openHouse
	t     *testing.T
	mu    sync.Mutex // of owner
	owner owner
}

// owner is the honest client of the link that a row is about, and what it has been given.
type owner struct {
	client dev.Client
	back   url.Values // what the redirect carried
	form   url.Values // trades the code
	code   bool       // it still does
	got    tokenAnswer
	body   string // of the answer got was in
	access []string
}

// The clients beside those that are invented: a second one of Alexa's platform, for those who present what is another's, one that signs (signer),
// and one that is no OAuth client.
var stranger = dev.Client{ID: "stranger", Secret: "a secret: of 256 bits + odd characters %/=é&", RedirectURIs: []string{"https://stranger.example/back?keep=this"}}

func strangers(tb testing.TB) (file string) {
	tb.Helper()
	digest := sha256.Sum256([]byte(stranger.Secret))
	file = filepath.Join(tb.TempDir(), "clients.yaml")
	keys, err := json.Marshal(map[string]any{"keys": []any{jwk(signerKey(), false)}})
	if err == nil {
		err = os.WriteFile(filepath.Join(filepath.Dir(file), "signer.jwks"), keys, 0o600)
	}
	if err != nil {
		tb.Fatal(err)
	}
	content := fmt.Sprintf(`
- {id: stranger, name: Stranger, platform: alexa, auth: basic_or_post, secret_sha256: %s, redirect_uris: ["%s"], scopes: [balances]}
- {id: chat, name: Chat, platform: messenger, scopes: [balances]}
- {id: signer, name: Signer, platform: alexa, auth: private_key_jwt, jwks_file: %s, par: required, redirect_uris: ["%s"], scopes: [balances]}
`, hex.EncodeToString(digest[:]), stranger.RedirectURIs[0], filepath.Join(filepath.Dir(file), "signer.jwks"), signer.RedirectURIs[0])
	if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
		tb.Fatal(err)
	}
	return file
}

func (a *adversary) named(client string) dev.Client {
	switch client {
	case stranger.ID:
		return stranger
	case signer.ID:
		return signer
	default:
		return a.Dev().Clients[client]
	}
}

// code has a customer link this client, up to the code; more are parameters of the authorization request.
func (a *adversary) code(client string, more ...string) url.Values {
	a.t.Helper()
	w := a.walker(a.t, client)
	q := url.Values{}
	for i := 0; i+1 < len(more); i += 2 {
		if q[more[i]] = []string{more[i+1]}; more[i+1] == "" {
			q[more[i]] = nil
		}
	}
	if redirect := q.Get("redirect_uri"); redirect != "" {
		w.client.RedirectURIs = []string{redirect}
		w.browser = w.newBrowser()
	}
	back := w.back(w.decide(w.signIn(w.approve(w.open(q))), "approve"))
	if back.Get("iss") != a.PublicURL() {
		a.t.Errorf("the code comes from %q", back.Get("iss"))
	}
	a.owner = owner{client: w.client, back: back, code: true, form: url.Values{
		"grant_type": {"authorization_code"}, "code": back["code"], "redirect_uri": {w.client.RedirectURIs[0]}, "code_verifier": {verifier},
	}}
	return maps.Clone(a.owner.form)
}

// link has a customer link this client, whose tokens are then the owner's.
func (a *adversary) link(client string, more ...string) tokenAnswer {
	a.t.Helper()
	a.code(client, more...)
	return a.trade()
}

// trade has the owner trade the code.
func (a *adversary) trade() tokenAnswer {
	a.t.Helper()
	a.owner.code = false
	return a.given(a.owner.form)
}

// refresh has the owner refresh.
func (a *adversary) refresh(more ...string) tokenAnswer {
	a.t.Helper()
	return a.given(but(refreshing(a.owner.got.Refresh), more...))
}

func (a *adversary) given(form url.Values) tokenAnswer {
	a.t.Helper()
	if said := a.keep(form); said != "200" {
		a.t.Fatalf("the owner is told %s", said)
	}
	return a.owner.got
}

// keep presents a form at the token endpoint as the owner, who keeps what it gives.
func (a *adversary) keep(form url.Values) string {
	a.t.Helper()
	status, _, body := a.post("/oauth/token", form, inBody(a.owner.client))
	var said struct {
		tokenAnswer
		Error string
	}
	if err := json.Unmarshal(body, &said); err != nil || status != http.StatusOK {
		return fmt.Sprintf("%d %s", status, said.Error)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.owner.got, a.owner.body, a.owner.access = said.tokenAnswer, string(body), append(a.owner.access, said.Access)
	return "200"
}

func refreshing(token string) url.Values {
	return url.Values{"grant_type": {"refresh_token"}, "refresh_token": {token}}
}

// but is the form with other values; one that is empty counts as not sent.
func but(form url.Values, more ...string) url.Values {
	form = maps.Clone(form)
	for i := 0; i+1 < len(more); i += 2 {
		form[more[i]] = []string{more[i+1]}
	}
	return form
}

func (a *adversary) post(path string, form url.Values, authenticate func(*http.Request, url.Values)) (int, http.Header, []byte) {
	a.t.Helper()
	return (&walker{tb: a.t, house: a.openHouse}).call(path, form, authenticate)
}

// as presents the form at the token endpoint as this client, perhaps with a query too. He is told "200", or as "400 invalid_grant".
func (a *adversary) as(client string, form url.Values, queries ...url.Values) string {
	a.t.Helper()
	path := "/oauth/token"
	for _, q := range queries {
		path += "?" + q.Encode()
	}
	return a.call(path, form, inBody(a.named(client)))
}

// get asks for this by GET.
func (a *adversary) get(path string) string {
	a.t.Helper()
	r, err := http.NewRequestWithContext(a.t.Context(), http.MethodGet, a.PublicURL()+path, nil)
	if err != nil {
		a.t.Fatal(err)
	}
	status, header, body := ask(a.t, r)
	return a.heard(path, status, header, body)
}

// call presents a form at one of the endpoints for clients. Of an introspection he is told "active" or "inactive".
func (a *adversary) call(path string, form url.Values, authenticate func(*http.Request, url.Values)) string {
	a.t.Helper()
	status, header, body := a.post(path, form, authenticate)
	return a.heard(path, status, header, body)
}

func (a *adversary) heard(path string, status int, header http.Header, body []byte) string {
	a.t.Helper()
	if header.Get("Cache-Control") != "no-store" {
		a.t.Errorf("an answer that may be stored: %v", header)
	}
	if challenge := header.Get("WWW-Authenticate"); (challenge != "") != (status == http.StatusUnauthorized) {
		a.t.Errorf("a %d has the challenge %q", status, challenge)
	}
	var said struct {
		Error, Description string
		Active             bool
	}
	if len(body) > 0 && json.Unmarshal(body, &said) != nil {
		a.t.Errorf("an answer that is no JSON: %s", body)
	}
	switch {
	case status != http.StatusOK:
		if strings.Contains(string(body), `_token":`) {
			a.t.Errorf("tokens come with a refusal: %s", body)
		}
		return fmt.Sprintf("%d %s", status, said.Error)
	case path == "/oauth/introspect" && said.Active:
		return "active"
	case path == "/oauth/introspect":
		if strings.TrimSpace(string(body)) != `{"active":false}` {
			a.t.Errorf("an introspection that tells more than it must: %s", body)
		}
		return "inactive"
	default:
		return "200"
	}
}

// asks sends a browser to the authorization endpoint with the good request of this client, changed. It is told "page 400" where it is sent
// nowhere, "told invalid_scope" where the client is told by redirect, or "asked" where the customer is asked.
func (a *adversary) asks(client string, change func(q url.Values)) string {
	a.t.Helper()
	w := &walker{tb: a.t, house: a.openHouse, client: a.named(client)}
	u, err := url.Parse(w.request(nil))
	if err != nil {
		a.t.Fatal(err)
	}
	q := u.Query()
	change(q)
	u.RawQuery = q.Encode()
	r, err := http.NewRequestWithContext(a.t.Context(), http.MethodGet, u.String(), nil)
	if err != nil {
		a.t.Fatal(err)
	}
	status, header, body := ask(a.t, r)
	switch location := header.Get("Location"); {
	case status == http.StatusOK:
		return "asked"
	case location == "":
		if strings.Contains(string(body), "http-equiv") || strings.Contains(string(body), "evil.example") {
			a.t.Errorf("the page of a refusal leads on: %s", body)
		}
		return fmt.Sprintf("page %d", status)
	default:
		return a.told(status, location, q)
	}
}

// told reads the refusal that a client is told by redirect. It has the client's state and our iss, and never a code.
func (a *adversary) told(status int, location string, q url.Values) string {
	a.t.Helper()
	u, err := url.Parse(location)
	if err != nil || status != http.StatusSeeOther || !strings.HasPrefix(location, q.Get("redirect_uri")) {
		a.t.Fatalf("%d to %s, want 303 to %s", status, location, q.Get("redirect_uri"))
	}
	got := u.Query()
	if got.Get("state") != q.Get("state") || got.Get("iss") != a.PublicURL() || got.Has("code") {
		a.t.Errorf("the client is told %v", got)
	}
	return "told " + got.Get("error")
}

// arrives reads where a browser came to: "start again" where the page says so, "the client" with a code, or the page's status.
func (a *adversary) arrives(page *dev.Page) string {
	a.t.Helper()
	switch {
	case page.Arrived && page.URL.Query().Get("code") != "":
		return "the client"
	case page.Arrived:
		return "told " + page.URL.Query().Get("error")
	case page.Status == http.StatusBadRequest && strings.Contains(page.Text, "start linking again"):
		return "start again"
	default:
		return fmt.Sprintf("page %d", page.Status)
	}
}

// says asks Alexa for the balance with this token, and perhaps a header: "the card" to link is shown, or there is "an answer".
func (a *adversary) says(token string, header ...string) string {
	a.t.Helper()
	s := a.speaker(a.t)
	s.device.Token = linking.Token(token)
	body, err := s.device.Ask(skills.Balance, nil)
	if err != nil {
		a.t.Fatal(err)
	}
	r := s.signed(body)
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	status, answer := send(a.t, r)
	heard, err := s.device.Hear(answer)
	switch {
	case err != nil || status != http.StatusOK:
		return fmt.Sprintf("%d %s", status, answer)
	case heard.LinkCard:
		return "the card"
	default:
		return "an answer"
	}
}

// noted waits until the house's log, beyond what it held before, gives the reason: a line is written when its answer is on the way.
func (a *adversary) noted(before int, reason string) {
	a.t.Helper()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for range 1000 {
		if strings.Contains(a.log.String()[before:], `"reason":"`+reason+`"`) {
			return
		}
		<-tick.C
	}
	a.t.Errorf("the log does not give the reason %s: %s", reason, a.log.String()[before:])
}

// judge looks at what has become of the link that a row was about.
func (a *adversary) judge(want fate) {
	a.t.Helper()
	o := &a.owner
	switch {
	case want == none:
		return
	case o.client.ID == "":
		a.t.Fatal("there is no link to look at")
	case want == lives && o.code:
		a.trade()
	case want == lives:
		a.refresh()
	case o.code:
		if got := a.call("/oauth/token", o.form, inBody(o.client)); got != "400 invalid_grant" {
			a.t.Errorf("the link should be over; its code gets %s", got)
		}
		return
	default:
		if got := a.call("/oauth/token", refreshing(o.got.Refresh), inBody(o.client)); got != "400 invalid_grant" {
			a.t.Errorf("the link should be over; a refresh gets %s", got)
		}
	}
	tokens, wanted := o.access, http.StatusUnauthorized
	if want == lives {
		tokens, wanted = tokens[len(tokens)-1:], http.StatusOK
	}
	for _, token := range tokens {
		if got := a.opens(token); got != wanted {
			a.t.Errorf("an access token of the link opens userinfo: %d, want %d", got, wanted)
		}
	}
}

// opens gives the status with which userinfo answers an access token, of whatever client it is.
func (a *adversary) opens(token string) int {
	a.t.Helper()
	r, err := http.NewRequestWithContext(a.t.Context(), http.MethodGet, a.PublicURL()+"/oauth/userinfo", nil)
	if err != nil {
		a.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	status, _, _ := ask(a.t, r)
	return status
}

// TestRefusals tries every row of the table on every engine, from top to bottom.
func TestRefusals(t *testing.T) {
	t.Parallel()
	for _, engine := range databases {
		t.Run(engine.name, func(t *testing.T) {
			state := t.TempDir()
			h := openAs(t, morning, server.Config{State: state, Addr: "127.0.0.1:0", Database: engine.fresh(t), Clients: strangers(t)})
			for _, c := range refusals {
				t.Run(c.name, func(t *testing.T) {
					for _, row := range c.rows {
						t.Run(row.name, func(t *testing.T) {
							a, before := &adversary{openHouse: h, t: t}, len(h.log.String())
							if got := row.try(a); got != row.says {
								t.Errorf("told %q, want %q", got, row.says)
							}
							if row.why != "" {
								a.noted(before, row.why)
							}
							a.judge(row.then)
						})
					}
				})
			}
			if strings.Contains(h.log.String(), `"msg":"panic"`) {
				t.Error("somewhere there was a panic")
			}
		})
	}
}

// TestTheTableOfRefusalsIsWhole: every chapter has rows, no sentence stands twice, and there are as many as was promised.
func TestTheTableOfRefusalsIsWhole(t *testing.T) {
	t.Parallel()
	seen, rows := map[string]bool{}, 0
	for _, c := range refusals {
		if len(c.rows) == 0 || seen[c.name] {
			t.Errorf("the chapter %q is empty, or stands twice", c.name)
		}
		seen[c.name] = true
		for _, row := range c.rows {
			if rows++; seen[row.name] || row.says == "" {
				t.Errorf("%q stands twice, or says nothing", row.name)
			}
			seen[row.name] = true
		}
	}
	if rows < 60 {
		t.Errorf("%d rows, want 60", rows)
	}
}
