package conformance

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"sotto/skills/messenger/outbox"
)

// Outbox proves an outbox.Store. open gives an empty one.
func Outbox(t *testing.T, open func(*testing.T) outbox.Store) {
	for name, prove := range map[string]func(*testing.T, outbox.Store){
		"what is owed comes back as it was kept, once":                  owedComesBack,
		"what a platform sends twice is owed once, answered or not":     owedOnce,
		"of many who owe the same at once it is kept once":              owedRace,
		"one chat is answered in order, however long the first takes":   owedInOrder,
		"of many who take at once each attempt is one's":                takeOwedRace,
		"an attempt whose lease is over is another's":                   owedLost,
		"what was postponed is due again later":                         owedPostponed,
		"what had begun to be sent comes back as a doubt, and only so":  owedDoubt,
		"a doubt that had begun to be told is told no more":             owedDoubtOnce,
		"what can no longer be answered holds nobody up, and is swept":  owedTooLate,
		"what was said is not kept longer than its answer":              owedForgotten,
		"a chat is remembered for its time":                             chatRemembered,
		"an erased chat is owed nothing and remembered no more":         chatErased,
		"what is owed and what is remembered are sealed where they are": owedSealed,
	} {
		t.Run(name, func(t *testing.T) { prove(t, open(t)) })
	}
}

func owedOf(chat string, order int64) outbox.Owed {
	return outbox.Owed{ID: name(), Chat: chat, Order: order, Sealed: blob(), Until: noon.Add(24 * time.Hour), Expires: noon.Add(7 * 24 * time.Hour)}
}

func owe(t *testing.T, s outbox.Store, list ...outbox.Owed) {
	t.Helper()
	check(t, s.Owe(t.Context(), list))
}

const lease = time.Minute

func takeOwed(t *testing.T, s outbox.Store, now time.Time) []outbox.Taken {
	t.Helper()
	list, err := s.TakeOwed(t.Context(), now, now.Add(lease), 10)
	check(t, err)
	return list
}

// takeOne takes what must be the only thing due.
func takeOne(t *testing.T, s outbox.Store, now time.Time) outbox.Taken {
	t.Helper()
	list := takeOwed(t, s, now)
	if len(list) != 1 {
		t.Fatalf("%d are due, want 1", len(list))
	}
	return list[0]
}

func nothingDue(t *testing.T, s outbox.Store, now time.Time) {
	t.Helper()
	if list := takeOwed(t, s, now); len(list) != 0 {
		t.Errorf("%d are due, want none", len(list))
	}
}

func wantLost(t *testing.T, what string, err error) {
	t.Helper()
	if !errors.Is(err, outbox.ErrLost) {
		t.Errorf("%s: got %v, want ErrLost", what, err)
	}
}

func owedComesBack(t *testing.T, s outbox.Store) {
	o := owedOf("a", 1)
	owe(t, s, o)
	got := takeOne(t, s, noon)
	same(t, "owed", got, outbox.Taken{Owed: o, Tries: 1})
	nothingDue(t, s, noon)
	check(t, s.BeginAnswer(t.Context(), o.ID, 1))
	check(t, s.FinishAnswer(t.Context(), o.ID, 1))
	nothingDue(t, s, noon.Add(time.Hour))
	owe(t, s)
}

func owedOnce(t *testing.T, s outbox.Store) {
	o := owedOf("a", 1)
	again := o
	again.Sealed = blob()
	owe(t, s, o, again)
	owe(t, s, again)
	same(t, "owed", takeOne(t, s, noon).Sealed, o.Sealed)
	check(t, s.FinishAnswer(t.Context(), o.ID, 1))
	owe(t, s, again)
	nothingDue(t, s, noon.Add(time.Hour))
}

