package server

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestTheClientsOfTheGuidesAreTaken: whoever copies an entry out of a guide and fills in its secret has one that is not refused.
func TestTheClientsOfTheGuidesAreTaken(t *testing.T) {
	guides, err := filepath.Glob("../docs/platforms/*.md")
	if err != nil || len(guides) == 0 {
		t.Fatalf("no guides: %v", err)
	}
	tried := 0
	for _, guide := range guides {
		content, err := os.ReadFile(guide)
		if err != nil {
			t.Fatal(err)
		}
		for i, block := range strings.Split(string(content), "```yaml\n")[1:] {
			entry, _, _ := strings.Cut(block, "```")
			if !strings.Contains(entry, "platform:") {
				continue // a bank's
			}
			lines := strings.Split(entry, "\n")
			indent := len(lines[0]) - len(strings.TrimLeft(lines[0], " "))
			for n, line := range lines {
				lines[n] = line[min(indent, len(line)):]
			}
			path := filepath.Join(t.TempDir(), "clients.yaml")
			if err := os.WriteFile(path, []byte(strings.ReplaceAll(strings.Join(lines, "\n"), "…", strings.Repeat("0123abcd", 8))), 0o600); err != nil {
				t.Fatal(err)
			}
			if _, err := clientRecords(Config{Clients: path}, nil); err != nil {
				t.Errorf("%s, entry %d: %v", filepath.Base(guide), i+1, err)
			}
			tried++
		}
	}
	if tried < 5 {
		t.Errorf("only %d entries were found", tried)
	}
}
