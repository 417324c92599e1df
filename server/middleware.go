package server

import (
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/url"
	"runtime/debug"
	"strings"

	"github.com/labstack/echo/v4"
	"go.uber.org/zap"

	"sotto/linking"
)

// How large a body may be.
const (
	smallBody = 64 << 10  // of /alexa and /oauth/*
	largeBody = 256 << 10 // of every other route
)

// maxCrowd is how many requests are served at the same time; further ones are told to come back.
const maxCrowd = 1024

// newEcho gives an Echo with the precautions every route stands behind. Its order: a panic becomes a 500, the host is checked (dev), headers are
// set, the body is bounded, a browser's post from another site is refused, the body arrives, and a crowd is bounded.
func (s *Server) newEcho() *echo.Echo {
	e := echo.New()
	e.HideBanner, e.HidePort, e.Debug = true, true, false
	e.IPExtractor = echo.ExtractIPDirect()
	if len(s.cfg.proxies) > 0 {
		trust := []echo.TrustOption{echo.TrustLoopback(false), echo.TrustLinkLocal(false), echo.TrustPrivateNet(false)}
		for _, network := range s.cfg.proxies {
			trust = append(trust, echo.TrustIPRange(network))
		}
		e.IPExtractor = echo.ExtractIPFromXFFHeader(trust...)
	}
	e.SchemeExtractor = s.scheme
	e.HTTPErrorHandler = s.handleError
	e.Use(s.recoverPanic)
	if s.cfg.Dev {
		e.Use(s.onlyThisMachine())
	}
	e.Use(s.headers(), boundBody, s.sameOrigin(), (&arrivals{room: maxArriving}).whole, boundCrowd(maxCrowd))
	return e
}

// scheme is that of the public URL, unless the request came through a trusted proxy which says otherwise.
func (s *Server) scheme(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if ip := net.ParseIP(host); err == nil && ip != nil {
		for _, network := range s.cfg.proxies {
			if proto := r.Header.Get("X-Forwarded-Proto"); network.Contains(ip) && (proto == "https" || proto == "http") {
				return proto
			}
		}
	}
	if r.TLS != nil {
		return "https"
	}
	return "http"
}

// recoverPanic turns a panic into an error.
func (s *Server) recoverPanic(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) (err error) {
		defer func() {
			r := recover()
			if r == nil {
				return
			}
			if e, ok := r.(error); ok && errors.Is(e, http.ErrAbortHandler) {
				panic(r)
			}
			s.panicked(c.Path(), r)
			err = echo.NewHTTPError(http.StatusInternalServerError)
		}()
		return next(c)
	}
}

// panicked logs the kind and place of a panic, and not its value, which may hold what a customer said.
func (s *Server) panicked(where string, r any) { s.broken(where, fmt.Sprintf("%T", r), debug.Stack()) }

func (s *Server) broken(where, kind string, stack []byte) {
	s.log.Error("panic", zap.String("route", where), zap.String("kind", kind), zap.ByteString("stack", stack))
}

// boundCrowd answers 503 where more than n requests are being served.
func boundCrowd(n int) echo.MiddlewareFunc {
	seats := make(chan struct{}, n)
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			select {
			case seats <- struct{}{}:
				defer func() { <-seats }()
				return next(c)
			default:
				return echo.NewHTTPError(http.StatusServiceUnavailable)
			}
		}
	}
}

// onlyThisMachine refuses a Host that is neither loopback nor the public URL's, so that no page on the web can reach a development house
// by a name of its own that leads here.
func (s *Server) onlyThisMachine() echo.MiddlewareFunc {
	own := ""
	if u, err := url.Parse(s.cfg.PublicURL); err == nil {
		own = u.Host
	}
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			if host := c.Request().Host; !loopback(host) && !strings.EqualFold(host, own) {
				return echo.NewHTTPError(http.StatusMisdirectedRequest)
			}
			return next(c)
		}
	}
}

// headers sets what every answer carries. A page that needs more of the content security policy sets its own.
func (s *Server) headers() echo.MiddlewareFunc {
	shared := map[string][]string{
		"X-Content-Type-Options":  {"nosniff"},
		"X-Frame-Options":         {"DENY"},
		"Referrer-Policy":         {"same-origin"},
		"Content-Security-Policy": {"default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"},
	}
	if strings.HasPrefix(s.cfg.PublicURL, "https:") {
		shared["Strict-Transport-Security"] = []string{"max-age=63072000"}
	}
	return func(next echo.HandlerFunc) echo.HandlerFunc { // Echo asks for this one at every request
		return func(c echo.Context) error {
			maps.Copy(c.Response().Header(), shared) // the values are shared: whoever wants another one calls Set, which replaces
			return next(c)
		}
	}
}

// boundBody bounds what a handler can read. A body that says it is longer is refused before anything is read.
func boundBody(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		r := c.Request()
		limit := int64(largeBody)
		if r.URL.Path == linking.AlexaPath || strings.HasPrefix(r.URL.Path, "/oauth/") {
			limit = smallBody
		}
		if r.ContentLength > limit && !webhooks[r.URL.Path] && !calls[r.URL.Path] { // these say it in their own terms
			return &http.MaxBytesError{Limit: limit}
		}
		if r.ContentLength < 0 || r.ContentLength > limit { // otherwise net/http gives no more than was announced
			r.Body = http.MaxBytesReader(c.Response().Writer, r.Body, limit) // Writer: net/http's own, which hangs up on whoever sends more
		}
		return next(c)
	}
}

// fromElsewhere are the routes, beside webhooks, to which other hosts post: none of them acts by a cookie, but /link/callback, which proves by the state it
// gave that the customer's browser is the one it was given to.
var fromElsewhere = map[string]bool{
	"/oauth/token": true, "/oauth/par": true, "/oauth/revoke": true, "/oauth/introspect": true, callbackPath: true, callbackPath + "/:bank": true,
}

// sameOrigin refuses what a browser posts to a page of ours from another site.
func (s *Server) sameOrigin() echo.MiddlewareFunc {
	guard := http.NewCrossOriginProtection()
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			if !fromElsewhere[c.Path()] && !webhooks[c.Request().URL.Path] && guard.Check(c.Request()) != nil {
				return echo.NewHTTPError(http.StatusForbidden)
			}
			return next(c)
		}
	}
}
