package skills

import (
	"context"
	"errors"
	"slices"
	"time"

	"sotto/linking"
)

// recordWithin is how long writing the record may take, whatever the banks have left of the turn.
const recordWithin = time.Second

// handlers are the intents that have something to say. Yes, no and repeat become one of them, or a reply at once; see understand.
var handlers = map[Intent]Handler{
	Balance: balance, Spending: spent, Transactions: transactions, Shared: shared, Forget: forget,
	LinkCode: linkCode, Launch: launch, Help: help, Stop: stop, Cancel: stop, Fallback: fallback,
}

// Answer answers one turn. It returns no error, because a voice that fails silently has hung up on a customer. What it owns, in
// this order, so that no handler can forget it: what the turn means, given the dialogue; the link behind the token, and the Access; the
// scopes; the handler; the apology for what went wrong; the record, without which no fact is said.
func (s *Skill) Answer(ctx context.Context, turn Turn) (Reply, Trace) {
	q, reply, done := understand(turn)
	var trace Trace
	if !done {
		reply, trace = s.ask(ctx, q)
	}
	reply = settle(reply, turn)
	if len(reply.Facts) == 0 {
		return reply, trace
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordWithin)
	defer cancel()
	if err := s.write(ctx, turn, q, reply); err != nil {
		trace.Reason = "not recorded"
		return Reply{Key: Sorry, End: true, Chat: reply.Chat}, trace
	}
	return reply, trace
}

// ask takes a question through link and scopes to its handler.
func (s *Skill) ask(ctx context.Context, q *Question) (Reply, Trace) {
	entry, _ := Lookup(q.Intent)
	if entry.Link {
		if refusal, trace, ok := s.admit(ctx, q, entry); !ok {
			return refusal, trace
		}
	} else if q.Intent == Launch && q.known() {
		if link, err := s.resolve(ctx, q); err == nil {
			q.Link = link
		} else if !errors.Is(err, linking.ErrNotLinked) {
			reply, reason := apology(err)
			return reply, Trace{Reason: reason}
		}
	}
	trace := traceOf(q.Link, "")
	reply, err := handlers[q.Intent](ctx, s, *q)
	if err != nil {
		reply, trace.Reason = apology(err)
		reply.Dialogue = Dialogue{Intent: q.Intent, Slots: q.Slots} // "repeat" tries again
	} else if slices.ContainsFunc(reply.Facts, func(f Fact) bool { return f.Kind == FactBank }) {
		trace.Reason = "partial"
	}
	return reply, trace
}

// admit finds the link behind the token and makes the Access that the question needs, or says why not.
func (s *Skill) admit(ctx context.Context, q *Question, entry Entry) (Reply, Trace, bool) {
	if !q.known() {
		reply, _ := apology(linking.ErrNotLinked)
		return reply, Trace{Reason: "no token"}, false
	}
	link, err := s.resolve(ctx, q)
	if q.Confirmed && errors.Is(err, linking.ErrNotLinked) {
		// A repeated yes: the link went with the first one.
		return Reply{Key: ForgetOver, End: true}, Trace{Reason: "not linked"}, false
	}
	if err != nil {
		reply, reason := apology(err)
		return reply, Trace{Reason: reason}, false
	}
	q.Link = link
	needed := entry.Scopes
	for slot, scope := range entry.SlotScopes {
		if q.Slots.filled(slot) {
			needed = append(needed[:len(needed):len(needed)], scope)
		}
	}
	for _, scope := range needed {
		if !link.Has(scope) {
			return withheld(scope), traceOf(link, "scope withheld"), false
		}
	}
	q.Access, err = link.Access(needed...)
	if err != nil {
		reply, reason := apology(err)
		return reply, traceOf(link, reason), false
	}
	return Reply{}, Trace{}, true
}

// Stands says whether an answer that was made to this turn before may be given to it again: the link it was made for is there, is still the
// turn's, and allows what it allowed then. It reads the grant afresh, as an answer does.
func (s *Skill) Stands(ctx context.Context, turn Turn, t Trace) bool {
	if t.Link == "" {
		return true // it holds no fact
	}
	link, err := s.resolve(ctx, &Question{Turn: turn})
	return err == nil && link.ID == t.Link && slices.Equal(link.Scopes, t.scopes)
}

// known says whether the turn says whose it is: by a token, or by the chat it was said in.
func (q *Question) known() bool { return q.Token != "" || !q.Chat.IsZero() }

// resolve finds the link behind a turn.
func (s *Skill) resolve(ctx context.Context, q *Question) (linking.Link, error) {
	if q.Proven != nil {
		return *q.Proven, nil
	}
	if q.Token != "" {
		return s.links.Resolve(ctx, q.Platform, q.Token)
	}
	return s.links.ResolveChat(ctx, q.Platform, q.Chat)
}

// settle decides whether the conversation goes on after a reply. It ends after an answer unless something was asked; where the
// customer opened it, to talk, he is asked whether there is anything else.
func settle(reply Reply, turn Turn) Reply {
	if turn.Dialogue.Open && !reply.End && !reply.LinkCard {
		reply.Dialogue.Open = true
		if !reply.Ask {
			reply.Ask, reply.Else = true, true
		}
	}
	if reply.Ask && reply.Dialogue.Intent == "" {
		reply.Dialogue.Intent = Help // something must stand there for the platform to keep the rest
	}
	reply.End = !reply.Ask
	reply.Chat = !turn.Chat.IsZero()
	reply.NoCard = !reply.Chat && turn.Platform != linking.Alexa
	return reply
}

// filled says whether something was heard for a slot.
func (s Slots) filled(name SlotName) bool {
	slot, ok := s[name]
	return ok && (slot.Heard != "" || len(slot.Values) > 0)
}
