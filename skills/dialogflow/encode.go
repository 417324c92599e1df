package dialogflow

import (
	"errors"

	"github.com/go-json-experiment/json/jsontext"

	"sotto/skills"
	"sotto/skills/speech"
)

// What a response may measure: a text in bytes, and the whole. Dialogflow takes 64 KiB.
const (
	maxText     = 16 << 10
	maxResponse = 60 << 10
)

// lifespan is how many turns a context is kept for: the answer to what was asked, and one more in between.
const lifespan = "2"

// wantsLink tells the app that the customer types in, where it is the bank's, that he should link: it may show a button.
const wantsLink = `,"payload":{"sotto":{"link":true}}`

// errTooLong means that even the apology for a reply too long is too long, which only a mistake in package speech can cause.
var errTooLong = errors.New("dialogflow: the words do not fit into a response")

// said is a reply in words, as either kind of response is made of it.
type said struct {
	text, ssml, link string
	dialogue         string
}

// whole is the text with the address that begins linking, where there is one.
func (s said) whole() string {
	if s.link == "" {
		return s.text
	}
	return s.text + "\n" + s.link
}

// encode makes a response with write. What does not fit is never cut: an apology says to ask for less.
func (a *agent) encode(turn skills.Turn, reply skills.Reply, spoken speech.Spoken, write func(said) ([]byte, error)) ([]byte, error) {
	dialogue, err := a.writeDialogue(reply)
	if err != nil {
		return nil, err
	}
	out := said{text: spoken.Text, ssml: spoken.SSML, link: reply.LinkURL, dialogue: dialogue}
	var b []byte
	if len(spoken.Text) <= maxText && len(spoken.SSML) <= maxText {
		if b, err = write(out); err != nil {
			return nil, err
		}
	}
	if b != nil && len(b) <= maxResponse {
		return b, nil
	}
	reply = skills.Reply{Key: skills.TooLong, Chat: reply.Chat}
	spoken = speech.Say(turn.Locale, reply)
	if b, err = write(said{text: spoken.Text, ssml: spoken.SSML}); err == nil && len(b) > maxResponse {
		err = errTooLong
	}
	return b, err
}

// Encode writes a google.cloud.dialogflow.v2.WebhookResponse: the words as fulfillmentText and as a message, the address that begins linking
// as a message of its own, and the dialogue in a context of two turns, or that context ended. No context holds a fact.
func (p ES) Encode(turn skills.Turn, reply skills.Reply, spoken speech.Spoken) ([]byte, error) {
	return p.encode(turn, reply, spoken, func(s said) ([]byte, error) {
		w := newWriter(len(s.text)*2 + 512)
		w.raw(`{"fulfillmentText":`).quote(s.whole()).raw(`,"fulfillmentMessages":[{"text":{"text":[`).quote(s.text).raw(`]}}`)
		if s.link != "" {
			w.raw(`,{"text":{"text":[`).quote(s.link).raw(`]}}`)
		}
		w.raw(`]`)
		if turn.Wire != "" {
			w.raw(`,"outputContexts":[{"name":`).quote(turn.Wire + "/contexts/" + contextName)
			if s.dialogue == "" {
				w.raw(`,"lifespanCount":0}]`)
			} else {
				w.raw(`,"lifespanCount":` + lifespan + `,"parameters":{"` + dialogueName + `":`).quote(s.dialogue).raw(`}}]`)
			}
		}
		if reply.LinkCard {
			w.raw(wantsLink)
		}
		return w.raw(`}`).done()
	})
}

// Encode writes a google.cloud.dialogflow.cx.v3.WebhookResponse: the words as a text, on the phone as SSML too, the address that begins
// linking as a text of its own, and the dialogue in a session parameter, or that parameter deleted. No parameter holds a fact.
func (p CX) Encode(turn skills.Turn, reply skills.Reply, spoken speech.Spoken) ([]byte, error) {
	return p.encode(turn, reply, spoken, func(s said) ([]byte, error) {
		w := newWriter(len(s.text) + len(s.ssml) + 512)
		w.raw(`{"fulfillmentResponse":{"messages":[{"text":{"text":[`).quote(s.text).raw(`]}}`)
		if turn.Wire == onPhone {
			w.raw(`,{"outputAudioText":{"ssml":`).quote(s.ssml).raw(`}}`)
		}
		if s.link != "" {
			w.raw(`,{"text":{"text":[`).quote(s.link).raw(`]}}`)
		}
		w.raw(`]},"sessionInfo":{"parameters":{"` + parameterName + `":`)
		if s.dialogue == "" {
			w.raw(`null`)
		} else {
			w.quote(s.dialogue)
		}
		w.raw(`}}`)
		if reply.LinkCard {
			w.raw(wantsLink)
		}
		return w.raw(`}`).done()
	})
}

// writer puts JSON together and remembers the first failure.
type writer struct {
	b   []byte
	err error
}

func newWriter(size int) *writer { return &writer{b: make([]byte, 0, size)} }

func (w *writer) raw(s string) *writer {
	w.b = append(w.b, s...)
	return w
}

func (w *writer) quote(s string) *writer {
	b, err := jsontext.AppendQuote(w.b, s)
	if err != nil && w.err == nil {
		w.err = err
	}
	w.b = b
	return w
}

func (w *writer) done() ([]byte, error) {
	if w.err != nil {
		return nil, w.err
	}
	return w.b, nil
}
