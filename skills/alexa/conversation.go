package alexa

import "github.com/go-json-experiment/json/jsontext"

// Conversation is where a Device stands in a conversation, so that another process can go on with it. It holds no fact and no token.
type Conversation struct {
	Session    string         `json:"session,omitzero"`
	Attributes jsontext.Value `json:"attributes,omitzero"`
}

// Conversation gives where d stands; the zero Conversation between two.
func (d *Device) Conversation() Conversation {
	if d.session == "" {
		return Conversation{}
	}
	return Conversation{Session: d.session, Attributes: d.attributes}
}

// Resume goes on with a conversation.
func (d *Device) Resume(c Conversation) { d.session, d.attributes = c.Session, c.Attributes }
