package skills

import (
	"context"
	"errors"
	"fmt"

	"sotto/linking"
)

// forget ends the link, once the customer has said yes to that. It may be repeated: a link that is gone stays gone.
func forget(ctx context.Context, s *Skill, q Question) (Reply, error) {
	if !q.Confirmed {
		return Reply{Key: ForgetAsk, Ask: true, Dialogue: Dialogue{Intent: Forget, Asked: AskedConfirm, Of: q.Speaker}}, nil
	}
	err := s.links.Forget(ctx, q.Link.ID)
	if err != nil && !errors.Is(err, linking.ErrNotLinked) && !errors.Is(err, linking.ErrNone) {
		return Reply{}, fmt.Errorf("forget: %w", err)
	}
	return Reply{Key: ForgetDone, End: true}, nil
}
