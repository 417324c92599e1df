package alexa_test

import (
	"encoding/json"
	"errors"
	"testing"

	"sotto/skills"
	"sotto/skills/alexa"
	"sotto/skills/speech"
)

// FuzzDecode looks for a body that is neither refused for a reason nor read to something the catalogue has.
func FuzzDecode(f *testing.F) {
	p := platform(f)
	f.Add(request())
	f.Add(request("TYPE", "AlexaSkillEvent.SkillDisabled", "SESSION", "null"))
	f.Add(request("TYPE", "CanFulfillIntentRequest", "MORE", `,"intent":{"name":"BalanceIntent","slots":{"account":{"value":"x"},"evil":{}}}`))
	f.Add(request("TYPE", "IntentRequest", "ATTRIBUTES", `{"intent":"ForgetIntent","asked":"confirm"}`, "MORE",
		`,"intent":{"name":"SpendingIntent","slots":{"category":{"value":"food"`+resolved("dynamic.x", "a,b", "y", "c")+`},"period":{"slotValue":{"type":"List","values":[{"value":"2026-W47"}]}}}}`))
	f.Add(said(`{"intent":"SpendingIntent","asked":"account","slots":{"account":{"heard":""},"category":{"heard":"food","values":["groceries"]}}}`,
		"SpendingIntent", "CONFIRMED", "IN_PROGRESS", `"category":{"value":"food"}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		turn, aside, err := p.Decode(nil, body)
		if err != nil {
			var refused *alexa.RefusedError
			if !errors.As(err, &refused) || refused.Reason() == "" {
				t.Fatalf("%v is no reason", err)
			}
			return
		}
		if aside != nil {
			if !json.Valid(aside.Answer) || turn.Intent != "" || turn.Token != "" {
				t.Fatalf("answer %s to %+v", aside.Answer, turn)
			}
			return
		}
		entry, known := skills.Lookup(turn.Intent)
		if !known || turn.ID == "" {
			t.Fatalf("%+v is no turn", turn)
		}
		for name, slot := range turn.Slots {
			if len(slot.Heard) > 200 || len(slot.Values) > 16 || slot.Heard == "" && len(slot.Values) == 0 {
				t.Fatalf("%s of %s is %+v", name, entry.Intent, slot)
			}
		}
		out, err := p.Encode(turn, skills.Reply{Ask: true, Dialogue: turn.Dialogue}, speech.Spoken{SSML: "<speak>x</speak>"})
		if err != nil || !json.Valid(out) {
			t.Fatalf("%s, %v", out, err)
		}
	})
}
