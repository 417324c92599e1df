package conformance

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"sotto/linking"
)

// chats are the promises of linking.ChatStore.
var chats = map[string]func(*testing.T, linking.Store){
	"a ticket comes back as it was kept, in time":                    ticketComesBack,
	"a ticket is spent by the link that is made with it, once":       ticketSpent,
	"of many links with one ticket at once exactly one is kept":      ticketRace,
	"a waiting link is nobody's before its code is typed":            chatWaits,
	"a code counts in its own chat, in time, once":                   codeCounts,
	"a code is tried so often and no more, and then its link ends":   codeTries,
	"of many who guess at once no more are heard than may be":        codeTriesRace,
	"of many who type the code at once exactly one is told":          confirmRace,
	"a chat linked anew speaks for the new link, and the old ended":  chatAnew,
	"of many links of a chat typed at once one is left alive":        chatAnewRace,
	"a handover is claimed by one chat of its client, in time":       claimed,
	"of many chats that claim a handover at once exactly one has it": claimRace,
	"what is known of a chat's newest code is complete":              chatCodeFacts,
	"an ended or forgotten link is its chat's no longer":             chatOver,
	"a waiting link that nobody finished is swept":                   chatSwept,
	"every link that was ever a chat's is found, until it is erased": chatLinks,
}

// waiting makes a link that waits for its code to be typed in a chat.
func waiting(t *testing.T, s linking.Store, chat []byte) (linking.NewLink, linking.WaitingChat) {
	t.Helper()
	ticket := linking.Ticket{Hash: blob(), Client: "chat-1", Chat: chat, Expires: noon.Add(15 * time.Minute)}
	check(t, s.AddTicket(t.Context(), ticket))
	i := taken(t, s)
	n := newLink(i)
	w := linking.WaitingChat{Ticket: ticket.Hash, Code: blob(), Expires: noon.Add(10 * time.Minute)}
	check(t, s.ConcludeChat(t.Context(), i.ID, n, w))
	return n, w
}

func confirming(chat, code []byte) linking.Confirming {
	return linking.Confirming{Chat: chat, Code: code, Tries: 3, Now: noon}
}

func ended(t *testing.T, s linking.Store, n linking.NewLink) bool {
	t.Helper()
	g, _, err := s.ByGrant(t.Context(), n.Grant, blob())
	check(t, err)
	return !g.Ended.IsZero()
}

func ticketComesBack(t *testing.T, s linking.Store) {
	want := linking.Ticket{Hash: blob(), Client: "chat-1", Chat: blob(), Expires: noon.Add(15 * time.Minute)}
	check(t, s.AddTicket(t.Context(), want))
	got, err := s.Ticket(t.Context(), want.Hash, want.Expires.Add(-time.Millisecond))
	check(t, err)
	same(t, "ticket", got, want)
	_, err = s.Ticket(t.Context(), want.Hash, want.Expires)
	wantNone(t, "an expired one", err)
	_, err = s.Ticket(t.Context(), blob(), noon)
	wantNone(t, "another one", err)
}

func ticketSpent(t *testing.T, s linking.Store) {
	_, w := waiting(t, s, blob())
	_, err := s.Ticket(t.Context(), w.Ticket, noon)
	wantNone(t, "a spent one", err)
	i := taken(t, s)
	n := newLink(i)
	wantNone(t, "a second link", s.ConcludeChat(t.Context(), i.ID, n, w))
	_, _, err = s.ByGrant(t.Context(), n.Grant, blob())
	wantNone(t, "its grant", err)
	untaken := interaction()
	check(t, s.AddInteraction(t.Context(), untaken))
	wantNone(t, "one that is not taken", s.ConcludeChat(t.Context(), untaken.ID, newLink(untaken), linking.WaitingChat{Handover: blob(), Code: blob(), Expires: noon}))
}

