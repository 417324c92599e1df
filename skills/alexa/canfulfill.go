package alexa

import (
	"slices"

	"github.com/go-json-experiment/json"

	"sotto/skills"
)

// Amazon's three answers to "could you?".
const (
	can     = "YES"
	perhaps = "MAYBE" // with a link, which nobody has been asked about
	cannot  = "NO"
)

// maxAsked is how many slots are answered for.
const maxAsked = 32

type canFulfillSlot struct {
	Understand string `json:"canUnderstand"`
	Fulfill    string `json:"canFulfill"`
}

// canFulfill answers a CanFulfillIntentRequest, with which Alexa asks whether a question could be asked of this skill before the
// customer has chosen it. The answer is made from the catalogue alone: no token is looked at, nobody's data is touched, and what
// needs a link is a MAYBE for everybody. A question with a slot that the intent does not have is another question: a NO. What was said for a slot and
// is nothing that we know, so that we would ask for it again, is a NO for that slot alone.
func canFulfill(e envelope) []byte {
	asked := e.Request.Intent
	var answer struct {
		Version  string `json:"version"`
		Response struct {
			CanFulfill struct {
				CanFulfill string                    `json:"canFulfill"`
				Slots      map[string]canFulfillSlot `json:"slots,omitzero"`
			} `json:"canFulfillIntent"`
		} `json:"response"`
	}
	answer.Version = "1.0"
	entry, known := entryOf(asked.Name)
	ours := func(slot string) bool { return known && slices.Contains(entry.Slots, skills.SlotName(slot)) }
	whole := can
	foreign := false
	for name := range asked.Slots {
		foreign = foreign || !ours(name)
	}
	switch {
	case !known, foreign:
		whole = cannot
	case entry.Link:
		whole = perhaps
	}
	if len(asked.Slots) > 0 && len(asked.Slots) <= maxAsked {
		answer.Response.CanFulfill.Slots = make(map[string]canFulfillSlot, len(asked.Slots))
		for name, slot := range asked.Slots {
			one := canFulfillSlot{cannot, cannot}
			if ours(name) && !slot.unknown(skills.SlotName(name)) {
				one = canFulfillSlot{can, whole}
			}
			answer.Response.CanFulfill.Slots[name] = one
		}
	}
	answer.Response.CanFulfill.CanFulfill = whole
	out, err := json.Marshal(answer, json.Deterministic(true))
	if err != nil {
		return []byte(`{"version":"1.0","response":{"canFulfillIntent":{"canFulfill":"NO"}}}`)
	}
	return out
}
