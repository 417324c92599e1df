package mockbank

import (
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"
)

// resourceBase is the account information API's path behind the bank's id.
const resourceBase = "/open-banking/v3.1/aisp"

// Error codes of the standard that this bank uses, and one of its own for what
// the standard has no word for.
const (
	codeFieldMissing     = "UK.OBIE.Field.Missing"
	codeFieldInvalid     = "UK.OBIE.Field.Invalid"
	codeFieldUnexpected  = "UK.OBIE.Field.Unexpected"
	codeFieldDate        = "UK.OBIE.Field.InvalidDate"
	codeNotFound         = "UK.OBIE.Resource.NotFound"
	codeInvalidFormat    = "UK.OBIE.Resource.InvalidFormat"
	codeUnexpected       = "UK.OBIE.UnexpectedError"
	codePermissionDenied = "Albion.Permission.NotGranted"
)

var uuidForm = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)

// endpoint is one kind of path and what may be done there.
type endpoint struct {
	kind    string
	methods map[string]func(http.ResponseWriter, *http.Request, call)
}

// call is what is known of a request when it reaches its endpoint.
type call struct {
	id     string // in the path, where the endpoint has one
	holder holder
}

// holder is who a bearer token stands for: a client alone, or a client with a
// customer's consent.
type holder struct {
	client  string
	grant   grant // without ID: the client alone
	consent consent
}

func (h holder) customer() bool { return h.grant.ID != "" }

// resources answers the account information API.
func (a *albion) resources() http.Handler {
	table := a.endpoints()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		kind, id := a.kindOf(strings.TrimPrefix(r.URL.Path, "/"+bankID+resourceBase+"/"))
		a.count(kind)
		if !a.playBack(w, r) {
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		a.faulty(onResource, func(w http.ResponseWriter, r *http.Request) {
			a.serveEndpoint(w, r, table[kind], id)
		})(w, r)
	})
}

func (a *albion) endpoints() map[string]endpoint {
	type methods = map[string]func(http.ResponseWriter, *http.Request, call)
	table := map[string]endpoint{
		"consents":             {"consents", methods{http.MethodPost: a.createConsent}},
		"consent":              {"consent", methods{http.MethodGet: a.readConsent, http.MethodDelete: a.deleteConsent}},
		"accounts":             {"accounts", methods{http.MethodGet: a.readAccounts}},
		"account":              {"account", methods{http.MethodGet: a.readAccounts}},
		"account-balances":     {"account-balances", methods{http.MethodGet: a.readBalances}},
		"account-transactions": {"account-transactions", methods{http.MethodGet: a.readTransactions}},
	}
	if !a.opts.NoBulk {
		table["balances"] = endpoint{"balances", methods{http.MethodGet: a.readBalances}}
		table["transactions"] = endpoint{"transactions", methods{http.MethodGet: a.readTransactions}}
	}
	return table
}

// kindOf names the kind of a path, and the id in it.
func (a *albion) kindOf(path string) (kind, id string) {
	parts := strings.Split(path, "/")
	switch {
	case path == "account-access-consents":
		return "consents", ""
	case len(parts) == 2 && parts[0] == "account-access-consents" && parts[1] != "":
		return "consent", parts[1]
	case path == "accounts", path == "balances", path == "transactions":
		return path, ""
	case len(parts) == 2 && parts[0] == "accounts" && parts[1] != "":
		return "account", parts[1]
	case len(parts) == 3 && parts[0] == "accounts" && (parts[2] == "balances" || parts[2] == "transactions"):
		return "account-" + parts[2], parts[1]
	default:
		return "other", ""
	}
}

