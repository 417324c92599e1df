package linking_test

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tink-crypto/tink-go/v2/tink"
	"pgregory.net/rapid"

	"sotto/linking"
)

// watched is the store as one process sees it: how often it read the keys, and when it is cut off.
type watched struct {
	linking.Store
	mu     sync.Mutex
	reads  int
	lasts  int   // how many keys can still be added; below 0: any number
	broken error // of every reading of keys
}

func (w *watched) LinkingKeys(ctx context.Context) ([]linking.SealedKey, error) {
	w.mu.Lock()
	w.reads++
	broken := w.broken
	w.mu.Unlock()
	if broken != nil {
		return nil, broken
	}
	return w.Store.LinkingKeys(ctx)
}

var errKilled = errors.New("the process was killed")

func (w *watched) AddKey(ctx context.Context, k linking.SealedKey) error {
	w.mu.Lock()
	killed := w.lasts == 0
	w.lasts--
	w.mu.Unlock()
	if killed {
		return errKilled
	}
	return w.Store.AddKey(ctx, k)
}

func (w *watched) fail(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.broken = err
}

func (w *watched) count() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.reads
}

// process is one of those that serve the same database.
type process struct {
	*linking.Authority
	keys  *linking.Keyring
	store *watched
	house *house
	ahead time.Duration // its clock, of the house's
}

// Now is the time by the clock of this process.
func (p *process) Now() time.Time { return p.house.Now().Add(p.ahead) }

// processes opens n more on the house's database.
func (h *house) processes(n int) []*process {
	h.t.Helper()
	var list []*process
	for range n {
		p := &process{store: &watched{Store: h.database(), lasts: -1}, house: h}
		var err error
		if p.keys, err = linking.OpenKeyring(h.t.Context(), p.store, wrapping(h.t, 1), pairwise, p.Now); err != nil {
			h.t.Fatal(err)
		}
		if p.Authority, err = linking.New(linking.Options{
			Issuer: issuer, Clients: append(clients(), longClient()), Keys: p.keys, Store: p.store, Connections: h.bank, Now: p.Now,
		}); err != nil {
			h.t.Fatal(err)
		}
		list = append(list, p)
	}
	return list
}

// longClient has the longest access tokens there can be.
func longClient() linking.Client {
	c := clients()[0]
	c.ID, c.Name, c.AccessTTL = "long", "Long", 24*time.Hour
	return c
}

