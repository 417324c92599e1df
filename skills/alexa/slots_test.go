package alexa_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sotto/skills"
)

// resolved writes a slot's resolutions: pairs of authority and ids, where no id is a miss.
func resolved(pairs ...string) string {
	var all []string
	for i := 0; i+1 < len(pairs); i += 2 {
		code, values := "ER_SUCCESS_NO_MATCH", ""
		if pairs[i+1] != "" {
			code = "ER_SUCCESS_MATCH"
			var each []string
			for _, id := range strings.Split(pairs[i+1], ",") {
				each = append(each, `{"value":{"name":"`+id+` by name","id":"`+id+`"}}`)
			}
			values = `,"values":[` + strings.Join(each, ",") + "]"
		}
		all = append(all, `{"authority":"amzn1.er-authority.echo-sdk.`+pairs[i]+`","status":{"code":"`+code+`"}`+values+"}")
	}
	return `,"resolutions":{"resolutionsPerAuthority":[` + strings.Join(all, ",") + "]}"
}

func TestSlots(t *testing.T) {
	const fixed, lively = skillID + ".AccountType", "dynamic." + skillID + ".AccountType"
	for name, tc := range map[string]struct {
		slot string
		want skills.Slots
	}{
		"an empty slot is not filled":                            {`{"name":"account"}`, nil},
		"a number that was not understood is not filled":         {`{"name":"account","value":"?"}`, nil},
		"null is not filled":                                     {`{"name":"account","value":null,"resolutions":null,"slotValue":null}`, nil},
		"what no authority knows keeps what was heard":           {`{"value":"holiday pot"` + resolved(fixed, "") + `}`, skills.Slots{"account": {Heard: "holiday pot"}}},
		"what no authority was asked keeps what was heard":       {`{"value":"holiday pot"}`, skills.Slots{"account": {Heard: "holiday pot"}}},
		"a match gives its id":                                   {`{"value":"saver"` + resolved(fixed, "savings") + `}`, skills.Slots{"account": {Heard: "saver", Values: []string{"savings"}}}},
		"several matches are an ambiguity, the best first":       {`{"value":"card"` + resolved(fixed, "credit,debit") + `}`, skills.Slots{"account": {Heard: "card", Values: []string{"credit", "debit"}}}},
		"a dynamic match is preferred, whichever comes first":    {`{"value":"saver"` + resolved(fixed, "savings", lively, "pot") + `}`, skills.Slots{"account": {Heard: "saver", Values: []string{"pot"}}}},
		"a dynamic match that comes first is preferred":          {`{"value":"saver"` + resolved(lively, "pot", fixed, "savings") + `}`, skills.Slots{"account": {Heard: "saver", Values: []string{"pot"}}}},
		"a dynamic miss leaves the static match":                 {`{"value":"saver"` + resolved(lively, "", fixed, "savings") + `}`, skills.Slots{"account": {Heard: "saver", Values: []string{"savings"}}}},
		"an authority that timed out has no values":              {`{"value":"saver","resolutions":{"resolutionsPerAuthority":[{"authority":"x","status":{"code":"ER_ERROR_TIMEOUT"},"values":[{"value":{"name":"a","id":"a"}}]}]}}`, skills.Slots{"account": {Heard: "saver"}}},
		"a value without an id is known by its name":             {`{"value":"saver","resolutions":{"resolutionsPerAuthority":[{"status":{"code":"ER_SUCCESS_MATCH"},"values":[{"value":{"name":"savings"}}]}]}}`, skills.Slots{"account": {Heard: "saver", Values: []string{"savings"}}}},
		"a simple slot value counts where there is no older one": {`{"slotValue":{"type":"Simple","value":"saver"` + resolved(fixed, "savings") + `}}`, skills.Slots{"account": {Heard: "saver", Values: []string{"savings"}}}},
		"a list gives all its values once":                       {`{"slotValue":{"type":"List","values":[{"value":"saver"` + resolved(fixed, "savings") + `},{"value":"card"` + resolved(fixed, "credit,savings") + `}]}}`, skills.Slots{"account": {Heard: "saver, card", Values: []string{"savings", "credit"}}}},
		"a list of nothing is not filled":                        {`{"slotValue":{"type":"List","values":[{"type":"Simple"},{"type":"Simple","value":"?"}]}}`, nil},
		"a novel that was heard is cut between two letters":      {`{"value":"` + strings.Repeat("é", 500) + `"}`, skills.Slots{"account": {Heard: strings.Repeat("é", 100)}}},
		"a hundred matches are sixteen":                          {`{"value":"x"` + resolved(fixed, hundred()) + `}`, skills.Slots{"account": {Heard: "x", Values: strings.Split(hundred(), ",")[:16]}}},
	} {
		t.Run(name, func(t *testing.T) {
			body := request("TYPE", "IntentRequest", "MORE", `,"intent":{"name":"BalanceIntent","slots":{"account":`+tc.slot+`,"evil":{"value":"x"}}}`)
			turn, _, err := platform(t).Decode(nil, body)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, turn.Slots); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func hundred() string {
	var all []string
	for i := range 100 {
		all = append(all, string(rune('a'+i/26))+string(rune('a'+i%26)))
	}
	return strings.Join(all, ",")
}
