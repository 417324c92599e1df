package mockbank

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// What a fault can lie on.
const (
	onResource = "resource"
	onToken    = "token"
	onAll      = "all"
)

// ErrFault is the error of SetFault for a fault that makes no sense.
var ErrFault = errors.New("no such fault")

// Fault is what is to go wrong, as POST /albion/mock/faults takes it. The zero
// Fault clears all.
type Fault struct {
	// On is "resource", "token" or "all"; empty is "all".
	On string
	// Latency is waited before anything else, as long as the client stays.
	Latency time.Duration
	// Status is answered instead, without a body. 429 and 503 have Retry-After.
	Status int
	// RetryAfter is the Retry-After of Status in seconds; 1 when 0.
	RetryAfter int
	// Ratio is the share of requests that are hit, above 0 to 1; 1 when 0.
	Ratio float64
	// Drop closes the connection in the middle of the body.
	Drop bool
	// Garbage answers 200 with something that is no JSON.
	Garbage bool
}

func (f Fault) check() error {
	switch f.On {
	case "", onResource, onToken, onAll:
	default:
		return ErrFault
	}
	if f.Latency < 0 || f.Latency > 10*time.Minute || f.Ratio < 0 || f.Ratio > 1 || f.RetryAfter < 0 ||
		(f.Status != 0 && (f.Status < 200 || f.Status > 599)) {
		return ErrFault
	}
	return nil
}

type faults struct {
	mu  sync.Mutex
	set map[string]Fault
	rng *rand.Rand
}

func newFaults(seed int64) *faults {
	return &faults{
		set: make(map[string]Fault),
		rng: rand.New(rand.NewPCG(uint64(seed), 1)), //nolint:gosec // G404, G115: faults have to be repeatable
	}
}

// SetFault makes f go wrong from the next request on. On all replaces both
// others; the zero Fault clears them. Errors: ErrFault.
func (s *Server) SetFault(f Fault) error {
	if err := f.check(); err != nil {
		return err
	}
	fs := s.albion.faults
	fs.mu.Lock()
	defer fs.mu.Unlock()
	if f == (Fault{}) {
		clear(fs.set)
		return nil
	}
	if f.Ratio == 0 {
		f.Ratio = 1
	}
	for _, on := range []string{onResource, onToken} {
		if f.On == on || f.On == onAll || f.On == "" {
			fs.set[on] = f
		}
	}
	return nil
}

// draw gives the fault that hits a request, if one does.
func (fs *faults) draw(on string) (Fault, bool) {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	f, ok := fs.set[on]
	if !ok || fs.rng.Float64() >= f.Ratio {
		return Fault{}, false
	}
	return f, true
}

// faulty lets faults happen to h.
func (a *albion) faulty(on string, h http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		f, hit := a.faults.draw(on)
		if !hit {
			h(w, r)
			return
		}
		if f.Latency > 0 {
			wait := time.NewTimer(f.Latency)
			defer wait.Stop()
			select {
			case <-wait.C:
			case <-r.Context().Done():
				return
			}
		}
		switch {
		case f.Status != 0:
			if f.Status == http.StatusTooManyRequests || f.Status == http.StatusServiceUnavailable || f.RetryAfter > 0 {
				w.Header().Set("Retry-After", strconv.Itoa(max(f.RetryAfter, 1)))
			}
			w.WriteHeader(f.Status)
		case f.Drop:
			dropHalfway(w, r, h)
		case f.Garbage:
			w.Header().Set("Content-Type", "application/json; charset=utf-8")
			_, _ = w.Write([]byte("<html>\x00 502 proxy says hello {\"Data\":"))
		default:
			h(w, r)
		}
	}
}

// dropHalfway lets h answer, sends half of it and closes the connection.
func dropHalfway(w http.ResponseWriter, r *http.Request, h http.HandlerFunc) {
	kept := &keptResponse{header: w.Header(), status: http.StatusOK}
	h(kept, r)
	w.Header().Set("Content-Length", strconv.Itoa(max(kept.body.Len(), 2)))
	w.WriteHeader(kept.status)
	_, _ = w.Write(kept.body.Bytes()[:kept.body.Len()/2])
	_ = http.NewResponseController(w).Flush()
	panic(http.ErrAbortHandler)
}

// keptResponse keeps what a handler writes.
type keptResponse struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (k *keptResponse) Header() http.Header         { return k.header }
func (k *keptResponse) WriteHeader(status int)      { k.status = status }
func (k *keptResponse) Write(b []byte) (int, error) { return k.body.Write(b) }
