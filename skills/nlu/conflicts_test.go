package nlu

import (
	"strings"
	"testing"

	"sotto/skills"
)

// TestNoSentenceStandsUnderTwoIntents: what remains of a sentence without what is only polite may be another's.
func TestNoSentenceStandsUnderTwoIntents(t *testing.T) {
	c, err := skills.NewCatalogue(nil)
	if err != nil {
		t.Fatal(err)
	}
	files, err := load()
	if err != nil {
		t.Fatal(err)
	}
	for _, locale := range c.Locales() {
		said, _ := c.Language(locale)
		words, _ := files.of(locale)
		r := newReader(said, words)
		seen := map[string]skills.Intent{}
		for _, e := range skills.Entries() {
			lines := said.Sentences[e.Intent]
			for _, l := range words.Sentences[e.Intent] {
				lines = append(lines[:len(lines):len(lines)], choices(l, maxChoices)...)
			}
			for _, l := range lines {
				for _, u := range r.variants(l) {
					key := strings.Join(u.units, " ")
					for _, n := range u.named {
						key += " " + n.word
					}
					if other, ok := seen[key]; ok && other != e.Intent {
						t.Errorf("%s: %q of %s is %q, and so is a sentence of %s", locale, l, e.Intent, key, other)
					}
					seen[key] = e.Intent
				}
			}
		}
	}
}
