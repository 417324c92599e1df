package tests

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sotto/skills/messenger"
)

// TestMessengerFixtures plays every delivery of fixtures/messenger, each in a chat of its own, and compares what is sent with the reply beside it;
// fixtures/messenger/README.md says how they are read.
func TestMessengerFixtures(t *testing.T) {
	t.Parallel()
	house := open(t)
	playFixtures(t, "messenger", func(t *testing.T, _ string, request []byte) map[string]any {
		x := house.texter(t)
		if strings.Contains(string(request), "{{ada}}") {
			x.link("ada")
		}
		fill := strings.NewReplacer("{{page}}", x.phone.PageID, "{{person}}", x.phone.Person, "{{ada}}", x.phone.Person, "{{mid}}", x.phone.Person)
		x.deliverNothing([]byte(fill.Replace(string(request))), nil)
		house.givesAll(t)
		return written(t, x.sent()[x.heard:], house.PublicURL())
	})
}

// written gives the messages that were sent: nothing, the one, or a list.
func written(t *testing.T, sent []json.RawMessage, house string) map[string]any {
	t.Helper()
	var messages []any
	for _, m := range sent {
		messages = append(messages, parsed(t, []byte(strings.ReplaceAll(string(m), house, "{{house}}"))))
	}
	switch len(messages) {
	case 0:
		return nil
	case 1:
		return map[string]any{"reply": messages[0]}
	default:
		return map[string]any{"reply": messages}
	}
}

// TestWhatOthersRecordedOfMessengerIsNeverAFaultOfOurs replays other people's payloads, as they stand and wrapped as Meta delivers them.
func TestWhatOthersRecordedOfMessengerIsNeverAFaultOfOurs(t *testing.T) {
	t.Parallel()
	folder := os.Getenv("FIXTURES")
	if folder == "" {
		folder = filepath.Join("..", "..", "shared", "fixtures")
	}
	files, err := filepath.Glob(filepath.Join(folder, "messenger", "*", "*.json"))
	if err != nil || len(files) == 0 {
		t.Skip("no payloads of others here")
	}
	house := open(t)
	x := house.texter(t)
	for _, name := range files {
		raw, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		ours := strings.ReplaceAll(string(raw), "104098558513421", x.phone.PageID)
		for _, body := range []string{string(raw), `{"object":"page","entry":[` + ours + `]}`, `{"object":"page","entry":[` + ours + `,` + ours + `]}`} {
			if status, answer := x.postAs(messenger.Sign(x.file.Messenger.AppSecret, []byte(body)), []byte(body)); status != http.StatusOK && status != http.StatusNotFound {
				t.Errorf("%s: %d %s", filepath.Base(name), status, answer)
			}
		}
	}
	if heard := x.says("stop"); !strings.Contains(heard.Text, "Goodbye") {
		t.Errorf("afterwards: %+v", heard)
	}
}
