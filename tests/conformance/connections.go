package conformance

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"sotto/banking"
)

// Connections proves a banking.Store. open gives an empty one.
func Connections(t *testing.T, open func(*testing.T) banking.Store) {
	for name, prove := range map[string]func(*testing.T, banking.Store){
		"a return from the bank is taken once, in time, by its own link":       awaitingOnce,
		"of many who take one return exactly one gets it":                      awaitingRace,
		"a taken consent is an ending until its connection is kept":            takenConsentIsKept,
		"a connection comes back as it was kept":                               connectionComesBack,
		"a connection whose ending was claimed is not kept":                    connectAfterClaim,
		"a link's connections come oldest first, and only its own":             connectionsInOrder,
		"a lease is had by one, and again when it is over":                     leaseOnce,
		"of many who want a lease exactly one gets it":                         leaseRace,
		"a lease of an older generation is refused":                            leaseGeneration,
		"connections that expire soon are counted by bank":                     expiring,
		"new tokens are kept by the holder alone":                              renewGuard,
		"a released connection can be leased again, one to be relinked cannot": releaseAndRelink,
		"a directory comes back, and none is kept of a connection that is not": directoryComesBack,
		"an authorization that expired becomes an ending":                      awaitingExpires,
		"of many who expire authorizations at once none loses a consent":       expireRace,
		"endings are claimed by one, the longest due first":                    endingsClaimed,
		"of many who claim endings each is claimed once":                       endingsRace,
		"a banking call whose context is over is refused":                      bankingContextOver,
	} {
		t.Run(name, func(t *testing.T) { prove(t, open(t)) })
	}
}

func awaiting(link string) banking.Awaiting {
	return banking.Awaiting{
		ID: name(), Link: link, Bank: "albion", State: blob(), Consent: blob(), Secret: blob(), Expires: noon.Add(30 * time.Minute),
	}
}

// connected keeps a connection as linking to a bank does, and gives it as it was kept.
func connected(t *testing.T, s banking.Store, link string) banking.Connection {
	t.Helper()
	p := awaiting(link)
	check(t, s.SaveAwaiting(t.Context(), p))
	_, err := s.TakeAwaiting(t.Context(), link, p.State, noon, noon.Add(time.Minute))
	check(t, err)
	c := banking.Connection{
		ID: p.ID, Link: link, Bank: p.Bank, Consent: p.Consent, Access: blob(), AccessExpires: noon.Add(5 * time.Minute),
		Refresh: blob(), RefreshExpires: noon.Add(90 * 24 * time.Hour), Generation: 1, Created: noon,
	}
	check(t, s.Connect(t.Context(), c))
	return c
}

func wantKind(t *testing.T, what string, err, kind error) {
	t.Helper()
	if !errors.Is(err, kind) {
		t.Errorf("%s: got %v, want %v", what, err, kind)
	}
}

func awaitingOnce(t *testing.T, s banking.Store) {
	link := name()
	p := awaiting(link)
	check(t, s.SaveAwaiting(t.Context(), p))
	_, err := s.TakeAwaiting(t.Context(), name(), p.State, noon, noon)
	wantKind(t, "another link", err, banking.ErrNotFound)
	_, err = s.TakeAwaiting(t.Context(), link, blob(), noon, noon)
	wantKind(t, "another state", err, banking.ErrNotFound)
	_, err = s.TakeAwaiting(t.Context(), link, p.State, p.Expires, noon)
	wantKind(t, "too late", err, banking.ErrNotFound)
	got, err := s.TakeAwaiting(t.Context(), link, p.State, noon, noon.Add(time.Hour))
	check(t, err)
	same(t, "authorization", got, p)
	_, err = s.TakeAwaiting(t.Context(), link, p.State, noon, noon)
	wantKind(t, "a second time", err, banking.ErrNotFound)
}

// atOnce runs f on many goroutines and says how many got no error; any other error than refusal fails the test.
func atOnce(t *testing.T, refusal error, f func(ctx context.Context, i int) error) int {
	t.Helper()
	var won atomic.Int64
	var all sync.WaitGroup
	for i := range 16 {
		all.Go(func() {
			switch err := f(t.Context(), i); {
			case err == nil:
				won.Add(1)
			case !errors.Is(err, refusal):
				t.Errorf("got %v, want %v", err, refusal)
			}
		})
	}
	all.Wait()
	return int(won.Load())
}

