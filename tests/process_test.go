package tests

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// childEnv says which server the test binary is to be when it is started again as a process of its own.
const childEnv = "SOTTO_TEST_CHILD"

// child is one server in a process of its own, so that its CPU time and memory are its own too.
type child struct {
	cmd  *exec.Cmd
	said map[string]string // what it printed at its start: "name value" lines, the last one "ready"
	once sync.Once
}

// startChild starts the test binary again as the server named by kind and waits until it says that it is ready.
func startChild(tb testing.TB, kind string, env ...string) *child {
	tb.Helper()
	self, err := os.Executable()
	if err != nil {
		tb.Fatal(err)
	}
	cmd := exec.CommandContext(tb.Context(), self)
	cmd.Cancel = func() error { return cmd.Process.Kill() }
	cmd.Env = append(os.Environ(), append(env, childEnv+"="+kind, "GOMAXPROCS=1")...)
	return begin(tb, cmd)
}

// begin starts a server of any kind and waits until it says that it is ready.
func begin(tb testing.TB, cmd *exec.Cmd) *child {
	tb.Helper()
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		tb.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		tb.Fatal(err)
	}
	c := &child{cmd: cmd, said: map[string]string{}}
	tb.Cleanup(c.stop)
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		name, value, _ := strings.Cut(lines.Text(), " ")
		if name == "ready" {
			go func() { _, _ = io.Copy(io.Discard, out) }()
			return c
		}
		c.said[name] = value
	}
	tb.Fatalf("%s ended before it was ready", cmd)
	return nil
}

// beginReady starts a server and waits until this address answers 200.
func beginReady(tb testing.TB, cmd *exec.Cmd, address string) *child {
	tb.Helper()
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		tb.Fatal(err)
	}
	c := &child{cmd: cmd}
	tb.Cleanup(c.stop)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for range 1500 {
		r, err := http.NewRequestWithContext(tb.Context(), http.MethodGet, address, nil)
		if err != nil {
			tb.Fatal(err)
		}
		if status, _, err := do(r); err == nil && status == http.StatusOK {
			return c
		}
		<-tick.C
	}
	tb.Fatalf("%s does not become ready", cmd)
	return nil
}

// buildSotto builds the program, and says where it is. Where it is measured it is built as "make build" does; else with what is compiled already when
// the linters have been run, since to compile all libraries once more takes longer than most tests.
func buildSotto(tb testing.TB) string {
	tb.Helper()
	program := filepath.Join(tb.TempDir(), "sotto")
	build := exec.CommandContext(tb.Context(), "go", "build", "-o", program, "../cmd/sotto")
	if _, measured := tb.(*testing.B); measured {
		build = exec.CommandContext(tb.Context(), "go", "build", "-trimpath", "-o", program, "../cmd/sotto")
		build.Env = append(os.Environ(), "CGO_ENABLED=0")
	}
	if out, err := build.CombinedOutput(); err != nil {
		tb.Fatalf("build: %v: %s", err, out)
	}
	return program
}

// stop kills the process (-9) and waits until it is gone.
func (c *child) stop() {
	c.once.Do(func() {
		_ = c.cmd.Process.Kill()
		_ = c.cmd.Wait()
	})
}

// cpu is the time each of these processes has spent on a CPU, all its threads together, as /proc tells it in nanoseconds. One that has ended is left out.
func cpu(tb testing.TB, pids ...int) map[int]time.Duration {
	tb.Helper()
	spent := map[int]time.Duration{}
	for _, pid := range pids {
		tasks, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", pid))
		if err != nil {
			tb.Fatal(err)
		}
		for _, task := range tasks {
			content, err := os.ReadFile(task)
			if err != nil {
				continue // the thread has just ended
			}
			first, _, _ := bytes.Cut(content, []byte(" "))
			ns, err := strconv.ParseInt(string(first), 10, 64)
			if err != nil {
				tb.Fatal(err)
			}
			spent[pid] += time.Duration(ns)
		}
	}
	if len(spent) == 0 {
		tb.Skip("no /proc with CPU times here")
	}
	return spent
}

// resident is the process's resident memory in MB.
func (c *child) resident(tb testing.TB) float64 {
	tb.Helper()
	content, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", c.cmd.Process.Pid))
	if err != nil {
		tb.Skip("no /proc here")
	}
	for line := range strings.Lines(string(content)) {
		if rest, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			kB, err := strconv.ParseFloat(strings.Fields(rest)[0], 64)
			if err != nil {
				tb.Fatal(err)
			}
			return kB / 1024
		}
	}
	tb.Fatal("no VmRSS")
	return 0
}

