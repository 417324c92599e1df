package skills

import "context"

// help says what can be asked.
func help(context.Context, *Skill, Question) (Reply, error) {
	return Reply{Key: HelpSaid, Ask: true, Dialogue: Dialogue{Intent: Help, Open: true}}, nil
}
