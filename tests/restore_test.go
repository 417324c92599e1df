package tests

import (
	"crypto/rand"
	"database/sql"
	"encoding/json"
	"errors"
	"maps"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"sotto/server"
	"sotto/skills/messenger"
	"sotto/tests/database"
	"sotto/tests/loopback"
)

// operator is whoever runs a house and has docs/operations.md: what he does, he does as it stands there.
type operator struct {
	t      *testing.T
	engine string
	page   string
	house  *openHouse
	cfg    server.Config
	raw    *sql.DB
	dir    string
	env    []string
	logs   string // the file
}

func openOperator(t *testing.T, engine string, fresh func(testing.TB) string) *operator {
	t.Helper()
	for _, program := range []string{"jq", "sqlite3", "psql"} {
		if _, err := exec.LookPath(program); err != nil && os.Getenv("TEST_ALL") != "1" {
			t.Skip(err)
		}
	}
	addr := loopback.Free(t)
	o := &operator{t: t, engine: engine, page: document(t, "operations.md"), dir: t.TempDir()}
	o.cfg = server.Config{State: t.TempDir(), Addr: addr, PublicURL: "http://" + addr, Database: fresh(t)}
	o.house = openAs(t, morning, o.cfg)
	told := o.house.Dev()
	told.ClockOffset = time.Until(morning).String() // what time it is for a command, whose wall has the machine's
	if err := told.WriteFile(o.cfg.State); err != nil {
		t.Fatal(err)
	}
	driver, source := "pgx", o.cfg.Database
	file, isFile := strings.CutPrefix(o.cfg.Database, "sqlite:")
	if isFile {
		driver, source = "sqlite", "file:"+file+"?mode=ro"
	}
	raw, err := sql.Open(driver, source)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { raw.Close() })
	raw.SetMaxIdleConns(0) // what is put in place of the database is looked at, and not what was there
	o.raw, o.logs = raw, filepath.Join(o.dir, "sotto.log")
	o.write("sotto", "#!/bin/sh\nexec '"+buildSotto(t)+"' \"$@\" --dev\n") // a development house's command wants to be told
	o.write("end.sql", o.block("```sql\n"))
	o.env = append(os.Environ(), "PATH="+o.dir+":"+os.Getenv("PATH"), "FILE="+file, "DATABASE="+o.cfg.Database, "COPY="+filepath.Join(o.dir, "copy"),
		"LOGS="+o.logs, "SOTTO_STATE="+o.cfg.State, "SOTTO_DATABASE="+o.cfg.Database)
	return o
}

func (o *operator) write(name, content string) {
	o.t.Helper()
	if err := os.WriteFile(filepath.Join(o.dir, name), []byte(content), 0o700); err != nil {
		o.t.Fatal(err)
	}
}

// block is what stands on the page between a beginning and the end of its fence.
func (o *operator) block(begins string) string {
	o.t.Helper()
	_, rest, found := strings.Cut(o.page, "\n"+begins)
	text, _, closed := strings.Cut(rest, "```")
	if !found || !closed {
		o.t.Fatalf("docs/operations.md has no %q", begins)
	}
	return text
}

// does runs the commands of the page that have this title, for the engine if they differ, and gives what they say.
func (o *operator) does(title string) string {
	o.t.Helper()
	begins := "```sh\n# " + title + "\n"
	if !strings.Contains(o.page, begins) {
		begins = "```sh\n# " + title + ", " + o.engine + "\n"
	}
	cmd := exec.CommandContext(o.t.Context(), "sh", "-c", o.block(begins))
	cmd.Dir, cmd.Env = o.dir, o.env
	said, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if refused := errors.As(err, &exit) && title == "erase again"; err != nil && !refused { // it says so of what is not there
		o.t.Fatalf("%s: %v: %s", title, err, said)
	}
	return string(said)
}

// closes closes the house, and keeps its log.
func (o *operator) closes() {
	o.t.Helper()
	o.house.stop()
	f := o.openLog()
	defer f.Close()
	if _, err := f.WriteString(o.house.log.String()); err != nil {
		o.t.Fatal(err)
	}
}

