package outbox

import (
	"context"
	"errors"
	"sync"
	"time"
)

// How attempts are made.
const (
	crowd    = 16               // at the same time
	attempt  = 25 * time.Second // for one of them
	leased   = 40 * time.Second // more than an attempt takes
	looking  = time.Second      // between two looks for what another process has left
	shortest = 2 * time.Second  // before a second attempt; each pause is twice the one before
	longest  = 10 * time.Minute
)

// What can become of one sending. Anything else is ErrUnsure.
var (
	ErrNotSent = errors.New("not sent; try again later")
	ErrRefused = errors.New("refused; trying again does not help")
	ErrUnsure  = errors.New("it may have arrived")
)

// Send sends one message of an answer. nil means that it arrived.
type Send func(ctx context.Context) error

// Worker gives the answers that are owed.
type Worker struct {
	store  Store
	now    func() time.Time
	answer func(ctx context.Context, t Taken) ([]Send, error)
	report func(error)
	wake   chan struct{}
}

// NewWorker makes one. answer makes what is to be sent; an error of it is tried again later. report is told of everything that
// went wrong, in words that hold nothing of what was said.
func NewWorker(store Store, now func() time.Time, answer func(context.Context, Taken) ([]Send, error), report func(error)) *Worker {
	return &Worker{store: store, now: now, answer: answer, report: report, wake: make(chan struct{}, 1)}
}

// Wake has it look at once.
func (w *Worker) Wake() {
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// Run gives answers until ctx ends; attempts under way are finished.
func (w *Worker) Run(ctx context.Context) {
	var under sync.WaitGroup
	defer under.Wait()
	seats := make(chan struct{}, crowd)
	tick := time.NewTicker(looking)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-w.wake:
		case <-tick.C:
		}
		free := cap(seats) - len(seats) // only this loop takes seats
		if free == 0 {
			continue
		}
		now := w.now()
		taken, err := w.store.TakeOwed(ctx, now, now.Add(leased), free)
		if err != nil {
			if ctx.Err() == nil {
				w.report(err)
			}
			continue
		}
		for _, t := range taken {
			seats <- struct{}{}
			under.Go(func() {
				defer w.Wake() // the chat may have said more
				defer func() { <-seats }()
				once, cancel := context.WithTimeout(context.WithoutCancel(ctx), attempt)
				defer cancel()
				if err := w.attempt(once, t); err != nil {
					w.report(err)
				}
			})
		}
	}
}

// attempt makes one answer and sends it. Once it has begun to send it never begins anew: what is not known to have failed counts as arrived,
// and what comes instead says so.
func (w *Worker) attempt(ctx context.Context, t Taken) error {
	sends, err := w.answer(ctx, t)
	if err != nil {
		return errors.Join(err, w.store.PostponeAnswer(ctx, t.ID, t.Tries, w.now().Add(pause(t.Tries))))
	}
	if len(sends) == 0 {
		return w.store.FinishAnswer(ctx, t.ID, t.Tries)
	}
	if err := w.store.BeginAnswer(ctx, t.ID, t.Tries); err != nil {
		return err
	}
	for i, send := range sends {
		err := send(ctx)
		keep := context.WithoutCancel(ctx)
		switch {
		case err == nil:
			continue
		case errors.Is(err, ErrNotSent) && i == 0:
			return errors.Join(err, w.store.PostponeAnswer(keep, t.ID, t.Tries, w.now().Add(pause(t.Tries))))
		case errors.Is(err, ErrRefused):
			return errors.Join(err, w.store.FinishAnswer(keep, t.ID, t.Tries))
		default:
			return errors.Join(err, w.store.DoubtAnswer(keep, t.ID, t.Tries, w.now().Add(shortest)))
		}
	}
	return w.store.FinishAnswer(context.WithoutCancel(ctx), t.ID, t.Tries)
}

// pause is how long to wait after so many attempts.
func pause(tries int) time.Duration {
	d := shortest
	for range min(tries, 20) - 1 {
		d = min(2*d, longest)
	}
	return d
}
