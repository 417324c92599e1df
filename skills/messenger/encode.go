package messenger

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json"

	"sotto/skills"
)

// What one message may measure, in characters. (Messenger Platform, Send API: Quick Replies, Button Template.)
const (
	maxButtonText = 640
	maxTitle      = 20
	maxReplies    = 13
)

// Words are what is said and what stands on buttons.
type Words struct {
	Text   string                 // of the reply
	Button func(id string) string // the title of a button: yes, no, link, unlink, or an intent
	Names  []string               // of the accounts that were said to choose from
}

// The requests of the Send API.
type send struct {
	Recipient party    `json:"recipient"`
	Type      string   `json:"messaging_type"`
	Message   outgoing `json:"message"`
}

type outgoing struct {
	Text         string       `json:"text,omitzero"`
	Attachment   *attachment  `json:"attachment,omitzero"`
	QuickReplies []quickReply `json:"quick_replies,omitzero"`
}

type quickReply struct {
	ContentType string `json:"content_type"`
	Title       string `json:"title"`
	Payload     string `json:"payload"`
}

type attachment struct {
	Type    string   `json:"type"`
	Payload template `json:"payload"`
}

type template struct {
	Type    string   `json:"template_type"`
	Text    string   `json:"text"`
	Buttons []button `json:"buttons"`
}

type button struct {
	Type string `json:"type"`
	URL  string `json:"url,omitzero"`
}

// Encode writes a reply as the messages that say it to a person, in order. Text beyond what a message holds is parted between sentences, never
// cut. What was asked comes with buttons; what needs a link, with Meta's own for account linking.
func (p *Platform) Encode(person string, reply skills.Reply, w Words) ([][]byte, error) {
	limit := maxText
	last := outgoing{}
	switch {
	case reply.LinkCard:
		last.Attachment = &attachment{"template", template{Type: "button", Buttons: []button{{Type: "account_link", URL: p.c.PublicURL + LinkPath}}}}
	case reply.Key == skills.ChatUnlink:
		last.Attachment = &attachment{"template", template{Type: "button", Buttons: []button{{Type: "account_unlink"}}}}
	default:
		last.QuickReplies = quickReplies(reply, w)
	}
	if last.Attachment != nil {
		limit = maxButtonText
	}
	parts := part(w.Text, maxText, limit)
	if len(parts) == 0 {
		return nil, fmt.Errorf("messenger: nothing to say for %q", reply.Key)
	}
	var out [][]byte
	for i, text := range parts {
		m := outgoing{Text: text}
		if i == len(parts)-1 {
			m = last
			if m.Attachment != nil {
				m.Attachment.Payload.Text = text
			} else {
				m.Text = text
			}
		}
		body, err := json.Marshal(send{party{person}, "RESPONSE", m})
		if err != nil {
			return nil, fmt.Errorf("write a message: %w", err)
		}
		out = append(out, body)
	}
	return out, nil
}

// offers are the intents that are offered where nothing in particular was asked.
var offers = []skills.Intent{skills.Balance, skills.Spending, skills.Transactions, skills.Shared}

func quickReplies(reply skills.Reply, w Words) []quickReply {
	if !reply.Ask {
		return nil
	}
	var out []quickReply
	add := func(title, payload string) {
		if title != "" && utf8.RuneCountInString(title) <= maxTitle && len(out) < maxReplies && !slices.ContainsFunc(out, func(q quickReply) bool { return q.Title == title }) {
			out = append(out, quickReply{"text", title, payload})
		}
	}
	switch reply.Dialogue.Asked {
	case skills.AskedConfirm, skills.AskedMore:
		add(w.Button("yes"), intentIs+string(skills.Yes))
		add(w.Button("no"), intentIs+string(skills.No))
	case string(skills.SlotAccount):
		for _, name := range w.Names {
			add(name, sayIt)
		}
	case "":
		for _, i := range offers {
			add(w.Button(string(i)), intentIs+string(i))
		}
	}
	return out
}

// part parts a text into pieces of at most limit characters, the last of at most last: after a sentence where there is one, else between
// words, else wherever it must.
func part(text string, limit, last int) []string {
	var parts []string
	rest := []rune(strings.TrimSpace(text))
	for len(rest) > last {
		at := cut(rest, min(limit, len(rest)-1))
		parts = append(parts, strings.TrimSpace(string(rest[:at])))
		rest = []rune(strings.TrimSpace(string(rest[at:])))
	}
	if len(rest) > 0 {
		parts = append(parts, string(rest))
	}
	return parts
}

func cut(text []rune, limit int) int {
	sentence, word := 0, 0
	for i := 1; i <= limit && i < len(text); i++ {
		if text[i] != ' ' && text[i] != '\n' {
			continue
		}
		word = i
		if strings.ContainsRune(".!?\n", text[i-1]) || text[i] == '\n' {
			sentence = i
		}
	}
	switch {
	case sentence > 0:
		return sentence
	case word > 0:
		return word
	default:
		return limit
	}
}
