package server

import (
	"context"
	"time"

	"go.uber.org/zap"

	"sotto/skills"
	"sotto/skills/speech"
)

// patience is how long a customer waits in silence. What the turn's budget leaves after it is still time to say something in.
const patience = time.Second

// meanwhile is a Platform that can have something said before its answer: once, without a fact, within ctx.
type meanwhile interface {
	Meanwhile(ctx context.Context, body []byte, spoken speech.Spoken) error
}

// meanwhile has the platform of d ask the customer for a moment, where the answer to a verified request is not there in time. What it returns
// is called when the answer is there: it takes that back, and waits for nothing. Whether the customer was asked changes nothing else.
func (s *Server) meanwhile(ctx context.Context, d door, turn skills.Turn, body []byte) (enough func()) {
	platform, can := d.platform.(meanwhile)
	if !can || turn.Token == "" {
		return func() {} // no bank is asked
	}
	ctx, cancel := context.WithCancel(ctx)
	late := time.AfterFunc(patience, func() {
		err := platform.Meanwhile(ctx, body, s.phrases.Say(turn.Locale, skills.Reply{Key: skills.Moment}))
		if err != nil && ctx.Err() == nil {
			s.log.Debug("nothing said meanwhile", zap.String("turn", bounded(turn.ID)), zap.String("platform", string(turn.Platform)), zap.Error(err))
		}
	})
	return func() {
		late.Stop()
		cancel()
	}
}
