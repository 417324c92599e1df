package mockbank

import (
	"crypto/ecdsa"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"
)

// bankID and bankName identify the one bank this package has so far.
const (
	bankID   = "albion"
	bankName = "Albion Bank"
	zoneName = "Europe/London"
)

// Server is the mock banks behind one http.Handler. It routes by the first
// segment of the path, which is the bank's id. All methods are safe for
// concurrent use.
type Server struct {
	banks  map[string]http.Handler
	albion *albion
}

// New builds the mock banks and restores their state from Options.StatePath. It
// listens nowhere; the caller serves it under Options.BaseURL and calls Close.
// Errors are ErrOptions, or those of reading and writing the state.
func New(o Options) (*Server, error) {
	if err := o.complete(); err != nil {
		return nil, err
	}
	zone, err := time.LoadLocation(zoneName)
	if err != nil {
		return nil, fmt.Errorf("load the bank's time zone: %w", err)
	}
	st, err := openState(o.StatePath, o.Clock())
	if err != nil {
		return nil, err
	}
	key, secret, err := st.keys(o.Rand)
	if err != nil {
		_ = st.close()
		return nil, err
	}
	clients, err := readClients(o.Clients)
	if err != nil {
		_ = st.close()
		return nil, err
	}
	a := &albion{
		opts: o, zone: zone, state: st, key: key, secret: secret, clients: clients,
		issuer: o.BaseURL + "/" + bankID, kid: keyID(&key.PublicKey),
		signIns: newSignIns(), faults: newFaults(o.Seed), counts: make(map[string]int),
	}
	a.ledgers = newLedgers(o.Seed, zone, o.LongHistory)
	return &Server{banks: map[string]http.Handler{bankID: a.routes()}, albion: a}, nil
}

// ServeHTTP routes to the bank named by the first segment of the path.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	id, _, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	bank, ok := s.banks[id]
	if !ok {
		http.NotFound(w, r)
		return
	}
	bank.ServeHTTP(w, r)
}

// Close ends the journal. Requests after Close that change state are refused
// with 500.
func (s *Server) Close() error { return s.albion.state.close() }

// albion is the bank "albion".
type albion struct {
	opts    Options
	zone    *time.Location
	state   *state
	key     *ecdsa.PrivateKey
	kid     string
	secret  []byte // signs page cursors
	clients map[string]*registered
	issuer  string
	ledgers *ledgers
	signIns *signIns
	faults  *faults

	mu     sync.Mutex
	counts map[string]int
}

func (a *albion) now() time.Time { return a.opts.Clock() }

func (a *albion) routes() http.Handler {
	mux := http.NewServeMux()
	root := "/" + bankID
	mux.HandleFunc("GET "+root+"/.well-known/openid-configuration", a.counted("discovery", a.metadata))
	mux.HandleFunc("GET "+root+"/jwks", a.counted("jwks", a.jwks))
	mux.HandleFunc("GET "+root+"/authorize", a.counted("authorize", a.authorize))
	mux.HandleFunc("POST "+root+"/authorize", a.counted("authorize", a.authorize))
	mux.HandleFunc("GET "+root+"/sign-in/{ticket}", a.counted("sign-in", a.showSignIn))
	mux.HandleFunc("POST "+root+"/sign-in/{ticket}", a.counted("sign-in", a.takeSignIn))
	mux.HandleFunc("GET "+root+"/style.css", a.style)
	mux.HandleFunc("POST "+root+"/token", a.counted("token", a.faulty(onToken, a.token)))
	mux.HandleFunc("POST "+root+"/revoke", a.counted("revoke", a.faulty(onToken, a.revoke)))
	mux.HandleFunc("POST "+root+"/mock/faults", a.loopbackOnly(a.takeFaults))
	mux.HandleFunc("POST "+root+"/mock/revoke", a.loopbackOnly(a.takeRevocation))
	mux.Handle(root+resourceBase+"/", a.resources())
	return mux
}

// Requests says how many requests each kind of path has had since New or
// ResetRequests: discovery, jwks, authorize, sign-in, token, revoke, consents,
// consent, accounts, account, balances, account-balances, transactions,
// account-transactions, other.
func (s *Server) Requests() map[string]int {
	a := s.albion
	a.mu.Lock()
	defer a.mu.Unlock()
	out := make(map[string]int, len(a.counts))
	for k, n := range a.counts {
		out[k] = n
	}
	return out
}

// ResetRequests sets the counts of Requests back to nothing.
func (s *Server) ResetRequests() {
	a := s.albion
	a.mu.Lock()
	defer a.mu.Unlock()
	clear(a.counts)
}

func (a *albion) count(kind string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.counts[kind]++
}

func (a *albion) counted(kind string, h http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		a.count(kind)
		h(w, r)
	}
}
