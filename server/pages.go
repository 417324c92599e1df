package server

import (
	"bytes"
	"embed"
	"errors"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"sotto/banking"
	"sotto/linking"
	"sotto/skills/messenger"
)

//go:embed pages
var pageFiles embed.FS

var pages = template.Must(template.ParseFS(pageFiles, "pages/*.html"))

// frame is what every page has.
type frame struct {
	words   *words
	Title   string
	Brand   string
	Refresh string // where to go at once; empty to stay
	Client  string // the assistant's name; may be empty
	Step    int    // of the three steps of linking; 0 for none
	My      string // the customer's page, as one writes it down
}

// Lang is the page's language, for the attribute lang.
func (f frame) Lang() string { return f.words.tag.String() }

// Say gives a text in the page's language.
func (f frame) Say(key string, pairs ...string) (string, error) { return f.words.say(key, pairs...) }

// consentPage is the page on which a customer says which bank, and what may be said.
type consentPage struct {
	frame
	Interaction, Host    string
	Site                 string // of an assistant that introduced itself; empty where the operator did
	Local                bool   // such a one, and what it goes back to is a program on the device
	Problem              string // a key; may be empty
	Bank                 string // the name of the bank of Problem, or of the only one there is; may be empty
	Joined               string // the names of the banks joined already; empty where there is none
	Chat                 bool   // it ends with a code to be typed in a chat; Host may be empty then
	Account              bool   // which of the assistant's accounts it is for will be remembered
	Banks                []bankChoice
	Left                 int    // how many banks are not joined
	Next                 string // the name of the only one left; empty where there are more
	Scopes               []scopeChoice
	PrivacyURL, TermsURL string
}

type bankChoice struct {
	ID     banking.BankID
	Name   string
	Chosen bool
	Joined bool
}

type scopeChoice struct {
	Name   linking.Scope
	Chosen bool
}

// hopPage sends a browser on to another host. It is a page and not a redirect, so that the content security policy need not name
// every bank and assistant as a target of our forms.
type hopPage struct {
	frame
	Kind, Bank, To string
}

// codePage shows the code that makes a link the chat's.
type codePage struct {
	frame
	Code, To string // To is the way back to the chat; empty where only the customer knows it
}

// problemPage says what went wrong, and what to do now.
type problemPage struct {
	frame
	Kind  string
	Again string // where to start again; empty where that is not known
}

func (s *Server) frame(w *words, key string, pairs ...string) frame {
	title, err := w.say(key, pairs...)
	if err != nil { // the template says the same key, and fails
		title = s.cfg.SkillName
	}
	_, host, _ := strings.Cut(s.cfg.PublicURL, "://")
	return frame{words: w, Title: title + " · " + s.cfg.SkillName, Brand: s.cfg.SkillName, My: host + myPath}
}

func (s *Server) showConsent(c echo.Context, p linking.Page) error {
	s.setBrowser(c, p.Browser)
	w := s.keepWords(c, p.Locales)
	shown := consentPage{
		frame: s.frame(w, "consent.title", "client", p.Client), Interaction: p.Interaction, Host: p.Host, Site: p.Site,
		Local: p.Local && p.Site != "", Joined: namesOf(p.Joined), Chat: p.Chat, Account: p.Account,
		PrivacyURL: s.cfg.PrivacyURL, TermsURL: s.cfg.TermsURL,
	}
	shown.Client, shown.Step = p.Client, 1
	shown.chooseBanks(p)
	if p.Problem != nil {
		shown.Problem = "problem." + problemWord(p.Problem)
	} else if word := c.QueryParam("problem"); problems[word] && word != "choice" {
		shown.Problem = "problem." + word
	}
	for _, scope := range p.Scopes {
		shown.Scopes = append(shown.Scopes, scopeChoice{Name: scope, Chosen: slices.Contains(p.Chosen, scope)})
	}
	return s.show(c, http.StatusOK, "consent", w, shown)
}

// chooseBanks fills in the banks of a page, and the one it is about. The only bank that is left is chosen already; one that was joined is
// not chosen again.
func (shown *consentPage) chooseBanks(p linking.Page) {
	for _, b := range p.Banks {
		c := bankChoice{ID: b.ID, Name: b.Name, Joined: slices.ContainsFunc(p.Joined, func(j banking.Joined) bool { return j.Bank == b.ID })}
		c.Chosen = !c.Joined && b.ID == p.Bank
		if b.ID == p.Bank {
			shown.Bank = b.Name
		}
		if !c.Joined {
			shown.Left++
			shown.Next = b.Name
		}
		shown.Banks = append(shown.Banks, c)
	}
	if shown.Left != 1 {
		shown.Next = ""
		return
	}
	for i := range shown.Banks {
		shown.Banks[i].Chosen = !shown.Banks[i].Joined
	}
	if shown.Bank == "" {
		shown.Bank = shown.Next
	}
}

func namesOf(joined []banking.Joined) string {
	var names []string
	for _, j := range joined {
		if !slices.Contains(names, j.Name) {
			names = append(names, j.Name)
		}
	}
	return strings.Join(names, ", ")
}

// problems are the words for why the consent page is shown again.
var problems = map[string]bool{"choice": true, "unavailable": true, "other": true}

