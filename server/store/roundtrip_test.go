package store_test

import (
	"bufio"
	"encoding/binary"
	"io"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"sotto/linking"
	"sotto/tests/database"
)

// wiretap stands between the driver and PostgreSQL, and counts how often the driver waits for an answer: each of its requests ends with a Sync,
// or is a simple Query.
type wiretap struct {
	net.Listener
	requests atomic.Int64
}

// tapped gives the URL of a fresh database that is reached through a wiretap.
func tapped(t *testing.T) (string, *wiretap) {
	t.Helper()
	direct, err := url.Parse(database.PostgreSQL(t))
	if err != nil {
		t.Fatal(err)
	}
	dir, err := os.MkdirTemp("", "tap") // the path of a socket must be short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	const socket = ".s.PGSQL.5432"
	l, err := new(net.ListenConfig).Listen(t.Context(), "unix", filepath.Join(dir, socket))
	if err != nil {
		t.Fatal(err)
	}
	w := &wiretap{Listener: l}
	t.Cleanup(func() { _ = l.Close() })
	q := direct.Query()
	server := filepath.Join(q.Get("host"), socket)
	go func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			go w.listen(t, client, server)
		}
	}()
	q.Set("host", dir)
	direct.RawQuery = q.Encode()
	return direct.String(), w
}

func (w *wiretap) listen(t *testing.T, client net.Conn, to string) {
	defer client.Close()
	server, err := new(net.Dialer).DialContext(t.Context(), "unix", to)
	if err != nil {
		return
	}
	defer server.Close()
	go func() { _, _ = io.Copy(client, server) }()
	said := bufio.NewReader(client)
	for first := true; ; first = false {
		head := make([]byte, 5) // the first message has no kind
		if first {
			head = head[:4]
		}
		if _, err := io.ReadFull(said, head); err != nil {
			return
		}
		if kind := head[0]; !first && (kind == 'S' || kind == 'Q') {
			w.requests.Add(1)
		}
		rest := int64(binary.BigEndian.Uint32(head[len(head)-4:])) - 4
		if _, err := server.Write(head); err != nil {
			return
		}
		if _, err := io.CopyN(server, said, rest); err != nil {
			return
		}
	}
}

// TestARefreshOnPostgreSQLIsOneStatement: whatever its client's policy, a refresh waits for the database once.
func TestARefreshOnPostgreSQLIsOneStatement(t *testing.T) {
	through, w := tapped(t)
	db := open(t, through)
	i, err := taken(t.Context(), db, "1")
	if err != nil {
		t.Fatal(err)
	}
	n := linkOf(i)
	if err := db.Conclude(t.Context(), i.ID, n); err != nil {
		t.Fatal(err)
	}
	x := exchangeOf(n)
	if _, err := db.Exchange(t.Context(), x); err != nil {
		t.Fatal(err)
	}
	for name, refreshing := range map[string]func(try int64) linking.Refreshing{
		"a stable one, for a JWT": func(int64) linking.Refreshing {
			return linking.Refreshing{Client: n.Client, Hash: x.Refresh, Now: noon, Grace: time.Minute}
		},
		"a stable one, for an opaque token": func(try int64) linking.Refreshing {
			return linking.Refreshing{
				Client: n.Client, Hash: x.Refresh, Now: noon, Grace: time.Minute,
				Access: &linking.AccessToken{Hash: []byte{byte(try)}, Issued: noon, Expires: noon.Add(time.Hour)},
			}
		},
		"one that is replaced": func(try int64) linking.Refreshing {
			return linking.Refreshing{Client: n.Client, Grant: n.Grant, Generation: try + 1, Now: noon, Grace: time.Minute}
		},
	} {
		t.Run(name, func(t *testing.T) {
			least := int64(1 << 62) // the first ones prepare, and a connection that has rested is tried
			for try := range int64(10) {
				before := w.requests.Load()
				g, _, err := db.Refresh(t.Context(), refreshing(try))
				if err != nil || g.Grant != n.Grant || g.Link != n.ID || g.Subject != n.Subject || g.Scopes != n.Scopes || g.Resource != n.Resource {
					t.Fatalf("got %+v, %v", g, err)
				}
				least = min(least, w.requests.Load()-before)
			}
			if least != 1 {
				t.Errorf("a refresh waits for PostgreSQL %d times", least)
			}
		})
	}
}
