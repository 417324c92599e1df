package server

import (
	"context"
	"errors"
	"time"

	"go.uber.org/zap"

	"sotto/linking"
	"sotto/skills"
	"sotto/skills/messenger"
	"sotto/skills/messenger/outbox"
)

// dialogueLife is how long a conversation goes on after the last thing that was said.
const dialogueLife = 15 * time.Minute

// memory is what is known of a chat when something is said in it. It holds no fact.
type memory struct {
	Dialogue skills.Dialogue `json:"dialogue,omitzero"`
	Until    time.Time       `json:"until,omitzero"` // of the dialogue; the rest is that the customer was told whom he talks to
}

// errPanicked means that an answer could not be made for a fault of ours, which the log has.
var errPanicked = errors.New("a panic: see the line before")

// lastPanic is the attempt at an answer from which on one that panics is the last.
const lastPanic = 5

// answerOwed makes the messages that answer one event. An answer is made anew at each attempt, because what a bank says is not kept. Where that
// panics it is an error as others are, because the event would end each process that takes it up; but not for as long as it is owed, because
// whatever else is said in its chat waits for it.
func (m *facebookPage) answerOwed(ctx context.Context, t outbox.Taken) (sends []outbox.Send, err error) {
	var e messenger.Event
	defer m.caught(func(panicked error) {
		sends, err = nil, panicked
		if t.Tries >= lastPanic && e.Person != "" { // a deletion is of nobody in a chat, and never given up
			sends, err = m.giveUp(e), nil
		}
	})
	if err := m.unseal(t.Sealed, outboxAD(t.ID), &e); err != nil {
		return nil, err
	}
	e.ID = t.ID
	if e.Kind == messenger.Deletion {
		return nil, m.forgetPerson(ctx, e)
	}
	if t.Doubt {
		return m.messages(e, skills.Reply{Key: skills.ChatDoubt, Chat: true}, "", nil)
	}
	known, greeted, err := m.recall(ctx, t.Chat)
	if err != nil {
		return nil, err
	}
	reply, spoken, err := m.reply(ctx, e, known)
	if err != nil || reply.Key == "" {
		return nil, err
	}
	notice := ""
	if !greeted || e.Payload == messenger.GetStarted {
		notice = m.phrases.Label(m.locale, "chat.automated") + " "
	}
	known = memory{}
	if reply.Ask && spoken {
		known = memory{reply.Dialogue, m.now().Add(dialogueLife)}
	}
	return m.messages(e, reply, notice, func(ctx context.Context) {
		m.remember(ctx, t.Chat, known)
		if reply.Key == skills.ForgetDone {
			m.unlinkAtMeta(ctx, e.Person)
		}
	})
}

// giveUp makes of an answer that a fault of ours is in an apology, if there is none in that.
func (m *facebookPage) giveUp(e messenger.Event) (sends []outbox.Send) {
	defer m.caught(func(error) { sends = nil })
	m.turnDone(turnLine{Turn: e.ID, Platform: string(linking.Messenger), Reply: string(skills.Sorry), Reason: "given up"})
	sends, err := m.messages(e, skills.Reply{Key: skills.Sorry, End: true, Chat: true}, "", nil)
	if err != nil {
		return nil
	}
	return sends
}

// caught is deferred where a panic must end no process: it gives it to whoever deals with it, once the log has it.
func (m *facebookPage) caught(instead func(error)) {
	if r := recover(); r != nil {
		m.panicked(messengerPath, r)
		instead(errPanicked)
	}
}

// unlinkAtMeta has Meta take back its own note of a link that is over. Nothing of ours depends on it, so that a fault is for the log only.
func (m *facebookPage) unlinkAtMeta(ctx context.Context, person string) {
	if err := m.platform.Unlink(ctx, person); err != nil {
		m.log.Warn("not unlinked at Meta", zap.String("fault", fault(err)))
	}
}