func ticketRace(t *testing.T, s linking.Store) {
	ticket := linking.Ticket{Hash: blob(), Client: "chat-1", Chat: blob(), Expires: noon.Add(time.Minute)}
	check(t, s.AddTicket(t.Context(), ticket))
	var mu sync.Mutex
	var ready []linking.Interaction
	for range 8 {
		ready = append(ready, taken(t, s))
	}
	if won := race(t, func(ctx context.Context) error {
		mu.Lock()
		i := ready[0]
		ready = ready[1:]
		mu.Unlock()
		return s.ConcludeChat(ctx, i.ID, newLink(i), linking.WaitingChat{Ticket: ticket.Hash, Code: blob(), Expires: noon.Add(time.Minute)})
	}); won != 1 {
		t.Errorf("%d links were made with one ticket", won)
	}
}

func chatWaits(t *testing.T, s linking.Store) {
	chat := blob()
	n, _ := waiting(t, s, chat)
	_, err := s.ByChat(t.Context(), chat)
	wantNone(t, "a chat whose code was not typed", err)
	_, err = s.Exchange(t.Context(), linking.Exchange{Code: blob(), Client: n.Client, RedirectURI: n.RedirectURI, Challenge: n.Challenge, Now: noon})
	wantNone(t, "a code of no grant", err)
}

func codeCounts(t *testing.T, s linking.Store) {
	chat := blob()
	n, w := waiting(t, s, chat)
	_, err := s.Confirm(t.Context(), confirming(blob(), w.Code))
	wantNone(t, "in another chat", err)
	late := confirming(chat, w.Code)
	late.Now = w.Expires
	_, err = s.Confirm(t.Context(), late)
	wantNone(t, "too late", err)
	_, err = s.Confirm(t.Context(), confirming(chat, blob()))
	wantNone(t, "another code", err)
	link, err := s.Confirm(t.Context(), confirming(chat, w.Code))
	check(t, err)
	same(t, "link", link, n.ID)
	g, err := s.ByChat(t.Context(), chat)
	check(t, err)
	same(t, "grant", g, granted(n))
	_, err = s.Confirm(t.Context(), confirming(chat, w.Code))
	wantNone(t, "twice", err)
}

func codeTries(t *testing.T, s linking.Store) {
	chat := blob()
	n, w := waiting(t, s, chat)
	for range 3 {
		if ended(t, s, n) {
			t.Fatal("ended before its last try")
		}
		_, err := s.Confirm(t.Context(), confirming(chat, blob()))
		wantNone(t, "a guess", err)
	}
	_, err := s.Confirm(t.Context(), confirming(chat, w.Code))
	wantNone(t, "the right code after the last try", err)
	if !ended(t, s, n) {
		t.Error("the waiting link did not end with its last try")
	}
}

func codeTriesRace(t *testing.T, s linking.Store) {
	chat := blob()
	n, w := waiting(t, s, chat)
	if won := race(t, func(ctx context.Context) error {
		_, err := s.Confirm(ctx, confirming(chat, blob()))
		return err
	}); won != 0 {
		t.Errorf("%d guesses were right", won)
	}
	f, err := s.ChatCodeFacts(t.Context(), chat)
	check(t, err)
	if f.Tries != 3 {
		t.Errorf("%d tries were counted, want 3", f.Tries)
	}
	_, err = s.Confirm(t.Context(), confirming(chat, w.Code))
	wantNone(t, "the right code after eight guesses at once", err)
	if !ended(t, s, n) {
		t.Error("the waiting link lives")
	}
}

func confirmRace(t *testing.T, s linking.Store) {
	chat := blob()
	_, w := waiting(t, s, chat)
	if won := race(t, func(ctx context.Context) error {
		_, err := s.Confirm(ctx, confirming(chat, w.Code))
		return err
	}); won != 1 {
		t.Errorf("%d were told that the code is good, want 1", won)
	}
}

