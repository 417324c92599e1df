package server

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"sotto/banking"
	"sotto/linking"
)

// How long the steps of linking may take. Alexa gives the token endpoint 4.5 s; a customer waits longer for his bank.
const (
	tokenBudget = 4 * time.Second
	pageBudget  = 12 * time.Second
)

const (
	authorizePath = "/oauth/authorize"
	chatPath      = "/link/chat"
)

// browserLife is how long a customer may take from the first page to the way back.
const browserLife = 30 * time.Minute

func (s *Server) mountOAuth(e *echo.Echo) {
	e.GET(authorizePath, s.authorize)
	e.POST(authorizePath, s.decide)
	e.GET(resumePath+":interaction", s.resume)
	e.GET(chatPath, s.openChat)
	for _, path := range []string{callbackPath, callbackPath + "/:bank"} {
		e.GET(path, s.callback)
		e.POST(path, s.callbackPosted)
	}
	e.POST("/oauth/par", s.push)
	e.POST("/oauth/token", s.token)
	e.POST("/oauth/revoke", s.revoke)
	e.POST("/oauth/introspect", s.introspect)
	e.GET("/oauth/userinfo", s.userinfo)
	s.mountDocuments(e)
	s.mountPageFiles(e)
}

// step is one step of OAuth under way: its deadline and its one log line.
type step struct {
	s     *Server
	line  stepLine
	begun time.Time
}

func (s *Server) beginStep(c echo.Context, name string, budget time.Duration) (context.Context, *step, func()) {
	ctx, cancel := context.WithTimeout(c.Request().Context(), budget)
	st := &step{s: s, line: stepLine{Step: name, Outcome: "done"}, begun: s.wall()}
	return ctx, st, func() {
		cancel()
		st.line.Took = s.wall().Sub(st.begun)
		s.stepDone(st.line)
	}
}

// form reads a submitted page, and notes in the step's line where that is none.
func (st *step) form(c echo.Context) (url.Values, error) {
	form, err := bodyForm(c.Request())
	if err != nil {
		st.line.Outcome, st.line.Reason = "invalid_request", "form_unreadable"
	}
	return form, err
}

// refused notes err in the step's line and gives its OAuth form; one that has none is a fault of ours.
func (st *step) refused(err error) *linking.OAuthError {
	var known *linking.OAuthError
	if errors.As(err, &known) {
		st.line.Outcome, st.line.Reason = known.Code, known.Reason
		if known.Client != "" {
			st.line.Client = known.Client
		}
		return known
	}
	st.line.Outcome, st.line.Reason, st.line.Fault = "server_error", fault(err), true
	return &linking.OAuthError{
		Code: "server_error", Status: http.StatusInternalServerError,
		Description: "Something went wrong here. Please try again in a moment.",
	}
}

// authorize shows the consent page, RFC 6749 section 4.1.1. Before the client and its redirect URI are proven, nothing is redirected.
func (s *Server) authorize(c echo.Context) error {
	ctx, st, done := s.beginStep(c, "authorize", tokenBudget)
	defer done()
	if err := s.admit(c, st); err != nil {
		return err
	}
	p, err := s.authority.Authorize(ctx, c.Request().URL.RawQuery, s.browser(c))
	if err != nil {
		return s.refusePage(c, st.refused(err), "")
	}
	st.line.Client = p.ClientID
	return s.showConsent(c, p)
}

// decide takes the submitted consent page.
func (s *Server) decide(c echo.Context) error {
	ctx, st, done := s.beginStep(c, "consent", pageBudget)
	defer done()
	form, err := st.form(c)
	if err != nil {
		return err
	}
	d := linking.Decision{
		Interaction: form.Get("interaction"), Browser: s.browser(c), Choice: linking.Choice(form.Get("decision")),
		Bank: banking.BankID(form.Get("bank")),
	}
	for _, scope := range form["scope"] {
		d.Scopes = append(d.Scopes, linking.Scope(scope))
	}
	next, err := s.authority.Decide(ctx, d)
	if err != nil {
		return s.refusePage(c, st.refused(err), d.Choice)
	}
	return s.walkOn(c, st, next, d.Bank)
}

// resume shows the consent page of an interaction under way.
func (s *Server) resume(c echo.Context) error {
	ctx, st, done := s.beginStep(c, "resume", tokenBudget)
	defer done()
	p, err := s.authority.Resume(ctx, c.Param("interaction"), s.browser(c))
	if err != nil {
		return s.refusePage(c, st.refused(err), "")
	}
	st.line.Client = p.ClientID
	return s.showConsent(c, p)
}

// callback takes a customer who comes back from the bank with the answer in the query, or shows the page that reads a fragment.
func (s *Server) callback(c echo.Context) error {
	q := c.QueryParams()
	if q.Get("state") == "" {
		return s.showFragment(c)
	}
	return s.comeBack(c, q)
}

