package alexa

import (
	"slices"

	"sotto/skills"
)

// The rules of an interaction model for dialogues: v1.skill.interactionModel.Dialog and .Prompt of Amazon's skill management API.
type (
	dialogModel struct {
		Delegation string         `json:"delegationStrategy"`
		Intents    []dialogIntent `json:"intents"`
	}
	dialogIntent struct {
		Name       string        `json:"name"`
		Delegation string        `json:"delegationStrategy"`
		Confirm    bool          `json:"confirmationRequired"`
		Prompts    dialogPrompts `json:"prompts"`
		Slots      []dialogSlot  `json:"slots"`
	}
	dialogSlot struct {
		Name    string        `json:"name"`
		Type    string        `json:"type"`
		Confirm bool          `json:"confirmationRequired"`
		Elicit  bool          `json:"elicitationRequired"`
		Prompts dialogPrompts `json:"prompts"`
	}
	dialogPrompts struct {
		Elicitation  string `json:"elicitation,omitzero"` // ids of prompts
		Confirmation string `json:"confirmation,omitzero"`
	}
	modelPrompt struct {
		ID         string            `json:"id"`
		Variations []promptVariation `json:"variations"`
	}
	promptVariation struct {
		Type  string `json:"type"`
		Value string `json:"value"`
	}
)

// onlyWhenTold is the strategy by which Alexa asks for nothing by herself, before we have seen the request or after, unless a directive says so.
const onlyWhenTold = "SKILL_RESPONSE"

// dialog makes the rules for the intents of which something is asked. Alexa keeps a dialogue for an intent only where the model requires one of its
// slots or its confirmation. So the slots that are asked back for are required there, though a question without them has an answer too:
// onlyWhenTold, at every intent, keeps Alexa from asking for them.
func dialog(entries []skills.Entry, locale string) (dialogModel, []modelPrompt) {
	d, prompts := dialogModel{Delegation: onlyWhenTold}, []modelPrompt{}
	say := func(id string, intent skills.Intent, asked string) string {
		prompts = append(prompts, modelPrompt{id, []promptVariation{{"PlainText", prompt(locale, intent, asked).RepromptText}}})
		return id
	}
	for _, entry := range entries {
		if !hasDialog(entry) {
			continue
		}
		name := string(entry.Intent)
		intent := dialogIntent{Name: name, Delegation: onlyWhenTold, Confirm: entry.Confirm, Slots: []dialogSlot{}}
		if entry.Confirm {
			intent.Prompts.Confirmation = say("Confirm.Intent."+name, entry.Intent, skills.AskedConfirm)
		}
		for _, slot := range entry.Slots {
			s := dialogSlot{Name: string(slot), Type: typeOf(slot), Elicit: slices.Contains(elicited, slot)}
			if s.Elicit {
				s.Prompts.Elicitation = say("Elicit.Slot."+name+"."+s.Name, entry.Intent, s.Name)
			}
			intent.Slots = append(intent.Slots, s)
		}
		d.Intents = append(d.Intents, intent)
	}
	return d, prompts
}
