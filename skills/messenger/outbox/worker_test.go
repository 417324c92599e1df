package outbox_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"sotto/skills/messenger/outbox"
)

// desk is a store of one thing that is owed; its promises are proven on real ones, in tests/conformance.
type desk struct {
	outbox.Store
	mu    sync.Mutex
	owed  *outbox.Taken
	due   time.Time
	notes []string
}

func (d *desk) note(what string) { d.notes = append(d.notes, what) }

func (d *desk) TakeOwed(_ context.Context, now, _ time.Time, _ int) ([]outbox.Taken, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.owed == nil || d.due.After(now) {
		return nil, nil
	}
	t := *d.owed
	t.Tries++
	d.owed.Tries, d.due = t.Tries, now.Add(time.Hour)
	return []outbox.Taken{t}, nil
}

func (d *desk) step(what string, change func()) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.note(what)
	change()
	return nil
}

func (d *desk) BeginAnswer(context.Context, string, int) error { return d.step("begin", func() {}) }

func (d *desk) PostponeAnswer(_ context.Context, _ string, _ int, due time.Time) error {
	return d.step(fmt.Sprint("again in ", time.Until(due).Round(time.Second)), func() { d.due = due })
}

func (d *desk) DoubtAnswer(_ context.Context, _ string, _ int, due time.Time) error {
	return d.step("unsure", func() {
		if d.owed.Doubt {
			d.owed = nil
			return
		}
		d.owed.Doubt, d.due = true, due
	})
}

func (d *desk) FinishAnswer(context.Context, string, int) error {
	return d.step("done", func() { d.owed = nil })
}

func TestWhatBecomesOfWhatIsOwed(t *testing.T) {
	const sent = "sent"
	for name, tc := range map[string]struct {
		outcomes []error // of the messages, one after another
		parts    int     // of an answer
		fails    int     // how often the answer cannot be made
		want     []string
	}{
		"an answer that arrives is done":                         {nil, 1, 0, []string{"begin", sent, "done"}},
		"an answer in parts is sent in order":                    {nil, 2, 0, []string{"begin", sent, sent, "done"}},
		"where there is nothing to say it is done":               {nil, 0, 0, []string{"done"}},
		"an answer that cannot be made is tried again, slower":   {nil, 1, 3, []string{"again in 2s", "again in 4s", "again in 8s", "begin", sent, "done"}},
		"what was not sent is sent again":                        {[]error{outbox.ErrNotSent, outbox.ErrNotSent}, 1, 0, []string{"begin", "again in 2s", "begin", "again in 4s", "begin", sent, "done"}},
		"what may have arrived is never sent again":              {[]error{outbox.ErrUnsure}, 1, 0, []string{"begin", "unsure", "begin", "doubt told", "done"}},
		"a fault that nobody knows is one that may have arrived": {[]error{errors.New("?")}, 1, 0, []string{"begin", "unsure", "begin", "doubt told", "done"}},
		"a doubt that may have been told is not told again":      {[]error{outbox.ErrUnsure, outbox.ErrUnsure}, 1, 0, []string{"begin", "unsure", "begin", "unsure"}},
		"what is refused is given up":                            {[]error{outbox.ErrRefused}, 1, 0, []string{"begin", "done"}},
		"after the first part nothing is sent again":             {[]error{nil, outbox.ErrNotSent}, 2, 0, []string{"begin", sent, "unsure", "begin", "doubt told", "done"}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := &desk{owed: &outbox.Taken{Owed: outbox.Owed{ID: "a"}}, due: time.Now()}
				outcomes, fails := slices.Clone(tc.outcomes), tc.fails
				w := outbox.NewWorker(d, time.Now, func(_ context.Context, owed outbox.Taken) ([]outbox.Send, error) {
					if fails > 0 {
						fails--
						return nil, errors.New("the bank sleeps")
					}
					said, parts := sent, tc.parts
					if owed.Doubt {
						said, parts = "doubt told", 1
					}
					return slices.Repeat([]outbox.Send{func(context.Context) error {
						var err error
						if len(outcomes) > 0 {
							err, outcomes = outcomes[0], outcomes[1:]
						}
						if err == nil {
							return d.step(said, func() {})
						}
						return err
					}}, parts), nil
				}, func(error) {})
				ctx, cancel := context.WithCancel(t.Context())
				over := make(chan struct{})
				go func() { defer close(over); w.Run(ctx) }()
				w.Wake()
				<-time.After(5 * time.Minute)
				cancel()
				<-over
				if !slices.Equal(d.notes, tc.want) {
					t.Errorf("got  %q\nwant %q", d.notes, tc.want)
				}
			})
		})
	}
}

func TestAWorkerThatIsToldToStopFinishesWhatItBegan(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &desk{owed: &outbox.Taken{Owed: outbox.Owed{ID: "a"}}, due: time.Now()}
		sending := make(chan struct{})
		w := outbox.NewWorker(d, time.Now, func(context.Context, outbox.Taken) ([]outbox.Send, error) {
			return []outbox.Send{func(ctx context.Context) error {
				close(sending)
				<-time.After(3 * time.Second)
				return ctx.Err()
			}}, nil
		}, func(error) {})
		ctx, cancel := context.WithCancel(t.Context())
		over := make(chan struct{})
		go func() { defer close(over); w.Run(ctx) }()
		w.Wake()
		<-sending
		cancel()
		<-over
		if !slices.Equal(d.notes, []string{"begin", "done"}) {
			t.Errorf("got %q", d.notes)
		}
	})
}
