// Package postgres starts a PostgreSQL server of its own for the tests of one process, from installed binaries.
//
// It knows nothing of what is kept there. The server listens on a Unix socket in a directory that only its owner can enter, and ends with
// the process that started it, however that ends.
package postgres

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// errNone means that there are no binaries to start.
var errNone = errors.New("no PostgreSQL is installed here (apt-get install postgresql), so what needs it is left out")

// server is the one of this process.
var server = sync.OnceValues(start)

var databases atomic.Int64

// Fresh makes an empty database and gives its URL. The test is skipped where PostgreSQL is not installed, and fails with TEST_ALL=1.
func Fresh(tb testing.TB) string {
	tb.Helper()
	s := running(tb)
	name := s.create(tb)
	tb.Cleanup(func() { s.run(tb, context.WithoutCancel(tb.Context()), "dropdb", "--force", name) })
	return s.url(name)
}

// Lend gives the URL of a database that fill has filled and that nobody else has while the test runs. Then SQL is run to make it as it was when
// it was filled, and another test has it: to make one takes longer than most tests. Otherwise it is as Fresh.
func Lend(tb testing.TB, fill func(url string) error, restore string) string {
	tb.Helper()
	s := running(tb)
	var name string
	select {
	case name = <-idle:
	default:
		name = s.create(tb)
		if err := fill(s.url(name)); err != nil {
			tb.Fatal(err)
		}
	}
	tb.Cleanup(func() {
		s.run(tb, context.WithoutCancel(tb.Context()), "psql", "--quiet", "--no-psqlrc", "--dbname", name, "--command", leave, "--command", restore)
		select {
		case idle <- name:
		default: // more than are ever wanted
		}
	})
	return s.url(name)
}

// idle are the names of databases to lend.
var idle = make(chan string, 16)

// leave ends whatever is still connected to the database, as a process that was killed may be.
const leave = `DO $$ BEGIN PERFORM pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid(); END $$`

// Processes are the ids of the server of this process and of those it has started, one for each connection among them.
func Processes(tb testing.TB) []int {
	tb.Helper()
	content, err := os.ReadFile(filepath.Join(running(tb).dir, "data", "postmaster.pid"))
	if err != nil {
		tb.Fatal(err)
	}
	first, _, _ := strings.Cut(string(content), "\n")
	children, err := os.ReadFile(filepath.Join("/proc", first, "task", first, "children")) //nolint:gosec // of a process of ours
	if err != nil {
		tb.Skip("no /proc with the children of a process here")
	}
	var pids []int
	for _, field := range append(strings.Fields(string(children)), first) {
		pid, err := strconv.Atoi(field)
		if err != nil {
			tb.Fatal(err)
		}
		pids = append(pids, pid)
	}
	return pids
}

func running(tb testing.TB) cluster {
	tb.Helper()
	s, err := server()
	if errors.Is(err, errNone) && os.Getenv("TEST_ALL") != "1" {
		tb.Skip(err)
	}
	if err != nil {
		tb.Fatal(err)
	}
	if _, measured := tb.(*testing.B); measured { // as an operator has it; tests do without, because it is slow
		durable.Do(func() {
			s.run(tb, tb.Context(), "psql", "--quiet", "--no-psqlrc", "--dbname", "postgres", "--command", "ALTER SYSTEM SET fsync = on", "--command", "SELECT pg_reload_conf()")
		})
	}
	return s
}

var durable sync.Once

// owner is the server's superuser, and that of the system whose processes it runs as where the tests are run by root.
const owner = "postgres"

type cluster struct {
	dir, bin string
	life     io.Closer // the input that ends with this process
}

// create makes an empty database and gives its name.
func (c cluster) create(tb testing.TB) string {
	tb.Helper()
	name := "test" + strconv.FormatInt(databases.Add(1), 10)
	c.run(tb, tb.Context(), "createdb", name)
	return name
}

func (c cluster) url(name string) string {
	return "postgres:///" + name + "?" + url.Values{"host": {c.dir}, "user": {owner}}.Encode()
}

func (c cluster) run(tb testing.TB, ctx context.Context, program string, args ...string) { //nolint:revive // the test comes first in test helpers
	tb.Helper()
	cmd := exec.CommandContext(ctx, filepath.Join(c.bin, program), append([]string{"-h", c.dir, "-U", owner}, args...)...) //nolint:gosec // a program of PostgreSQL
	if out, err := cmd.CombinedOutput(); err != nil {
		tb.Fatalf("%s: %v: %s", program, err, out)
	}
}

// life makes a cluster in $1 with the programs in $2, says so, and waits for the end of its input: that of the process that started it.
// Then the server is ended by the id that it wrote down, and its files are removed.
const life = `
exec 2>&1
trap "" INT TERM
if "$2/initdb" -D "$1/data" -U postgres -A trust -E UTF8 --locale=C >"$1/log" &&
	echo "fsync = off" >>"$1/data/postgresql.conf" &&
	"$2/pg_ctl" -D "$1/data" -l "$1/log" -w -o "-k '$1' -c listen_addresses= -c max_connections=200" start >>"$1/log"
then echo ready; else cat "$1/log"; rm -rf "$1"; exit 1; fi
cat >/dev/null
"$2/pg_ctl" -D "$1/data" -m immediate stop >/dev/null
rm -rf "$1"
`

func start() (cluster, error) {
	bin, err := programs()
	if err != nil {
		return cluster{}, err
	}
	dir, err := os.MkdirTemp("/tmp", "pg") // short: a socket's path has 107 bytes at most
	if err != nil {
		return cluster{}, err
	}
	command := []string{"sh", "-c", life, "sh", dir, bin}
	if os.Geteuid() == 0 { // PostgreSQL does not run as root
		who, err := user.Lookup(owner)
		if err != nil {
			return cluster{}, err
		}
		uid, _ := strconv.Atoi(who.Uid)
		gid, _ := strconv.Atoi(who.Gid)
		if err := os.Chown(dir, uid, gid); err != nil {
			return cluster{}, err
		}
		command = append([]string{"runuser", "-u", owner, "--"}, command...)
	}
	cmd := exec.Command(command[0], command[1:]...) //nolint:gosec,noctx // our own script; it lives as long as this process
	cmd.Dir = dir
	in, err := cmd.StdinPipe()
	if err != nil {
		return cluster{}, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return cluster{}, err
	}
	if err := cmd.Start(); err != nil {
		return cluster{}, err
	}
	var said []string
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if lines.Text() == "ready" {
			return cluster{dir, bin, in}, nil
		}
		said = append(said, lines.Text())
	}
	return cluster{}, fmt.Errorf("PostgreSQL does not start: %s", strings.Join(said, " / "))
}

// programs is the directory of the newest PostgreSQL that is installed.
func programs() (string, error) {
	installed, err := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if err != nil {
		return "", err
	}
	version := func(path string) int {
		n, _ := strconv.Atoi(strings.Split(path, "/")[4])
		return n
	}
	newest := ""
	for _, path := range installed {
		if newest == "" || version(path) > version(newest) {
			newest = path
		}
	}
	if newest == "" {
		if newest, err = exec.LookPath("initdb"); err != nil {
			return "", errNone
		}
		if newest, err = filepath.EvalSymlinks(newest); err != nil {
			return "", err
		}
	}
	return filepath.Dir(newest), nil
}
