package alexa

import (
	"maps"

	"github.com/go-json-experiment/json/jsontext"

	"sotto/skills"
)

// Conversation is where a Device stands in a conversation, so that another process can go on with it. It holds no fact and no token.
// The zero one has not begun.
type Conversation struct {
	Session    string         `json:"session,omitzero"`
	Attributes jsontext.Value `json:"attributes,omitzero"` // as the last response left them
	Dialog     Dialog         `json:"dialog,omitzero"`
}

// Dialog is Alexa's own dialogue about an intent: what was said of it, and what she was told to listen for.
type Dialog struct {
	Intent  skills.Intent   `json:"intent,omitzero"` // the last one that the model has rules for
	Slots   skills.Slots    `json:"slots,omitzero"`
	Elicit  skills.SlotName `json:"elicit,omitzero"`  // a slot
	Confirm bool            `json:"confirm,omitzero"` // a yes or a no
}

// Conversation gives where d stands. It is zero when the last response ended it.
func (d *Device) Conversation() Conversation { return d.going }

// Resume goes on with a conversation.
func (d *Device) Resume(c Conversation) { d.going = c }

// Dialogue gives what was asked, which Alexa is told so that she listens for it.
func (c Conversation) Dialogue() skills.Dialogue { return skills.ReadDialogue(c.Attributes) }

// hear says what Alexa makes of a sentence while she has a dialogue: the intent that she was told to listen for, with all that was said of it. Another
// intent is another dialogue.
func (d Dialog) hear(intent skills.Intent, slots skills.Slots) (_ skills.Intent, _ skills.Slots, status, state string) {
	switch {
	case d.Confirm && intent == skills.Yes:
		return d.Intent, d.Slots, intentAccepted, dialogGoesOn
	case d.Confirm && intent == skills.No:
		return d.Intent, d.Slots, intentDenied, dialogGoesOn
	case d.Elicit != "" && len(slots) == 1 && slots[d.Elicit].Heard != "", d.Intent == intent && (d.Elicit != "" || d.Confirm):
		all := maps.Clone(d.Slots)
		if all == nil {
			all = skills.Slots{}
		}
		maps.Copy(all, slots)
		return d.Intent, all, intentOpen, dialogGoesOn
	default:
		return intent, slots, intentOpen, dialogStarted
	}
}
