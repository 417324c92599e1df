package server

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/labstack/echo/v4"

	"sotto/banking"
	"sotto/linking"
)

// myPath is the customer's own page.
const myPath = "/my"

func (s *Server) mountMy(e *echo.Echo) {
	e.GET(myPath, s.my)
	e.POST(myPath, s.changeMy)
	e.GET(myPath+"/export", s.exportMy)
	e.GET(myPath+"/receipt/:link", s.receiptMy)
	e.GET(forgottenPath+":code", s.forgotten)
}

// errElsewhere means that the answer is given already: the browser was sent to another page.
var errElsewhere = errors.New("sent elsewhere")

// customer gives who is signed in. Where nobody is, the browser is sent to sign in, and the error is errElsewhere.
func (s *Server) customer(ctx context.Context, c echo.Context) (linking.Customer, error) {
	who, err := s.authority.Customer(ctx, s.session(c), s.browser(c))
	if errors.Is(err, linking.ErrSignedOut) {
		return who, errors.Join(errElsewhere, toMy(c, "signed-out"))
	}
	return who, err
}

// toMy sends the browser to the customer's page, with something to be said there.
func toMy(c echo.Context, say string) error {
	u := myPath
	if say != "" {
		u += "?say=" + url.QueryEscape(say)
	}
	c.Response().Header().Set("Cache-Control", "no-store")
	return c.Redirect(http.StatusSeeOther, u)
}

// my shows the customer's links, or, where nobody is signed in, the banks at which he may say who he is.
func (s *Server) my(c echo.Context) error {
	ctx, st, done := s.beginStep(c, "my", tokenBudget)
	defer done()
	who, err := s.authority.Customer(ctx, s.session(c), s.browser(c))
	if errors.Is(err, linking.ErrSignedOut) {
		st.line.Outcome = "signed_out"
		return s.showSignIn(c)
	}
	if err == nil {
		err = s.showMy(ctx, c, who)
	}
	return s.myFault(c, st, err)
}

// changeMy takes a form of the customer's page.
func (s *Server) changeMy(c echo.Context) error {
	ctx, st, done := s.beginStep(c, "my-change", pageBudget)
	defer done()
	form, err := st.form(c)
	if err != nil {
		return err
	}
	decision := form.Get("decision")
	if decision == "sign-in" {
		if err := s.admit(c, st); err != nil { // each is a consent made at a bank
			return err
		}
		return s.myFault(c, st, s.signIn(ctx, c, banking.BankID(form.Get("bank"))))
	}
	who, err := s.customer(ctx, c)
	if err == nil {
		err = s.decideMy(ctx, c, st, who, decision, form)
	}
	return s.myFault(c, st, err)
}

// decideMy does what a customer has decided about one of his links.
func (s *Server) decideMy(ctx context.Context, c echo.Context, st *step, who linking.Customer, decision string, form url.Values) error {
	link := form.Get("link")
	switch decision {
	case "sign-out":
		if err := s.authority.SignOut(ctx, s.session(c)); err != nil {
			return err
		}
		s.setSession(c, "")
		return toMy(c, "goodbye")
	case "narrow":
		var keep []linking.Scope
		for _, scope := range form["scope"] {
			keep = append(keep, linking.Scope(scope))
		}
		err := s.authority.Narrow(ctx, who, link, keep)
		if errors.Is(err, linking.ErrChoice) {
			return toMy(c, "nothing-left")
		}
		return s.told(c, st, link, "narrowed", err)
	case "stop":
		err := s.authority.Stop(ctx, who, link)
		s.connections.Wake()
		return s.told(c, st, link, "stopped", err)
	case "forget", "clear":
		own, err := s.authority.Own(ctx, who, link)
		if err != nil {
			return err
		}
		return s.showSure(ctx, c, own, map[string]string{"forget": "erase", "clear": "wipe"}[decision])
	case "wipe":
		return s.told(c, st, link, "cleared", s.authority.Clear(ctx, who, link))
	case "erase":
		_, err := s.authority.Erase(ctx, who, link)
		if err != nil {
			return err
		}
		s.connections.Wake()
		st.line.Outcome, st.line.Link = "erased", link
		return c.Redirect(http.StatusSeeOther, myPath+"/receipt/"+url.PathEscape(link))
	default:
		return echo.NewHTTPError(http.StatusBadRequest)
	}
}

