package alexa

import (
	"slices"

	"sotto/skills"
)

// builtIns are Amazon's own intents, which come with their own sentences, and what they are to us. The first name of an intent is the
// one that a package asks for.
var builtIns = []struct {
	name   string
	intent skills.Intent
}{
	{"AMAZON.HelpIntent", skills.Help},
	{"AMAZON.StopIntent", skills.Stop},
	{"AMAZON.CancelIntent", skills.Cancel},
	{"AMAZON.RepeatIntent", skills.Repeat},
	{"AMAZON.YesIntent", skills.Yes},
	{"AMAZON.NoIntent", skills.No},
	{"AMAZON.FallbackIntent", skills.Fallback},
	{"AMAZON.NavigateHomeIntent", skills.Stop},
}

// builtIn gives Amazon's name for an intent that it has.
func builtIn(intent skills.Intent) (string, bool) {
	for _, b := range builtIns {
		if b.intent == intent {
			return b.name, true
		}
	}
	return "", false
}

// entryOf finds the catalogue's entry for an intent by the name that Alexa sends. Launch and Amazon's own have entries too, but not
// under our names for them.
func entryOf(name string) (skills.Entry, bool) {
	for _, b := range builtIns {
		if b.name == name {
			return skills.Lookup(b.intent)
		}
	}
	intent := skills.Intent(name)
	if _, own := builtIn(intent); own || intent == skills.Launch {
		return skills.Entry{}, false
	}
	return skills.Lookup(intent)
}

// asked reads an intent and those of its slots that were filled. What the catalogue does not have was not understood.
func asked(name string, wires map[string]slotWire) (skills.Intent, skills.Slots) {
	entry, known := entryOf(name)
	if !known {
		return skills.Fallback, nil
	}
	var filled skills.Slots
	for slotName, wire := range wires {
		if !slices.Contains(entry.Slots, skills.SlotName(slotName)) {
			continue
		}
		if s, ok := wire.slot(); ok {
			if filled == nil {
				filled = make(skills.Slots, len(entry.Slots))
			}
			filled[skills.SlotName(slotName)] = s
		}
	}
	return entry.Intent, filled
}
