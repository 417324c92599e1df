package tests

import (
	"bufio"
	"bytes"
	"context"
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
	tb.Fatalf("%s ended before it was ready", kind)
	return nil
}

// stop kills the process (-9) and waits until it is gone.
func (c *child) stop() {
	c.once.Do(func() {
		_ = c.cmd.Process.Kill()
		_ = c.cmd.Wait()
	})
}

// cpu is the time the process has spent on a CPU, all threads together, as /proc tells it in nanoseconds.
func (c *child) cpu(tb testing.TB) time.Duration {
	tb.Helper()
	tasks, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", c.cmd.Process.Pid))
	if err != nil || len(tasks) == 0 {
		tb.Skip("no /proc with CPU times here")
	}
	var sum time.Duration
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
		sum += time.Duration(ns)
	}
	return sum
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

// load sends n requests over as many connections at once, each as it stands on the wire, and fails on any answer but 200. It writes and reads bytes
// itself, so that the server and not the client is what limits it.
func load(tb testing.TB, n int, address string, requests [][]byte) {
	tb.Helper()
	next := make(chan []byte, n)
	for i := range n {
		next <- requests[i%len(requests)]
	}
	close(next)
	var workers sync.WaitGroup
	for range connections {
		workers.Go(func() {
			if err := converse(tb.Context(), address, next); err != nil {
				tb.Error(err)
			}
		})
	}
	workers.Wait()
	if tb.Failed() {
		tb.FailNow()
	}
}

func converse(ctx context.Context, address string, next <-chan []byte) error {
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", address)
	if err != nil {
		return err
	}
	defer conn.Close()
	answers := bufio.NewReader(conn)
	for request := range next {
		if _, err := conn.Write(request); err != nil {
			return err
		}
		length := int64(-1)
		for first := true; ; first = false {
			line, err := answers.ReadSlice('\n')
			if err != nil {
				return err
			}
			if first && !bytes.HasPrefix(line, []byte("HTTP/1.1 200 ")) {
				return fmt.Errorf("answered %q", line)
			}
			if len(line) == 2 {
				break
			}
			if rest, ok := bytes.CutPrefix(line, []byte("Content-Length: ")); ok {
				if length, err = strconv.ParseInt(string(bytes.TrimSpace(rest)), 10, 64); err != nil {
					return err
				}
			}
		}
		if _, err := io.CopyN(io.Discard, answers, length); err != nil {
			return err
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
// each server the median.
func costs(tb testing.TB, rounds, n int, servers map[string]measured) map[string]time.Duration {
	tb.Helper()
	names := make([]string, 0, len(servers))
	for name, s := range servers {
		names = append(names, name)
		load(tb, n, s.address, s.requests)
	}
	slices.Sort(names)
	seen := map[string][]time.Duration{}
	for range rounds {
		for _, name := range names {
			s := servers[name]
			before := s.child.cpu(tb)
			load(tb, n, s.address, s.requests)
			seen[name] = append(seen[name], (s.child.cpu(tb)-before)/time.Duration(n))
		}
	}
	medians := map[string]time.Duration{}
	for name, all := range seen {
		slices.Sort(all)
		medians[name] = all[len(all)/2]
	}
	return medians
}

// measured is one server and the requests sent to it.
type measured struct {
	child    *child
	address  string
	requests [][]byte
}
