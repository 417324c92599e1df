package skills_test

import (
	"strings"
	"testing"

	"sotto/skills"
)

func TestHowDeepJSONIsNested(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		body   string
		deeper bool
	}{
		"nothing":                             {"", false},
		"as deep as may be":                   {`{"a":[1]}`, false},
		"a bracket deeper":                    {`{"a":[[1]]}`, true},
		"many brackets side by side":          {`[{},{},{},{}]`, false},
		"brackets in a text":                  {`{"a":"[[[[{{{{"}`, false},
		"a text that seems to end":            {`{"a":"\"[[[["}`, false},
		"a text that ends behind a backslash": {`{"a":"\\","b":[[1]]}`, true},
		"what never ends":                     {strings.Repeat("[", 1000), true},
	} {
		if got := skills.Deeper([]byte(tc.body), 2); got != tc.deeper {
			t.Errorf("%s: deeper than 2 is %v", name, got)
		}
	}
}
