package skills

import "context"

// fallback says that something was not understood, and what can be asked. A question that was asked before stays asked, and is said
// again, so that a "yes" that follows is an answer to it.
func fallback(_ context.Context, _ *Skill, q Question) (Reply, error) {
	reply := Reply{Key: NotUnderstood, Ask: true, Dialogue: q.Dialogue}
	if q.Dialogue.Asked == "" {
		reply.Dialogue = Dialogue{Intent: Help, Open: true}
	}
	return reply, nil
}