func (o *operator) openLog() *os.File {
	o.t.Helper()
	f, err := os.OpenFile(o.logs, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		o.t.Fatal(err)
	}
	return f
}

func (o *operator) opens() {
	o.t.Helper()
	o.house = openAs(o.t, o.house.wall.Now(), o.cfg)
}

// count counts rows.
func (o *operator) count(query string, args ...any) (n int) {
	o.t.Helper()
	if err := o.raw.QueryRowContext(o.t.Context(), query, args...).Scan(&n); err != nil {
		o.t.Fatal(err)
	}
	return n
}

// made is the id of the link that was made last.
func (o *operator) made() (link string) {
	o.t.Helper()
	if err := o.raw.QueryRowContext(o.t.Context(), `SELECT id FROM links ORDER BY created DESC LIMIT 1`).Scan(&link); err != nil {
		o.t.Fatal(err)
	}
	return link
}

// told are the links of the lines "tightened" in the log, with how.
func (o *operator) told() map[string][]string {
	o.t.Helper()
	content, err := os.ReadFile(o.logs)
	if err != nil {
		o.t.Fatal(err)
	}
	told := map[string][]string{}
	for text := range strings.Lines(string(content)) {
		var line struct {
			Msg string `json:"msg"`
			ID  string `json:"id"`
			How string `json:"how"`
		}
		if json.Unmarshal([]byte(text), &line) == nil && line.Msg == "tightened" {
			told[line.ID] = append(told[line.ID], line.How)
		}
	}
	return told
}

// way is one way in which something is taken from a link: how begins it, and gives what does it.
type way struct {
	how  string // as the log says; empty where nothing is taken by us
	link func(o *operator) (take func())
}

// disabled is what Alexa tells when a customer takes a skill away.
func (s *speaker) disabled() []byte {
	s.tb.Helper()
	at := s.now().Format(time.RFC3339Nano)
	body, err := json.Marshal(map[string]any{
		"version": "1.0",
		"request": map[string]any{"type": "AlexaSkillEvent.SkillDisabled", "requestId": rand.Text(), "timestamp": at, "eventCreationTime": at, "eventPublishingTime": at},
		"context": map[string]any{"System": map[string]any{
			"application": map[string]any{"applicationId": s.file.Alexa.SkillID}, "user": map[string]any{"userId": "amzn1.ask.account.HOME", "accessToken": string(s.device.Token)},
		}},
	})
	if err != nil {
		s.tb.Fatal(err)
	}
	return body
}

// spoken is a way that begins with a link of a device at home.
func spoken(client, how string, take func(o *operator, s *speaker, link string, back url.Values)) way {
	return way{how, func(o *operator) func() {
		s := o.house.linker(o.t, client)
		back := s.link("ada", nil)
		link := o.made()
		return func() { take(o, s, link, back) }
	}}
}

// texted is a way that begins with a link of a chat.
func texted(how string, take func(o *operator, x *texter)) way {
	return way{how, func(o *operator) func() {
		x := o.house.texter(o.t)
		x.link("grace")
		return func() { take(o, x) }
	}}
}

// onThePage is a way in which the customer himself takes something.
func onThePage(how string, form url.Values) way {
	return spoken("alexa", how, func(o *operator, s *speaker, link string, _ url.Values) {
		s.say("what's my balance")
		v := o.house.visitor(o.t, "ada")
		v.signIn()
		form.Set("link", link)
		v.do(form)
	})
}