func (p *process) rotate(t testing.TB) []linking.Rotated {
	t.Helper()
	made, err := p.keys.Rotate(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return made
}

func (p *process) kids() []string {
	var kids []string
	for _, k := range p.Keys().Keys {
		kids = append(kids, k.Kid)
	}
	return kids
}

// at has the house's helpers work in this process.
func (h *house) at(p *process) *house {
	h.Authority = p.Authority
	return h
}

// kept names the keys in the database, as "signing 1".
func (h *house) kept() []string {
	h.t.Helper()
	kept, err := h.store.LinkingKeys(h.t.Context())
	if err != nil {
		h.t.Fatal(err)
	}
	var names []string
	for _, k := range kept {
		names = append(names, fmt.Sprintf("%s %d", k.Kind, k.Number))
	}
	return names
}

func (h *house) wantKept(names ...string) {
	h.t.Helper()
	if got := h.kept(); !slices.Equal(got, names) {
		h.t.Errorf("kept are the keys %v, want %v", got, names)
	}
}

func (h *house) sweepKeys(p *process) {
	h.t.Helper()
	if err := p.keys.Sweep(h.t.Context()); err != nil {
		h.t.Fatal(err)
	}
}

func kid(t testing.TB, g linking.Grant) string {
	t.Helper()
	kid, _ := part(t, g.AccessToken, 0)["kid"].(string)
	return kid
}

func TestAKeyMadeByOneProcessIsKnownToTheOthersBeforeItIsUsed(t *testing.T) {
	h := open(t)
	p := h.processes(2)
	old := h.at(p[0]).linked("mcp")
	made := p[0].rotate(t)
	for i, kind := range []string{"signing", "house", "refresh"} {
		if got := made[i]; got.Kind != kind || got.Number != 2 || !got.Starts.Equal(h.Now().Add(10*time.Minute)) || got.Waiting {
			t.Errorf("got %+v", got)
		}
	}
	if n := len(p[0].kids()); n != 2 {
		t.Errorf("where it was made, %d keys are published at once, want 2", n)
	}
	h.Pass(30 * time.Second)
	kids := p[1].kids()
	if len(kids) != 2 {
		t.Fatalf("elsewhere, %d keys are published after 30 s, want 2", len(kids))
	}
	h.Pass(10*time.Minute - 31*time.Second)
	if g := h.at(p[0]).linked("alexa"); kid(t, g) != kids[0] {
		t.Error("a key signs before its time")
	}
	one := h.token("mcp", refreshing(old.RefreshToken))
	h.Pass(time.Second)
	for i := range p {
		g := h.at(p[i]).linked("alexa")
		if kid(t, g) != kids[1] {
			t.Error("a key does not sign when its time has come")
		}
		if !h.at(p[1-i]).lives("alexa", g.AccessToken) || !h.lives("mcp", old.AccessToken) {
			t.Error("a token is refused for its key")
		}
	}
	if two := h.at(p[1]).token("mcp", refreshing(old.RefreshToken)); two.RefreshToken != one.RefreshToken {
		t.Error("across a rotation, a retry got another successor")
	}
	h.wantKept("house 1", "house 2", "refresh 1", "refresh 2", "signing 1", "signing 2")
}

func TestASigningKeyIsKeptUntilTheLastTokenItSignedHasExpired(t *testing.T) {
	h := open(t)
	p := h.processes(2)
	p[0].rotate(t)
	h.Pass(10*time.Minute - time.Second)
	g := h.at(p[1]).token("long", exchanging("long", h.code("long")))
	h.Pass(24*time.Hour - 2*time.Second)
	p[1].ahead = 9 * time.Minute // its clock is fast
	h.sweepKeys(p[1])
	p[1].ahead = 0
	h.sweepKeys(p[0])
	if !h.at(p[0]).lives("alexa", g.AccessToken) {
		t.Error("a token is refused in its last second")
	}
	h.Pass(10*time.Minute + 3*time.Second)
	h.sweepKeys(p[0])
	h.wantKept("house 1", "house 2", "refresh 1", "refresh 2", "signing 2")
	h.Pass(30 * time.Second)
	if n := len(p[1].kids()); n != 1 {
		t.Errorf("%d keys are published, want 1", n)
	}
	// However often it is swept, the key in use stays.
	h.Pass(1000 * time.Hour)
	h.sweepKeys(p[1])
	if g := h.at(p[0]).linked("alexa"); !h.at(p[1]).lives("alexa", g.AccessToken) {
		t.Error("a token is refused for its key")
	}
}

func TestTheKeysInUseStayAlthoughNothingIsSealedUnderThem(t *testing.T) {
	h := open(t)
	p := h.processes(1)[0]
	for range 3 {
		h.sweepKeys(p)
		h.Pass(2 * time.Hour)
	}
	h.wantKept("house 1", "refresh 1", "signing 1")
}

func TestWhatIsSealedUnderAnOlderKeyIsSealedAnewAndThenTheKeyIsDeleted(t *testing.T) {
	h := open(t)
	p := h.processes(2)
	before := h.at(p[0]).token("long", exchanging("long", h.code("long")))
	sealed, err := h.bank.keys[0].Encrypt([]byte("savings"), []byte("ad"))
	if err != nil {
		t.Fatal(err)
	}
	p[0].rotate(t)
	h.sweepKeys(p[1])
	waiting, err := h.store.LinkingKeys(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range waiting {
		if !k.Ends.IsZero() {
			t.Errorf("%s key %d is to end before the next has started", k.Kind, k.Number)
		}
	}
	h.Pass(10 * time.Minute)
	h.sweepKeys(p[1]) // seals anew
	h.sweepKeys(p[1]) // finds nothing any more
	h.Pass(time.Hour - time.Millisecond)
	h.sweepKeys(p[0])
	h.wantKept("house 1", "house 2", "refresh 1", "refresh 2", "signing 1", "signing 2")

	// Somebody who held a ciphertext of before for all that time: the key stays until it is sealed anew.
	page := h.at(p[0]).authorize(request("alexa"))
	old, err := h.store.Interaction(t.Context(), page.Interaction, hashOf(page.Browser), h.Now())
	if err != nil {
		t.Fatal(err)
	}
	old.ID, old.Link = "late", "late link"
	old.Key = sealedUnder(t, h, 1, "links|late link|key")
	if err := h.store.AddInteraction(t.Context(), old); err != nil {
		t.Fatal(err)
	}
	h.Pass(time.Minute)
	h.sweepKeys(p[0])
	h.sweepKeys(p[1])
	h.wantKept("house 1", "house 2", "refresh 1", "refresh 2", "signing 1", "signing 2")
	h.Pass(time.Hour)
	h.sweepKeys(p[1])
	h.wantKept("house 2", "refresh 1", "refresh 2", "signing 1", "signing 2")

	h.Pass(30 * time.Second)
	for _, p := range p {
		link, err := p.Resolve(t.Context(), linking.Alexa, before.AccessToken)
		if err != nil {
			t.Fatal(err)
		}
		if opened, err := link.Key().Decrypt(sealed, []byte("ad")); err != nil || string(opened) != "savings" {
			t.Errorf("the link's own key is another now: %v", err)
		}
	}
}

func TestAValueThatCannotBeOpenedKeepsItsKeyAndNothingElse(t *testing.T) {
	h := open(t)
	p := h.processes(1)[0]
	page := h.at(p).authorize(request("alexa"))
	odd, err := h.store.Interaction(t.Context(), page.Interaction, hashOf(page.Browser), h.Now())
	if err != nil {
		t.Fatal(err)
	}
	odd.ID, odd.Link = "moved", "another link" // its key is bound to the first
	if err := h.store.AddInteraction(t.Context(), odd); err != nil {
		t.Fatal(err)
	}
	p.rotate(t)
	for range 5 {
		h.Pass(2 * time.Hour)
		if err := p.keys.Sweep(t.Context()); err == nil || strings.Contains(err.Error(), "another link") {
			t.Errorf("got %v, want an error that names no row", err)
		}
	}
	h.wantKept("house 1", "house 2", "refresh 1", "refresh 2", "signing 1", "signing 2")
	after, err := h.store.Interaction(t.Context(), page.Interaction, hashOf(page.Browser), h.Now().Add(-10*time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	if string(after.Key) == string(odd.Key) {
		t.Error("the value beside it was not sealed anew")
	}
}

func hashOf(token linking.Token) []byte {
	sum := sha256.Sum256([]byte(token))
	return sum[:]
}

// sealedUnder seals a link's key under the house key of this number.
func sealedUnder(t *testing.T, h *house, number int64, bound string) []byte {
	t.Helper()
	kept, err := h.store.LinkingKeys(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ring, err := linking.OpenKeyring(t.Context(), onlyOne{h.store, kept, number}, wrapping(t, 1), pairwise, h.Now)
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := ring.House().Encrypt(make([]byte, 32), []byte(bound))
	if err != nil {
		t.Fatal(err)
	}
	return sealed
}

// onlyOne shows only one house key.
type onlyOne struct {
	linking.Store
	kept   []linking.SealedKey
	number int64
}

func (o onlyOne) LinkingKeys(context.Context) ([]linking.SealedKey, error) {
	return slices.DeleteFunc(slices.Clone(o.kept), func(k linking.SealedKey) bool { return k.Kind == "house" && k.Number != o.number }), nil
}

func TestAMadeUpKidCostsNoReadingOfItsOwn(t *testing.T) {
	h := open(t)
	p := h.processes(1)[0]
	good := h.at(p).linked("alexa")
	rotating := h.linked("mcp").RefreshToken
	segments := strings.Split(string(good.AccessToken), ".")
	before := p.store.count()
	for i := range 300 {
		h.Pass(100 * time.Millisecond) // 30 s in all
		header := base64.RawURLEncoding.EncodeToString([]byte(fmt.Sprintf(`{"alg":"ES256","typ":"at+jwt","kid":"made up %d"}`, i)))
		if h.lives("alexa", linking.Token(header+"."+segments[1]+"."+segments[2])) {
			t.Fatal("a forged token is accepted")
		}
		raw := []byte(decode(t, string(rotating[3:])))
		raw[1], raw[2] = byte(i>>8)+1, byte(i)
		_, err := p.Token(t.Context(), call("mcp", refreshing(linking.Token("sr_"+base64.RawURLEncoding.EncodeToString(raw)))))
		refused(t, err, "invalid_grant", "refresh_malformed")
	}
	if n := p.store.count() - before; n < 1 || n > 4 {
		t.Errorf("the keys were read %d times in 30 s, want once in 10 s", n)
	}
}

func TestAnUnknownKeyIsLookedForAtOnce(t *testing.T) {
	h := open(t)
	p := h.processes(1)
	h.Pass(11 * time.Second) // since the last reading
	// As if made by a clock that is ten minutes behind.
	addKey(t, h, "signing", 2, newSigningDER(t), h.Now(), time.Time{})
	h.reopen()
	g := h.linked("alexa")
	if kid(t, g) == p[0].kids()[0] {
		t.Fatal("the new key does not sign")
	}
	if !h.at(p[0]).lives("alexa", g.AccessToken) {
		t.Error("a token is refused, because its key was not looked for")
	}
}

func TestWithKeysThatCannotBeReadAnyMoreNothingIsMadeAndWhatIsThereStaysGood(t *testing.T) {
	h := open(t)
	p := h.processes(1)[0]
	jwt, opaque := h.at(p).linked("alexa"), h.linked("google")
	sealed, err := p.keys.House().Encrypt([]byte("x"), nil)
	if err != nil {
		t.Fatal(err)
	}
	p.store.fail(errors.New("no route to the database"))
	h.Pass(4 * time.Minute)
	h.Pass(50 * time.Second)
	h.token("alexa", refreshing(jwt.RefreshToken))
	h.Pass(10 * time.Second)
	before := p.store.count()
	for range 3 {
		if _, err := p.Token(t.Context(), call("alexa", refreshing(jwt.RefreshToken))); err == nil || errors.As(err, new(*linking.OAuthError)) {
			t.Errorf("got %v, want a fault of ours", err)
		}
		if _, err := p.keys.House().Encrypt([]byte("x"), nil); err == nil {
			t.Error("something was sealed under a key that may have a successor")
		}
	}
	if n := p.store.count() - before; n != 1 {
		t.Errorf("the database, which is down, was asked %d times in one instant", n)
	}
	if !h.lives("alexa", jwt.AccessToken) || !h.lives("google", opaque.AccessToken) {
		t.Error("a token is refused, because the keys cannot be read")
	}
	if opened, err := p.keys.House().Decrypt(sealed, nil); err != nil || string(opened) != "x" {
		t.Errorf("got %q, %v", opened, err)
	}
	p.store.fail(nil)
	h.Pass(time.Second)
	h.token("alexa", refreshing(jwt.RefreshToken))
}

// TestNothingIsUsedUpForTokensThatCannotBeMade: who tries again when the keys can be read must not be taken for a thief.
func TestNothingIsUsedUpForTokensThatCannotBeMade(t *testing.T) {
	h := open(t)
	p := h.processes(1)[0]
	old := h.at(p).linked("plain").RefreshToken
	p.store.fail(errors.New("no route to the database"))
	h.Pass(4*time.Minute + 30*time.Second)
	code := parameters(t, h.approve(h.authorize(request("alexa"))).URL).Get("code")
	h.Pass(40 * time.Second)
	for what, members := range map[string]map[string]string{"alexa": exchanging("alexa", code), "plain": refreshing(old)} {
		if _, err := p.Token(t.Context(), call(what, members)); err == nil || errors.As(err, new(*linking.OAuthError)) {
			t.Errorf("%s gets %v, want a fault of ours", what, err)
		}
	}
	p.store.fail(nil)
	h.Pass(time.Second)
	h.token("alexa", exchanging("alexa", code))
	p.store.fail(errors.New("no route to the database"))
	h.Pass(6 * time.Minute)
	for range 2 {
		if _, err := p.Token(t.Context(), call("plain", refreshing(old))); err == nil || errors.As(err, new(*linking.OAuthError)) {
			t.Errorf("got %v, want a fault of ours", err)
		}
		h.Pass(2 * time.Minute)
	}
	p.store.fail(nil)
	h.Pass(time.Second)
	h.token("plain", refreshing(old))
}

func TestThereIsNoRefreshKeyThatATokenCannotName(t *testing.T) {
	h := open(t)
	addKey(t, h, "refresh", 1<<16-1, slices.Repeat([]byte{7}, 32), h.Now(), time.Time{})
	p := h.processes(1)[0]
	if _, err := p.keys.Rotate(t.Context()); err == nil {
		t.Error("another one was made")
	}
	h.at(h.processes(1)[0]).linked("mcp") // a process that starts
}

func TestARotationThatEndedInTheMiddleCanBeRepeated(t *testing.T) {
	for after := range 3 {
		t.Run(fmt.Sprintf("after %d keys", after), func(t *testing.T) {
			h := open(t)
			p := h.processes(2)
			old := h.at(p[0]).linked("mcp")
			p[0].store.lasts = after
			if _, err := p[0].keys.Rotate(t.Context()); !errors.Is(err, errKilled) {
				t.Fatal(err)
			}
			h.Pass(5 * time.Minute)
			for i, made := range p[1].rotate(t) {
				if made.Number != 2 || made.Waiting != (i < after) {
					t.Errorf("got %+v", made)
				}
			}
			h.Pass(20 * time.Minute)
			if !h.at(p[1]).lives("mcp", old.AccessToken) {
				t.Error("a token is refused")
			}
			h.token("mcp", refreshing(old.RefreshToken))
			h.wantKept("house 1", "house 2", "refresh 1", "refresh 2", "signing 1", "signing 2")
		})
	}
}

func TestProcessesThatRotateAtOnceMakeOneSuccessor(t *testing.T) {
	h := open(t)
	var all sync.WaitGroup
	for _, p := range h.processes(5) {
		all.Go(func() {
			if made, err := p.keys.Rotate(t.Context()); err != nil || made[0].Number != 2 {
				t.Errorf("got %+v, %v", made, err)
			}
		})
	}
	all.Wait()
	h.wantKept("house 1", "house 2", "refresh 1", "refresh 2", "signing 1", "signing 2")
	h.Pass(9 * time.Minute)
	if made := h.processes(1)[0].rotate(t); !made[0].Waiting || !made[0].Starts.Equal(h.Now().Add(time.Minute)) {
		t.Errorf("a successor that waits was followed by another: %+v", made)
	}
}

func TestKeysAreWrappedAnewForAnotherWrappingKey(t *testing.T) {
	h := open(t)
	g := h.linked("alexa")
	both, err := linking.OpenKeyring(t.Context(), h.store, either{wrapping(t, 2), wrapping(t, 1)}, pairwise, h.Now)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := linking.OpenKeyring(t.Context(), h.store, wrapping(t, 2), pairwise, h.Now); err == nil {
		t.Fatal("the new wrapping key opens what the old one has wrapped")
	}
	for range 2 {
		if err := both.Rewrap(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := linking.OpenKeyring(t.Context(), h.store, wrapping(t, 1), pairwise, h.Now); err == nil {
		t.Error("the old wrapping key still opens")
	}
	if h.keys, err = linking.OpenKeyring(t.Context(), h.store, wrapping(t, 2), pairwise, h.Now); err != nil {
		t.Fatal(err)
	}
	h.Authority = h.authority(clients())
	if !h.lives("alexa", g.AccessToken) {
		t.Error("a token is refused")
	}
}

// either wraps with the first, and unwraps with both.
type either [2]tink.AEAD

func (e either) Encrypt(plain, ad []byte) ([]byte, error) { return e[0].Encrypt(plain, ad) }

func (e either) Decrypt(sealed, ad []byte) ([]byte, error) {
	if plain, err := e[0].Decrypt(sealed, ad); err == nil {
		return plain, nil
	}
	return e[1].Decrypt(sealed, ad)
}

// cluster is two processes on one database whose keys are rotated at any time, and somebody who verifies tokens from the JWKS alone.
type cluster struct {
	h         *house
	p         []*process
	families  []*family
	published []string  // as the verifier knows it
	fetched   time.Time // when; its Cache-Control says five minutes
}

func (c *cluster) any(t *rapid.T) *process { return rapid.SampledFrom(c.p).Draw(t, "process") }

func (c *cluster) Rotate(t *rapid.T) {
	if _, err := c.any(t).keys.Rotate(c.h.t.Context()); err != nil {
		t.Fatal(err)
	}
}

func (c *cluster) RotateInPart(t *rapid.T) {
	p := c.any(t)
	p.store.lasts = rapid.IntRange(0, 2).Draw(t, "keys")
	if _, err := p.keys.Rotate(c.h.t.Context()); err != nil && !errors.Is(err, errKilled) {
		t.Fatal(err)
	}
	p.store.lasts = -1
}

func (c *cluster) Sweep(t *rapid.T) {
	if err := c.any(t).keys.Sweep(c.h.t.Context()); err != nil {
		t.Fatal(err)
	}
}

func (c *cluster) Pass(t *rapid.T) {
	c.h.Pass(rapid.SampledFrom([]time.Duration{
		time.Second, 29 * time.Second, time.Minute, 5 * time.Minute, 9*time.Minute + 59*time.Second, 10 * time.Minute, time.Hour, 12 * time.Hour, 25 * time.Hour,
	}).Draw(t, "for"))
}

func (c *cluster) Link(t *rapid.T) {
	if len(c.families) >= 5 {
		t.Skip("enough families")
	}
	f := &family{client: rapid.SampledFrom([]string{"alexa", "google", "mcp", "long"}).Draw(t, "client")}
	code := c.h.at(c.any(t)).code(f.client)
	g := c.h.at(c.any(t)).token(f.client, exchanging(f.client, code))
	f.refresh = []refresh{{token: g.RefreshToken}}
	c.families = append(c.families, f)
	c.give(t, f, g)
}

// Refresh refreshes with the youngest token, and once more elsewhere, as after a lost answer.
func (c *cluster) Refresh(t *rapid.T) {
	if len(c.families) == 0 {
		t.Skip("no family yet")
	}
	f := rapid.SampledFrom(c.families).Draw(t, "family")
	token := f.refresh[0].token
	g := c.h.at(c.any(t)).token(f.client, refreshing(token))
	c.give(t, f, g)
	c.h.Pass(time.Duration(rapid.IntRange(0, 60).Draw(t, "seconds")) * time.Second)
	if again := c.h.at(c.any(t)).token(f.client, refreshing(token)); again.RefreshToken != g.RefreshToken {
		t.Fatal("a retry got another successor")
	}
	f.refresh[0].token = g.RefreshToken
}

func (c *cluster) give(t *rapid.T, f *family, g linking.Grant) {
	now := c.h.Now()
	f.access = append(f.access, given{token: g.AccessToken, expires: now.Add(time.Duration(g.ExpiresIn) * time.Second)})
	if f.client == "google" {
		return
	}
	if now.Sub(c.fetched) >= 5*time.Minute {
		c.published, c.fetched = c.any(t).kids(), now
	}
	if !slices.Contains(c.published, kid(c.h.t, g)) {
		t.Fatal("a token has a key that was not published before")
	}
}

// Check: every token is accepted for all its life, and no longer, by every process; what one seals, another opens.
func (c *cluster) Check(t *rapid.T) {
	now := c.h.Now()
	for i, p := range c.p {
		c.h.at(p)
		for _, f := range c.families {
			for _, a := range f.access {
				lives := c.h.lives(f.client, a.token)
				if !a.expires.After(now) && lives || a.expires.Add(-time.Second).After(now) && !lives {
					t.Fatalf("process %d: %s: lives is %v; expires %v, now %v", i, f.client, lives, a.expires, now)
				}
			}
			f.access = slices.DeleteFunc(f.access, func(a given) bool { return i == 1 && a.expires.Before(now) })
		}
		sealed, err := p.keys.House().Encrypt([]byte("x"), []byte("ad"))
		if err != nil {
			t.Fatal(err)
		}
		for _, other := range c.p {
			if _, err := other.keys.House().Decrypt(sealed, []byte("ad")); err != nil {
				t.Fatalf("what one process seals another cannot open: %v", err)
			}
		}
	}
}

func TestNoOrderOfRotationsRefusesAToken(t *testing.T) {
	var h *house
	var p []*process
	begun, runs := time.Now(), 0
	rapid.Check(t, func(rt *rapid.T) {
		if time.Since(begun) > 3*playing {
			return
		}
		if runs++; runs%10 == 1 { // keys and rows of many runs would only make it slow
			h = open(t)
			p = h.processes(2)
		}
		c := &cluster{h: h, p: p}
		rt.Repeat(map[string]func(*rapid.T){
			"rotate": c.Rotate, "rotate in part": c.RotateInPart, "sweep": c.Sweep, "pass": c.Pass, "link": c.Link,
			"refresh": c.Refresh, "refresh again": c.Refresh, "": c.Check,
		})
	})
	t.Logf("%d runs", runs)
	// Whatever happened, in the end only what is needed is left.
	p[0].rotate(t)
	for range 4 {
		h.Pass(25 * time.Hour)
		h.sweepKeys(p[1])
	}
	kept := map[string]int{}
	for _, name := range h.kept() {
		kind, _, _ := strings.Cut(name, " ")
		kept[kind]++
	}
	if kept["signing"] != 1 || kept["house"] != 1 {
		t.Errorf("left are %v, want one signing and one house key", kept)
	}
}
