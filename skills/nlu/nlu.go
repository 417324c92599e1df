// Package nlu reads an intent out of typed text, for platforms that send only text.
//
// A language is a set of files: the sentences of the catalogue (skills/sentences), and languages/LANGUAGE.yaml with more of them, what else people
// write to a bank that is none of its business, and how periods are named. From these a small linear model is trained when its language is first
// needed; nothing is downloaded, nothing is kept, and the same files make the same model. What it is not sure of it does not guess: see docs/nlu.md.
package nlu

import (
	"maps"
	"slices"
	"sync"

	xlanguage "golang.org/x/text/language"

	"sotto/skills"
)

// What is looked at as a question. Nobody asks his bank in more.
const (
	maxText   = 1000 // bytes
	maxWords  = 60
	maxLocale = 35 // RFC 5646 section 4.4.1
)

// Parser reads typed text. It is safe for concurrent use.
type Parser struct {
	readers map[string]func() *reader
	locales []string
	nearest xlanguage.Matcher
}

// New makes a parser for every language of the catalogue. An error is a mistake in one of our files.
func New(c *skills.Catalogue) (*Parser, error) {
	files, err := load()
	if err != nil {
		return nil, err
	}
	p := &Parser{readers: map[string]func() *reader{}}
	countries := map[string][]*skills.Language{}
	for _, locale := range c.Locales() {
		said, _ := c.Language(locale)
		countries[base(locale)] = append(countries[base(locale)], said)
	}
	for _, spoken := range countries {
		if err := p.speak(files, spoken); err != nil {
			return nil, err
		}
	}
	// The first is what is read where no language is near.
	p.locales = slices.Sorted(maps.Keys(p.readers))
	if i := slices.Index(p.locales, fallbackLocale); i > 0 {
		p.locales[0], p.locales[i] = p.locales[i], p.locales[0]
	}
	tags := make([]xlanguage.Tag, 0, len(p.locales))
	for _, locale := range p.locales {
		tags = append(tags, xlanguage.Make(locale))
	}
	p.nearest = xlanguage.NewMatcher(tags)
	return p, nil
}

// speak makes the readers of a language: one for each country, which learn together.
func (p *Parser) speak(files languages, countries []*skills.Language) error {
	var learn func() *lessons
	for i, said := range countries {
		words, err := files.of(said.Locale)
		if err != nil {
			return err
		}
		if i == 0 {
			learn = sync.OnceValue(func() *lessons {
				r := newReader(words, countries...)
				r.learn(r.lines(countries...))
				return r.lessons
			})
		}
		ownFirst := append([]*skills.Language{said}, slices.Delete(slices.Clone(countries), i, i+1)...)
		p.readers[said.Locale] = sync.OnceValue(func() *reader {
			r := newReader(words, ownFirst...)
			r.lessons = learn()
			return r
		})
	}
	return nil
}

// fallbackLocale is read where no language is near.
const fallbackLocale = "en-US"

// Parse reads what a customer typed in the locale, or in the nearest language there is. It gives the intent and its slots: as a
// platform would, with the catalogue's ids in Values; SlotPeriod in the form of spending.Parse, and SlotCount in digits. What it is not sure of is
// skills.Fallback. The dialogue is the one that the previous reply left, zero in a new conversation: where a slot was asked for, a text that
// is no question of its own is the answer to that.
func (p *Parser) Parse(locale, text string, before skills.Dialogue) (skills.Intent, skills.Slots) {
	if len(text) > maxText {
		return skills.Fallback, nil
	}
	r := p.reader(locale)
	words := r.words(text)
	if len(words) == 0 || len(words) > maxWords {
		return skills.Fallback, nil
	}
	u := r.spot(text, words)
	intent, slots := skills.Fallback, skills.Slots(nil)
	if found, sure := r.model.classify(u); sure {
		intent, slots = found, u.slots(found)
	}
	return u.answer(intent, slots, before)
}

func (p *Parser) reader(locale string) *reader {
	if r, ok := p.readers[locale]; ok {
		return r()
	}
	i := 0
	if len(locale) <= maxLocale {
		if tag, err := xlanguage.Parse(locale); err == nil {
			_, i, _ = p.nearest.Match(tag)
		}
	}
	return p.readers[p.locales[i]]()
}
