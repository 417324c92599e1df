package skills

import (
	"context"
	"errors"

	"sotto/linking"
)

// linkCode takes the code with which a customer proves, in the chat that is to be linked, that he has seen it in his browser. Only then
// is the link the chat's.
func linkCode(ctx context.Context, s *Skill, q Question) (Reply, error) {
	code, ok := linking.ReadChatCode(q.Slots[SlotCode].Heard)
	if !ok || q.Chat.IsZero() {
		return fallback(ctx, s, q)
	}
	_, err := s.links.Confirm(ctx, q.Chat, code)
	switch {
	case err == nil:
		return Reply{Key: ChatLinked, Ask: true, Dialogue: Dialogue{Intent: Launch, Open: true}}, nil
	case errors.Is(err, linking.ErrWrongCode):
		return Reply{Key: ChatCodeWrong}, nil
	case errors.Is(err, linking.ErrCodeOver):
		return Reply{Key: ChatCodeOver, LinkCard: true}, nil
	case errors.Is(err, linking.ErrNoCode):
		return Reply{Key: ChatCodeNone, LinkCard: true}, nil
	default:
		return Reply{}, err
	}
}
