// Package mockgraph is a Graph API to test against: it takes what a Page sends with Meta's strictness, and keeps it to be looked at.
//
// It imports nothing of the house, so that one misreading of Meta's documents cannot hide in both ends.
package mockgraph

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"strings"
	"sync"
	"time"
)

// kept is how many messages are remembered; older ones are forgotten.
const kept = 1000

// Options are who may send.
type Options struct {
	AppSecret string
	PageToken string
	PageID    string
	Now       func() time.Time
}

// Fault is how the next sendings go wrong, one after another.
type Fault struct {
	Status  int // of the answer; 0 hangs up without one
	Code    int // of the error in it; 0 for an answer that is no JSON
	Subcode int
	Taken   bool // the message is taken all the same
}

// Message is one that was taken.
type Message struct {
	ID        string          `json:"message_id"`
	Recipient string          `json:"recipient_id"`
	Time      int64           `json:"timestamp"` // milliseconds
	Type      string          `json:"messaging_type,omitempty"`
	Message   json.RawMessage `json:"message"`
}

// Server is the API of one Page. It is safe for concurrent use.
type Server struct {
	o     Options
	proof string

	mu       sync.Mutex
	messages []Message
	refused  []string
	faults   []Fault
	people   map[string][]string // PSIDs by app-scoped id
	profile  map[string]json.RawMessage
	unlinked []string // PSIDs
	sent     int
	hold     chan struct{}
	changed  chan struct{}
}

// New makes one.
func New(o Options) *Server {
	mac := hmac.New(sha256.New, []byte(o.AppSecret))
	mac.Write([]byte(o.PageToken))
	return &Server{o: o, proof: hex.EncodeToString(mac.Sum(nil)), people: map[string][]string{}, profile: map[string]json.RawMessage{}, changed: make(chan struct{})}
}

// ServeHTTP serves the API below any prefix:
//
//	POST …/{page|me}/messages           takes a message
//	POST …/{page|me}/messenger_profile  takes a profile
//	POST …/me/unlink_accounts           forgets that an account was linked
//	GET  …/{user}/ids_for_pages         gives page-scoped ids
//	GET  …/messages                     gives what was taken: {"data": [...]}, the oldest first
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	parts := strings.Split(strings.Trim(r.URL.Path, "/"), "/")
	last, before := parts[len(parts)-1], ""
	if len(parts) > 1 {
		before = parts[len(parts)-2]
	}
	page := before == s.o.PageID || before == "me"
	switch {
	case r.Method == http.MethodGet && last == "messages" && !page:
		answer(w, http.StatusOK, map[string]any{"data": s.Messages()})
		return
	case !s.admitted(w, r):
		return
	case r.Method == http.MethodPost && last == "messages" && page:
		s.take(w, r)
	case r.Method == http.MethodPost && last == "messenger_profile" && page:
		s.set(w, r)
	case r.Method == http.MethodPost && last == "unlink_accounts" && before == "me":
		s.unlink(w, r)
	case r.Method == http.MethodGet && last == "ids_for_pages":
		s.ids(w, r, before)
	default:
		s.refuse(w, http.StatusNotFound, 2500, "Unknown path components: "+last)
	}
}

func (s *Server) admitted(w http.ResponseWriter, r *http.Request) bool {
	q := r.URL.Query()
	switch {
	case len(q["access_token"]) != 1 || !hmac.Equal([]byte(q.Get("access_token")), []byte(s.o.PageToken)):
		s.refuse(w, http.StatusUnauthorized, 190, "Invalid OAuth access token.")
	case len(q["appsecret_proof"]) != 1 || !hmac.Equal([]byte(q.Get("appsecret_proof")), []byte(s.proof)):
		s.refuse(w, http.StatusBadRequest, 100, "Invalid appsecret_proof provided in the API argument")
	default:
		return true
	}
	return false
}

func (s *Server) take(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	hold := s.hold
	s.mu.Unlock()
	body, err := body(r)
	if hold != nil {
		select {
		case <-hold:
		case <-r.Context().Done():
			return
		}
	}
	var m Message
	if err == nil {
		m, err = read(body)
	}
	if err != nil {
		s.refuse(w, http.StatusBadRequest, 100, err.Error())
		return
	}
	s.mu.Lock()
	var fault *Fault
	if len(s.faults) > 0 {
		fault, s.faults = &s.faults[0], s.faults[1:]
	}
	if fault == nil || fault.Taken {
		s.sent++
		m.ID, m.Time = fmt.Sprintf("m_%d", s.sent), s.o.Now().UnixMilli()
		s.messages = append(s.messages, m)
		if len(s.messages) > kept {
			s.messages = s.messages[len(s.messages)-kept:]
		}
	}
	close(s.changed)
	s.changed = make(chan struct{})
	s.mu.Unlock()
	switch {
	case fault == nil:
		answer(w, http.StatusOK, map[string]string{"recipient_id": m.Recipient, "message_id": m.ID})
	case fault.Status == 0:
		panic(http.ErrAbortHandler)
	case fault.Code == 0:
		http.Error(w, "upstream trouble", fault.Status)
	default:
		fail(w, fault.Status, fault.Code, fault.Subcode, "as was asked for")
	}
}

