package tests

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	mathrand "math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"sotto/linking"
	"sotto/server/dev"
	"sotto/skills"
	"sotto/tests/database"
)

// TestFourHousesKilledAtRandomLoseNoLinkAndAcceptNothingTwice lets assistants link, refresh and revoke at four processes on one PostgreSQL
// while these are killed (-9) and started again at random. Each assistant keeps a ledger of what it was answered; in the end every process
// is held to all of them. SOTTO_TEST_KILLING=10m lets it go on for that long, and SOTTO_TEST_SEED=… draws as the run did that printed it.
func TestFourHousesKilledAtRandomLoseNoLinkAndAcceptNothingTwice(t *testing.T) {
	if testing.Short() {
		t.Skip("starts and kills processes")
	}
	t.Parallel()
	seed, length := uint64(time.Now().UnixNano()), 10*time.Second
	if text := os.Getenv("SOTTO_TEST_SEED"); text != "" {
		var err error
		if seed, err = strconv.ParseUint(text, 10, 64); err != nil {
			t.Fatal(err)
		}
	}
	if text := os.Getenv("SOTTO_TEST_KILLING"); text != "" {
		var err error
		if length, err = time.ParseDuration(text); err != nil || length > 45*time.Minute {
			t.Fatalf("SOTTO_TEST_KILLING is a duration of at most 45m, while access tokens live: %v", err)
		}
	}
	t.Logf("seed %d", seed)
	f := openFleet(t, 4, database.PostgreSQL(t), mathrand.New(mathrand.NewPCG(seed, 0)))
	file, err := dev.ReadFile(f.ships[0].state)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithTimeout(t.Context(), length)
	defer stop()
	kills := make(chan int)
	go func() { kills <- f.killing(ctx) }()
	ledgers := make([]*ledger, 6)
	var all sync.WaitGroup
	for i := range ledgers {
		l := &ledger{t: t, f: f, clients: []dev.Client{file.Clients["alexa"], file.Clients["google"], file.Clients["mcp"]}, random: mathrand.New(mathrand.NewPCG(seed, uint64(i)+1))}
		ledgers[i] = l
		all.Go(func() {
			for ctx.Err() == nil && !t.Failed() {
				l.act(ctx)
			}
		})
	}
	all.Wait()
	killed := <-kills
	for _, s := range f.ships {
		f.start(s)
	}
	for _, s := range f.ships {
		f.await(s)
	}
	total := tally{}
	for _, l := range ledgers {
		all.Go(l.settle)
	}
	all.Wait()
	for _, l := range ledgers {
		l.tally.Faults = int(l.faults.Load())
		total.add(l.tally)
	}
	t.Logf("%d processes killed; %+v", killed, total)
	if killed < 5 || total.Linked < 20 || total.Refreshed < 20 || total.Revoked < 3 {
		t.Errorf("too little has happened to prove anything")
	}
}

// killing kills processes and starts them again until ctx ends, and says how many.
func (f *fleet) killing(ctx context.Context) (killed int) {
	var starting sync.WaitGroup
	defer starting.Wait()
	for pause(ctx, time.Duration(100+f.draw(500))*time.Millisecond) == nil {
		s, rest := f.ships[f.draw(len(f.ships))], time.Duration(f.draw(200))*time.Millisecond
		s.kill()
		killed++
		starting.Go(func() {
			_ = pause(ctx, rest)
			f.start(s)
		})
	}
	return killed
}

// tally is what happened.
type tally struct {
	Linked, Refreshed, Revoked int
	Raced                      int // codes that were presented to all processes at once
	Unanswered                 int // requests of which it is not known what came of them
	Faults                     int // among them, those that a process answered with a fault of its own
}

func (t *tally) add(o tally) {
	t.Linked, t.Refreshed, t.Revoked = t.Linked+o.Linked, t.Refreshed+o.Refreshed, t.Revoked+o.Revoked
	t.Raced, t.Unanswered, t.Faults = t.Raced+o.Raced, t.Unanswered+o.Unanswered, t.Faults+o.Faults
}

// state is what an assistant knows of a link.
type state int

const (
	linked  state = iota // it was given tokens, and did not ask for an end
	doubted              // its code was presented, and there was no answer
	leaving              // an end was asked for, and there was no answer
	ended                // it is known to be over
)

// entry is one link in the ledger of its assistant.
type entry struct {
	client  dev.Client
	form    url.Values // trades the code
	state   state
	refresh string
	access  []string // the access tokens that were given last
}

// give keeps an access token; older ones than the last six are left to expire.
func (e *entry) give(token string) {
	e.access = append(e.access, token)
	e.access = e.access[max(0, len(e.access)-6):]
}

// ledger is one assistant's, who does one thing after the other with links that nobody else has.
type ledger struct {
	t       *testing.T
	f       *fleet
	clients []dev.Client
	random  *mathrand.Rand
	entries []*entry
	tally   tally
	faults  atomic.Int64
}

// said is what came of a request: its status, 0 where there was no answer, and the tokens in it.
type said struct {
	status          int
	Access, Refresh string
	body            []byte
}

