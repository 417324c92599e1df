package server

import (
	"bytes"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	"sotto/linking"
	"sotto/skills"
)

func quietServer(t *testing.T, log *bytes.Buffer, cfg Config) *Server {
	t.Helper()
	l, err := NewLog(log, "debug")
	if err != nil {
		t.Fatal(err)
	}
	return &Server{cfg: cfg, log: l}
}

func TestAPanicIsAnErrorAndItsValueIsNotLogged(t *testing.T) {
	var log bytes.Buffer
	e := quietServer(t, &log, Config{}).newEcho()
	e.GET("/", func(echo.Context) error { panic("Ada has 12.50") })
	w := httptest.NewRecorder()
	e.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
	if w.Code != http.StatusInternalServerError || strings.Contains(w.Body.String(), "Ada") || strings.Contains(w.Body.String(), "goroutine") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if !strings.Contains(log.String(), `"msg":"panic"`) || strings.Contains(log.String(), "12.50") {
		t.Errorf("the log: %s", &log)
	}
}

func TestAConversationThatPanicsStillSaysSomething(t *testing.T) {
	var log bytes.Buffer
	s := quietServer(t, &log, Config{})
	s.wall, s.metrics = time.Now, newMetrics(nil, nil, nil) // and no conversation
	reply := s.answer(t.Context(), skills.Turn{ID: "turn", Platform: linking.Alexa, Intent: skills.Balance, Token: "token"})
	if reply.Key != skills.Sorry || !reply.End {
		t.Errorf("the reply is %+v", reply)
	}
	if !strings.Contains(log.String(), `"msg":"panic"`) || !strings.Contains(log.String(), `"reason":"fault of ours"`) {
		t.Errorf("the log: %s", &log)
	}
}

func TestAnErrorOfOursSaysNothingOutside(t *testing.T) {
	var log bytes.Buffer
	e := quietServer(t, &log, Config{SkillName: "Sotto"}).newEcho()
	e.GET("/", func(echo.Context) error { return errors.New("the disk is full") })
	for _, accept := range []string{"application/json", "text/html"} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header.Set("Accept", accept)
		w := httptest.NewRecorder()
		e.ServeHTTP(w, r)
		if w.Code != http.StatusInternalServerError || strings.Contains(w.Body.String(), "disk") {
			t.Errorf("%s: %d %s", accept, w.Code, w.Body)
		}
	}
	if !strings.Contains(log.String(), "the disk is full") {
		t.Error("the log does not say what happened")
	}
}

func TestACrowdIsToldToComeBack(t *testing.T) {
	e := quietServer(t, &bytes.Buffer{}, Config{}).newEcho()
	inside, leave := make(chan struct{}), make(chan struct{})
	e.GET("/", func(echo.Context) error {
		inside <- struct{}{}
		<-leave
		return nil
	}, boundCrowd(1))
	first := make(chan int, 1)
	go func() {
		w := httptest.NewRecorder()
		e.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
		first <- w.Code
	}()
	<-inside
	w := httptest.NewRecorder()
	e.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
	if w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") == "" {
		t.Errorf("the second gets %d, Retry-After %q", w.Code, w.Header().Get("Retry-After"))
	}
	close(leave)
	if code := <-first; code != http.StatusOK {
		t.Errorf("the first gets %d", code)
	}
}

func TestOnlyATrustedProxyIsBelieved(t *testing.T) {
	_, network, err := net.ParseCIDR("10.0.0.0/8")
	if err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		proxies      []*net.IPNet
		remote       string
		ip, scheme   string
		forwardedFor string
	}{
		"a trusted proxy says who and how":               {[]*net.IPNet{network}, "10.1.1.1:5", "203.0.113.7", "https", "203.0.113.7"},
		"a stranger in front of a house with a proxy":    {[]*net.IPNet{network}, "198.51.100.1:5", "198.51.100.1", "http", "203.0.113.7"},
		"somebody on this machine, which is no proxy":    {[]*net.IPNet{network}, "127.0.0.1:5", "127.0.0.1", "http", "203.0.113.7"},
		"somebody in a private network, who is no proxy": {[]*net.IPNet{network}, "192.168.1.1:5", "192.168.1.1", "http", "203.0.113.7"},
		"somebody on the same link, who is no proxy":     {[]*net.IPNet{network}, "169.254.1.1:5", "169.254.1.1", "http", "203.0.113.7"},
		"a stranger in front of a house without a proxy": {nil, "10.1.1.1:5", "10.1.1.1", "http", "203.0.113.7"},
		"a stranger who speaks through the proxy":        {[]*net.IPNet{network}, "10.1.1.1:5", "203.0.113.7", "https", "192.0.2.1, 203.0.113.7"},
	} {
		t.Run(name, func(t *testing.T) {
			e := quietServer(t, &bytes.Buffer{}, Config{proxies: tc.proxies}).newEcho()
			var ip, scheme string
			e.GET("/", func(c echo.Context) error {
				ip, scheme = c.RealIP(), c.Scheme()
				return nil
			})
			r := httptest.NewRequest(http.MethodGet, "/", nil)
			r.RemoteAddr = tc.remote
			r.Header.Set("X-Forwarded-For", tc.forwardedFor)
			r.Header.Set("X-Forwarded-Proto", "https")
			e.ServeHTTP(httptest.NewRecorder(), r)
			if ip != tc.ip || scheme != tc.scheme {
				t.Errorf("%s, %s; want %s, %s", ip, scheme, tc.ip, tc.scheme)
			}
		})
	}
}

// TestALinkHasAnotherNameInTheLog: whoever reads it cannot ask for the link by its id.
func TestALinkHasAnotherNameInTheLog(t *testing.T) {
	var out bytes.Buffer
	s := quietServer(t, &out, Config{})
	s.metrics, s.logKey = newMetrics(nil, nil, nil), []byte("key")
	s.stepDone(stepLine{Step: "token", Link: "a link"})
	s.turnDone(turnLine{Turn: "1", Link: "a link"})
	if strings.Contains(out.String(), "a link") || strings.Count(out.String(), s.linkTag("a link")) != 2 {
		t.Errorf("logged: %s", out.String())
	}
}
