package nlu_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"sotto/banking"
	"sotto/banking/spending"
	"sotto/skills"
)

// FuzzParse: whatever is typed, what is read of it is an intent of the catalogue with slots of its own, bounded, and fit for a session.
func FuzzParse(f *testing.F) {
	p := parser(f)
	for _, s := range []string{
		"what's my balance", "How much did I spend at Joe's Pizza between 1 and 15 March?", "\xff\xfe£💰", strings.Repeat("my ", 400), "31/02/2026 99/99 0/0/0",
		"last 5 transactions since since between", "ＢＡＬＡＮＣＥ", "m&s & 'n’ -/.-", "e\u0301\u0301\u0301 \u0301", "two thousand weeks ago",
	} {
		f.Add(s, "account")
	}
	today := banking.Date{Year: 2026, Month: 11, Day: 23}
	f.Fuzz(func(t *testing.T, text, asked string) {
		before := skills.Dialogue{Intent: skills.Spending, Asked: asked}
		for _, locale := range []string{"en-US", "en-GB", asked} {
			intent, slots := p.Parse(locale, text, before)
			entry, known := skills.Lookup(intent)
			if !known {
				t.Fatalf("%q is read as %q", text, intent)
			}
			for name, s := range slots {
				found := false
				for _, own := range entry.Slots {
					found = found || own == name
				}
				if !found || s.Heard == "" || len(s.Heard) > 200 || !utf8.ValidString(s.Heard) || len(s.Values) > 60 {
					t.Fatalf("%q fills %s of %s with %v", text, name, intent, s)
				}
			}
			if s := slots[skills.SlotPeriod]; s.Heard != "" {
				_, _ = spending.Parse(s.Heard, today)
			}
			if again, _ := p.Parse(locale, text, before); again != intent {
				t.Fatalf("%q is read as %q and as %q", text, intent, again)
			}
		}
	})
}
