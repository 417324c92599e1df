package linking_test

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"maps"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tink-crypto/tink-go/v2/aead/subtle"
	"github.com/tink-crypto/tink-go/v2/tink"

	"sotto/banking"
	"sotto/linking"
	"sotto/server/store"
	"sotto/tests/clock"
	"sotto/tests/database"
)

const (
	issuer   = "https://sotto.example"
	secret   = "a secret of 256 bits, let us say"
	verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
	// answerURI is Alexa's; the query it already has must stay.
	answerURI = "https://pitangui.amazon.com/api/skill/link/M1?keep=this"
)

func digest(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:])
}

func s256(v string) string {
	sum := sha256.Sum256([]byte(v))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// The clients of the tests: one of each kind of policy, and a second one of Alexa's platform, for those who present what is another's.
func clients() []linking.Client {
	return []linking.Client{
		{
			ID: "alexa", Name: "Alexa", Platform: linking.Alexa, SecretSHA256: digest(secret), Auth: linking.BasicOrPost, RedirectURIs: []string{answerURI},
			AccessTTL: 15 * time.Minute, Scopes: []linking.Scope{linking.Balances, linking.Spending, linking.Transactions},
		},
		{
			ID: "other", Name: "Other", Platform: linking.Alexa, SecretSHA256: digest("other " + secret), Auth: linking.BasicOrPost,
			RedirectURIs: []string{answerURI}, Scopes: []linking.Scope{linking.Balances},
		},
		{
			ID: "google", Name: "Google", Platform: linking.Google, SecretSHA256: digest(secret), Auth: linking.BasicOrPost, PKCE: linking.Optional,
			RedirectURIs: []string{"https://oauth-redirect.googleusercontent.com/r/p"}, Scopes: []linking.Scope{linking.Balances, linking.Spending},
		},
		{
			ID: "mcp", Name: "Assistant", Platform: linking.MCP, Auth: linking.Public, RedirectURIs: []string{"http://127.0.0.1/callback"},
			Scopes: []linking.Scope{linking.Balances, linking.Spending},
		},
		{
			ID: "plain", Name: "Assistant", Platform: linking.MCP, Auth: linking.Public, RedirectURIs: []string{"http://127.0.0.1/callback"},
			AccessToken: linking.Opaque, AccessTTL: 6 * time.Minute, Scopes: []linking.Scope{linking.Balances, linking.Spending},
		},
		{ID: "chat", Name: "Messenger", Platform: linking.Messenger, Scopes: []linking.Scope{linking.Balances}},
		{ID: "service", Name: "Service", Platform: linking.Service, SecretSHA256: digest(secret), Auth: linking.BasicOrPost},
		{ID: "reference", Name: "Service", Platform: linking.Service, SecretSHA256: digest(secret), Auth: linking.BasicOrPost, AccessToken: linking.Opaque},
	}
}

// bank is the bank's side: every return with a state it gave is good, and its code is the customer's subject there.
type bank struct {
	mu      sync.Mutex
	begun   map[string]string // state to link
	asked   []banking.Permission
	problem error  // of the next Begin or Finish
	leave   func() // by which whoever came back goes while the bank is asked
	keys    []tink.AEAD
	joined  map[string][]banking.Joined // by link
}

func (b *bank) Banks() []banking.Offer {
	return []banking.Offer{{ID: "albion", Name: "Albion Bank"}, {ID: "aurora", Name: "Banco Aurora"}}
}

func (b *bank) Joined(_ context.Context, link string) ([]banking.Joined, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.joined[link]), nil
}

func (b *bank) trouble() error {
	err := b.problem
	b.problem = nil
	return err
}

func (b *bank) Begin(_ context.Context, link string, id banking.BankID, p []banking.Permission) (banking.Begun, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if err := b.trouble(); err != nil {
		return banking.Begun{}, err
	}
	state := rand.Text()
	b.begun[state], b.asked = link, p
	return banking.Begun{URL: "https://" + string(id) + ".example/login?state=" + state, State: state}, nil
}

