package server

import (
	"bytes"
	"embed"
	"errors"
	"html/template"
	"net/http"
	"slices"
	"strconv"

	"github.com/labstack/echo/v4"

	"sotto/banking"
	"sotto/linking"
)

//go:embed pages
var pageFiles embed.FS

var pages = template.Must(template.ParseFS(pageFiles, "pages/*.html"))

// frame is what every page has.
type frame struct {
	Title   string
	Brand   string
	Refresh string // where to go at once; empty to stay
}

// consentPage is the page on which a customer says which bank, and what may be said.
type consentPage struct {
	frame
	Interaction, Client, Host, Problem string
	Joined                             int
	Banks                              []bankChoice
	Scopes                             []scopeChoice
	PrivacyURL, TermsURL               string
}

type bankChoice struct {
	ID     banking.BankID
	Name   string
	Chosen bool
}

type scopeChoice struct {
	Name            linking.Scope
	Title, Sentence string
	Chosen          bool
}

// scopeWords say of each scope what may be said, and what not.
var scopeWords = map[linking.Scope]scopeChoice{
	linking.Balances:     {Title: "Balances", Sentence: "How much is in each account, and how much is owed on a card."},
	linking.Spending:     {Title: "Spending totals", Sentence: "How much you spent in a week, or on groceries. No single purchases."},
	linking.Transactions: {Title: "Single purchases", Sentence: "Where you paid, how much, and when."},
	linking.Income:       {Title: "Income", Sentence: "How much came in, such as a salary."},
	linking.Upcoming:     {Title: "Upcoming payments", Sentence: "What is due soon, such as standing orders."},
}

// hopPage sends a browser on to another host. It is a page and not a redirect, so that the content security policy need not name
// every bank and assistant as a target of our forms.
type hopPage struct {
	frame
	Heading, Sentence, To string
}

// problemPage says what went wrong, and what to do now.
type problemPage struct {
	frame
	Heading, Sentence string
}

func (s *Server) frame(title string) frame {
	return frame{Title: title + " · " + s.cfg.SkillName, Brand: s.cfg.SkillName}
}

func (s *Server) showConsent(c echo.Context, p linking.Page) error {
	shown := consentPage{
		frame: s.frame("Link " + p.Client), Interaction: p.Interaction, Client: p.Client, Host: p.Host, Joined: p.Joined,
		PrivacyURL: s.cfg.PrivacyURL, TermsURL: s.cfg.TermsURL,
	}
	bank := ""
	for _, b := range p.Banks {
		chosen := b.ID == p.Bank || len(p.Banks) == 1
		shown.Banks = append(shown.Banks, bankChoice{ID: b.ID, Name: b.Name, Chosen: chosen})
		if b.ID == p.Bank {
			bank = b.Name
		}
	}
	if p.Problem != nil {
		shown.Problem = problemSentence(p.Problem, bank)
	}
	for _, scope := range p.Scopes {
		choice := scopeWords[scope]
		choice.Name, choice.Chosen = scope, len(p.Chosen) == 0 || slices.Contains(p.Chosen, scope)
		shown.Scopes = append(shown.Scopes, choice)
	}
	s.setBrowser(c, p.Browser)
	return s.show(c, http.StatusOK, "consent", shown)
}

// problemSentence says why the consent page is shown again.
func problemSentence(err error, bank string) string {
	if bank == "" {
		bank = "Your bank"
	}
	switch {
	case errors.Is(err, linking.ErrChoice):
		return "Please choose a bank, and at least one thing that may be said."
	case errors.Is(err, banking.ErrDenied):
		return "You said no at " + bank + ". Nothing was linked there. You can try again, or stop here."
	case errors.Is(err, banking.ErrUnavailable), errors.Is(err, banking.ErrBusy):
		return bank + " does not answer just now. Nothing was linked. Please try again in a few minutes."
	default:
		return "That did not work at " + bank + ". Nothing was linked. Please try again, or choose another bank."
	}
}

func (s *Server) hop(c echo.Context, heading, sentence, to string) error {
	shown := hopPage{frame: s.frame(heading), Heading: heading, Sentence: sentence, To: to}
	shown.Refresh = to
	return s.show(c, http.StatusOK, "hop", shown)
}

func (s *Server) showProblem(c echo.Context, status int, heading, sentence string) error {
	return s.show(c, status, "problem", problemPage{frame: s.frame(heading), Heading: heading, Sentence: sentence})
}

// showFragment reads, with the only lines of script there are, an answer that a bank put into the fragment.
func (s *Server) showFragment(c echo.Context) error {
	c.Response().Header().Set("Content-Security-Policy",
		"default-src 'none'; style-src 'self'; script-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'")
	return s.show(c, http.StatusOK, "fragment", s.frame("Coming back"))
}

// show renders a page whole before the first byte is sent.
func (s *Server) show(c echo.Context, status int, name string, shown any) error {
	var out bytes.Buffer
	if err := pages.ExecuteTemplate(&out, name, shown); err != nil {
		return err
	}
	h := c.Response().Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Length", strconv.Itoa(out.Len()))
	h.Set("Cache-Control", "no-store")
	c.Response().WriteHeader(status)
	_, err := c.Response().Write(out.Bytes())
	return err
}

// mountPageFiles serves the style sheet and the script of the callback page.
func (s *Server) mountPageFiles(e *echo.Echo) {
	for route, file := range map[string]struct{ name, kind string }{
		"/style.css":   {"pages/style.css", "text/css; charset=utf-8"},
		"/callback.js": {"pages/callback.js", "text/javascript; charset=utf-8"},
	} {
		e.GET(route, func(c echo.Context) error {
			content, err := pageFiles.ReadFile(file.name)
			if err != nil {
				return err
			}
			c.Response().Header().Set("Cache-Control", "public, max-age=3600")
			return c.Blob(http.StatusOK, file.kind, content)
		})
	}
}
