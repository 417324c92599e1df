package alexa

import (
	"slices"

	"sotto/skills"
	"sotto/skills/speech"
)

// Alexa keeps a dialogue of her own with a customer, for each intent that the interaction model has rules for: she says in which state it is, and
// can be told by a directive what she is to listen for. It stands on top of ours, which is in the session and alone says what was asked: nothing is
// done because hers says that it was confirmed. No directive has an updatedIntent, since what slots were resolved to is lost in one; where the
// question belongs to another intent than the request, it is asked without a directive, and understood all the same.
//
// https://developer.amazon.com/docs/custom-skills/dialog-interface-reference.html

// Her states of a dialogue, and what the customer said to an intent as a whole. There is a COMPLETED too, in which she listens for nothing more.
const (
	dialogStarted  = "STARTED"
	dialogGoesOn   = "IN_PROGRESS"
	intentAccepted = "CONFIRMED"
	intentDenied   = "DENIED"
	intentOpen     = "NONE"
)

// The directives.
const (
	delegate      = "Dialog.Delegate"
	elicitSlot    = "Dialog.ElicitSlot"
	confirmIntent = "Dialog.ConfirmIntent"
)

// elicited are the slots that are asked back for.
var elicited = []skills.SlotName{skills.SlotAccount, skills.SlotCategory, skills.SlotMerchant, skills.SlotPeriod}

// hasDialog says whether the model has rules for a dialogue of an intent.
func hasDialog(entry skills.Entry) bool {
	return entry.Confirm || slices.ContainsFunc(entry.Slots, func(s skills.SlotName) bool { return slices.Contains(elicited, s) })
}

// goOn reads what Alexa's own dialogue says of a turn. A no to an intent is a no, whoever asked. A yes counts where we have asked, in this session, and
// about this intent; otherwise it is the intent, and we ask. An intent that goes on has all that was said of it before.
func goOn(turn skills.Turn, e envelope) skills.Turn {
	state, status, before := e.Request.DialogState, e.Request.Intent.Confirmation, turn.Dialogue
	if state == dialogStarted || state == dialogGoesOn {
		turn.Wire = string(turn.Intent)
	}
	switch {
	case turn.Intent == skills.Fallback:
		turn.Wire = ""
	case status == intentDenied:
		turn.Intent, turn.Slots = skills.No, nil
	case before.Intent != turn.Intent:
	case status == intentAccepted && before.Asked == skills.AskedConfirm:
		turn.Intent, turn.Slots = skills.Yes, nil
	case state != "" && state != dialogStarted:
		turn.Slots = recall(turn.Slots, before.Slots)
	}
	return turn
}

// recall gives the slots of a dialogue that goes on: what Alexa has left out she has not taken back, and what a word was resolved to before, it still is.
func recall(now, before skills.Slots) skills.Slots {
	for name, then := range before {
		slot, filled := now[name]
		if filled && (len(slot.Values) > 0 || slot.Heard != then.Heard) || then.Heard == "" && len(then.Values) == 0 {
			continue
		}
		if now == nil {
			now = make(skills.Slots, len(before))
		}
		now[name] = then
	}
	return now
}

// directive is what Alexa is to do with a question, in her own dialogue about the intent of the request. Where she has asked for a yes already and
// got neither it nor a no, she goes on by herself: she asks once more, in the shorter words of the model, and nothing else is said.
func directive(turn skills.Turn, reply skills.Reply) (kind string, slot skills.SlotName) {
	d := reply.Dialogue
	entry, known := skills.Lookup(d.Intent)
	switch {
	case !known || turn.Wire != string(d.Intent):
		return "", ""
	case d.Asked == skills.AskedConfirm && turn.Dialogue.Intent == d.Intent && turn.Dialogue.Asked == d.Asked && len(reply.Facts) == 0:
		return delegate, ""
	case d.Asked == skills.AskedConfirm:
		return confirmIntent, ""
	case slices.Contains(elicited, skills.SlotName(d.Asked)) && slices.Contains(entry.Slots, skills.SlotName(d.Asked)):
		return elicitSlot, skills.SlotName(d.Asked)
	default:
		return "", "" // "shall I go on?" confirms no intent
	}
}

// prompt is how Alexa asks by herself: as we do when nothing was heard. Asked is the name of a slot, or skills.AskedConfirm.
func prompt(locale string, intent skills.Intent, asked string) speech.Spoken {
	return speech.Say(locale, skills.Reply{Key: skills.AskAnything, Ask: true, Dialogue: skills.Dialogue{Intent: intent, Asked: asked}})
}
