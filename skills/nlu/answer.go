package nlu

import (
	"slices"

	"sotto/skills"
)

// shortAnswer is how many words an answer has that is not understood otherwise. A longer text is a question of its own.
const shortAnswer = 6

// answer takes a text for the answer to what was asked, where it is not understood to be anything else: "the euro one" to "which account?".
// A text that is only the value of a slot is left as it is: the conversation knows what it belongs to.
func (u *understood) answer(intent skills.Intent, slots skills.Slots, before skills.Dialogue) (skills.Intent, skills.Slots) {
	entry, _ := skills.Lookup(before.Intent)
	slot := skills.SlotName(before.Asked)
	if intent != skills.Fallback || !slices.Contains(entry.Slots, slot) || len(u.words) > shortAnswer {
		return intent, slots
	}
	from := 0
	for from < len(u.words)-1 && (slices.Contains(u.Slots.Articles, u.words[from].text) || slices.Contains(u.Slots.Leads, u.words[from].text)) {
		from++
	}
	answer := skills.Slot{Heard: u.said(from, len(u.words))}
	switch slot {
	case skills.SlotPeriod:
		if p := u.period(); p.Heard != "" {
			answer = p
		}
	case skills.SlotCount:
		for _, s := range u.spans {
			if s.tag == tagNumber {
				answer.Heard = s.value
			}
		}
	default:
		answer.Values = u.list(tagOf(slot)).Values
	}
	return before.Intent, skills.Slots{slot: answer}
}
