package alexa

import (
	"github.com/go-json-experiment/json/jsontext"

	"sotto/linking"
)

// envelope is what is read of a request, of any type. The names and shapes are those of ask-sdk-model 1.86; what is not named
// here is not read, though its syntax is checked.
type envelope struct {
	Session *struct {
		New         bool           `json:"new"`
		Application application    `json:"application"`
		Attributes  jsontext.Value `json:"attributes"`
		User        speaker        `json:"user"`
	} `json:"session"`
	Context struct {
		System struct {
			Application application `json:"application"`
			User        speaker     `json:"user"`
			Person      *person     `json:"person"`
		} `json:"System"`
	} `json:"context"`
	Request struct {
		Type      string         `json:"type"`
		ID        string         `json:"requestId"`
		Timestamp jsontext.Value `json:"timestamp"`
		Locale    string         `json:"locale"`
		Created   jsontext.Value `json:"eventCreationTime"` // of a skill event
		Body      jsontext.Value `json:"body"`              // of a skill event
		Intent    struct {
			Name         string              `json:"name"`
			Confirmation string              `json:"confirmationStatus"`
			Slots        map[string]slotWire `json:"slots"`
		} `json:"intent"`
		DialogState string `json:"dialogState"` // of an intent that the model has rules for
	} `json:"request"`
}

type application struct {
	ID string `json:"applicationId"`
}

type speaker struct {
	UserID string        `json:"userId"` // of a household
	Token  linking.Token `json:"accessToken"`
}

// person is whom Alexa has recognised by voice.
type person struct {
	ID    string        `json:"personId"`
	Token linking.Token `json:"accessToken"`
}

// slotWire is a slot, or one value of a slot with several (type List), which hold the same members.
type slotWire struct {
	Value       string      `json:"value"`
	Resolutions resolutions `json:"resolutions"`
	SlotValue   *struct {
		slotWire
		Values []slotWire `json:"values"`
	} `json:"slotValue"`
}

type resolutions struct {
	ByAuthority []struct {
		Authority string `json:"authority"`
		Status    struct {
			Code string `json:"code"`
		} `json:"status"`
		Values []struct {
			Value struct {
				Name string `json:"name"`
				ID   string `json:"id"`
			} `json:"value"`
		} `json:"values"`
	} `json:"resolutionsPerAuthority"`
}
