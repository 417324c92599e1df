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

// TestMessengerFixtures plays the deliveries of fixtures/messenger, each in a chat of its own, and compares what is sent. PAGE and PERSON
// stand for the ids.
func TestMessengerFixtures(t *testing.T) {
	t.Parallel()
	house := open(t)
	files, err := filepath.Glob("fixtures/messenger/*.json")
	if err != nil || len(files) < 10 {
		t.Fatalf("%d fixtures, %v", len(files), err)
	}
	for _, name := range files {
		if strings.HasSuffix(name, ".reply.json") {
			continue
		}
		t.Run(strings.TrimSuffix(filepath.Base(name), ".json"), func(t *testing.T) {
			x := house.texter(t)
			fill := strings.NewReplacer("PAGE", x.phone.PageID, "PERSON", x.phone.Person, "HOUSE", house.PublicURL(), "MID", x.phone.Person)
			raw, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			x.deliverNothing([]byte(fill.Replace(string(raw))), nil)
			want, err := os.ReadFile(strings.TrimSuffix(name, ".json") + ".reply.json")
			if os.IsNotExist(err) { // nothing is said: what is said next is heard first
				if heard := x.says("stop"); !strings.Contains(heard.Text, "Goodbye") {
					t.Errorf("got %+v, want nothing", heard)
				}
				return
			}
			x.hear()
			for _, m := range house.MockGraph().Messages() {
				if m.Recipient == x.phone.Person {
					if got := compact(t, m.Message); got != compact(t, []byte(fill.Replace(string(want)))) {
						t.Errorf("got %s", got)
					}
				}
			}
		})
	}
}

func compact(t *testing.T, raw []byte) string {
	t.Helper()
	var v any
	if err := json.Unmarshal(raw, &v); err != nil {
		t.Fatal(err)
	}
	out, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
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