func awaitingRace(t *testing.T, s banking.Store) {
	link := name()
	p := awaiting(link)
	check(t, s.SaveAwaiting(t.Context(), p))
	won := atOnce(t, banking.ErrNotFound, func(ctx context.Context, _ int) error {
		_, err := s.TakeAwaiting(ctx, link, p.State, noon, noon.Add(time.Minute))
		return err
	})
	same(t, "winners", won, 1)
}

func takenConsentIsKept(t *testing.T, s banking.Store) {
	link := name()
	p := awaiting(link)
	check(t, s.SaveAwaiting(t.Context(), p))
	_, err := s.TakeAwaiting(t.Context(), link, p.State, noon, noon.Add(time.Minute))
	check(t, err)
	early, err := s.ClaimEndings(t.Context(), noon.Add(59*time.Second), noon.Add(time.Hour), 10)
	check(t, err)
	same(t, "endings before they are due", len(early), 0)
	due, err := s.ClaimEndings(t.Context(), noon.Add(time.Minute), noon.Add(time.Hour), 10)
	check(t, err)
	same(t, "endings", due, []banking.Ending{{ID: p.ID, Bank: p.Bank, Consent: p.Consent, Tries: 1}})

	c := connected(t, s, link)
	due, err = s.ClaimEndings(t.Context(), noon.Add(30*time.Minute), noon.Add(time.Hour), 10)
	check(t, err)
	same(t, "endings of a kept connection", len(due), 0)
	_, err = s.Connection(t.Context(), c.ID)
	check(t, err)
}

func connectionComesBack(t *testing.T, s banking.Store) {
	want := connected(t, s, name())
	got, err := s.Connection(t.Context(), want.ID)
	check(t, err)
	same(t, "connection", got, want)
	_, err = s.Connection(t.Context(), name())
	wantKind(t, "no such connection", err, banking.ErrNotFound)
}

func connectAfterClaim(t *testing.T, s banking.Store) {
	link := name()
	p := awaiting(link)
	check(t, s.SaveAwaiting(t.Context(), p))
	_, err := s.TakeAwaiting(t.Context(), link, p.State, noon, noon)
	check(t, err)
	_, err = s.ClaimEndings(t.Context(), noon, noon.Add(time.Minute), 1)
	check(t, err)
	c := banking.Connection{ID: p.ID, Link: link, Bank: p.Bank, Consent: p.Consent, Access: blob(), Generation: 1, Created: noon}
	wantKind(t, "its consent is being ended", s.Connect(t.Context(), c), banking.ErrNotFound)
	c.ID = name()
	wantKind(t, "it was never authorised", s.Connect(t.Context(), c), banking.ErrNotFound)
}

func connectionsInOrder(t *testing.T, s banking.Store) {
	link := name()
	var want []string
	for range 3 {
		want = append(want, connected(t, s, link).ID)
	}
	connected(t, s, name())
	slices.Sort(want) // all were made at the same instant
	list, err := s.Connections(t.Context(), link)
	check(t, err)
	var got []string
	for _, c := range list {
		got = append(got, c.ID)
	}
	same(t, "connections", got, want)
	none, err := s.Connections(t.Context(), name())
	check(t, err)
	same(t, "of another link", len(none), 0)
}

func leaseOnce(t *testing.T, s banking.Store) {
	c := connected(t, s, name())
	got, err := s.Lease(t.Context(), c.ID, 1, "one", noon, noon.Add(time.Minute))
	check(t, err)
	same(t, "leased", got, c)
	_, err = s.Lease(t.Context(), c.ID, 1, "two", noon.Add(59*time.Second), noon.Add(2*time.Minute))
	wantKind(t, "while it is held", err, banking.ErrLeased)
	_, err = s.Lease(t.Context(), c.ID, 1, "two", noon.Add(time.Minute), noon.Add(2*time.Minute))
	check(t, err)
	wantKind(t, "a holder whose lease was taken over", s.Renew(t.Context(), c, "one"), banking.ErrLeased)
	_, err = s.Lease(t.Context(), name(), 1, "two", noon, noon.Add(time.Minute))
	wantKind(t, "no such connection", err, banking.ErrLeased)
}

