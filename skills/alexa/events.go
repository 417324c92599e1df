package alexa

import (
	"time"

	"github.com/go-json-experiment/json"

	"sotto/linking"
	"sotto/skills"
)

const skillEvent = "AlexaSkillEvent."

// events are the skill events that tell something of a link. The others (SkillEnabled, SkillPermissionAccepted, SkillPermissionChanged,
// SkillProactiveSubscriptionChanged, and what Amazon may add) are taken and need nothing.
var events = map[string]skills.LinkEvent{"SkillAccountLinked": skills.EventLinked, "SkillDisabled": skills.EventEnded}

// happened reads a skill event that came at an instant. The token of a link that was just made is in its body. One that was taken back may come
// without any; then the household says which links are over.
func happened(e envelope, kind string, sent time.Time) *skills.Aside {
	aside := &skills.Aside{Answer: []byte(silence), Event: events[kind]}
	if aside.Event == skills.EventNone {
		return aside
	}
	aside.Token, aside.At = token(e), sent
	if aside.Token == "" {
		aside.Token = householdToken(e)
	}
	if aside.Event == skills.EventLinked {
		var body struct {
			Token linking.Token `json:"accessToken"`
		}
		if len(e.Request.Body) > 0 && json.Unmarshal(e.Request.Body, &body) == nil && body.Token != "" {
			aside.Token = body.Token
		}
	}
	if at, ok := instant(e.Request.Created); ok && at.Before(sent) {
		aside.At = at
	}
	if id := e.Context.System.User.UserID; id != "" {
		// Alexa names a household anew for each skill.
		aside.Household = linking.Household{Platform: linking.Alexa, ID: e.Context.System.Application.ID + " " + id}
	}
	return aside
}
