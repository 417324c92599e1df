package conformance

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sotto/linking"
)

// noon is when the cases happen; it has milliseconds, so that a store that drops them is found.
var noon = time.Date(2026, 11, 23, 12, 0, 0, int(123*time.Millisecond), time.UTC)

// Links proves a linking.Store. open gives an empty one.
func Links(t *testing.T, open func(*testing.T) linking.Store) {
	for name, prove := range map[string]func(*testing.T, linking.Store){
		"a key comes back as it was kept":                                 keyComesBack,
		"of two keys of one kind and number the first stays":              firstKeyStays,
		"processes that make a key at once agree on one":                  keysAgree,
		"a key is changed and deleted only as it was seen":                keyChanges,
		"what is sealed under a key is sealed anew, and nothing else":     resealLinks,
		"what was replaced while it was sealed anew stays":                resealGuard,
		"what cannot be opened does not keep the rest from being seen":    resealFault,
		"an interaction comes back as it was kept":                        interactionComesBack,
		"an interaction is only its own browser's, and only in time":      interactionIsBound,
		"choosing keeps the choice and counts tries up to the limit":      chooseCounts,
		"a bank is awaited only by the latest try":                        awaitLatest,
		"a return from the bank is taken once":                            takeOnce,
		"of many takers at once exactly one gets the interaction":         takeRace,
		"a taken interaction can be put back to asking":                   askAgain,
		"only one with a bank joined is taken without a return, once":     takeJoined,
		"a return and a finish at once make one link":                     takeJoinedRace,
		"an abandoned interaction is gone":                                abandonGone,
		"only a taken interaction is concluded, and once":                 concludeOnce,
		"a code is spent once, and only where everything fits":            exchangeGuards,
		"of many exchanges at once exactly one succeeds":                  exchangeRace,
		"what is known of a code is complete":                             codeFacts,
		"a stable refresh token serves its client for good":               refreshStable,
		"a rotating refresh token is accepted again within its grace":     refreshRotating,
		"of many rotations at once all agree on the first use":            rotationRace,
		"a generation that was swept is not taken for an unused one":      sweptGeneration,
		"a generation below one that was used was used itself":            passedGeneration,
		"an access token comes back with its grant":                       accessComesBack,
		"a revoked access token is known as such, opaque or not":          revokedAccess,
		"an ended link's tokens are dead and its grant says so":           endLink,
		"a forgotten link leaves its receipt, and the same one again":     forgetLink,
		"a sweep deletes what is over and nothing else":                   sweepLinks,
		"a pushed request is opened only by its client, and only in time": openPushed,
		"a browser finds what it opened":                                  opened,
		"of all who opened a pushed request one is concluded":             concludePushedRace,
		"a pushed request is swept when nobody can be under way with it":  sweepPushed,
		"an assertion is spent once":                                      spendAssertion,
		"a spent assertion is forgotten only when it is long over":        sweepAssertions,
		"a call whose context is over is refused":                         contextOver,
		"revoking, ending and exchanging at once leave nothing living ":   endRace,
		"refreshing while the link ends leaves no access token":           endRefreshRace,
		"a generation that is just being swept is not taken for unused":   sweepRace,
		"of many who forget a link at once all get one receipt":           forgetRace,
		"a service's token comes back, and says that it was revoked":      serviceComesBack,
		"a service's token is revoked although it was never kept":         revokedService,
	} {
		t.Run(name, func(t *testing.T) { prove(t, open(t)) })
	}
	for name, prove := range chats {
		t.Run(name, func(t *testing.T) { prove(t, open(t)) })
	}
	for name, prove := range households {
		t.Run(name, func(t *testing.T) { prove(t, open(t)) })
	}
	for name, prove := range accounts {
		t.Run(name, func(t *testing.T) { prove(t, open(t)) })
	}
}

// blob gives bytes that no other call gives.
func blob() []byte {
	b := make([]byte, 32)
	_, _ = rand.Read(b)
	return b
}