func chatAnew(t *testing.T, s linking.Store) {
	chat := blob()
	old, first := waiting(t, s, chat)
	_, err := s.Confirm(t.Context(), confirming(chat, first.Code))
	check(t, err)
	young, second := waiting(t, s, chat)
	g, err := s.ByChat(t.Context(), chat)
	check(t, err)
	same(t, "before the new code is typed", g.Link, old.ID)
	if ended(t, s, old) {
		t.Error("the old link ended before the new code was typed")
	}
	_, err = s.Confirm(t.Context(), confirming(chat, second.Code))
	check(t, err)
	g, err = s.ByChat(t.Context(), chat)
	check(t, err)
	same(t, "after", g, granted(young))
	if !ended(t, s, old) {
		t.Error("the link that was replaced lives on")
	}
}

func chatAnewRace(t *testing.T, s linking.Store) {
	chat := blob()
	var links []linking.NewLink
	var codes [][]byte
	for range 8 {
		n, w := waiting(t, s, chat)
		links, codes = append(links, n), append(codes, w.Code)
	}
	if won := raceOf(t, func(ctx context.Context, i int) error {
		c := confirming(chat, codes[i])
		c.Tries = 8 // each try counts at all that wait
		_, err := s.Confirm(ctx, c)
		return err
	}); won != 8 {
		t.Errorf("%d of 8 codes were good", won)
	}
	g, err := s.ByChat(t.Context(), chat)
	check(t, err)
	for _, n := range links {
		if ended(t, s, n) == (n.ID == g.Link) {
			t.Errorf("link %s: ended %v, the chat's %v", n.ID, ended(t, s, n), n.ID == g.Link)
		}
	}
}

// handedOver makes a link that waits for a platform to say which chat it was.
func handedOver(t *testing.T, s linking.Store) (linking.NewLink, linking.WaitingChat) {
	t.Helper()
	i := taken(t, s)
	n := newLink(i)
	w := linking.WaitingChat{Handover: blob(), Code: blob(), Expires: noon.Add(10 * time.Minute)}
	check(t, s.ConcludeChat(t.Context(), i.ID, n, w))
	return n, w
}

func claimed(t *testing.T, s linking.Store) {
	n, w := handedOver(t, s)
	chat := blob()
	_, err := s.Confirm(t.Context(), confirming(chat, w.Code))
	wantNone(t, "a code before the platform said whose it is", err)
	wantNone(t, "another handover", s.Claim(t.Context(), blob(), n.Client, chat, noon))
	wantNone(t, "another client", s.Claim(t.Context(), w.Handover, "other", chat, noon))
	wantNone(t, "too late", s.Claim(t.Context(), w.Handover, n.Client, chat, w.Expires))
	check(t, s.Claim(t.Context(), w.Handover, n.Client, chat, noon))
	check(t, s.Claim(t.Context(), w.Handover, n.Client, chat, noon))
	wantNone(t, "another chat", s.Claim(t.Context(), w.Handover, n.Client, blob(), noon))
	_, err = s.ByChat(t.Context(), chat)
	wantNone(t, "a claimed chat whose code was not typed", err)
	link, err := s.Confirm(t.Context(), confirming(chat, w.Code))
	check(t, err)
	same(t, "link", link, n.ID)
}

func claimRace(t *testing.T, s linking.Store) {
	n, w := handedOver(t, s)
	if won := race(t, func(ctx context.Context) error { return s.Claim(ctx, w.Handover, n.Client, blob(), noon) }); won != 1 {
		t.Errorf("%d chats claimed one handover", won)
	}
}

func chatCodeFacts(t *testing.T, s linking.Store) {
	chat := blob()
	_, err := s.ChatCodeFacts(t.Context(), chat)
	wantNone(t, "a chat nobody links", err)
	_, w := waiting(t, s, chat)
	_, err = s.Confirm(t.Context(), confirming(chat, blob()))
	wantNone(t, "a guess", err)
	f, err := s.ChatCodeFacts(t.Context(), chat)
	check(t, err)
	same(t, "after a guess", f, linking.ChatCodeFacts{Tries: 1, Expires: w.Expires})
	_, err = s.Confirm(t.Context(), confirming(chat, w.Code))
	check(t, err)
	f, err = s.ChatCodeFacts(t.Context(), chat)
	check(t, err)
	same(t, "after the code", f, linking.ChatCodeFacts{Tries: 2, Expires: w.Expires, Confirmed: noon})
}

