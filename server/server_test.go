package server_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"sotto/linking"
	"sotto/server"
	"sotto/server/dev"
	"sotto/skills"
	"sotto/skills/alexa"
)

// journal is a log that can be read while it is written.
type journal struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.b.Write(p)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.b.String()
}

// house is a development house, open on free ports.
type house struct {
	*server.Server
	state string
	log   *journal
	close func() error // closes it gracefully, and gives what Run gave; again: the same
}

func devConfig(t *testing.T, state string, environ ...string) server.Config {
	t.Helper()
	cfg, err := parse(t, nil, append([]string{"SOTTO_ADDR=127.0.0.1:0", "SOTTO_BANK_ADDR=127.0.0.1:0", "SOTTO_LOG_LEVEL=debug", "SOTTO_STATE=" + state}, environ...), "")
	if err != nil {
		t.Fatal(err)
	}
	cfg.Dev = true
	return cfg
}

func options(t *testing.T, w io.Writer) server.Options {
	t.Helper()
	log, err := server.NewLog(w, "debug")
	if err != nil {
		t.Fatal(err)
	}
	return server.Options{Log: log, Wall: time.Now, Random: rand.Reader, Program: "bin/sotto", TurnBudget: 12 * time.Second} // however busy this machine is
}

func openHouse(t *testing.T, state string, environ ...string) *house {
	t.Helper()
	return openHouseWith(t, state, func(*server.Options) {}, environ...)
}

func openHouseWith(t *testing.T, state string, change func(*server.Options), environ ...string) *house {
	t.Helper()
	h := &house{state: state, log: &journal{}}
	o := options(t, h.log)
	change(&o)
	s, err := server.New(t.Context(), devConfig(t, state, environ...), o)
	if err != nil {
		t.Fatal(err)
	}
	h.Server = s
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	h.close = sync.OnceValue(func() error {
		cancel()
		select {
		case err := <-ended:
			return err
		case <-time.After(30 * time.Second):
			return errors.New("the house did not close")
		}
	})
	t.Cleanup(func() {
		if err := h.close(); err != nil {
			t.Errorf("close the house: %v", err)
		}
		if t.Failed() {
			t.Logf("the log:\n%s", h.log)
		}
	})
	return h
}

