package alexa

import (
	"errors"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"sotto/skills"
	"sotto/skills/speech"
)

// What a response may measure: speech in characters, as Alexa counts its markup too; the whole in bytes, as the older of Amazon's
// two documents has it.
const (
	maxSpeech   = 8000
	maxResponse = 24 << 10
)

// silence is the answer where no speech may be returned.
const silence = `{"version":"1.0","response":{}}`

// errTooLong means that even the apology for a reply too long is too long, which only a mistake in package speech can cause.
var errTooLong = errors.New("alexa: the words do not fit into a response")

// Encode writes the response to a turn. The session goes on only where a question was asked, because a skill must not listen
// without having asked for something; where Alexa has a dialogue about it of her own, a directive says what she is to listen for. What does not fit is
// never cut: an apology says to ask for less. No card but Alexa's own for linking is ever shown, since cards stay in the household's app. Session
// attributes hold the dialogue, which has no facts.
func (p *Platform) Encode(turn skills.Turn, reply skills.Reply, spoken speech.Spoken) ([]byte, error) {
	response, err := write(turn, reply, spoken)
	if errors.Is(err, errTooLong) {
		reply = skills.Reply{Key: skills.TooLong}
		return write(turn, reply, speech.Say(turn.Locale, reply))
	}
	return response, err
}

func write(turn skills.Turn, reply skills.Reply, spoken speech.Spoken) ([]byte, error) {
	if longer(spoken.SSML, maxSpeech) || longer(spoken.RepromptSSML, maxSpeech) {
		return nil, errTooLong
	}
	open := reply.Ask && !reply.End
	b := make([]byte, 0, len(spoken.SSML)+len(spoken.RepromptSSML)+512)
	b = append(b, `{"version":"1.0"`...)
	if open {
		dialogue, err := reply.Dialogue.Carried()
		if err != nil {
			return nil, err
		}
		if dialogue != nil {
			b = append(append(b, `,"sessionAttributes":`...), dialogue...)
		}
	}
	kind, slot := "", skills.SlotName("")
	if open {
		kind, slot = directive(turn, reply)
	}
	if kind == delegate {
		return append(b, `,"response":{"directives":[{"type":"`+delegate+`"}],"shouldEndSession":false}}`...), nil
	}
	b = append(b, `,"response":{"outputSpeech":`...)
	b, err := appendSpeech(b, spoken.SSML)
	if err != nil {
		return nil, err
	}
	if reply.LinkCard {
		b = append(b, `,"card":{"type":"LinkAccount"}`...)
	}
	if open {
		again := spoken.RepromptSSML
		if again == "" {
			again = spoken.SSML
		}
		b = append(b, `,"reprompt":{"outputSpeech":`...)
		if b, err = appendSpeech(b, again); err != nil {
			return nil, err
		}
		b = append(b, '}')
		if kind != "" {
			b = append(b, `,"directives":[{"type":"`+kind...)
			if slot != "" {
				b = append(b, `","slotToElicit":"`+slot...)
			}
			b = append(b, `"}]`...)
		}
		b = append(b, `,"shouldEndSession":false}}`...)
	} else {
		b = append(b, `,"shouldEndSession":true}}`...)
	}
	if len(b) > maxResponse {
		return nil, errTooLong
	}
	return b, nil
}

func appendSpeech(b []byte, ssml string) ([]byte, error) {
	b = append(b, `{"type":"SSML","ssml":`...)
	b, err := jsontext.AppendQuote(b, ssml)
	return append(b, '}'), err
}

// longer says whether s has more than n characters, as UTF-16 counts them, which is how the platforms do.
func longer(s string, n int) bool {
	if len(s) <= n {
		return false
	}
	units := 0
	for _, r := range s {
		units++
		if r > 0xffff && r != utf8.RuneError {
			units++
		}
	}
	return units > n
}
