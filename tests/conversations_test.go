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

	"sotto/server"
)

var update = flag.Bool("update", false, "write what was heard into the transcripts")

// TestConversations plays every transcript of conversations/ on every platform, through whole houses: real linking, real wires, a bank over
// HTTP. What is heard on Alexa stands in the transcript word for word; on the others it must be the same facts (same_test.go).
//
// A transcript is a txtar archive. Its first paragraph says what it proves. The file "setup" has lines "name: value" (customer, scopes, at, and
// hurried, where a turn may take no longer than on the street).
// In the file "conversation", a line "> …" is said, the lines "< …" after it are heard, "( … )" is what happens beside words, and a
// line "! …" happens to the world: "! bank {…}" sets faults, "! revoke" revokes at the bank, "! pass 24h" lets time go by, "! refresh" has the
// platform refresh its tokens, "! link balances" links again, "! open" opens the skill, "! new" begins a new conversation.
func TestConversations(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("conversations/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no transcripts: %v", err)
	}
	for _, path := range files {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			t.Parallel()
			archive, tr := readTranscript(t, path)
			onAlexa := tr.play(t, "alexa")
			if *update {
				archive.Files[1].Data = []byte(onAlexa.written)
				if err := os.WriteFile(path, txtar.Format(archive), 0o644); err != nil {
					t.Fatal(err)
				}
			} else if diff := cmp.Diff(strings.Split(string(archive.Files[1].Data), "\n"), strings.Split(onAlexa.written, "\n")); diff != "" {
				t.Errorf("heard something else (-want +got):\n%s", diff)
			}
			for _, platform := range platforms {
				for _, difference := range tr.compare(platform, onAlexa, tr.play(t, platform)) {
					t.Errorf("on %s: %s", platform, difference)
				}
			}
		})
	}
}

// transcript is one conversation to be played.
type transcript struct {
	name, customer string
	scopes         []string
	at             time.Time
	hurried        bool
	lines          []string
}

func readTranscript(t *testing.T, path string) (*txtar.Archive, transcript) {
	t.Helper()
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
	tr := transcript{name: strings.TrimSuffix(filepath.Base(path), ".txtar"), at: morning}
	for line := range strings.Lines(string(archive.Files[0].Data)) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
		switch name {
		case "":
		case "customer":
			tr.customer = value
		case "hurried":
			tr.hurried = true
		case "scopes":
			tr.scopes = strings.Fields(value)
		case "at":
			if tr.at, err = time.Parse(time.RFC3339, value); err != nil {
				t.Fatal(err)
			}
		default:
			t.Fatalf("setup: %q is not known", name)
		}
	}
	for line := range strings.Lines(string(archive.Files[1].Data)) {
		tr.lines = append(tr.lines, strings.TrimRight(line, "\n"))
	}
	return archive, tr
}

// performance is a transcript played on one platform.
type performance struct {
	written string // the conversation, with what was heard
	turns   []turn // that something was to be heard at, in their order
}

// turn is one of them.
type turn struct {
	line string // "> what's my balance", "! open"
	heard
	reply  string   // the key of the reply, as the log has it
	record []string // the facts that left the house with it, as the customer's page shows them
}

// play plays the said and the happening lines of a conversation in a house of its own, so that whatever happens to the bank happens to each platform alike.
func (tr transcript) play(t *testing.T, platform string) performance {
	t.Helper()
	var change []func(*server.Options)
	if tr.hurried {
		change = append(change, hurried)
	}
	house := openAs(t, tr.at, server.Config{State: t.TempDir(), Addr: "127.0.0.1:0"}, change...)
	defer house.stop()
	p := players[platform](t, house)
	if tr.customer != "" {
		p.link(tr.customer, tr.scopes)
	}
	var out strings.Builder
	var done performance
	times := map[int64]int{}
	hear := func(line string, listen func() heard) {
		house.pass(3 * time.Second)
		before := len(house.log.String())
		h := listen()
		times[house.Now().Unix()] = len(done.turns)
		done.turns = append(done.turns, turn{line: line, heard: h, reply: replyIn(t, house.log.String()[before:], h)})
		h.write(&out)
	}
	for _, line := range tr.lines {
		said, isSaid := strings.CutPrefix(line, "> ")
		event, isEvent := strings.CutPrefix(line, "! ")
		if isSaid || isEvent || line == "" {
			fmt.Fprintln(&out, line)
		}
		switch {
		case isSaid:
			hear(line, func() heard { return p.say(said) })
		case event == "open":
			hear(line, p.open)
		case isEvent:
			tr.happen(t, house, p, event)
		}
	}
	done.written = out.String()
	if tr.customer != "" {
		house.faults(t, `{}`)
		for at, facts := range house.recorded(t, tr.customer) {
			i, ok := times[at]
			if !ok {
				t.Fatalf("on %s something was recorded when nothing was asked: %v", platform, facts)
			}
			done.turns[i].record = facts
		}
	}
	return done
}

func (tr transcript) happen(t *testing.T, house *openHouse, p player, event string) {
	t.Helper()
	what, rest, _ := strings.Cut(event, " ")
	switch what {
	case "bank":
		house.faults(t, rest)
	case "revoke":
		house.tellBank(t, "revoke", fmt.Sprintf(`{"username": %q}`, tr.customer))
	case "pass":
		d, err := time.ParseDuration(rest)
		if err != nil {
			t.Fatal(err)
		}
		house.pass(d)
	case "refresh":
		p.refresh()
	case "link":
		p.link(tr.customer, strings.Fields(rest))
	case "new":
		p.leave()
	default:
		t.Fatalf("nobody knows how to %q", event)
	}
}

// words are what SSML says: it must be well formed, and its tags are left out.
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
