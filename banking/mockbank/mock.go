package mockbank

import (
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"time"

	"github.com/go-json-experiment/json"
)

// ErrNobody is the error of Revoke for a customer this bank does not have.
var ErrNobody = errors.New("no such customer")

// loopbackOnly lets only this machine in, and only with JSON, so that no web
// page elsewhere can post a form here.
func (a *albion) loopbackOnly(h http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		peer, err := netip.ParseAddrPort(r.RemoteAddr)
		if err != nil || !peer.Addr().Unmap().IsLoopback() || !loopbackHost(r.Host) || r.Header.Get("X-Forwarded-For") != "" {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		h(w, r)
	}
}

func loopbackHost(hostport string) bool {
	host, _, err := net.SplitHostPort(hostport)
	if err != nil {
		host = hostport
	}
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || (err == nil && ip.IsLoopback())
}

// takeFaults answers POST /albion/mock/faults.
func (a *albion) takeFaults(w http.ResponseWriter, r *http.Request) {
	var in struct {
		On         string  `json:"on"`
		Latency    string  `json:"latency"`
		Status     int     `json:"status"`
		Ratio      float64 `json:"ratio"`
		Drop       bool    `json:"drop"`
		Garbage    bool    `json:"garbage"`
		RetryAfter int     `json:"retry_after"`
	}
	if !readMockBody(w, r, &in) {
		return
	}
	f := Fault{
		On: in.On, Status: in.Status, Ratio: in.Ratio, Drop: in.Drop, Garbage: in.Garbage, RetryAfter: in.RetryAfter,
	}
	var err error
	if in.Latency != "" {
		f.Latency, err = time.ParseDuration(in.Latency)
	}
	if err == nil {
		err = (&Server{albion: a}).SetFault(f)
	}
	if err != nil {
		writeJSON(w, http.StatusBadRequest, map[string]string{"error": "no such fault"})
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// takeRevocation answers POST /albion/mock/revoke.
func (a *albion) takeRevocation(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Username string `json:"username"`
	}
	if !readMockBody(w, r, &in) {
		return
	}
	switch err := (&Server{albion: a}).Revoke(in.Username); {
	case errors.Is(err, ErrNobody):
		writeJSON(w, http.StatusNotFound, map[string]string{"error": "no such customer"})
	case err != nil:
		w.WriteHeader(http.StatusInternalServerError)
	default:
		w.WriteHeader(http.StatusNoContent)
	}
}

func readMockBody(w http.ResponseWriter, r *http.Request, into any) bool {
	if r.Header.Get("Content-Type") != "" && !isJSON(r.Header.Get("Content-Type")) {
		w.WriteHeader(http.StatusUnsupportedMediaType)
		return false
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 4<<10))
	if err == nil {
		err = json.Unmarshal(body, into, json.RejectUnknownMembers(true))
	}
	if err != nil {
		writeJSON(w, http.StatusBadRequest, map[string]string{"error": "the body cannot be read"})
		return false
	}
	return true
}

// Revoke does what a customer does at the bank's own list of consents: every
// token of his dies at once, and the consents keep their status, as in v3 of the
// standard. Errors: ErrNobody, ErrState.
func (s *Server) Revoke(username string) error {
	a := s.albion
	if a.ledgers.accounts(username) == nil {
		return ErrNobody
	}
	a.state.mu.Lock()
	defer a.state.mu.Unlock()
	var changes []any
	for _, g := range a.state.grants {
		if g.Customer == username && !g.Revoked {
			g.Revoked = true
			changes = append(changes, g)
		}
	}
	if len(changes) == 0 {
		return nil
	}
	return a.state.commit(a.now(), changes...)
}
