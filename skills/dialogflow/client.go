package dialogflow

import (
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"sotto/linking"
	"sotto/skills"
)

// Caller is the other end of the wire: it asks as an agent does that customers type to, and hears what comes back, one conversation at a
// time. `sotto ask` and tests use it. It is for one goroutine.
type Caller struct {
	CX                 bool // the agent is one of CX
	Username, Password string
	Locale             string
	Token              linking.Token // the customer's; empty where the conversation itself is linked
	Random             io.Reader

	going Conversation
}

// Conversation is where a Caller stands, so that another process can go on with it. It holds no fact and no token.
type Conversation struct {
	Session  string `json:"session,omitzero"` // as Dialogflow names it
	Dialogue string `json:"dialogue,omitzero"`
}

// Heard is what reached the customer.
type Heard struct {
	Text  string // what is to be read
	SSML  string // what is said on the phone; mostly empty
	Wants bool   // the app is told that the customer should link
	Link  string // where linking begins, where the customer is sent there
	Asked bool   // the conversation goes on with an answer
}

// ErrResponse means that what came back is no response to a webhook request.
var ErrResponse = errors.New("not a response as Dialogflow expects it")

// Conversation gives where c stands.
func (c *Caller) Conversation() Conversation { return c.going }

// Resume goes on with a conversation.
func (c *Caller) Resume(going Conversation) { c.going = going }