// theWays are all ways in which something is taken from a link for good, and two in which nothing is.
var theWays = map[string]way{
	"stopped on the page":  onThePage("ended", url.Values{"decision": {"stop"}}),
	"erased on the page":   onThePage("erased", url.Values{"decision": {"erase"}}),
	"narrowed on the page": onThePage("narrowed", url.Values{"decision": {"narrow"}, "scope": {"spending"}}),
	"cleared on the page":  onThePage("cleared", url.Values{"decision": {"wipe"}}),
	"revoked by a confidential client": spoken("alexa", "ended", func(_ *operator, s *speaker, _ string, _ url.Values) {
		_, _, _ = s.post("/oauth/revoke", url.Values{"token": {s.refresh}})
	}),
	"revoked by a public client": spoken("mcp", "ended", func(_ *operator, s *speaker, _ string, _ url.Values) {
		_, _, _ = s.post("/oauth/revoke", url.Values{"token": {s.refresh}})
	}),
	"a code came twice": spoken("alexa", "ended", func(_ *operator, s *speaker, _ string, back url.Values) {
		_, _ = s.askTokens(url.Values{"grant_type": {"authorization_code"}, "code": back["code"], "redirect_uri": {s.client.RedirectURIs[0]}, "code_verifier": {strings.Repeat("v", 43)}})
	}),
	"a refresh token came twice": spoken("mcp", "ended", func(o *operator, s *speaker, _ string, _ url.Values) {
		stolen := s.refresh
		s.renew()
		o.house.pass(2 * time.Minute)
		_, _ = s.askTokens(url.Values{"grant_type": {"refresh_token"}, "refresh_token": {stolen}})
	}),
	"said by voice": spoken("alexa", "ended", func(_ *operator, s *speaker, _ string, _ url.Values) {
		s.say("forget me")
		s.say("yes")
	}),
	"taken away at the platform": spoken("alexa", "ended", func(_ *operator, s *speaker, _ string, _ url.Values) {
		send(s.tb, s.signed(s.disabled()))
	}),
	"erased by the operator": spoken("alexa", "erased", func(o *operator, _ *speaker, link string, _ url.Values) {
		cmd := exec.CommandContext(o.t.Context(), filepath.Join(o.dir, "sotto"), "erase", "--link="+link)
		log := o.openLog()
		defer log.Close()
		cmd.Stderr, cmd.Env = log, o.env
		if err := cmd.Run(); err != nil {
			o.t.Error(err)
		}
	}),
	"said in a chat":          texted("ended", func(_ *operator, x *texter) { x.says("forget me"); x.says("yes") }),
	"taken away in Messenger": texted("ended", func(_ *operator, x *texter) { x.deliver(x.phone.Unlink()) }),
	"linked anew in a chat":   texted("ended", func(o *operator, x *texter) { o.house.pass(time.Second); x.link("grace") }),
	"asked of Meta": texted("erased", func(o *operator, x *texter) {
		app := "7" + x.phone.Person[1:]
		o.house.MockGraph().Know(app, x.phone.Person)
		x.deletion(app)
	}),
	"guessed at in a chat": {"ended", func(o *operator) func() {
		x := o.house.texter(o.t)
		heard := x.deliver(x.phone.Press("Link my bank", messenger.LinkIt))
		code := x.walk(heard.LinkURL, "grace")
		x.comeBack(code)
		wrong := "000000"
		if code.Digits == wrong {
			wrong = "000001"
		}
		return func() {
			for range 5 {
				x.says(wrong)
			}
		}
	}},
	"ended at the bank": {"", func(o *operator) func() {
		s := o.house.speaker(o.t)
		s.link("linus", nil)
		return func() {
			o.house.tellBank(o.t, "revoke", `{"username": "linus"}`)
			s.say("what's my balance")
		}
	}},
}

