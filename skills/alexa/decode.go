package alexa

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"sotto/linking"
	"sotto/skills"
)

// How far a request's own time may be from ours, before or after. Skill events are sent again for an hour.
const (
	tolerance      = 150 * time.Second
	eventTolerance = time.Hour
)

const (
	maxRequestID = 256
	maxLocale    = 35 // RFC 5646 section 4.4.1
)

// Decode reads a request whose signature holds; all of it is in the body. Where somebody waits to hear something it gives a turn and no
// aside. Where nobody does (a session that ended, a skill event, a question about what could be asked) it gives an aside, and of the turn
// only ID, Platform and Locale. A request for another skill, a stale one, and one that is no request at all are a *RefusedError. Requests
// of types and intents that are not known become the turn of somebody who was not understood.
func (p *Platform) Decode(_ http.Header, body []byte) (turn skills.Turn, aside *skills.Aside, err error) {
	if len(body) > maxBody {
		return turn, nil, refuse(TooLarge)
	}
	if skills.Deeper(body, maxDepth) {
		return turn, nil, refuse(TooDeep)
	}
	var e envelope
	if err := json.Unmarshal(body, &e); err != nil {
		return turn, nil, refuse(Malformed) // the cause would quote the body
	}
	if e.Request.Type == "" || e.Request.ID == "" || len(e.Request.ID) > maxRequestID || len(e.Request.Locale) > maxLocale {
		return turn, nil, refuse(Malformed)
	}
	if !p.ours(e) {
		return turn, nil, refuse(Application)
	}
	sent, ok := instant(e.Request.Timestamp)
	if !ok {
		return turn, nil, refuse(Malformed)
	}
	allowed := tolerance
	if strings.HasPrefix(e.Request.Type, skillEvent) {
		allowed = eventTolerance
	}
	if p.now().Sub(sent).Abs() > allowed {
		return turn, nil, refuse(Stale)
	}
	turn = skills.Turn{ID: e.Request.ID, Platform: linking.Alexa, Locale: e.Request.Locale}
	switch kind := e.Request.Type; {
	case kind == "LaunchRequest":
		turn.Intent = skills.Launch
	case kind == "IntentRequest":
		turn.Intent, turn.Slots = asked(e.Request.Intent.Name, e.Request.Intent.Slots)
	case kind == "CanFulfillIntentRequest":
		return turn, &skills.Aside{Answer: canFulfill(e)}, nil
	case strings.HasPrefix(kind, skillEvent):
		return turn, happened(e, kind[len(skillEvent):], sent), nil
	case kind == "SessionEndedRequest", kind == "System.ExceptionEncountered", e.Session == nil:
		// No speech may be returned to these; without a session there is nobody to hear it.
		return turn, &skills.Aside{Answer: []byte(silence)}, nil
	default:
		turn.Intent = skills.Fallback
	}
	turn.Token, turn.Speaker = token(e), recognised(e)
	if e.Session != nil && !e.Session.New {
		turn.Dialogue = skills.ReadDialogue(e.Session.Attributes)
	}
	if e.Request.Type == "IntentRequest" {
		turn = goOn(turn, e)
	}
	return turn, nil, nil
}

// ours says whether a request is for one of the skills that are answered. It names its skill in the session, in the context, or in
// both; where it names two, they must be one.
func (p *Platform) ours(e envelope) bool {
	id := e.Context.System.Application.ID
	if e.Session != nil && e.Session.Application.ID != "" {
		if id != "" && id != e.Session.Application.ID {
			return false
		}
		id = e.Session.Application.ID
	}
	found := 0
	for _, known := range p.skills {
		found |= subtle.ConstantTimeCompare([]byte(known), []byte(id))
	}
	return found == 1
}

// token gives what Alexa holds of the link of whoever speaks: a recognised person's own, otherwise the household's. A person whom Alexa has
// recognised and who has not linked is not linked: what the household's link opens is somebody else's.
func token(e envelope) linking.Token {
	if person := e.Context.System.Person; person != nil {
		return person.Token
	}
	return householdToken(e)
}

// recognised names the person whom Alexa has recognised, and nobody else, for one conversation. It is a hash, so that it is short and tells no more than Alexa knows.
func recognised(e envelope) string {
	person := e.Context.System.Person
	if person == nil {
		return ""
	}
	sum := sha256.Sum256([]byte(person.ID))
	return base64.RawURLEncoding.EncodeToString(sum[:12])
}

func householdToken(e envelope) linking.Token {
	if held := e.Context.System.User.Token; held != "" || e.Session == nil {
		return held
	}
	return e.Session.User.Token
}

// instant reads a timestamp: ISO 8601 as a string, or milliseconds since 1970 as a number.
func instant(raw jsontext.Value) (time.Time, bool) {
	switch raw.Kind() {
	case '"':
		text, err := jsontext.AppendUnquote(nil, raw)
		if err != nil {
			return time.Time{}, false
		}
		at, err := time.Parse(time.RFC3339, string(text))
		return at, err == nil
	case '0':
		milliseconds, err := strconv.ParseInt(string(raw), 10, 64)
		if err != nil {
			return time.Time{}, false
		}
		return time.UnixMilli(milliseconds), true
	default:
		return time.Time{}, false
	}
}
