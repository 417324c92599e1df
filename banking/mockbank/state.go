package mockbank

import (
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/go-json-experiment/json"
)

// The states of a consent in v3.1.11 that this bank uses.
const (
	awaitingAuthorisation = "AwaitingAuthorisation"
	authorised            = "Authorised"
	rejected              = "Rejected"
)

// consent is one account-access-consent. Dates are kept as the client wrote
// them, because they have to be played back unchanged.
type consent struct {
	ID          string    `json:"id"`
	Client      string    `json:"client"`
	Permissions []string  `json:"permissions"`
	Expires     string    `json:"expires,omitzero"`
	From        string    `json:"from,omitzero"`
	To          string    `json:"to,omitzero"`
	Status      string    `json:"status"`
	Created     time.Time `json:"created"`
	Updated     time.Time `json:"updated"`
	Customer    string    `json:"customer,omitzero"`
	Accounts    []string  `json:"accounts,omitzero"`
	Deleted     bool      `json:"deleted,omitzero"`
}

func (c consent) may(permission string) bool { return slices.Contains(c.Permissions, permission) }

// expired says whether the consent has run out at now.
func (c consent) expired(now time.Time) bool {
	end, err := time.Parse(time.RFC3339, c.Expires)
	return err == nil && !now.Before(end)
}

// grant is what a customer gave a client in one authorization: the root of a
// code and of all tokens that come from it.
type grant struct {
	ID       string    `json:"id"`
	Client   string    `json:"client"`
	Consent  string    `json:"consent"`
	Customer string    `json:"customer"`
	AuthTime time.Time `json:"auth_time"`
	Expires  time.Time `json:"expires"` // of its refresh tokens
	Revoked  bool      `json:"revoked,omitzero"`
}

// authCode is an authorization code, under its hash.
type authCode struct {
	Hash      string    `json:"hash"`
	Grant     string    `json:"grant"`
	Redirect  string    `json:"redirect"`
	Challenge string    `json:"challenge,omitzero"`
	Nonce     string    `json:"nonce,omitzero"`
	Expires   time.Time `json:"expires"`
	Used      bool      `json:"used,omitzero"`
}

// token is an access or refresh token, under its hash. Grant is empty for
// tokens of client_credentials.
type token struct {
	Hash    string    `json:"hash"`
	Client  string    `json:"client"`
	Grant   string    `json:"grant,omitzero"`
	Refresh bool      `json:"refresh,omitzero"`
	Expires time.Time `json:"expires"`
	Dead    bool      `json:"dead,omitzero"` // a refresh token that was rotated, or revoked alone
}

// assertionID is the jti of a client assertion that has been accepted.
type assertionID struct {
	ID      string    `json:"id"`
	Expires time.Time `json:"expires"`
}

// keptKey is a secret of the bank itself.
type keptKey struct {
	ID    string `json:"id"`
	Bytes []byte `json:"bytes"`
}

// state is everything that must survive. Values in the maps are never changed in
// place: they are read as copies and replaced by commit.
type state struct {
	mu       sync.Mutex
	journal  *journal // nil: in memory
	closed   bool
	swept    int // number of things after the last sweep
	keep     map[string]keptKey
	consents map[string]consent
	grants   map[string]grant
	codes    map[string]authCode
	tokens   map[string]token
	jtis     map[string]assertionID
}

func openState(path string, now time.Time) (*state, error) {
	s := &state{
		keep: make(map[string]keptKey), consents: make(map[string]consent), grants: make(map[string]grant),
		codes: make(map[string]authCode), tokens: make(map[string]token), jtis: make(map[string]assertionID),
	}
	if path == "" {
		return s, nil
	}
	if err := readJournal(path, s.restore); err != nil {
		return nil, err
	}
	s.sweep(now)
	records, err := s.records()
	if err != nil {
		return nil, err
	}
	s.journal, err = rewriteJournal(path, records)
	return s, err
}

// commit makes changes last: they are in the journal before they are true. The
// caller holds s.mu.
func (s *state) commit(now time.Time, changes ...any) error {
	if s.closed {
		return fmt.Errorf("%w: closed", ErrState)
	}
	if s.journal != nil {
		records := make([]record, 0, len(changes))
		for _, c := range changes {
			r, err := toRecord(c)
			if err != nil {
				return err
			}
			records = append(records, r)
		}
		if err := s.journal.append(records); err != nil {
			s.closed = true // half a line may be in the file: write nothing behind it
			return err
		}
	}
	for _, c := range changes {
		s.apply(c)
	}
	return s.tidy(now)
}

