package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"sotto/server/dev"
)

// output is what a command prints, readable while it runs.
type output struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.String()
}

// call runs a command line with an environment of its own.
func call(ctx context.Context, environ []string, args ...string) (code int, out, errs string) {
	var o, e output
	code = run(ctx, street{program: "bin/sotto", environ: environ, out: &o, err: &e, wall: time.Now, random: rand.Reader}, args)
	return code, o.String(), e.String()
}

func TestCommandLines(t *testing.T) {
	t.Chdir(t.TempDir())
	for name, tc := range map[string]struct {
		args, environ []string
		code          int
		out, errs     string // parts of what is printed
	}{
		"help is generated":                             {args: []string{"--help"}, out: "serve"},
		"help names the variables":                      {args: []string{"serve", "--help"}, out: "SOTTO_PUBLIC_URL"},
		"nothing said is a call for help":               {out: "Usage: sotto"},
		"the version":                                   {args: []string{"version"}, out: "sotto "},
		"a command that is not there":                   {args: []string{"sing"}, code: 2, errs: "sotto: unexpected argument sing (sotto --help says what there is)"},
		"a variable that is no setting":                 {args: []string{"version"}, environ: []string{"SOTTO_ADDR_X=x"}, code: 2, errs: "SOTTO_ADDR_X is no setting"},
		"a file of settings that is not there":          {args: []string{"--config=none.yaml", "version"}, code: 2, errs: "none.yaml"},
		"settings on the street, all that is missing":   {args: []string{"serve"}, code: 1, errs: "SOTTO_ALEXA_SKILL_IDS"},
		"a street that was meant for development":       {args: []string{"serve"}, code: 1, errs: "(for a development house say --dev)"},
		"a flag that there is not":                      {args: []string{"serve", "--fast"}, code: 2, errs: "sotto: unknown flag --fast (sotto --help says what there is)"},
		"a development house on the network":            {args: []string{"serve", "--dev", "--addr=0.0.0.0:1"}, code: 1, errs: "loopback"},
		"the effective settings":                        {args: []string{"config", "--dev", "--skill-name=Albion"}, out: "SOTTO_SKILL_NAME=Albion"},
		"effective settings that miss something":        {args: []string{"config"}, code: 1, out: "SOTTO_ADDR=127.0.0.1:8080", errs: "SOTTO_KEYS"},
		"a question with nobody to hear it":             {args: []string{"ask", "what's my balance?"}, code: 1, errs: "serve --dev"},
		"an assistant that there is not":                {args: []string{"ask", "--as=parrot", "help"}, code: 2, errs: "parrot"},
		"an agent without a house":                      {args: []string{"package", "dialogflow"}, code: 1, errs: "SOTTO_PUBLIC_URL"},
		"a package without a house":                     {args: []string{"package", "alexa"}, code: 1, errs: "SOTTO_PUBLIC_URL"},
		"a database brought to this version":            {args: []string{"migrate", "--database=sqlite:fresh/sotto.db"}, out: "the database has version"},
		"keys that are nowhere":                         {args: []string{"keys", "rotate"}, code: 1, errs: "SOTTO_KEYS is missing"},
		"keys of a development house not begun yet":     {args: []string{"keys", "rotate", "--dev"}, code: 1, errs: "keys.json"},
		"an erasure of nobody":                          {args: []string{"erase"}, code: 2, errs: "--link"},
		"an erasure of a link and a customer":           {args: []string{"erase", "--link=x", "--customer=y"}, code: 2, errs: "--link"},
		"an erasure without keys":                       {args: []string{"erase", "--link=x"}, code: 1, errs: "SOTTO_KEYS is missing"},
		"a doctor on the street with nothing":           {args: []string{"doctor"}, code: 1, out: "FAULT", errs: "sotto: the doctor found faults"},
		"a doctor in a development house not begun yet": {args: []string{"doctor", "--dev"}, out: "serve --dev"},
	} {
		t.Run(name, func(t *testing.T) {
			code, out, errs := call(t.Context(), tc.environ, tc.args...)
			if code != tc.code || !strings.Contains(out, tc.out) || !strings.Contains(errs, tc.errs) {
				t.Errorf("exit %d, want %d\nstdout (want %q):\n%s\nstderr (want %q):\n%s", code, tc.code, tc.out, out, tc.errs, errs)
			}
			if strings.Count(errs, "\n") > 1 {
				t.Errorf("more than one line on stderr:\n%s", errs)
			}
		})
	}
}

