package dialogflow

import (
	"net/http"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"sotto/skills"
)

// esRequest is what is read of a google.cloud.dialogflow.v2.WebhookRequest. What is not named here is not read, though its syntax is checked.
type esRequest struct {
	ID      string `json:"responseId"`
	Session string `json:"session"`
	Result  struct {
		Text       string                    `json:"queryText"`
		Language   string                    `json:"languageCode"`
		Action     string                    `json:"action"`
		Parameters map[string]jsontext.Value `json:"parameters"`
		Contexts   []struct {
			Name       string                    `json:"name"`
			Parameters map[string]jsontext.Value `json:"parameters"`
		} `json:"outputContexts"`
		Intent *struct {
			Name     string `json:"displayName"`
			Fallback bool   `json:"isFallback"`
		} `json:"intent"`
	} `json:"queryResult"`
	Original struct {
		Payload struct {
			Telephony jsontext.Value `json:"telephony"`
		} `json:"payload"`
	} `json:"originalDetectIntentRequest"`
}

// contextName is the last part of the name of the context that carries the dialogue.
const contextName = "sotto"

// Decode reads a request that has proven itself. Nobody but the customer waits for Dialogflow, so it never gives an aside. What is no request is
// a *RefusedError.
func (p ES) Decode(header http.Header, body []byte) (skills.Turn, *skills.Aside, error) {
	var r esRequest
	if err := read(body, &r); err != nil {
		return skills.Turn{}, nil, err
	}
	q := asked{id: r.ID, session: r.Session, locale: r.Result.Language, text: r.Result.Text, wire: r.Session}
	q.phone = r.Original.Payload.Telephony.Kind() == '{'
	switch {
	case r.Result.Intent == nil:
		return skills.Turn{}, nil, refuse(Malformed) // no webhook is called without one
	case r.Result.Intent.Fallback:
		q.names = []string{nameOf(skills.Fallback)}
	default:
		q.names = []string{r.Result.Intent.Name, r.Result.Action}
	}
	for _, c := range r.Result.Contexts {
		if strings.HasSuffix(c.Name, "/contexts/"+contextName) {
			q.dialogue = text(c.Parameters[dialogueName])
		}
	}
	q.parameter = func(name skills.SlotName) (jsontext.Value, string) {
		value := r.Result.Parameters[string(name)]
		for _, c := range r.Result.Contexts {
			// A context may still hold what was said before, of another value.
			if original := text(c.Parameters[string(name)+".original"]); original != "" && string(c.Parameters[string(name)]) == string(value) {
				return value, original
			}
		}
		return value, ""
	}
	turn, err := p.turn(header, body, q)
	return turn, nil, err
}
