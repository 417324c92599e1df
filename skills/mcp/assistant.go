package mcp

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"

	"github.com/go-json-experiment/json"

	"sotto/linking"
	"sotto/skills"
)

// Revision is the revision of the protocol that an Assistant speaks: in it every request stands alone.
const Revision = "2026-07-28"

// Assistant is the other end of the wire: it makes the calls that a language model would make. Development and tests ask with it.
type Assistant struct {
	Locale string
	Token  linking.Token
}

// ErrNoTool means an intent for which a model has no tool.
var ErrNoTool = errors.New("no tool for that")

// Ask makes the request that calls the tool of an intent; after goes on with a list where it is not nil. An intent without a tool is ErrNoTool.
func (a Assistant) Ask(intent skills.Intent, slots skills.Slots, after *int) (http.Header, []byte, error) {
	entry, known := skills.Lookup(intent)
	if !known || entry.Tool == "" {
		return nil, nil, ErrNoTool
	}
	arguments := map[string]any{}
	for name, slot := range slots {
		arguments[string(name)] = argument(name, slot)
	}
	if after != nil {
		arguments[continueAfter] = *after
	}
	body, err := json.Marshal(map[string]any{
		"jsonrpc": "2.0", "id": 1, "method": callTool, "params": map[string]any{
			"_meta": map[string]any{
				"io.modelcontextprotocol/protocolVersion":    Revision,
				"io.modelcontextprotocol/clientCapabilities": map[string]any{},
			},
			"name": entry.Tool, "arguments": arguments,
		},
	}, json.Deterministic(true))
	if err != nil {
		return nil, nil, fmt.Errorf("write a call: %w", err)
	}
	header := http.Header{}
	for name, value := range map[string]string{
		"Accept": "application/json, text/event-stream", "Accept-Language": a.Locale, "Authorization": "Bearer " + string(a.Token), "Content-Type": "application/json",
		"MCP-Protocol-Version": Revision, "Mcp-Method": callTool, "Mcp-Name": entry.Tool,
	} {
		header.Set(name, value)
	}
	return header, body, nil
}

// argument is a slot as a model writes it, who has read the tool's schema.
func argument(name skills.SlotName, slot skills.Slot) any {
	switch name {
	case skills.SlotCount:
		if n, err := strconv.Atoi(slot.Heard); err == nil {
			return n
		}
	case skills.SlotCategory:
		if len(slot.Values) > 0 {
			return slot.Values[0]
		}
	default:
	}
	return slot.Heard
}

// Heard is what a model was told.
type Heard struct {
	Text  string
	After *int // there is more
}

// Hear reads the answer to a call. An error of the protocol is an error.
func (Assistant) Hear(answer []byte) (Heard, error) {
	var got struct {
		Result *struct {
			Content []struct {
				Text string `json:"text"`
			} `json:"content"`
			Structured struct {
				After *int `json:"continue_after"`
			} `json:"structuredContent"`
		} `json:"result"`
		Error struct {
			Message string `json:"message"`
		} `json:"error"`
	}
	if err := json.Unmarshal(answer, &got); err != nil {
		return Heard{}, fmt.Errorf("read the result of a call: %w", err)
	}
	if got.Result == nil || len(got.Result.Content) == 0 {
		return Heard{}, fmt.Errorf("the call failed: %s", got.Error.Message)
	}
	return Heard{Text: got.Result.Content[0].Text, After: got.Result.Structured.After}, nil
}
