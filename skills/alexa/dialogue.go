package alexa

import (
	"fmt"
	"slices"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"sotto/skills"
)

// What a dialogue in a session may measure.
const (
	maxDialogue = 4 << 10
	maxPage     = 1000
)

// readDialogue reads the dialogue that the previous response put into the session. What is not exactly as writeDialogue writes it,
// for an intent and slots of the catalogue, is no dialogue: the customer then starts afresh.
func readDialogue(raw jsontext.Value) skills.Dialogue {
	if len(raw) == 0 || len(raw) > maxDialogue {
		return skills.Dialogue{}
	}
	var d skills.Dialogue
	if json.Unmarshal(raw, &d, json.RejectUnknownMembers(true)) != nil || !sound(d) {
		return skills.Dialogue{}
	}
	return d
}

// sound says whether a dialogue is one that the catalogue makes possible.
func sound(d skills.Dialogue) bool {
	if d.Intent == "" {
		return len(d.Slots) == 0 && d.Asked == "" && d.Page == 0
	}
	entry, known := skills.Lookup(d.Intent)
	if !known || d.Page < 0 || d.Page > maxPage {
		return false
	}
	for name, s := range d.Slots {
		if !slices.Contains(entry.Slots, name) || len(s.Heard) > maxHeard || len(s.Values) > maxValues {
			return false
		}
		for _, value := range s.Values {
			if value == "" || len(value) > maxHeard {
				return false
			}
		}
	}
	switch d.Asked {
	case "", skills.AskedConfirm, skills.AskedMore:
		return true
	default:
		return slices.Contains(entry.Slots, skills.SlotName(d.Asked))
	}
}

// writeDialogue gives the session attributes that hold a dialogue; nil where there is none to hold.
func writeDialogue(d skills.Dialogue) (jsontext.Value, error) {
	raw, err := json.Marshal(d, json.Deterministic(true))
	if err != nil {
		return nil, fmt.Errorf("write the dialogue: %w", err)
	}
	if len(raw) > maxDialogue || string(raw) == "{}" {
		return nil, nil
	}
	return raw, nil
}