// ask sends a request and gives status, header and body.
func (h *house) ask(t *testing.T, method, path, body string, header map[string]string) (int, http.Header, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, h.PublicURL()+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range header {
		request.Header.Set(name, value)
	}
	if host := header["Host"]; host != "" {
		request.Host = host
	}
	response, err := http.DefaultTransport.RoundTrip(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, response.Header, string(content)
}

// link links a customer to Alexa through the pages and gives the access token.
func (h *house) link(t *testing.T, customer string) linking.Token {
	t.Helper()
	c := h.Dev().Clients["alexa"]
	return linking.Token(h.linkClient(t, c, c.RedirectURIs[0], customer).Access)
}

// granted is what the token endpoint gives.
type granted struct {
	Access  string `json:"access_token"`
	Refresh string `json:"refresh_token"`
	Type    string `json:"token_type"`
	Seconds int    `json:"expires_in"`
	Scope   string `json:"scope"`
}

// linkClient links a customer to an assistant with all that is offered, and trades the code.
func (h *house) linkClient(t *testing.T, c dev.Client, redirect, customer string) granted {
	t.Helper()
	file := h.Dev()
	who, err := file.Customer("albion", customer)
	if err != nil {
		t.Fatal(err)
	}
	const verifier, challenge = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM" // RFC 7636, appendix B
	back, err := dev.Person{Bank: "albion", Customer: who, Now: h.Now}.Link(t.Context(), file.PublicURL+"/oauth/authorize?"+url.Values{
		"response_type": {"code"}, "client_id": {c.ID}, "redirect_uri": {redirect}, "state": {"s"},
		"code_challenge": {challenge}, "code_challenge_method": {"S256"},
	}.Encode(), redirect)
	if err != nil {
		t.Fatal(err)
	}
	form := url.Values{"grant_type": {"authorization_code"}, "code": {back.Get("code")}, "redirect_uri": {redirect}, "code_verifier": {verifier}}
	header := map[string]string{"Content-Type": "application/x-www-form-urlencoded"}
	if c.Secret == "" {
		form.Set("client_id", c.ID)
	} else {
		header["Authorization"] = "Basic " + base64.StdEncoding.EncodeToString([]byte(c.ID+":"+c.Secret))
	}
	status, _, body := h.ask(t, http.MethodPost, "/oauth/token", form.Encode(), header)
	var got granted
	if err := json.Unmarshal([]byte(body), &got); err != nil || status != http.StatusOK {
		t.Fatalf("the token endpoint: %d %s", status, body)
	}
	return got
}

// say asks as Alexa and gives the status and what is heard.
func (h *house) say(t *testing.T, token linking.Token, intent skills.Intent) (int, string) {
	t.Helper()
	file := h.Dev()
	key, err := dev.ReadAlexaKey(h.state, file.Alexa)
	if err != nil {
		t.Fatal(err)
	}
	d := &alexa.Device{SkillID: file.Alexa.SkillID, Locale: "en-US", Token: token, Now: h.Now, Random: rand.Reader}
	body, err := d.Ask(intent, nil)
	if err != nil {
		t.Fatal(err)
	}
	signed, err := alexa.Signer{CertificateURL: file.Alexa.CertificateURL, Key: key}.Sign(body)
	if err != nil {
		t.Fatal(err)
	}
	header := map[string]string{}
	for name := range signed {
		header[name] = signed.Get(name)
	}
	status, _, answer := h.ask(t, http.MethodPost, "/alexa", string(body), header)
	if status != http.StatusOK {
		return status, ""
	}
	heard, err := d.Hear([]byte(answer))
	if err != nil {
		t.Fatalf("%v: %s", err, answer)
	}
	return status, heard.SSML
}

func TestADevelopmentHouseTellsAClientAllItNeeds(t *testing.T) {
	state := filepath.Join(t.TempDir(), "state")
	h := openHouse(t, state)
	file, err := dev.ReadFile(state)
	if err != nil {
		t.Fatal(err)
	}
	if file.PublicURL != h.PublicURL() || file.ClockOffset != "0s" || len(file.Banks) != 1 || len(file.Banks[0].Customers) != 4 {
		t.Errorf("dev.json says %+v", file)
	}
	for _, name := range []string{"alexa", "google", "mcp"} {
		if c := file.Clients[name]; c.ID == "" || len(c.RedirectURIs) == 0 || (c.Secret == "") != (name == "mcp") {
			t.Errorf("client %s is not whole", name)
		}
	}
	err = filepath.WalkDir(state, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		stat, err := d.Info()
		if err == nil && stat.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has mode %v", path, stat.Mode())
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
	if !strings.Contains(h.WalkThrough(), "bin/sotto ask --state ") {
		t.Error("the walk-through does not say how to ask")
	}
}

func TestWhatTheOutsideGets(t *testing.T) {
	h := openHouse(t, t.TempDir())
	large, huge := strings.Repeat("x", 65<<10), strings.Repeat("x", 257<<10)
	form := "application/x-www-form-urlencoded"
	for name, tc := range map[string]struct {
		method, path, body string
		header             map[string]string
		status             int
		kind, says         string
	}{
		"it lives":                              {path: "/healthz", status: 200, kind: "text/plain", says: "ok"},
		"it is ready":                           {path: "/readyz", status: 200, kind: "text/plain", says: "ready"},
		"it is ready, without a body":           {method: "HEAD", path: "/readyz", status: 200, kind: "text/plain"},
		"its numbers":                           {path: "/metrics", status: 200, kind: "text/plain", says: "go_goroutines"},
		"its front page":                        {path: "/", status: 200, kind: "text/html", says: "This is Sotto"},
		"on it the walk-through, as printed":    {path: "/", status: 200, kind: "text/html", says: "bin/sotto ask --state "},
		"an unknown route, to a program":        {path: "/nowhere", status: 404, kind: "application/problem+json", says: `"status":404`},
		"an unknown route, to a browser":        {path: "/nowhere", header: map[string]string{"Accept": "text/html,*/*"}, status: 404, kind: "text/html", says: "There is nothing here"},
		"a method that is not there":            {method: "DELETE", path: "/healthz", status: 405, kind: "application/problem+json"},
		"another page's name for this house":    {path: "/", header: map[string]string{"Host": "evil.example"}, status: 421, kind: "application/problem+json", says: "own name"},
		"a name that only begins like this one": {path: "/", header: map[string]string{"Host": "127.0.0.1.evil.example"}, status: 421, kind: "application/problem+json"},
		"localhost is this machine":             {path: "/healthz", header: map[string]string{"Host": "localhost:1"}, status: 200},
		"an Alexa request that is too large":    {method: "POST", path: "/alexa", body: large, status: 413},
		"a token request that is too large":     {method: "POST", path: "/oauth/token", body: "grant_type=" + large, header: map[string]string{"Content-Type": form}, status: 413},
		"a post elsewhere that is too large":    {method: "POST", path: "/link/callback", body: "state=" + huge, header: map[string]string{"Content-Type": form}, status: 413},
		"an Alexa request that nobody signed":   {method: "POST", path: "/alexa", body: "{}", status: 400},
		"a consent posted from another site": {
			method: "POST", path: "/oauth/authorize", body: "decision=approve",
			header: map[string]string{"Content-Type": form, "Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}, status: 403,
		},
		"the chain of the development authority": {path: strings.TrimPrefix(h.Dev().Alexa.CertificateURL, "https://s3.amazonaws.com"), status: 200, says: "BEGIN CERTIFICATE"},
	} {
		t.Run(name, func(t *testing.T) {
			method := tc.method
			if method == "" {
				method = http.MethodGet
			}
			status, header, body := h.ask(t, method, tc.path, tc.body, tc.header)
			if status != tc.status || !strings.HasPrefix(header.Get("Content-Type"), tc.kind) || !strings.Contains(body, tc.says) {
				t.Errorf("got %d %q, want %d %q that says %q:\n%s", status, header.Get("Content-Type"), tc.status, tc.kind, tc.says, body)
			}
			if header.Get("X-Content-Type-Options") != "nosniff" && tc.status != 421 {
				t.Error("the answer may be sniffed")
			}
			if tc.kind == "application/problem+json" && !jsontext.Value(body).IsValid() {
				t.Errorf("no JSON: %s", body)
			}
		})
	}
}

func TestWhoDawdlesIsNotWaitedFor(t *testing.T) {
	h := openHouse(t, t.TempDir())
	var dawdlers sync.WaitGroup
	defer dawdlers.Wait()
	for name, tc := range map[string]struct {
		says   string
		within time.Duration
	}{
		"in the middle of a header": {"POST /alexa HTTP/1.1\r\nHost: 127.0.0.1\r\nSignature", 5 * time.Second},
		"in the middle of a body":   {"POST /alexa HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 100\r\n\r\n{", 10 * time.Second},
	} {
		dawdlers.Go(func() {
			conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", h.Addr())
			if err != nil {
				t.Error(err)
				return
			}
			defer conn.Close()
			if _, err := io.WriteString(conn, tc.says); err != nil {
				t.Error(err)
			}
			begun := time.Now()
			_ = conn.SetReadDeadline(begun.Add(tc.within + 4*time.Second))
			answer, err := io.ReadAll(conn)
			if took := time.Since(begun); err != nil || took < tc.within-time.Second || strings.HasPrefix(string(answer), "HTTP/1.1 2") {
				t.Errorf("%s: after %s got %q, %v", name, took, answer, err)
			}
		})
	}
}

func TestEveryGeneratedClientCanLink(t *testing.T) {
	h := openHouse(t, t.TempDir())
	clients := h.Dev().Clients
	for name, tc := range map[string]struct {
		client   string
		redirect string // empty: the first that is registered
		jwt      bool
	}{
		"Alexa in America":                      {client: "alexa", jwt: true},
		"Alexa in Japan":                        {client: "alexa", redirect: clients["alexa"].RedirectURIs[2], jwt: true},
		"the browser of the walk-through":       {client: "alexa", redirect: h.PublicURL() + "/linked", jwt: true},
		"Google, which refuses JWTs":            {client: "google"},
		"an MCP assistant on a port of its own": {client: "mcp", redirect: "http://127.0.0.1:51234/callback", jwt: true},
	} {
		t.Run(name, func(t *testing.T) {
			c := clients[tc.client]
			if tc.redirect == "" {
				tc.redirect = c.RedirectURIs[0]
			}
			got := h.linkClient(t, c, tc.redirect, "zoe")
			if got.Type != "Bearer" || got.Seconds < 360 || got.Refresh == "" || got.Scope != "balances spending transactions" {
				t.Errorf("the token endpoint gave type %q, %d s, scope %q", got.Type, got.Seconds, got.Scope)
			}
			if jwt := strings.Count(got.Access, ".") == 2; jwt != tc.jwt {
				t.Errorf("a JWT: %v, want %v", jwt, tc.jwt)
			}
		})
	}
}

func TestAHouseThatClosesFinishesTheTurnsUnderWay(t *testing.T) {
	h := openHouse(t, t.TempDir())
	token := h.link(t, "ada")
	bank := h.Dev().BankURL + "/albion/mock/faults"
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, bank, strings.NewReader(`{"on": "resource", "latency": "1s"}`))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultTransport.RoundTrip(request)
	if err != nil || response.StatusCode/100 != 2 {
		t.Fatalf("set a fault: %v, %v", response, err)
	}
	response.Body.Close()
	h.MockBank().ResetRequests()
	type answer struct {
		status int
		heard  string
	}
	answered := make(chan answer, 1)
	go func() {
		status, heard := h.say(t, token, skills.Balance)
		answered <- answer{status, heard}
	}()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for asked := false; !asked; <-tick.C {
		for kind, n := range h.MockBank().Requests() {
			asked = asked || n > 0 && strings.Contains(kind, "balances")
		}
		select {
		case a := <-answered:
			t.Fatalf("answered before the bank was slow: %+v", a)
		case <-t.Context().Done():
			t.Fatal("the bank was never asked")
		default:
		}
	}
	closed := make(chan error, 1)
	go func() { closed <- h.close() }()
	if a := <-answered; a.status != http.StatusOK || !strings.Contains(a.heard, "pounds") {
		t.Errorf("the turn under way got %d and heard %q", a.status, a.heard)
	}
	if err := <-closed; err != nil {
		t.Errorf("close: %v", err)
	}
}

func TestDatabasesKeepApart(t *testing.T) {
	dir := t.TempDir()
	live := filepath.Join(dir, "live.db")
	cfg, err := parse(t, nil, []string{"SOTTO_DATABASE=sqlite:" + live}, "")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := server.MigrateDatabase(t.Context(), cfg); err != nil {
		t.Fatal(err)
	}
	_, err = server.New(t.Context(), devConfig(t, filepath.Join(dir, "state"), "SOTTO_DATABASE=sqlite:"+live), options(t, io.Discard))
	if !errors.Is(err, server.ErrSettings) || !strings.Contains(err.Error(), "not marked dev") {
		t.Errorf("a development house on a live database: %v, want a refusal", err)
	}
	h := openHouse(t, filepath.Join(dir, "state"))
	if err := h.close(); err != nil {
		t.Fatal(err)
	}
	cfg.Database = "sqlite:" + filepath.Join(dir, "state", "sotto.db")
	if _, err := server.MigrateDatabase(t.Context(), cfg); !errors.Is(err, server.ErrSettings) || !strings.Contains(err.Error(), "marked dev") {
		t.Errorf("a live house on a development database: %v, want a refusal", err)
	}
}

func TestALinkOutlivesARestart(t *testing.T) {
	state := t.TempDir()
	h := openHouse(t, state)
	token := h.link(t, "ada")
	if err := h.close(); err != nil {
		t.Fatal(err)
	}
	bank := strings.TrimPrefix(h.Dev().BankURL, "http://") // the mock bank's issuer is its address
	again := openHouse(t, state, "SOTTO_ADDR="+strings.TrimPrefix(h.PublicURL(), "http://"), "SOTTO_BANK_ADDR="+bank)
	if status, heard := again.say(t, token, skills.Balance); status != http.StatusOK || !strings.Contains(heard, "pounds") {
		t.Errorf("after a restart: %d, %q", status, heard)
	}
}

func TestTheLogNamesNobody(t *testing.T) {
	h := openHouse(t, t.TempDir())
	token := h.link(t, "ada")
	for _, intent := range []skills.Intent{skills.Balance, skills.Spending, skills.Shared} {
		h.say(t, token, intent)
	}
	h.say(t, "forged", skills.Balance)
	if err := h.close(); err != nil {
		t.Fatal(err)
	}
	log := h.log.String()
	if n := strings.Count(log, `"msg":"turn"`); n != 4 {
		t.Errorf("%d lines of turns, want 4", n)
	}
	for _, step := range []string{"authorize", "consent", "callback", "token"} {
		if !strings.Contains(log, `"step":"`+step+`"`) {
			t.Errorf("no line for the step %q", step)
		}
	}
	file := h.Dev()
	secrets := []string{string(token), string(token)[:20], file.Clients["alexa"].Secret, `"ada"`, `"forged"`}
	for _, c := range file.Banks[0].Customers {
		secrets = append(secrets, c.Password, c.TOTPSecret)
	}
	for _, s := range secrets {
		if strings.Contains(log, s) {
			t.Errorf("the log says %q", s)
		}
	}
	for line := range strings.Lines(log) {
		if !jsontext.Value(line).IsValid() {
			t.Errorf("no JSON: %s", line)
		}
	}
}
