package mcp_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"sotto/skills"
)

// differ compares what a turn means.
func differ(got, want skills.Turn) string {
	return cmp.Diff(want, got, cmpopts.IgnoreFields(skills.Turn{}, "ID", "Platform", "Locale", "Token", "Proven", "Chat"))
}

// canonical is JSON with its members in order.
func canonical(t *testing.T, v any) string {
	t.Helper()
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(b.String())
}
