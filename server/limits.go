package server

import (
	"errors"
	"math"
	"net/http"
	"net/netip"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"sotto/linking"
)

// limits are how often strangers may do what costs something here. They are of this process alone: what must hold for all processes together (the
// tries of one interaction, codes, refresh tokens) is decided in the database.
type limits struct {
	visitors *linking.Pace // first pages of linking for each visitor, who may share his address with many
	visits   *linking.Pace // … and for all of them together: each page is a row that lives for half an hour
	misses   *linking.Pace // secrets and codes that were wrong, for each client
}

func newLimits() (limits, error) {
	var l limits
	var errs [3]error
	l.visitors, errs[0] = linking.NewPace(1, 60)
	l.visits, errs[1] = linking.NewPace(50, 1000)
	l.misses, errs[2] = linking.NewPace(20, 200)
	return l, errors.Join(errs[:]...)
}

// admit counts one visit of a first page: from an assistant, a chat or Messenger, or a sign-in. Of one too many it notes the reason, and gives the refusal that says when to come back.
func (s *Server) admit(c echo.Context, st *step) error {
	wait, reason := s.visit(c)
	if wait == 0 {
		return nil
	}
	st.line.Outcome, st.line.Reason = "temporarily_unavailable", reason
	sayWhen(c.Response().Header(), wait)
	return echo.NewHTTPError(http.StatusTooManyRequests)
}

// visit counts one visit of a first page, and says how long the visitor must wait, and why. Who comes too often is stopped at his own limit, before
// he uses up everybody's.
func (s *Server) visit(c echo.Context) (wait time.Duration, reason string) {
	now := s.now()
	if from, known := s.visitor(c); known {
		if wait = s.limits.visitors.Wait(from, now); wait > 0 {
			return wait, "visitor_too_often"
		}
	}
	return s.limits.visits.Wait("", now), "visits_too_often"
}

// visitor is where a request comes from, to be counted by: an address, or the network of one subscriber (IPv6). False where an address says
// nothing of a visitor: it is that of a proxy which SOTTO_TRUSTED_PROXIES does not name, so that everybody has it.
func (s *Server) visitor(c echo.Context) (string, bool) {
	ip, err := netip.ParseAddr(c.RealIP())
	if err != nil {
		return "", false
	}
	ip = ip.Unmap().WithZone("")
	if len(s.cfg.proxies) == 0 && (ip.IsLoopback() || ip.IsPrivate() || ip.IsLinkLocalUnicast()) {
		return "", false
	}
	if ip.Is6() {
		if network, err := ip.Prefix(64); err == nil {
			return network.String(), true
		}
	}
	return ip.String(), true
}

// slowed is e, or, where a client's secrets and codes were wrong too often, a refusal that says to come back later. It is asked only after they
// were found wrong, so the client itself is never kept out by somebody who guesses in its name.
func (s *Server) slowed(e *linking.OAuthError) *linking.OAuthError {
	if e.Code != "invalid_client" && e.Code != "invalid_grant" {
		return e
	}
	wait := s.limits.misses.Wait(e.Client, s.now())
	if wait == 0 {
		return e
	}
	return &linking.OAuthError{
		Code: "temporarily_unavailable", Reason: "misses_too_often", Status: http.StatusTooManyRequests, Description: detailOf(http.StatusTooManyRequests),
		Client: e.Client, RetryAfter: wait,
	}
}

// sayWhen says in how many whole seconds it is worth to come back.
func sayWhen(h http.Header, wait time.Duration) {
	if wait > 0 {
		h.Set("Retry-After", strconv.Itoa(int(math.Ceil(wait.Seconds()))))
	}
}
