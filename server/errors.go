package server

import (
	"errors"
	"net/http"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/labstack/echo/v4"
	"go.uber.org/zap"
)

// problem is a refusal as RFC 9457 writes it.
type problem struct {
	Type   string `json:"type"`
	Title  string `json:"title"`
	Status int    `json:"status"`
	Detail string `json:"detail,omitzero"`
}

// details are what is said of a status, and all that is said: nothing of an error's own text leaves the house.
var details = map[int]string{
	http.StatusBadRequest:            "The request could not be read.",
	http.StatusUnauthorized:          "This needs a token that is good here.",
	http.StatusForbidden:             "This was refused.",
	http.StatusNotFound:              "There is nothing here.",
	http.StatusMethodNotAllowed:      "This cannot be done here in this way.",
	http.StatusRequestEntityTooLarge: "The request is too large.",
	http.StatusUnsupportedMediaType:  "The request is of a kind that is not read here.",
	http.StatusMisdirectedRequest:    "This server answers only to its own name.",
	http.StatusTooManyRequests:       "There were too many requests. Please try again later.",
	http.StatusServiceUnavailable:    "This cannot be done now. Please try again later.",
}

// statusOf is the HTTP status of an error; an unknown error is ours.
func statusOf(err error) int {
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return http.StatusRequestEntityTooLarge
	}
	var known *echo.HTTPError
	if errors.As(err, &known) && known.Code >= 400 && known.Code <= 599 {
		return known.Code
	}
	return http.StatusInternalServerError
}

// handleError is the one door through which an error becomes an answer, where a route has no shape of its own for it.
func (s *Server) handleError(err error, c echo.Context) {
	if c.Response().Committed {
		return
	}
	status := statusOf(err)
	if status == http.StatusInternalServerError {
		s.log.Error("request failed", zap.String("route", c.Path()), zap.String("method", c.Request().Method), zap.String("fault", fault(err)))
	}
	switch {
	case calls[c.Request().URL.Path]:
		err = refuseCallAs(c, status)
	case wantsPage(c.Request()):
		askLater(c.Response().Header(), status)
		err = s.showStatus(c, status)
	default:
		err = refuse(c.Response(), c.Request(), status)
	}
	if err != nil {
		s.log.Debug("answer not sent", zap.String("route", c.Path()))
	}
}

// fault is an error's text for the log. Errors of the house hold no token, name, amount or account.
func fault(err error) string {
	text := err.Error()
	if len(text) > 500 {
		text = text[:500]
	}
	return text
}

// refuse answers with a problem as RFC 9457 writes it.
func refuse(w http.ResponseWriter, r *http.Request, status int) error {
	content, err := json.Marshal(problem{Type: "about:blank", Title: http.StatusText(status), Status: status, Detail: detailOf(status)})
	if err != nil {
		return err
	}
	h := w.Header()
	askLater(h, status)
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Type", "application/problem+json")
	h.Set("Content-Length", strconv.Itoa(len(content)))
	w.WriteHeader(status)
	if r.Method == http.MethodHead {
		return nil
	}
	_, err = w.Write(content)
	return err
}

func detailOf(status int) string {
	if d, ok := details[status]; ok {
		return d
	}
	return "Something went wrong here. Please try again in a moment."
}

// askLater says when, where an overload has not said so itself.
func askLater(h http.Header, status int) {
	if (status == http.StatusTooManyRequests || status == http.StatusServiceUnavailable) && h.Get("Retry-After") == "" {
		h.Set("Retry-After", "5")
	}
}

// wantsPage says whether a browser asks: its Accept names text/html before anything of JSON.
func wantsPage(r *http.Request) bool {
	for part := range strings.SplitSeq(r.Header.Get("Accept"), ",") {
		kind, _, _ := strings.Cut(strings.TrimSpace(part), ";")
		switch {
		case kind == "text/html", kind == "application/xhtml+xml":
			return true
		case strings.HasSuffix(kind, "json"):
			return false
		}
	}
	return false
}
