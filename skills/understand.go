package skills

import (
	"maps"
	"slices"
)

// understand says what a turn means, given the dialogue: yes, no and repeat by what was asked or said before, and a turn that only names
// what was asked for as the rest of the question it belongs to. Where that needs nobody, it is the reply at once.
func understand(turn Turn) (q *Question, reply Reply, done bool) {
	q = &Question{Turn: turn}
	switch before := turn.Dialogue; turn.Intent {
	case Yes:
		return q.yes(before)
	case No:
		return no(q, before)
	case Repeat:
		if before.Intent == "" {
			return q, Reply{Key: NothingToRepeat, Ask: true, Dialogue: Dialogue{Intent: Help, Open: true}}, true
		}
		q.resume(before)
		q.Start = before.Page
	case Fallback:
	default:
		if slot := SlotName(before.Asked); answers(turn, slot) {
			q.resume(before)
			q.Slots = before.Slots.with(slot, turn.Slots[slot])
		}
	}
	if _, known := handlers[q.Intent]; !known {
		q.Intent = Fallback
	}
	return q, Reply{}, false
}

// resume takes the question up that the dialogue is about.
func (q *Question) resume(d Dialogue) { q.Intent, q.Slots = d.Intent, d.Slots }

func (q *Question) yes(before Dialogue) (*Question, Reply, bool) {
	q.resume(before)
	q.Start = before.Page
	switch {
	case before.Asked == AskedConfirm && before.Of != q.Speaker:
		// What was asked of one person is answered by nobody else: whoever says yes for him, it would be done to the link of whoever says it.
		return q, Reply{Key: ForgetKept}, true
	case before.Asked == AskedConfirm:
		q.Confirmed = true
	case before.Asked == AskedMore:
		q.More = true
	case before.Asked != "":
		// A yes to "which account?" names none: it is asked again.
	case before.Open:
		return q, Reply{Key: AskAnything, Ask: true, Dialogue: Dialogue{Intent: Help, Open: true}}, true
	default:
		q.Intent, q.Slots = Help, nil
	}
	if _, known := handlers[q.Intent]; !known {
		q.Intent = Help
	}
	return q, Reply{}, false
}

func no(q *Question, before Dialogue) (*Question, Reply, bool) {
	switch {
	case before.Asked == AskedConfirm:
		return q, Reply{Key: ForgetKept}, true
	case before.Asked != "" && before.Open:
		return q, Reply{Key: AskAnything, Ask: true, Dialogue: Dialogue{Intent: Help, Open: true}}, true
	case before.Asked != "" || before.Open:
		return q, Reply{Key: Goodbye, End: true}, true
	default:
		q.Intent = Help
		return q, Reply{}, false
	}
}

// alone are the intents to which a sentence belongs that is nothing but a slot: "groceries", "last week", "the savings one".
var alone = map[SlotName]Intent{SlotAccount: Balance, SlotCategory: Spending, SlotPeriod: Spending}

// answers says whether a turn does nothing but fill the slot that was asked for.
func answers(turn Turn, slot SlotName) bool {
	entry, _ := Lookup(turn.Dialogue.Intent)
	if !slices.Contains(entry.Slots, slot) || !turn.Slots.filled(slot) || turn.Intent != entry.Intent && turn.Intent != alone[slot] {
		return false
	}
	for name := range turn.Slots {
		if name != slot && turn.Slots.filled(name) {
			return false
		}
	}
	return true
}

// with gives the slots with one of them filled anew.
func (s Slots) with(name SlotName, slot Slot) Slots {
	more := make(Slots, len(s)+1)
	maps.Copy(more, s)
	more[name] = slot
	return more
}
