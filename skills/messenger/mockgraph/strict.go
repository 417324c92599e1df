package mockgraph

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"
	"unicode/utf8"
)

// The limits of Meta's documents, in characters. (Messenger Platform: Send API, Quick Replies, Button Template, Messenger Profile API.)
const (
	maxText       = 2000
	maxButtonText = 640
	maxButtons    = 3
	maxTitle      = 20
	maxReplies    = 13
	maxPayload    = 1000
	maxGreeting   = 160
	maxMenuTitle  = 30
)

type sending struct {
	Recipient *struct {
		ID string `json:"id"`
	} `json:"recipient"`
	Type    string          `json:"messaging_type"`
	Message json.RawMessage `json:"message"`
	Action  string          `json:"sender_action"`
}

type content struct {
	Text         *string      `json:"text"`
	Attachment   *attachment  `json:"attachment"`
	QuickReplies []quickReply `json:"quick_replies"`
	Metadata     string       `json:"metadata"`
}

type quickReply struct {
	ContentType string `json:"content_type"`
	Title       string `json:"title"`
	Payload     string `json:"payload"`
}

type attachment struct {
	Type    string `json:"type"`
	Payload struct {
		Type    string   `json:"template_type"`
		Text    string   `json:"text"`
		Buttons []button `json:"buttons"`
	} `json:"payload"`
}

type button struct {
	Type    string `json:"type"`
	URL     string `json:"url"`
	Title   string `json:"title"`
	Payload string `json:"payload"`
}

// strictly decodes one JSON text without unknown members.
func strictly(raw []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return fmt.Errorf("not as the Send API has it: %w", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("something follows the JSON text")
	}
	return nil
}

// read reads a request of the Send API.
func read(raw []byte) (Message, error) {
	var s sending
	if err := strictly(raw, &s); err != nil {
		return Message{}, err
	}
	if s.Recipient == nil || s.Recipient.ID == "" || strings.Trim(s.Recipient.ID, "0123456789") != "" {
		return Message{}, errors.New("(#100) No matching user found")
	}
	if s.Action != "" || s.Type != "RESPONSE" {
		return Message{}, errors.New("messaging_type must be RESPONSE")
	}
	var c content
	if err := strictly(s.Message, &c); err != nil {
		return Message{}, err
	}
	if (c.Text == nil) == (c.Attachment == nil) {
		return Message{}, errors.New("a message has either a text or an attachment")
	}
	if c.Text != nil {
		if err := length("text", *c.Text, maxText); err != nil {
			return Message{}, err
		}
	}
	if err := judgeAttachment(c.Attachment); err != nil {
		return Message{}, err
	}
	if err := judgeReplies(c.QuickReplies); err != nil {
		return Message{}, err
	}
	return Message{Recipient: s.Recipient.ID, Type: s.Type, Message: s.Message}, nil
}

func length(what, text string, most int) error {
	if n := utf8.RuneCountInString(text); n == 0 || n > most || !utf8.ValidString(text) {
		return fmt.Errorf("%s has %d characters, want 1 to %d", what, n, most)
	}
	return nil
}

func judgeReplies(list []quickReply) error {
	if len(list) > maxReplies {
		return fmt.Errorf("%d quick replies, want at most %d", len(list), maxReplies)
	}
	for _, q := range list {
		if q.ContentType != "text" {
			return fmt.Errorf("quick reply of the type %q", q.ContentType)
		}
		if err := errors.Join(length("a quick reply's title", q.Title, maxTitle), length("a quick reply's payload", q.Payload, maxPayload)); err != nil {
			return err
		}
	}
	return nil
}

// linkable says whether an address may be a button's: https, as Meta wants it, or a house for development on loopback.
func linkable(address string) bool {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return false
	}
	switch u.Hostname() {
	case "127.0.0.1", "::1", "localhost":
		return u.Scheme == "https" || u.Scheme == "http"
	default:
		return u.Scheme == "https"
	}
}

func judgeAttachment(a *attachment) error {
	if a == nil {
		return nil
	}
	if a.Type != "template" || a.Payload.Type != "button" {
		return errors.New("an attachment that is no button template")
	}
	if n := len(a.Payload.Buttons); n == 0 || n > maxButtons {
		return fmt.Errorf("%d buttons, want 1 to %d", n, maxButtons)
	}
	for _, b := range a.Payload.Buttons {
		switch b.Type {
		case "account_link":
			if !linkable(b.URL) || b.Title != "" || b.Payload != "" {
				return errors.New("an account_link button has an https URL and nothing else")
			}
		case "account_unlink":
			if b.URL != "" || b.Title != "" || b.Payload != "" {
				return errors.New("an account_unlink button has nothing else")
			}
		default:
			return fmt.Errorf("button of the type %q", b.Type)
		}
	}
	return length("a button template's text", a.Payload.Text, maxButtonText)
}

// readProfile reads a request of the Messenger Profile API.
func readProfile(raw []byte) (map[string]json.RawMessage, error) {
	var p struct {
		GetStarted *struct {
			Payload string `json:"payload"`
		} `json:"get_started"`
		Greeting []struct {
			Locale string `json:"locale"`
			Text   string `json:"text"`
		} `json:"greeting"`
		Menu []struct {
			Locale   string `json:"locale"`
			Disabled bool   `json:"composer_input_disabled"`
			Actions  []struct {
				Type    string `json:"type"`
				Title   string `json:"title"`
				Payload string `json:"payload"`
			} `json:"call_to_actions"`
		} `json:"persistent_menu"`
	}
	if err := strictly(raw, &p); err != nil {
		return nil, err
	}
	homes := map[string]int{}
	if p.GetStarted != nil {
		if err := length("get_started's payload", p.GetStarted.Payload, maxPayload); err != nil {
			return nil, err
		}
	}
	for _, g := range p.Greeting {
		if g.Locale == "default" {
			homes["greeting"]++
		}
		if err := length("a greeting", g.Text, maxGreeting); err != nil {
			return nil, err
		}
	}
	for _, m := range p.Menu {
		if m.Locale == "default" {
			homes["menu"]++
		}
		if len(m.Actions) == 0 || len(m.Actions) > 3 {
			return nil, fmt.Errorf("a menu of %d, want 1 to 3", len(m.Actions))
		}
		for _, a := range m.Actions {
			if a.Type != "postback" {
				return nil, fmt.Errorf("a menu's item of the type %q", a.Type)
			}
			if err := errors.Join(length("a menu's title", a.Title, maxMenuTitle), length("a menu's payload", a.Payload, maxPayload)); err != nil {
				return nil, err
			}
		}
	}
	if p.Greeting != nil && homes["greeting"] != 1 || p.Menu != nil && homes["menu"] != 1 {
		return nil, errors.New("one locale has to be default")
	}
	var members map[string]json.RawMessage
	return members, json.Unmarshal(raw, &members)
}
