// Package nlu reads an intent out of typed text, for platforms that send only text.
//
// A language is a set of files: the sentences of the catalogue (skills/sentences), and languages/LANGUAGE.yaml with more of them, what else people
// write to a bank that is none of its business, and how periods are named. From these a small linear model is trained when its language is first
// needed; nothing is downloaded, nothing is kept, and the same files make the same model. What it is not sure of it does not guess: see docs/nlu.md.
package nlu

import (
	"fmt"
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
	maxLocale = 35  // RFC 5646 section 4.4.1
	maxHeard  = 200 // bytes of one slot, as on every platform
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
	for _, locale := range c.Locales() {
		said, _ := c.Language(locale)
		words, ok := files.of(locale)
		if !ok {
			return nil, fmt.Errorf("no words to read %s by", locale)
		}
		if err := words.check(); err != nil {
			return nil, fmt.Errorf("read the words of %s: %w", locale, err)
		}
		p.readers[locale] = sync.OnceValue(func() *reader { return newReader(said, words) })
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
	if found, sure := r.model.classify(u.units, u.named); sure {
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
