package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"sotto/banking"
	"sotto/banking/spending"
	"sotto/skills"
	"sotto/skills/nlu"
)

// match understands what the customer says as the assistant's own language understanding would, whose slots hold a period in ISO 8601. What is not
// understood is a fallback, as it would be there.
func match(text, locale string, now func() time.Time) (skills.Intent, skills.Slots, error) {
	return matchWith(text, locale, skills.Dialogue{}, now, func(p spending.Period) (string, error) { return p.ISO(), nil })
}

// matchAmazon is match for Alexa: what was asked before belongs to it, since Alexa is told, and a period is an AMAZON.DATE.
func matchAmazon(text, locale string, before skills.Dialogue, now func() time.Time) (skills.Intent, skills.Slots, error) {
	return matchWith(text, locale, before, now, func(p spending.Period) (string, error) {
		value, ok := p.Amazon()
		if !ok {
			return "", fmt.Errorf("Alexa's own dates are single days, weeks, weekends, months, seasons and years, and have no word for %s: ask for one of these, or --as another assistant", p.ISO()) //nolint:staticcheck // a name begins it
		}
		return value, nil
	})
}

func matchWith(text, locale string, before skills.Dialogue, now func() time.Time, write func(spending.Period) (string, error)) (skills.Intent, skills.Slots, error) {
	catalogue, err := skills.NewCatalogue(now)
	if err != nil {
		return "", nil, err
	}
	if locales := catalogue.Locales(); !slices.Contains(locales, locale) {
		return "", nil, fmt.Errorf("%w: --locale %s is not spoken; say one of %s", errUsage, locale, strings.Join(locales, ", "))
	}
	parser, err := nlu.New(catalogue)
	if err != nil {
		return "", nil, err
	}
	intent, slots := parser.Parse(locale, text, before)
	heard, filled := slots[skills.SlotPeriod]
	if !filled {
		return intent, slots, nil
	}
	period, err := spending.Parse(heard.Heard, banking.DateOf(now(), now().Location()))
	if err != nil {
		return intent, slots, nil //nolint:nilerr // words that are no period go as they are, and are asked for again
	}
	if heard.Heard, err = write(period); err != nil {
		return "", nil, err
	}
	slots = maps.Clone(slots)
	slots[skills.SlotPeriod] = heard
	return intent, slots, nil
}