func (s *state) apply(change any) {
	switch v := change.(type) {
	case keptKey:
		s.keep[v.ID] = v
	case consent:
		s.consents[v.ID] = v
	case grant:
		s.grants[v.ID] = v
	case authCode:
		s.codes[v.Hash] = v
	case token:
		s.tokens[v.Hash] = v
	case assertionID:
		s.jtis[v.ID] = v
	}
}

func toRecord(change any) (record, error) {
	var r record
	switch v := change.(type) {
	case keptKey:
		r.Kind, r.ID = "key", v.ID
	case consent:
		r.Kind, r.ID = "consent", v.ID
	case grant:
		r.Kind, r.ID = "grant", v.ID
	case authCode:
		r.Kind, r.ID = "code", v.Hash
	case token:
		r.Kind, r.ID = "token", v.Hash
	case assertionID:
		r.Kind, r.ID = "jti", v.ID
	default:
		return r, fmt.Errorf("%w: cannot keep a %T", ErrState, change)
	}
	value, err := json.Marshal(change)
	r.Value = value
	return r, err
}

func (s *state) restore(r record) error {
	switch r.Kind {
	case "key":
		return restoreInto(s, r, keptKey{})
	case "consent":
		return restoreInto(s, r, consent{})
	case "grant":
		return restoreInto(s, r, grant{})
	case "code":
		return restoreInto(s, r, authCode{})
	case "token":
		return restoreInto(s, r, token{})
	case "jti":
		return restoreInto(s, r, assertionID{})
	default:
		return fmt.Errorf("unknown kind %q", r.Kind)
	}
}

func restoreInto[T any](s *state, r record, v T) error {
	if err := json.Unmarshal(r.Value, &v); err != nil {
		return err
	}
	s.apply(v)
	return nil
}

// tidy sweeps and rewrites the journal when it has grown well beyond what is
// alive.
func (s *state) tidy(now time.Time) error {
	if s.size() > 2*s.swept+200 {
		s.sweep(now)
	}
	if s.journal == nil || s.journal.lines < 4*s.size()+400 {
		return nil
	}
	records, err := s.records()
	if err != nil {
		return err
	}
	fresh, err := rewriteJournal(s.journal.path, records)
	if err != nil {
		return err
	}
	_ = s.journal.close()
	s.journal = fresh
	return nil
}

// sweep forgets what has expired and can change no answer any more. A used code
// is kept as long as its grant, so that a replay still ends the grant.
func (s *state) sweep(now time.Time) {
	for k, v := range s.jtis {
		if now.After(v.Expires) {
			delete(s.jtis, k)
		}
	}
	for k, v := range s.tokens {
		if now.After(v.Expires) {
			delete(s.tokens, k)
		}
	}
	for k, v := range s.grants {
		if now.After(v.Expires) {
			delete(s.grants, k)
		}
	}
	for k, v := range s.codes {
		if _, alive := s.grants[v.Grant]; !alive || (!v.Used && now.After(v.Expires)) {
			delete(s.codes, k)
		}
	}
	s.swept = s.size()
}

func (s *state) size() int {
	return len(s.keep) + len(s.consents) + len(s.grants) + len(s.codes) + len(s.tokens) + len(s.jtis)
}

func (s *state) records() ([]record, error) {
	all := slices.Concat(values(s.keep), values(s.consents), values(s.grants), values(s.codes), values(s.tokens), values(s.jtis))
	records := make([]record, 0, len(all))
	for _, v := range all {
		r, err := toRecord(v)
		if err != nil {
			return nil, err
		}
		records = append(records, r)
	}
	return records, nil
}

func values[K comparable, V any](m map[K]V) []any {
	list := make([]any, 0, len(m))
	for _, v := range m {
		list = append(list, v)
	}
	return list
}

func (s *state) close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || s.journal == nil {
		s.closed = true
		return nil
	}
	s.closed = true
	return s.journal.close()
}
