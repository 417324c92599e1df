package tests

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
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

// load sends n of these requests over 32 connections and fails on any answer but 200.
func load(tb testing.TB, n int, next func(i int) *http.Request) {
	tb.Helper()
	const connections = 32
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: connections, MaxConnsPerHost: connections}, Timeout: 20 * time.Second}
	defer client.CloseIdleConnections()
	work := make(chan int)
	failed := make(chan error, connections)
	ctx, cancel := context.WithCancel(tb.Context())
	defer cancel()
	var workers sync.WaitGroup
	for range connections {
		workers.Go(func() {
			for i := range work {
				answer, err := client.Do(next(i).WithContext(ctx))
				if err == nil {
					_, err = io.Copy(io.Discard, answer.Body)
					answer.Body.Close()
					if err == nil && answer.StatusCode != http.StatusOK {
						err = fmt.Errorf("status %d", answer.StatusCode)
					}
				}
				if err != nil {
					select {
					case failed <- err:
					default:
					}
					cancel()
					return
				}
			}
		})
	}
feed:
	for i := range n {
		select {
		case work <- i:
		case <-ctx.Done():
			break feed
		}
	}
	close(work)
	workers.Wait()
	select {
	case err := <-failed:
		tb.Fatal(err)
	default:
	}
}

// costs measures the CPU time per request of several servers side by side: after a warm-up, rounds of n requests each in turn, and of
// each server the median.
func costs(tb testing.TB, rounds, n int, servers map[string]measured) map[string]time.Duration {
	tb.Helper()
	names := make([]string, 0, len(servers))
	for name, s := range servers {
		names = append(names, name)
		load(tb, n, s.next)
	}
	slices.Sort(names)
	seen := map[string][]time.Duration{}
	for range rounds {
		for _, name := range names {
			s := servers[name]
			before := s.child.cpu(tb)
			load(tb, n, s.next)
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
	child *child
	next  func(i int) *http.Request
}
