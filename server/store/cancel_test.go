package store_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"sotto/linking"
	"sotto/server/store"
	"sotto/tests/database"
)

func waiting(id string) linking.Interaction {
	return linking.Interaction{
		ID: id, Browser: []byte(id), Client: "alexa-1", RedirectURI: "https://client.example/cb", State: []byte("s"), Asked: 1, Link: "link of " + id,
		Key: []byte("key"), Expires: time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC),
	}
}

// Half of the callers give up at random, the others never. Those who never do must not notice; what was reported kept must be there.
func TestCancelledCallsHarmNobodyElse(t *testing.T) {
	onEach(t, func(t *testing.T, fresh func(testing.TB) string) {
		db := open(t, fresh(t))
		now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
		var wg sync.WaitGroup
		for g := range 12 {
			wg.Go(func() {
				random := rand.New(rand.NewPCG(7, uint64(g)))
				for k := range 60 {
					ctx, cancel := t.Context(), func() {}
					gives := g%2 == 0
					if gives {
						ctx, cancel = context.WithTimeout(ctx, time.Duration(random.IntN(1500))*time.Microsecond)
					}
					i := waiting(fmt.Sprintf("%d-%d", g, k))
					kept := db.AddInteraction(ctx, i)
					_, chosen := db.Choose(ctx, i.ID, i.Browser, "albion", 1, false, 9, now)
					_, read := db.Interaction(ctx, i.ID, i.Browser, now)
					for what, err := range map[string]error{"keep": kept, "choose": chosen, "read": read} {
						switch {
						case err == nil:
						case !gives:
							t.Errorf("%s, never cancelled: %v", what, err)
						case errors.Is(err, linking.ErrNone) && kept != nil:
						case !errors.Is(err, context.DeadlineExceeded):
							t.Errorf("%s, cancelled: got %v, want the context's error", what, err)
						}
					}
					cancel()
					if kept == nil {
						if _, err := db.Interaction(t.Context(), i.ID, i.Browser, now); err != nil {
							t.Errorf("reported kept, but: %v", err)
						}
					}
				}
			})
		}
		wg.Wait()
	})
}

// Writers that share one transaction must not share an error.
func TestOneBadWriteInABatchFailsAlone(t *testing.T) {
	onEach(t, func(t *testing.T, fresh func(testing.TB) string) {
		db := open(t, fresh(t))
		twice := waiting("twice")
		if err := db.AddInteraction(t.Context(), twice); err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		for n := range 64 {
			wg.Go(func() {
				if n%8 == 0 {
					if err := db.AddInteraction(t.Context(), twice); err == nil {
						t.Error("a second row with the same id was kept")
					}
					return
				}
				if err := db.AddInteraction(t.Context(), waiting(fmt.Sprint(n))); err != nil {
					t.Errorf("a good write: %v", err)
				}
			})
		}
		wg.Wait()
	})
}

func TestClosingWaitsForWritesUnderWay(t *testing.T) {
	onEach(t, func(t *testing.T, fresh func(testing.TB) string) {
		url := fresh(t)
		db := openAt(t, url)
		errs := make([]error, 32)
		var wg sync.WaitGroup
		for n := range errs {
			wg.Go(func() { errs[n] = db.AddInteraction(t.Context(), waiting(fmt.Sprint(n))) })
		}
		wg.Wait()
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		again := openAt(t, url)
		defer again.Close()
		for n, err := range errs {
			if err != nil {
				t.Error(err)
			}
			i := waiting(fmt.Sprint(n))
			if _, err := again.Interaction(t.Context(), i.ID, i.Browser, time.Unix(0, 0)); err != nil {
				t.Errorf("kept before the end, but: %v", err)
			}
		}
	})
}

func TestMoreWritesThanCanWaitAreRefused(t *testing.T) {
	db := open(t, database.SQLite(t))
	var all sync.WaitGroup
	var refused atomic.Int64
	err := store.Write(db, t.Context(), func(context.Context, *sql.Tx) error { // one writes at a time
		for range store.Queue + 200 { // more than are taken out of the queue to be written next
			all.Go(func() {
				err := store.Append(db, t.Context(), func(context.Context, *sql.Tx) error { return nil })
				if errors.Is(err, store.ErrFull) {
					refused.Add(1)
				} else if err != nil {
					t.Errorf("who waited got %v", err)
				}
			})
		}
		for refused.Load() == 0 && db.Waiting() <= store.Queue {
			runtime.Gosched() // until one was refused, or should have been
		}
		return nil
	})
	all.Wait()
	if n := refused.Load(); err != nil || n == 0 {
		t.Errorf("%d were refused, %v", n, err)
	}
}
