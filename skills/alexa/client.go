package alexa

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"sotto/linking"
	"sotto/skills"
)

// Device is the other end of the wire: it asks as an Echo does and hears what comes back, one conversation at a time. `sotto ask`,
// development houses and tests use it; what it makes still has to be signed. It is for one goroutine.
type Device struct {
	SkillID string
	Locale  string
	Token   linking.Token // of the household's link; empty before linking
	Person  linking.Token // of the recognised speaker's own link; mostly empty
	Now     func() time.Time
	Random  io.Reader

	going Conversation
}

// Heard is what reached the customer.
type Heard struct {
	SSML     string // what was said
	Reprompt string // what is said if the customer is silent
	LinkCard bool   // the app shows the card that begins linking
	Ended    bool   // the conversation is over
}

// ErrResponse means that what came back is no response to a spoken request.
var ErrResponse = errors.New("not a response as Alexa expects it")

// Launch makes the request of "open …".
func (d *Device) Launch() ([]byte, error) {
	d.going = Conversation{}
	return d.request("LaunchRequest", nil)
}

// Ask makes the request of one sentence: an intent of the catalogue with the slots that were filled, within the conversation if one
// is going on.
func (d *Device) Ask(intent skills.Intent, slots skills.Slots) ([]byte, error) {
	if intent == skills.Launch {
		return d.Launch()
	}
	intent, slots, status, state := d.going.Dialog.hear(intent, slots)
	asked := map[string]any{"name": string(intent), "confirmationStatus": status}
	request := map[string]any{"intent": asked}
	if name, ok := builtIn(intent); ok {
		asked["name"] = name
	} else if entry, ok := skills.Lookup(intent); ok {
		if len(entry.Slots) > 0 {
			filled := make(map[string]any, len(entry.Slots))
			for _, name := range entry.Slots {
				filled[string(name)] = d.slot(name, slots[name])
			}
			asked["slots"] = filled
		}
		if hasDialog(entry) {
			request["dialogState"] = state
			d.going.Dialog = Dialog{Intent: intent, Slots: slots}
		}
	}
	return d.request("IntentRequest", request)
}

// End makes the request of a conversation that the customer or a fault ended. The reason is one of Amazon's: USER_INITIATED, ERROR
// or EXCEEDED_MAX_REPROMPTS.
func (d *Device) End(reason string) ([]byte, error) {
	body, err := d.request("SessionEndedRequest", map[string]any{"reason": reason})
	d.going = Conversation{}
	return body, err
}

// Hear reads a response to what Launch or Ask made, and goes on with the conversation or ends it.
func (d *Device) Hear(response []byte) (Heard, error) {
	var r struct {
		Attributes jsontext.Value `json:"sessionAttributes"`
		Response   struct {
			Speech   speechWire `json:"outputSpeech"`
			Reprompt struct {
				Speech speechWire `json:"outputSpeech"`
			} `json:"reprompt"`
			Card struct {
				Type string `json:"type"`
			} `json:"card"`
			Directives []struct {
				Type string          `json:"type"`
				Slot skills.SlotName `json:"slotToElicit"`
			} `json:"directives"`
			End *bool `json:"shouldEndSession"`
		} `json:"response"`
	}
	if err := json.Unmarshal(response, &r); err != nil {
		return Heard{}, ErrResponse
	}
	d.going.Dialog.Elicit, d.going.Dialog.Confirm = "", false
	for _, told := range r.Response.Directives {
		switch told.Type {
		case elicitSlot:
			d.going.Dialog.Elicit = told.Slot
		case confirmIntent:
			d.going.Dialog.Confirm = true
		case delegate: // she asks what the model says
			d.going.Dialog.Confirm = true
			again := prompt(d.Locale, d.going.Dialog.Intent, skills.AskedConfirm).RepromptSSML
			r.Response.Speech.SSML, r.Response.Reprompt.Speech.SSML = again, again
		}
	}
	if r.Response.Speech.SSML == "" {
		return Heard{}, ErrResponse
	}
	h := Heard{
		SSML: r.Response.Speech.SSML, Reprompt: r.Response.Reprompt.Speech.SSML,
		LinkCard: r.Response.Card.Type == "LinkAccount", Ended: r.Response.End == nil || *r.Response.End,
	}
	d.going.Attributes = r.Attributes
	if h.Ended {
		d.going = Conversation{}
	}
	return h, nil
}

type speechWire struct {
	SSML string `json:"ssml"`
}

func (d *Device) request(kind string, members map[string]any) ([]byte, error) {
	id, err := d.id("request")
	if err != nil {
		return nil, err
	}
	fresh := d.going.Session == ""
	if fresh {
		if d.going.Session, err = d.id("session"); err != nil {
			return nil, err
		}
	}
	attributes := d.going.Attributes
	if fresh || len(attributes) == 0 {
		attributes = jsontext.Value("{}")
	}
	user := map[string]any{"userId": "amzn1.ask.account.household"}
	if d.Token != "" {
		user["accessToken"] = string(d.Token)
	}
	system := map[string]any{
		"application": application{d.SkillID}, "user": user,
		"device":      map[string]any{"deviceId": "amzn1.ask.device.kitchen", "supportedInterfaces": map[string]any{}},
		"apiEndpoint": "https://api.amazonalexa.com",
	}
	if d.Person != "" {
		system["person"] = map[string]any{"personId": "amzn1.ask.person.speaker", "accessToken": string(d.Person)}
	}
	request := map[string]any{"type": kind, "requestId": id, "timestamp": d.Now().UTC().Format("2006-01-02T15:04:05Z"), "locale": d.Locale}
	for name, value := range members {
		request[name] = value
	}
	body, err := json.Marshal(map[string]any{
		"version": "1.0",
		"session": map[string]any{
			"new": fresh, "sessionId": d.going.Session, "application": application{d.SkillID}, "attributes": attributes, "user": user,
		},
		"context": map[string]any{"System": system},
		"request": request,
	}, json.Deterministic(true))
	if err != nil {
		return nil, fmt.Errorf("write a request: %w", err)
	}
	return body, nil
}

// slot writes a slot as Alexa does: what was heard, and what the lists of the catalogue made of it.
func (d *Device) slot(name skills.SlotName, s skills.Slot) map[string]any {
	out := map[string]any{"name": string(name), "confirmationStatus": "NONE"}
	if s.Heard == "" {
		return out
	}
	out["value"], out["source"] = s.Heard, "USER"
	if _, amazons := amazonTypes[name]; amazons {
		return out
	}
	by := map[string]any{
		"authority": "amzn1.er-authority.echo-sdk." + d.SkillID + "." + typeOf(name),
		"status":    map[string]any{"code": missed},
	}
	if len(s.Values) > 0 {
		values := make([]any, 0, len(s.Values))
		for _, id := range s.Values {
			values = append(values, map[string]any{"value": map[string]any{"name": id, "id": id}})
		}
		by["status"], by["values"] = map[string]any{"code": matched}, values
	}
	out["resolutions"] = map[string]any{"resolutionsPerAuthority": []any{by}}
	return out
}

func (d *Device) id(kind string) (string, error) {
	var raw [16]byte
	if _, err := io.ReadFull(d.Random, raw[:]); err != nil {
		return "", fmt.Errorf("make an id: %w", err)
	}
	h := hex.EncodeToString(raw[:])
	return "amzn1.echo-api." + kind + "." + h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:], nil
}
