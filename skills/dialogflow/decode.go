package dialogflow

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strconv"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"sotto/linking"
	"sotto/skills"
)

// What is read of a request may measure, in bytes.
const (
	maxID      = 256
	maxLocale  = 35  // RFC 5646 section 4.4.1
	maxSession = 512 // a session's name, with project, environment and user: by it a conversation is known (linking.Chat)
	maxToken   = 4 << 10
)

// asked is what a request of either kind says.
type asked struct {
	id, session, locale, text string
	names                     []string // of the intent, the best first
	parameter                 func(skills.SlotName) (value jsontext.Value, heard string)
	dialogue                  string // as the last response left it, by the platform's word
	wire                      string // what Encode has to know again
	phone                     bool   // nothing can be shown, so nobody can be sent to a page
}

// read reads the JSON of a request.
func read(body []byte, into any) error {
	if len(body) > maxBody {
		return refuse(TooLarge)
	}
	if json.Unmarshal(body, into) != nil {
		return refuse(Malformed) // the cause would quote the body
	}
	return nil
}

// turn makes the turn of what was asked. An intent of the agent that the catalogue has not is somebody who was not understood; where no
// intent matched, the text is read; and a text that is a code and nothing else is one, whatever the agent took it for.
func (a *agent) turn(header http.Header, body []byte, q asked) (skills.Turn, error) {
	if len(q.id) > maxID || len(q.session) > maxSession || len(q.locale) > maxLocale {
		return skills.Turn{}, refuse(Malformed)
	}
	token, ok := tokenOf(header)
	if !ok {
		return skills.Turn{}, refuse(Malformed)
	}
	turn := skills.Turn{
		ID: q.id, Platform: linking.Google, Locale: q.locale, Token: token, Intent: skills.Fallback, Dialogue: a.readDialogue(q.dialogue), Wire: q.wire,
	}
	if turn.ID == "" {
		sum := sha256.Sum256(strconv.AppendInt(body[:len(body):len(body)], a.now().UnixNano(), 10)) // said again, it is another request
		turn.ID = hex.EncodeToString(sum[:16])
	}
	if token == "" && !q.phone && a.client != "" && q.session != "" {
		turn.Chat = linking.Chat{Client: a.client, ID: q.session}
		if _, ok := linking.ReadChatCode(q.text); ok {
			turn.Intent, turn.Slots = skills.LinkCode, skills.Slots{skills.SlotCode: {Heard: q.text}}
			return turn, nil
		}
	}
	entry, known := route(q.names...)
	switch {
	case known && entry.Intent != skills.Fallback:
		turn.Intent, turn.Slots = entry.Intent, a.slots(entry, q.parameter)
	case (known || !named(q.names)) && q.text != "":
		turn.Intent, turn.Slots = a.read(turn.Locale, q.text, turn.Dialogue)
	}
	return turn, nil
}

// named says whether the agent gave its intent any name.
func named(names []string) bool {
	for _, n := range names {
		if n != "" {
			return true
		}
	}
	return false
}

// tokenOf gives the customer's token, empty where none was sent. One sent twice has no answer to whose turn it is.
func tokenOf(header http.Header) (linking.Token, bool) {
	switch sent := header.Values(headerToken); {
	case len(sent) == 0:
		return "", true
	case len(sent) > 1 || len(sent[0]) > maxToken:
		return "", false
	default:
		return linking.Token(sent[0]), true
	}
}