// serve runs `serve --dev` on free ports until the test ends, and gives its state directory.
func serve(t *testing.T) (state string, out *output) {
	t.Helper()
	state, out = filepath.Join(t.TempDir(), "state"), &output{}
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	var log output
	ended := make(chan int, 1)
	s := street{program: "bin/sotto", out: out, err: &log, wall: time.Now, random: rand.Reader, budget: 12 * time.Second} // however busy this machine is
	go func() {
		ended <- run(ctx, s, []string{"serve", "--dev", "--addr=127.0.0.1:0", "--bank-addr=127.0.0.1:0", "--state=" + state})
	}()
	t.Cleanup(func() {
		stop()
		if code := <-ended; code != done || t.Failed() {
			t.Errorf("serve ended with %d; its log:\n%s", code, log.String())
		}
	})
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		if strings.Contains(out.String(), "Ctrl-C closes") {
			return state, out
		}
		select {
		case code := <-ended:
			ended <- code
			t.Fatalf("serve ended with %d: %s", code, log.String())
		case <-tick.C:
		}
	}
}

func TestTheWalkThroughWorksAsPrinted(t *testing.T) {
	state, out := serve(t)
	commands := regexp.MustCompile(`(?m)^ +bin/sotto (ask .*)$`).FindAllStringSubmatch(out.String(), -1)
	if len(commands) < 6 {
		t.Fatalf("the walk-through has %d commands:\n%s", len(commands), out)
	}
	for _, command := range commands {
		code, heard, errs := call(t.Context(), nil, words(command[1])...)
		if code != done || strings.TrimSpace(heard) == "" || strings.Contains(heard, "<") && !strings.Contains(command[1], "--show") {
			t.Errorf("%s: exit %d, heard %q, %s", command[1], code, heard, errs)
		}
		t.Logf("%s\n%s", command[1], heard)
	}
	stat, err := os.Stat(filepath.Join(state, "ask.json"))
	if err != nil || stat.Mode().Perm() != 0o600 {
		t.Errorf("ask.json: %v, %v", stat, err)
	}
	code, said, errs := call(t.Context(), nil, "doctor", "--dev", "--state="+state)
	if code != done || !strings.Contains(said, "albion answers") {
		t.Errorf("the doctor: exit %d\n%s%s", code, said, errs)
	}
	dir := filepath.Join(t.TempDir(), "package")
	if code, said, errs := call(t.Context(), nil, "package", "alexa", "--dev", "--invocation=albion bank", "--state="+state, "--out="+dir); code != done || !strings.Contains(said, "skill.json") {
		t.Errorf("package: exit %d\n%s%s", code, said, errs)
	}
}