// connections is how many there are at once while a server is measured.
const connections = 32

// talk is one connection's side of a conversation: the request, as it stands on the wire, that follows an answer's body; nil is the start.
// It is told of the last answer too.
type talk func(answer []byte) []byte

// repeating is a talk that sends these requests over and over.
func repeating(requests [][]byte) talk {
	i := -1
	return func([]byte) []byte {
		i++
		return requests[i%len(requests)]
	}
}

// load sends n requests over as many connections as there are talks, and fails on any answer but 200. It writes and reads bytes itself, so that
// the server and not the client is what limits it.
func load(tb testing.TB, n int, address string, talks []talk) {
	tb.Helper()
	var left atomic.Int64
	left.Store(int64(n))
	var workers sync.WaitGroup
	for _, t := range talks {
		workers.Go(func() {
			if err := converse(tb.Context(), address, t, &left); err != nil {
				tb.Error(err)
			}
		})
	}
	workers.Wait()
	if tb.Failed() {
		tb.FailNow()
	}
}

func converse(ctx context.Context, address string, next talk, left *atomic.Int64) error {
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", address)
	if err != nil {
		return err
	}
	defer conn.Close()
	answers := bufio.NewReader(conn)
	var body []byte
	for request := next(nil); left.Add(-1) >= 0; request = next(body) {
		if _, err := conn.Write(request); err != nil {
			return err
		}
		length, good := -1, false
		for first := true; ; first = false {
			line, err := answers.ReadSlice('\n')
			if err != nil {
				return err
			}
			if first {
				good = bytes.HasPrefix(line, []byte("HTTP/1.1 200 "))
			}
			if len(line) == 2 {
				break
			}
			if rest, ok := bytes.CutPrefix(line, []byte("Content-Length: ")); ok {
				if length, err = strconv.Atoi(string(bytes.TrimSpace(rest))); err != nil {
					return err
				}
			}
		}
		if length < 0 {
			return errors.New("answered without a length")
		}
		body = slices.Grow(body[:0], length)[:length]
		if _, err := io.ReadFull(answers, body); err != nil {
			return err
		}
		if !good {
			return fmt.Errorf("%s did not answer 200 but: %s", address, body)
		}
	}
	return nil
}

// onTheWire is how requests are sent.
func onTheWire(tb testing.TB, requests []*http.Request) [][]byte {
	tb.Helper()
	out := make([][]byte, len(requests))
	for i, r := range requests {
		var b bytes.Buffer
		if err := r.Write(&b); err != nil {
			tb.Fatal(err)
		}
		out[i] = b.Bytes()
	}
	return out
}

// costs measures the CPU time per request of several servers side by side: after a warm-up, rounds of n requests each in turn, and of
// each server the median. What the processes beside them take is counted too.
func costs(tb testing.TB, rounds, n int, servers map[string]measured, beside ...func(testing.TB) []int) map[string]time.Duration {
	tb.Helper()
	names := make([]string, 0, len(servers))
	for name, s := range servers {
		names = append(names, name)
		load(tb, n, s.address, s.talks(n))
	}
	slices.Sort(names)
	seen := map[string][]time.Duration{}
	for range rounds {
		for _, name := range names {
			s := servers[name]
			talks := s.talks(n)
			pids := []int{s.child.cmd.Process.Pid}
			for _, more := range beside {
				pids = append(pids, more(tb)...)
			}
			before := cpu(tb, pids...)
			load(tb, n, s.address, talks)
			var took time.Duration
			for pid, after := range cpu(tb, pids...) {
				took += after - before[pid]
			}
			seen[name] = append(seen[name], took/time.Duration(n))
		}
	}
	medians := map[string]time.Duration{}
	for name, all := range seen {
		slices.Sort(all)
		medians[name] = all[len(all)/2]
	}
	return medians
}

// measured is one server and what is said to it, by each connection, in a round of n requests. That is put together before the round begins.
type measured struct {
	child   *child
	address string
	talks   func(n int) []talk
}

// always has the same said in every round.
func always(talks []talk) func(int) []talk {
	return func(int) []talk { return talks }
}

// fresh has every request sent once and never again, since a house gives an answer twice without asking anybody.
func fresh(make func(n int) [][]byte) func(int) []talk {
	return func(n int) []talk {
		requests := make(n + connections) // each connection has its next one in hand when the round is over
		var next atomic.Int64
		return all(func([]byte) []byte { return requests[next.Add(1)-1] })
	}
}

// all has every connection hold the same talk.
func all(t talk) []talk { return slices.Repeat([]talk{t}, connections) }