func chatOver(t *testing.T, s linking.Store) {
	chat := blob()
	n, w := waiting(t, s, chat)
	_, err := s.Confirm(t.Context(), confirming(chat, w.Code))
	check(t, err)
	check(t, s.EndLink(t.Context(), n.ID, noon))
	g, err := s.ByChat(t.Context(), chat)
	check(t, err)
	same(t, "ended", g.Ended, noon)
	_, err = s.ForgetLink(t.Context(), n.ID, linking.Receipt{Code: name(), Made: noon})
	check(t, err)
	_, err = s.ByChat(t.Context(), chat)
	wantNone(t, "a forgotten one", err)
	gone, w := waiting(t, s, chat)
	check(t, s.EndLink(t.Context(), gone.ID, noon))
	_, err = s.Confirm(t.Context(), confirming(chat, w.Code))
	wantNone(t, "the code of a link that has ended", err)
}

func chatSwept(t *testing.T, s linking.Store) {
	chat, kept := blob(), blob()
	n, w := waiting(t, s, chat)
	other, good := waiting(t, s, kept)
	unused := linking.Ticket{Hash: blob(), Client: "chat-1", Chat: blob(), Expires: noon.Add(15 * time.Minute)}
	check(t, s.AddTicket(t.Context(), unused))
	_, err := s.Confirm(t.Context(), confirming(kept, good.Code))
	check(t, err)
	// A browser that opened the address in time may need longer than the ticket lasts.
	check(t, s.SweepLinks(t.Context(), unused.Expires.Add(30*time.Minute)))
	if _, err := s.Ticket(t.Context(), unused.Hash, noon); err != nil {
		t.Errorf("a ticket that may be under way was swept: %v", err)
	}
	check(t, s.SweepLinks(t.Context(), noon.Add(3*time.Hour)))
	_, err = s.Ticket(t.Context(), unused.Hash, noon)
	wantNone(t, "a swept ticket", err)
	_, _, err = s.ByGrant(t.Context(), n.Grant, blob())
	wantNone(t, "the grant of a waiting link", err)
	_, err = s.Confirm(t.Context(), confirming(chat, w.Code))
	wantNone(t, "its code", err)
	g, err := s.ByChat(t.Context(), kept)
	check(t, err)
	same(t, "a finished link", g, granted(other))
}

func chatLinks(t *testing.T, s linking.Store) {
	chat, other := blob(), blob()
	of := func(chat []byte) []string {
		t.Helper()
		links, err := s.LinksOfChat(t.Context(), chat)
		check(t, err)
		return links
	}
	same(t, "of a chat that nobody linked", len(of(chat)), 0)
	var want []string
	for range 3 {
		n, w := waiting(t, s, chat)
		_, err := s.Confirm(t.Context(), confirming(chat, w.Code))
		check(t, err)
		want = append(want, n.ID)
	}
	// By then the codes are swept, and the grants of the links that were replaced.
	check(t, s.SweepLinks(t.Context(), noon.Add(31*24*time.Hour)))
	waits, _ := waiting(t, s, chat)
	claims, w := handedOver(t, s)
	check(t, s.Claim(t.Context(), w.Handover, claims.Client, chat, noon))
	waiting(t, s, other)
	want = append(want, waits.ID, claims.ID)
	got := of(chat)
	slices.Sort(got)
	slices.Sort(want)
	same(t, "links", got, want)
	for _, link := range want {
		_, err := s.ForgetLink(t.Context(), link, linking.Receipt{Code: name(), Made: noon})
		check(t, err)
	}
	same(t, "after they were erased", len(of(chat)), 0)
	same(t, "of another chat", len(of(other)), 1)
}
