package alexa_test

import (
	"encoding/json"
	"testing"

	"sotto/banking"
	"sotto/skills"
	"sotto/skills/speech"
)

// TestNoCardShowsWhatWasSaid: cards stay in the app of the whole household, so that none but Alexa's own for linking is shown with any reply.
func TestNoCardShowsWhatWasSaid(t *testing.T) {
	facts := []skills.Fact{
		{Kind: skills.FactBank, Bank: "Albion", Fault: skills.BankBusy},
		{Kind: skills.FactCount, Count: 7},
		{Kind: skills.FactBalance, Bank: "Albion", Account: skills.AccountName{Name: "Holiday"}, Money: banking.Money{Minor: 12345, Currency: "GBP"}},
		{Kind: skills.FactPurchase, Merchant: "Greggs", Money: banking.Money{Minor: -210, Currency: "GBP"}},
	}
	for _, key := range skills.Keys() {
		for _, link := range []bool{false, true} {
			reply := skills.Reply{Key: key, Facts: facts, LinkCard: link, Ask: !link}
			out, err := platform(t).Encode(skills.Turn{Locale: "en-US"}, reply, speech.Spoken{SSML: "<speak>x</speak>"})
			if err != nil {
				t.Fatal(err)
			}
			var got struct {
				Response map[string]json.RawMessage `json:"response"`
			}
			if err := json.Unmarshal(out, &got); err != nil {
				t.Fatal(err)
			}
			want := ""
			if link {
				want = `{"type":"LinkAccount"}`
			}
			if card := string(got.Response["card"]); card != want || got.Response["directives"] != nil {
				t.Errorf("%s shows the card %s, want %q", key, card, want)
			}
		}
	}
}
