package tests

import (
	"crypto/rand"
	"database/sql"
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

// TestHousesKilledWithAFullOutboxAnswerEverybodyAndNobodyTwice has two processes on one PostgreSQL, and one on SQLite.
func TestHousesKilledWithAFullOutboxAnswerEverybodyAndNobodyTwice(t *testing.T) {
	if testing.Short() {
		t.Skip("starts and kills processes")
	}
	t.Parallel()
	t.Run("two on PostgreSQL", func(t *testing.T) {
		url := database.PostgreSQL(t)
		killedWithAFullOutbox(t, 2, url, opened(t, "pgx", url))
	})
	t.Run("one on SQLite", func(t *testing.T) {
		url := database.SQLite(t)
		killedWithAFullOutbox(t, 1, url, opened(t, "sqlite", "file:"+strings.TrimPrefix(url, "sqlite:")+"?mode=ro"))
	})
}

// killedWithAFullOutbox has more people ask than the processes answer at a time, each delivery made to all of them and repeated, kills them (-9) while
// the messages under way are taken but not acknowledged, and starts them again. Who was owed an answer gets it; whose answer had been taken is
// told that Sotto was interrupted, and is not answered again.
func killedWithAFullOutbox(t *testing.T, houses int, url string, db *sql.DB) {
	t.Helper()
	const pageID, seats = "104098558513421", 16
	people, secret, token := seats*houses+16, rand.Text(), rand.Text()
	graph := &deafGraph{Server: mockgraph.New(mockgraph.Options{AppSecret: secret, PageToken: token, PageID: pageID, Now: time.Now})}
	meta := httptest.NewServer(graph)
	defer meta.Close()
	f := openFleet(t, houses, url, mathrand.New(mathrand.NewPCG(1, 2)), "SOTTO_MESSENGER_GRAPH_URL="+meta.URL,
		"SOTTO_MESSENGER_APP_SECRET="+secret, "SOTTO_MESSENGER_VERIFY_TOKEN="+rand.Text(), "SOTTO_MESSENGER_PAGE_TOKEN="+token, "SOTTO_MESSENGER_PAGE_ID="+pageID)

	persons, deliveries := make([]string, people), make([][]byte, people)
	for i := range people {
		persons[i] = fmt.Sprintf("5%015d", i)
		phone := messenger.Phone{PageID: pageID, Person: persons[i], Now: time.Now, Random: rand.Reader}
		var err error
		if deliveries[i], err = phone.Type("help"); err != nil {
			t.Fatal(err)
		}
	}
	everywhere := func(bodies [][]byte) { // to all at the same time, each twice
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
	awaitOutbox(t, db, "stage = 1", func(n int) bool { return n == seats*houses && int(graph.taken.Load()) == n }) // each process has its hands full
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
	if interrupted != seats*houses || len(graph.Refused()) != 0 {
		t.Errorf("%d were told of an interruption, want %d; the graph refused %q", interrupted, seats*houses, graph.Refused())
	}
}
