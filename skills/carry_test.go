package skills_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sotto/skills"
)

func TestADialogueComesBackAsItWasWritten(t *testing.T) {
	for name, d := range map[string]skills.Dialogue{
		"none at all":                         {},
		"a conversation that was just opened": {Open: true},
		"a question to confirm":               {Intent: skills.Forget, Asked: skills.AskedConfirm},
		"a question for more":                 {Intent: skills.Transactions, Asked: skills.AskedMore, Page: 2},
		"a question for an account":           {Intent: skills.Balance, Asked: string(skills.SlotAccount)},
		"slots with and without a match": {Intent: skills.Spending, Slots: skills.Slots{
			skills.SlotCategory: {Heard: "food", Values: []string{"groceries", "eating out"}}, skills.SlotMerchant: {Heard: `"Ëxtra" & <Söhne>`},
		}},
	} {
		t.Run(name, func(t *testing.T) {
			raw, err := d.Carried()
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(d, skills.ReadDialogue(raw)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestWhatIsNoDialogueOfOursIsNone(t *testing.T) {
	for name, raw := range map[string]string{
		"another skill's attributes":               `{"supportedHoroscopePeriods":{"daily":true}}`,
		"a fact among the members":                 `{"intent":"BalanceIntent","balance":"120.00"}`,
		"an intent that is not in the catalogue":   `{"intent":"TransferIntent"}`,
		"a slot that the intent does not have":     `{"intent":"BalanceIntent","slots":{"merchant":{"heard":"x"}}}`,
		"a slot that no intent has":                `{"intent":"BalanceIntent","slots":{"beneficiary":{"heard":"x"}}}`,
		"a question that nobody asks":              `{"intent":"ForgetIntent","asked":"password"}`,
		"a question for a slot the intent has not": `{"intent":"BalanceIntent","asked":"merchant"}`,
		"a page before the first":                  `{"intent":"TransactionsIntent","page":-1}`,
		"a page beyond all":                        `{"intent":"TransactionsIntent","page":1000000}`,
		"a page that is no number":                 `{"intent":"TransactionsIntent","page":"1"}`,
		"a member twice":                           `{"intent":"BalanceIntent","intent":"ForgetIntent"}`,
		"a list":                                   `[]`,
		"a text":                                   `"BalanceIntent"`,
		"null":                                     `null`,
		"no intent":                                `{"asked":"confirm"}`,
		"a name in another case":                   `{"Intent":"BalanceIntent"}`,
		"an empty value":                           `{"intent":"BalanceIntent","slots":{"account":{"heard":"x","values":[""]}}}`,
		"a hundred values":                         `{"intent":"BalanceIntent","slots":{"account":{"heard":"x","values":["a"` + strings.Repeat(`,"a"`, 99) + `]}}}`,
		"a novel":                                  `{"intent":"BalanceIntent","slots":{"account":{"heard":"` + strings.Repeat("a", 300) + `"}}}`,
		"more than a dialogue can measure":         `{"intent":"BalanceIntent"` + strings.Repeat(" ", 4<<10) + `}`,
		"a name longer than one that we give":      `{"intent":"ForgetIntent","asked":"confirm","of":"` + strings.Repeat("a", 33) + `"}`,
		"nothing":                                  ``,
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(skills.Dialogue{}, skills.ReadDialogue([]byte(raw))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func FuzzDialogue(f *testing.F) {
	for _, seed := range []string{`{}`, `{"intent":"ForgetIntent","asked":"confirm"}`, `{"intent":"SpendingIntent","slots":{"category":{"heard":"food","values":["groceries"]}},"page":1}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		d := skills.ReadDialogue(raw)
		if d.Intent == "" && (len(d.Slots) > 0 || d.Asked != "" || d.Page != 0) {
			t.Errorf("%q became %+v", raw, d)
		}
		written, err := d.Carried()
		if err != nil {
			t.Fatalf("%+v cannot be written: %v", d, err)
		}
		if again := skills.ReadDialogue(written); written != nil && again.Intent != d.Intent {
			t.Errorf("%+v became %s and then %+v", d, written, again)
		}
	})
}
