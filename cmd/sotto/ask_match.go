package main

import (
	"fmt"
	"strings"
	"time"

	"sotto/skills"
)

// match understands what the customer says: one of the catalogue's sample sentences, its slots filled from their examples.
func match(text, locale string, now func() time.Time) (skills.Intent, skills.Slots, error) {
	catalogue, err := skills.NewCatalogue(now)
	if err != nil {
		return "", nil, err
	}
	intent, slots, ok := catalogue.Match(locale, text)
	if !ok {
		return "", nil, fmt.Errorf("that is none of the sample sentences; try one of: %s", strings.Join(samples(catalogue, locale), ", "))
	}
	return intent, slots, nil
}

// samples gives a sentence without slots for each intent that has one.
func samples(c *skills.Catalogue, locale string) []string {
	language, ok := c.Language(locale)
	if !ok {
		return nil
	}
	var out []string
	for _, e := range c.Entries() {
		for _, s := range language.Sentences[e.Intent] {
			if !strings.Contains(s, "{") {
				out = append(out, fmt.Sprintf("%q", s))
				break
			}
		}
	}
	return out
}
