package tests

import (
	"crypto/rand"
	"fmt"
	mathrand "math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"sotto/server/dev"
	"sotto/skills/messenger"
	"sotto/skills/messenger/mockgraph"
	"sotto/tests/database"
)

// deafGraph is a Graph API that can take messages without a word, as Meta does to a process that dies before it hears that its message was taken.
type deafGraph struct {
	*mockgraph.Server
	deaf  atomic.Bool
	taken atomic.Int64 // without a word
}

// ServeHTTP takes a message, and while it is deaf says nothing until the process that sent it is gone.
func (g *deafGraph) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !g.deaf.Load() {
		g.Server.ServeHTTP(w, r)
		return
	}
	g.Server.ServeHTTP(httptest.NewRecorder(), r)
	g.taken.Add(1)
	<-r.Context().Done()
	panic(http.ErrAbortHandler)
}

// TestTwoHousesKilledWithAFullOutboxAnswerEverybodyAndNobodyTwice has more people ask two processes on one PostgreSQL than they answer at a time,
// each delivery made to both and repeated, kills both (-9) while the messages under way are taken but not acknowledged, and starts them
// again. Who was owed an answer gets it; whose answer had been taken is told that Sotto was interrupted, and is not answered again.
func TestTwoHousesKilledWithAFullOutboxAnswerEverybodyAndNobodyTwice(t *testing.T) {
	if testing.Short() {
		t.Skip("starts and kills processes")
	}
	t.Parallel()
	const people, pageID = 48, "104098558513421"
	secret, token, url := rand.Text(), rand.Text(), database.PostgreSQL(t)
	graph := &deafGraph{Server: mockgraph.New(mockgraph.Options{AppSecret: secret, PageToken: token, PageID: pageID, Now: time.Now})}
	meta := httptest.NewServer(graph)
	defer meta.Close()
	f := openFleet(t, 2, url, mathrand.New(mathrand.NewPCG(1, 2)), "SOTTO_MESSENGER_GRAPH_URL="+meta.URL,
		"SOTTO_MESSENGER_APP_SECRET="+secret, "SOTTO_MESSENGER_VERIFY_TOKEN="+rand.Text(), "SOTTO_MESSENGER_PAGE_TOKEN="+token, "SOTTO_MESSENGER_PAGE_ID="+pageID)
	db := opened(t, "pgx", url)

	persons, deliveries := make([]string, people), make([][]byte, people)
	for i := range people {
		persons[i] = fmt.Sprintf("5%015d", i)
		phone := messenger.Phone{PageID: pageID, Person: persons[i], Now: time.Now, Random: rand.Reader}
		var err error
		if deliveries[i], err = phone.Type("help"); err != nil {
			t.Fatal(err)
		}
	}
	everywhere := func(bodies [][]byte) { // to both at the same time, each twice
		var all sync.WaitGroup
		for _, ship := range f.ships {
			all.Go(func() {
				x := &texter{tb: t, file: dev.File{PublicURL: ship.url, Messenger: dev.PageFile{AppSecret: secret}}}
				for _, body := range bodies {
					for range 2 {
						if status, answer := x.post(body); status != http.StatusOK {
							t.Errorf("a delivery gets %d %s", status, answer)
						}
					}
				}
			})
		}
		all.Wait()
	}

	everywhere(deliveries[:8])
	awaitOutbox(t, db, "stage = 4", func(n int) bool { return n == 8 })
	graph.deaf.Store(true)
	everywhere(deliveries)
	awaitOutbox(t, db, "stage = 1", func(n int) bool { return n == 32 && graph.taken.Load() == 32 }) // each process has its hands full
	for _, s := range f.ships {
		s.kill()
	}
	graph.deaf.Store(false)
	f.env = append(f.env, "SOTTO_CLOCK="+time.Now().Add(time.Minute).UTC().Format(time.RFC3339)) // the leases of the dead are over
	for _, s := range f.ships {
		f.start(s)
	}
	for _, s := range f.ships {
		f.await(s)
	}
	everywhere(deliveries) // Meta was never told
	awaitOutbox(t, db, "stage = 4", func(n int) bool { return n == people })

	answers, interruptions := map[string]int{}, map[string]int{}
	for _, m := range graph.Messages() {
		h, err := messenger.Hear(m.Message)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(h.Text, "interrupted") {
			interruptions[m.Recipient]++
		} else {
			answers[m.Recipient]++
		}
	}
	interrupted := 0
	for i, person := range persons {
		interrupted += interruptions[person]
		if answers[person] != 1 || interruptions[person] > 1 || i < 8 && interruptions[person] != 0 {
			t.Errorf("person %d was answered %d times, and told of an interruption %d times", i, answers[person], interruptions[person])
		}
	}
	if interrupted != 32 || len(graph.Refused()) != 0 {
		t.Errorf("%d were told of an interruption, want 32; the graph refused %q", interrupted, graph.Refused())
	}
}
