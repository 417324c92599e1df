package dialogflow_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"sotto/skills"
	"sotto/skills/speech"
)

func TestWhatComesBackFromASessionIsNotBelieved(t *testing.T) {
	es, cx := agents(t)
	old := func(d time.Duration) string {
		return fmt.Sprintf(`{"at":%d,"dialogue":{"intent":"ForgetIntent","asked":"confirm"}}`, present.Add(d).Unix())
	}
	for name, tc := range map[string]struct {
		value any
		want  skills.Intent
	}{
		"a question of ten minutes ago stands":    {old(-10 * time.Minute), skills.Forget},
		"a question of yesterday is forgotten":    {old(-24 * time.Hour), ""},
		"a question of tomorrow was never asked":  {old(24 * time.Hour), ""},
		"a dialogue without its time":             {`{"dialogue":{"intent":"ForgetIntent","asked":"confirm"}}`, ""},
		"a dialogue with a fact in it":            {fmt.Sprintf(`{"at":%d,"dialogue":{"intent":"BalanceIntent","balance":"1"}}`, present.Unix()), ""},
		"a dialogue about an intent there is not": {fmt.Sprintf(`{"at":%d,"dialogue":{"intent":"TransferIntent"}}`, present.Unix()), ""},
		"a dialogue of ten kilobytes":             {fmt.Sprintf(`{"at":%d,"dialogue":{"intent":"ForgetIntent"}}%s`, present.Unix(), strings.Repeat(" ", 10<<10)), ""},
		"a dialogue cut off":                      {old(0)[:40], ""},
		"a dialogue with a member of somebody's":  {fmt.Sprintf(`{"at":%d,"evil":1,"dialogue":{"intent":"ForgetIntent"}}`, present.Unix()), ""},
		"a time beyond all time":                  {`{"at":9223372036854775807,"dialogue":{"intent":"ForgetIntent"}}`, ""},
		"an object in its place":                  {map[string]any{"at": present.Unix()}, ""},
		"a number in its place":                   {1, ""},
		"nothing in its place":                    {nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			value, err := json.Marshal(tc.value)
			if err != nil {
				t.Fatal(err)
			}
			contexts := `[{"name":"` + session + `/contexts/sotto","parameters":{"dialogue":` + string(value) + `}}]`
			if got := decode(t, es, nil, esBody("CONTEXTS", contexts)).Dialogue.Intent; got != tc.want {
				t.Errorf("ES: %q", got)
			}
			if got := decode(t, cx, nil, cxBody("KEPT", `{"sotto_dialogue":`+string(value)+`}`)).Dialogue.Intent; got != tc.want {
				t.Errorf("CX: %q", got)
			}
		})
	}
}

func TestAReplyThatDoesNotFitIsAnApology(t *testing.T) {
	es, cx := agents(t)
	long := speech.Spoken{Text: strings.Repeat("word ", 20<<10), SSML: "<speak>word</speak>"}
	reply := skills.Reply{Key: skills.BalanceSaid}
	for _, encode := range []func(skills.Turn, skills.Reply, speech.Spoken) ([]byte, error){es.Encode, cx.Encode} {
		body, err := encode(skills.Turn{Wire: session, Locale: "en-US"}, reply, long)
		if err != nil || len(body) > 4<<10 || !strings.Contains(string(body), "too much to say at once") {
			t.Errorf("%d bytes, %v", len(body), err)
		}
	}
	quotes := speech.Spoken{Text: strings.Repeat("\x01", 12<<10), SSML: "<speak/>"} // six bytes each
	if body, err := es.Encode(skills.Turn{Locale: "en-US"}, reply, quotes); err != nil || len(body) > 64<<10 {
		t.Errorf("%d bytes, %v", len(body), err)
	}
}
