package tests

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/fetch"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"sotto/server"
	"sotto/server/dev"
	"sotto/tests/chromium"
	"sotto/tests/loopback"
)

// street is a house under one name, its bank under another, and an assistant that a browser comes back to.
type street struct {
	*openHouse
	file    dev.File
	who     dev.Customer
	home    string // the assistant's redirect URI
	mu      sync.Mutex
	arrived []url.Values // what came back to the assistant
}

// openStreet opens a house called localhost, whose bank is on 127.0.0.1: for a browser, two sites.
func openStreet(t *testing.T, change ...func(*server.Config)) *street {
	t.Helper()
	addr := loopback.Free(t)
	cfg := server.Config{State: t.TempDir(), Addr: addr, PublicURL: "http://localhost" + addr[strings.LastIndex(addr, ":"):]}
	for _, c := range change {
		c(&cfg)
	}
	s := &street{openHouse: openAs(t, morning, cfg)}
	var err error
	if s.file, err = dev.ReadFile(s.state); err != nil {
		t.Fatal(err)
	}
	if s.who, err = s.file.Customer("albion", "grace"); err != nil {
		t.Fatal(err)
	}
	s.openAssistant(t)
	return s
}

// openAssistant opens the place to which a browser comes back.
func (s *street) openAssistant(t *testing.T) {
	t.Helper()
	assistant := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/callback" {
			http.NotFound(w, r)
			return
		}
		s.mu.Lock()
		s.arrived = append(s.arrived, r.URL.Query())
		s.mu.Unlock()
		w.Header().Set("Content-Type", "text/html")
		_, _ = w.Write([]byte(`<!doctype html><html lang="en"><title>back</title><p id="arrived">back`))
	}))
	t.Cleanup(assistant.Close)
	s.home = assistant.URL + "/callback"
}

// begin is an authorization request of the assistant; state tells it from others.
func (s *street) begin(state string, more url.Values) string {
	q := url.Values{
		"response_type": {"code"}, "client_id": {s.file.Clients["alexa"].ID}, "redirect_uri": {s.home}, "state": {state},
		"code_challenge": {"E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"}, "code_challenge_method": {"S256"},
	}
	for name, values := range more {
		q[name] = values
	}
	return s.file.PublicURL + "/oauth/authorize?" + q.Encode()
}

// back takes out what came back to the assistant with this state; exactly one answer is due, with our issuer.
func (s *street) back(t *testing.T, state string) url.Values {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	var found []url.Values
	for _, q := range s.arrived {
		if q.Get("state") == state {
			found = append(found, q)
		}
	}
	if len(found) != 1 || found[0].Get("iss") != s.file.PublicURL {
		t.Fatalf("the assistant got %v for the state %q", found, state)
	}
	return found[0]
}

// visit is one window of a browser, in which nothing may be reported but what is expected.
type visit struct {
	t       *testing.T
	ctx     context.Context //nolint:containedctx // a window is a context to chromedp
	name    string
	noJS    bool
	mu      sync.Mutex
	reports []string
	held    chan *fetch.EventRequestPaused
}

// openWindow opens a window that has no cookies yet, of this size, in light or dark colours.
func openWindow(t *testing.T, name string, width, height int64, dark bool) *visit {
	t.Helper()
	return dress(t, chromium.Open(t), name, width, height, dark)
}

// dress gives a window its size and colours, and listens to its complaints.
func dress(t *testing.T, ctx context.Context, name string, width, height int64, dark bool) *visit { //nolint:revive // context-as-argument: t comes first in tests
	t.Helper()
	v := &visit{t: t, ctx: ctx, name: name, held: make(chan *fetch.EventRequestPaused, 8)}
	if err := chromedp.Listen(ctx, v.hear); err != nil {
		t.Fatal(err)
	}
	_, err := chromedp.Call(ctx, log.Enable, cdp.Empty{})
	v.must(err)
	scheme := "light"
	if dark {
		scheme = "dark"
	}
	_, err = chromedp.Call(ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}})
	v.must(err)
	v.do(chromedp.EmulateViewport(width, height))
	return v
}

// hear notes what the browser complains of, other than the status of a page.
func (v *visit) hear(ev any) {
	switch ev := ev.(type) {
	case *log.EventEntryAdded:
		if e := ev.Entry; e.Source != log.EntrySourceNetwork {
			v.mu.Lock()
			v.reports = append(v.reports, fmt.Sprintf("%s: %s", e.Source, e.Text))
			v.mu.Unlock()
		}
	case *fetch.EventRequestPaused:
		v.held <- ev
	}
}

// silent fails the test where the browser has complained: of what a content security policy forbids, above all.
func (v *visit) silent() {
	v.t.Helper()
	v.mu.Lock()
	defer v.mu.Unlock()
	if len(v.reports) > 0 {
		v.t.Errorf("the browser reports: %s", strings.Join(v.reports, "; "))
		v.reports = nil
	}
}

func (v *visit) do(steps ...chromedp.Action[chromedp.Void]) {
	v.t.Helper()
	if err := chromedp.Do(v.ctx, steps...); err != nil {
		where, _ := chromedp.Run(v.ctx, chromedp.Location())
		v.t.Fatalf("at %s: %v", where, err)
	}
}

