package alexa_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sotto/banking"
	"sotto/skills"
	"sotto/skills/speech"
)

func encode(t testing.TB, reply skills.Reply, spoken speech.Spoken) string {
	t.Helper()
	out, err := platform(t).Encode(skills.Turn{Locale: "en-US"}, reply, spoken)
	if err != nil {
		t.Fatal(err)
	}
	if !json.Valid(out) {
		t.Fatalf("not JSON: %s", out)
	}
	return string(out)
}

func TestEncode(t *testing.T) {
	dialogue := skills.Dialogue{Intent: skills.Forget, Asked: skills.AskedConfirm}
	for name, tc := range map[string]struct {
		reply  skills.Reply
		spoken speech.Spoken
		want   string
	}{
		"an answer ends the session": {
			skills.Reply{Dialogue: dialogue},
			speech.Spoken{SSML: "<speak>Done.</speak>", Text: "Done."},
			`{"version":"1.0","response":{"outputSpeech":{"type":"SSML","ssml":"<speak>Done.</speak>"},"shouldEndSession":true}}`,
		},
		"a question keeps it open, asks again into silence, and remembers what it asked": {
			skills.Reply{Ask: true, Dialogue: dialogue},
			speech.Spoken{SSML: "<speak>Sure?</speak>", RepromptSSML: "<speak>Yes or no?</speak>"},
			`{"version":"1.0","sessionAttributes":{"intent":"ForgetIntent","asked":"confirm"},"response":{"outputSpeech":{"type":"SSML","ssml":"<speak>Sure?</speak>"},` +
				`"reprompt":{"outputSpeech":{"type":"SSML","ssml":"<speak>Yes or no?</speak>"}},"shouldEndSession":false}}`,
		},
		"a question without other words for silence is asked again": {
			skills.Reply{Ask: true},
			speech.Spoken{SSML: "<speak>Sure?</speak>"},
			`{"version":"1.0","response":{"outputSpeech":{"type":"SSML","ssml":"<speak>Sure?</speak>"},` +
				`"reprompt":{"outputSpeech":{"type":"SSML","ssml":"<speak>Sure?</speak>"}},"shouldEndSession":false}}`,
		},
		"a customer who is not linked gets Alexa's own card": {
			skills.Reply{LinkCard: true, End: true},
			speech.Spoken{SSML: "<speak>Open the Alexa app.</speak>"},
			`{"version":"1.0","response":{"outputSpeech":{"type":"SSML","ssml":"<speak>Open the Alexa app.</speak>"},"card":{"type":"LinkAccount"},"shouldEndSession":true}}`,
		},
		"an end is an end, whatever was asked": {
			skills.Reply{Ask: true, End: true},
			speech.Spoken{SSML: "<speak>Bye.</speak>", RepromptSSML: "<speak>Still there?</speak>"},
			`{"version":"1.0","response":{"outputSpeech":{"type":"SSML","ssml":"<speak>Bye.</speak>"},"shouldEndSession":true}}`,
		},
		"quotes and lines in words stay words": {
			skills.Reply{},
			speech.Spoken{SSML: "<speak>\"M&amp;S\"\n\\ \u2028</speak>"},
			`{"version":"1.0","response":{"outputSpeech":{"type":"SSML","ssml":"<speak>\"M&amp;S\"\n\\ ` + "\u2028" + `</speak>"},"shouldEndSession":true}}`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			var got, want any
			out := encode(t, tc.reply, tc.spoken)
			if err := json.Unmarshal([]byte(out), &got); err != nil {
				t.Fatal(err)
			}
			if err := json.Unmarshal([]byte(strings.ReplaceAll(tc.want, "\n", `\n`)), &want); err != nil {
				want = strings.ReplaceAll(tc.want, "\n", `\n`)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestWhatDoesNotFitBecomesAnApology(t *testing.T) {
	long := func(n int) string { return "<speak>" + strings.Repeat("a", n-len("<speak></speak>")) + "</speak>" }
	apology := speech.Say("en-US", skills.Reply{Key: skills.TooLong}).SSML
	for name, tc := range map[string]struct {
		spoken speech.Spoken
		cut    bool
	}{
		"8,000 characters are said":                    {speech.Spoken{SSML: long(8000)}, false},
		"8,001 characters are not":                     {speech.Spoken{SSML: long(8001)}, true},
		"8,000 characters of two bytes are said":       {speech.Spoken{SSML: "<speak>" + strings.Repeat("é", 7985) + "</speak>", RepromptSSML: "<speak>?</speak>"}, false},
		"4,001 characters that count twice are not":    {speech.Spoken{SSML: "<speak>" + strings.Repeat("💷", 4001) + "</speak>"}, true},
		"a question too long to be asked again is not": {speech.Spoken{SSML: "<speak>x</speak>", RepromptSSML: long(8001)}, true},
		"more than 24 kB in 8,000 characters are not":  {speech.Spoken{SSML: "<speak>" + strings.Repeat("円", 7980) + "</speak>", RepromptSSML: "<speak>" + strings.Repeat("円", 7980) + "</speak>"}, true},
	} {
		t.Run(name, func(t *testing.T) {
			out := encode(t, skills.Reply{Ask: true}, tc.spoken)
			if len(out) > 24<<10 {
				t.Errorf("%d bytes", len(out))
			}
			var r struct {
				Response struct {
					OutputSpeech struct{ SSML string }
				}
			}
			if err := json.Unmarshal([]byte(out), &r); err != nil {
				t.Fatal(err)
			}
			want := tc.spoken.SSML
			if tc.cut {
				want = apology
			}
			if got := r.Response.OutputSpeech.SSML; got != want {
				t.Errorf("got %.60q…, want %.60q…", got, want)
			}
		})
	}
}

func TestSessionAttributesHoldNoFact(t *testing.T) {
	out := encode(t, skills.Reply{
		Ask: true,
		Facts: []skills.Fact{{
			Kind: skills.FactBalance, Account: skills.AccountName{Name: "Rainy day", Digits: "4242", Bank: "Albion"}, Bank: "Albion",
			Money: banking.Money{Minor: 1234567}, Merchant: "Greengrocer", Count: 77,
		}},
		Dialogue: skills.Dialogue{Intent: skills.Balance, Asked: string(skills.SlotAccount)},
	}, speech.Spoken{SSML: "<speak>Which one?</speak>"})
	for _, fact := range []string{"Rainy", "4242", "Albion", "1234567", "12345", "Greengrocer", "77"} {
		if strings.Contains(out, fact) {
			t.Errorf("%s in %s", fact, out)
		}
	}
}
