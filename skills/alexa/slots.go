package alexa

import (
	"slices"
	"strings"

	"sotto/skills"
)

const (
	matched = "ER_SUCCESS_MATCH"
	missed  = "ER_SUCCESS_NO_MATCH"
	dynamic = "amzn1.er-authority.echo-sdk.dynamic."
	unclear = "?" // how Alexa writes a number it did not understand
)

// slot reads one slot, and whether it was filled. An empty one is not, and neither is a number that was not understood.
func (w slotWire) slot() (skills.Slot, bool) {
	parts := []slotWire{{Value: w.Value, Resolutions: w.Resolutions}}
	if w.SlotValue != nil && len(w.SlotValue.Values) > 0 {
		parts = w.SlotValue.Values
	} else if w.SlotValue != nil && w.Value == "" {
		parts = []slotWire{w.SlotValue.slotWire}
	}
	var heard, values []string
	for _, part := range parts {
		if part.Value != "" && part.Value != unclear {
			heard = append(heard, part.Value)
		}
		for _, value := range part.Resolutions.best() {
			if len(values) < skills.MaxValues && !slices.Contains(values, value) {
				values = append(values, value)
			}
		}
	}
	s := skills.Slot{Heard: skills.CutHeard(strings.Join(heard, ", ")), Values: values}
	return s, s.Heard != "" || len(s.Values) > 0
}

// unknown says whether Alexa has found nothing that was said for a slot: a number that she did not understand, or a word that the values of the slot do not
// have. Names of merchants and accounts need not be among these.
func (w slotWire) unknown(name skills.SlotName) bool {
	if w.Value == unclear {
		return true
	}
	s, filled := w.slot()
	return filled && name == skills.SlotCategory && len(s.Values) == 0
}

// best gives the ids a word was resolved to: by a dynamic authority if one matched, otherwise by the static one. Several are an
// ambiguity, and all are given. A match of both is the dynamic one's.
func (r resolutions) best() []string {
	var static []string
	for _, by := range r.ByAuthority {
		if by.Status.Code != matched {
			continue
		}
		var found []string
		for _, v := range by.Values {
			id := v.Value.ID
			if id == "" {
				id = v.Value.Name
			}
			if id != "" {
				found = append(found, skills.CutHeard(id))
			}
		}
		if len(found) > 0 && strings.HasPrefix(by.Authority, dynamic) {
			return found
		}
		static = append(static, found...)
	}
	return static
}