func problemWord(err error) string {
	switch {
	case errors.Is(err, linking.ErrChoice):
		return "choice"
	case errors.Is(err, banking.ErrUnavailable), errors.Is(err, banking.ErrBusy):
		return "unavailable"
	default:
		return "other"
	}
}

// resumePath is where the consent page of an interaction under way is shown after a return from a bank, so that going back to it, or
// loading it again, does not hand in the bank's answer a second time.
const resumePath = "/link/"

func resumeURL(p linking.Page) string {
	u := resumePath + url.PathEscape(p.Interaction)
	if p.Problem != nil {
		u += "?problem=" + problemWord(p.Problem)
	}
	return u
}

// hop sends the browser on: kind is bank, linked, denied, nowhere or refused. client is an id; bank too, where the way leads to one.
func (s *Server) hop(c echo.Context, kind, to, client string, bank banking.BankID) error {
	w := s.words(c)
	shown := hopPage{Kind: kind, To: to}
	for _, b := range s.connections.Banks() {
		if b.ID == bank {
			shown.Bank = b.Name
		}
	}
	shown.frame = s.frame(w, "hop."+kind+".heading", "bank", shown.Bank)
	shown.Refresh, shown.Client = to, s.authority.ClientName(c.Request().Context(), client)
	switch kind {
	case "bank":
		shown.Step = 2
	case "linked":
		shown.Step = 3
	}
	return s.show(c, http.StatusOK, "hop", w, shown)
}

// showCode shows the code that is to be typed in the chat.
func (s *Server) showCode(c echo.Context, step linking.Step) error {
	w := s.words(c)
	name := s.authority.ClientName(c.Request().Context(), step.ClientID)
	shown := codePage{frame: s.frame(w, "code.title"), Code: string(step.Code), To: step.URL}
	shown.Client, shown.Step = name, 3
	return s.show(c, http.StatusOK, "code", w, shown)
}

// refusals are the kinds of page for what linking refuses in a browser, by its reasons. Others are "other", and "fault" from 500 on.
var refusals = map[string]string{
	"interaction_unknown": "lost", "interaction_over": "lost",
	"interaction_elsewhere": "elsewhere",
	"return_unknown":        "returned",
	"request_unknown":       "lost", "request_expired": "lost", "request_used": "lost",
	"ticket_malformed": "ticket", "ticket_over": "ticket", "ticket_spent": "ticket",
	"document_invalid": "stranger", "document_unreachable": "unreachable",
	"client_unknown": "stranger", "client_twice": "stranger", "redirect_unknown": "stranger", "redirect_twice": "stranger",
}

// showRefusal answers a browser that cannot go on, and that no client may be told of. said is what the customer pressed, if anything.
func (s *Server) showRefusal(c echo.Context, e *linking.OAuthError, said linking.Choice) error {
	kind, known := refusals[e.Reason]
	switch {
	case e.Status >= http.StatusInternalServerError && !known:
		kind = "fault"
	case kind == "lost" && said == linking.Deny: // such as by a double click: what was to be done is done
		kind = "over"
	case !known:
		kind = "other"
	}
	w := s.words(c)
	shown := problemPage{frame: s.frame(w, "refused."+kind+".heading"), Kind: "refused." + kind}
	if kind == "lost" || kind == "elsewhere" || kind == "fault" {
		shown.Again = s.startedAt(c.Request())
	}
	return s.show(c, e.Status, "problem", w, shown)
}

// startedAt is where a linking began for which a form was shown, by the browser's Referer; empty where it is not said. It is our own
// page, and reads its query as carefully as the first time.
func (s *Server) startedAt(r *http.Request) string {
	from, err := url.Parse(r.Referer())
	if err != nil || from.RawQuery == "" || r.Method != http.MethodPost {
		return ""
	}
	for _, path := range []string{authorizePath, chatPath, messenger.LinkPath} {
		if strings.HasPrefix(r.Referer(), s.cfg.PublicURL+path+"?") {
			return path + "?" + from.RawQuery
		}
	}
	return ""
}

// showStatus answers a browser that came where there is nothing for it.
func (s *Server) showStatus(c echo.Context, status int) error {
	kind := "status." + strconv.Itoa(status)
	if _, ok := details[status]; !ok {
		kind = "status.other"
	}
	w := s.words(c)
	return s.show(c, status, "status", w, problemPage{frame: s.frame(w, kind+".heading"), Kind: kind})
}

// showFragment reads, with the only lines of script there are, an answer that a bank put into the fragment.
func (s *Server) showFragment(c echo.Context) error {
	c.Response().Header().Set("Content-Security-Policy",
		"default-src 'none'; style-src 'self'; script-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'")
	w := s.words(c)
	return s.show(c, http.StatusOK, "fragment", w, hopPage{frame: s.frame(w, "fragment.title"), To: callbackURL(c)})
}

// show renders a page whole before the first byte is sent.
func (s *Server) show(c echo.Context, status int, name string, w *words, shown any) error {
	var out bytes.Buffer
	if err := pages.ExecuteTemplate(&out, name, shown); err != nil {
		return err
	}
	h := c.Response().Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Language", w.tag.String())
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
		e.Match(read, route, func(c echo.Context) error {
			content, err := pageFiles.ReadFile(file.name)
			if err != nil {
				return err
			}
			c.Response().Header().Set("Cache-Control", "public, max-age=3600")
			return c.Blob(http.StatusOK, file.kind, content)
		})
	}
}
