package dialogflow

import (
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"sotto/skills"
)

// values are the ids of the catalogue's slot values, by slot and by every word for them in any language, in lower case.
type values map[skills.SlotName]map[string]string

func valuesOf(c *skills.Catalogue) values {
	all := values{}
	for _, locale := range c.Locales() {
		language, _ := c.Language(locale)
		for slot, list := range language.Values {
			if all[slot] == nil {
				all[slot] = map[string]string{}
			}
			for _, v := range list {
				for _, word := range append([]string{v.ID, v.Name}, v.Synonyms...) {
					if word = strings.ToLower(word); all[slot][word] == "" {
						all[slot][word] = v.ID
					}
				}
			}
		}
	}
	return all
}

// slots reads those slots of an entry that were filled. A parameter may be what its entity makes of it in either kind of agent, one or a
// list; what is empty was not filled.
func (a *agent) slots(entry skills.Entry, parameter func(skills.SlotName) (jsontext.Value, string)) skills.Slots {
	var filled skills.Slots
	for _, name := range entry.Slots {
		raw, original := parameter(name)
		slot, ok := a.slot(name, raw, original)
		if !ok {
			continue
		}
		if filled == nil {
			filled = make(skills.Slots, len(entry.Slots))
		}
		filled[name] = slot
	}
	return filled
}

func (a *agent) slot(name skills.SlotName, raw jsontext.Value, original string) (skills.Slot, bool) {
	switch name {
	case skills.SlotPeriod:
		heard := period(raw)
		return skills.Slot{Heard: heard}, heard != ""
	case skills.SlotCount:
		heard := count(raw)
		return skills.Slot{Heard: heard}, heard != ""
	default:
	}
	said := texts(raw)
	if len(said) == 0 {
		return skills.Slot{}, false
	}
	if original == "" {
		original = strings.Join(said, ", ")
	}
	slot := skills.Slot{Heard: skills.CutHeard(original)}
	for _, s := range said {
		if id := a.values[name][strings.ToLower(s)]; id != "" && !slices.Contains(slot.Values, id) && len(slot.Values) < skills.MaxValues {
			slot.Values = append(slot.Values, id)
		}
	}
	return slot, true
}

// text gives a JSON string, and nothing for whatever else it is.
func text(raw jsontext.Value) string {
	if raw.Kind() != '"' {
		return ""
	}
	var s string
	if json.Unmarshal(raw, &s) != nil {
		return ""
	}
	return s
}

// texts gives what stands in a parameter as texts: a string, a whole number, or a list or an object of them, as entities with several parts
// are written.
func texts(raw jsontext.Value) []string {
	var out []string
	each(raw, func(part jsontext.Value) {
		s := strings.TrimSpace(text(part))
		if n, ok := whole(part); ok {
			s = strconv.FormatInt(n, 10)
		}
		if s != "" && !slices.Contains(out, s) && len(out) < skills.MaxValues {
			out = append(out, s)
		}
	})
	return out
}

// count gives a number of digits, "3" for 3, 3.0, "3" and [3]; nothing where it is no whole number, or not one.
func count(raw jsontext.Value) string {
	found := texts(raw)
	if len(found) != 1 {
		return ""
	}
	n, ok := whole(jsontext.Value(found[0]))
	if !ok {
		return ""
	}
	return strconv.FormatInt(n, 10)
}

// whole reads a JSON number that is whole, as the floating-point numbers of a Struct are.
func whole(raw jsontext.Value) (int64, bool) {
	if raw.Kind() != '0' {
		return 0, false
	}
	f, err := strconv.ParseFloat(string(raw), 64)
	if err != nil || f != math.Trunc(f) || math.Abs(f) > 1<<53 {
		return 0, false
	}
	return int64(f), true
}

// each calls f for the parts of a parameter: itself, or what a list or an object holds, not deeper.
func each(raw jsontext.Value, f func(jsontext.Value)) {
	switch raw.Kind() {
	case '[':
		var list []jsontext.Value
		if json.Unmarshal(raw, &list) == nil {
			for _, part := range list {
				if part.Kind() == '{' {
					members(part, f)
				} else {
					f(part)
				}
			}
		}
	case '{':
		members(raw, f)
	default:
		f(raw)
	}
}

// members calls f for the members of an object, in the order of their names.
func members(raw jsontext.Value, f func(jsontext.Value)) {
	var object map[string]jsontext.Value
	if json.Unmarshal(raw, &object) != nil {
		return
	}
	names := make([]string, 0, len(object))
	for name := range object {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		f(object[name])
	}
}
