package linking_test

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"sotto/linking"
	"sotto/tests/database"
)

// family is what the model knows of one link: everything that came of one code.
type family struct {
	client    string
	link      string
	code      string
	expires   time.Time // of the code
	exchanged bool
	ended     bool
	access    []given
	refresh   []refresh
}

// given is an access token.
type given struct {
	token   linking.Token
	expires time.Time
	revoked bool
}

// refresh is a refresh token; used and successor only where it rotates.
type refresh struct {
	token     linking.Token
	used      time.Time
	successor linking.Token
}

// deed is one thing that somebody does with a family, at one process.
type deed struct {
	kind string
	at   *process
	now  time.Time // by the clock of that process
	nth  int       // refresh token
}

// The kinds of deeds. Those that steal are another client's.
const (
	exchange     = "exchange"
	stealCode    = "steal code"
	refreshes    = "refresh"
	stealRefresh = "steal refresh"
	revoke       = "revoke"
	end          = "end"
)

// outcome is what came of a deed.
type outcome struct {
	grant linking.Grant
	err   error
}

// comes says what must come of a deed, and changes the family accordingly. This is the whole of the rules.
func (f *family) comes(d deed) (good bool) {
	switch d.kind {
	case exchange:
		good = !f.exchanged && !f.ended && f.expires.After(d.now)
		f.ended = f.ended || f.exchanged // a code that comes twice ends the family
		f.exchanged = f.exchanged || good
	case stealCode: // nothing for the thief; nothing lost, unless the code was used already
		f.ended = f.ended || f.exchanged
	case refreshes:
		r := &f.refresh[d.nth]
		good = !f.ended && (r.used.IsZero() || d.now.Sub(r.used) <= time.Minute)
		f.ended = f.ended || !good // a token that comes too late ends the family
		if good && f.client == "mcp" && r.used.IsZero() {
			r.used = d.now
		}
	case stealRefresh:
	case revoke, end:
		good, f.ended = true, true
	}
	return good
}

// machine plays honest and dishonest holders of codes and tokens against two processes on one database, whose clocks differ a little, and
// knows what each must get.
type machine struct {
	h        *house
	p        []*process
	families []*family
	seen     map[linking.Token]bool // every access token ever given
}

func (m *machine) any(t *rapid.T) *process {
	return m.p[rapid.IntRange(0, len(m.p)-1).Draw(t, "process")]
}

func (m *machine) family(t *rapid.T) *family {
	if len(m.families) == 0 {
		t.Skip("no family yet")
	}
	return m.families[rapid.IntRange(0, len(m.families)-1).Draw(t, "family")]
}

func (m *machine) Link(t *rapid.T) {
	if len(m.families) >= 3 {
		t.Skip("enough families")
	}
	m.link(rapid.SampledFrom([]string{"alexa", "google", "mcp"}).Draw(t, "client"), m.any(t))
}

func (m *machine) link(client string, p *process) {
	step := m.h.at(p).approve(m.h.authorize(request(client)))
	m.families = append(m.families, &family{
		client: client, link: step.Link, code: parameters(m.h.t, step.URL).Get("code"), expires: p.Now().Add(time.Minute),
	})
}

func (m *machine) Pass(t *rapid.T) {
	m.h.Pass(rapid.SampledFrom([]time.Duration{
		time.Millisecond, time.Second, 20 * time.Second, 30 * time.Second, 40 * time.Second, time.Minute, time.Minute + time.Millisecond, 16 * time.Minute, 48 * time.Hour,
	}).Draw(t, "for"))
}

// deed draws one. A refresh, a revocation or a theft of what is not there yet becomes an exchange.
func (m *machine) deed(t *rapid.T, f *family) deed {
	d := deed{kind: rapid.SampledFrom([]string{exchange, stealCode, refreshes, refreshes, refreshes, refreshes, refreshes, refreshes, stealRefresh, revoke, end}).Draw(t, "deed"), at: m.any(t)}
	d.now = d.at.Now()
	switch {
	case d.kind != refreshes && d.kind != stealRefresh && d.kind != revoke:
	case len(f.refresh) == 0:
		d.kind = exchange
	default:
		d.nth = rapid.IntRange(0, len(f.refresh)-1).Draw(t, "refresh token")
	}
	return d
}

