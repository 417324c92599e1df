package messenger_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"sotto/skills"
	"sotto/skills/messenger"
	"sotto/skills/messenger/mockgraph"
	"sotto/skills/speech"
)

// TestTheProfileIsTakenByAStrictGraph sends what the package says in the order in which it says it.
func TestTheProfileIsTakenByAStrictGraph(t *testing.T) {
	catalogue, err := skills.NewCatalogue(time.Now)
	if err != nil {
		t.Fatal(err)
	}
	phrases, err := speech.New()
	if err != nil {
		t.Fatal(err)
	}
	g := mockgraph.New(mockgraph.Options{AppSecret: secret, PageToken: "page token", PageID: pageID, Now: time.Now})
	s := httptest.NewServer(g)
	defer s.Close()
	files, err := messenger.Package(messenger.Brand{Name: "Albion", PublicURL: house, PageID: pageID, GraphURL: messenger.GraphURL}, catalogue, phrases)
	if err != nil || len(files) != 4 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	post := func(f skills.File) int {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL+"/me/messenger_profile?access_token=page+token&appsecret_proof="+messenger.Proof(secret, "page token"), strings.NewReader(string(f.Content)))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/json")
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		return answer.StatusCode
	}
	if status := post(files[2]); status != http.StatusBadRequest || !strings.Contains(files[2].Path, "menu") {
		t.Errorf("%s before there is a button to get started: %d", files[2].Path, status)
	}
	for _, f := range files {
		if !strings.HasSuffix(f.Path, ".json") {
			if text := string(f.Content); !strings.Contains(text, house+"/messenger/deletion") || strings.Contains(text, secret) || strings.Contains(text, "page token") {
				t.Errorf("%s: %s", f.Path, text)
			}
			continue
		}
		if status := post(f); status != http.StatusOK {
			t.Errorf("%s: %d, %q", f.Path, status, g.Refused())
		}
	}
	p := open(t)
	var menus []struct {
		Actions []struct{ Payload string } `json:"call_to_actions"`
	}
	if err := json.Unmarshal(g.Profile()["persistent_menu"], &menus); err != nil || len(menus) < 2 {
		t.Fatalf("%d menus, %v", len(menus), err)
	}
	for _, a := range menus[0].Actions {
		events, _, err := p.Decode(delivery(from(`"postback":{"mid":"m1","payload":"` + a.Payload + `"}`)))
		if err != nil || len(events) != 1 {
			t.Fatalf("%s: %v", a.Payload, err)
		}
		turn := events[0].Turn("m", "en-US", noDialogue, never)
		if turn.Intent == skills.Fallback && a.Payload != messenger.LinkIt && a.Payload != messenger.UnlinkIt {
			t.Errorf("nobody understands the menu's %q", a.Payload)
		}
	}
}
