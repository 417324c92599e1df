package skills

import "context"

// launch greets, and says what can be asked, or how to link.
func launch(_ context.Context, _ *Skill, q Question) (Reply, error) {
	if q.Link.ID == "" {
		return Reply{Key: WelcomeUnlinked, LinkCard: true}, nil
	}
	return Reply{Key: Welcome, Ask: true, Dialogue: Dialogue{Intent: Launch, Open: true}}, nil
}
