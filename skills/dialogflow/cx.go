package dialogflow

import (
	"net/http"

	"github.com/go-json-experiment/json/jsontext"

	"sotto/skills"
)

// cxRequest is what is read of a google.cloud.dialogflow.cx.v3.WebhookRequest. What is not named here is not read, though its syntax is checked.
type cxRequest struct {
	ID          string `json:"detectIntentResponseId"`
	Language    string `json:"languageCode"`
	Text        string `json:"text"`
	Transcript  string `json:"transcript"`
	Fulfillment *struct {
		Tag string `json:"tag"`
	} `json:"fulfillmentInfo"`
	Intent struct {
		Name       string `json:"displayName"`
		Parameters map[string]struct {
			Original string         `json:"originalValue"`
			Resolved jsontext.Value `json:"resolvedValue"`
		} `json:"parameters"`
	} `json:"intentInfo"`
	Page struct {
		Form struct {
			Parameters []struct {
				Name  string         `json:"displayName"`
				State string         `json:"state"`
				Value jsontext.Value `json:"value"`
			} `json:"parameterInfo"`
		} `json:"formInfo"`
	} `json:"pageInfo"`
	Info struct {
		Session    string                    `json:"session"`
		Parameters map[string]jsontext.Value `json:"parameters"`
	} `json:"sessionInfo"`
	Payload struct {
		Telephony jsontext.Value `json:"telephony"`
	} `json:"payload"`
}

// What a CX agent has to know of us: the session parameter that carries the dialogue.
const parameterName = "sotto_" + dialogueName

// onPhone is Turn.Wire of a call, where the response is also written as SSML.
const onPhone = "telephony"

// Decode reads a request that has proven itself, by its tag, or by its intent where the tag is none of ours. Nobody but the customer waits for
// Dialogflow, so it never gives an aside. What is no request is a *RefusedError.
//
// Slots are those of the intent, and those that the page's form has filled. The other parameters of a session are of earlier questions.
func (p CX) Decode(header http.Header, body []byte) (skills.Turn, *skills.Aside, error) {
	var r cxRequest
	if err := read(body, &r); err != nil {
		return skills.Turn{}, nil, err
	}
	if r.Fulfillment == nil {
		return skills.Turn{}, nil, refuse(Malformed) // "always present"
	}
	q := asked{
		id: r.ID, session: r.Info.Session, locale: r.Language, text: r.Text, names: []string{r.Fulfillment.Tag, r.Intent.Name},
		dialogue: text(r.Info.Parameters[parameterName]),
	}
	if q.text == "" {
		q.text = r.Transcript
	}
	if r.Payload.Telephony.Kind() == '{' {
		q.wire, q.phone = onPhone, true
	}
	q.parameter = func(name skills.SlotName) (jsontext.Value, string) {
		if parameter, ok := r.Intent.Parameters[string(name)]; ok {
			return parameter.Resolved, parameter.Original
		}
		for _, parameter := range r.Page.Form.Parameters {
			if parameter.Name == string(name) && parameter.State == "FILLED" {
				return parameter.Value, ""
			}
		}
		return nil, ""
	}
	turn, err := p.turn(header, body, q)
	return turn, nil, err
}
