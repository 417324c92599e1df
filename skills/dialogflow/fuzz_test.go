package dialogflow_test

import (
	"encoding/json"
	"testing"

	"sotto/skills"
	"sotto/skills/speech"
)

// FuzzES and FuzzCX look for a body that is neither refused for a reason nor read to something the catalogue has, or of which the answer
// is no JSON. That Google's own types take the answers is judged in tests/judge/google, which are too large to be fuzzed with.
func FuzzES(f *testing.F) {
	es, _ := agents(f)
	f.Add(esBody())
	f.Add(esBody("INTENT", `{"displayName":"SpendingIntent"}`, "PARAMETERS", `{"category":["a",1.0],"period":{"startDate":{"month":3}},"account":{"a":"b"}}`))
	f.Add(esBody("TEXT", "123456", "CONTEXTS", `[{"name":"`+session+`/contexts/sotto","parameters":{"dialogue":"{\"at\":1795435200,\"dialogue\":{\"intent\":\"ForgetIntent\"}}"}}]`))
	f.Fuzz(func(t *testing.T, body []byte) {
		turn, _, err := es.Decode(nil, body)
		if err != nil {
			reason(t, err)
			return
		}
		reply := fuzzed(t, turn)
		out, err := es.Encode(turn, reply, speech.Say(turn.Locale, reply))
		if err != nil {
			t.Fatal(err)
		}
		if !json.Valid(out) {
			t.Fatalf("%s", out)
		}
	})
}

func FuzzCX(f *testing.F) {
	_, cx := agents(f)
	f.Add(cxBody())
	f.Add(cxBody("TAG", "SpendingIntent", "PARAMETERS", `{"category":{"resolvedValue":["a",1.0]},"period":{"resolvedValue":{"startDate":{"month":3}}},"account":{"originalValue":"x"}}`))
	f.Add(cxBody("TEXT", "123456", "KEPT", `{"sotto_dialogue":"{\"at\":1795435200,\"dialogue\":{\"intent\":\"ForgetIntent\"}}"}`, "MORE", `,"payload":{"telephony":{}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		turn, _, err := cx.Decode(nil, body)
		if err != nil {
			reason(t, err)
			return
		}
		reply := fuzzed(t, turn)
		out, err := cx.Encode(turn, reply, speech.Say(turn.Locale, reply))
		if err != nil {
			t.Fatal(err)
		}
		if !json.Valid(out) {
			t.Fatalf("%s", out)
		}
	})
}

// fuzzed looks at a turn that was read from anything, and gives a reply to it.
func fuzzed(t *testing.T, turn skills.Turn) skills.Reply {
	if _, known := skills.Lookup(turn.Intent); !known && turn.Intent != skills.LinkCode || turn.ID == "" || turn.Token != "" {
		t.Fatalf("%+v is no turn", turn)
	}
	for name, slot := range turn.Slots {
		if len(slot.Heard) > skills.MaxHeard || len(slot.Values) > skills.MaxValues || slot.Heard == "" {
			t.Fatalf("%s of %s is %+v", name, turn.Intent, slot)
		}
	}
	return skills.Reply{Key: skills.AskAnything, Ask: true, Dialogue: turn.Dialogue}
}

func BenchmarkTurn(b *testing.B) {
	es, cx := agents(b)
	reply := skills.Reply{Key: skills.BalanceSaid}
	spoken := speech.Spoken{Text: "Your current account has 1,234 pounds and 56 pence.", SSML: "<speak>Your current account has 1,234 pounds and 56 pence.</speak>"}
	h := header("Authorization", basic("sotto", "sesame"), "Sotto-Token", "token")
	run := func(b *testing.B, p interface {
		decoder
		Encode(skills.Turn, skills.Reply, speech.Spoken) ([]byte, error)
	}, body []byte,
	) {
		b.ReportAllocs()
		for b.Loop() {
			if err := es.Verify(b.Context(), h, body); err != nil {
				b.Fatal(err)
			}
			turn, _, err := p.Decode(h, body)
			if err != nil {
				b.Fatal(err)
			}
			if _, err := p.Encode(turn, reply, spoken); err != nil {
				b.Fatal(err)
			}
		}
	}
	b.Run("ES", func(b *testing.B) { run(b, es, esBody()) })
	b.Run("CX", func(b *testing.B) { run(b, cx, cxBody()) })
}
