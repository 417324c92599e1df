// Package outbox owes answers: what was said on a platform that does not wait for one is kept until it was answered, once.
//
// It keeps the question and never the answer: what a bank says is not written to disk, so an answer that could not be sent is made
// anew. It knows nothing of platforms, banks or words.
package outbox

import (
	"context"
	"errors"
	"time"
)

// ErrLost means that an attempt is no longer this one's: its lease was over, and another process has taken it up.
var ErrLost = errors.New("outbox: the attempt is another's")

// ErrNone means that there is nothing kept of a chat.
var ErrNone = errors.New("outbox: nothing kept")

// Owed is something that was said and is to be answered.
type Owed struct {
	ID      string // made from the platform's own id, so that what is sent twice is kept once
	Chat    string // an HMAC; what one chat says is answered in order
	Order   int64  // within the chat
	Sealed  []byte // what was said, and by whom
	Until   time.Time
	Expires time.Time // how long the id is remembered, answered or not
}

// Taken is one attempt at an answer.
type Taken struct {
	Owed
	Tries int  // this one included; it names the attempt
	Doubt bool // an answer may have arrived; it is not to be given again
}

// Memory is what is kept of a chat between two things that were said in it.
type Memory struct {
	Sealed []byte
	Until  time.Time
}

// Store keeps what is owed. Whatever has returned nil survives a crash. Among any number of callers, in any number of processes, each
// attempt is one caller's.
type Store interface {
	// Owe keeps these; of one ID, what came first stays.
	Owe(ctx context.Context, owed []Owed) error
	// TakeOwed gives what is due at now, with Until after it: of each chat the first that is not done, no more than limit. It is this
	// caller's until its lease is over. An attempt that had begun to send when its lease was over comes back as Doubt; one of those that
	// had begun too is done.
	TakeOwed(ctx context.Context, now, lease time.Time, limit int) ([]Taken, error)
	// BeginAnswer says that sending begins: whatever happens from here on, the answer may have arrived. ErrLost.
	BeginAnswer(ctx context.Context, id string, tries int) error
	// PostponeAnswer says that nothing was sent, and when to try again. ErrLost.
	PostponeAnswer(ctx context.Context, id string, tries int, due time.Time) error
	// DoubtAnswer says that nobody knows whether the answer arrived: it comes back as Doubt, or is done where it was one. ErrLost.
	DoubtAnswer(ctx context.Context, id string, tries int, due time.Time) error
	// FinishAnswer says that it was answered, or never will be: only the id is remembered. ErrLost.
	FinishAnswer(ctx context.Context, id string, tries int) error
	// SweepOutbox forgets what has expired, and what was said and can no longer be answered.
	SweepOutbox(ctx context.Context, now time.Time) error
	// RememberChat keeps what is known of a chat in place of what was.
	RememberChat(ctx context.Context, chat string, m Memory) error
	// RecallChat gives it, in time; ErrNone.
	RecallChat(ctx context.Context, chat string, now time.Time) (Memory, error)
	// EraseChat forgets a chat, and what was said in it and is still owed an answer.
	EraseChat(ctx context.Context, chat string) error
}