// serveEndpoint asks in the order of the standard: is it offered, may it be
// asked for in this way, who asks.
func (a *albion) serveEndpoint(w http.ResponseWriter, r *http.Request, e endpoint, id string) {
	if e.methods == nil {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	do, ok := e.methods[r.Method]
	if !ok {
		for m := range e.methods {
			w.Header().Add("Allow", m)
		}
		w.WriteHeader(http.StatusMethodNotAllowed)
		return
	}
	if !acceptsJSON(r.Header.Values("Accept")) {
		w.WriteHeader(http.StatusNotAcceptable)
		return
	}
	if r.Method == http.MethodPost && !isJSON(r.Header.Get("Content-Type")) {
		w.WriteHeader(http.StatusUnsupportedMediaType)
		return
	}
	h, ok := a.bearer(r)
	if !ok {
		w.Header().Set("WWW-Authenticate", "Bearer")
		w.WriteHeader(http.StatusUnauthorized) // without a body
		return
	}
	do(w, r, call{id: id, holder: h})
}

// playBack sets x-fapi-interaction-id: the caller's, or a new one.
func (a *albion) playBack(w http.ResponseWriter, r *http.Request) bool {
	id := r.Header.Get("X-Fapi-Interaction-Id")
	if !uuidForm.MatchString(id) {
		var b [16]byte
		if _, err := io.ReadFull(a.opts.Rand, b[:]); err != nil {
			return false
		}
		b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
		id = fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
	}
	w.Header().Set("X-Fapi-Interaction-Id", id)
	return true
}

func isJSON(contentType string) bool {
	media, _, _ := strings.Cut(contentType, ";")
	return strings.EqualFold(strings.TrimSpace(media), "application/json")
}

func acceptsJSON(accept []string) bool {
	if len(accept) == 0 {
		return true
	}
	for part := range strings.SplitSeq(strings.Join(accept, ","), ",") {
		media, rest, _ := strings.Cut(part, ";")
		media = strings.ToLower(strings.TrimSpace(media))
		if slices.Contains([]string{"*/*", "application/*", "application/json"}, media) &&
			!slices.Contains([]string{"q=0", "q=0.0"}, strings.ReplaceAll(rest, " ", "")) {
			return true
		}
	}
	return false
}

// bearer finds whom the request's access token stands for; false for a missing,
// unknown, expired or dead one, and for one whose consent has ended.
func (a *albion) bearer(r *http.Request) (holder, bool) {
	scheme, secret, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") || secret == "" {
		return holder{}, false
	}
	now := a.now()
	s := a.state
	s.mu.Lock()
	defer s.mu.Unlock()
	t, ok := s.tokens[hashed(secret)]
	if !ok || t.Refresh || t.Dead || !now.Before(t.Expires) {
		return holder{}, false
	}
	h := holder{client: t.Client}
	if t.Grant == "" {
		return h, true
	}
	h.grant = s.grants[t.Grant]
	h.consent = s.consents[h.grant.Consent]
	return h, s.alive(h.grant, now)
}

// wireError is OBErrorResponse1.
type wireError struct {
	Code    string       `json:"Code"`
	ID      string       `json:"Id"`
	Message string       `json:"Message"`
	Errors  []wireDetail `json:"Errors"`
}

type wireDetail struct {
	Code    string `json:"ErrorCode"`
	Message string `json:"Message"`
	Path    string `json:"Path,omitzero"`
}

// refuse answers with an error body. path names the field at fault, if any.
func refuse(w http.ResponseWriter, status int, code, message, path string) {
	writeJSON(w, status, wireError{
		Code: fmt.Sprintf("%d %s", status, http.StatusText(status)), ID: w.Header().Get("X-Fapi-Interaction-Id"),
		Message: message, Errors: []wireDetail{{Code: code, Message: message, Path: path}},
	})
}

// self is the absolute URL of the request, with the query written anew: what came
// may hold bytes that are neither a URI nor JSON.
func (a *albion) self(r *http.Request) string {
	self := a.opts.BaseURL + r.URL.EscapedPath()
	if query := r.URL.Query(); len(query) > 0 {
		self += "?" + query.Encode()
	}
	return self
}

// consented checks that the holder is a customer's client with one of permissions,
// and gives the accounts it may see: all of the consent, or the one of the path.
func (a *albion) consented(w http.ResponseWriter, c call, now time.Time, permissions ...string) ([]*book, bool) {
	if !c.holder.customer() {
		refuse(w, http.StatusForbidden, codePermissionDenied, "The token stands for no customer", "")
		return nil, false
	}
	if !slices.ContainsFunc(permissions, c.holder.consent.may) {
		refuse(w, http.StatusForbidden, codePermissionDenied, "The consent lacks the permission", "")
		return nil, false
	}
	var books []*book
	own := false
	for _, b := range a.ledgers.books(c.holder.grant.Customer, now) {
		own = own || b.ID == c.id
		if slices.Contains(c.holder.consent.Accounts, b.ID) && (c.id == "" || c.id == b.ID) {
			books = append(books, b)
		}
	}
	switch {
	case c.id == "" || len(books) == 1:
		return books, true
	case own:
		refuse(w, http.StatusForbidden, codePermissionDenied, "The account is not in the consent", "")
	default:
		refuse(w, http.StatusBadRequest, codeNotFound, "There is no such account", "AccountId")
	}
	return nil, false
}
