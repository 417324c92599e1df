package skills

import (
	"embed"
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
	"time"

	"gopkg.in/yaml.v3"

	"sotto/banking"
)

//go:embed sentences/*.yaml
var sentenceFiles embed.FS

// Language is one locale of the catalogue: what customers say, and the words for the values of slots.
type Language struct {
	Locale    string                 `yaml:"-"`
	Extends   string                 `yaml:"extends"`   // the locale of which this one says only what is otherwise: more sentences, other values
	Sentences map[Intent][]string    `yaml:"sentences"` // with slots as "{merchant}"; only intents that have sentences of their own
	Values    map[SlotName][]Value   `yaml:"values"`    // of the slots whose values are listed: account, category, merchant
	Examples  map[SlotName][]Example `yaml:"examples"`  // of the slots whose values are not: period, count
}

// Value is one value of a slot: what stands in Slot.Values, how it is called, and how else.
type Value struct {
	ID       string   `yaml:"id"`
	Name     string   `yaml:"name"`
	Synonyms []string `yaml:"synonyms"`
}

// Example is one way to fill a slot that the platform has a type of its own for.
type Example struct {
	Words string `yaml:"words"` // "last week"
	Value string `yaml:"value"` // what Slot.Heard is then, or how to work it out from today: see Resolve
}

// Catalogue is the intents with their sentences in every language.
type Catalogue struct {
	languages map[string]*Language
	matchers  map[string]*matcher
	now       func() time.Time
}

// NewCatalogue reads the languages that the program has. The clock says what "last week" means in Match.
func NewCatalogue(now func() time.Time) (*Catalogue, error) {
	c := &Catalogue{languages: map[string]*Language{}, matchers: map[string]*matcher{}, now: now}
	files, err := sentenceFiles.ReadDir("sentences")
	if err != nil {
		return nil, fmt.Errorf("read sentences: %w", err)
	}
	for _, f := range files {
		content, err := sentenceFiles.ReadFile(path.Join("sentences", f.Name()))
		if err != nil {
			return nil, fmt.Errorf("read sentences: %w", err)
		}
		l := &Language{Locale: strings.TrimSuffix(f.Name(), ".yaml")}
		if err := yaml.Unmarshal(content, l); err != nil {
			return nil, fmt.Errorf("read sentences of %s: %w", l.Locale, err)
		}
		c.languages[l.Locale] = l
	}
	for locale, l := range c.languages {
		if l.Extends != "" {
			base, ok := c.languages[l.Extends]
			if !ok || base.Extends != "" {
				return nil, fmt.Errorf("sentences of %s: there is no whole %q to extend", locale, l.Extends)
			}
			l.inherit(base)
		}
		if err := l.check(); err != nil {
			return nil, fmt.Errorf("sentences of %s: %w", locale, err)
		}
		c.matchers[locale] = newMatcher(l)
	}
	return c, nil
}

// inherit takes from a language what this one does not say otherwise.
func (l *Language) inherit(base *Language) {
	sentences := maps.Clone(base.Sentences)
	for intent, own := range l.Sentences {
		all := slices.Clone(sentences[intent])
		for _, s := range own {
			if !slices.Contains(all, s) {
				all = append(all, s)
			}
		}
		sentences[intent] = all
	}
	values, examples := maps.Clone(base.Values), maps.Clone(base.Examples)
	maps.Copy(values, l.Values)
	maps.Copy(examples, l.Examples)
	l.Sentences, l.Values, l.Examples = sentences, values, examples
}

// Entries lists the intents in the order of the contract.
func (c *Catalogue) Entries() []Entry { return Entries() }

// Locales lists the languages, in order.
func (c *Catalogue) Locales() []string { return slices.Sorted(maps.Keys(c.languages)) }

// Language gives one language, and false where there is none of that name. It is shared and not to be changed.
func (c *Catalogue) Language(locale string) (*Language, bool) {
	l, ok := c.languages[locale]
	return l, ok
}

// check says what is wrong with a language: each is a mistake in a file of ours.
func (l *Language) check() error {
	var errs []error
	for intent, sentences := range l.Sentences {
		entry, ok := Lookup(intent)
		if !ok {
			errs = append(errs, fmt.Errorf("no intent %q in the catalogue", intent))
			continue
		}
		for _, s := range sentences {
			for _, slot := range slotsIn(s) {
				if !slices.Contains(entry.Slots, slot) {
					errs = append(errs, fmt.Errorf("%q: %s has no slot %q", s, intent, slot))
				}
				if len(l.Values[slot]) == 0 && len(l.Examples[slot]) == 0 {
					errs = append(errs, fmt.Errorf("%q: slot %q has no examples", s, slot))
				}
			}
		}
	}
	for slot, examples := range l.Examples {
		for _, e := range examples {
			if _, err := e.Resolve(banking.Date{Year: 2026, Month: time.November, Day: 23}); err != nil {
				errs = append(errs, fmt.Errorf("example %q of %q: %w", e.Words, slot, err))
			}
		}
	}
	return errors.Join(errs...)
}

// slotsIn gives the slots of a sentence in their order.
func slotsIn(sentence string) []SlotName {
	var slots []SlotName
	for part := range strings.SplitSeq(sentence, "{") {
		if name, _, ok := strings.Cut(part, "}"); ok {
			slots = append(slots, SlotName(name))
		}
	}
	return slots
}

// Find gives the ids of a slot's values that are called so, as a platform would that knows the names and synonyms of the catalogue.
func (l *Language) Find(slot SlotName, heard string) []string {
	var ids []string
	for _, v := range l.Values[slot] {
		if strings.EqualFold(v.ID, heard) || strings.EqualFold(v.Name, heard) ||
			slices.ContainsFunc(v.Synonyms, func(s string) bool { return strings.EqualFold(s, heard) }) {
			ids = append(ids, v.ID)
		}
	}
	return ids
}
