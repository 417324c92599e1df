package server

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"sotto/skills"
	"sotto/skills/speech"
)

// Platform is one assistant's wire: it proves a request genuine, reads a turn, and writes a reply. It takes headers and bytes and gives
// bytes.
type Platform interface {
	// Verify proves that the platform sent exactly these bytes.
	Verify(ctx context.Context, header http.Header, body []byte) error
	// Decode reads a verified request. Where nobody waits to hear anything, it gives the whole answer, and no turn is to be answered.
	Decode(body []byte) (turn skills.Turn, answer []byte, err error)
	// Encode writes a reply to a turn, and its words.
	Encode(turn skills.Turn, reply skills.Reply, spoken speech.Spoken) ([]byte, error)
}

// refusedReason is an error of a Platform that says, in a fixed word, why a request was refused.
type refusedReason interface {
	error
	Reason() string
}

func (s *Server) mountAlexa(e *echo.Echo) {
	e.POST("/alexa", s.webhook("alexa", s.alexa))
}

// webhook serves a platform that posts a request and speaks what comes back: bounded body, Verify, Decode, answer, Encode. What a
// platform refuses is 400, with one line in the log.
func (s *Server) webhook(name string, p Platform) echo.HandlerFunc {
	return func(c echo.Context) error {
		begun := s.wall()
		r := c.Request()
		body, err := readBody(r)
		if err != nil {
			var large *http.MaxBytesError
			if errors.As(err, &large) {
				return s.refuseTurn(c, name, http.StatusRequestEntityTooLarge, "too large", begun)
			}
			return s.refuseTurn(c, name, http.StatusBadRequest, "unreadable", begun)
		}
		if err := p.Verify(r.Context(), r.Header, body); err != nil {
			return s.refuseTurn(c, name, http.StatusBadRequest, reasonOf(err), begun)
		}
		turn, answer, err := p.Decode(body)
		if err != nil {
			return s.refuseTurn(c, name, http.StatusBadRequest, reasonOf(err), begun)
		}
		if answer == nil {
			reply := s.answer(r.Context(), turn)
			if answer, err = p.Encode(turn, reply, s.phrases.Say(turn.Locale, reply)); err != nil {
				return err
			}
		} else {
			s.turnDone(turnLine{Turn: turn.ID, Platform: name, Took: s.wall().Sub(begun)})
		}
		h := c.Response().Header()
		h["Content-Type"] = jsonUTF8
		h.Set("Content-Length", strconv.Itoa(len(answer)))
		c.Response().WriteHeader(http.StatusOK)
		_, err = c.Response().Write(answer)
		return err
	}
}

var jsonUTF8 = []string{"application/json;charset=UTF-8"}

// readBody reads a bounded body into a buffer of the size it says it has.
func readBody(r *http.Request) ([]byte, error) {
	if r.ContentLength > smallBody {
		return nil, &http.MaxBytesError{Limit: smallBody}
	}
	if r.ContentLength < 0 {
		return io.ReadAll(r.Body)
	}
	body := make([]byte, r.ContentLength)
	_, err := io.ReadFull(r.Body, body)
	return body, err
}

// reasonOf is the word under which a platform's refusal is logged and counted.
func reasonOf(err error) string {
	var known refusedReason
	if errors.As(err, &known) {
		return known.Reason()
	}
	return "refused"
}

// refuseTurn answers a request that is no turn. Whoever sent it learns that it was refused, and no more.
func (s *Server) refuseTurn(c echo.Context, platform string, status int, reason string, begun time.Time) error {
	s.turnRefused(refusedLine{Platform: platform, Status: status, Reason: reason, Took: s.wall().Sub(begun)})
	return refuse(c.Response(), c.Request(), status)
}
