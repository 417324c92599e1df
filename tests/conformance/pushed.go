package conformance

import (
	"context"
	"testing"
	"time"

	"sotto/linking"
)

// addPushed keeps a pushed request with a non-zero value in every field.
func addPushed(t *testing.T, s linking.Store) linking.PushedRequest {
	t.Helper()
	p := linking.PushedRequest{
		Hash: blob(), Client: "alexa-1", RedirectURI: "https://client.example/cb?x=1", State: []byte("a\x00b\xff&=+ %"), Challenge: "challenge",
		Resource: "https://sotto.example/alexa", Locales: "pt-BR en", Asked: 31, Expires: noon.Add(90 * time.Second),
	}
	check(t, s.AddPushed(t.Context(), p))
	return p
}

// opening is what whoever opens p brings along.
func opening(p linking.PushedRequest) linking.Interaction {
	return linking.Interaction{ID: name(), Browser: blob(), Client: p.Client, Link: name(), Key: blob(), Pushed: p.Hash, Expires: noon.Add(30 * time.Minute)}
}

func openPushed(t *testing.T, s linking.Store) {
	p := addPushed(t, s)
	for name, spoil := range map[string]func(*linking.Interaction, *time.Time){
		"another request":  func(i *linking.Interaction, _ *time.Time) { i.Pushed = blob() },
		"another client":   func(i *linking.Interaction, _ *time.Time) { i.Client = "google-1" },
		"the last instant": func(_ *linking.Interaction, now *time.Time) { *now = p.Expires },
	} {
		i, now := opening(p), noon
		spoil(&i, &now)
		_, err := s.OpenPushed(t.Context(), i, now)
		wantNone(t, name, err)
		_, err = s.Interaction(t.Context(), i.ID, i.Browser, noon)
		wantNone(t, name+", kept", err)
	}
	for range 2 {
		i := opening(p)
		got, err := s.OpenPushed(t.Context(), i, p.Expires.Add(-time.Millisecond))
		check(t, err)
		i.RedirectURI, i.State, i.Challenge, i.Resource, i.Locales, i.Asked = p.RedirectURI, p.State, p.Challenge, p.Resource, p.Locales, p.Asked
		same(t, "opened", got, i)
		got, err = s.Interaction(t.Context(), i.ID, i.Browser, noon)
		check(t, err)
		same(t, "kept", got, i)
	}
	facts, err := s.PushedFacts(t.Context(), p.Hash)
	check(t, err)
	same(t, "facts", facts, linking.PushedFacts{Client: p.Client, Expires: p.Expires})
	_, err = s.PushedFacts(t.Context(), blob())
	wantNone(t, "facts of nothing", err)
}

func opened(t *testing.T, s linking.Store) {
	p := addPushed(t, s)
	i, err := s.OpenPushed(t.Context(), opening(p), noon)
	check(t, err)
	got, err := s.Opened(t.Context(), p.Hash, p.Client, i.Browser, i.Expires.Add(-time.Millisecond))
	check(t, err)
	same(t, "opened", got, i)
	for name, find := range map[string]func() (linking.Interaction, error){
		"another request": func() (linking.Interaction, error) { return s.Opened(t.Context(), blob(), p.Client, i.Browser, noon) },
		"another client":  func() (linking.Interaction, error) { return s.Opened(t.Context(), p.Hash, "google-1", i.Browser, noon) },
		"another browser": func() (linking.Interaction, error) { return s.Opened(t.Context(), p.Hash, p.Client, blob(), noon) },
		"too late": func() (linking.Interaction, error) {
			return s.Opened(t.Context(), p.Hash, p.Client, i.Browser, i.Expires)
		},
	} {
		_, err := find()
		wantNone(t, name, err)
	}
	takePushed(t, s, i)
	_, err = s.Opened(t.Context(), p.Hash, p.Client, i.Browser, noon)
	wantNone(t, "one that is taken", err)
}

// takePushed brings an interaction to where it can be concluded.
func takePushed(t *testing.T, s linking.Store, i linking.Interaction) {
	t.Helper()
	state := blob()
	check(t, s.Await(t.Context(), i.ID, i.Tries, state))
	_, err := s.Take(t.Context(), state, i.Browser, noon)
	check(t, err)
}

func concludePushedRace(t *testing.T, s linking.Store) {
	p := addPushed(t, s)
	ready := make(chan linking.Interaction, 8)
	for range cap(ready) {
		i, err := s.OpenPushed(t.Context(), opening(p), noon)
		check(t, err)
		takePushed(t, s, i)
		ready <- i
	}
	if won := race(t, func(ctx context.Context) error {
		i := <-ready
		return s.Conclude(ctx, i.ID, newLink(i))
	}); won != 1 {
		t.Errorf("%d were concluded, want 1", won)
	}
	facts, err := s.PushedFacts(t.Context(), p.Hash)
	check(t, err)
	same(t, "facts", facts, linking.PushedFacts{Client: p.Client, Expires: p.Expires, Spent: noon})
	_, err = s.OpenPushed(t.Context(), opening(p), noon)
	wantNone(t, "opening a spent one", err)
}

func sweepPushed(t *testing.T, s linking.Store) {
	p := addPushed(t, s)
	check(t, s.SweepLinks(t.Context(), p.Expires.Add(40*time.Minute)))
	_, err := s.PushedFacts(t.Context(), p.Hash)
	check(t, err)
	check(t, s.SweepLinks(t.Context(), p.Expires.Add(2*time.Hour)))
	_, err = s.PushedFacts(t.Context(), p.Hash)
	wantNone(t, "swept", err)
}
