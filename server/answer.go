package server

import (
	"context"
	"time"

	"sotto/skills"
)

// turnBudget is how long one turn may take, banks included, whatever the platform would wait: Alexa hangs up after 8 s.
const turnBudget = 3 * time.Second

// answer has the conversation answer one turn, for every platform. It owns the deadline and the one log line.
func (s *Server) answer(ctx context.Context, turn skills.Turn) skills.Reply {
	begun := s.wall()
	ctx, cancel := context.WithTimeout(ctx, turnBudget)
	defer cancel()
	reply, trace := s.skill.Answer(ctx, turn)
	s.turnDone(turnLine{
		Turn: turn.ID, Platform: string(turn.Platform), Intent: string(turn.Intent), Reply: string(reply.Key),
		Link: trace.Link, Reason: trace.Reason, Took: s.wall().Sub(begun),
	})
	return reply
}
