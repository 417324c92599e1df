package dialogflow

import (
	"fmt"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"sotto/skills"
)

// dialogueName is what the dialogue is called among the parameters of a context or a session. It is one string, because Dialogflow adds
// parameters of its own to whatever is active.
const dialogueName = "dialogue"

// A question that was asked may be answered for so long: a session of CX lives for a day, and "yes" means something else by then.
const dialogueLife = 15 * time.Minute

// maxCarried bounds what is read back.
const maxCarried = 8 << 10

// carried is a dialogue on its way through the platform's session, and since when it is.
type carried struct {
	At       int64          `json:"at"` // seconds since 1970
	Dialogue jsontext.Value `json:"dialogue"`
}

// readDialogue reads what came back. It is the platform's bytes by now: what is not exactly as it was written, or too old, is no dialogue.
func (a *agent) readDialogue(s string) skills.Dialogue {
	if s == "" || len(s) > maxCarried {
		return skills.Dialogue{}
	}
	var c carried
	if json.Unmarshal([]byte(s), &c, json.RejectUnknownMembers(true)) != nil {
		return skills.Dialogue{}
	}
	if a.now().Sub(time.Unix(c.At, 0)).Abs() > dialogueLife {
		return skills.Dialogue{}
	}
	return skills.ReadDialogue(c.Dialogue)
}

// writeDialogue gives what carries the dialogue of a reply; empty where nothing is to be remembered, because nothing was asked.
func (a *agent) writeDialogue(reply skills.Reply) (string, error) {
	if !reply.Ask || reply.End {
		return "", nil
	}
	raw, err := reply.Dialogue.Carried()
	if raw == nil || err != nil {
		return "", err
	}
	s, err := json.Marshal(carried{a.now().Unix(), raw})
	if err != nil {
		return "", fmt.Errorf("write the dialogue: %w", err)
	}
	return string(s), nil
}
