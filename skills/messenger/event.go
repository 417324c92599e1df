package messenger

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"sotto/skills"
)

// Kind is what an event says.
type Kind string

// The kinds.
const (
	Said     Kind = "said"     // Text was typed, or something that is no text was sent
	Pressed  Kind = "pressed"  // a button with Payload
	Linked   Kind = "linked"   // the customer is back from linking, with Handover
	Unlinked Kind = "unlinked" // the customer has pressed the button that ends it
	Deletion Kind = "deletion" // AppUser wants to be forgotten
)

// Event is one thing that happened in a chat. Its JSON is what the outbox keeps, sealed.
type Event struct {
	Kind     Kind   `json:"kind"`
	ID       string `json:"-"`                 // made from Meta's, so that the same event has the same
	Order    int64  `json:"-"`                 // within the chat
	Person   string `json:"person,omitzero"`   // PSID
	AppUser  string `json:"app_user,omitzero"` // app-scoped id, of a deletion
	Text     string `json:"text,omitzero"`
	Payload  string `json:"payload,omitzero"`
	Handover string `json:"handover,omitzero"`
}

// String gives "[event]": what was said is in no log.
func (Event) String() string { return "[event]" }

// GoString gives "[event]".
func (Event) GoString() string { return "[event]" }

// What an event may measure; Meta's are shorter.
const (
	maxID      = 64
	maxMID     = 512
	maxPayload = 1000
)

// The wire, as far as it is read. (Messenger Platform, Webhook Events.) Entries and events are read one by one.
type delivery struct {
	Object string           `json:"object"`
	Entry  []jsontext.Value `json:"entry"`
}

type entry struct {
	ID        string           `json:"id"`
	Messaging []jsontext.Value `json:"messaging"`
}

type messaging struct {
	Sender    party          `json:"sender"`
	Recipient party          `json:"recipient"`
	Timestamp jsontext.Value `json:"timestamp"`
	Message   *message       `json:"message"`
	Postback  *postback      `json:"postback"`
	Linking   *accountLink   `json:"account_linking"`
}

type party struct {
	ID string `json:"id"`
}

type message struct {
	MID        string   `json:"mid"`
	Text       string   `json:"text"`
	Echo       bool     `json:"is_echo"`
	Deleted    bool     `json:"is_deleted"`
	QuickReply *payload `json:"quick_reply"`
}

type payload struct {
	Payload string `json:"payload"`
}

type postback struct {
	MID     string `json:"mid"`
	Payload string `json:"payload"`
}

type accountLink struct {
	Status string `json:"status"`
	Code   string `json:"authorization_code"`
}

// Decode reads a delivery whose signature holds: what happened, in the order of the delivery. Echoes, reads, deliveries, reactions, what is
// meant for another Page, and standby (another app has the chat) are left out. What is not of the documented types is left out too, and unread is how
// many events (or whole entries) that were: Meta would deliver everything again and again for the sake of one. A delivery that is none, or is not a
// Page's, is a *RefusedError.
func (p *Platform) Decode(body []byte) (events []Event, unread int, err error) {
	if len(body) > MaxBody {
		return nil, 0, refuse(TooLarge)
	}
	if skills.Deeper(body, maxDepth) {
		return nil, 0, refuse(TooDeep)
	}
	var d delivery
	if !read(body, &d) {
		return nil, 0, refuse(Malformed) // the cause would quote the body
	}
	if d.Object != "page" {
		return nil, 0, refuse(Object)
	}
	seen := 0
	for _, one := range d.Entry {
		var e entry
		if !read(one, &e) {
			unread++
			continue
		}
		if e.ID != p.c.PageID {
			continue
		}
		for _, one := range e.Messaging {
			if seen++; seen > maxEvents {
				return nil, 0, refuse(TooLarge)
			}
			var m messaging
			if !read(one, &m) {
				unread++
				continue
			}
			if event, ok := p.event(m, int64(seen)); ok {
				events = append(events, event)
			}
		}
	}
	return events, unread, nil
}

// read says whether content could be read. Half a surrogate pair in one customer's text is no reason that it could not.
func read(content []byte, into any) bool {
	return json.Unmarshal(content, into, jsontext.AllowInvalidUTF8(true)) == nil
}

// event reads one; false where there is nothing to be said to it.
func (p *Platform) event(m messaging, place int64) (Event, bool) {
	if !digits(m.Sender.ID) || m.Sender.ID == p.c.PageID || m.Recipient.ID != p.c.PageID {
		return Event{}, false
	}
	e := Event{Person: m.Sender.ID, Order: order(m.Timestamp, place)}
	mid := ""
	switch {
	case m.Message != nil:
		if m.Message.Echo || m.Message.Deleted {
			return Event{}, false
		}
		mid = m.Message.MID
		e.Kind, e.Text = Said, m.Message.Text
		if q := m.Message.QuickReply; q != nil && q.Payload != "" && q.Payload != sayIt {
			e.Kind, e.Payload, e.Text = Pressed, q.Payload, ""
		}
	case m.Postback != nil:
		mid = m.Postback.MID
		e.Kind, e.Payload = Pressed, m.Postback.Payload
	case m.Linking != nil && m.Linking.Status == "linked":
		e.Kind, e.Handover = Linked, m.Linking.Code
	case m.Linking != nil && m.Linking.Status == "unlinked":
		e.Kind = Unlinked
	default:
		return Event{}, false
	}
	if len(mid) > maxMID || len(e.Payload) > maxPayload || len(e.Handover) > maxPayload {
		return Event{}, false
	}
	if len(e.Text) > 4*maxText { // bytes
		e.Text = "" // nobody types so much: not understood
	}
	if mid != "" {
		e.ID = idOf("mid", e.Person, mid)
	} else { // these have no id of their own
		e.ID = idOf(string(e.Kind), e.Person, string(m.Timestamp), e.Payload, e.Handover)
	}
	return e, true
}

// order puts events of one chat in the order in which they happened: by Meta's time in milliseconds, then by their place in the delivery.
func order(timestamp jsontext.Value, place int64) int64 {
	ms, err := strconv.ParseInt(string(timestamp), 10, 64)
	if err != nil || ms < 0 || ms > math.MaxInt64/(maxEvents+1)-1 {
		ms = 0
	}
	return ms*(maxEvents+1) + place
}

// idOf makes a name of parts that tells nothing of them.
func idOf(parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		fmt.Fprintf(h, "%d:%s", len(p), p)
	}
	return base64.RawURLEncoding.EncodeToString(h.Sum(nil))
}

func digits(id string) bool {
	return id != "" && len(id) <= maxID && strings.Trim(id, "0123456789") == ""
}