func (s *Server) set(w http.ResponseWriter, r *http.Request) {
	content, err := body(r)
	var members map[string]json.RawMessage
	if err == nil {
		members, err = readProfile(content)
	}
	if err != nil {
		s.refuse(w, http.StatusBadRequest, 100, err.Error())
		return
	}
	if !s.keep(members) {
		s.refuse(w, http.StatusBadRequest, 100, "(#100) You must set a Get Started button if you also wish to use persistent menu")
		return
	}
	answer(w, http.StatusOK, map[string]string{"result": "success"})
}

// keep keeps members of a profile. There is no menu before there is a button to get started.
func (s *Server) keep(members map[string]json.RawMessage) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if members["persistent_menu"] != nil && members["get_started"] == nil && s.profile["get_started"] == nil {
		return false
	}
	maps.Copy(s.profile, members)
	return true
}

// unlink takes {"psid": "…"}. (Messenger Platform, Account Linking.)
func (s *Server) unlink(w http.ResponseWriter, r *http.Request) {
	content, err := body(r)
	var asked struct {
		PSID string `json:"psid"`
	}
	if err == nil {
		err = strictly(content, &asked)
	}
	if err != nil || asked.PSID == "" {
		s.refuse(w, http.StatusBadRequest, 100, fmt.Sprintf("psid: %v", err))
		return
	}
	s.mu.Lock()
	s.unlinked = append(s.unlinked, asked.PSID)
	s.mu.Unlock()
	answer(w, http.StatusOK, map[string]string{"result": "unlink account success"})
}

func (s *Server) ids(w http.ResponseWriter, r *http.Request, user string) {
	if r.URL.Query().Get("page") != s.o.PageID {
		s.refuse(w, http.StatusBadRequest, 100, "page is another's")
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	data := []any{}
	for _, id := range s.people[user] {
		data = append(data, map[string]any{"id": id, "page": map[string]string{"id": s.o.PageID, "name": "Bank"}})
	}
	answer(w, http.StatusOK, map[string]any{"data": data})
}

// Messages are those that were taken, the oldest first.
func (s *Server) Messages() []Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Message{}, s.messages...)
}

// Refused says what was refused, and why.
func (s *Server) Refused() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string{}, s.refused...)
}

// Profile is what was set, by its names.
func (s *Server) Profile() map[string]json.RawMessage {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := map[string]json.RawMessage{}
	for name, value := range s.profile {
		out[name] = value
	}
	return out
}

// Unlinked are the PSIDs of whom it was said that they are linked no more, in their order.
func (s *Server) Unlinked() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string{}, s.unlinked...)
}

// Know says which page-scoped ids an app-scoped id stands for.
func (s *Server) Know(appUser string, people ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.people[appUser] = people
}

// Fail makes the next sendings go wrong.
func (s *Server) Fail(faults ...Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = append(s.faults, faults...)
}

// Hold keeps every sending waiting until the function that it gives is called.
func (s *Server) Hold() (release func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	hold := make(chan struct{})
	s.hold = hold
	return sync.OnceFunc(func() {
		s.mu.Lock()
		s.hold = nil
		s.mu.Unlock()
		close(hold)
	})
}

// Changed is closed when the next message was taken.
func (s *Server) Changed() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.changed
}

func (s *Server) refuse(w http.ResponseWriter, status, code int, why string) {
	s.mu.Lock()
	if len(s.refused) < kept {
		s.refused = append(s.refused, why)
	}
	s.mu.Unlock()
	fail(w, status, code, 0, why)
}

func fail(w http.ResponseWriter, status, code, subcode int, why string) {
	answer(w, status, map[string]any{"error": map[string]any{
		"message": why, "type": "OAuthException", "code": code, "error_subcode": subcode, "fbtrace_id": "A0",
	}})
}

func answer(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json; charset=UTF-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // who has hung up hears nothing
}

func body(r *http.Request) ([]byte, error) {
	if kind := r.Header.Get("Content-Type"); !strings.HasPrefix(kind, "application/json") {
		return nil, fmt.Errorf("the content type is %q, want application/json", kind)
	}
	content, err := io.ReadAll(io.LimitReader(r.Body, 64<<10+1))
	if err == nil && len(content) > 64<<10 {
		err = fmt.Errorf("the request is too long")
	}
	return content, err
}
