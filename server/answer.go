package server

import (
	"context"
	"errors"
	"fmt"
	"time"

	"sotto/linking"
	"sotto/skills"
)

// turnBudget is how long one turn may take, banks included, whatever the platform would wait: Alexa hangs up after 8 s, Dialogflow after 5.
const turnBudget = 3 * time.Second

// inviteBudget is how long it may take beside that to write down an invitation to link.
const inviteBudget = time.Second

// answer has the conversation answer one turn, for every platform. It owns the deadline and the one log line.
func (s *Server) answer(ctx context.Context, turn skills.Turn) skills.Reply {
	reply, _ := s.answered(ctx, turn)
	return reply
}

// answered is answer, with what there is to know of it.
func (s *Server) answered(ctx context.Context, turn skills.Turn) (skills.Reply, skills.Trace) {
	begun := s.wall()
	ctx, cancel := context.WithTimeout(ctx, s.budget)
	defer cancel()
	reply, trace := s.hear(ctx, turn)
	s.turnDone(turnLine{
		Turn: turn.ID, Platform: string(turn.Platform), Intent: string(turn.Intent), Reply: string(reply.Key),
		Link: trace.Link, Reason: trace.Reason, Took: s.wall().Sub(begun),
	})
	return reply, trace
}

// hear gives what the conversation answers. Where it panics, the customer hears an apology, and not silence; and a worker that nobody waits for lives on.
func (s *Server) hear(ctx context.Context, turn skills.Turn) (reply skills.Reply, trace skills.Trace) {
	defer func() {
		if r := recover(); r != nil {
			s.panicked("answer", r)
			reply, trace = skills.Reply{Key: skills.Sorry, End: true, Chat: !turn.Chat.IsZero()}, skills.Trace{Reason: "fault of ours"}
		}
	}()
	return s.skill.Answer(ctx, turn)
}

// happened does what a platform tells of a link in an aside, for every platform, and logs its one line. A link that is not there is no
// error: whatever was told of it has happened already.
func (s *Server) happened(ctx context.Context, turn skills.Turn, aside *skills.Aside) error {
	begun := s.wall()
	ctx, cancel := context.WithTimeout(ctx, s.budget)
	defer cancel()
	line := turnLine{Turn: turn.ID, Platform: string(turn.Platform), Intent: string(aside.Event)}
	var err error
	switch aside.Event {
	case skills.EventLinked:
		line.Link, err = s.belongs(ctx, turn.Platform, aside)
	case skills.EventEnded, skills.EventDelete:
		line.Link, err = s.endLinks(ctx, turn.Platform, aside)
	case skills.EventNone:
	}
	if err != nil {
		line.Reason = "fault of ours"
	}
	line.Took = s.wall().Sub(begun)
	s.turnDone(line)
	return err
}

// belongs keeps from which household the link behind the token of an aside was made.
func (s *Server) belongs(ctx context.Context, platform linking.Platform, aside *skills.Aside) (string, error) {
	if aside.Token == "" {
		return "", nil
	}
	link, err := s.authority.Resolve(ctx, platform, aside.Token)
	if err == nil {
		err = s.authority.Belongs(ctx, link, aside.Household)
	}
	if errors.Is(err, linking.ErrNotLinked) {
		return "", nil
	}
	if err != nil {
		return link.ID, fmt.Errorf("hear of a link from a platform: %w", err)
	}
	return link.ID, nil
}

// endLinks ends the link behind the token of an aside, and erases it where that was asked for; and every other link of its household that was
// there when it happened.
func (s *Server) endLinks(ctx context.Context, platform linking.Platform, aside *skills.Aside) (string, error) {
	var ended string
	if aside.Token != "" {
		var err error
		if ended, err = s.endLink(ctx, platform, aside); err != nil {
			return ended, err
		}
	}
	others, err := s.authority.EndHousehold(ctx, aside.Household, aside.At)
	if err != nil {
		return ended, fmt.Errorf("end links for a platform: %w", err)
	}
	if len(others) > 0 {
		s.connections.Wake()
		if ended == "" {
			ended = others[0] // the log has one line for one request
		}
	}
	return ended, nil
}

// endLink ends the link behind the token of an aside, and erases it where that was asked for.
func (s *Server) endLink(ctx context.Context, platform linking.Platform, aside *skills.Aside) (string, error) {
	link, err := s.authority.Resolve(ctx, platform, aside.Token)
	if errors.Is(err, linking.ErrNotLinked) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("find the link that a platform ends: %w", err)
	}
	if aside.Event == skills.EventDelete {
		_, err = s.authority.Forget(ctx, link.ID)
		s.connections.Wake()
	} else {
		err = s.links.Forget(ctx, link.ID)
	}
	if err != nil && !errors.Is(err, linking.ErrNone) {
		return link.ID, fmt.Errorf("end a link for a platform: %w", err)
	}
	return link.ID, nil
}
