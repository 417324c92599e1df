package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"sotto/linking"
	"sotto/skills"
	"sotto/skills/mcp"
)

// mcpPlayer is an assistant built on a language model: it calls the tool that fits, and says what comes back.
type mcpPlayer struct {
	*asker
	intent skills.Intent // what the model makes of the sentence
	slots  skills.Slots
}

// mcpTalk is what a model remembers of the conversation, so that a yes goes on with a list.
type mcpTalk struct {
	Intent skills.Intent `json:"intent"`
	Slots  skills.Slots  `json:"slots,omitzero"`
	After  *int          `json:"after,omitzero"`
}

func playMCP(a *asker) (assistant, error) {
	intent, slots, err := match(a.text, a.Locale, a.now)
	if err != nil {
		return nil, err
	}
	return &mcpPlayer{asker: a, intent: intent, slots: slots}, nil
}

func (p *mcpPlayer) link(ctx context.Context) (bool, error) {
	return p.tokens(ctx, "mcp", "as an assistant with MCP would in a browser")
}

func (p *mcpPlayer) say(ctx context.Context) (heard, error) {
	talk := mcpTalk{Intent: p.intent, Slots: p.slots}
	if before := conversation[mcpTalk](p.page, p.now()); p.intent == skills.Yes && before.After != nil {
		talk = before
	}
	model := mcp.Assistant{Locale: p.Locale, Token: linking.Token(p.page.Access)}
	header, body, err := model.Ask(talk.Intent, talk.Slots, talk.After)
	if errors.Is(err, mcp.ErrNoTool) {
		return heard{}, fmt.Errorf("a model has no tool for that; it would answer by itself: ask about a balance, spending, transactions, or what was shared")
	}
	if err != nil {
		return heard{}, err
	}
	answer, err := p.exchange(ctx, linking.MCPPath, header, body)
	var refused *refusedError
	if errors.As(err, &refused) && refused.status == http.StatusUnauthorized {
		return heard{unlinked: true}, nil
	}
	if err != nil {
		return heard{}, err
	}
	h, err := model.Hear(answer)
	if err != nil {
		return heard{}, err
	}
	talk.After = h.After
	return heard{text: h.Text}, p.kept.remember(p.page, talk, p.now())
}
