package tests

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/zap"

	"sotto/linking"
	"sotto/server"
	"sotto/server/dev"
	"sotto/skills"
	"sotto/skills/alexa"
	"sotto/skills/nlu"
	"sotto/tests/clock"
	"sotto/tests/database"
)

// morning is when most tests happen: a Monday, in the bank's zone and in UTC.
var morning = time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)

// openHouse is a whole house with its mock bank, listening on loopback, as `serve --dev` opens it.
type openHouse struct {
	*server.Server
	state string
	wall  *clock.Clock // the machine's, as the house sees it
	log   *logLines
	stop  func()
}

// logLines is everything that was logged.
type logLines struct {
	mu    sync.Mutex
	lines bytes.Buffer
}

func (l *logLines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.lines.Write(p)
}

func (l *logLines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.lines.String()
}

// open opens a house in a fresh state directory, and closes it with the test.
func open(tb testing.TB) *openHouse {
	tb.Helper()
	return openAt(tb, tb.TempDir(), morning)
}

// openAt opens a house in a state directory at a time of day.
func openAt(tb testing.TB, state string, at time.Time) *openHouse {
	tb.Helper()
	return openAs(tb, at, server.Config{State: state, Addr: "127.0.0.1:0"})
}

// openWith opens a house at an address, with more banks.
func openWith(tb testing.TB, addr, banks string) *openHouse {
	tb.Helper()
	return openAs(tb, morning, server.Config{State: tb.TempDir(), Addr: addr, Banks: banks})
}

// openHearing opens a house that finds Alexa's API at one more place.
func openHearing(tb testing.TB, api string) *openHouse {
	tb.Helper()
	return openAs(tb, morning, server.Config{State: tb.TempDir(), Addr: "127.0.0.1:0"}, func(o *server.Options) { o.AlexaEndpoint = api })
}

func openAs(tb testing.TB, at time.Time, cfg server.Config, change ...func(*server.Options)) *openHouse {
	tb.Helper()
	h := &openHouse{state: cfg.State, wall: clock.At(at), log: &logLines{}}
	lendAlexa(tb, cfg.State)
	log, err := server.NewLog(h.log, "debug")
	if err != nil {
		tb.Fatal(err)
	}
	cfg.Dev, cfg.Migrate, cfg.BankAddr, cfg.LogLevel = true, true, "127.0.0.1:0", "debug"
	cfg.SkillName, cfg.Invocation, cfg.Retention = "Sotto", "sotto", server.Retention(400*24*time.Hour)
	if path := filepath.Join(cfg.State, "sotto.db"); cfg.Database == "" && absent(path) {
		database.File(tb, path) // which is quicker than to have the house make it
	}
	h.Server = start(tb, h, cfg, log, change...)
	return h
}

func absent(path string) bool {
	_, err := os.Stat(path)
	return errors.Is(err, fs.ErrNotExist)
}

// alexaFiles are one authority that stands in for Alexa's, for all houses of the tests: its files.
var alexaFiles = sync.OnceValues(func() (map[string][]byte, error) {
	dir, err := os.MkdirTemp("", "sotto-alexa")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	if _, err := dev.OpenAlexa(dir, morning, rand.Reader); err != nil {
		return nil, err
	}
	names, err := os.ReadDir(dir)
	files := map[string][]byte{}
	for _, name := range names {
		if files[name.Name()], err = os.ReadFile(filepath.Join(dir, name.Name())); err != nil {
			return nil, err
		}
	}
	return files, err
})

// lendAlexa gives a state directory that has no authority the one of all houses: to make its RSA keys takes three times as long as all else that a
// house does when it opens. A house in another decade makes its own.
func lendAlexa(tb testing.TB, state string) {
	tb.Helper()
	files, err := alexaFiles()
	if err != nil {
		tb.Fatal(err)
	}
	if own, err := filepath.Glob(filepath.Join(state, "alexa-*")); err != nil || len(own) > 0 {
		return
	}
	if err := os.MkdirAll(state, 0o700); err != nil {
		tb.Fatal(err)
	}
	for name, content := range files {
		if err := dev.WriteFile(filepath.Join(state, name), content); err != nil {
			tb.Fatal(err)
		}
	}
}

// reader is one parser for all houses of the tests, since to learn a language takes longer than most conversations do.
var reader = sync.OnceValues(func() (*nlu.Parser, error) {
	words, err := skills.NewCatalogue(time.Now)
	if err != nil {
		return nil, err
	}
	return nlu.New(words)
})

