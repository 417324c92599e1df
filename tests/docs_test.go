package tests

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// source gives the Go files of the project below a folder, tests or the others, as one text.
func source(t *testing.T, folder string, tests bool) string {
	t.Helper()
	var all strings.Builder
	err := filepath.WalkDir(filepath.Join("..", folder), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(path) != ".go" || strings.HasSuffix(path, "_test.go") != tests {
			return err
		}
		content, err := os.ReadFile(path)
		all.Write(content)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all.String()
}

func document(t *testing.T, name string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join("..", "docs", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// TestEveryProofThatTheSecurityPageNamesIsThere: a clause that is called done names a test, and the test exists.
func TestEveryProofThatTheSecurityPageNamesIsThere(t *testing.T) {
	t.Parallel()
	page, tests := document(t, "security.md"), source(t, "", true)
	named := regexp.MustCompile("`((?:Test|Fuzz)[A-Za-z0-9]+)`").FindAllStringSubmatch(page, -1)
	if len(named) < 40 {
		t.Fatalf("the page names %d tests", len(named))
	}
	for _, m := range named {
		if !strings.Contains(tests, "func "+m[1]+"(") {
			t.Errorf("docs/security.md names %s, which there is not", m[1])
		}
	}
	for _, m := range regexp.MustCompile("`TestRefusals` \\(([^)]+)\\)").FindAllStringSubmatch(page, -1) {
		for _, name := range strings.Split(m[1], ", ") {
			if !slices.ContainsFunc(refusals, func(c chapter) bool { return strings.HasPrefix(c.name, name) }) {
				t.Errorf("docs/security.md names a chapter %q of the table of refusals, which there is not", name)
			}
		}
	}
	for line := range strings.Lines(page) {
		if strings.HasPrefix(line, "|") && strings.Contains(line, "| done") && !strings.Contains(line, "`Test") {
			t.Errorf("a clause is called done without a test: %s", line)
		}
	}
}

// TestTheOperationsPageExplainsWhatAnOperatorSees: every metric, and every reason that a log line can give.
func TestTheOperationsPageExplainsWhatAnOperatorSees(t *testing.T) {
	t.Parallel()
	page := document(t, "operations.md")
	for folder, patterns := range map[string][]string{
		"server":            {`"(sotto_[a-z_]+)"`, `log\.(?:Info|Warn|Error)\("([a-z ]+)"`, `"invalid_request", "([a-z_]+)"`},
		"linking":           {`(?:refuse\([A-Za-z]+|refuse\(|pageError\(|lost\(|no\(|refuseClient\(|Reason: +)(?:, )?"([a-z][a-z_]+)"`},
		"skills/alexa":      {`Reason += "([a-z ]+)"`},
		"skills/dialogflow": {`Reason += "([a-z ]+)"`},
		"skills":            {`Reason: +"([a-z ]+)"`, `Reason = "([a-z ]+)"`, `Key(?:Sorry)?[^\n]*}, "([a-z ]+)"`, `Bank[A-Za-z]+ +Key = "([a-z.]+)"`},
	} {
		code, found := source(t, folder, false), 0
		for _, pattern := range patterns {
			for _, m := range regexp.MustCompile(pattern).FindAllStringSubmatch(code, -1) {
				found++
				if !strings.Contains(page, "`"+m[1]+"`") {
					t.Errorf("docs/operations.md does not explain `%s` of %s", m[1], folder)
				}
			}
		}
		if found < 5 {
			t.Errorf("%s: only %d words were found", folder, found)
		}
	}
}