// ask posts a form as the client of an entry.
func (l *ledger) ask(base, path string, e *entry, form url.Values) said {
	sent := but(form)
	inBody(e.client)(nil, sent)
	r, err := http.NewRequestWithContext(l.t.Context(), http.MethodPost, base+path, strings.NewReader(sent.Encode()))
	if err != nil {
		l.t.Error(err)
		return said{}
	}
	r.Header.Set("Content-Type", formType)
	return l.hear(r)
}

func (l *ledger) hear(r *http.Request) said {
	answer, err := unkept.RoundTrip(r)
	if err != nil {
		return said{}
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(io.LimitReader(answer.Body, 1<<20))
	if err != nil || answer.StatusCode == http.StatusBadGateway { // the balancer's
		return said{}
	}
	if answer.StatusCode >= http.StatusInternalServerError {
		l.faults.Add(1)
		return said{}
	}
	var got tokenAnswer
	_ = json.Unmarshal(body, &got)
	return said{answer.StatusCode, got.Access, got.Refresh, body}
}

// opens says with which status a process answers an access token; 0 where it does not.
func (l *ledger) opens(base, token string) int {
	r, err := http.NewRequestWithContext(l.t.Context(), http.MethodGet, base+"/oauth/userinfo", nil)
	if err != nil {
		l.t.Error(err)
		return 0
	}
	r.Header.Set("Authorization", "Bearer "+token)
	return l.hear(r).status
}

// act does the next thing.
func (l *ledger) act(ctx context.Context) {
	alive := l.of(linked)
	switch n := l.random.IntN(10); {
	case len(alive) == 0 || n < 4:
		l.link(ctx)
	case n < 8:
		l.refreshing(alive[l.random.IntN(len(alive))])
	default:
		l.revoke(alive[l.random.IntN(len(alive))])
	}
}

func (l *ledger) of(s state) (list []*entry) {
	for _, e := range l.entries {
		if e.state == s {
			list = append(list, e)
		}
	}
	return list
}

// link links and trades the code: once, or at every process at the same time, as a thief would who has read it.
func (l *ledger) link(ctx context.Context) {
	client, verifier := l.clients[l.random.IntN(len(l.clients))], rand.Text()+rand.Text()
	challenge := sha256.Sum256([]byte(verifier))
	back, err := l.f.ada.Link(ctx, l.f.front.URL+"/oauth/authorize?"+url.Values{
		"response_type": {"code"}, "client_id": {client.ID}, "redirect_uri": {client.RedirectURIs[0]}, "state": {verifier},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(challenge[:])}, "code_challenge_method": {"S256"},
	}.Encode(), client.RedirectURIs[0])
	if err != nil || back.Get("code") == "" {
		l.tally.Unanswered++
		return // the customer starts again
	}
	e := &entry{client: client, state: doubted, form: url.Values{
		"grant_type": {"authorization_code"}, "code": back["code"], "redirect_uri": {client.RedirectURIs[0]}, "code_verifier": {verifier},
	}}
	l.entries = append(l.entries, e)
	if l.random.IntN(4) == 0 {
		l.race(e)
		return
	}
	switch got := l.ask(l.f.front.URL, "/oauth/token", e, e.form); got.status {
	case 0:
		l.tally.Unanswered++
	case http.StatusOK:
		l.tally.Linked++
		e.state, e.refresh, e.access = linked, got.Refresh, []string{got.Access}
	default:
		l.t.Errorf("a code that came for the first time is refused: %s", got.body)
	}
}

// race presents a code to every process at once. One at most gives tokens, and where others have seen it too, the link is over.
func (l *ledger) race(e *entry) {
	l.tally.Raced++
	good, refused, silent := 0, 0, 0
	for _, got := range l.everywhere("/oauth/token", e, e.form) {
		switch got.status {
		case 0:
			silent++
		case http.StatusOK:
			good++
			e.refresh = got.Refresh
			e.give(got.Access)
		default:
			refused++
		}
	}
	if good > 1 {
		l.t.Errorf("one code was traded %d times", good)
	}
	l.tally.Unanswered += silent
	switch {
	case good == 1 && refused > 0:
		e.state = ended
	case good == 1 && silent == 0:
		e.state = linked // the only process that was there
	}
}

// everywhere asks every process at once.
func (l *ledger) everywhere(path string, e *entry, form url.Values) []said {
	answers := make([]said, len(l.f.ships))
	var all sync.WaitGroup
	for i, s := range l.f.ships {
		all.Go(func() { answers[i] = l.ask(s.url, path, e, form) })
	}
	all.Wait()
	return answers
}

