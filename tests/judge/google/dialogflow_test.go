package google_test

import (
	"crypto/rand"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sotto/banking"
	"sotto/skills"
	"sotto/skills/dialogflow"
	"sotto/skills/speech"
	"sotto/tests/judge/google"
)

// present is a Monday.
var present = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func agents(t *testing.T) (dialogflow.ES, dialogflow.CX) {
	t.Helper()
	now := func() time.Time { return present }
	catalogue, err := skills.NewCatalogue(now)
	if err != nil {
		t.Fatal(err)
	}
	es, cx, err := dialogflow.New(dialogflow.Config{
		Username: "sotto", Password: "sesame", Client: "google", Catalogue: catalogue, Now: now,
		Read: func(string, string, skills.Dialogue) (skills.Intent, skills.Slots) { return skills.Fallback, nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	return es, cx
}

type decoder interface {
	Decode(http.Header, []byte) (skills.Turn, *skills.Aside, error)
}

func dialogueOf(t *testing.T, d decoder, body string) skills.Dialogue {
	t.Helper()
	turn, _, err := d.Decode(nil, []byte(body))
	if err != nil {
		t.Fatal(err)
	}
	return turn.Dialogue
}

func TestTheDialogueTravelsThroughTheSession(t *testing.T) {
	es, cx := agents(t)
	for name, d := range map[string]skills.Dialogue{
		"a conversation that was just opened": {Open: true},
		"a question to confirm":               {Intent: skills.Forget, Asked: skills.AskedConfirm},
		"a question for more":                 {Intent: skills.Transactions, Asked: skills.AskedMore, Page: 3},
		"slots, with what nobody wants in a string": {Intent: skills.Spending, Asked: string(skills.SlotPeriod), Slots: skills.Slots{
			skills.SlotCategory: {Heard: "food", Values: []string{"groceries", "eating out"}}, skills.SlotMerchant: {Heard: `"Ëxtra" & <Söhne>\`},
		}},
	} {
		t.Run(name, func(t *testing.T) {
			reply := skills.Reply{Key: skills.AskAnything, Ask: true, Dialogue: d}
			spoken := speech.Say("en-US", reply)
			body, err := es.Encode(skills.Turn{Wire: session}, reply, spoken)
			if err != nil {
				t.Fatal(err)
			}
			said := google.ES(t, session, body)
			if said.GetFulfillmentText() != spoken.Text || len(said.GetOutputContexts()) != 1 || said.GetOutputContexts()[0].GetLifespanCount() != 2 {
				t.Errorf("%s", body)
			}
			// What Dialogflow sends back: the context, among others, with parameters of its own.
			kept := said.GetOutputContexts()[0].GetParameters().AsMap()
			kept["category"], kept["category.original"] = "groceries", "food"
			contexts, err := json.Marshal([]any{
				map[string]any{"name": session + "/contexts/__system_counters__", "parameters": map[string]any{"no-input": 0.0}},
				map[string]any{"name": said.GetOutputContexts()[0].GetName(), "lifespanCount": 1, "parameters": kept},
			})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(d, dialogueOf(t, es, `{"session":"`+session+`","queryResult":{"intent":{"displayName":"help"},"outputContexts":`+string(contexts)+`}}`)); diff != "" {
				t.Errorf("ES: %s", diff)
			}
			if body, err = cx.Encode(skills.Turn{}, reply, spoken); err != nil {
				t.Fatal(err)
			}
			parameters := map[string]any{"category": "groceries"}
			for name, value := range google.CX(t, body).GetSessionInfo().GetParameters() {
				parameters[name] = value.AsInterface()
			}
			content, err := json.Marshal(parameters)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(d, dialogueOf(t, cx, `{"fulfillmentInfo":{"tag":"help"},"sessionInfo":{"parameters":`+string(content)+`}}`)); diff != "" {
				t.Errorf("CX: %s", diff)
			}
		})
	}
}

func TestADialogueIsEndedWhereNothingWasAsked(t *testing.T) {
	es, cx := agents(t)
	reply := skills.Reply{Key: skills.Goodbye, End: true, Ask: true, Dialogue: skills.Dialogue{Intent: skills.Forget, Asked: skills.AskedConfirm}}
	body, err := es.Encode(skills.Turn{Wire: session}, reply, speech.Say("en-US", reply))
	if err != nil {
		t.Fatal(err)
	}
	if c := google.ES(t, session, body).GetOutputContexts(); len(c) != 1 || c[0].GetLifespanCount() != 0 || c[0].GetParameters() != nil {
		t.Errorf("%s", body)
	}
	if body, err = cx.Encode(skills.Turn{}, reply, speech.Say("en-US", reply)); err != nil {
		t.Fatal(err)
	}
	google.CX(t, body)
	if !strings.Contains(string(body), `"sotto_dialogue":null`) {
		t.Errorf("%s", body)
	}
	if body, err = es.Encode(skills.Turn{}, reply, speech.Say("en-US", reply)); err != nil || strings.Contains(string(body), "outputContexts") {
		t.Errorf("without a session: %s, %v", body, err)
	}
}

func TestAResponseSaysEveryReplyInPlainText(t *testing.T) {
	es, cx := agents(t)
	facts := []skills.Fact{{
		Kind: skills.FactBalance, Account: skills.AccountName{Kind: banking.Savings, Name: `M&S "pot" < 3`, Digits: "1234"}, Bank: "Albion",
		Money: banking.Money{Minor: 123456, Currency: "GBP"},
	}}
	for _, key := range skills.Keys() {
		for _, chat := range []bool{false, true} {
			reply := skills.Reply{Key: key, Chat: chat, Ask: true, Dialogue: skills.Dialogue{Intent: skills.Help}}
			if key == skills.BalanceSaid {
				reply.Facts = facts
			}
			if chat {
				reply.LinkCard, reply.LinkURL = true, "https://bank.example/link/chat?ticket=t&ui_locales=en"
			}
			spoken := speech.Say("en-US", reply)
			if spoken.Text == "" {
				continue // it is never said without facts
			}
			body, err := es.Encode(skills.Turn{Wire: session}, reply, spoken)
			if err != nil {
				t.Fatal(err)
			}
			said := google.ES(t, session, body)
			want := spoken.Text
			if chat {
				want += "\n" + reply.LinkURL
			}
			if said.GetFulfillmentText() != want {
				t.Errorf("%s: ES says %q", key, said.GetFulfillmentText())
			}
			if body, err = cx.Encode(skills.Turn{Wire: "telephony"}, reply, spoken); err != nil {
				t.Fatal(err)
			}
			messages := google.CX(t, body).GetFulfillmentResponse().GetMessages()
			if messages[0].GetText().GetText()[0] != spoken.Text || messages[1].GetOutputAudioText().GetSsml() != spoken.SSML {
				t.Errorf("%s: CX says %s", key, body)
			}
			if chat && messages[2].GetText().GetText()[0] != reply.LinkURL {
				t.Errorf("%s: CX does not say where to link: %s", key, body)
			}
		}
	}
}

// TestACallerAsksAsDialogflowDoes: what ask and the tests send is what Google's own types read, and what is understood.
func TestACallerAsksAsDialogflowDoes(t *testing.T) {
	es, cx := agents(t)
	for _, entry := range skills.Entries() {
		slots := skills.Slots{}
		for _, name := range entry.Slots {
			switch name {
			case skills.SlotPeriod:
				slots[name] = skills.Slot{Heard: "2026-11-16/2026-11-22"}
			case skills.SlotCount:
				slots[name] = skills.Slot{Heard: "3"}
			case skills.SlotMerchant:
				slots[name] = skills.Slot{Heard: "corner shop"}
			case skills.SlotCategory:
				slots[name] = skills.Slot{Heard: "groceries", Values: []string{"groceries"}}
			default:
				slots[name] = skills.Slot{Heard: "savings, card", Values: []string{"savings", "card"}}
			}
		}
		for _, isCX := range []bool{false, true} {
			c := &dialogflow.Caller{CX: isCX, Username: "sotto", Password: "sesame", Locale: "en", Token: "t", Random: rand.Reader}
			body, err := c.Ask("a sentence", entry.Intent, slots)
			if err != nil {
				t.Fatal(err)
			}
			var d decoder = es
			if _, err = google.ReadESRequest(body); isCX {
				d = cx
				_, err = google.ReadCXRequest(body)
			}
			if err != nil {
				t.Errorf("%s, CX %v: %v: %s", entry.Intent, isCX, err, body)
			}
			if err := es.Verify(t.Context(), c.Header(), body); err != nil {
				t.Error(err)
			}
			turn, _, err := d.Decode(c.Header(), body)
			if err != nil || turn.Intent != entry.Intent || turn.Token != "t" {
				t.Errorf("%s, CX %v: %+v, %v", entry.Intent, isCX, turn, err)
			}
			if len(slots) > 0 && entry.Intent != skills.Fallback {
				if diff := cmp.Diff(slots, turn.Slots); diff != "" {
					t.Errorf("%s, CX %v: %s", entry.Intent, isCX, diff)
				}
			}
		}
	}
}
