package messenger

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/go-json-experiment/json"
)

// Phone is the other end of the wire: a customer's Messenger, and Meta behind it. `sotto ask`, development houses and tests use it. What
// it makes still has to be signed. It is for one goroutine.
type Phone struct {
	PageID string
	Person string // PSID
	Now    func() time.Time
	Random io.Reader

	last int64
}

// Type makes the delivery of a text.
func (p *Phone) Type(text string) ([]byte, error) {
	return p.said(map[string]any{"text": text})
}

// Tap makes the delivery of a quick reply.
func (p *Phone) Tap(title, payload string) ([]byte, error) {
	return p.said(map[string]any{"text": title, "quick_reply": map[string]any{"payload": payload}})
}

// Press makes the delivery of a postback: the persistent menu's, or that of the button to get started.
func (p *Phone) Press(title, payload string) ([]byte, error) {
	mid, err := p.mid()
	if err != nil {
		return nil, err
	}
	return p.deliver(map[string]any{"postback": map[string]any{"mid": mid, "title": title, "payload": payload}})
}

// Return makes the delivery that follows when the browser came back to Meta with a handover.
func (p *Phone) Return(handover string) ([]byte, error) {
	return p.deliver(map[string]any{"account_linking": map[string]any{"status": "linked", "authorization_code": handover}})
}

// Unlink makes the delivery of the button that ends the link.
func (p *Phone) Unlink() ([]byte, error) {
	return p.deliver(map[string]any{"account_linking": map[string]any{"status": "unlinked"}})
}

func (p *Phone) said(message map[string]any) ([]byte, error) {
	var err error
	if message["mid"], err = p.mid(); err != nil {
		return nil, err
	}
	return p.deliver(map[string]any{"message": message})
}

func (p *Phone) deliver(what map[string]any) ([]byte, error) {
	now := max(p.Now().UnixMilli(), p.last+1) // nobody does two things at the same time
	p.last = now
	event := map[string]any{"sender": party{p.Person}, "recipient": party{p.PageID}, "timestamp": now}
	for name, value := range what {
		event[name] = value
	}
	body, err := json.Marshal(map[string]any{
		"object": "page", "entry": []any{map[string]any{"id": p.PageID, "time": now, "messaging": []any{event}}},
	}, json.Deterministic(true))
	if err != nil {
		return nil, fmt.Errorf("write a delivery: %w", err)
	}
	return body, nil
}

func (p *Phone) mid() (string, error) {
	var raw [24]byte
	if _, err := io.ReadFull(p.Random, raw[:]); err != nil {
		return "", fmt.Errorf("make an id: %w", err)
	}
	return "m_" + hex.EncodeToString(raw[:]), nil
}

// Sign makes the headers with which Meta delivers these bytes.
func Sign(appSecret string, body []byte) http.Header {
	return http.Header{
		"Content-Type": {"application/json"}, signatureHeader: {"sha256=" + hex.EncodeToString(sign([]byte(appSecret), body))},
	}
}

// Heard is one message that reached the customer.
type Heard struct {
	Text    string
	Replies []QuickReply
	LinkURL string // of the button that begins linking; empty where there is none
	Unlink  bool   // there is the button that ends the link
}

// QuickReply is one button below a message.
type QuickReply struct{ Title, Payload string }

// ErrMessage means that something is no message of the Send API.
var ErrMessage = errors.New("not a message as the Send API has it")

// Hear reads the member "message" of a request to the Send API.
func Hear(raw []byte) (Heard, error) {
	var m outgoing
	if err := json.Unmarshal(raw, &m); err != nil || m.Text == "" && m.Attachment == nil {
		return Heard{}, ErrMessage
	}
	h := Heard{Text: m.Text}
	for _, q := range m.QuickReplies {
		h.Replies = append(h.Replies, QuickReply{q.Title, q.Payload})
	}
	if m.Attachment != nil {
		h.Text = m.Attachment.Payload.Text
		for _, b := range m.Attachment.Payload.Buttons {
			h.Unlink = h.Unlink || b.Type == "account_unlink"
			if b.Type == "account_link" {
				h.LinkURL = b.URL
			}
		}
	}
	return h, nil
}
