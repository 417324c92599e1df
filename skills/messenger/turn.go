package messenger

import (
	"strings"

	"sotto/linking"
	"sotto/skills"
)

// The payloads of buttons. None holds a fact: one names an intent, or says that the button's own words are to be read as if they had been typed.
const (
	GetStarted = "GET_STARTED"
	LinkIt     = "LINK"
	UnlinkIt   = "UNLINK"
	sayIt      = "SAY"
	intentIs   = "INTENT:"
)

// Read reads typed text, given the dialogue so far.
type Read func(locale, text string, before skills.Dialogue) (skills.Intent, skills.Slots)

// Turn is what an event means for the conversation. It is not for events of linking.
func (e Event) Turn(client, locale string, dialogue skills.Dialogue, read Read) skills.Turn {
	turn := skills.Turn{
		ID: e.ID, Platform: linking.Messenger, Locale: locale, Chat: linking.Chat{Client: client, ID: e.Person}, Dialogue: dialogue, Intent: skills.Fallback,
	}
	switch {
	case e.Kind == Pressed && e.Payload == GetStarted:
		turn.Intent, turn.Dialogue = skills.Launch, skills.Dialogue{}
	case e.Kind == Pressed:
		name, ok := strings.CutPrefix(e.Payload, intentIs)
		if entry, known := skills.Lookup(skills.Intent(name)); ok && known {
			turn.Intent = entry.Intent
		}
	case strings.TrimSpace(e.Text) != "":
		if code, ok := linking.ReadChatCode(e.Text); ok {
			turn.Intent, turn.Slots = skills.LinkCode, skills.Slots{skills.SlotCode: {Heard: string(code)}}
			break
		}
		turn.Intent, turn.Slots = read(locale, e.Text, dialogue)
	}
	return turn
}
