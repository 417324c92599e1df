package skills_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"sotto/banking"
	"sotto/banking/spending"
	"sotto/linking"
	"sotto/skills"
)

// noon of today.
func noon() time.Time { return time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC) }

func catalogue(t testing.TB) *skills.Catalogue {
	t.Helper()
	c, err := skills.NewCatalogue(noon)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestTheCatalogueIsTheContract(t *testing.T) {
	type row struct {
		tool   string
		slots  string
		scopes []linking.Scope
		link   bool
		degree skills.Importance
	}
	want := map[skills.Intent]row{
		"BalanceIntent":      {"get_balance", "account", []linking.Scope{linking.Balances}, true, skills.Required},
		"SpendingIntent":     {"get_spending", "category merchant period account", []linking.Scope{linking.Spending}, true, skills.Required},
		"TransactionsIntent": {"list_transactions", "merchant count period account", []linking.Scope{linking.Transactions}, true, skills.Usable},
		"SharedIntent":       {"list_shared", "", nil, true, skills.Required},
		"ForgetIntent":       {"", "", nil, true, skills.Required},
	}
	for _, e := range skills.Entries() {
		w, ok := want[e.Intent]
		if !ok {
			w = row{degree: skills.Required}
		}
		var slots []string
		for _, s := range e.Slots {
			slots = append(slots, string(s))
		}
		if e.Tool != w.tool || strings.Join(slots, " ") != w.slots || !slices.Equal(e.Scopes, w.scopes) || e.Link != w.link || e.Importance != w.degree {
			t.Errorf("got %+v, want %+v", e, w)
		}
		delete(want, e.Intent)
	}
	if len(want) > 0 {
		t.Errorf("missing: %v", want)
	}
}

func TestEveryIntentHasSentencesInEveryLanguageAndEverySlotIsInOne(t *testing.T) {
	c := catalogue(t)
	for _, locale := range c.Locales() {
		l, _ := c.Language(locale)
		for _, e := range c.Entries() {
			sentences := l.Sentences[e.Intent]
			if len(sentences) == 0 && e.Intent != skills.Fallback {
				t.Errorf("%s: no sentences for %s", locale, e.Intent)
			}
			if e.Link && e.Importance == skills.Required && len(sentences) < 10 {
				t.Errorf("%s: only %d sentences for %s", locale, len(sentences), e.Intent)
			}
			for _, slot := range e.Slots {
				if !slices.ContainsFunc(sentences, func(s string) bool { return strings.Contains(s, "{"+string(slot)+"}") }) {
					t.Errorf("%s: no sentence of %s has its slot %s", locale, e.Intent, slot)
				}
			}
			seen := map[string]bool{}
			for _, s := range sentences {
				if s != strings.TrimSpace(s) || seen[strings.ToLower(s)] || strings.ContainsAny(s, ".?!,") {
					t.Errorf("%s: %s: %q is there twice or is not as it is said", locale, e.Intent, s)
				}
				seen[strings.ToLower(s)] = true
			}
		}
	}
}

func TestACountrySaysOnlyWhatItSaysOtherwise(t *testing.T) {
	c := catalogue(t)
	american, _ := c.Language("en-US")
	british, ok := c.Language("en-GB")
	if !ok {
		t.Fatal("no en-GB")
	}
	for intent, sentences := range american.Sentences {
		for _, s := range sentences {
			if !slices.Contains(british.Sentences[intent], s) {
				t.Errorf("en-GB lacks %q", s)
			}
		}
	}
	if !slices.Contains(british.Sentences[skills.Balance], "am I overdrawn") || slices.Contains(american.Sentences[skills.Balance], "am I overdrawn") {
		t.Error("what is said in en-GB is not said there alone")
	}
	if intent, slots, _ := c.Match("en-GB", "how much did I spend on the weekly shop"); intent != skills.Spending || slots[skills.SlotCategory].Values[0] != "groceries" {
		t.Errorf("the weekly shop is %v", slots)
	}
}

func TestTheValuesOfSlotsAreTheOnesTheConversationKnows(t *testing.T) {
	c := catalogue(t)
	for _, locale := range c.Locales() {
		t.Run(locale, func(t *testing.T) { valuesAreKnown(t, c, locale) })
	}
}

func valuesAreKnown(t *testing.T, c *skills.Catalogue, locale string) {
	t.Helper()
	l, _ := c.Language(locale)
	var categories []spending.Category
	for _, v := range l.Values[skills.SlotCategory] {
		categories = append(categories, spending.Category(v.ID))
	}
	if !slices.Equal(categories, spending.Categories()) {
		t.Errorf("got categories %v, want %v", categories, spending.Categories())
	}
	kinds := []banking.Kind{banking.Current, banking.Savings, banking.Card, banking.Prepaid, banking.EMoney, banking.Loan, banking.Mortgage}
	for _, v := range l.Values[skills.SlotAccount] {
		if !slices.Contains(kinds, banking.Kind(v.ID)) {
			t.Errorf("%q is no kind of account", v.ID)
		}
	}
	for slot, values := range l.Values {
		seen := map[string]string{}
		for _, v := range values {
			for _, word := range append([]string{v.Name}, v.Synonyms...) {
				word = strings.ToLower(word)
				if seen[word] != "" {
					t.Errorf("%s: %q is called for %q and for %q", slot, word, seen[word], v.ID)
				}
				seen[word] = v.ID
			}
		}
	}
	for _, e := range l.Examples[skills.SlotPeriod] {
		value, err := e.Resolve(today)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := spending.ParseAmazon(value, today); err != nil {
			t.Errorf("%q is %q: %v", e.Words, value, err)
		}
	}
}

func TestMatch(t *testing.T) {
	for said, want := range map[string]struct {
		intent skills.Intent
		slots  skills.Slots
	}{
		"what's my balance":                                {skills.Balance, skills.Slots{}},
		"What’s my balance?":                               {skills.Balance, skills.Slots{}},
		"WHATS MY BALANCE":                                 {skills.Balance, skills.Slots{}},
		"what's my savings balance":                        {skills.Balance, skills.Slots{"account": {Heard: "savings", Values: []string{"savings"}}}},
		"what's the balance of the account ending in 4411": {skills.Balance, skills.Slots{"account": {Heard: "4411"}}},
		"credit card":                                      {skills.Balance, skills.Slots{"account": {Heard: "credit card", Values: []string{"card"}}}},
		"How much did I spend on groceries last week?": {skills.Spending, skills.Slots{
			"category": {Heard: "groceries", Values: []string{"groceries"}}, "period": {Heard: "2026-W47"},
		}},
		"how much did I spend at Sainsburys in March": {skills.Spending, skills.Slots{
			"merchant": {Heard: "Sainsbury's", Values: []string{"Sainsbury's"}}, "period": {Heard: "2027-03"},
		}},
		"how much did I spend at M&S yesterday": {skills.Spending, skills.Slots{
			"merchant": {Heard: "M&S", Values: []string{"M&S"}}, "period": {Heard: "2026-11-22"},
		}},
		"how much did i spend last weekend":        {skills.Spending, skills.Slots{"period": {Heard: "2026-W47-WE"}}},
		"what did I spend on Friday":               {skills.Spending, skills.Slots{"period": {Heard: "2026-11-27"}}},
		"how much did I spend on Friday":           {skills.Spending, skills.Slots{"period": {Heard: "2026-11-27"}}},
		"how much did I spend in December":         {skills.Spending, skills.Slots{"period": {Heard: "2026-12"}}},
		"how much did I spend in November":         {skills.Spending, skills.Slots{"period": {Heard: "2026-11"}}},
		"how much did I spend last year":           {skills.Spending, skills.Slots{"period": {Heard: "2025"}}},
		"what are my last five transactions":       {skills.Transactions, skills.Slots{"count": {Heard: "5"}}},
		"what are my last 4 transactions":          {skills.Transactions, skills.Slots{"count": {Heard: "4"}}},
		"what were my last 2 transactions at Aldi": {skills.Transactions, skills.Slots{"count": {Heard: "2"}, "merchant": {Heard: "Aldi", Values: []string{"Aldi"}}}},
		"what have you shared?":                    {skills.Shared, skills.Slots{}},
		"forget me":                                {skills.Forget, skills.Slots{}},
		"Stop sharing my data.":                    {skills.Forget, skills.Slots{}},
		"open":                                     {skills.Launch, skills.Slots{}},
		"yes please":                               {skills.Yes, skills.Slots{}},
		"no":                                       {skills.No, skills.Slots{}},
		"help":                                     {skills.Help, skills.Slots{}},
		"stop":                                     {skills.Stop, skills.Slots{}},
		"never mind":                               {skills.Cancel, skills.Slots{}},
		"say that again":                           {skills.Repeat, skills.Slots{}},
		"":                                         {},
		"?!":                                       {},
		"what's the weather":                       {},
		"what's my balance what's my balance":      {},
		strings.Repeat("my ", 100) + "balance":     {},
	} {
		intent, slots, ok := catalogue(t).Match("en-US", said)
		if ok != (want.intent != "") || intent != want.intent || !cmp.Equal(slots, want.slots, cmpopts.EquateEmpty()) {
			t.Errorf("%q: got %q %v %v, want %q %v", said, intent, slots, ok, want.intent, want.slots)
		}
	}
	if intent, _, _ := catalogue(t).Match("fr-FR", "what's my balance"); intent != skills.Balance {
		t.Errorf("a locale without sentences of its own: got %q", intent)
	}
}

// TestEverySentenceIsReadAsTheIntentItStandsUnder fills every sentence with the first value of each slot.
func TestEverySentenceIsReadAsTheIntentItStandsUnder(t *testing.T) {
	c := catalogue(t)
	for _, locale := range c.Locales() {
		l, _ := c.Language(locale)
		fill := []string{}
		for slot, values := range l.Values {
			fill = append(fill, "{"+string(slot)+"}", values[0].Name)
		}
		for slot, examples := range l.Examples {
			fill = append(fill, "{"+string(slot)+"}", examples[0].Words)
		}
		for intent, sentences := range l.Sentences {
			for _, s := range sentences {
				said := strings.NewReplacer(fill...).Replace(s)
				got, slots, ok := c.Match(locale, said)
				if !ok || got != intent || len(slots) != strings.Count(s, "{") {
					t.Errorf("%s: %q is read as %q with %v, want %q", locale, said, got, slots, intent)
				}
			}
		}
	}
}
