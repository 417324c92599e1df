package dialogflow

import (
	"sotto/skills"
)

// names are what the agent of our package calls the intents that have no name of their own in the catalogue, the first of each; and what
// agents of others, and Dialogflow itself, call them too.
var names = []struct {
	name   string
	intent skills.Intent
}{
	{"Default Welcome Intent", skills.Launch},
	{"Default Fallback Intent", skills.Fallback},
	{"Default Negative Intent", skills.Fallback},
	{"HelpIntent", skills.Help},
	{"StopIntent", skills.Stop},
	{"CancelIntent", skills.Cancel},
	{"RepeatIntent", skills.Repeat},
	{"YesIntent", skills.Yes},
	{"NoIntent", skills.No},
	{"input.welcome", skills.Launch},
	{"input.unknown", skills.Fallback},
}

// nameOf is what our agent calls an intent.
func nameOf(intent skills.Intent) string {
	for _, n := range names {
		if n.intent == intent {
			return n.name
		}
	}
	return string(intent)
}

// entryOf finds the catalogue's entry by the name of an agent's intent, or its tag or action.
func entryOf(name string) (skills.Entry, bool) {
	for _, n := range names {
		if n.name == name {
			return skills.Lookup(n.intent)
		}
	}
	return skills.Lookup(skills.Intent(name))
}

// route finds the entry by the first of the names that the catalogue knows.
func route(names ...string) (skills.Entry, bool) {
	for _, name := range names {
		if name == "" {
			continue
		}
		if entry, ok := entryOf(name); ok {
			return entry, true
		}
	}
	return skills.Entry{}, false
}
