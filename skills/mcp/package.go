package mcp

import (
	"fmt"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"sotto/skills"
)

// Package writes what can be read of the tools without a server: the list that a service is given, as the result of tools/list. Hosts read the
// list from the endpoint itself; the file is for reviews, and for directories that ask for it.
func Package() ([]skills.File, error) {
	tools, err := catalogue()
	if err != nil {
		return nil, err
	}
	list := struct {
		Tools []*sdk.Tool `json:"tools"`
	}{}
	for _, t := range tools {
		list.Tools = append(list.Tools, t.described())
	}
	content, err := json.Marshal(list, jsontext.WithIndent("  "), json.Deterministic(true))
	if err != nil {
		return nil, fmt.Errorf("write the list of tools: %w", err)
	}
	return []skills.File{{Path: "mcp/tools.json", Content: append(content, '\n')}}, nil
}