func leaseRace(t *testing.T, s banking.Store) {
	c := connected(t, s, name())
	won := atOnce(t, banking.ErrLeased, func(ctx context.Context, i int) error {
		_, err := s.Lease(ctx, c.ID, 1, fmt.Sprint(i), noon, noon.Add(time.Minute))
		return err
	})
	same(t, "winners", won, 1)
}

func leaseGeneration(t *testing.T, s banking.Store) {
	c := connected(t, s, name())
	_, err := s.Lease(t.Context(), c.ID, 1, "one", noon, noon.Add(time.Minute))
	check(t, err)
	check(t, s.Renew(t.Context(), c, "one"))
	_, err = s.Lease(t.Context(), c.ID, 1, "two", noon, noon.Add(time.Minute))
	wantKind(t, "tokens that were traded already", err, banking.ErrLeased)
	_, err = s.Lease(t.Context(), c.ID, 2, "two", noon, noon.Add(time.Minute))
	check(t, err)
}

func expiring(t *testing.T, s banking.Store) {
	life := 90 * 24 * time.Hour // as connected has it
	c := connected(t, s, name())
	connected(t, s, name())
	count := func(what string, from, until time.Time, want int) {
		t.Helper()
		counts, err := s.Expiring(t.Context(), from, until)
		check(t, err)
		same(t, what, counts[c.Bank], want)
		same(t, what+": banks", len(counts), min(want, 1))
	}
	end := noon.Add(life)
	count("before", noon, end.Add(-time.Millisecond), 0)
	count("at the instant", noon, end, 2)
	count("when they have ended", end, end.Add(life), 0)
	_, err := s.Lease(t.Context(), c.ID, 1, "one", noon, noon.Add(time.Minute))
	check(t, err)
	check(t, s.Release(t.Context(), c.ID, "one", true))
	count("without the one that is over", noon, end, 1)
}

func renewGuard(t *testing.T, s banking.Store) {
	c := connected(t, s, name())
	wantKind(t, "nobody holds it", s.Renew(t.Context(), c, ""), banking.ErrLeased)
	_, err := s.Lease(t.Context(), c.ID, 1, "one", noon, noon.Add(time.Minute))
	check(t, err)
	c.Access, c.Refresh = blob(), blob()
	c.AccessExpires, c.RefreshExpires = noon.Add(time.Hour), noon.Add(48*time.Hour)
	wantKind(t, "another holder", s.Renew(t.Context(), c, "two"), banking.ErrLeased)
	check(t, s.Renew(t.Context(), c, "one"))
	wantKind(t, "a second time", s.Renew(t.Context(), c, "one"), banking.ErrLeased)
	c.Generation = 2
	got, err := s.Connection(t.Context(), c.ID)
	check(t, err)
	same(t, "renewed", got, c)
}

func releaseAndRelink(t *testing.T, s banking.Store) {
	c := connected(t, s, name())
	_, err := s.Lease(t.Context(), c.ID, 1, "one", noon, noon.Add(time.Minute))
	check(t, err)
	check(t, s.Release(t.Context(), c.ID, "two", true))
	got, err := s.Connection(t.Context(), c.ID)
	check(t, err)
	same(t, "relink by one who holds nothing", got.Relink, false)
	check(t, s.Release(t.Context(), c.ID, "one", false))
	_, err = s.Lease(t.Context(), c.ID, 1, "two", noon, noon.Add(time.Minute))
	check(t, err)
	check(t, s.Release(t.Context(), c.ID, "two", true))
	got, err = s.Connection(t.Context(), c.ID)
	check(t, err)
	same(t, "relink", got.Relink, true)
	_, err = s.Lease(t.Context(), c.ID, 1, "three", noon, noon.Add(time.Minute))
	wantKind(t, "one to be linked again", err, banking.ErrLeased)
}

func directoryComesBack(t *testing.T, s banking.Store) {
	c := connected(t, s, name())
	c.Directory, c.DirectoryAt = blob(), noon.Add(time.Second)
	check(t, s.PutDirectory(t.Context(), c.ID, c.Directory, c.DirectoryAt))
	check(t, s.PutDirectory(t.Context(), name(), blob(), noon))
	got, err := s.Connection(t.Context(), c.ID)
	check(t, err)
	same(t, "with its directory", got, c)
}

