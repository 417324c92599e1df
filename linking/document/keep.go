package document

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
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
	// abroad is how many fetches are under way at most.
	abroad = 8
)

// Documents fetches documents from hosts that were named, and keeps them for a while. It is safe for concurrent use.
type Documents struct {
	allow  map[string]bool // host, or host:port where it is not 443
	now    func() time.Time
	street *http.Client
	home   *http.Client // to this machine alone
	cache  *otter.Cache[string, found]
	going  chan struct{}

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
		allow: map[string]bool{}, now: now, street: newClient(public), home: newClient(netip.Addr.IsLoopback), going: make(chan struct{}, abroad), flights: map[string]*flight{},
	}
	for _, host := range hosts {
		if !ValidHost(host) {
			return nil, fmt.Errorf("%w: %q is no host", ErrNotAllowed, host)
		}
		d.allow[strings.TrimSuffix(host, ":443")] = true
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

// way is how to get to a document.
func (d *Documents) way(id string) (*http.Client, bool) {
	u, ok := address(id)
	switch {
	case !ok:
		return nil, false
	case home(u.Hostname()):
		return d.home, d.allow[Loopback]
	default:
		return d.street, d.named(u)
	}
}

func (d *Documents) named(u *url.URL) bool { return d.allow[strings.TrimSuffix(u.Host, ":443")] }

// Document gives the document at id: kept, or fetched within ctx and 3 s. The error is one of this package's.
func (d *Documents) Document(ctx context.Context, id string) (Document, error) {
	client, ok := d.way(id)
	if !ok {
		return Document{}, ErrNotAllowed
	}
	if f, ok := d.cache.GetIfPresent(id); ok && d.now().Before(f.until) {
		return f.document, f.err
	}
	f := d.join(ctx, client, id)
	defer d.leave(id, f)
	select {
	case <-f.done:
		return f.document, f.err
	case <-ctx.Done():
		return Document{}, fmt.Errorf("%w: %w", ErrUnreachable, ctx.Err())
	}
}

// join gives the flight for id that is under way, or begins one.
func (d *Documents) join(ctx context.Context, client *http.Client, id string) *flight {
	d.mu.Lock()
	defer d.mu.Unlock()
	if f, ok := d.flights[id]; ok {
		f.waiting++
		return f
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	f := &flight{done: make(chan struct{}), cancel: cancel, waiting: 1}
	d.flights[id] = f
	go d.fly(ctx, client, id, f)
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

func (d *Documents) fly(ctx context.Context, client *http.Client, id string, f *flight) {
	defer close(f.done)
	defer f.cancel()
	select {
	case d.going <- struct{}{}:
		defer func() { <-d.going }()
	case <-ctx.Done():
		f.err = fmt.Errorf("%w: too many are being fetched", ErrUnreachable)
		return
	}
	var life time.Duration
	f.document, life, f.err = fetch(ctx, client, id, d.now())
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