// reply says what is to be said to an event; no key where nothing is. spoken means that it is part of a conversation.
func (m *facebookPage) reply(ctx context.Context, e messenger.Event, known memory) (reply skills.Reply, spoken bool, err error) {
	chat := linking.Chat{Client: m.client, ID: e.Person}
	reply.Chat = true
	switch {
	case e.Kind == messenger.Linked:
		reply.Key, err = skills.ChatCodeAsked, m.authority.Claim(ctx, chat, linking.Token(e.Handover))
		if errors.Is(err, linking.ErrNoCode) {
			reply.Key, reply.LinkCard, err = skills.ChatCodeNone, true, nil
		}
		m.note(e, string(skills.EventLinked), reply.Key)
		return reply, false, err
	case e.Kind == messenger.Unlinked:
		ended, err := m.unlink(ctx, chat)
		if ended {
			reply.Key = skills.ChatUnlinked
		}
		m.note(e, string(skills.EventEnded), reply.Key)
		return reply, false, err
	case e.Payload == messenger.LinkIt, e.Payload == messenger.UnlinkIt:
		reply.Key, reply.LinkCard = skills.ChatLink, true
		if e.Payload == messenger.UnlinkIt {
			_, err := m.authority.ResolveChat(ctx, linking.Messenger, chat)
			if err == nil {
				reply.Key, reply.LinkCard = skills.ChatUnlink, false
			} else if !errors.Is(err, linking.ErrNotLinked) {
				return skills.Reply{}, false, err
			}
		}
		m.note(e, e.Payload, reply.Key)
		return reply, false, nil
	default:
		return m.answer(ctx, e.Turn(m.client, m.locale, known.Dialogue, m.parser.Parse)), true, nil
	}
}

// note logs the one line of what was no turn of the conversation.
func (m *facebookPage) note(e messenger.Event, what string, key skills.Key) {
	m.turnDone(turnLine{Turn: e.ID, Platform: string(linking.Messenger), Intent: what, Reply: string(key)})
}

func (m *facebookPage) unlink(ctx context.Context, chat linking.Chat) (bool, error) {
	link, err := m.authority.ResolveChat(ctx, linking.Messenger, chat)
	if errors.Is(err, linking.ErrNotLinked) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return true, m.links.Forget(ctx, link.ID)
}

// messages makes the sendings of a reply; after is done once the first has arrived.
func (m *facebookPage) messages(e messenger.Event, reply skills.Reply, notice string, after func(context.Context)) ([]outbox.Send, error) {
	w := messenger.Words{
		Text:   notice + m.phrases.Write(m.locale, reply),
		Button: func(id string) string { return m.phrases.Label(m.locale, "button."+id) },
	}
	for _, f := range reply.Facts {
		if f.Kind == skills.FactAccount {
			w.Names = append(w.Names, f.Account.String())
		}
	}
	bodies, err := m.platform.Encode(e.Person, reply, w)
	if err != nil {
		return nil, err
	}
	sends := make([]outbox.Send, len(bodies))
	for i, body := range bodies {
		sends[i] = func(ctx context.Context) (err error) {
			defer m.caught(func(panicked error) { err = panicked }) // it may have arrived
			err = m.platform.Send(ctx, body)
			if err == nil && i == 0 && after != nil {
				after(ctx)
			}
			return err
		}
	}
	return sends, nil
}

func (m *facebookPage) recall(ctx context.Context, chat string) (known memory, greeted bool, err error) {
	kept, err := m.outbox.RecallChat(ctx, chat, m.now())
	if errors.Is(err, outbox.ErrNone) {
		return memory{}, false, nil
	}
	if err == nil {
		err = m.unseal(kept.Sealed, memoryAD(chat), &known)
	}
	if err != nil {
		return memory{}, false, err
	}
	if !known.Until.After(m.now()) {
		known.Dialogue = skills.Dialogue{}
	}
	return known, true, nil
}

// remember keeps what is known of a chat. What was said has arrived already, so that a fault is for the log only.
func (m *facebookPage) remember(ctx context.Context, chat string, known memory) {
	sealed, err := m.seal(known, memoryAD(chat))
	if err == nil {
		err = m.outbox.RememberChat(ctx, chat, outbox.Memory{Sealed: sealed, Until: m.now().Add(window)})
	}
	if err != nil {
		m.log.Error("chat not remembered", zap.String("fault", fault(err)))
	}
}

// forgetPerson erases what is kept of a person of whom Meta gives the app-scoped id: it asks by which ids the Page knows him, since that is
// not kept either.
func (m *facebookPage) forgetPerson(ctx context.Context, e messenger.Event) error {
	people, err := m.platform.People(ctx, e.AppUser)
	if err != nil {
		return err
	}
	for _, person := range people {
		if err := m.authority.ForgetChat(ctx, linking.Chat{Client: m.client, ID: person}); err != nil {
			return err
		}
		m.connections.Wake()
		if err := m.outbox.EraseChat(ctx, m.chatName(person)); err != nil {
			return err
		}
	}
	m.note(e, string(skills.EventDelete), "")
	return nil
}