func awaitingExpires(t *testing.T, s banking.Store) {
	link := name()
	p := awaiting(link)
	check(t, s.SaveAwaiting(t.Context(), p))
	check(t, s.ExpireAwaiting(t.Context(), p.Expires.Add(-time.Millisecond), 10))
	none, err := s.ClaimEndings(t.Context(), p.Expires, noon.Add(time.Hour), 10)
	check(t, err)
	same(t, "endings before its time is over", len(none), 0)
	check(t, s.ExpireAwaiting(t.Context(), p.Expires, 10))
	due, err := s.ClaimEndings(t.Context(), p.Expires, noon.Add(time.Hour), 10)
	check(t, err)
	same(t, "endings", due, []banking.Ending{{ID: p.ID, Bank: p.Bank, Consent: p.Consent, Tries: 1}})
	_, err = s.TakeAwaiting(t.Context(), link, p.State, noon, noon)
	wantKind(t, "a return after that", err, banking.ErrNotFound)
}

func expireRace(t *testing.T, s banking.Store) {
	const many = 30
	var p banking.Awaiting
	for range many {
		p = awaiting(name())
		check(t, s.SaveAwaiting(t.Context(), p))
	}
	atOnce(t, nil, func(ctx context.Context, _ int) error {
		for range many / 3 {
			if err := s.ExpireAwaiting(ctx, p.Expires, 3); err != nil {
				return err
			}
		}
		return nil
	})
	due, err := s.ClaimEndings(t.Context(), p.Expires, p.Expires.Add(time.Hour), 2*many)
	check(t, err)
	same(t, "endings", len(due), many)
}

// ending makes an ending that is due at a time.
func ending(t *testing.T, s banking.Store, due time.Time) string {
	t.Helper()
	p := awaiting(name())
	check(t, s.SaveAwaiting(t.Context(), p))
	_, err := s.TakeAwaiting(t.Context(), p.Link, p.State, noon, due)
	check(t, err)
	return p.ID
}

func endingsClaimed(t *testing.T, s banking.Store) {
	late, early := ending(t, s, noon.Add(2*time.Second)), ending(t, s, noon.Add(time.Second))
	now := noon.Add(time.Minute)
	first, err := s.ClaimEndings(t.Context(), now, now.Add(time.Minute), 1)
	check(t, err)
	second, err := s.ClaimEndings(t.Context(), now, now.Add(time.Minute), 1)
	check(t, err)
	third, err := s.ClaimEndings(t.Context(), now, now.Add(time.Minute), 1)
	check(t, err)
	if len(first) != 1 || first[0].ID != early || len(second) != 1 || second[0].ID != late || len(third) != 0 {
		t.Fatalf("got %d, %d, %d endings, want the early one, the late one, none", len(first), len(second), len(third))
	}
	check(t, s.DeleteEnding(t.Context(), early))
	check(t, s.DeleteEnding(t.Context(), early))
	check(t, s.PostponeEnding(t.Context(), late, now.Add(time.Second)))
	check(t, s.PostponeEnding(t.Context(), name(), now))
	again, err := s.ClaimEndings(t.Context(), now.Add(time.Second), now.Add(time.Hour), 10)
	check(t, err)
	if len(again) != 1 || again[0].ID != late || again[0].Tries != 2 {
		t.Fatalf("got %v, want the late one for the second time", again)
	}
}

func endingsRace(t *testing.T, s banking.Store) {
	want := map[string]int{}
	for range 10 {
		want[ending(t, s, noon)] = 1
	}
	var mu sync.Mutex
	got := map[string]int{}
	atOnce(t, nil, func(ctx context.Context, _ int) error {
		list, err := s.ClaimEndings(ctx, noon, noon.Add(time.Minute), 3)
		mu.Lock()
		defer mu.Unlock()
		for _, e := range list {
			got[e.ID]++
		}
		return err
	})
	same(t, "claims", got, want)
}

func bankingContextOver(t *testing.T, s banking.Store) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	p := awaiting(name())
	wantKind(t, "save", s.SaveAwaiting(ctx, p), context.Canceled)
	_, err := s.Connections(ctx, name())
	wantKind(t, "list", err, context.Canceled)
	_, err = s.Lease(ctx, name(), 1, "one", noon, noon)
	wantKind(t, "lease", err, context.Canceled)
}