// unhurried is how long a turn may take where it is not the question whether it is in time: this machine may have a lot to do besides.
const unhurried = 12 * time.Second

// hurried has turns take no longer than on the street.
func hurried(o *server.Options) { o.TurnBudget = 0 }

func start(tb testing.TB, h *openHouse, cfg server.Config, log *zap.Logger, change ...func(*server.Options)) *server.Server {
	tb.Helper()
	o := server.Options{Log: log, Random: rand.Reader, Wall: h.wall.Now, TurnBudget: unhurried}
	var err error
	if o.Parser, err = reader(); err != nil {
		tb.Fatal(err)
	}
	for _, c := range change {
		c(&o)
	}
	s, err := server.New(tb.Context(), cfg, o)
	if err != nil {
		tb.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(tb.Context()))
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	var once sync.Once
	h.stop = func() {
		once.Do(func() {
			cancel()
			if err := <-done; err != nil {
				tb.Errorf("the house did not close well: %v", err)
			}
		})
	}
	tb.Cleanup(h.stop)
	return s
}

// pass lets time go by.
func (h *openHouse) pass(d time.Duration) { h.wall.Pass(d) }

// speaker is somebody with an Alexa device at home.
type speaker struct {
	tb      testing.TB
	file    dev.File
	now     func() time.Time
	device  *alexa.Device
	signer  alexa.Signer
	client  dev.Client
	refresh string
	words   *skills.Catalogue

	resource string // for which the tokens are asked, where the platform says so
}

func (h *openHouse) speaker(tb testing.TB) *speaker { return newSpeaker(tb, h.state, h.Now) }

// newSpeaker gives a speaker for the house that left its dev.json in a state directory.
func newSpeaker(tb testing.TB, state string, now func() time.Time) *speaker {
	tb.Helper()
	file, err := dev.ReadFile(state)
	if err != nil {
		tb.Fatal(err)
	}
	key, err := dev.ReadAlexaKey(state, file.Alexa)
	if err != nil {
		tb.Fatal(err)
	}
	words, err := skills.NewCatalogue(now)
	if err != nil {
		tb.Fatal(err)
	}
	return &speaker{
		tb: tb, file: file, now: now, words: words, client: file.Clients["alexa"],
		signer: alexa.Signer{CertificateURL: file.Alexa.CertificateURL, Key: key},
		device: &alexa.Device{SkillID: file.Alexa.SkillID, Locale: "en-US", Now: now, Random: rand.Reader},
	}
}

// link walks through the pages as username would in a browser, and keeps the tokens in the device. It gives what the redirect carried.
func (s *speaker) link(username string, change func(*dev.Person)) url.Values {
	s.tb.Helper()
	customer, err := s.file.Customer("albion", username)
	if err != nil {
		s.tb.Fatal(err)
	}
	return s.linkAs(dev.Person{Bank: "albion", Customer: customer, Now: s.now}, change)
}

// linkAs links a person who may bank elsewhere.
func (s *speaker) linkAs(person dev.Person, change func(*dev.Person)) url.Values {
	s.tb.Helper()
	if change != nil {
		change(&person)
	}
	verifier := rand.Text() + rand.Text()
	back, err := person.Link(s.tb.Context(), s.authorizeURL(verifier), s.client.RedirectURIs[0])
	if err != nil {
		s.tb.Fatal(err)
	}
	if back.Get("error") != "" {
		return back
	}
	s.trade(url.Values{
		"grant_type": {"authorization_code"}, "code": back["code"], "redirect_uri": {s.client.RedirectURIs[0]}, "code_verifier": {verifier},
	})
	return back
}

func (s *speaker) authorizeURL(verifier string) string {
	challenge := sha256.Sum256([]byte(verifier))
	asked := url.Values{
		"response_type": {"code"}, "client_id": {s.client.ID}, "redirect_uri": {s.client.RedirectURIs[0]}, "state": {"a state + of=the platform"},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(challenge[:])}, "code_challenge_method": {"S256"},
	}
	if s.resource != "" {
		asked.Set("resource", s.resource)
	}
	return s.file.PublicURL + "/oauth/authorize?" + asked.Encode()
}

