package mcp

import (
	"errors"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"sotto/linking"
	"sotto/skills"
)

// ErrUnreadable means that a body is not one JSON-RPC message.
var ErrUnreadable = errors.New("not one JSON-RPC message")

// Call is what a body asks for, as far as must be known before it is served.
type Call struct {
	Tool  bool            // it calls a tool
	Needs []linking.Scope // the scopes without which the call is refused
}

// Read looks into a body for the scopes that its call needs, so that a caller without them can be challenged to ask for them. Several messages
// in one body, which only revisions before 2025-06-18 have, are ErrUnreadable: one request is one question.
func (p *Platform) Read(body []byte) (Call, error) {
	var message struct {
		Method string `json:"method"`
		Params struct {
			Name      string                    `json:"name"`
			Arguments map[string]jsontext.Value `json:"arguments"`
		} `json:"params"`
	}
	if jsontext.Value(body).Kind() != '{' {
		return Call{}, ErrUnreadable
	}
	if err := json.Unmarshal(body, &message); err != nil {
		// Also where the members have other types, as they may have in another method. A call must be readable.
		if err := json.Unmarshal(body, &struct {
			Method *string `json:"method"`
		}{&message.Method}); err != nil || message.Method == callTool {
			return Call{}, ErrUnreadable
		}
	}
	if message.Method != callTool {
		return Call{}, nil
	}
	if len(message.Params.Name) > maxToolName {
		return Call{}, ErrUnreadable
	}
	c := Call{Tool: true}
	for _, t := range p.tools {
		if t.entry.Tool == message.Params.Name {
			c.Needs = t.needs(func(slot skills.SlotName) bool { _, filled := message.Params.Arguments[string(slot)]; return filled })
		}
	}
	return c, nil
}

const callTool = "tools/call"

// maxToolName is what a tool's name may have, in bytes. (MCP 2025-11-25, Tools, "Tool Names".)
const maxToolName = 128
