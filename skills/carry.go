package skills

import (
	"fmt"
	"slices"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
)

// What may be heard for one slot. A name of an account or merchant is far shorter; what is longer is cut, not dropped, so that a
// question is never answered more broadly than it was asked.
const (
	MaxHeard  = 200 // bytes
	MaxValues = 16
)

// What a dialogue that is carried may measure.
const (
	maxDialogue = 4 << 10
	maxPage     = 1000
	maxOf       = 32 // bytes
)

// CutHeard cuts what was heard for a slot to MaxHeard bytes, between two letters.
func CutHeard(s string) string {
	if len(s) <= MaxHeard {
		return s
	}
	end := MaxHeard
	for !utf8.RuneStart(s[end]) {
		end--
	}
	return s[:end]
}

// ReadDialogue reads a dialogue that a platform carried from the previous response to this request. The bytes are the platform's by now:
// what is not exactly as Carried writes it, for an intent and slots of the catalogue, is no dialogue, and the customer starts afresh.
func ReadDialogue(raw []byte) Dialogue {
	if len(raw) == 0 || len(raw) > maxDialogue {
		return Dialogue{}
	}
	var d Dialogue
	if json.Unmarshal(raw, &d, json.RejectUnknownMembers(true)) != nil || !d.sound() {
		return Dialogue{}
	}
	return d
}

// sound says whether a dialogue is one that the catalogue makes possible.
func (d Dialogue) sound() bool {
	if d.Intent == "" {
		return len(d.Slots) == 0 && d.Asked == "" && d.Page == 0 && d.Of == ""
	}
	entry, known := Lookup(d.Intent)
	if !known || d.Page < 0 || d.Page > maxPage || len(d.Of) > maxOf {
		return false
	}
	for name, s := range d.Slots {
		if !slices.Contains(entry.Slots, name) || len(s.Heard) > MaxHeard || len(s.Values) > MaxValues {
			return false
		}
		for _, value := range s.Values {
			if value == "" || len(value) > MaxHeard {
				return false
			}
		}
	}
	switch d.Asked {
	case "", AskedMore:
		return true
	case AskedConfirm:
		return entry.Confirm
	default:
		return slices.Contains(entry.Slots, SlotName(d.Asked))
	}
}

// Carried gives the JSON object in which a platform carries a dialogue to the next request; nil where there is none to carry.
func (d Dialogue) Carried() ([]byte, error) {
	raw, err := json.Marshal(d, json.Deterministic(true))
	if err != nil {
		return nil, fmt.Errorf("write the dialogue: %w", err)
	}
	if len(raw) > maxDialogue || string(raw) == "{}" {
		return nil, nil
	}
	return raw, nil
}