// refreshing refreshes, once or at every process at once, and does so again until there is an answer. All answers agree on the token that
// comes next.
func (l *ledger) refreshing(e *entry) {
	next := ""
	for next == "" {
		answers := []said{{}}
		if l.random.IntN(3) == 0 {
			answers = l.everywhere("/oauth/token", e, refreshing(e.refresh))
		} else {
			answers[0] = l.ask(l.f.front.URL, "/oauth/token", e, refreshing(e.refresh))
		}
		for _, got := range answers {
			switch {
			case got.status == 0:
				l.tally.Unanswered++
			case got.status != http.StatusOK:
				l.t.Errorf("a link of %s is lost: its refresh gets %d %s", e.client.ID, got.status, got.body)
				return
			case next != "" && got.Refresh != next:
				l.t.Error("two refreshes got two successors")
				return
			case (got.Refresh == e.refresh) != (e.client.Secret != ""):
				l.t.Errorf("the refresh token of %s is not as agreed", e.client.ID)
				return
			default:
				l.tally.Refreshed++
				next = got.Refresh
				e.give(got.Access)
			}
		}
		if l.t.Context().Err() != nil {
			return
		}
	}
	e.refresh = next
}

// revoke ends a link. Once that was answered, it holds at the next request, at every process.
func (l *ledger) revoke(e *entry) {
	e.state = leaving
	switch got := l.ask(l.f.front.URL, "/oauth/revoke", e, url.Values{"token": {e.refresh}}); got.status {
	case 0:
		l.tally.Unanswered++
		return
	case http.StatusOK:
	default:
		l.t.Errorf("a revocation gets %d %s", got.status, got.body)
		return
	}
	l.tally.Revoked++
	e.state = ended
	for _, s := range l.f.ships {
		l.isOver(s.url, e)
	}
}

// isOver fails where a process that answers accepts anything of a link that is over.
func (l *ledger) isOver(base string, e *entry) {
	if got := l.ask(base, "/oauth/token", e, refreshing(e.refresh)); got.status != 0 && got.status != http.StatusBadRequest {
		l.t.Errorf("a refresh token of a link that is over gets %d %s", got.status, got.body)
	}
	for _, token := range e.access {
		if got := l.opens(base, token); got != 0 && got != http.StatusUnauthorized {
			l.t.Errorf("an access token of a link that is over gets %d", got)
		}
	}
}

// settle holds every process, all of them up again, to the ledger.
func (l *ledger) settle() {
	for _, e := range l.entries {
		switch e.state {
		case linked:
			l.stillLinked(e)
		case leaving:
			l.agreed(e)
		case ended:
			for _, s := range l.f.ships {
				l.isOver(s.url, e)
			}
		case doubted: // its owner comes once more, everywhere
			given := len(e.access)
			for _, got := range l.everywhere("/oauth/token", e, e.form) {
				if got.status == http.StatusOK {
					given++
				}
			}
			if given > 1 {
				l.t.Errorf("one code was traded %d times", given)
			}
		}
	}
	for _, e := range l.entries { // at the very end: a code that comes twice ends its link
		if e.state == doubted {
			continue
		}
		for _, got := range l.everywhere("/oauth/token", e, e.form) {
			if got.status != http.StatusBadRequest {
				l.t.Errorf("a code that was traded before gets %d %s", got.status, got.body)
			}
		}
		l.isOver(l.f.front.URL, e)
	}
}

// stillLinked refreshes at one process after the other, shows what it gets to all of them, and has Alexa ask for the balance.
func (l *ledger) stillLinked(e *entry) {
	for _, s := range l.f.ships {
		got := l.ask(s.url, "/oauth/token", e, refreshing(e.refresh))
		if got.status != http.StatusOK {
			l.t.Errorf("a link of %s is lost: its refresh gets %d %s", e.client.ID, got.status, got.body)
			return
		}
		e.refresh = got.Refresh
		e.give(got.Access)
	}
	for _, s := range l.f.ships {
		for _, token := range e.access {
			if got := l.opens(s.url, token); got != http.StatusOK {
				l.t.Errorf("an access token of a link of %s gets %d", e.client.ID, got)
			}
		}
	}
	if e.client.ID == l.clients[0].ID {
		if heard, err := l.balance(e.access[0]); err != nil || !strings.Contains(heard, "pound") {
			l.t.Errorf("asked for the balance, a link says %q, %v", heard, err)
		}
	}
}

// agreed finds out what came of a revocation without an answer: the processes must be of one mind.
func (l *ledger) agreed(e *entry) {
	seen := map[int]int{}
	for _, s := range l.f.ships {
		for _, token := range e.access {
			seen[l.opens(s.url, token)]++
		}
	}
	if len(seen) != 1 || seen[http.StatusOK] == 0 && seen[http.StatusUnauthorized] == 0 {
		l.t.Errorf("the processes do not agree whether a link is over: %v", seen)
	}
}

// balance asks one of the processes as Alexa.
func (l *ledger) balance(token string) (string, error) {
	s := newSpeaker(l.t, l.f.ships[l.random.IntN(len(l.f.ships))].state, time.Now)
	s.device.Token = linking.Token(token)
	body, err := s.device.Ask(skills.Balance, nil)
	if err != nil {
		return "", err
	}
	status, answer, err := do(s.signed(body))
	if err != nil || status != http.StatusOK {
		return "", fmt.Errorf("%d %s: %w", status, answer, err)
	}
	heard, err := s.device.Hear(answer)
	return heard.SSML, err
}
