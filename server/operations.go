package server

import (
	"context"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"
)

// mountOperations adds what operators and load balancers ask.
func (s *Server) mountOperations(e *echo.Echo) {
	asked := []string{http.MethodGet, http.MethodHead} // some load balancers want no body
	e.Match(asked, "/healthz", func(c echo.Context) error { return c.String(http.StatusOK, "ok\n") })
	e.Match(asked, "/readyz", s.readyz)
	if s.cfg.Dev && s.cfg.MetricsAddr == "" {
		e.GET("/metrics", echo.WrapHandler(s.metrics.handler()))
	}
}

// readyz answers 200 when turns can be answered here: the database answers, and the house is not closing.
func (s *Server) readyz(c echo.Context) error {
	if s.closing.Load() {
		return echo.NewHTTPError(http.StatusServiceUnavailable)
	}
	ctx, cancel := context.WithTimeout(c.Request().Context(), time.Second)
	defer cancel()
	if err := s.db.Ping(ctx); err != nil {
		return echo.NewHTTPError(http.StatusServiceUnavailable).SetInternal(err)
	}
	return c.String(http.StatusOK, "ready\n")
}