func name() string { return fmt.Sprintf("%x", blob()[:8]) }

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantNone(t *testing.T, what string, err error) {
	t.Helper()
	if !errors.Is(err, linking.ErrNone) {
		t.Errorf("%s: got %v, want ErrNone", what, err)
	}
}

func same(t *testing.T, what string, got, want any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// interaction gives one with a non-zero value in every field.
func interaction() linking.Interaction {
	return linking.Interaction{
		ID: name(), Browser: blob(), Client: "alexa-1", RedirectURI: "https://client.example/cb?x=1", State: []byte("a\x00b\xff&=+ %"), Challenge: "challenge",
		Resource: "https://sotto.example/alexa", Locales: "pt-BR en", Asked: 31, Scopes: 3, Link: name(), Key: blob(), Customer: blob(), Bank: "albion",
		Joined: 1, Add: true, Tries: 2, Ticket: blob(), Account: blob(), Expires: noon.Add(30 * time.Minute),
	}
}

// newLink gives one with a non-zero value in every field.
func newLink(i linking.Interaction) linking.NewLink {
	return linking.NewLink{
		ID: i.Link, Client: i.Client, Customer: blob(), Subject: "subject", Scopes: 3, Key: i.Key, Created: noon,
		Grant: name(), Resource: i.Resource, Code: blob(), CodeExpires: noon.Add(time.Minute), RedirectURI: i.RedirectURI, Challenge: "challenge", Account: i.Account,
	}
}

// taken keeps an interaction and takes it back from the bank.
func taken(t *testing.T, s linking.Store) linking.Interaction {
	t.Helper()
	i := interaction()
	check(t, s.AddInteraction(t.Context(), i))
	state := blob()
	check(t, s.Await(t.Context(), i.ID, i.Tries, state))
	i, err := s.Take(t.Context(), state, i.Browser, noon)
	check(t, err)
	return i
}

// linked makes a link whose code waits to be traded.
func linked(t *testing.T, s linking.Store) linking.NewLink {
	t.Helper()
	i := taken(t, s)
	n := newLink(i)
	check(t, s.Conclude(t.Context(), i.ID, n))
	return n
}

func exchange(n linking.NewLink) linking.Exchange {
	return linking.Exchange{Code: n.Code, Client: n.Client, RedirectURI: n.RedirectURI, Challenge: n.Challenge, Now: noon, Refresh: blob()}
}

func granted(n linking.NewLink) linking.Granted {
	return linking.Granted{Basis: basis(n), Client: n.Client, Customer: n.Customer, Key: n.Key, Created: n.Created}
}

func basis(n linking.NewLink) linking.Basis {
	return linking.Basis{Grant: n.Grant, Resource: n.Resource, Link: n.ID, Subject: n.Subject, Scopes: n.Scopes}
}

// race runs f eight times at once and counts how often it succeeded; any error but ErrNone fails the test.
func race(t *testing.T, f func(context.Context) error) int {
	t.Helper()
	return raceOf(t, func(ctx context.Context, _ int) error { return f(ctx) })
}

// raceOf is a race in which each is told its number, from 0.
func raceOf(t *testing.T, f func(ctx context.Context, i int) error) int {
	t.Helper()
	var wg sync.WaitGroup
	errs := make([]error, 8)
	start := make(chan struct{})
	for i := range errs {
		wg.Go(func() {
			<-start
			errs[i] = f(t.Context(), i)
		})
	}
	close(start)
	wg.Wait()
	won := 0
	for _, err := range errs {
		switch {
		case err == nil:
			won++
		case !errors.Is(err, linking.ErrNone):
			t.Error(err)
		}
	}
	return won
}

func keyComesBack(t *testing.T, s linking.Store) {
	b := linking.SealedKey{Kind: "b", Number: 7, Wrapped: blob(), Made: noon, Starts: noon.Add(time.Hour), Ends: noon.Add(2 * time.Hour)}
	a := linking.SealedKey{Kind: "a", Number: 9, Wrapped: blob(), Made: noon, Starts: noon}
	check(t, s.AddKey(t.Context(), b))
	check(t, s.AddKey(t.Context(), a))
	got, err := s.LinkingKeys(t.Context())
	check(t, err)
	same(t, "keys", got, []linking.SealedKey{a, b})
}

func firstKeyStays(t *testing.T, s linking.Store) {
	first := linking.SealedKey{Kind: "a", Number: 1, Wrapped: blob(), Made: noon, Starts: noon}
	second := linking.SealedKey{Kind: "a", Number: 1, Wrapped: blob(), Made: noon.Add(1), Starts: noon.Add(1)}
	check(t, s.AddKey(t.Context(), first))
	check(t, s.AddKey(t.Context(), second))
	got, err := s.LinkingKeys(t.Context())
	check(t, err)
	same(t, "keys", got, []linking.SealedKey{first})
}

func keysAgree(t *testing.T, s linking.Store) {
	race(t, func(ctx context.Context) error {
		return s.AddKey(ctx, linking.SealedKey{Kind: "a", Number: 1, Wrapped: blob(), Made: noon, Starts: noon})
	})
	got, err := s.LinkingKeys(t.Context())
	check(t, err)
	if len(got) != 1 {
		t.Errorf("got %d keys, want 1", len(got))
	}
}

func keyChanges(t *testing.T, s linking.Store) {
	was := linking.SealedKey{Kind: "a", Number: 1, Wrapped: blob(), Made: noon, Starts: noon}
	other := linking.SealedKey{Kind: "a", Number: 2, Wrapped: blob(), Made: noon, Starts: noon}
	check(t, s.AddKey(t.Context(), was))
	check(t, s.AddKey(t.Context(), other))
	is := was
	is.Ends = noon.Add(time.Hour)
	check(t, s.ChangeKey(t.Context(), was, is))
	wantNone(t, "changing what was changed", s.ChangeKey(t.Context(), was, is))
	wantNone(t, "deleting what was changed", s.DeleteKey(t.Context(), was))
	was, is.Wrapped = is, blob()
	check(t, s.ChangeKey(t.Context(), was, is))
	wantNone(t, "deleting what was wrapped anew", s.DeleteKey(t.Context(), was))
	got, err := s.LinkingKeys(t.Context())
	check(t, err)
	same(t, "keys", got, []linking.SealedKey{is, other})
	check(t, s.DeleteKey(t.Context(), is))
	wantNone(t, "deleting what is gone", s.DeleteKey(t.Context(), is))
	got, err = s.LinkingKeys(t.Context())
	check(t, err)
	same(t, "keys", got, []linking.SealedKey{other})
}

// sealedAs is a link, or an interaction, whose key begins with prefix.
func sealedAs(prefix string, key []byte) []byte { return append([]byte(prefix), key...) }

// many is more than any store can be expected to handle in one step.
const many = 120

func resealLinks(t *testing.T, s linking.Store) {
	const old, young, kin = "\x01old1", "\x01new1", "\x01old2"
	keys := map[string][]byte{} // by what it is bound to
	browser := blob()
	var ids []string
	for n := range many {
		i := interaction()
		i.Browser = browser
		i.Key = sealedAs(old, blob())
		if n%5 == 0 {
			i.Key = sealedAs(kin, blob())
		} else {
			keys["links|"+i.Link+"|key"] = i.Key
		}
		check(t, s.AddInteraction(t.Context(), i))
		ids = append(ids, i.ID)
	}
	want := len(keys)
	link := linked(t, s) // its key begins otherwise
	found, err := s.Reseal(t.Context(), []byte(old), func(sealed, bound []byte) ([]byte, error) {
		if string(keys[string(bound)]) != string(sealed) {
			t.Errorf("bound to %q: another's", bound)
		}
		delete(keys, string(bound))
		return sealedAs(young, sealed[5:]), nil
	})
	check(t, err)
	if found != want || len(keys) != 0 {
		t.Errorf("%d found, %d missed of %d", found, len(keys), want)
	}
	anew := 0
	for _, id := range ids {
		i, err := s.Interaction(t.Context(), id, browser, noon)
		check(t, err)
		switch string(i.Key[:5]) {
		case young:
			anew++
		case old:
			t.Error("a key was left as it was")
		}
	}
	if anew != want {
		t.Errorf("%d were sealed anew, want %d", anew, want)
	}
	g, _, err := s.ByGrant(t.Context(), link.Grant, nil)
	check(t, err)
	same(t, "a key sealed otherwise", g.Key, link.Key)
	if found, err := s.Reseal(t.Context(), []byte(old), nil); found != 0 || err != nil {
		t.Errorf("a second look finds %d, %v", found, err)
	}
	if found, err := s.Reseal(t.Context(), link.Key[:5], func(_, bound []byte) ([]byte, error) {
		same(t, "bound", string(bound), "links|"+link.ID+"|key")
		return sealedAs(young, link.Key[5:]), nil
	}); found != 1 || err != nil {
		t.Errorf("a link: found %d, %v", found, err)
	}
}

func resealGuard(t *testing.T, s linking.Store) {
	i := interaction()
	i.Key = sealedAs("\x01old1", blob())
	check(t, s.AddInteraction(t.Context(), i))
	young := sealedAs("\x01new1", blob())
	found, err := s.Reseal(t.Context(), i.Key[:5], func([]byte, []byte) ([]byte, error) {
		// Somebody else is quicker.
		if _, err := s.Reseal(context.WithoutCancel(t.Context()), i.Key[:5], func([]byte, []byte) ([]byte, error) { return young, nil }); err != nil {
			return nil, err
		}
		return sealedAs("\x01late", blob()), nil
	})
	check(t, err)
	if found != 1 {
		t.Errorf("found %d", found)
	}
	got, err := s.Interaction(t.Context(), i.ID, i.Browser, noon)
	check(t, err)
	same(t, "key", got.Key, young)
}

func resealFault(t *testing.T, s linking.Store) {
	fault := errors.New("cannot be opened")
	for range many {
		i := interaction()
		i.Key = sealedAs("\x01old1", blob())
		check(t, s.AddInteraction(t.Context(), i))
	}
	seen := 0
	found, err := s.Reseal(t.Context(), []byte("\x01old1"), func(sealed, _ []byte) ([]byte, error) {
		if seen++; seen%3 == 0 {
			return nil, fault
		}
		return sealedAs("\x01new1", sealed[5:]), nil
	})
	if found != many || !errors.Is(err, fault) {
		t.Errorf("found %d, %v; want %d and the fault", found, err, many)
	}
	left, err := s.Reseal(t.Context(), []byte("\x01old1"), func([]byte, []byte) ([]byte, error) { return nil, fault })
	if left != many/3 || !errors.Is(err, fault) {
		t.Errorf("left %d, %v; want %d", left, err, many/3)
	}
}

func interactionComesBack(t *testing.T, s linking.Store) {
	want := interaction()
	check(t, s.AddInteraction(t.Context(), want))
	got, err := s.Interaction(t.Context(), want.ID, want.Browser, noon)
	check(t, err)
	same(t, "interaction", got, want)
	if err := s.AddInteraction(t.Context(), want); err == nil {
		t.Error("the same interaction was kept twice")
	}
}

func interactionIsBound(t *testing.T, s linking.Store) {
	i := interaction()
	check(t, s.AddInteraction(t.Context(), i))
	_, err := s.Interaction(t.Context(), i.ID, blob(), noon)
	wantNone(t, "another browser", err)
	_, err = s.Interaction(t.Context(), name(), i.Browser, noon)
	wantNone(t, "another id", err)
	_, err = s.Interaction(t.Context(), i.ID, i.Browser, i.Expires)
	wantNone(t, "expired", err)
	_, err = s.Interaction(t.Context(), i.ID, i.Browser, i.Expires.Add(-time.Millisecond))
	check(t, err)
	_, err = s.Choose(t.Context(), i.ID, blob(), "aurora", 1, false, 9, noon)
	wantNone(t, "choosing in another browser", err)
	_, err = s.Choose(t.Context(), i.ID, i.Browser, "aurora", 1, false, 9, i.Expires)
	wantNone(t, "choosing too late", err)
}

func chooseCounts(t *testing.T, s linking.Store) {
	i := interaction()
	check(t, s.AddInteraction(t.Context(), i))
	want := i
	want.Bank, want.Scopes, want.Add, want.Tries = "aurora", 5, false, 3
	got, err := s.Choose(t.Context(), i.ID, i.Browser, "aurora", 5, false, 4, noon)
	check(t, err)
	same(t, "chosen", got, want)
	_, err = s.Choose(t.Context(), i.ID, i.Browser, "albion", 1, true, 4, noon)
	check(t, err)
	_, err = s.Choose(t.Context(), i.ID, i.Browser, "albion", 1, true, 4, noon)
	wantNone(t, "a try over the limit", err)
}

func awaitLatest(t *testing.T, s linking.Store) {
	i := interaction()
	check(t, s.AddInteraction(t.Context(), i))
	first, second := blob(), blob()
	check(t, s.Await(t.Context(), i.ID, i.Tries, first))
	again, err := s.Choose(t.Context(), i.ID, i.Browser, "aurora", 1, false, 9, noon)
	check(t, err)
	wantNone(t, "an earlier try", s.Await(t.Context(), i.ID, i.Tries, second))
	_, err = s.Take(t.Context(), first, i.Browser, noon)
	wantNone(t, "a return to an earlier try", err)
	check(t, s.Await(t.Context(), i.ID, again.Tries, second))
	_, err = s.Take(t.Context(), second, i.Browser, noon)
	check(t, err)
}

func takeOnce(t *testing.T, s linking.Store) {
	i := interaction()
	check(t, s.AddInteraction(t.Context(), i))
	state := blob()
	check(t, s.Await(t.Context(), i.ID, i.Tries, state))
	_, err := s.Take(t.Context(), blob(), i.Browser, noon)
	wantNone(t, "another state", err)
	_, err = s.Take(t.Context(), state, blob(), noon)
	wantNone(t, "another browser", err)
	_, err = s.Take(t.Context(), state, i.Browser, i.Expires)
	wantNone(t, "too late", err)
	got, err := s.Take(t.Context(), state, i.Browser, noon)
	check(t, err)
	same(t, "taken", got, i)
	_, err = s.Take(t.Context(), state, i.Browser, noon)
	wantNone(t, "twice", err)
	_, err = s.Interaction(t.Context(), i.ID, i.Browser, noon)
	wantNone(t, "reading a taken one", err)
	_, err = s.Choose(t.Context(), i.ID, i.Browser, "albion", 1, true, 9, noon)
	wantNone(t, "choosing in a taken one", err)
}

func takeRace(t *testing.T, s linking.Store) {
	i := interaction()
	check(t, s.AddInteraction(t.Context(), i))
	state := blob()
	check(t, s.Await(t.Context(), i.ID, i.Tries, state))
	if won := race(t, func(ctx context.Context) error {
		_, err := s.Take(ctx, state, i.Browser, noon)
		return err
	}); won != 1 {
		t.Errorf("%d takers got it, want 1", won)
	}
}

func askAgain(t *testing.T, s linking.Store) {
	i := taken(t, s)
	customer := blob()
	check(t, s.AskAgain(t.Context(), i.ID, customer, 4))
	wantNone(t, "one that is not taken", s.AskAgain(t.Context(), i.ID, customer, 5))
	got, err := s.Interaction(t.Context(), i.ID, i.Browser, noon)
	check(t, err)
	i.Customer, i.Joined = customer, 4
	same(t, "asking again", got, i)
}

func takeJoined(t *testing.T, s linking.Store) {
	none := interaction()
	none.Joined = 0
	check(t, s.AddInteraction(t.Context(), none))
	_, err := s.TakeJoined(t.Context(), none.ID, none.Browser, noon)
	wantNone(t, "one without a bank", err)
	i := interaction()
	check(t, s.AddInteraction(t.Context(), i))
	state := blob()
	check(t, s.Await(t.Context(), i.ID, i.Tries, state))
	_, err = s.TakeJoined(t.Context(), i.ID, blob(), noon)
	wantNone(t, "another browser", err)
	_, err = s.TakeJoined(t.Context(), i.ID, i.Browser, i.Expires)
	wantNone(t, "too late", err)
	got, err := s.TakeJoined(t.Context(), i.ID, i.Browser, noon)
	check(t, err)
	same(t, "taken", got, i)
	_, err = s.TakeJoined(t.Context(), i.ID, i.Browser, noon)
	wantNone(t, "twice", err)
	_, err = s.Take(t.Context(), state, i.Browser, noon)
	wantNone(t, "a return from the bank it waited for", err)
	check(t, s.Conclude(t.Context(), i.ID, newLink(i)))
}

func takeJoinedRace(t *testing.T, s linking.Store) {
	i := interaction()
	check(t, s.AddInteraction(t.Context(), i))
	state := blob()
	check(t, s.Await(t.Context(), i.ID, i.Tries, state))
	var n atomic.Int32
	if won := race(t, func(ctx context.Context) error {
		var err error
		if n.Add(1)%2 == 0 {
			_, err = s.Take(ctx, state, i.Browser, noon)
		} else {
			_, err = s.TakeJoined(ctx, i.ID, i.Browser, noon)
		}
		return err
	}); won != 1 {
		t.Errorf("%d got it, want 1", won)
	}
}

func abandonGone(t *testing.T, s linking.Store) {
	i := interaction()
	check(t, s.AddInteraction(t.Context(), i))
	for range 2 {
		check(t, s.Abandon(t.Context(), i.ID, noon))
	}
	_, err := s.Interaction(t.Context(), i.ID, i.Browser, noon)
	wantNone(t, "an abandoned one", err)
}

func concludeOnce(t *testing.T, s linking.Store) {
	waiting := interaction()
	check(t, s.AddInteraction(t.Context(), waiting))
	wantNone(t, "one that is not taken", s.Conclude(t.Context(), waiting.ID, newLink(waiting)))
	i := taken(t, s)
	n := newLink(i)
	other := n
	other.ID = name()
	wantNone(t, "another link", s.Conclude(t.Context(), i.ID, other))
	check(t, s.Conclude(t.Context(), i.ID, n))
	wantNone(t, "a second time", s.Conclude(t.Context(), i.ID, newLink(i)))
	got, revoked, err := s.ByGrant(t.Context(), n.Grant, blob())
	check(t, err)
	same(t, "grant", got, granted(n))
	if revoked {
		t.Error("a token nobody revoked is revoked")
	}
}

func contextOver(t *testing.T, s linking.Store) {
	n := linked(t, s)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Exchange(ctx, exchange(n)); !errors.Is(err, context.Canceled) {
		t.Errorf("exchange: got %v, want context.Canceled", err)
	}
	if _, _, err := s.ByGrant(ctx, n.Grant, blob()); !errors.Is(err, context.Canceled) {
		t.Errorf("by grant: got %v, want context.Canceled", err)
	}
	if err := s.EndLink(ctx, n.ID, noon); !errors.Is(err, context.Canceled) {
		t.Errorf("end: got %v, want context.Canceled", err)
	}
	_, err := s.Exchange(t.Context(), exchange(n))
	check(t, err)
}