// TestAnAgentOfDialogflowAsksAndIsWritten: what it matched, what it did not, what was asked before, and both ways of it.
func TestAnAgentOfDialogflowAsksAndIsWritten(t *testing.T) {
	state, _ := serve(t)
	for _, step := range []struct{ said, hears string }{
		{"what's my balance?", "pounds"},
		{"how much did I spend on groceries last week?", "on groceries"},
		{"tell me please how much cash i have got in my account", "pounds"}, // typed, and matched with nothing
		{"forget me", "Shall I do it?"},
		{"no", "leave everything"},
	} {
		if code, heard, errs := call(t.Context(), nil, "ask", "--as=dialogflow", "--state="+state, step.said); code != done || !strings.Contains(heard, step.hears) {
			t.Errorf("%s: exit %d, heard %q, %s", step.said, code, heard, errs)
		}
	}
	code, shown, _ := call(t.Context(), nil, "ask", "--as=dialogflow", "--show", "--state="+state, "help")
	if code != done || !strings.Contains(shown, "/dialogflow/es") || !strings.Contains(shown, `"queryText": "help"`) || !strings.Contains(shown, `"fulfillmentText"`) {
		t.Errorf("exit %d: %s", code, shown)
	}
	dir := filepath.Join(t.TempDir(), "package")
	if code, said, errs := call(t.Context(), nil, "package", "dialogflow", "--dev", "--state="+state, "--out="+dir); code != done || !strings.Contains(said, "BalanceIntent_usersays_en.json") {
		t.Errorf("package: exit %d\n%s%s", code, said, errs)
	}
}

func TestKeysAreRotatedBesideARunningHouse(t *testing.T) {
	state, _ := serve(t)
	ask := func() {
		t.Helper()
		if code, heard, errs := call(t.Context(), nil, "ask", "--state="+state, "what's my balance?"); code != done || !strings.Contains(heard, "pounds") {
			t.Errorf("exit %d, %q, %s", code, heard, errs)
		}
	}
	ask()
	for _, word := range []string{"made", "waiting"} {
		code, said, errs := call(t.Context(), nil, "keys", "rotate", "--dev", "--state="+state)
		for _, kind := range []string{"signing", "house", "refresh"} {
			if !regexp.MustCompile(`(?m)^` + word + ` +` + kind + ` key 2, .*20\d\d-`).MatchString(said) {
				t.Errorf("exit %d: %s key: want %s\n%s%s", code, kind, word, said, errs)
			}
		}
	}
	ask()
	t.Run("with another wrapping key", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "keys.json")
		another := `{"wrapping":"QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE=","pairwise":"QkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkI="}`
		if err := os.WriteFile(path, []byte(another), 0o600); err != nil {
			t.Fatal(err)
		}
		if code, _, errs := call(t.Context(), nil, "keys", "rotate", "--dev", "--state="+state, "--keys="+path); code != failed || !strings.Contains(errs, "not of this SOTTO_KEYS") {
			t.Errorf("exit %d, %s", code, errs)
		}
	})
	if code, _, errs := call(t.Context(), nil, "keys", "rotate", "--state="+state, "--keys="+filepath.Join(state, "keys.json")); code != failed || !strings.Contains(errs, "marked dev") {
		t.Errorf("without --dev: exit %d, %s", code, errs)
	}
}

func TestAnAnswerGoesOnWhereTheConversationStands(t *testing.T) {
	state, _ := serve(t)
	say := func(text string) string {
		code, heard, errs := call(t.Context(), nil, "ask", "--state="+state, text)
		if code != done {
			t.Fatalf("%q: exit %d, %s", text, code, errs)
		}
		return heard
	}
	if heard := say("forget me"); !strings.Contains(heard, "?") {
		t.Errorf("forget me: %q is no question", heard)
	}
	if heard := say("sing a song"); !strings.Contains(heard, "didn't get that") {
		t.Errorf("what no assistant understands is answered with %q", heard)
	}
	say("forget me")
	before := say("yes")
	if after := say("what's my balance?"); after == before {
		t.Errorf("after it was forgotten, the link is made anew, and the balance is said: %q", after)
	}
}

