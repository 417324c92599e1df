package server

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"runtime/debug"
	"slices"
	"time"

	"github.com/labstack/echo/v4"

	"sotto/linking"
	"sotto/skills/mcp"
)

func (s *Server) openMCP() (err error) {
	language, _ := s.catalogue.Language(mcpLocale)
	s.mcp, err = mcp.New(mcp.Options{
		Name: s.cfg.SkillName, Version: builtFrom(), Answer: s.answer, Say: s.phrases.Say, Language: language, Random: s.random,
	})
	return err
}

// mcpLocale is the language in which the tools are described, and in which models name accounts and merchants.
const mcpLocale = "en-US"

func (s *Server) mountMCP(e *echo.Echo) {
	e.Any(linking.MCPPath, s.serveMCP(linking.MCPPath, true))
	e.Any(linking.AlexaMCPPath, s.serveMCP(linking.AlexaMCPPath, false))
}

// serveMCP serves the tools at one path, as the resource of that path: who has no good token for it is challenged before anything is read of
// what he asks. The turn's budget begins there. challenge says whether a 401 carries WWW-Authenticate; Alexa+ wants it without.
func (s *Server) serveMCP(path string, challenge bool) echo.HandlerFunc {
	return func(c echo.Context) error {
		begun := s.wall()
		r := c.Request()
		neverStored(c)
		refused := func(err error, reason string, needed ...linking.Scope) error {
			status, header := s.authority.Challenge(path, err, needed...)
			if header == "" {
				return err
			}
			if challenge || status != http.StatusUnauthorized {
				c.Response().Header().Set("WWW-Authenticate", header)
			}
			return s.refuseMCP(c, status, reason, begun)
		}
		token := linking.Bearer(authorization(r))
		timed, cancel := context.WithTimeout(r.Context(), s.budget)
		defer cancel()
		caller, err := s.mcpCaller(timed, path, token)
		if err != nil {
			return refused(err, "not linked", s.mcp.Scopes()...)
		}
		if r.Method == http.MethodPost {
			body, err := io.ReadAll(r.Body)
			if err != nil {
				return err
			}
			r.Body = io.NopCloser(bytes.NewReader(body))
			call, err := s.mcp.Read(body)
			if err != nil {
				return s.refuseMCP(c, http.StatusBadRequest, "not one message", begun)
			}
			if missing := slices.ContainsFunc(call.Needs, func(n linking.Scope) bool { return !caller.Link.Has(n) }); call.Tool && (caller.Service || missing) {
				return refused(linking.ErrScope, "scope withheld", call.Needs...)
			}
		}
		caller.Until, _ = timed.Deadline()
		s.mcp.Serve(c.Response(), r, caller)
		return nil
	}
}

// mcpCaller finds who is behind a token: a customer's assistant, or a service, which may see what there is to ask.
func (s *Server) mcpCaller(ctx context.Context, path string, token linking.Token) (mcp.Caller, error) {
	link, err := s.authority.Resolve(ctx, linking.MCP, token)
	if err == nil && link.Audience != s.authority.Resource(path) {
		return mcp.Caller{}, linking.ErrNotLinked
	}
	if errors.Is(err, linking.ErrNotLinked) {
		if _, serviceErr := s.authority.Service(ctx, path, token); serviceErr == nil {
			return mcp.Caller{Service: true}, nil
		}
	}
	return mcp.Caller{Link: link}, err
}

// refuseMCP answers a request that reaches no tool, with one line in the log.
func (s *Server) refuseMCP(c echo.Context, status int, reason string, begun time.Time) error {
	s.turnRefused(refusedLine{Platform: string(linking.MCP), Status: status, Reason: reason, Took: s.wall().Sub(begun)})
	return refuse(c.Response(), c.Request(), status)
}

// builtFrom is the version of the program, as its module has it.
func builtFrom() string {
	if build, ok := debug.ReadBuildInfo(); ok && build.Main.Version != "" {
		return build.Main.Version
	}
	return "(devel)"
}
