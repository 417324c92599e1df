package tests

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"sotto/banking/mockbank"
	"sotto/server/dev"
	"sotto/tests/loopback"
)

// fleet is the real program in several processes, on one database and behind one balancer, as an operator runs it.
type fleet struct {
	t       *testing.T
	program string
	dir     string
	env     []string
	front   *httptest.Server // the balancer, whose address is the public URL
	ships   []*ship
	ada     dev.Person

	mu     sync.Mutex
	random *rand.Rand
}

// ship is one process: where it listens, and what it is at the moment.
type ship struct {
	url, state string

	mu  sync.Mutex
	cmd *exec.Cmd // nil while it is down
	log *os.File
}

// openFleet builds the program, has a first process invent what the others share, and starts n, with more settings where there are some.
func openFleet(t *testing.T, n int, database string, random *rand.Rand, settings ...string) *fleet {
	t.Helper()
	f := &fleet{t: t, dir: t.TempDir(), random: random}
	f.program = buildSotto(t)
	f.front = httptest.NewServer(f.balancer())
	t.Cleanup(f.front.Close)
	bank := newFarBank(t, "ada")
	bank.open(t, f.front.URL, mockbank.Options{Clock: time.Now, AccessTTL: time.Hour, RotateRefresh: true})
	f.ada = bank.person(time.Now)
	f.env = append([]string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + f.dir, "SOTTO_PUBLIC_URL=" + f.front.URL, "SOTTO_DATABASE=" + database, "SOTTO_BANKS=" + bank.banks, "SOTTO_BANK_ADDR=127.0.0.1:0",
	}, settings...)
	for i := range n {
		f.ships = append(f.ships, &ship{url: "http://" + loopback.Free(t), state: filepath.Join(f.dir, string(rune('a'+i)))})
	}
	t.Cleanup(func() {
		for _, s := range f.ships {
			s.kill()
		}
	})
	f.start(f.ships[0])
	f.await(f.ships[0])
	for _, s := range f.ships[1:] { // keys, clients and the Alexa authority are one
		if err := os.CopyFS(s.state, os.DirFS(f.ships[0].state)); err != nil {
			t.Fatal(err)
		}
		f.start(s)
	}
	for _, s := range f.ships {
		f.await(s)
	}
	return f
}

// start starts a process that is down.
func (f *fleet) start(s *ship) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cmd != nil {
		return
	}
	log, err := os.OpenFile(s.state+".log", os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		f.t.Error(err)
		return
	}
	cmd := exec.CommandContext(f.t.Context(), f.program, "serve", "--dev")
	cmd.Env = append([]string{"SOTTO_ADDR=" + s.url[len("http://"):], "SOTTO_STATE=" + s.state}, f.env...)
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		f.t.Error(err)
		return
	}
	s.cmd, s.log = cmd, log
}

// kill ends the process (-9), whatever it is doing.
func (s *ship) kill() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cmd == nil {
		return
	}
	_ = s.cmd.Process.Kill()
	_ = s.cmd.Wait()
	_ = s.log.Close()
	s.cmd = nil
}

// await waits until a process that was started is ready.
func (f *fleet) await(s *ship) {
	f.t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for range 1500 {
		r, err := http.NewRequestWithContext(f.t.Context(), http.MethodGet, s.url+"/readyz", nil)
		if err != nil {
			f.t.Fatal(err)
		}
		if status, _, err := do(r); err == nil && status == http.StatusOK {
			return
		}
		<-tick.C
	}
	said, _ := os.ReadFile(s.state + ".log")
	f.t.Fatalf("a process does not become ready: %s", said[max(0, len(said)-2000):])
}

// draw gives a number below n; every draw comes from the one seed.
func (f *fleet) draw(n int) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.random.IntN(n)
}

// balancer hands each request to any of the processes. One that cannot be reached was not asked, so another is; one that dies over a request
// leaves it without an answer, and what became of it is not known: 502.
func (f *fleet) balancer() http.Handler {
	return &httputil.ReverseProxy{
		Rewrite:      func(*httputil.ProxyRequest) {},
		Transport:    f,
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) },
	}
}

// RoundTrip sends a request to one of the processes.
func (f *fleet) RoundTrip(r *http.Request) (*http.Response, error) {
	body := []byte{}
	if r.Body != nil {
		var err error
		if body, err = io.ReadAll(r.Body); err != nil {
			return nil, err
		}
	}
	for range 200 {
		to, err := url.Parse(f.ships[f.draw(len(f.ships))].url)
		if err != nil {
			return nil, err
		}
		again := r.Clone(r.Context())
		again.URL.Scheme, again.URL.Host, again.Body, again.ContentLength = "http", to.Host, io.NopCloser(bytes.NewReader(body)), int64(len(body))
		answer, err := unkept.RoundTrip(again)
		var failed *net.OpError
		if !errors.As(err, &failed) || failed.Op != "dial" {
			return answer, err
		}
		if err := pause(r.Context(), 5*time.Millisecond); err != nil {
			return nil, err
		}
	}
	return nil, errors.New("nobody is there")
}

// unkept keeps no connection: one to a process that was killed says nothing about the request that would be sent over it.
var unkept = &http.Transport{DisableKeepAlives: true}

func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
