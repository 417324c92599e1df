package alexa_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sotto/skills"
	"sotto/skills/alexa"
	"sotto/skills/speech"
)

// said is a request for an intent in a session, and in Alexa's own dialogue.
func said(attributes, name, status, state, slots string) []byte {
	if state != "" {
		state = `,"dialogState":"` + state + `"`
	}
	return request("TYPE", "IntentRequest", "ATTRIBUTES", attributes,
		"MORE", state+`,"intent":{"name":"`+name+`","confirmationStatus":"`+status+`","slots":{`+slots+`}}`)
}

func TestWhatAlexasOwnDialogueSaysOfATurn(t *testing.T) {
	const asked, unasked = `{"intent":"ForgetIntent","asked":"confirm"}`, `{}`
	const which = `{"intent":"SpendingIntent","asked":"account","slots":{"account":{"heard":"pot"},"category":{"heard":"food","values":["groceries"]},"period":{"heard":"2026-W47"}}}`
	savings := `"account":{"name":"account","value":"saver"` + resolved(skillID+".AccountType", "savings") + `}`
	food := `"category":{"name":"category","value":"food"}` // without what it was resolved to
	fuel := `"category":{"name":"category","value":"fuel"` + resolved(skillID+".CategoryType", "transport") + `}`
	whole := skills.Slots{
		"account": {Heard: "saver", Values: []string{"savings"}}, "category": {Heard: "food", Values: []string{"groceries"}}, "period": {Heard: "2026-W47"},
	}
	for name, tc := range map[string]struct {
		body  []byte
		want  skills.Intent
		slots skills.Slots
	}{
		"a yes to an intent is a yes where we have asked":                              {said(asked, "ForgetIntent", "CONFIRMED", "IN_PROGRESS", ""), skills.Yes, nil},
		"… and where Alexa has nothing more to ask":                                    {said(asked, "ForgetIntent", "CONFIRMED", "COMPLETED", ""), skills.Yes, nil},
		"a yes that nobody asked for is none":                                          {said(unasked, "ForgetIntent", "CONFIRMED", "IN_PROGRESS", ""), skills.Forget, nil},
		"a yes that Alexa asked for by herself is none":                                {said(unasked, "ForgetIntent", "CONFIRMED", "COMPLETED", ""), skills.Forget, nil},
		"a yes after another question is none":                                         {said(which, "ForgetIntent", "CONFIRMED", "IN_PROGRESS", ""), skills.Forget, nil},
		"a yes to another intent than was asked about is none":                         {said(asked, "BalanceIntent", "CONFIRMED", "IN_PROGRESS", ""), skills.Balance, nil},
		"a yes to an intent of which only a slot was asked is none":                    {said(which, "SpendingIntent", "CONFIRMED", "IN_PROGRESS", savings), skills.Spending, whole},
		"a yes in a session that asks to confirm what is never confirmed is none":      {said(`{"intent":"BalanceIntent","asked":"confirm"}`, "BalanceIntent", "CONFIRMED", "IN_PROGRESS", ""), skills.Balance, nil},
		"a yes in lower case is none":                                                  {said(asked, "ForgetIntent", "confirmed", "IN_PROGRESS", ""), skills.Forget, nil},
		"a yes to an intent of another skill was not understood":                       {said(asked, "TransferIntent", "CONFIRMED", "IN_PROGRESS", ""), skills.Fallback, nil},
		"a no to an intent is a no":                                                    {said(asked, "ForgetIntent", "DENIED", "IN_PROGRESS", ""), skills.No, nil},
		"a no is a no, whoever asked":                                                  {said(unasked, "ForgetIntent", "DENIED", "COMPLETED", ""), skills.No, nil},
		"a no to a question is no question":                                            {said(which, "SpendingIntent", "DENIED", "IN_PROGRESS", savings), skills.No, nil},
		"neither yes nor no is the intent again":                                       {said(asked, "ForgetIntent", "NONE", "IN_PROGRESS", ""), skills.Forget, nil},
		"a question that goes on has what was said before":                             {said(which, "SpendingIntent", "NONE", "IN_PROGRESS", savings), skills.Spending, whole},
		"a word keeps what it was resolved to":                                         {said(which, "SpendingIntent", "NONE", "IN_PROGRESS", savings+","+food), skills.Spending, whole},
		"a word that was said anew counts":                                             {said(which, "SpendingIntent", "NONE", "COMPLETED", fuel), skills.Spending, skills.Slots{"account": {Heard: "pot"}, "category": {Heard: "fuel", Values: []string{"transport"}}, "period": {Heard: "2026-W47"}}},
		"a question that begins has nothing of the one before":                         {said(which, "SpendingIntent", "NONE", "STARTED", savings), skills.Spending, skills.Slots{"account": whole["account"]}},
		"a question without a dialogue of Alexa's has nothing of the one before":       {said(which, "SpendingIntent", "NONE", "", savings), skills.Spending, skills.Slots{"account": whole["account"]}},
		"another question that goes on has nothing of ours":                            {said(which, "TransactionsIntent", "NONE", "IN_PROGRESS", savings), skills.Transactions, skills.Slots{"account": whole["account"]}},
		"what was asked for and not said is as it was, so that nothing broader is":     {said(which, "SpendingIntent", "NONE", "IN_PROGRESS", ""), skills.Spending, skills.Slots{"account": {Heard: "pot"}, "category": whole["category"], "period": whole["period"]}},
		"a yes in its own intent is a yes, as on devices that know no dialogue":        {said(asked, "AMAZON.YesIntent", "NONE", "", ""), skills.Yes, nil},
		"a state that nobody knows goes on":                                            {said(which, "SpendingIntent", "NONE", "DREAMING", savings), skills.Spending, whole},
		"a new session has no dialogue, whatever its attributes say, so a yes is none": {request("TYPE", "IntentRequest", "NEW", "true", "ATTRIBUTES", asked, "MORE", `,"dialogState":"IN_PROGRESS","intent":{"name":"ForgetIntent","confirmationStatus":"CONFIRMED"}`), skills.Forget, nil},
	} {
		t.Run(name, func(t *testing.T) {
			turn, aside, err := platform(t).Decode(nil, tc.body)
			if err != nil || aside != nil {
				t.Fatalf("%s: %v", tc.body, err)
			}
			if turn.Intent != tc.want {
				t.Errorf("got %q, want %q", turn.Intent, tc.want)
			}
			if diff := cmp.Diff(tc.slots, turn.Slots); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestWhatAlexaIsToldToListenFor(t *testing.T) {
	forget := skills.Dialogue{Intent: skills.Forget, Asked: skills.AskedConfirm}
	which := skills.Dialogue{Intent: skills.Spending, Asked: string(skills.SlotAccount)}
	const confirm, elicit, delegated = `[{"type":"Dialog.ConfirmIntent"}]`, `[{"type":"Dialog.ElicitSlot","slotToElicit":"account"}]`, `[{"type":"Dialog.Delegate"}]`
	const session, again = `{"intent":"ForgetIntent","asked":"confirm"}`, `{"intent":"ForgetIntent","asked":"confirm","open":true}`
	for name, tc := range map[string]struct {
		body  []byte
		reply skills.Reply
		want  string
	}{
		"a yes to the intent":                               {said("{}", "ForgetIntent", "NONE", "STARTED", ""), skills.Reply{Ask: true, Dialogue: forget}, confirm},
		"a yes to the intent, after another one":            {said(`{"intent":"BalanceIntent","open":true}`, "ForgetIntent", "NONE", "IN_PROGRESS", ""), skills.Reply{Ask: true, Dialogue: forget}, confirm},
		"by herself, where she has asked and got no answer": {said(session, "ForgetIntent", "NONE", "IN_PROGRESS", ""), skills.Reply{Ask: true, Dialogue: forget}, delegated},
		"by herself, in a conversation that stays open":     {said(again, "ForgetIntent", "NONE", "STARTED", ""), skills.Reply{Ask: true, Dialogue: skills.Dialogue{Intent: skills.Forget, Asked: skills.AskedConfirm, Open: true}}, delegated},
		"a slot":        {said("{}", "SpendingIntent", "NONE", "STARTED", ""), skills.Reply{Ask: true, Dialogue: which}, elicit},
		"a slot, again": {said(`{"intent":"SpendingIntent","asked":"account"}`, "SpendingIntent", "NONE", "IN_PROGRESS", ""), skills.Reply{Ask: true, Dialogue: which}, elicit},
		"nothing of hers, where she keeps no dialogue":                 {said("{}", "ForgetIntent", "NONE", "", ""), skills.Reply{Ask: true, Dialogue: forget}, ""},
		"nothing of hers, where she is done with it":                   {said(session, "ForgetIntent", "NONE", "COMPLETED", ""), skills.Reply{Ask: true, Dialogue: forget}, ""},
		"nothing of hers, where the question belongs to another one":   {said("{}", "BalanceIntent", "NONE", "STARTED", ""), skills.Reply{Ask: true, Dialogue: which}, ""},
		"nothing of hers, where it is asked again on request":          {said(session, "AMAZON.RepeatIntent", "NONE", "STARTED", ""), skills.Reply{Ask: true, Dialogue: forget}, ""},
		"nothing of hers, where a list would go on":                    {said("{}", "BalanceIntent", "NONE", "STARTED", ""), skills.Reply{Ask: true, Dialogue: skills.Dialogue{Intent: skills.Balance, Asked: skills.AskedMore}}, ""},
		"nothing of hers, where the slot is none that is asked for":    {said("{}", "TransactionsIntent", "NONE", "STARTED", ""), skills.Reply{Ask: true, Dialogue: skills.Dialogue{Intent: skills.Transactions, Asked: string(skills.SlotCount)}}, ""},
		"nothing of hers, where the intent has no such slot":           {said("{}", "BalanceIntent", "NONE", "STARTED", ""), skills.Reply{Ask: true, Dialogue: skills.Dialogue{Intent: skills.Balance, Asked: string(skills.SlotPeriod)}}, ""},
		"nothing, after an end":                                        {said("{}", "ForgetIntent", "NONE", "STARTED", ""), skills.Reply{Ask: true, End: true, Dialogue: forget}, ""},
		"nothing, after an answer":                                     {said("{}", "SpendingIntent", "NONE", "STARTED", ""), skills.Reply{Dialogue: which}, ""},
		"what is asked with a fact, which she cannot say from a model": {said(session, "ForgetIntent", "NONE", "IN_PROGRESS", ""), skills.Reply{Ask: true, Dialogue: forget, Facts: []skills.Fact{{Kind: skills.FactCount, Count: 1}}}, confirm},
	} {
		t.Run(name, func(t *testing.T) {
			p := platform(t)
			turn, _, err := p.Decode(nil, tc.body)
			if err != nil {
				t.Fatal(err)
			}
			out, err := p.Encode(turn, tc.reply, speech.Spoken{SSML: "<speak>Sure?</speak>", RepromptSSML: "<speak>Yes or no?</speak>"})
			if err != nil {
				t.Fatal(err)
			}
			var got struct {
				Attributes json.RawMessage `json:"sessionAttributes"`
				Response   struct {
					Directives json.RawMessage `json:"directives"`
					Speech     json.RawMessage `json:"outputSpeech"`
					Reprompt   json.RawMessage `json:"reprompt"`
					End        bool            `json:"shouldEndSession"`
				} `json:"response"`
			}
			if err := json.Unmarshal(out, &got); err != nil {
				t.Fatalf("%v: %s", err, out)
			}
			if directives := string(got.Response.Directives); directives != tc.want {
				t.Errorf("got %s, want %s", directives, tc.want)
			}
			if silent := got.Response.Speech == nil && got.Response.Reprompt == nil; silent != (tc.want == delegated) {
				t.Errorf("what is said beside it: %s", out)
			}
			if tc.want != "" && (got.Response.End || !strings.Contains(string(got.Attributes), tc.reply.Dialogue.Asked)) {
				t.Errorf("hung up, or forgot what was asked: %s", out)
			}
		})
	}
}

// TestADeviceInADialogueHearsWhatAlexaWould has our own device do as Alexa does with each directive.
func TestADeviceInADialogueHearsWhatAlexaWould(t *testing.T) {
	asked := skills.Reply{Ask: true, Dialogue: skills.Dialogue{Intent: skills.Forget, Asked: skills.AskedConfirm}}
	say := func(d *alexa.Device, intent skills.Intent, slots skills.Slots) (body []byte) {
		body, err := d.Ask(intent, slots)
		if err != nil {
			t.Fatal(err)
		}
		return body
	}
	sent := func(body []byte, members ...string) {
		t.Helper()
		for _, m := range members {
			if !strings.Contains(string(body), m) {
				t.Errorf("the request has no %s: %s", m, body)
			}
		}
	}
	d := device()
	body := say(d, skills.Forget, nil)
	sent(body, `"dialogState":"STARTED"`, `"confirmationStatus":"NONE"`)
	hears(t, d, body, asked)
	body = say(d, skills.Forget, nil)
	sent(body, `"dialogState":"IN_PROGRESS"`, `"confirmationStatus":"NONE"`)
	if _, heard := hears(t, d, body, asked); heard.SSML != "<speak>Shall I forget you? Please say yes or no.</speak>" || heard.Ended {
		t.Errorf("delegated, Alexa says %+v", heard)
	}
	other := device() // another process goes on with it
	other.Resume(d.Conversation())
	for answer, status := range map[skills.Intent]string{skills.Yes: "CONFIRMED", skills.No: "DENIED"} {
		other.Resume(d.Conversation())
		body = say(other, answer, nil)
		sent(body, `"ForgetIntent"`, `"confirmationStatus":"`+status+`"`, `"dialogState":"IN_PROGRESS"`)
		if turn, _ := hears(t, other, body, skills.Reply{}); turn.Intent != answer {
			t.Errorf("%s is heard as %q", status, turn.Intent)
		}
	}
	d = device()
	which := skills.Slots{skills.SlotAccount: {Heard: "pot"}, skills.SlotPeriod: {Heard: "2026-W47"}}
	hears(t, d, say(d, skills.Spending, which), skills.Reply{Ask: true, Dialogue: skills.Dialogue{Intent: skills.Spending, Slots: which, Asked: "account"}})
	body = say(d, skills.Balance, skills.Slots{skills.SlotAccount: {Heard: "saver", Values: []string{"savings"}}}) // "the saver"
	sent(body, `"SpendingIntent"`, `"dialogState":"IN_PROGRESS"`, `"2026-W47"`, `"saver"`)
	if _, heard := hears(t, d, body, skills.Reply{}); !heard.Ended || d.Conversation().Dialog.Intent != "" {
		t.Errorf("an answer ends the dialogue: %+v", d.Conversation())
	}
	hears(t, d, say(d, skills.Spending, which), skills.Reply{Ask: true, Dialogue: skills.Dialogue{Intent: skills.Spending, Slots: which, Asked: "account"}})
	sent(say(d, skills.Transactions, nil), `"TransactionsIntent"`, `"dialogState":"STARTED"`)
	if body := string(say(device(), skills.Help, nil)); strings.Contains(body, "dialogState") {
		t.Errorf("an intent without rules has a dialogue: %s", body)
	}
}

// intentOfModel is what the language model has of an intent.
type intentOfModel struct {
	Name  string
	Slots []struct {
		Name, Type string
		Samples    []string
	}
}

// TestTheModelHasADialogueForAllThatIsAsked: Alexa takes a directive for no other intent and slot than the model has rules for, and asks nothing unless told.
func TestTheModelHasADialogueForAllThatIsAsked(t *testing.T) {
	for _, file := range []string{modelFile, britishFile} {
		var m struct {
			InteractionModel struct {
				LanguageModel struct {
					Intents []intentOfModel
				}
				Dialog struct {
					DelegationStrategy string
					Intents            []struct {
						Name, DelegationStrategy string
						ConfirmationRequired     bool
						Prompts                  map[string]string
						Slots                    []struct {
							Name, Type                                string
							ConfirmationRequired, ElicitationRequired bool
							Prompts                                   map[string]string
						}
					}
				}
				Prompts []struct {
					ID         string
					Variations []struct{ Type, Value string }
				}
			}
		}
		if err := json.Unmarshal(pack(t, brand)[file], &m); err != nil {
			t.Fatal(err)
		}
		model := m.InteractionModel
		says := map[string]string{}
		for _, p := range model.Prompts {
			if len(p.Variations) != 1 || p.Variations[0].Type != "PlainText" || says[p.ID] != "" {
				t.Errorf("%s: %+v", p.ID, p)
			}
			says[p.ID] = p.Variations[0].Value
		}
		used := 0
		prompt := func(prompts map[string]string, kind, want string) {
			t.Helper()
			used++
			if got := says[prompts[kind]]; got != want {
				t.Errorf("asks %q, want %q", got, want)
			}
		}
		if model.Dialog.DelegationStrategy != "SKILL_RESPONSE" {
			t.Errorf("Alexa asks by herself: %s", model.Dialog.DelegationStrategy)
		}
		var names []string
		for _, intent := range model.Dialog.Intents {
			names = append(names, intent.Name)
			if intent.DelegationStrategy != "SKILL_RESPONSE" || intent.ConfirmationRequired != (intent.Name == "ForgetIntent") {
				t.Errorf("%+v", intent)
			}
			if intent.ConfirmationRequired {
				prompt(intent.Prompts, "confirmation", "Shall I forget you? Please say yes or no.")
			}
			in := slices.IndexFunc(model.LanguageModel.Intents, func(i intentOfModel) bool { return i.Name == intent.Name })
			if in < 0 || len(model.LanguageModel.Intents[in].Slots) != len(intent.Slots) || intent.Slots == nil {
				t.Fatalf("%s has other slots in the dialogue", intent.Name)
			}
			for i, slot := range intent.Slots {
				same := model.LanguageModel.Intents[in].Slots[i]
				if slot.Name != same.Name || slot.Type != same.Type || slot.ConfirmationRequired {
					t.Errorf("%s: %+v, in the language model %+v", intent.Name, slot, same)
				}
				ask := map[string]string{
					"account": "Which account would you like?", "category": "What kind of spending would you like to know about?", "period": "Which dates would you like to know about?",
					"merchant": "Which shop would you like to know about?",
				}[slot.Name]
				if slot.ElicitationRequired != (ask != "") || (len(same.Samples) > 0) != (ask != "") {
					t.Errorf("%s: %s is asked for: %v, how it is said alone: %v", intent.Name, slot.Name, slot.ElicitationRequired, same.Samples)
				}
				if ask != "" {
					prompt(slot.Prompts, "elicitation", ask)
				}
			}
		}
		if want := []string{"BalanceIntent", "SpendingIntent", "TransactionsIntent", "ForgetIntent"}; !slices.Equal(names, want) {
			t.Errorf("dialogues for %v, want %v", names, want)
		}
		if used != len(says) {
			t.Errorf("%d prompts, of which %d are used: %s", len(says), used, fmt.Sprint(says))
		}
	}
}