// read does something in a window that gives a value.
func read[T any](v *visit, a chromedp.Action[T]) T {
	v.t.Helper()
	got, err := chromedp.Run(v.ctx, a)
	if err != nil {
		v.t.Fatal(err)
	}
	return got
}

// scripts switches the scripts of pages off, or on again.
func (v *visit) scripts(on bool) {
	v.t.Helper()
	v.noJS = !on
	v.must(emulationScripts(v.ctx, on))
}

func emulationScripts(ctx context.Context, on bool) error {
	_, err := chromedp.Call(ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: !on})
	return err
}

func (v *visit) must(err error) {
	v.t.Helper()
	if err != nil {
		v.t.Fatal(err)
	}
}

// hold keeps the browser from going on by itself to pages of this origin: it stays on the page that sends it there, see stay.
func (v *visit) hold(origin string) {
	v.t.Helper()
	_, err := chromedp.Call(v.ctx, fetch.Enable, fetch.EnableParams{Patterns: []*fetch.RequestPattern{{URLPattern: origin + "*", ResourceType: network.ResourceTypeDocument}}})
	v.must(err)
}

// stay waits until the browser would go on by itself, and has it stay; onwards then leads on.
func (v *visit) stay() {
	v.t.Helper()
	select {
	case e := <-v.held:
		_, err := chromedp.Call(v.ctx, fetch.FailRequest, fetch.FailRequestParams{RequestID: e.RequestID, ErrorReason: network.ErrorReasonAborted})
		v.must(err)
	case <-v.ctx.Done():
		v.t.Fatal("the browser did not go on")
	}
	_, err := chromedp.Call(v.ctx, fetch.Disable, cdp.Empty{})
	v.must(err)
	v.do(chromedp.WaitVisible(onwards))
}

// photograph keeps a picture of the page that is open in $SCREENSHOTS, if that is set.
func (v *visit) photograph(page string) {
	v.t.Helper()
	if dir := os.Getenv("SCREENSHOTS"); dir != "" {
		v.must(os.WriteFile(filepath.Join(dir, page+"-"+v.name+".png"), read(v, chromedp.FullScreenshot(100)), 0o600))
	}
}

// shows judges the page that is open, which must have this heading, in this language.
func (v *visit) shows(page, locale, heading string) {
	v.t.Helper()
	if lang := read(v, chromedp.Evaluate[string](`document.documentElement.lang`)); lang != locale || v.heading() != heading {
		v.t.Errorf("%s: %s, %q; want %s, %q", page, lang, v.heading(), locale, heading)
	}
	v.look(page)
}

// look judges the page that is open: axe-core finds nothing serious, nothing sticks out at the side, the browser has no complaint, and a
// picture goes to $SCREENSHOTS.
func (v *visit) look(page string) {
	v.t.Helper()
	v.silent()
	v.photograph(page)
	if v.noJS {
		v.must(emulationScripts(v.ctx, true))
		defer func() { v.must(emulationScripts(v.ctx, false)) }()
	}
	if wide := read(v, chromedp.Evaluate[int](`document.documentElement.scrollWidth - document.documentElement.clientWidth`)); wide > 0 {
		v.t.Errorf("%s: %d pixels stick out at the side", page, wide)
	}
	source := axeCore(v.t)
	if source == "" {
		return
	}
	v.do(chromedp.Evaluate[chromedp.Void](source))
	found := read(v, chromedp.Evaluate[string](`axe.run(document, {preload: false, iframes: false}).then(r => JSON.stringify(
		{passed: r.passes.length, problems: r.violations.map(v => ({id: v.id, impact: v.impact, help: v.help, where: v.nodes.map(n => n.html.slice(0, 200))}))}))`,
		chromedp.EvalAwaitPromise))
	var judged struct {
		Passed   int `json:"passed"`
		Problems []struct {
			ID, Impact, Help string
			Where            []string
		} `json:"problems"`
	}
	v.must(json.Unmarshal([]byte(found), &judged))
	if judged.Passed < 10 {
		v.t.Errorf("%s: axe-core looked at %d things only", page, judged.Passed)
	}
	for _, p := range judged.Problems {
		if p.Impact == "serious" || p.Impact == "critical" {
			v.t.Errorf("%s: axe-core: %s (%s): %s: %s", page, p.ID, p.Impact, p.Help, strings.Join(p.Where, " | "))
		} else {
			v.t.Logf("%s: axe-core: %s (%s): %s: %s", page, p.ID, p.Impact, p.Help, strings.Join(p.Where, " | "))
		}
	}
	v.mu.Lock()
	v.reports = nil // what the judge itself did
	v.mu.Unlock()
}

var axeOnce = sync.OnceValues(func() (string, error) {
	const file = "judges/node_modules/axe-core/axe.min.js"
	if _, err := os.Stat(file); errors.Is(err, os.ErrNotExist) {
		install := exec.Command("judges/install")
		if out, err := install.CombinedOutput(); err != nil {
			return "", fmt.Errorf("axe-core is missing: %w: %s", err, out)
		}
	}
	source, err := os.ReadFile(file)
	return string(source), err
})

// axeCore is the source of axe-core, installed where it is missing; empty where that cannot be, unless everything is required.
func axeCore(t *testing.T) string {
	t.Helper()
	source, err := axeOnce()
	if err != nil && os.Getenv("TEST_ALL") == "1" {
		t.Fatal(err)
	}
	if err != nil {
		t.Logf("not judged: %v", err)
	}
	return source
}