func (m *machine) do(f *family, d deed) (o outcome) {
	ctx := m.h.t.Context()
	switch d.kind {
	case exchange:
		o.grant, o.err = d.at.Token(ctx, call(f.client, exchanging(f.client, f.code)))
	case stealCode:
		o.grant, o.err = d.at.Token(ctx, call("other", exchanging(f.client, f.code)))
	case refreshes:
		o.grant, o.err = d.at.Token(ctx, call(f.client, refreshing(f.refresh[d.nth].token)))
	case stealRefresh:
		o.grant, o.err = d.at.Token(ctx, call("other", refreshing(f.refresh[d.nth].token)))
	case revoke:
		o.err = d.at.Revoke(ctx, call(f.client, map[string]string{"token": string(f.refresh[d.nth].token)}))
	case end:
		o.err = d.at.End(ctx, f.link)
	}
	return o
}

// One does one thing.
func (m *machine) One(t *rapid.T) {
	f := m.family(t)
	m.atOnce(t, f, []deed{m.deed(t, f)})
}

// Retry presents a refresh token that was used before, as after a lost answer: soon, late, or too late.
func (m *machine) Retry(t *rapid.T) {
	for _, f := range m.families {
		for i, r := range f.refresh {
			if !f.ended && !r.used.IsZero() {
				m.h.Pass(rapid.SampledFrom([]time.Duration{0, 20 * time.Second, 40 * time.Second, time.Minute}).Draw(t, "after"))
				at := m.any(t)
				m.atOnce(t, f, []deed{{kind: refreshes, at: at, now: at.Now(), nth: i}})
				return
			}
		}
	}
	t.Skip("no token was used")
}

// Many does several things with one family at the same time.
func (m *machine) Many(t *rapid.T) {
	f := m.family(t)
	var deeds []deed
	for range rapid.IntRange(2, 5).Draw(t, "deeds") {
		deeds = append(deeds, m.deed(t, f))
	}
	m.atOnce(t, f, deeds)
}

// atOnce does deeds at the same time, and looks for an order in which the rules give what came of them: as if they had come one after another.
func (m *machine) atOnce(t *rapid.T, f *family, deeds []deed) {
	outcomes := make([]outcome, len(deeds))
	var all sync.WaitGroup
	for i, d := range deeds {
		all.Go(func() { outcomes[i] = m.do(f, d) })
	}
	all.Wait()
	for i, o := range outcomes {
		if refusal := (*linking.OAuthError)(nil); o.err != nil && !errors.As(o.err, &refusal) {
			t.Fatalf("%s: %v", deeds[i].kind, o.err)
		}
	}
	var possible []*family
	orders(len(deeds), func(order []int) {
		then := *f
		then.refresh = slices.Clone(f.refresh)
		for _, i := range order {
			if then.comes(deeds[i]) != (outcomes[i].err == nil) {
				return
			}
		}
		possible = append(possible, &then)
	})
	if len(possible) == 0 {
		for i, d := range deeds {
			t.Logf("%s of a family of %s, with refresh token %d: %v", d.kind, f.client, d.nth, outcomes[i].err)
		}
		t.Fatal("there is no order of these in which this could have come")
	}
	m.keep(t, f, deeds, outcomes)
	m.decide(t, f, possible)
}

// orders calls each with every order of n things.
func orders(n int, each func([]int)) {
	order := make([]int, n)
	for i := range order {
		order[i] = i
	}
	var from func(int)
	from = func(k int) {
		if k == n {
			each(order)
			return
		}
		for i := k; i < n; i++ {
			order[k], order[i] = order[i], order[k]
			from(k + 1)
			order[k], order[i] = order[i], order[k]
		}
	}
	from(0)
}

// keep keeps the tokens that were given. Access tokens are never given twice; refreshes of one token agree on what comes next.
func (m *machine) keep(t *rapid.T, f *family, deeds []deed, outcomes []outcome) {
	for i, o := range outcomes {
		if o.err != nil || o.grant.AccessToken == "" {
			continue
		}
		if m.seen[o.grant.AccessToken] {
			t.Fatal("an access token was given twice")
		}
		m.seen[o.grant.AccessToken] = true
		f.access = append(f.access, given{token: o.grant.AccessToken, expires: deeds[i].now.Add(time.Duration(o.grant.ExpiresIn) * time.Second)})
		next := o.grant.RefreshToken
		if deeds[i].kind == exchange {
			f.refresh = append(f.refresh, refresh{token: next})
			continue
		}
		switch r := &f.refresh[deeds[i].nth]; {
		case f.client != "mcp":
			if next != r.token {
				t.Fatal("a stable refresh token changed")
			}
		case r.successor == "":
			r.successor = next
			f.refresh = append(f.refresh, refresh{token: next})
		case next != r.successor:
			t.Fatal("a refresh got another successor")
		}
	}
}

