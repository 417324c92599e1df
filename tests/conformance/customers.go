package conformance

import (
	"context"
	"testing"
	"time"

	"sotto/linking"
)

// Customers proves what a linking.Store keeps for customers who look at their links. open gives an empty one.
func Customers(t *testing.T, open func(*testing.T) linking.Store) {
	for name, prove := range map[string]func(*testing.T, linking.Store){
		"a customer's links are his own, the newest first":           linksOf,
		"a link is narrowed by its customer only, and never widened": narrowLink,
		"a sign-in is taken once, in its browser and in time":        takeSignIn,
		"a session is its browser's, until its end or until dropped": sessions,
	} {
		t.Run(name, func(t *testing.T) { prove(t, open(t)) })
	}
}

// linkedFor makes a link of a customer at an instant.
func linkedFor(t *testing.T, s linking.Store, customer []byte, at time.Time) linking.NewLink {
	t.Helper()
	i := taken(t, s)
	n := newLink(i)
	n.Customer, n.Created = customer, at
	check(t, s.Conclude(t.Context(), i.ID, n))
	return n
}

func owned(n linking.NewLink) linking.Owned {
	return linking.Owned{Link: n.ID, Client: n.Client, Subject: n.Subject, Scopes: n.Scopes, Key: n.Key, Created: n.Created}
}

func linksOf(t *testing.T, s linking.Store) {
	customer := blob()
	older, newer := linkedFor(t, s, customer, noon), linkedFor(t, s, customer, noon.Add(time.Second))
	other := linkedFor(t, s, blob(), noon)
	check(t, s.EndLink(t.Context(), older.ID, noon.Add(time.Minute)))
	ended := owned(older)
	ended.Ended = noon.Add(time.Minute)
	got, err := s.LinksOf(t.Context(), customer, 10)
	check(t, err)
	same(t, "links", got, []linking.Owned{owned(newer), ended})
	got, err = s.LinksOf(t.Context(), customer, 1)
	check(t, err)
	same(t, "at most one", got, []linking.Owned{owned(newer)})
	got, err = s.LinksOf(t.Context(), blob(), 10)
	check(t, err)
	same(t, "of nobody", len(got), 0)
	one, err := s.LinkOf(t.Context(), customer, newer.ID)
	check(t, err)
	same(t, "link", one, owned(newer))
	_, err = s.LinkOf(t.Context(), customer, other.ID)
	wantNone(t, "another customer's", err)
	_, err = s.LinkOf(t.Context(), customer, name())
	wantNone(t, "one that is not there", err)
}

func narrowLink(t *testing.T, s linking.Store) {
	customer := blob()
	n := linkedFor(t, s, customer, noon) // scopes 1 and 2
	wantNone(t, "another customer", s.NarrowLink(t.Context(), blob(), n.ID, 1))
	wantNone(t, "to nothing", s.NarrowLink(t.Context(), customer, n.ID, 0))
	wantNone(t, "to what it has not", s.NarrowLink(t.Context(), customer, n.ID, 4))
	check(t, s.NarrowLink(t.Context(), customer, n.ID, 2|4))
	check(t, s.NarrowLink(t.Context(), customer, n.ID, 3))
	g, _, err := s.ByGrant(t.Context(), n.Grant, blob())
	check(t, err)
	same(t, "scopes", g.Scopes, linking.Mask(2))
	check(t, s.EndLink(t.Context(), n.ID, noon))
	wantNone(t, "an ended one", s.NarrowLink(t.Context(), customer, n.ID, 2))
}

func takeSignIn(t *testing.T, s linking.Store) {
	in := linking.SignIn{State: blob(), Browser: blob(), Visit: name(), Expires: noon.Add(time.Minute)}
	check(t, s.AddSignIn(t.Context(), in))
	_, err := s.TakeSignIn(t.Context(), in.State, blob(), noon)
	wantNone(t, "another browser", err)
	_, err = s.TakeSignIn(t.Context(), blob(), in.Browser, noon)
	wantNone(t, "another state", err)
	_, err = s.TakeSignIn(t.Context(), in.State, in.Browser, in.Expires)
	wantNone(t, "too late", err)
	if won := race(t, func(ctx context.Context) error {
		got, err := s.TakeSignIn(ctx, in.State, in.Browser, noon)
		if err == nil {
			same(t, "sign-in", got, in)
		}
		return err
	}); won != 1 {
		t.Errorf("%d got it, want 1", won)
	}
	late := linking.SignIn{State: blob(), Browser: blob(), Visit: name(), Expires: noon}
	check(t, s.AddSignIn(t.Context(), late))
	check(t, s.SweepLinks(t.Context(), noon))
	_, err = s.TakeSignIn(t.Context(), late.State, late.Browser, noon.Add(-time.Hour))
	wantNone(t, "one that was swept", err)
}

func sessions(t *testing.T, s linking.Store) {
	one := linking.Session{Hash: blob(), Browser: blob(), Customer: blob(), Bank: "albion", Expires: noon.Add(time.Minute)}
	other := linking.Session{Hash: blob(), Browser: one.Browser, Customer: blob(), Bank: "aurora", Expires: noon.Add(time.Hour)}
	check(t, s.AddSession(t.Context(), one))
	check(t, s.AddSession(t.Context(), other))
	got, err := s.Session(t.Context(), one.Hash, one.Browser, noon)
	check(t, err)
	same(t, "session", got, one)
	_, err = s.Session(t.Context(), one.Hash, blob(), noon)
	wantNone(t, "another browser", err)
	_, err = s.Session(t.Context(), blob(), one.Browser, noon)
	wantNone(t, "another session", err)
	_, err = s.Session(t.Context(), one.Hash, one.Browser, one.Expires)
	wantNone(t, "too late", err)
	check(t, s.SweepLinks(t.Context(), one.Expires))
	_, err = s.Session(t.Context(), one.Hash, one.Browser, noon)
	wantNone(t, "one that was swept", err)
	for range 2 {
		check(t, s.DropSession(t.Context(), other.Hash))
	}
	_, err = s.Session(t.Context(), other.Hash, other.Browser, noon)
	wantNone(t, "one that was dropped", err)
}