// callbackPosted takes an answer in a form: from the bank itself (response_mode=form_post), or from the page that reads a fragment. A
// browser does not send our cookie with what another site posts, so such a form is brought here once more as a query.
func (s *Server) callbackPosted(c echo.Context) error {
	form, err := bodyForm(c.Request())
	if err != nil {
		return err
	}
	if s.browser(c) == "" && form.Get("state") != "" { // without a state the page that reads fragments would post it back here for ever
		q := url.Values{}
		for _, name := range []string{"code", "id_token", "state", "iss", "error"} {
			if v := form.Get(name); v != "" {
				q.Set(name, v)
			}
		}
		c.Response().Header().Set("Cache-Control", "no-store")
		return c.Redirect(http.StatusSeeOther, callbackURL(c)+"?"+q.Encode())
	}
	return s.comeBack(c, form)
}

// callbackURL is where the browser has come back to: the address that banks share, or one bank's own.
func callbackURL(c echo.Context) string {
	if bank := c.Param("bank"); bank != "" {
		return callbackPath + "/" + url.PathEscape(bank)
	}
	return callbackPath
}

func (s *Server) comeBack(c echo.Context, answer url.Values) error {
	ctx, st, done := s.beginStep(c, "callback", pageBudget)
	defer done()
	r := banking.Return{
		Code: answer.Get("code"), State: answer.Get("state"), IDToken: answer.Get("id_token"), Issuer: answer.Get("iss"), Error: answer.Get("error"),
		At: banking.BankID(c.Param("bank")),
	}
	next, err := s.authority.Return(ctx, s.browser(c), r)
	var refused *linking.OAuthError
	if errors.As(err, &refused) && refused.Reason == "return_unknown" { // of no linking, but perhaps of a customer who signs in
		return s.signedIn(ctx, c, st, r, err)
	}
	if err != nil {
		return s.refusePage(c, st.refused(err), "")
	}
	if next.Page != nil {
		st.asked(next)
		return c.Redirect(http.StatusSeeOther, resumeURL(*next.Page))
	}
	return s.walkOn(c, st, next, "")
}

// asked notes in the step's line where the customer goes next.
func (st *step) asked(next linking.Step) {
	st.line.Outcome, st.line.Client, st.line.Link = next.Outcome, next.ClientID, next.Link
	if next.Page != nil && next.Page.Problem != nil {
		st.line.Reason = "asked_again"
	}
}

// walkOn sends the browser where linking says it goes next. bank is the one chosen just now.
func (s *Server) walkOn(c echo.Context, st *step, next linking.Step, bank banking.BankID) error {
	st.asked(next)
	if next.Page != nil {
		return s.showConsent(c, *next.Page)
	}
	switch next.Outcome {
	case "code":
		return s.showCode(c, next)
	case "to_bank":
		return s.hop(c, "bank", next.URL, next.ClientID, bank)
	case "linked":
		return s.hop(c, "linked", next.URL, next.ClientID, "")
	default:
		if next.URL == "" {
			return s.hop(c, "nowhere", "", next.ClientID, "")
		}
		return s.hop(c, "denied", next.URL, next.ClientID, "")
	}
}

// openChat begins linking from an address that was given in a chat.
func (s *Server) openChat(c echo.Context) error {
	ctx, st, done := s.beginStep(c, "chat", tokenBudget)
	defer done()
	if err := s.admit(c, st); err != nil {
		return err
	}
	p, err := s.authority.Open(ctx, linking.Token(c.QueryParam("ticket")), s.browser(c), c.QueryParam("ui_locales"))
	if err != nil {
		return s.refusePage(c, st.refused(err), "")
	}
	st.line.Client = p.ClientID
	return s.showConsent(c, p)
}

// inviteURL is the address at which a customer begins to link a chat. It is good for 15 minutes, and for one link.
func (s *Server) inviteURL(ctx context.Context, chat linking.Chat, locale string) (string, error) {
	ticket, err := s.authority.Invite(ctx, chat)
	if err != nil {
		return "", err
	}
	return s.cfg.PublicURL + chatPath + "?" + url.Values{"ticket": {string(ticket)}, "ui_locales": {locale}}.Encode(), nil
}

// refusePage answers a browser that cannot go on: back at the client where that is proven, else with a page. said is what the customer
// pressed, if anything.
func (s *Server) refusePage(c echo.Context, e *linking.OAuthError, said linking.Choice) error {
	if e.Redirect == "" {
		return s.showRefusal(c, e, said)
	}
	c.Response().Header().Set("Cache-Control", "no-store")
	if c.Request().Method == http.MethodGet && strings.HasPrefix(c.Path(), "/oauth/") {
		return c.Redirect(http.StatusSeeOther, e.Redirect)
	}
	return s.hop(c, "refused", e.Redirect, e.Client, "")
}

// browserCookie binds an interaction to the browser it was begun in.
func (s *Server) browserCookie() string {
	if strings.HasPrefix(s.cfg.PublicURL, "https:") {
		return "__Host-sotto"
	}
	return "sotto"
}

func (s *Server) browser(c echo.Context) linking.Token {
	cookie, err := c.Cookie(s.browserCookie())
	if err != nil {
		return ""
	}
	return linking.Token(cookie.Value)
}

func (s *Server) setBrowser(c echo.Context, t linking.Token) {
	c.SetCookie(&http.Cookie{ //nolint:gosec // not Secure only where the public URL is http, which only --dev allows, on loopback
		Name: s.browserCookie(), Value: string(t), Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode,
		Secure: strings.HasPrefix(s.cfg.PublicURL, "https:"), MaxAge: int(browserLife.Seconds()),
	})
}