func TestTokensAreKeptRefreshedAndReplaced(t *testing.T) {
	state, _ := serve(t)
	path := filepath.Join(state, "ask.json")
	ask := func() string {
		code, heard, errs := call(t.Context(), nil, "ask", "--state="+state, "what's my balance?")
		if code != done || !strings.Contains(heard, "pounds") {
			t.Fatalf("exit %d, %q, %s", code, heard, errs)
		}
		return errs
	}
	change := func(pattern, replacement string) {
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		changed := regexp.MustCompile(pattern).ReplaceAll(content, []byte(replacement))
		if bytes.Equal(changed, content) {
			t.Fatalf("nothing like %s in ask.json", pattern)
		}
		if err := os.WriteFile(path, changed, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, step := range []struct {
		because, pattern, replacement string
		links                         bool
	}{
		{because: "the first question links", links: true},
		{because: "the second has its token"},
		{because: "a token that is over is refreshed", pattern: `"expires": "[^"]*"`, replacement: `"expires": "2020-01-01T00:00:00Z"`},
		{because: "a token that was refused is replaced", pattern: `"access_token": "[^"]*"`, replacement: `"access_token": "forged"`, links: true},
		{because: "the client of another house is replaced", pattern: `"client_id": "[^"]*"`, replacement: `"client_id": "other"`, links: true},
	} {
		if step.pattern != "" {
			change(step.pattern, step.replacement)
		}
		if linked := strings.Contains(ask(), "(linked ada"); linked != step.links {
			t.Errorf("%s: linked %v, want %v", step.because, linked, step.links)
		}
	}
	change(`"expires": "[^"]*"`, `"expires": "2020-01-01T00:00:00Z"`)
	change(`"refresh_token": "[^"]*"`, `"refresh_token": "forged"`)
	if errs := ask(); !strings.Contains(errs, "(linked ada") {
		t.Error("a refresh token that is refused leads to a new link")
	}
}

func TestAQuestionToAHouseThatIsClosedSaysWhatToDo(t *testing.T) {
	state := t.TempDir()
	h, err := dev.Open(state, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	f := dev.File{PublicURL: "http://127.0.0.1:1", ClockOffset: "0s", Clients: h.Clients, Banks: []dev.Bank{{ID: "albion", Customers: h.Customers}}}
	if err := f.WriteFile(state); err != nil {
		t.Fatal(err)
	}
	if code, _, errs := call(t.Context(), nil, "ask", "--state="+state, "help"); code != failed || !strings.Contains(errs, "nobody answers at http://127.0.0.1:1: start") {
		t.Errorf("exit %d, %s", code, errs)
	}
	if code, _, errs := call(t.Context(), nil, "ask", "--state="+state, "--locale=fr-FR", "aide"); code != usage || !strings.Contains(errs, "en-GB, en-US") {
		t.Errorf("a language that is not spoken: exit %d, %s", code, errs)
	}
	if code, _, errs := call(t.Context(), nil, "ask", "--state="+state, "what did I spend since March"); code != failed || !strings.Contains(errs, "no word for") {
		t.Errorf("a period that Alexa cannot say: exit %d, %s", code, errs)
	}
}

// words splits a command line as a shell does, as far as the walk-through needs it.
func words(line string) []string {
	var out []string
	for _, m := range regexp.MustCompile(`"([^"]*)"|'([^']*)'|(\S+)`).FindAllStringSubmatch(line, -1) {
		out = append(out, m[1]+m[2]+m[3])
	}
	return out
}

func TestPlainWords(t *testing.T) {
	for ssml, want := range map[string]string{
		"<speak>You have <say-as interpret-as=\"cardinal\">12</say-as> pounds.</speak>":        "You have 12 pounds.",
		"<speak><p>One.</p><p>Two.</p></speak>":                                                "One.\nTwo.",
		"<speak>At M&amp;S,<break time=\"300ms\"/>on <sub alias=\"Monday\">Mon</sub>.</speak>": "At M&S, on Monday.",
		"<speak>broken":              "<speak>broken",
		"<speak>a <s>b</s>c</speak>": "a b c",
	} {
		if got := plain(ssml); got != want {
			t.Errorf("%q: %q, want %q", ssml, got, want)
		}
	}
}