// returned says what is wrong with a return, and takes it once.
func (b *bank) returned(link string, r banking.Return) error {
	if b.leave != nil {
		b.leave()
	}
	if err := b.trouble(); err != nil {
		return err
	}
	if b.begun[r.State] != link {
		return errors.New("a return to nothing")
	}
	delete(b.begun, r.State)
	if r.Error != "" {
		return banking.ErrDenied
	}
	return nil
}

func (b *bank) Finish(_ context.Context, link string, key tink.AEAD, r banking.Return) (banking.Identity, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if err := b.returned(link, r); err != nil {
		return banking.Identity{}, err
	}
	b.keys = append(b.keys, key)
	b.joined[link] = append(b.joined[link], banking.Joined{Bank: "albion", Name: "Albion Bank"})
	return banking.Identity{Bank: "albion", Subject: r.Code}, nil
}

func (b *bank) Identify(_ context.Context, link string, r banking.Return) (banking.Identity, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if err := b.returned(link, r); err != nil {
		return banking.Identity{}, err
	}
	id, subject, elsewhere := strings.Cut(r.Code, "@")
	if !elsewhere {
		id, subject = "albion", r.Code
	}
	return banking.Identity{Bank: banking.BankID(id), Subject: subject}, nil
}

// counted is a store that says how often it was asked.
type counted struct {
	linking.Store
	mu     sync.Mutex
	reads  int
	broken error // of every look-up
}

func (c *counted) ByGrant(ctx context.Context, grant string, token []byte) (linking.Granted, bool, error) {
	c.mu.Lock()
	c.reads++
	broken := c.broken
	c.mu.Unlock()
	if broken != nil {
		return linking.Granted{}, false, broken
	}
	return c.Store.ByGrant(ctx, grant, token)
}

func (c *counted) ByAccess(ctx context.Context, token []byte) (linking.Granted, linking.AccessToken, error) {
	c.mu.Lock()
	c.reads++
	c.mu.Unlock()
	return c.Store.ByAccess(ctx, token)
}

// house is an Authority with everything around it.
type house struct {
	*linking.Authority
	*clock.Clock
	t     testing.TB
	store *counted
	url   string // of the database
	keys  *linking.Keyring
	bank  *bank
}

func wrapping(t testing.TB, key byte) tink.AEAD {
	t.Helper()
	wrap, err := subtle.NewAESGCM(slices.Repeat([]byte{key}, 32))
	if err != nil {
		t.Fatal(err)
	}
	return wrap
}

var pairwise = slices.Repeat([]byte{9}, 32)

func open(t testing.TB) *house {
	t.Helper()
	return openAt(t, database.SQLite(t))
}

// openAt opens a house on the database at url.
func openAt(t testing.TB, url string) *house {
	t.Helper()
	h := &house{t: t, url: url, Clock: clock.At(time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)), bank: &bank{begun: map[string]string{}, joined: map[string][]banking.Joined{}}}
	db := h.database()
	if err := db.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	var err error
	h.store = &counted{Store: db}
	if h.keys, err = linking.OpenKeyring(t.Context(), h.store, wrapping(t, 1), pairwise, h.Now); err != nil {
		t.Fatal(err)
	}
	h.Authority = h.authority(clients())
	return h
}

// database opens the house's database once more, as another process would.
func (h *house) database() *store.DB {
	h.t.Helper()
	db, err := store.Open(h.t.Context(), h.url)
	if err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(func() { db.Close() })
	return db
}

func (h *house) authority(clients []linking.Client) *linking.Authority {
	h.t.Helper()
	a, err := linking.New(linking.Options{Issuer: issuer, Clients: clients, Keys: h.keys, Store: h.store, Connections: h.bank, Now: h.Now})
	if err != nil {
		h.t.Fatal(err)
	}
	return a
}

// request is the query of a good authorization request of this client.
func request(client string) url.Values {
	for _, c := range append(clients(), longClient(), signingClient()) {
		if c.ID == client {
			q := url.Values{
				"response_type": {"code"}, "client_id": {client}, "redirect_uri": {c.RedirectURIs[0]}, "state": {"st +/=%&é"},
				"code_challenge": {s256(verifier)}, "code_challenge_method": {"S256"},
			}
			return q
		}
	}
	panic("no such client: " + client)
}

