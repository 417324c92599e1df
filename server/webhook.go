package server

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"
	"go.uber.org/zap"

	"sotto/linking"
	"sotto/skills"
	"sotto/skills/speech"
)

// Platform is one assistant's wire: it proves a request genuine, reads a turn, and writes a reply. It takes headers and bytes and gives
// bytes.
type Platform interface {
	// Verify proves that the platform sent exactly these bytes.
	Verify(ctx context.Context, header http.Header, body []byte) error
	// Decode reads a verified request. Where nobody waits to hear anything, it gives an aside, and no turn is to be answered.
	Decode(header http.Header, body []byte) (turn skills.Turn, aside *skills.Aside, err error)
	// Encode writes a reply to a turn, and its words.
	Encode(turn skills.Turn, reply skills.Reply, spoken speech.Spoken) ([]byte, error)
}

// refusal is an error of a Platform that says why a request was refused: in a fixed word for the log, and as the HTTP status that the
// platform expects.
type refusal interface {
	error
	Reason() string
	Status() int
}

// door is one route at which a platform posts.
type door struct {
	path      string
	name      linking.Platform // in the log, whether a request was a turn or was refused
	limit     int64            // of a body, in bytes
	challenge string           // WWW-Authenticate of a 401
	platform  Platform
}

// webhooks are the routes of all doors: their refusals are said there, in the platform's terms, and other hosts post to them.
var webhooks = map[string]bool{linking.AlexaPath: true, esPath: true, cxPath: true, messengerPath: true, deletionPath: true}

func (s *Server) mountPlatforms(e *echo.Echo) {
	doors := []door{{path: linking.AlexaPath, name: linking.Alexa, limit: smallBody, platform: s.alexa}}
	if s.agents != nil {
		doors = append(doors, s.agents.doors()...)
	}
	for _, d := range doors {
		e.POST(d.path, s.webhook(d))
	}
	if s.messenger != nil {
		s.messenger.mount(e)
	}
}

// webhook serves a platform that posts a request and speaks what comes back: bounded body, Verify, Decode, answer, Encode. What a
// platform refuses leaves one line in the log; what it sends twice is answered once. The turn's budget begins with Verify, which may have to fetch
// keys: the platform has been waiting since then.
func (s *Server) webhook(d door) echo.HandlerFunc {
	return func(c echo.Context) error {
		begun := s.wall()
		r := c.Request()
		body, err := readBody(r, d.limit)
		if err != nil {
			return s.refuseTurn(c, d, err, begun)
		}
		timed, cancel := context.WithTimeout(r.Context(), s.budget)
		defer cancel()
		if err := d.platform.Verify(timed, r.Header, body); err != nil {
			return s.refuseTurn(c, d, err, begun)
		}
		turn, aside, err := d.platform.Decode(r.Header, body)
		if err != nil {
			return s.refuseTurn(c, d, err, begun)
		}
		var answer []byte
		if aside == nil {
			until, _ := timed.Deadline()
			if answer, err = s.once(r.Context(), until, d, turn, body); err != nil {
				return err
			}
		} else {
			if err := s.happened(timed, turn, aside); err != nil {
				return err // the platform tells it again
			}
			answer = aside.Answer
		}
		h := c.Response().Header()
		h["Content-Type"] = jsonUTF8
		h.Set("Content-Length", strconv.Itoa(len(answer)))
		c.Response().WriteHeader(http.StatusOK)
		_, err = c.Response().Write(answer)
		return err
	}
}

// speak answers a turn that the door was given as body, in the platform's words. What it gives beside that says what the answer was made of.
func (s *Server) speak(ctx context.Context, d door, turn skills.Turn, body []byte) ([]byte, skills.Reply, skills.Trace, error) {
	enough := s.meanwhile(ctx, d, turn, body)
	reply, trace := s.answered(ctx, turn)
	enough()
	if reply.LinkCard && reply.Chat {
		reply = s.invite(ctx, turn, reply)
	}
	answer, err := d.platform.Encode(turn, reply, s.phrases.Say(turn.Locale, reply))
	return answer, reply, trace, err
}

// invite adds the address at which the customer begins to link the chat.
func (s *Server) invite(ctx context.Context, turn skills.Turn, reply skills.Reply) skills.Reply {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), inviteBudget)
	defer cancel()
	address, err := s.inviteURL(ctx, turn.Chat, turn.Locale)
	if err != nil {
		s.log.Error("invite", zap.String("turn", bounded(turn.ID)), zap.String("fault", fault(err)))
		return skills.Reply{Key: skills.Sorry, Chat: true, End: true}
	}
	reply.LinkURL = address
	return reply
}

var jsonUTF8 = []string{"application/json;charset=UTF-8"}

// readBody reads a bounded body into a buffer of the size it says it has.
func readBody(r *http.Request, limit int64) ([]byte, error) {
	if r.ContentLength > limit {
		return nil, &http.MaxBytesError{Limit: limit}
	}
	if r.ContentLength < 0 {
		return io.ReadAll(r.Body)
	}
	body := make([]byte, r.ContentLength)
	_, err := io.ReadFull(r.Body, body)
	return body, err
}

// refuseTurn answers a request that is no turn. Whoever sent it learns that it was refused, and no more.
func (s *Server) refuseTurn(c echo.Context, d door, err error, begun time.Time) error {
	line := refusedLine{Platform: string(d.name), Status: http.StatusBadRequest, Reason: "unreadable"}
	var known refusal
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &known):
		line.Status, line.Reason = known.Status(), known.Reason()
	case errors.As(err, &large):
		line.Status, line.Reason = http.StatusRequestEntityTooLarge, "too large"
	}
	line.Took = s.wall().Sub(begun)
	s.turnRefused(line)
	if line.Status == http.StatusUnauthorized && d.challenge != "" {
		c.Response().Header().Set("WWW-Authenticate", d.challenge)
	}
	return refuse(c.Response(), c.Request(), line.Status)
}
