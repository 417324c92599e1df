package alexa

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"

	"sotto/skills"
)

// The interaction model of one locale: v1.skill.interactionModel.InteractionModelData of Amazon's skill management API.
type (
	modelEnvelope struct {
		Model struct {
			Language languageModel `json:"languageModel"`
			Dialog   dialogModel   `json:"dialog"`
			Prompts  []modelPrompt `json:"prompts"`
		} `json:"interactionModel"`
	}
	languageModel struct {
		Invocation string        `json:"invocationName"`
		Intents    []modelIntent `json:"intents"`
		Types      []modelType   `json:"types"`
	}
	modelIntent struct {
		Name    string      `json:"name"`
		Slots   []modelSlot `json:"slots,omitzero"`
		Samples []string    `json:"samples"`
	}
	modelSlot struct {
		Name    string   `json:"name"`
		Type    string   `json:"type"`
		Samples []string `json:"samples,omitzero"` // how it is said alone, when it is asked back for
	}
	modelType struct {
		Name   string       `json:"name"`
		Values []modelValue `json:"values"`
	}
	modelValue struct {
		ID   string    `json:"id"`
		Name modelName `json:"name"`
	}
	modelName struct {
		Value    string   `json:"value"`
		Synonyms []string `json:"synonyms"` // at least one
	}
)

// amazonTypes are the slots that Alexa has types of its own for. The others are lists of the catalogue.
var amazonTypes = map[skills.SlotName]string{
	skills.SlotPeriod: "AMAZON.DATE",
	skills.SlotCount:  "AMAZON.NUMBER",
}

// typeOf names the type of a slot: "AccountType" for account.
func typeOf(slot skills.SlotName) string {
	if t, ok := amazonTypes[slot]; ok {
		return t
	}
	name := string(slot)
	return strings.ToUpper(name[:1]) + name[1:] + "Type"
}

// model makes the interaction model of one language, and refuses one that Alexa's console would.
func model(invocation string, entries []skills.Entry, l *skills.Language) (modelEnvelope, error) {
	m := languageModel{Invocation: invocation}
	listed := map[skills.SlotName]bool{}
	for _, entry := range entries {
		if entry.Intent == skills.Launch {
			continue // opening a skill is no intent
		}
		name, own := builtIn(entry.Intent)
		if !own {
			name = string(entry.Intent)
		}
		intent := modelIntent{Name: name, Samples: []string{}}
		if entry.Intent != skills.Fallback { // which may not have sentences
			intent.Samples = append(intent.Samples, l.Sentences[entry.Intent]...)
		}
		if !own && len(intent.Samples) == 0 {
			return modelEnvelope{}, fmt.Errorf("%s: %s has no sentence", l.Locale, name)
		}
		for _, slot := range entry.Slots {
			s := modelSlot{Name: string(slot), Type: typeOf(slot)}
			if slices.Contains(elicited, slot) {
				s.Samples = []string{"{" + s.Name + "}"}
			}
			intent.Slots = append(intent.Slots, s)
			if _, amazons := amazonTypes[slot]; !amazons && !listed[slot] {
				listed[slot] = true
				m.Types = append(m.Types, typeWith(slot, l.Values[slot]))
			}
		}
		m.Intents = append(m.Intents, intent)
	}
	m.Intents = append(m.Intents, modelIntent{Name: "AMAZON.NavigateHomeIntent", Samples: []string{}})
	var envelope modelEnvelope
	envelope.Model.Language = m
	envelope.Model.Dialog, envelope.Model.Prompts = dialog(entries, l.Locale)
	return envelope, m.check(l.Locale)
}

func typeWith(slot skills.SlotName, values []skills.Value) modelType {
	t := modelType{Name: typeOf(slot)}
	for _, v := range values {
		name := modelName{Value: v.Name, Synonyms: v.Synonyms}
		if len(name.Synonyms) == 0 {
			name.Synonyms = []string{v.Name}
		}
		t.Values = append(t.Values, modelValue{ID: v.ID, Name: name})
	}
	return t
}

// sampleForm is what Alexa takes for a sentence: words of letters, apostrophes, hyphens and the dots of abbreviations, and slots in
// braces, one space between them. Digits have to be written as words.
var sampleForm = form(`^(?:\{[a-z]+\}(?:'s)?|[\p{L}\p{M}][\p{L}\p{M}'.-]*)(?: (?:\{[a-z]+\}(?:'s)?|[\p{L}\p{M}][\p{L}\p{M}'.-]*))*$`)

// check finds what Alexa's console would refuse, or would silently misunderstand.
func (m languageModel) check(locale string) error {
	said := map[string]string{}
	for _, intent := range m.Intents {
		slots := map[string]bool{}
		for _, s := range intent.Slots {
			slots[s.Name] = true
		}
		for _, sample := range intent.Samples {
			if !sampleForm().MatchString(sample) {
				return fmt.Errorf("%s: %q of %s is no sample utterance: words and {slots} only", locale, sample, intent.Name)
			}
			used := map[string]bool{}
			for _, slot := range slotForm.FindAllStringSubmatch(sample, -1) {
				if !slots[slot[1]] || used[slot[1]] {
					return fmt.Errorf("%s: %q: %s has no slot %q, or it stands twice", locale, sample, intent.Name, slot[1])
				}
				used[slot[1]] = true
			}
			if other, taken := said[strings.ToLower(sample)]; taken {
				return fmt.Errorf("%s: %q is said for %s and %s", locale, sample, other, intent.Name)
			}
			said[strings.ToLower(sample)] = intent.Name
		}
	}
	for _, t := range m.Types {
		if len(t.Values) == 0 {
			return fmt.Errorf("%s: %s has no values", locale, t.Name)
		}
		words, ids := map[string]string{}, map[string]bool{}
		for _, v := range t.Values {
			if v.ID == "" || ids[v.ID] {
				return fmt.Errorf("%s: %s has two values with the id %q", locale, t.Name, v.ID)
			}
			ids[v.ID] = true
			for _, word := range append([]string{v.Name.Value}, v.Name.Synonyms...) {
				if !valueForm().MatchString(word) {
					return fmt.Errorf("%s: %s: %q is no slot value", locale, t.Name, word)
				}
				word = strings.ToLower(word)
				if other, taken := words[word]; taken && other != v.ID {
					return fmt.Errorf("%s: %s: %q means %q and %q", locale, t.Name, word, other, v.ID)
				}
				words[word] = v.ID
			}
		}
	}
	return nil
}

// form compiles an expression when it is first needed: classes of letters cost megabytes that a server, which writes no packages, can
// do without.
func form(expression string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(expression) })
}

// valueForm is what Alexa takes for a value of a slot type.
var valueForm = form(`^[\p{L}\p{M}\p{Nd} ,'.&@-]{1,140}$`)

var slotForm = regexp.MustCompile(`\{([a-z]+)\}`)
