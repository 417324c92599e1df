package document

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"time"

	"github.com/maypok86/otter/v2"
)

const (
	// most is how many documents are remembered: their ids are made up by whoever sends browsers here.
	most = 1000
	// respite is how long nobody is sent again to where a fetch has just failed. Errors are not to be kept (section 5.2 of the draft), but
	// nor is a host to be knocked at by everybody who opens a page here.
	respite = 10 * time.Second
	// abroad is how many fetches are under way at most at one host, so that a slow one holds up its own clients alone.
	abroad = 8
)

// Documents fetches documents from hosts that were named, and keeps them for a while. It is safe for concurrent use.
type Documents struct {
	allow  map[string]chan struct{} // host, or host:port where it is not 443, with the fetches that are under way there
	now    func() time.Time
	street *http.Client
	home   *http.Client // to this machine alone
	cache  *otter.Cache[string, found]

	mu      sync.Mutex
	flights map[string]*flight
}

// found is what a fetch has come to.
type found struct {
	document Document
	err      error
	until    time.Time
}

// flight is one fetch for all who ask for the same document. It is given up when nobody waits for it any more.
type flight struct {
	found
	done    chan struct{}
	cancel  context.CancelFunc
	waiting int
}

// New makes Documents of these hosts: names in lower case, with a port where it is not 443, or Loopback.
func New(hosts []string, now func() time.Time) (*Documents, error) {
	d := &Documents{
		allow: map[string]chan struct{}{}, now: now, street: newClient(public), home: newClient(netip.Addr.IsLoopback), flights: map[string]*flight{},
	}
	for _, host := range hosts {
		if !ValidHost(host) {
			return nil, fmt.Errorf("%w: %q is no host", ErrNotAllowed, host)
		}
		d.allow[strings.TrimSuffix(host, ":443")] = make(chan struct{}, abroad)
	}
	var err error
	if d.cache, err = otter.New(&otter.Options[string, found]{MaximumSize: most}); err != nil {
		return nil, fmt.Errorf("cache of documents: %w", err)
	}
	return d, nil
}

// ValidHost says whether host can stand in a list of hosts.
func ValidHost(host string) bool {
	u, ok := address("https://" + host + "/x")
	return ok && u.Host == host && u.Path == "/x"
}

// Allows says whether id is the address of a document that may be fetched. It does not go there.
func (d *Documents) Allows(id string) bool {
	_, ok := d.way(id)
	return ok
}

// way is how to get to a host's documents.
type way struct {
	client *http.Client
	going  chan struct{}
}

func (d *Documents) way(id string) (way, bool) {
	u, ok := address(id)
	if !ok {
		return way{}, false
	}
	client, host := d.street, strings.TrimSuffix(u.Host, ":443")
	if home(u.Hostname()) {
		client, host = d.home, Loopback
	}
	going, ok := d.allow[host]
	return way{client, going}, ok
}

// Document gives the document at id: kept, or fetched within ctx and 3 s. The error is one of this package's.
func (d *Documents) Document(ctx context.Context, id string) (Document, error) {
	there, ok := d.way(id)
	if !ok {
		return Document{}, ErrNotAllowed
	}
	if f, ok := d.cache.GetIfPresent(id); ok && d.now().Before(f.until) {
		return f.document, f.err
	}
	f := d.join(ctx, there, id)
	defer d.leave(id, f)
	select {
	case <-f.done:
		return f.document, f.err
	case <-ctx.Done():
		return Document{}, fmt.Errorf("%w: %w", ErrUnreachable, ctx.Err())
	}
}

// join gives the flight for id that is under way, or begins one.
func (d *Documents) join(ctx context.Context, there way, id string) *flight {
	d.mu.Lock()
	defer d.mu.Unlock()
	if f, ok := d.flights[id]; ok {
		f.waiting++
		return f
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	f := &flight{done: make(chan struct{}), cancel: cancel, waiting: 1}
	d.flights[id] = f
	go d.fly(ctx, there, id, f)
	return f
}

// leave gives up a flight that nobody waits for.
func (d *Documents) leave(id string, f *flight) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if f.waiting--; f.waiting == 0 {
		f.cancel()
		if d.flights[id] == f {
			delete(d.flights, id)
		}
	}
}

func (d *Documents) fly(ctx context.Context, there way, id string, f *flight) {
	defer close(f.done)
	defer f.cancel()
	select {
	case there.going <- struct{}{}:
		defer func() { <-there.going }()
	case <-ctx.Done():
		f.err = fmt.Errorf("%w: too many are being fetched", ErrUnreachable)
		return
	}
	var life time.Duration
	f.document, life, f.err = fetch(ctx, there.client, id, d.now())
	if f.err != nil {
		life = respite
	}
	f.until = d.now().Add(life)
	d.mu.Lock()
	defer d.mu.Unlock()
	if errors.Is(ctx.Err(), context.Canceled) { // given up: that says nothing about the document
		return
	}
	d.cache.Set(id, f.found)
	if d.flights[id] == f {
		delete(d.flights, id)
	}
}