// Header gives the headers that go with each request: the agent's password and the customer's token.
func (c *Caller) Header() http.Header {
	h := http.Header{}
	h.Set("Content-Type", "application/json")
	h.Set("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(c.Username+":"+c.Password)))
	if c.Token != "" {
		h.Set(headerToken, string(c.Token))
	}
	return h
}

// Ask makes the request of a sentence that the agent matched with an intent of the catalogue. SlotPeriod is heard as a day of ISO 8601, or as two
// with a slash between them.
func (c *Caller) Ask(text string, intent skills.Intent, slots skills.Slots) ([]byte, error) {
	return c.request(text, nameOf(intent), intent == skills.Fallback, slots)
}

// Type makes the request of a text that the agent matched with nothing.
func (c *Caller) Type(text string) ([]byte, error) { return c.Ask(text, skills.Fallback, nil) }

func (c *Caller) request(text, intent string, fallback bool, slots skills.Slots) ([]byte, error) {
	id, err := c.id()
	if err != nil {
		return nil, err
	}
	if c.going.Session == "" {
		session, err := c.id()
		if err != nil {
			return nil, err
		}
		c.going.Session = "projects/sotto/agent/sessions/" + session
		if c.CX {
			c.going.Session = "projects/sotto/locations/global/agents/sotto/sessions/" + session
		}
	}
	write := c.es
	if c.CX {
		write = c.cx
	}
	body, err := json.Marshal(write(id, text, intent, fallback, slots), json.Deterministic(true))
	if err != nil {
		return nil, fmt.Errorf("write a request: %w", err)
	}
	return body, nil
}

func (c *Caller) es(id, text, intent string, fallback bool, slots skills.Slots) any {
	// The context in which Dialogflow counts has the parameters too, and beside each the words that were said for it.
	parameters, counters := map[string]any{}, map[string]any{"no-input": 0, "no-match": 0}
	if entry, ok := entryOf(intent); ok {
		for _, name := range entry.Slots {
			parameters[string(name)] = "" // as ES writes what was not said
			if listed(name) {
				parameters[string(name)] = []string{}
			}
		}
	}
	for name, slot := range slots {
		parameters[string(name)] = parameter(name, slot, func(day string) any { return day + "T12:00:00Z" })
		counters[string(name)+".original"] = slot.Heard
		if listed(name) {
			counters[string(name)+".original"] = []string{slot.Heard}
		}
	}
	maps.Copy(counters, parameters)
	contexts := []any{map[string]any{"name": c.going.Session + "/contexts/__system_counters__", "lifespanCount": 1, "parameters": counters}}
	if c.going.Dialogue != "" {
		contexts = append(contexts, map[string]any{
			"name": c.going.Session + "/contexts/" + contextName, "lifespanCount": 1, "parameters": map[string]any{dialogueName: c.going.Dialogue},
		})
	}
	return map[string]any{
		"responseId": id, "session": c.going.Session,
		"queryResult": map[string]any{
			"queryText": text, "parameters": parameters, "allRequiredParamsPresent": true, "outputContexts": contexts,
			"intent":                    map[string]any{"name": "projects/sotto/agent/intents/" + strings.ReplaceAll(intent, " ", "-"), "displayName": intent, "isFallback": fallback},
			"intentDetectionConfidence": 1, "languageCode": c.Locale,
		},
		"originalDetectIntentRequest": map[string]any{"payload": map[string]any{}},
	}
}

func (c *Caller) cx(id, text, intent string, _ bool, slots skills.Slots) any {
	parameters := map[string]any{}
	for name, slot := range slots {
		parameters[string(name)] = map[string]any{"originalValue": slot.Heard, "resolvedValue": parameter(name, slot, cxDay)}
	}
	kept := map[string]any{}
	if c.going.Dialogue != "" {
		kept[parameterName] = c.going.Dialogue
	}
	return map[string]any{
		"detectIntentResponseId": id, "text": text, "languageCode": c.Locale, "fulfillmentInfo": map[string]any{"tag": intent},
		"intentInfo":  map[string]any{"lastMatchedIntent": "projects/sotto/locations/global/agents/sotto/intents/i", "displayName": intent, "parameters": parameters, "confidence": 1},
		"pageInfo":    map[string]any{"currentPage": "projects/sotto/locations/global/agents/sotto/flows/f/pages/START_PAGE"},
		"sessionInfo": map[string]any{"session": c.going.Session, "parameters": kept},
	}
}

// parameter writes a slot as the agent of our package does.
func parameter(name skills.SlotName, s skills.Slot, day func(string) any) any {
	switch {
	case name == skills.SlotPeriod:
		from, to, ranged := strings.Cut(s.Heard, "/")
		if !ranged {
			to = from
		}
		return map[string]any{"startDate": day(from), "endDate": day(to)}
	case name == skills.SlotCount:
		return jsontext.Value(s.Heard)
	case listed(name) && len(s.Values) == 0:
		return []string{s.Heard}
	case len(s.Values) == 1 && !listed(name):
		return s.Values[0]
	case len(s.Values) > 1:
		return s.Values
	default:
		return s.Heard
	}
}

func cxDay(day string) any {
	var y, m, d int
	if _, err := fmt.Sscanf(day, "%d-%d-%d", &y, &m, &d); err != nil {
		return day
	}
	return map[string]any{"year": y, "month": m, "day": d}
}

// Hear reads a response to what Ask or Type made, and keeps what it wants to have back.
func (c *Caller) Hear(response []byte) (Heard, error) {
	if c.CX {
		return c.hearCX(response)
	}
	var r struct {
		Text     string        `json:"fulfillmentText"`
		Messages []messageWire `json:"fulfillmentMessages"`
		Payload  payloadWire   `json:"payload"`
		Contexts []struct {
			Name       string                    `json:"name"`
			Lifespan   int                       `json:"lifespanCount"`
			Parameters map[string]jsontext.Value `json:"parameters"`
		} `json:"outputContexts"`
	}
	if json.Unmarshal(response, &r) != nil || r.Text == "" {
		return Heard{}, ErrResponse
	}
	h := Heard{Text: r.Text, Link: linkIn(r.Messages), Wants: r.Payload.Sotto.Link}
	c.going.Dialogue = ""
	for _, kept := range r.Contexts {
		if kept.Lifespan > 0 && kept.Name == c.going.Session+"/contexts/"+contextName {
			c.going.Dialogue, h.Asked = text(kept.Parameters[dialogueName]), true
		}
	}
	return h, nil
}

type payloadWire struct {
	Sotto struct {
		Link bool `json:"link"`
	} `json:"sotto"`
}

type messageWire struct {
	Text struct {
		Text []string `json:"text"`
	} `json:"text"`
	Audio struct {
		SSML string `json:"ssml"`
	} `json:"outputAudioText"`
}

func (c *Caller) hearCX(response []byte) (Heard, error) {
	var r struct {
		Response struct {
			Messages []messageWire `json:"messages"`
		} `json:"fulfillmentResponse"`
		Info struct {
			Parameters map[string]jsontext.Value `json:"parameters"`
		} `json:"sessionInfo"`
		Payload payloadWire `json:"payload"`
	}
	if json.Unmarshal(response, &r) != nil {
		return Heard{}, ErrResponse
	}
	h := Heard{Link: linkIn(r.Response.Messages), Wants: r.Payload.Sotto.Link}
	var lines []string
	for _, m := range r.Response.Messages {
		lines = append(lines, m.Text.Text...)
		h.SSML += m.Audio.SSML
	}
	if h.Text = strings.Join(lines, "\n"); h.Text == "" {
		return Heard{}, ErrResponse
	}
	if value, ok := r.Info.Parameters[parameterName]; ok {
		c.going.Dialogue = text(value)
		h.Asked = c.going.Dialogue != ""
	}
	return h, nil
}

// linkIn finds the message that is an address and nothing else.
func linkIn(messages []messageWire) string {
	for _, m := range messages {
		for _, line := range m.Text.Text {
			if strings.HasPrefix(line, "https://") || strings.HasPrefix(line, "http://") {
				return line
			}
		}
	}
	return ""
}

func (c *Caller) id() (string, error) {
	var raw [16]byte
	if _, err := io.ReadFull(c.Random, raw[:]); err != nil {
		return "", fmt.Errorf("make an id: %w", err)
	}
	h := hex.EncodeToString(raw[:])
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:], nil
}
