package store

import (
	"context"
	"database/sql"
	"errors"
	"runtime"
	"sync"
	"time"
)

// batch is how many writes share one transaction at most, so that nobody waits long for the others.
const batch = 64

// linger is how long a transaction waits for company when the one before it had some. A flush to disk is dear, and five milliseconds are not
// heard.
const linger = 5 * time.Millisecond

// queue is how many may wait; beyond it, the caller is told to come again.
const queue = 4096

// errFull means that more writes wait than can be done in good time.
var errFull = errors.New("database: too many writes are waiting")

// group joins writes that arrive while the disk is busy with an earlier one. The zero group is ready.
type group struct {
	mu      sync.Mutex
	waiting []*waiter
	running sync.WaitGroup
	busy    bool
}

type waiter struct {
	ctx  context.Context // the caller's, who waits for done
	run  func(context.Context, *sql.Tx) error
	done chan error // one place
}

// single runs one statement that gives one row, as append runs a transaction. An engine that is not in this process makes a transaction of it by
// itself, in one round trip.
func (db *DB) single(ctx context.Context, query string, args []any, into ...any) error {
	if db.engine.local {
		s, err := db.inside(ctx, query)
		if err != nil {
			return err
		}
		return db.append(ctx, func(ctx context.Context, tx *sql.Tx) error { return s.one(ctx, tx, args, into...) })
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	w := &waiter{ctx: ctx, done: make(chan error, 1)}
	return db.group.apart(w, func() error {
		return repeat(ctx, db.engine.again, func() error {
			return db.inTurn(ctx, func() error {
				ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
				defer cancel()
				return db.writer.QueryRowContext(ctx, query, args...).Scan(into...)
			})
		})
	})
}

// apart runs f beside the one who waits for it, who may leave sooner.
func (g *group) apart(w *waiter, f func() error) error {
	g.running.Go(func() { w.done <- f() })
	return w.wait()
}

// append runs f in a transaction that it may share with others; nil means it is on disk. An error of f undoes f alone. When
// ctx ends first, whether f was done is not known. An engine that is not in this process groups its flushes by itself.
func (db *DB) append(ctx context.Context, f func(context.Context, *sql.Tx) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	w := &waiter{ctx, f, make(chan error, 1)}
	g := &db.group
	if !db.engine.local {
		return g.apart(w, func() error { return db.write(ctx, f) })
	}
	g.mu.Lock()
	if len(g.waiting) >= queue {
		g.mu.Unlock()
		return errFull
	}
	g.waiting = append(g.waiting, w)
	if !g.busy {
		g.busy = true
		g.running.Go(db.drain)
	}
	g.mu.Unlock()
	return w.wait()
}

// wait gives what came of it, or the end of the caller's context.
func (w *waiter) wait() error {
	select {
	case err := <-w.done:
		return err
	case <-w.ctx.Done():
		return w.ctx.Err()
	}
}

// wait returns when nothing is under way.
func (g *group) wait() { g.running.Wait() }

// drain runs what waits, until nothing does.
func (db *DB) drain() {
	g := &db.group
	for company := false; ; {
		runtime.Gosched() // whoever is about to join goes first
		if company {
			<-time.After(linger)
		}
		g.mu.Lock()
		n := min(len(g.waiting), batch)
		if n == 0 {
			g.busy, g.waiting = false, nil
			g.mu.Unlock()
			return
		}
		next := g.waiting[:n:n]
		g.waiting = g.waiting[n:]
		g.mu.Unlock()
		company = n > 1
		db.together(next)
	}
}

// together runs these in one transaction. If any of them fails, all are undone and each is run alone: the engines do not agree
// on what is left of a transaction after an error.
func (db *DB) together(waiters []*waiter) {
	live := waiters[:0]
	for _, w := range waiters {
		if err := w.ctx.Err(); err != nil {
			w.done <- err
			continue
		}
		live = append(live, w)
	}
	if len(live) == 0 {
		return
	}
	if len(live) > 1 {
		err := db.once(context.Background(), func(ctx context.Context, tx *sql.Tx) error {
			for _, w := range live {
				if err := w.run(ctx, tx); err != nil {
					return err
				}
			}
			return nil
		})
		if err == nil {
			for _, w := range live {
				w.done <- nil
			}
			return
		}
	}
	for _, w := range live {
		w.done <- db.write(context.WithoutCancel(w.ctx), w.run)
	}
}
