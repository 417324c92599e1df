package alexa

import (
	"strings"
	"testing"

	"sotto/skills"
)

func TestAModelThatAlexaWouldRefuseIsNotMade(t *testing.T) {
	for name, change := range map[string]func(*skills.Language){
		"a sentence with a question mark":      func(l *skills.Language) { l.Sentences[skills.Balance] = []string{"my balance?"} },
		"a sentence with a comma":              func(l *skills.Language) { l.Sentences[skills.Balance] = []string{"please, my balance"} },
		"a sentence with a digit":              func(l *skills.Language) { l.Sentences[skills.Balance] = []string{"my 2 balances"} },
		"a sentence with two spaces":           func(l *skills.Language) { l.Sentences[skills.Balance] = []string{"my  balance"} },
		"an empty sentence":                    func(l *skills.Language) { l.Sentences[skills.Balance] = []string{""} },
		"a slot that is not closed":            func(l *skills.Language) { l.Sentences[skills.Balance] = []string{"my {account balance"} },
		"a slot that grows out of a word":      func(l *skills.Language) { l.Sentences[skills.Balance] = []string{"my pre{account}"} },
		"a slot that the intent does not have": func(l *skills.Language) { l.Sentences[skills.Balance] = []string{"my {merchant}"} },
		"a slot that stands twice":             func(l *skills.Language) { l.Sentences[skills.Balance] = []string{"my {account} and {account}"} },
		"no sentence for an intent":            func(l *skills.Language) { delete(l.Sentences, skills.Balance) },
		"a sentence for two intents":           func(l *skills.Language) { l.Sentences[skills.Shared] = []string{"My Balance"} },
		"a sentence that stands twice":         func(l *skills.Language) { l.Sentences[skills.Balance] = []string{"my balance", "my balance"} },
		"no values for a slot":                 func(l *skills.Language) { delete(l.Values, skills.SlotAccount) },
		"a value with a question mark":         func(l *skills.Language) { l.Values[skills.SlotAccount][0].Name = "current?" },
		"a value without an id":                func(l *skills.Language) { l.Values[skills.SlotAccount][0].ID = "" },
		"two values with one id":               func(l *skills.Language) { l.Values[skills.SlotAccount][0].ID = "savings" },
		"a word for two values":                func(l *skills.Language) { l.Values[skills.SlotAccount][0].Synonyms = []string{"Savings"} },
		"an empty word":                        func(l *skills.Language) { l.Values[skills.SlotAccount][0].Synonyms = []string{""} },
	} {
		t.Run(name, func(t *testing.T) {
			l := language()
			change(l)
			if _, err := model("albion bank", skills.Entries(), l); err == nil {
				t.Error("made")
			}
		})
	}
	if _, err := model("albion bank", skills.Entries(), language()); err != nil {
		t.Errorf("and one without a fault: %v", err)
	}
}

// language is a whole one, the smallest there can be.
func language() *skills.Language {
	l := &skills.Language{Locale: "en-US", Sentences: map[skills.Intent][]string{}, Values: map[skills.SlotName][]skills.Value{}}
	for _, e := range skills.Entries() {
		words := strings.ToLower(strings.TrimSuffix(string(e.Intent), "Intent"))
		l.Sentences[e.Intent] = []string{"my " + words, "what's the " + words + " of o. b. account's"}
		for _, slot := range e.Slots {
			l.Sentences[e.Intent] = append(l.Sentences[e.Intent], "what's the "+words+" of {"+string(slot)+"}'s pot")
		}
	}
	for _, slot := range []skills.SlotName{skills.SlotAccount, skills.SlotCategory, skills.SlotMerchant} {
		l.Values[slot] = []skills.Value{{ID: "current", Name: "current account"}, {ID: "savings", Name: "savings", Synonyms: []string{"M&S pot"}}}
	}
	return l
}