// TestAnOlderCopyBringsNothingBackWhereTheOperatorDoesWhatThePageSays: first that each way in which something is taken from a link leaves its line
// in the log, and that the danger is real; then that the commands of docs/operations.md, as they stand there, take it all again, and nothing else.
func TestAnOlderCopyBringsNothingBackWhereTheOperatorDoesWhatThePageSays(t *testing.T) {
	t.Parallel()
	for engine, fresh := range map[string]func(testing.TB) string{"SQLite": database.SQLite, "PostgreSQL": database.PostgreSQL} {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			o := openOperator(t, engine, fresh)
			honest := o.house.speaker(t)
			honest.link("ada", nil)
			stays := o.made()
			links, takes := map[string]string{}, map[string]func(){}
			for _, name := range slices.Sorted(maps.Keys(theWays)) {
				o.house.pass(time.Second)
				takes[name] = theWays[name].link(o)
				links[name] = o.made()
			}
			o.does("copy")
			for _, name := range slices.Sorted(maps.Keys(takes)) {
				takes[name]()
			}
			ended := o.count(`SELECT count(*) FROM links WHERE ended > 0`)
			o.closes()
			told := o.told()
			for name, way := range theWays {
				want := []string{way.how}
				if way.how == "" {
					want = nil
				}
				if got := told[links[name]]; !slices.Equal(got, want) {
					t.Errorf("%s: the log says %q, want %q", name, got, want)
				}
			}
			if len(told[stays]) > 0 {
				t.Errorf("of a link that stays the log says %q", told[stays])
			}

			o.does("put back")
			if back := o.count(`SELECT count(*) FROM links WHERE ended > 0`); ended == 0 || back != 0 {
				t.Fatalf("%d links had ended, and of them %d have in the copy: then the page can be shorter", ended, back)
			}
			o.does("what was taken since, from the log")
			o.does("do it")
			o.does("erase again")
			o.opens()
			for name, way := range theWays {
				o.isTaken(name, way.how, links[name])
			}
			for link, who := range map[string]string{links["narrowed on the page"]: "narrowed", links["cleared on the page"]: "cleared", stays: "untouched"} {
				if n := o.count(`SELECT count(*) FROM connections WHERE link_id = $1`, link); n != 1 {
					t.Errorf("the %s link has %d banks", who, n)
				}
			}
			if heard := honest.say("what's my balance"); !strings.Contains(heard.SSML, "pounds") {
				t.Errorf("the link that stays says %s", heard.SSML)
			}
			honest.renew()
			o.endsAtTheBank()

			o.closes()
			o.does("put back")
			o.does("or all of them, where there is no such log")
			o.does("do it")
			o.opens()
			if n := o.count(`SELECT count(*) FROM links WHERE ended = 0`); n != 0 {
				t.Errorf("%d links are left of all", n)
			}
			if heard := honest.say("what's my balance"); !heard.LinkCard {
				t.Errorf("a link of all says %s", heard.SSML)
			}
			if _, err := honest.askTokens(url.Values{"grant_type": {"refresh_token"}, "refresh_token": {honest.refresh}}); !errors.Is(err, errRefused) {
				t.Errorf("a refresh token of all: %v", err)
			}
			o.endsAtTheBank()
		})
	}
}

// isTaken looks whether a link is as it was before the accident.
func (o *operator) isTaken(name, how, link string) {
	o.t.Helper()
	living := o.count(`SELECT count(*) FROM links l JOIN grants g ON g.link_id = l.id WHERE l.id = $1 AND l.ended = 0 AND g.ended = 0`, link)
	switch rows := o.count(`SELECT count(*) FROM links WHERE id = $1`, link); {
	case how == "erased" && rows+o.count(`SELECT count(*) FROM disclosures WHERE link_id = $1`, link) > 0:
		o.t.Errorf("%s: it is there again", name)
	case how == "ended" && (living > 0 || rows != 1):
		o.t.Errorf("%s: it lives again", name)
	case how == "narrowed" && o.count(`SELECT count(*) FROM links WHERE id = $1 AND scopes = 2`, link) != 1:
		o.t.Errorf("%s: it is as wide as before", name)
	case how == "cleared" && o.count(`SELECT count(*) FROM disclosures WHERE link_id = $1`, link) > 0:
		o.t.Errorf("%s: its record is there again", name)
	case (how == "narrowed" || how == "cleared" || how == "") && living != 1:
		o.t.Errorf("%s: it has ended", name)
	}
}

// endsAtTheBank waits until no consent is left that is to be ended, and sees that no ended link kept one.
func (o *operator) endsAtTheBank() {
	o.t.Helper()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for o.count(`SELECT count(*) FROM endings`) > 0 { // the worker ends what is left at the bank; the test's own deadline bounds this
		o.house.pass(time.Second)
		<-tick.C
	}
	if n := o.count(`SELECT count(*) FROM connections c WHERE NOT EXISTS (SELECT 1 FROM links l WHERE l.id = c.link_id AND l.ended = 0)`); n != 0 {
		o.t.Errorf("%d connections of ended links are left", n)
	}
}
