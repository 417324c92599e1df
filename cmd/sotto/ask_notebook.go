package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"sotto/server/dev"
)

// pause is how long a conversation waits for the next sentence, so that "yes" is understood.
const pause = 2 * time.Minute

// notebook is STATE/ask.json: what the assistants that ask plays hold of their customers.
type notebook struct {
	path  string
	Pages map[string]*page `json:"links"` // by house, assistant, bank and customer
}

// page is what one assistant holds of one customer.
type page struct {
	Client       string         `json:"client_id,omitzero"`
	Access       string         `json:"access_token,omitzero"`
	Refresh      string         `json:"refresh_token,omitzero"`
	Expires      time.Time      `json:"expires,omitzero"`
	Person       string         `json:"person,omitzero"`       // his page-scoped id, on Messenger
	Conversation jsontext.Value `json:"conversation,omitzero"` // in the assistant's own form
	Said         time.Time      `json:"said,omitzero"`         // when it was last heard
}

func openNotebook(state string) (*notebook, error) {
	n := &notebook{path: filepath.Join(state, "ask.json"), Pages: map[string]*page{}}
	content, err := os.ReadFile(n.path)
	if errors.Is(err, os.ErrNotExist) {
		return n, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the tokens: %w", err)
	}
	if err := json.Unmarshal(content, n); err != nil {
		return nil, fmt.Errorf("%s is damaged: remove it", n.path)
	}
	return n, nil
}

func (n *notebook) page(words ...string) *page {
	name := strings.Join(words, " ")
	if n.Pages[name] == nil {
		n.Pages[name] = &page{}
	}
	return n.Pages[name]
}

func (n *notebook) write() error {
	content, err := json.Marshal(n, jsontext.WithIndent("  "), json.Deterministic(true))
	if err != nil {
		return fmt.Errorf("keep the tokens: %w", err)
	}
	return dev.WriteFile(n.path, content)
}

// forget drops tokens and conversation.
func (p *page) forget() { *p = page{} }

// conversation is where the customer left off, in the assistant's own form, if that was not too long ago; otherwise a new one.
func conversation[T any](p *page, now time.Time) T {
	var going, fresh T
	if len(p.Conversation) == 0 || now.Sub(p.Said) > pause || now.Before(p.Said) || json.Unmarshal(p.Conversation, &going) != nil {
		return fresh
	}
	return going
}

// remember keeps where the customer is now, in the assistant's own form.
func (n *notebook) remember(p *page, conversation any, now time.Time) error {
	raw, err := json.Marshal(conversation, json.Deterministic(true))
	if err != nil {
		return fmt.Errorf("keep the conversation: %w", err)
	}
	p.Conversation, p.Said = raw, now
	return n.write()
}

// indent is JSON to be read by people, or the bytes as they are.
func indent(raw []byte) string {
	value := jsontext.Value(append([]byte(nil), raw...))
	if err := value.Indent(jsontext.WithIndent("  ")); err != nil {
		return string(raw)
	}
	return string(value)
}