// trade asks the token endpoint and keeps what it gives.
func (s *speaker) trade(form url.Values) {
	s.tb.Helper()
	if s.resource != "" {
		form.Set("resource", s.resource)
	}
	got, err := s.askTokens(form)
	if err != nil {
		s.tb.Fatal(err)
	}
	s.device.Token = linking.Token(got.Access)
	if got.Refresh != "" {
		s.refresh = got.Refresh
	}
}

// tokens is a token response.
type tokens struct {
	Access  string `json:"access_token"`
	Refresh string `json:"refresh_token"`
}

// errRefused is a token endpoint that said no.
var errRefused = errors.New("refused by the token endpoint")

func (s *speaker) askTokens(form url.Values) (tokens, error) {
	status, answer, err := s.post("/oauth/token", form)
	if err != nil {
		return tokens{}, err
	}
	if status != http.StatusOK {
		return tokens{}, fmt.Errorf("%w: %d %s", errRefused, status, answer)
	}
	var got tokens
	return got, json.Unmarshal(answer, &got)
}

// post sends a form as the client.
func (s *speaker) post(path string, form url.Values) (int, []byte, error) {
	return do(asClient(s.tb, s.file.PublicURL+path, s.client, form))
}

// asClient makes a request that posts a form as a client: one with a secret proves itself with it, a public one says who it is.
func asClient(tb testing.TB, address string, client dev.Client, form url.Values) *http.Request {
	tb.Helper()
	if client.Secret == "" {
		form.Set("client_id", client.ID)
	}
	r, err := http.NewRequestWithContext(tb.Context(), http.MethodPost, address, strings.NewReader(form.Encode()))
	if err != nil {
		tb.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if client.Secret != "" {
		r.SetBasicAuth(url.QueryEscape(client.ID), url.QueryEscape(client.Secret))
	}
	return r
}

// send sends a request and gives the answer's status and body.
func send(tb testing.TB, r *http.Request) (int, []byte) {
	tb.Helper()
	status, body, err := do(r)
	if err != nil {
		tb.Fatal(err)
	}
	return status, body
}

func do(r *http.Request) (int, []byte, error) {
	client := &http.Client{Timeout: 20 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	defer client.CloseIdleConnections()
	answer, err := client.Do(r)
	if err != nil {
		return 0, nil, err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(io.LimitReader(answer.Body, 1<<20))
	return answer.StatusCode, body, err
}

// signed makes the signed request that Alexa would send with this body.
func (s *speaker) signed(body []byte) *http.Request {
	s.tb.Helper()
	header, err := s.signer.Sign(body)
	if err != nil {
		s.tb.Fatal(err)
	}
	r, err := http.NewRequestWithContext(s.tb.Context(), http.MethodPost, s.file.PublicURL+"/alexa", bytes.NewReader(body))
	if err != nil {
		s.tb.Fatal(err)
	}
	r.Header = header
	return r
}

// say says a sentence of the catalogue and gives what is heard.
func (s *speaker) say(text string) alexa.Heard {
	s.tb.Helper()
	intent, slots, ok := s.words.Match("en-US", text)
	if !ok {
		s.tb.Fatalf("%q is no sentence of the catalogue", text)
	}
	body, err := s.device.Ask(intent, slots)
	if err != nil {
		s.tb.Fatal(err)
	}
	return s.hear(body)
}

// hear sends a request and gives what is heard.
func (s *speaker) hear(body []byte) alexa.Heard {
	s.tb.Helper()
	status, answer := send(s.tb, s.signed(body))
	if status != http.StatusOK {
		s.tb.Fatalf("/alexa answers %d: %s", status, answer)
	}
	heard, err := s.device.Hear(answer)
	if err != nil {
		s.tb.Fatalf("%v: %s", err, answer)
	}
	return heard
}

// faults sets the faults of the mock bank; {} clears them.
func (h *openHouse) faults(tb testing.TB, rule string) { h.tellBank(tb, "faults", rule) }

func (h *openHouse) tellBank(tb testing.TB, what, body string) {
	tb.Helper()
	r, err := http.NewRequestWithContext(tb.Context(), http.MethodPost, fmt.Sprintf("%s/albion/mock/%s", h.Dev().BankURL, what), strings.NewReader(body))
	if err != nil {
		tb.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	if status, answer := send(tb, r); status >= 300 {
		tb.Fatalf("the mock bank answers %d: %s", status, answer)
	}
}
