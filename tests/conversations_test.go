package tests

import (
	"bytes"
	"encoding/xml"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"sotto/server/dev"
	"sotto/skills/alexa"
)

var update = flag.Bool("update", false, "write what was heard into the transcripts")

// TestConversations plays every transcript of conversations/ through the whole house: real linking, signed requests, a bank over HTTP.
//
// A transcript is a txtar archive. Its first paragraph says what it proves. The file "setup" has lines "name: value" (customer, scopes, at).
// In the file "conversation", a line "> …" is said to Alexa, the lines "< …" after it are heard, "( … )" is what happens beside words, and a
// line "! …" happens to the world: "! bank {…}" sets faults, "! revoke" revokes at the bank, "! pass 24h" lets time go by, "! open" opens
// the skill, "! new" begins a new conversation.
func TestConversations(t *testing.T) {
	files, err := filepath.Glob("conversations/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no transcripts: %v", err)
	}
	for _, path := range files {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			t.Parallel()
			archive, err := txtar.ParseFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if len(archive.Files) != 2 || archive.Files[0].Name != "setup" || archive.Files[1].Name != "conversation" {
				t.Fatal("a transcript has the files setup and conversation")
			}
			if len(bytes.TrimSpace(archive.Comment)) == 0 {
				t.Error("the first paragraph must say what the transcript proves")
			}
			want := string(archive.Files[1].Data)
			got := play(t, string(archive.Files[0].Data), want)
			if *update {
				archive.Files[1].Data = []byte(got)
				if err := os.WriteFile(path, txtar.Format(archive), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := cmp.Diff(strings.Split(want, "\n"), strings.Split(got, "\n")); diff != "" {
				t.Errorf("heard something else (-want +got):\n%s", diff)
			}
		})
	}
}

// play plays the said and the happening lines of a conversation, and gives it back with what was heard.
func play(t *testing.T, setup, conversation string) string {
	t.Helper()
	at, customer, scopes := morning, "", []string(nil)
	for line := range strings.Lines(setup) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
		switch name {
		case "":
		case "customer":
			customer = value
		case "scopes":
			scopes = strings.Fields(value)
		case "at":
			var err error
			if at, err = time.Parse(time.RFC3339, value); err != nil {
				t.Fatal(err)
			}
		default:
			t.Fatalf("setup: %q is not known", name)
		}
	}
	house := openAt(t, t.TempDir(), at)
	s := house.speaker(t)
	if customer != "" {
		s.link(customer, func(p *dev.Person) { p.Scopes = scopes })
	}
	var out strings.Builder
	for line := range strings.Lines(conversation) {
		line = strings.TrimRight(line, "\n")
		said, isSaid := strings.CutPrefix(line, "> ")
		event, isEvent := strings.CutPrefix(line, "! ")
		switch {
		case isSaid:
			fmt.Fprintln(&out, line)
			house.pass(3 * time.Second)
			write(t, &out, s.say(said))
		case isEvent:
			fmt.Fprintln(&out, line)
			happen(t, &out, house, s, customer, event)
		case line == "":
			fmt.Fprintln(&out)
		}
	}
	return out.String()
}

func happen(t *testing.T, out *strings.Builder, house *openHouse, s *speaker, customer, event string) {
	t.Helper()
	what, rest, _ := strings.Cut(event, " ")
	switch what {
	case "bank":
		house.faults(t, rest)
	case "revoke":
		house.tellBank(t, "revoke", fmt.Sprintf(`{"username": %q}`, customer))
	case "pass":
		d, err := time.ParseDuration(rest)
		if err != nil {
			t.Fatal(err)
		}
		house.pass(d)
	case "refresh":
		s.trade(map[string][]string{"grant_type": {"refresh_token"}, "refresh_token": {s.refresh}})
	case "link":
		s.link(customer, func(p *dev.Person) { p.Scopes = strings.Fields(rest) })
	case "open":
		body, err := s.device.Launch()
		if err != nil {
			t.Fatal(err)
		}
		write(t, out, s.hear(body))
	case "new":
		if _, err := s.device.End("USER_INITIATED"); err != nil {
			t.Fatal(err)
		}
	default:
		t.Fatalf("nobody knows how to %q", event)
	}
}

// write writes what was heard, as words: the SSML must be well formed, and its tags are left out.
func write(t *testing.T, out *strings.Builder, heard alexa.Heard) {
	t.Helper()
	fmt.Fprintln(out, "< "+words(t, heard.SSML))
	if heard.LinkCard {
		fmt.Fprintln(out, "( the app shows how to link )")
	}
	if !heard.Ended {
		fmt.Fprintln(out, "( listens )")
	}
}

func words(t testing.TB, ssml string) string {
	t.Helper()
	var text strings.Builder
	d := xml.NewDecoder(strings.NewReader(ssml))
	for {
		token, err := d.Token()
		if token == nil {
			if err.Error() != "EOF" {
				t.Fatalf("SSML is not well formed: %v: %s", err, ssml)
			}
			break
		}
		if chars, ok := token.(xml.CharData); ok {
			text.Write(chars)
		}
	}
	return strings.Join(strings.Fields(text.String()), " ")
}
