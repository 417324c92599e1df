package mcp

import (
	_ "embed"
	"fmt"
	"slices"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/jsonschema-go/jsonschema"
	sdk "github.com/modelcontextprotocol/go-sdk/mcp"
	"gopkg.in/yaml.v3"

	"sotto/banking/spending"
	"sotto/linking"
	"sotto/skills"
)

//go:embed words.yaml
var words []byte

// description is what a language model is told of a tool, or of an argument.
type description struct {
	Title       string `yaml:"title"`
	Description string `yaml:"description"`
}

// instructions are what a language model is told of the whole.
const instructions = "Answers a bank customer's own questions about their accounts. Call a tool only when the customer asks for what it gives. " +
	"Say the text of the result as it is: figures, ranges and what was left out belong together. The customer can see every fact that was given, and take the permission back."

// tool is one intent of the catalogue as a tool.
type tool struct {
	entry  skills.Entry
	words  description
	slots  map[string]description
	input  jsontext.Value     // the schema of its arguments, as JSON: the SDK looks through it at every call, and would write it each time
	output *jsonschema.Schema // the same for all tools
}

// catalogue gives the tools, in the order of the catalogue. An error is a mistake in words.yaml.
func catalogue() ([]tool, error) {
	var all struct {
		Tools     map[string]description `yaml:"tools"`
		Arguments map[string]description `yaml:"arguments"`
	}
	if err := yaml.Unmarshal(words, &all); err != nil {
		return nil, fmt.Errorf("read the words of the tools: %w", err)
	}
	output, err := jsonschema.For[Result](nil)
	if err != nil {
		return nil, fmt.Errorf("write the schema of results: %w", err)
	}
	output.Properties["facts"].Type, output.Properties["facts"].Types = "array", nil // a nil slice would be null, and there is none
	var tools []tool
	for _, e := range skills.Entries() {
		if e.Tool == "" {
			continue
		}
		t := tool{entry: e, words: all.Tools[e.Tool], slots: all.Arguments, output: output}
		if t.words.Title == "" || t.words.Description == "" {
			return nil, fmt.Errorf("mcp: no words for the tool %s", e.Tool)
		}
		arguments, err := t.arguments()
		if err != nil {
			return nil, err
		}
		if t.input, err = json.Marshal(arguments); err != nil {
			return nil, fmt.Errorf("write the schema of %s: %w", e.Tool, err)
		}
		tools = append(tools, t)
	}
	return tools, nil
}

// needs are the scopes without which a call with these arguments is refused.
func (t tool) needs(filled func(skills.SlotName) bool) []linking.Scope {
	needed := slices.Clone(t.entry.Scopes)
	for _, slot := range t.entry.Slots {
		if scope, more := t.entry.SlotScopes[slot]; more && filled(slot) {
			needed = append(needed, scope)
		}
	}
	return needed
}

// allowed says whether a caller with these scopes may call the tool at all.
func (t tool) allowed(scopes []linking.Scope) bool {
	for _, s := range t.entry.Scopes {
		if !slices.Contains(scopes, s) {
			return false
		}
	}
	return true
}

// described is the tool as it is listed. All of them only read, and only what is the customer's own.
func (t tool) described() *sdk.Tool {
	closed := false
	return &sdk.Tool{
		Name: t.entry.Tool, Title: t.words.Title, Description: t.words.Description, InputSchema: t.input, OutputSchema: t.output,
		Annotations: &sdk.ToolAnnotations{Title: t.words.Title, ReadOnlyHint: true, IdempotentHint: true, DestructiveHint: &closed, OpenWorldHint: &closed},
	}
}

// The bounds of arguments, in characters.
const (
	maxName = 80
	maxSpan = 32
)

// arguments is the schema of what a call can say: the intent's slots, none of them required, and nothing else.
func (t tool) arguments() (*jsonschema.Schema, error) {
	s := &jsonschema.Schema{
		Type: "object", Properties: map[string]*jsonschema.Schema{}, AdditionalProperties: &jsonschema.Schema{Not: &jsonschema.Schema{}},
	}
	for _, slot := range t.entry.Slots {
		argument, err := t.argument(slot)
		if err != nil {
			return nil, err
		}
		s.Properties[string(slot)] = argument
		s.PropertyOrder = append(s.PropertyOrder, string(slot))
	}
	if t.entry.Pages {
		s.Properties[continueAfter] = &jsonschema.Schema{
			Type: "integer", Minimum: jsonschema.Ptr(0.0), Maximum: jsonschema.Ptr(float64(maxAfter)), Description: t.slots[continueAfter].Description,
		}
		s.PropertyOrder = append(s.PropertyOrder, continueAfter)
	}
	return s, nil
}

func (t tool) argument(slot skills.SlotName) (*jsonschema.Schema, error) {
	s := &jsonschema.Schema{Type: "string", MinLength: jsonschema.Ptr(1), MaxLength: jsonschema.Ptr(maxName), Description: t.slots[string(slot)].Description}
	if s.Description == "" {
		return nil, fmt.Errorf("mcp: no words for the argument %s", slot)
	}
	switch slot {
	case skills.SlotCategory:
		s.MinLength, s.MaxLength = nil, nil
		for _, c := range spending.Categories() {
			s.Enum = append(s.Enum, string(c))
		}
	case skills.SlotPeriod:
		s.MaxLength = jsonschema.Ptr(maxSpan)
	case skills.SlotCount:
		s = &jsonschema.Schema{Type: "integer", Minimum: jsonschema.Ptr(1.0), Maximum: jsonschema.Ptr(float64(skills.MaxCount)), Description: s.Description}
	default:
	}
	return s, nil
}