func owedRace(t *testing.T, s outbox.Store) {
	list := []outbox.Owed{owedOf("a", 1), owedOf("a", 2), owedOf("b", 1)}
	var wg sync.WaitGroup
	for i := range 8 {
		mine := slices.Clone(list)
		if i%2 == 1 {
			slices.Reverse(mine)
		}
		wg.Go(func() {
			if err := s.Owe(t.Context(), mine); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if got := takeOwed(t, s, noon); len(got) != 2 {
		t.Errorf("%d are due, want one of each chat", len(got))
	}
}

func owedInOrder(t *testing.T, s outbox.Store) {
	first, second, third, other := owedOf("a", 1), owedOf("a", 2), owedOf("a", 2), owedOf("b", 9)
	if third.ID < second.ID {
		second, third = third, second
	}
	owe(t, s, third, second, first, other)
	got := takeOwed(t, s, noon)
	if len(got) != 2 {
		t.Fatalf("%d are due, want one of each chat", len(got))
	}
	nothingDue(t, s, noon)
	check(t, s.PostponeAnswer(t.Context(), first.ID, 1, noon.Add(time.Hour)))
	check(t, s.FinishAnswer(t.Context(), other.ID, 1))
	nothingDue(t, s, noon.Add(59*time.Minute))
	same(t, "the first", takeOne(t, s, noon.Add(time.Hour)).ID, first.ID)
	early := owedOf("a", 0)
	owe(t, s, early)
	nothingDue(t, s, noon.Add(time.Hour)) // one is being answered, though this was said before it
	check(t, s.FinishAnswer(t.Context(), first.ID, 2))
	same(t, "what was late", takeOne(t, s, noon.Add(time.Hour)).ID, early.ID)
	check(t, s.FinishAnswer(t.Context(), early.ID, 1))
	same(t, "the second", takeOne(t, s, noon.Add(time.Hour)).ID, second.ID)
	check(t, s.FinishAnswer(t.Context(), second.ID, 1))
	same(t, "the third", takeOne(t, s, noon.Add(time.Hour)).ID, third.ID)
}

func takeOwedRace(t *testing.T, s outbox.Store) {
	const n = 24
	for i := range n {
		owe(t, s, owedOf(fmt.Sprint("chat ", i/2), int64(i)))
	}
	var mu sync.Mutex
	seen := map[string]int{}
	race(t, func(ctx context.Context) error {
		for range n { // until nothing is left
			list, err := s.TakeOwed(ctx, noon, noon.Add(lease), 3)
			if err != nil {
				return err
			}
			for _, o := range list {
				mu.Lock()
				seen[o.ID]++
				mu.Unlock()
				if err := s.BeginAnswer(ctx, o.ID, o.Tries); err != nil {
					return err
				}
				if err := s.FinishAnswer(ctx, o.ID, o.Tries); err != nil {
					return err
				}
			}
		}
		return nil
	})
	for _, o := range takeOwed(t, s, noon) {
		seen[o.ID]++
	}
	if len(seen) != n {
		t.Errorf("%d of %d were taken", len(seen), n)
	}
	for id, times := range seen {
		if times != 1 {
			t.Errorf("%s was taken %d times", id, times)
		}
	}
}

func owedLost(t *testing.T, s outbox.Store) {
	o := owedOf("a", 1)
	owe(t, s, o)
	takeOne(t, s, noon)
	later := noon.Add(lease)
	same(t, "tries", takeOne(t, s, later).Tries, 2)
	wantLost(t, "begin", s.BeginAnswer(t.Context(), o.ID, 1))
	wantLost(t, "postpone", s.PostponeAnswer(t.Context(), o.ID, 1, later))
	wantLost(t, "doubt", s.DoubtAnswer(t.Context(), o.ID, 1, later))
	wantLost(t, "finish", s.FinishAnswer(t.Context(), o.ID, 1))
	check(t, s.BeginAnswer(t.Context(), o.ID, 2))
	wantLost(t, "beginning twice", s.BeginAnswer(t.Context(), o.ID, 2))
	check(t, s.FinishAnswer(t.Context(), o.ID, 2))
	wantLost(t, "what is done", s.BeginAnswer(t.Context(), o.ID, 2))
}

func owedPostponed(t *testing.T, s outbox.Store) {
	o := owedOf("a", 1)
	owe(t, s, o)
	takeOne(t, s, noon)
	check(t, s.BeginAnswer(t.Context(), o.ID, 1))
	due := noon.Add(5 * time.Second)
	check(t, s.PostponeAnswer(t.Context(), o.ID, 1, due))
	nothingDue(t, s, due.Add(-time.Millisecond))
	same(t, "again", takeOne(t, s, due), outbox.Taken{Owed: o, Tries: 2})
}

func owedDoubt(t *testing.T, s outbox.Store) {
	crashed, unsure := owedOf("a", 1), owedOf("b", 1)
	owe(t, s, crashed, unsure)
	if got := takeOwed(t, s, noon); len(got) != 2 {
		t.Fatalf("%d are due, want 2", len(got))
	}
	check(t, s.BeginAnswer(t.Context(), crashed.ID, 1))
	check(t, s.BeginAnswer(t.Context(), unsure.ID, 1))
	nothingDue(t, s, noon.Add(lease-time.Millisecond))
	check(t, s.DoubtAnswer(t.Context(), unsure.ID, 1, noon.Add(time.Second)))
	same(t, "unsure", takeOne(t, s, noon.Add(time.Second)), outbox.Taken{Owed: unsure, Tries: 2, Doubt: true})
	check(t, s.PostponeAnswer(t.Context(), unsure.ID, 2, noon.Add(2*time.Second)))
	same(t, "unsure, postponed", takeOne(t, s, noon.Add(2*time.Second)), outbox.Taken{Owed: unsure, Tries: 3, Doubt: true})
	check(t, s.FinishAnswer(t.Context(), unsure.ID, 3))
	same(t, "crashed", takeOne(t, s, noon.Add(lease)), outbox.Taken{Owed: crashed, Tries: 2, Doubt: true})
}

func owedDoubtOnce(t *testing.T, s outbox.Store) {
	crashed, unsure := owedOf("a", 1), owedOf("b", 1)
	owe(t, s, crashed, unsure)
	for i, now := range []time.Time{noon, noon.Add(2 * lease)} {
		if got := takeOwed(t, s, now); len(got) != 2 {
			t.Fatalf("%d are due, want 2", len(got))
		}
		check(t, s.BeginAnswer(t.Context(), crashed.ID, i+1))
		check(t, s.BeginAnswer(t.Context(), unsure.ID, i+1))
		check(t, s.DoubtAnswer(t.Context(), unsure.ID, i+1, now))
	}
	nothingDue(t, s, noon.Add(time.Hour))
}

func owedTooLate(t *testing.T, s outbox.Store) {
	late, next := owedOf("a", 1), owedOf("a", 2)
	late.Until = noon.Add(time.Minute)
	owe(t, s, late, next)
	same(t, "after it", takeOne(t, s, late.Until).ID, next.ID)
	check(t, s.SweepOutbox(t.Context(), late.Until))
	owe(t, s, late)
	nothingDue(t, s, noon)
	check(t, s.SweepOutbox(t.Context(), late.Expires))
	owe(t, s, late)
	same(t, "once its id is forgotten", takeOne(t, s, noon).ID, late.ID)
}

// sealer is a store that can say what it still has sealed.
type sealer interface {
	Reseal(ctx context.Context, prefix []byte, seal func(sealed, bound []byte) ([]byte, error)) (int, error)
}

func stillSealed(t *testing.T, s outbox.Store, sealed []byte) int {
	t.Helper()
	found, err := s.(sealer).Reseal(t.Context(), sealed[:5], func(sealed, _ []byte) ([]byte, error) { return sealed, nil })
	check(t, err)
	return found
}

func owedForgotten(t *testing.T, s outbox.Store) {
	answered, refused, late := owedOf("a", 1), owedOf("b", 1), owedOf("c", 1)
	late.Until = noon.Add(time.Minute)
	owe(t, s, answered, refused, late)
	if got := takeOwed(t, s, noon); len(got) != 3 {
		t.Fatalf("%d are due, want 3", len(got))
	}
	check(t, s.FinishAnswer(t.Context(), answered.ID, 1))
	check(t, s.BeginAnswer(t.Context(), refused.ID, 1))
	check(t, s.DoubtAnswer(t.Context(), refused.ID, 1, noon))
	same(t, "doubt", takeOne(t, s, noon).Doubt, true)
	check(t, s.BeginAnswer(t.Context(), refused.ID, 2))
	check(t, s.DoubtAnswer(t.Context(), refused.ID, 2, noon))
	check(t, s.SweepOutbox(t.Context(), late.Until))
	for _, o := range []outbox.Owed{answered, refused, late} {
		if stillSealed(t, s, o.Sealed) != 0 {
			t.Error("what was said is still there")
		}
	}
}

func owedSealed(t *testing.T, s outbox.Store) {
	o := owedOf("a", 1)
	owe(t, s, o)
	m := outbox.Memory{Sealed: blob(), Until: noon.Add(time.Minute)}
	check(t, s.RememberChat(t.Context(), "a", m))
	for bound, sealed := range map[string][]byte{"outbox|" + o.ID + "|sealed": o.Sealed, "chat_memories|a|sealed": m.Sealed} {
		found, err := s.(sealer).Reseal(t.Context(), sealed[:5], func(got, to []byte) ([]byte, error) {
			same(t, "sealed", got, sealed)
			same(t, "bound", string(to), bound)
			return append([]byte("\x01new1"), got[5:]...), nil
		})
		if err != nil || found != 1 {
			t.Errorf("%s: found %d, %v", bound, found, err)
		}
	}
	same(t, "anew", takeOne(t, s, noon).Sealed[:5], []byte("\x01new1"))
}

func chatRemembered(t *testing.T, s outbox.Store) {
	_, err := s.RecallChat(t.Context(), "a", noon)
	if !errors.Is(err, outbox.ErrNone) {
		t.Errorf("a chat nobody knows: %v", err)
	}
	first, second := outbox.Memory{Sealed: blob(), Until: noon.Add(time.Minute)}, outbox.Memory{Sealed: blob(), Until: noon.Add(15 * time.Minute)}
	check(t, s.RememberChat(t.Context(), "a", first))
	check(t, s.RememberChat(t.Context(), "a", second))
	got, err := s.RecallChat(t.Context(), "a", second.Until.Add(-time.Millisecond))
	check(t, err)
	same(t, "memory", got, second)
	if _, err := s.RecallChat(t.Context(), "b", noon); !errors.Is(err, outbox.ErrNone) {
		t.Errorf("another chat: %v", err)
	}
	if _, err := s.RecallChat(t.Context(), "a", second.Until); !errors.Is(err, outbox.ErrNone) {
		t.Errorf("too late: %v", err)
	}
	check(t, s.SweepOutbox(t.Context(), second.Until))
	if stillSealed(t, s, second.Sealed) != 0 {
		t.Error("a memory that is over is still there")
	}
}

func chatErased(t *testing.T, s outbox.Store) {
	o, other := owedOf("a", 1), owedOf("b", 1)
	m := outbox.Memory{Sealed: blob(), Until: noon.Add(time.Minute)}
	owe(t, s, o, other)
	check(t, s.RememberChat(t.Context(), "a", m))
	for range 2 {
		check(t, s.EraseChat(t.Context(), "a"))
	}
	same(t, "the other chat", takeOne(t, s, noon).ID, other.ID)
	if _, err := s.RecallChat(t.Context(), "a", noon); !errors.Is(err, outbox.ErrNone) {
		t.Errorf("erased: %v", err)
	}
	if stillSealed(t, s, o.Sealed)+stillSealed(t, s, m.Sealed) != 0 {
		t.Error("something is left")
	}
}