// told sends the browser back to the customer's page, which says what was done.
func (s *Server) told(c echo.Context, st *step, link, done string, err error) error {
	if err != nil {
		return err
	}
	st.line.Outcome, st.line.Link = done, link
	return toMy(c, done)
}

// myFault ends a step of the customer's page: what is not his is not there.
func (s *Server) myFault(c echo.Context, st *step, err error) error {
	var known *echo.HTTPError
	switch {
	case err == nil, c.Response().Committed:
		return nil
	case errors.Is(err, linking.ErrNotLinked):
		st.line.Outcome, st.line.Reason = "not_found", "not_the_customers"
		return echo.NewHTTPError(http.StatusNotFound)
	case errors.As(err, &known):
		st.line.Outcome, st.line.Reason = "invalid_request", "form_unknown"
		return known
	default:
		st.line.Outcome, st.line.Reason, st.line.Fault = "server_error", fault(err), true
		return s.showStatus(c, http.StatusInternalServerError)
	}
}

// signIn sends a customer to his bank, to say who he is.
func (s *Server) signIn(ctx context.Context, c echo.Context, bank banking.BankID) error {
	to, browser, err := s.authority.SignIn(ctx, bank, s.browser(c))
	if err != nil {
		return s.notSignedIn(c, err)
	}
	s.setBrowser(c, browser)
	return s.hop(c, "sign-in", to, "", bank) //nolint:contextcheck // it takes the request's own
}

// signedIn takes a customer who comes back from his bank, if that is what he was sent for: its error is the one of the return where not.
func (s *Server) signedIn(ctx context.Context, c echo.Context, st *step, r banking.Return, lost error) error {
	session, err := s.authority.SignedIn(ctx, s.browser(c), r)
	var refused *linking.OAuthError
	if errors.As(err, &refused) {
		return s.refusePage(c, st.refused(lost), "") //nolint:contextcheck // it takes the request's own
	}
	st.line.Step = "sign-in"
	if err != nil {
		st.line.Outcome, st.line.Reason = "not_signed_in", bankOutcome(err)
		return s.notSignedIn(c, err)
	}
	s.setSession(c, session)
	s.setBrowser(c, s.browser(c)) // for as long as the session
	return toMy(c, "")
}

// notSignedIn says why a customer is not signed in.
func (s *Server) notSignedIn(c echo.Context, err error) error {
	switch {
	case errors.Is(err, linking.ErrChoice):
		return toMy(c, "no-bank")
	case errors.Is(err, linking.ErrNameless):
		return toMy(c, "nameless")
	case errors.Is(err, banking.ErrDenied):
		return toMy(c, "denied")
	case errors.Is(err, banking.ErrUnavailable), errors.Is(err, banking.ErrBusy):
		return toMy(c, "unavailable")
	default:
		return toMy(c, "not-signed-in")
	}
}

// sessionCookie holds the customer's session. Unlike the browser's, it is new at each sign-in.
func (s *Server) sessionCookie() string { return s.browserCookie() + "-my" }

func (s *Server) session(c echo.Context) linking.Token {
	cookie, err := c.Cookie(s.sessionCookie())
	if err != nil {
		return ""
	}
	return linking.Token(cookie.Value)
}

// setSession sets the session's cookie for as long as the browser is open and the session lives; an empty one takes it away.
func (s *Server) setSession(c echo.Context, t linking.Token) {
	cookie := &http.Cookie{ //nolint:gosec // not Secure only where the public URL is http, which only --dev allows, on loopback
		Name: s.sessionCookie(), Value: string(t), Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode,
		Secure: strings.HasPrefix(s.cfg.PublicURL, "https:"),
	}
	if t == "" {
		cookie.MaxAge = -1
	}
	c.SetCookie(cookie)
}
