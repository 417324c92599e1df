package server

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/labstack/echo/v4"

	"sotto/linking"
)

// push is the endpoint for pushed authorization requests, RFC 9126.
func (s *Server) push(c echo.Context) error {
	return s.call(c, "par", http.StatusCreated, func(ctx context.Context, call linking.Call, st *step) (any, error) {
		call.From, _ = s.visitor(c)
		p, err := s.authority.Push(ctx, call)
		st.line.Client = p.Client
		return p, err
	})
}

// token is the token endpoint, RFC 6749 section 3.2.
func (s *Server) token(c echo.Context) error {
	return s.call(c, "token", http.StatusOK, func(ctx context.Context, call linking.Call, st *step) (any, error) {
		g, err := s.authority.Token(ctx, call)
		st.line.Client, st.line.Link = g.Client, g.Link
		return g, err
	})
}

// revoke is the revocation endpoint, RFC 7009.
func (s *Server) revoke(c echo.Context) error {
	return s.call(c, "revoke", http.StatusOK, func(ctx context.Context, call linking.Call, _ *step) (any, error) {
		return nil, s.authority.Revoke(ctx, call)
	})
}

// introspect is the introspection endpoint, RFC 7662.
func (s *Server) introspect(c echo.Context) error {
	return s.call(c, "introspect", http.StatusOK, func(ctx context.Context, call linking.Call, _ *step) (any, error) {
		return s.authority.Introspect(ctx, call)
	})
}

// userinfo is the userinfo endpoint, OpenID Connect Core section 5.3.
func (s *Server) userinfo(c echo.Context) error {
	ctx, st, done := s.beginStep(c, "userinfo", tokenBudget)
	defer done()
	neverStored(c)
	u, err := s.authority.Userinfo(ctx, authorization(c.Request()))
	if err != nil {
		return refuseCall(c, st.refused(err))
	}
	return writeJSON(c, http.StatusOK, u)
}

// call serves one request of a client: parameters of the body alone, an answer with a status or a refusal as JSON, and nothing stored on the way.
func (s *Server) call(c echo.Context, name string, good int, do func(context.Context, linking.Call, *step) (any, error)) error {
	ctx, st, done := s.beginStep(c, name, tokenBudget)
	defer done()
	neverStored(c)
	form, err := st.form(c)
	if err != nil {
		return refuseCall(c, &linking.OAuthError{
			Code: "invalid_request", Status: statusOf(err), Description: "Send a form, application/x-www-form-urlencoded, of at most 64 KiB.",
		})
	}
	answer, err := do(ctx, linking.Call{Authorization: authorization(c.Request()), Form: form}, st)
	if err != nil {
		e := s.slowed(st.refused(err))
		st.line.Outcome = e.Code
		return refuseCall(c, e)
	}
	if answer == nil {
		c.Response().WriteHeader(good)
		return nil
	}
	return writeJSON(c, good, answer)
}

// authorization is what a request proves itself with. Two headers are one that proves nothing: which of them somebody in front has looked at,
// nobody here can know.
func authorization(r *http.Request) string {
	return strings.Join(r.Header.Values("Authorization"), ", ")
}

func neverStored(c echo.Context) {
	h := c.Response().Header()
	h.Set("Cache-Control", "no-store")
	h.Set("Pragma", "no-cache")
}

// calls are the routes at which clients, and not browsers, are answered: always as RFC 6749 section 5.2 says.
var calls = map[string]bool{"/oauth/par": true, "/oauth/token": true, "/oauth/revoke": true, "/oauth/introspect": true, "/oauth/userinfo": true}

// refuseCallAs writes the error response for a request that did not come as far as its route: a wrong method, a crowd, a panic.
func refuseCallAs(c echo.Context, status int) error {
	neverStored(c)
	askLater(c.Response().Header(), status)
	e := &linking.OAuthError{Code: "invalid_request", Status: status, Description: detailOf(status)}
	switch {
	case status == http.StatusServiceUnavailable, status == http.StatusTooManyRequests:
		e.Code = "temporarily_unavailable"
	case status >= http.StatusInternalServerError:
		e.Code = "server_error"
	}
	return refuseCall(c, e)
}

// refuseCall writes an error response, RFC 6749 section 5.2.
func refuseCall(c echo.Context, e *linking.OAuthError) error {
	if e.Challenge != "" {
		c.Response().Header().Set("WWW-Authenticate", e.Challenge)
	}
	sayWhen(c.Response().Header(), e.RetryAfter)
	return writeJSON(c, e.Status, e)
}

func writeJSON(c echo.Context, status int, v any) error {
	content, err := json.Marshal(v)
	if err != nil {
		return err
	}
	h := c.Response().Header()
	h["Content-Type"] = jsonUTF8
	h.Set("Content-Length", strconv.Itoa(len(content)))
	c.Response().WriteHeader(status)
	_, err = c.Response().Write(content)
	return err
}

// bodyForm reads a form from the body alone. What stands in the query does not count, so that no secret is ever taken from a URL.
func bodyForm(r *http.Request) (url.Values, error) {
	kind, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";")
	if !strings.EqualFold(strings.TrimSpace(kind), "application/x-www-form-urlencoded") {
		return nil, echo.NewHTTPError(http.StatusUnsupportedMediaType)
	}
	content, err := io.ReadAll(r.Body) // boundBody has bounded it
	if err != nil {
		var large *http.MaxBytesError
		if errors.As(err, &large) {
			return nil, err
		}
		return nil, echo.NewHTTPError(http.StatusBadRequest)
	}
	form, err := url.ParseQuery(string(content))
	if err != nil {
		return nil, echo.NewHTTPError(http.StatusBadRequest)
	}
	return form, nil
}
