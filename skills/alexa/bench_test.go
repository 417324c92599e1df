package alexa_test

import (
	"encoding/json"
	"testing"

	"sotto/skills"
	"sotto/skills/speech"
)

// question is a balance question of the size that Alexa sends, about 4.7 kB.
func question(b *testing.B) []byte {
	b.Helper()
	token := make([]byte, 900)
	permission := make([]byte, 1400)
	for i := range token {
		token[i] = "abcdefghijklmnopqrstuvwxyz"[i%26]
	}
	for i := range permission {
		permission[i] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"[i%26]
	}
	speaker := `{"userId":"amzn1.ask.account.` + string(token[:180]) + `","accessToken":"` + string(token) + `"}`
	return request("TYPE", "IntentRequest",
		"SESSION", `{"new":true,"sessionId":"amzn1.echo-api.session.0c7a1d52","application":{"applicationId":"`+skillID+`"},"attributes":{},"user":`+speaker+`}`,
		"CONTEXT", `{"System":{"application":{"applicationId":"`+skillID+`"},"user":`+speaker+`,"device":{"deviceId":"amzn1.ask.device.`+string(permission[:200])+
			`","supportedInterfaces":{"AudioPlayer":{}}},"apiEndpoint":"https://api.amazonalexa.com","apiAccessToken":"`+string(permission)+`"},"Viewports":[{"type":"APL","id":"main"}]}`,
		"MORE", `,"dialogState":"STARTED","intent":{"name":"BalanceIntent","confirmationStatus":"NONE","slots":{"account":{"name":"account","value":"savings"`+
			resolved(skillID+".AccountType", "savings")+`,"confirmationStatus":"NONE","source":"USER"}}}`)
}

func BenchmarkVerify(b *testing.B) {
	platform, _, _ := house(b, stopped)
	body := question(b)
	header := signed(b, genuine, body)
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		if err := platform.Verify(b.Context(), header, body); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDecode(b *testing.B) {
	body := question(b)
	b.Run("typed", func(b *testing.B) {
		p := platform(b)
		b.SetBytes(int64(len(body)))
		b.ReportAllocs()
		for b.Loop() {
			if _, _, err := p.Decode(nil, body); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("encoding-json", func(b *testing.B) { // the baseline, which accepts what ours refuses
		b.SetBytes(int64(len(body)))
		b.ReportAllocs()
		for b.Loop() {
			var e baseline
			if err := json.Unmarshal(body, &e); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// baseline is as much of a request as encoding/json needs to read for the same turn.
type baseline struct {
	Session struct {
		New         bool
		Application struct{ ApplicationID string }
		Attributes  json.RawMessage
		User        struct{ AccessToken string }
	}
	Context struct {
		System struct {
			Application  struct{ ApplicationID string }
			User, Person struct{ AccessToken string }
		}
	}
	Request struct {
		Type, RequestID, Locale string
		Timestamp               json.RawMessage
		Intent                  struct {
			Name  string
			Slots map[string]struct {
				Value       string
				Resolutions struct {
					ResolutionsPerAuthority []struct {
						Authority string
						Status    struct{ Code string }
						Values    []struct{ Value struct{ Name, ID string } }
					}
				}
			}
		}
	}
}

func BenchmarkEncode(b *testing.B) {
	reply := skills.Reply{Ask: true, Dialogue: skills.Dialogue{Intent: skills.Balance, Asked: skills.AskedMore}}
	spoken := speech.Spoken{
		SSML:         "<speak>Your current account holds one thousand two hundred and thirty-four pounds and fifty-six pence. Would you like to hear the others?</speak>",
		RepromptSSML: "<speak>Would you like to hear the others?</speak>",
	}
	b.Run("appended", func(b *testing.B) {
		p := platform(b)
		b.ReportAllocs()
		for b.Loop() {
			if _, err := p.Encode(skills.Turn{}, reply, spoken); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("encoding-json", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			say := map[string]any{"type": "SSML", "ssml": spoken.SSML}
			if _, err := json.Marshal(map[string]any{"version": "1.0", "sessionAttributes": reply.Dialogue, "response": map[string]any{
				"outputSpeech": say, "reprompt": map[string]any{"outputSpeech": say}, "shouldEndSession": false,
			}}); err != nil {
				b.Fatal(err)
			}
		}
	})
}
