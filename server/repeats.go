package server

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"sync"
	"time"

	"sotto/skills"
)

// How long an answer can be given again: as long as the signature of a request counts. And how many are kept, of how many bytes altogether: when
// there are more, the oldest go first. They are what customers were told, so they are in memory only, and of this process alone.
const (
	repeatWithin   = 150 * time.Second
	repeatSweep    = 15 * time.Second
	maxRepeats     = 512
	maxRepeatBytes = 256 << 10
)

// sameness is what makes a request the same as an earlier one: the platform, its id for it, the customer's token, and every byte of its body.
type sameness [sha256.Size]byte

func samenessOf(turn skills.Turn, body []byte) (same sameness) {
	var head []byte
	for _, part := range []string{string(turn.Platform), turn.ID, string(turn.Token)} {
		head = append(binary.BigEndian.AppendUint64(head, uint64(len(part))), part...)
	}
	h := sha256.New()
	h.Write(head)
	h.Write(body)
	h.Sum(same[:0])
	return same
}

// given is what one request was answered, once done is closed. Before that it is being answered.
type given struct {
	done   chan struct{}
	answer []byte
	err    error
	key    skills.Key
	trace  skills.Trace
	until  time.Time
}

// repeats remembers for a while what requests were answered, so that one which its platform sends again is neither answered nor recorded twice.
type repeats struct {
	now func() time.Time

	mu    sync.Mutex
	known map[sameness]*given
	line  []queued // of those that were answered, the oldest first
	bytes int
}

type queued struct {
	same  sameness
	given *given
}

func newRepeats(now func() time.Time) *repeats {
	return &repeats{now: now, known: make(map[sameness]*given)}
}

// begin gives what is known of a request, and whether whoever asks is the first and has to answer it: then finish must be called.
func (r *repeats) begin(same sameness) (g *given, first bool) {
	now := r.now()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.forget(now)
	if g, known := r.known[same]; known {
		return g, false
	}
	g = &given{done: make(chan struct{})}
	r.known[same] = g
	return g, true
}

// finish lets those who wait have the answer. It is kept for whoever comes later, or not.
func (r *repeats) finish(same sameness, g *given, keep bool) {
	now := r.now()
	r.mu.Lock()
	defer r.mu.Unlock()
	defer close(g.done)
	if !keep {
		delete(r.known, same)
		return
	}
	g.until = now.Add(repeatWithin)
	r.line = append(r.line, queued{same, g})
	r.bytes += len(g.answer)
	r.forget(now)
}

// drop forgets what must not be given again.
func (r *repeats) drop(same sameness, g *given) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.known[same] == g {
		delete(r.known, same) // its place in the line is given up when its turn comes
	}
}

// forget forgets what is over, and the oldest of what is too much.
func (r *repeats) forget(now time.Time) {
	for len(r.line) > 0 && (!now.Before(r.line[0].given.until) || len(r.line) > maxRepeats || r.bytes > maxRepeatBytes) {
		oldest := r.line[0]
		r.bytes -= len(oldest.given.answer)
		if r.known[oldest.same] == oldest.given {
			delete(r.known, oldest.same)
		}
		r.line[0] = queued{} // nothing is to hold what it said
		r.line = r.line[1:]
	}
}

// run forgets what is over also while nobody asks.
func (r *repeats) run(ctx context.Context) {
	tick := time.NewTicker(repeatSweep)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			r.mu.Lock()
			r.forget(r.now())
			r.mu.Unlock()
		}
	}
}

// errUnanswered is said to whoever waited for an answer that somebody else was making when it broke.
var errUnanswered = errors.New("the same request broke while it was being answered")

// once answers a turn; or, where the door was given the very same request before, it gives what that was answered, to the byte, if the link it was
// made for still stands. A request that comes while the first is being answered waits for that answer, which is there by the time until of the first.
func (s *Server) once(ctx context.Context, until time.Time, d door, turn skills.Turn, body []byte) ([]byte, error) {
	if turn.ID == "" {
		ctx, cancel := context.WithDeadline(ctx, until)
		defer cancel()
		answer, _, _, err := s.speak(ctx, d, turn, body)
		return answer, err
	}
	begun, same := s.wall(), samenessOf(turn, body)
	for {
		g, first := s.repeats.begin(same)
		if first {
			return s.first(ctx, until, d, turn, body, same, g)
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-g.done:
		}
		if g.err != nil {
			return nil, g.err
		}
		if s.stands(ctx, turn, g.trace) {
			s.turnDone(turnLine{
				Turn: turn.ID, Platform: string(turn.Platform), Intent: string(turn.Intent), Reply: string(g.key), Link: g.trace.Link, Reason: "repeated",
				Took: s.wall().Sub(begun),
			})
			return g.answer, nil
		}
		s.repeats.drop(same, g)
	}
}

// first answers a request that was not seen before. It goes on when whoever sent it has hung up, since he may be about to send it again. An apology
// is not kept: what failed is tried again.
func (s *Server) first(ctx context.Context, until time.Time, d door, turn skills.Turn, body []byte, same sameness, g *given) ([]byte, error) {
	keep := false
	g.err = errUnanswered
	defer func() { s.repeats.finish(same, g, keep) }()
	kept, cancel := context.WithDeadline(context.WithoutCancel(ctx), until)
	defer cancel()
	answer, reply, trace, err := s.speak(kept, d, turn, body)
	g.answer, g.key, g.trace, g.err = bytes.Clone(answer), reply.Key, trace, err // a clone is no longer than it must be
	keep = err == nil && !reply.Key.Apology()
	return answer, err
}

// stands says whether an answer may be given to a turn again.
func (s *Server) stands(ctx context.Context, turn skills.Turn, trace skills.Trace) bool {
	ctx, cancel := context.WithTimeout(ctx, s.budget)
	defer cancel()
	return s.skill.Stands(ctx, turn, trace)
}
