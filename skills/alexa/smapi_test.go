package alexa_test

import (
	"encoding/json"
	"testing"

	"github.com/getkin/kin-openapi/openapi2"
	"github.com/getkin/kin-openapi/openapi2conv"
	"github.com/getkin/kin-openapi/openapi3"

	"sotto/tests/judge"
)

// smapi gives a definition of Alexa's skill management API as a judge of JSON. The document allows members it does not name
// anywhere; here they are refused, so that a misspelt one is found.
func smapi(t *testing.T, name string) func(content []byte) error {
	t.Helper()
	var whole openapi2.T
	if err := json.Unmarshal(judge.File(t, "specs/smapi_spec.json"), &whole); err != nil {
		t.Fatal(err)
	}
	whole.Paths, whole.Parameters, whole.Responses = nil, nil, nil
	converted, err := openapi2conv.ToV3(&whole)
	if err != nil {
		t.Fatal(err)
	}
	for _, each := range converted.Components.Schemas {
		s := each.Value
		if len(s.Properties) > 0 && s.AdditionalProperties.Has == nil && s.AdditionalProperties.Schema == nil && s.Discriminator == nil {
			no := false
			s.AdditionalProperties.Has = &no
		}
	}
	schema := converted.Components.Schemas[name]
	if schema == nil {
		t.Fatalf("there is no definition %q", name)
	}
	return func(content []byte) error {
		var value any
		if err := json.Unmarshal(content, &value); err != nil {
			return err
		}
		return schema.Value.VisitJSON(value, openapi3.MultiErrors())
	}
}
