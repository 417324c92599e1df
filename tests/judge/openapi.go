package judge

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"
)

// ukPrefix is where the UK account information API begins in a path; what is
// before it is the bank's own.
const ukPrefix = "/open-banking/v3.1/aisp"

// OpenAPI judges responses by an official OpenAPI document. It looks at
// responses only: the UK document asks more of two query parameters than the
// standard's prose allows.
type OpenAPI struct {
	t      testing.TB
	prefix string
	router routers.Router

	mu     sync.Mutex
	judged map[string]int
}

// loaded is the UK document, read once per test binary.
var loaded struct {
	once   sync.Once
	router routers.Router
	err    error
}

// UKOpenBanking gives the judge of UK Open Banking account information v3.1.11.
// Every response it sees that the document does not allow fails t.
func UKOpenBanking(t testing.TB) *OpenAPI {
	t.Helper()
	path := filepath.Join(Fixtures(t), "specs", "uk-account-info-openapi-3.1.11.json")
	loaded.once.Do(func() { loaded.router, loaded.err = load(path) })
	if loaded.err != nil {
		t.Fatalf("load the judge: %v", loaded.err)
	}
	return &OpenAPI{t: t, prefix: ukPrefix, router: loaded.router, judged: make(map[string]int)}
}

func load(path string) (routers.Router, error) {
	loader := openapi3.NewLoader()
	doc, err := loader.LoadFromFile(path)
	if err != nil {
		return nil, err
	}
	// The document's patterns for request headers are not Go's; responses have none of them.
	if err := doc.Validate(loader.Context, openapi3.DisableSchemaPatternValidation()); err != nil {
		return nil, err
	}
	return gorillamux.NewRouter(doc)
}

// Transport judges every response that next brings.
func (o *OpenAPI) Transport(next http.RoundTripper) http.RoundTripper {
	return roundTrip(func(r *http.Request) (*http.Response, error) {
		resp, err := next.RoundTrip(r)
		if err != nil {
			return resp, err
		}
		body, err := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if err != nil { // cut off on the way: nothing to judge
			resp.Body = io.NopCloser(io.MultiReader(bytes.NewReader(body), failing{err}))
			return resp, nil //nolint:nilerr // the caller meets the error where it reads
		}
		resp.Body = io.NopCloser(bytes.NewReader(body))
		o.judge(r, resp.StatusCode, resp.Header, body)
		return resp, nil
	})
}

// Handler judges every response that next writes.
func (o *OpenAPI) Handler(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rec := httptest.NewRecorder()
		next.ServeHTTP(rec, r)
		o.judge(r, rec.Code, rec.Header(), rec.Body.Bytes())
		for name, values := range rec.Header() {
			w.Header()[name] = values
		}
		w.WriteHeader(rec.Code)
		_, _ = w.Write(rec.Body.Bytes())
	})
}

func (o *OpenAPI) judge(r *http.Request, status int, header http.Header, body []byte) {
	o.t.Helper()
	if err := o.Check(r, status, header, body); err != nil {
		o.t.Errorf("%s %s answered %d against the official document: %v", r.Method, r.URL.Path, status, err)
	}
}

// Judged says how many responses of each method, path of the document and status
// have been judged, as "GET /accounts 200".
func (o *OpenAPI) Judged() map[string]int {
	o.mu.Lock()
	defer o.mu.Unlock()
	out := make(map[string]int, len(o.judged))
	for k, n := range o.judged {
		out[k] = n
	}
	return out
}

// Check judges one response. Paths outside the document's API are not judged; a
// path in it that the document does not know may only be answered with 404.
func (o *OpenAPI) Check(r *http.Request, status int, header http.Header, body []byte) error {
	at := strings.Index(r.URL.Path, o.prefix+"/")
	if at < 0 {
		return nil
	}
	asked := r.Clone(r.Context())
	asked.URL.Path, asked.URL.RawPath = r.URL.Path[at:], ""
	asked.Body = http.NoBody
	route, vars, err := o.router.FindRoute(asked)
	switch {
	case errors.Is(err, routers.ErrMethodNotAllowed):
		return only(http.StatusMethodNotAllowed, status)
	case err != nil:
		return only(http.StatusNotFound, status)
	}
	o.mu.Lock()
	o.judged[fmt.Sprintf("%s %s %d", r.Method, route.Path, status)]++
	o.mu.Unlock()
	options := &openapi3filter.Options{IncludeResponseStatus: true, MultiError: true}
	in := &openapi3filter.ResponseValidationInput{
		RequestValidationInput: &openapi3filter.RequestValidationInput{
			Request: asked, PathParams: vars, Route: route, Options: options,
		},
		Status: status, Header: header, Options: options,
	}
	in.SetBodyBytes(body)
	if err := openapi3filter.ValidateResponse(r.Context(), in); err != nil {
		return err
	}
	return bodiless(route, status, body)
}

// bodiless finds a body where the document has none, which the library does not
// look for.
func bodiless(route *routers.Route, status int, body []byte) error {
	declared := route.Operation.Responses.Status(status)
	if declared != nil && declared.Value != nil && len(declared.Value.Content) == 0 && len(body) > 0 {
		return fmt.Errorf("a body of %d bytes where the document has none", len(body))
	}
	return nil
}

func only(want, got int) error {
	if want != got {
		return fmt.Errorf("not in the document, so it is %d, not %d", want, got)
	}
	return nil
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// failing is what is left of a body that was cut off.
type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }
