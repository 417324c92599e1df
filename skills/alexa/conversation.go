package alexa

import (
	"github.com/go-json-experiment/json/jsontext"

	"sotto/skills"
)

// Conversation is where a Device stands in a conversation, so that another process can go on with it. It holds no fact and no token.
// The zero one has not begun.
type Conversation struct {
	Session    string         `json:"session,omitzero"`
	Attributes jsontext.Value `json:"attributes,omitzero"` // as the last response left them
}

// Conversation gives where d stands. It is zero when the last response ended it.
func (d *Device) Conversation() Conversation { return d.going }

// Resume goes on with a conversation.
func (d *Device) Resume(c Conversation) { d.going = c }

// Dialogue gives what was asked, which Alexa is told so that she listens for it.
func (c Conversation) Dialogue() skills.Dialogue { return skills.ReadDialogue(c.Attributes) }