// approve takes a page to the bank and back, as ada there.
func (h *house) approve(p linking.Page, scopes ...linking.Scope) linking.Step {
	h.t.Helper()
	return h.back(p, h.toBank(p, linking.Approve, scopes...), "ada")
}

// toBank submits the page and gives the bank's state.
func (h *house) toBank(p linking.Page, choice linking.Choice, scopes ...linking.Scope) string {
	h.t.Helper()
	if scopes == nil {
		scopes = p.Scopes
	}
	step, err := h.Decide(h.t.Context(), linking.Decision{Interaction: p.Interaction, Browser: p.Browser, Choice: choice, Bank: "albion", Scopes: scopes})
	if err != nil {
		h.t.Fatal(err)
	}
	u, err := url.Parse(step.URL)
	if err != nil || u.Query().Get("state") == "" {
		h.t.Fatalf("got %q, %v; want the bank", step.URL, err)
	}
	return u.Query().Get("state")
}

func (h *house) back(p linking.Page, state, who string) linking.Step {
	h.t.Helper()
	step, err := h.Return(h.t.Context(), p.Browser, banking.Return{State: state, Code: who})
	if err != nil {
		h.t.Fatal(err)
	}
	return step
}

func (h *house) authorize(q url.Values) linking.Page {
	h.t.Helper()
	p, err := h.Authorize(h.t.Context(), q.Encode(), "")
	if err != nil {
		h.t.Fatal(err)
	}
	return p
}

// code links and gives the code.
func (h *house) code(client string) string {
	h.t.Helper()
	return h.codeOf(request(client))
}

func (h *house) codeOf(q url.Values) string {
	h.t.Helper()
	return parameters(h.t, h.approve(h.authorize(q)).URL).Get("code")
}

func parameters(t testing.TB, address string) url.Values {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return u.Query()
}

// call is an authenticated request of this client with these members.
func call(client string, members map[string]string) linking.Call {
	form := map[string][]string{}
	for name, value := range members {
		form[name] = []string{value}
	}
	form["client_id"] = []string{client}
	switch client {
	case "alexa", "google", "long", "service", "reference":
		form["client_secret"] = []string{secret}
	case "other":
		form["client_secret"] = []string{"other " + secret}
	}
	return linking.Call{Form: form}
}

func exchanging(client, code string) map[string]string {
	return map[string]string{
		"grant_type": "authorization_code", "code": code, "redirect_uri": request(client).Get("redirect_uri"), "code_verifier": verifier,
	}
}

func refreshing(token linking.Token) map[string]string {
	return map[string]string{"grant_type": "refresh_token", "refresh_token": string(token)}
}

func with(members map[string]string, more ...string) map[string]string {
	members = maps.Clone(members)
	for i := 0; i+1 < len(more); i += 2 {
		members[more[i]] = more[i+1]
	}
	return members
}

func (h *house) token(client string, members map[string]string) linking.Grant {
	h.t.Helper()
	g, err := h.Token(h.t.Context(), call(client, members))
	if err != nil {
		h.t.Fatal(err)
	}
	return g
}

// linked links and trades the code.
func (h *house) linked(client string) linking.Grant {
	h.t.Helper()
	return h.token(client, exchanging(client, h.code(client)))
}

var platforms = map[string]linking.Platform{"alexa": linking.Alexa, "other": linking.Alexa, "google": linking.Google, "mcp": linking.MCP, "plain": linking.MCP, "long": linking.Alexa, "signed": linking.Alexa}

// lives says whether an access token is accepted where it belongs.
func (h *house) lives(client string, token linking.Token) bool {
	h.t.Helper()
	_, err := h.Resolve(h.t.Context(), platforms[client], token)
	if err != nil && !errors.Is(err, linking.ErrNotLinked) {
		h.t.Fatal(err)
	}
	return err == nil
}

// refused checks that err is a refusal with this code and reason.
func refused(t testing.TB, err error, code, reason string) *linking.OAuthError {
	t.Helper()
	var e *linking.OAuthError
	if !errors.As(err, &e) {
		t.Fatalf("got %v, want %s (%s)", err, code, reason)
	}
	if e.Code != code || e.Reason != reason {
		t.Errorf("got %s (%s), want %s (%s)", e.Code, e.Reason, code, reason)
	}
	return e
}