// decide makes the family what it has become. Where several orders explain what came, they differ in two things that can be told: whether it
// is over, which its newest access token shows, and when a refresh token was first used, which the store remembers.
func (m *machine) decide(t *rapid.T, f *family, possible []*family) {
	for _, then := range possible {
		if then.ended != possible[0].ended {
			over := !m.h.at(m.any(t)).lives(f.client, f.access[len(f.access)-1].token)
			possible = slices.DeleteFunc(possible, func(p *family) bool { return p.ended != over })
			break
		}
	}
	for i := range possible[0].refresh {
		if used := m.used(t, f, i); !used.IsZero() {
			possible = slices.DeleteFunc(possible, func(p *family) bool { return !p.refresh[i].used.Equal(used) })
		}
		if len(possible) == 0 {
			t.Fatal("the first use of a refresh token is remembered as another")
		}
	}
	then := possible[0]
	f.exchanged, f.ended = then.exchanged, then.ended
	for i := range then.refresh {
		f.refresh[i].used = then.refresh[i].used
	}
}

// used is the first use of a rotating refresh token, as the store remembers it: zero where it does not (any more).
func (m *machine) used(t *rapid.T, f *family, nth int) time.Time {
	if f.client != "mcp" {
		return time.Time{}
	}
	raw := []byte(decode(m.h.t, string(f.refresh[nth].token[len("sr_"):])))
	facts, err := m.h.store.RefreshFacts(m.h.t.Context(), linking.Refreshing{
		Grant: base64.RawURLEncoding.EncodeToString(raw[3:19]), Generation: int64(binary.BigEndian.Uint32(raw[19:23])),
	})
	if err != nil {
		t.Fatal(err)
	}
	return facts.Used
}

func (m *machine) RevokeAccess(t *rapid.T) {
	f := m.family(t)
	if len(f.access) == 0 {
		t.Skip("no access token yet")
	}
	a := &f.access[rapid.IntRange(0, len(f.access)-1).Draw(t, "access token")]
	if err := m.any(t).Revoke(m.h.t.Context(), call(f.client, map[string]string{"token": string(a.token)})); err != nil {
		t.Fatal(err)
	}
	a.revoked = true
}

func (m *machine) Sweep(t *rapid.T) {
	if err := m.any(t).Sweep(m.h.t.Context()); err != nil {
		t.Fatal(err)
	}
}

// Check compares every access token there is with the model: nothing of an ended family is accepted, and what is not over is.
func (m *machine) Check(t *rapid.T) {
	p := m.any(t)
	m.h.at(p)
	for _, f := range m.families {
		for _, a := range f.access {
			lives, now := m.h.lives(f.client, a.token), p.Now()
			if over := f.ended || a.revoked || !a.expires.After(now); over && lives {
				t.Fatalf("%s: accepted: family ended %v, token revoked %v, expires %v, now %v", f.client, f.ended, a.revoked, a.expires, now)
			}
			// A JWT counts whole seconds, so its last one may be cut short.
			if !f.ended && !a.revoked && a.expires.Add(-time.Second).After(now) && !lives {
				t.Fatalf("%s: refused, although nothing is over", f.client)
			}
		}
		f.access = slices.DeleteFunc(f.access, func(a given) bool { return len(f.access) > 8 && a.expires.Before(p.Now()) })
	}
}

// playing is how long a machine plays on each engine. What it played has been checked; it does not begin what would take longer.
const playing = 5 * time.Second

// TestNoOrderOfStepsBreaksAFamily: at most one live family per code; nothing of an ended family is ever accepted; refreshes within the
// grace agree; older access tokens live on. Deeds come one by one and at once, at two processes.
func TestNoOrderOfStepsBreaksAFamily(t *testing.T) {
	for name, fresh := range database.Engines {
		t.Run(name, func(t *testing.T) {
			h := openAt(t, fresh(t))
			p := h.processes(2)
			p[1].ahead = 7 * time.Millisecond
			begun, games := time.Now(), 0
			rapid.Check(t, func(t *rapid.T) {
				if time.Since(begun) > playing {
					return
				}
				games++
				m := &machine{h: h, p: p, seen: map[linking.Token]bool{}}
				m.link("mcp", p[0])
				m.atOnce(t, m.families[0], []deed{{kind: exchange, at: p[1], now: p[1].Now()}})
				t.Repeat(map[string]func(*rapid.T){
					"link": m.Link, "pass": m.Pass, "one": m.One, "another": m.One, "many": m.Many, "retry": m.Retry, "retry again": m.Retry, "revoke access": m.RevokeAccess, "sweep": m.Sweep, "": m.Check,
				})
			})
			t.Logf("%d games", games)
		})
	}
}
