package speech

import (
	"maps"
	"slices"
	"testing"

	"golang.org/x/text/feature/plural"
)

func TestEveryLanguageHasTheMessagesOfTheFirst(t *testing.T) {
	locales, err := load()
	if err != nil {
		t.Fatal(err)
	}
	first := locales[fallbackLocale]
	for name, l := range locales {
		for id := range first.messages {
			if !l.has(id) {
				t.Errorf("%s lacks %q", name, id)
			}
		}
	}
}

// TestEveryNameInAMessageIsOneThatItIsGiven keeps what a file asks for in step with what the code gives.
func TestEveryNameInAMessageIsOneThatItIsGiven(t *testing.T) {
	given := map[string]bool{}
	for _, n := range []string{
		"Account", "Amount", "A", "B", "Bank", "Banks", "Code", "Currency", "Date", "Day", "Digits", "From", "List", "Merchant", "Money", "Month",
		"N", "Name", "On", "Part", "Pending", "Range", "Text", "To", "Weekday", "Whole", "Year",
	} {
		given[n] = true
	}
	for _, n := range []string{"Balances", "Totals", "Purchases", "Gaps", "Since", "Accounts", "Offer", "Rest", "Kinds", "Newest", "Question", "EitherBank"} {
		given[n] = true
	}
	locales, err := load()
	if err != nil {
		t.Fatal(err)
	}
	for name, l := range locales {
		for _, id := range slices.Sorted(maps.Keys(l.messages)) {
			for _, pieces := range l.messages[id].forms {
				for _, p := range pieces {
					if p.name != "" && !given[p.name] {
						t.Errorf("%s: %q asks for %q", name, id, p.name)
					}
				}
			}
		}
	}
}

func TestPluralsFollowTheLanguage(t *testing.T) {
	locales, err := load()
	if err != nil {
		t.Fatal(err)
	}
	l := locales[fallbackLocale]
	m := l.messages["money.GBP"]
	for n, want := range map[int]plural.Form{0: plural.Other, 1: plural.One, 2: plural.Other, 21: plural.Other, 1_000_001: plural.Other} {
		if got := l.form(m, n); got[len(got)-1].text != m.forms[want][len(m.forms[want])-1].text {
			t.Errorf("%d: got %v", n, got)
		}
	}
}
