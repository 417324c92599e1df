package linking_test

import (
	"errors"
	"testing"
	"time"

	"pgregory.net/rapid"

	"sotto/linking"
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
	refresh   []*refresh
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

// machine plays honest and dishonest holders of codes and tokens against one Authority, and knows what each must get.
type machine struct {
	h        *house
	families []*family
	seen     map[linking.Token]bool // every access token ever given
}

func (m *machine) family(t *rapid.T) *family {
	if len(m.families) == 0 {
		t.Skip("no family yet")
	}
	return rapid.SampledFrom(m.families).Draw(t, "family")
}

func (m *machine) Link(t *rapid.T) {
	if len(m.families) >= 6 {
		t.Skip("enough families")
	}
	client := rapid.SampledFrom([]string{"alexa", "google", "mcp"}).Draw(t, "client")
	step := m.h.approve(m.h.authorize(request(client)))
	m.families = append(m.families, &family{
		client: client, link: step.Link, code: parameters(m.h.t, step.URL).Get("code"), expires: m.h.Now().Add(time.Minute),
	})
}

func (m *machine) Pass(t *rapid.T) {
	m.h.pass(rapid.SampledFrom([]time.Duration{
		time.Millisecond, time.Second, 30 * time.Second, time.Minute, time.Minute + time.Millisecond, 16 * time.Minute, 2 * time.Hour, 48 * time.Hour,
	}).Draw(t, "for"))
}

func (m *machine) Exchange(t *rapid.T) {
	f := m.family(t)
	g, err := m.h.Token(m.h.t.Context(), call(f.client, exchanging(f.client, f.code)))
	good := !f.exchanged && !f.ended && f.expires.After(m.h.Now())
	if good != (err == nil) {
		t.Fatalf("exchange: good is %v, got %v", good, err)
	}
	if !good {
		m.mustRefuse(t, err)
		f.ended = f.ended || f.exchanged // a replay ends the family
		return
	}
	f.exchanged = true
	m.give(t, f, g)
	f.refresh = []*refresh{{token: g.RefreshToken}}
}

// StealCode is another client with the code: nothing for it, and nothing lost, unless the code was used already.
func (m *machine) StealCode(t *rapid.T) {
	f := m.family(t)
	_, err := m.h.Token(m.h.t.Context(), call("other", exchanging(f.client, f.code)))
	m.mustRefuse(t, err)
	f.ended = f.ended || f.exchanged
}

func (m *machine) Refresh(t *rapid.T) {
	f := m.family(t)
	if len(f.refresh) == 0 {
		t.Skip("no refresh token yet")
	}
	r := rapid.SampledFrom(f.refresh).Draw(t, "refresh token")
	g, err := m.h.Token(m.h.t.Context(), call(f.client, refreshing(r.token)))
	late := !r.used.IsZero() && m.h.Now().Sub(r.used) > time.Minute
	good := !f.ended && !late
	if good != (err == nil) {
		t.Fatalf("refresh: good is %v, got %v", good, err)
	}
	if !good {
		m.mustRefuse(t, err)
		f.ended = true
		return
	}
	m.give(t, f, g)
	switch {
	case f.client != "mcp":
		if g.RefreshToken != r.token {
			t.Fatal("a stable refresh token changed")
		}
	case r.used.IsZero():
		r.used, r.successor = m.h.Now(), g.RefreshToken
		f.refresh = append(f.refresh, &refresh{token: g.RefreshToken})
	case g.RefreshToken != r.successor:
		t.Fatal("a retry got another successor")
	}
}

// StealRefresh is another client with a refresh token: nothing for it, nothing lost.
func (m *machine) StealRefresh(t *rapid.T) {
	f := m.family(t)
	if len(f.refresh) == 0 {
		t.Skip("no refresh token yet")
	}
	_, err := m.h.Token(m.h.t.Context(), call("other", refreshing(rapid.SampledFrom(f.refresh).Draw(t, "refresh token").token)))
	m.mustRefuse(t, err)
}

func (m *machine) RevokeRefresh(t *rapid.T) {
	f := m.family(t)
	if len(f.refresh) == 0 {
		t.Skip("no refresh token yet")
	}
	token := rapid.SampledFrom(f.refresh).Draw(t, "refresh token").token
	if err := m.h.Revoke(m.h.t.Context(), call(f.client, map[string]string{"token": string(token)})); err != nil {
		t.Fatal(err)
	}
	f.ended = true
}

func (m *machine) RevokeAccess(t *rapid.T) {
	f := m.family(t)
	if len(f.access) == 0 {
		t.Skip("no access token yet")
	}
	a := &f.access[rapid.IntRange(0, len(f.access)-1).Draw(t, "access token")]
	if err := m.h.Revoke(m.h.t.Context(), call(f.client, map[string]string{"token": string(a.token)})); err != nil {
		t.Fatal(err)
	}
	a.revoked = true
}

func (m *machine) End(t *rapid.T) {
	f := m.family(t)
	if err := m.h.End(m.h.t.Context(), f.link); err != nil {
		t.Fatal(err)
	}
	f.ended = true
}

func (m *machine) Sweep(t *rapid.T) {
	if err := m.h.Sweep(m.h.t.Context()); err != nil {
		t.Fatal(err)
	}
}

func (m *machine) mustRefuse(t *rapid.T, err error) {
	var e *linking.OAuthError
	if !errors.As(err, &e) {
		t.Fatalf("got %v, want a refusal", err)
	}
}

func (m *machine) give(t *rapid.T, f *family, g linking.Grant) {
	if m.seen[g.AccessToken] {
		t.Fatal("an access token was given twice")
	}
	m.seen[g.AccessToken] = true
	f.access = append(f.access, given{token: g.AccessToken, expires: m.h.Now().Add(time.Duration(g.ExpiresIn) * time.Second)})
}

// Check compares every access token there is with the model: nothing of an ended family is accepted, and what is not over is.
func (m *machine) Check(t *rapid.T) {
	for _, f := range m.families {
		for _, a := range f.access {
			lives := m.h.lives(f.client, a.token)
			now := m.h.Now()
			if over := f.ended || a.revoked || !a.expires.After(now); over && lives {
				t.Fatalf("%s: accepted: family ended %v, token revoked %v, expires %v, now %v", f.client, f.ended, a.revoked, a.expires, now)
			}
			// A JWT counts whole seconds, so its last one may be cut short.
			if !f.ended && !a.revoked && a.expires.Add(-time.Second).After(now) && !lives {
				t.Fatalf("%s: refused, although nothing is over", f.client)
			}
		}
	}
}

// TestNoOrderOfStepsBreaksAFamily: at most one live family per code; nothing of an ended family is ever accepted; refreshes within the
// grace agree; older access tokens live on.
func TestNoOrderOfStepsBreaksAFamily(t *testing.T) {
	h := open(t)
	rapid.Check(t, func(t *rapid.T) {
		m := &machine{h: h, seen: map[linking.Token]bool{}}
		t.Repeat(map[string]func(*rapid.T){
			"link": m.Link, "pass": m.Pass, "exchange": m.Exchange, "steal code": m.StealCode, "refresh": m.Refresh, "refresh again": m.Refresh,
			"steal refresh": m.StealRefresh, "revoke refresh": m.RevokeRefresh, "revoke access": m.RevokeAccess, "end": m.End, "sweep": m.Sweep, "": m.Check,
		})
	})
}
