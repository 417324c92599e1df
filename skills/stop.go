package skills

import "context"

// stop ends the conversation, for stop and for cancel.
func stop(context.Context, *Skill, Question) (Reply, error) {
	return Reply{Key: Goodbye, End: true}, nil
}
