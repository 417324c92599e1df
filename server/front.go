package server

import (
	"html/template"
	"net/http"

	"github.com/labstack/echo/v4"
)

// mountFront adds the front page, and what a development house has beside it.
func (s *Server) mountFront(e *echo.Echo) error {
	e.Match(read, frontPath, s.front)
	if s.dev == nil {
		return nil
	}
	e.GET(linkedPath, s.linked)
	return s.mountMirror(e)
}

const frontPath = "/"

// front says what this is. In a development house it has what a customer needs to sign in by hand.
func (s *Server) front(c echo.Context) error {
	if s.dev == nil {
		w := s.words(c)
		return s.show(c, http.StatusOK, "front", w, struct {
			frame
			PrivacyURL, TermsURL string
		}{s.frame(w, "front.heading"), s.cfg.PrivacyURL, s.cfg.TermsURL})
	}
	people, err := s.signIns()
	if err != nil {
		return err
	}
	return page(c, frontPage, map[string]any{
		"Name": s.cfg.SkillName, "Link": s.authorizeURL(), "People": people, "Walk": s.WalkThrough(),
	})
}

// linked plays the assistant: the browser comes here with the code, as it would come to Amazon.
func (s *Server) linked(c echo.Context) error {
	shown := map[string]any{"Name": s.cfg.SkillName, "Error": c.QueryParam("error")}
	if code := c.QueryParam("code"); code != "" && len(code) < 1000 {
		shown["Trade"] = s.tradeCommand(code)
	}
	return page(c, linkedPage, shown)
}

func page(c echo.Context, t *template.Template, shown any) error {
	h := c.Response().Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	c.Response().WriteHeader(http.StatusOK)
	return t.Execute(c.Response(), shown)
}

// What is around a development house's own pages.
const (
	pageTop = `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>{{.Name}}</title><link rel="stylesheet" href="/style.css"></head>
<body>
<header><p class="mark">{{.Name}} <small>your bank, said quietly</small></p></header>
<main>
<div class="card">
`
	pageEnd = `</main></body>
</html>
`
)

var frontPage = template.Must(template.New("front").Parse(pageTop + `<h1>This is {{.Name}}</h1>
<p class="lead">It answers a voice assistant's question about your money from your bank, and gives the assistant the sentence it has to speak, and nothing more.</p>
</div>
<div class="card">
<h2>Sign in at the mock bank</h2>
<p><a href="{{.Link}}">Link an account as the Alexa app would</a>. Reload this page for fresh one-time codes.
<a href="/my">See what is shared, and take it back</a>.</p>
<table>
<tr><th scope="col">Username</th><th scope="col">Password</th><th scope="col">Code</th></tr>
{{range .People}}<tr><td>{{.Username}}</td><td><code>{{.Password}}</code></td><td><code>{{.Code}}</code></td></tr>
{{end}}</table>
<h2>The walk-through</h2>
<pre>{{.Walk}}</pre>
</div>
` + pageEnd))

var linkedPage = template.Must(template.New("linked").Parse(pageTop + `{{if .Trade}}<h1>Back at the assistant</h1>
<p class="lead">Here the Alexa app would take over. Within a minute, it trades the code in the address for tokens, as this command does:</p>
<pre>{{.Trade}}</pre>
{{else}}<h1>Not linked</h1>
<p class="lead">{{if .Error}}The assistant was told: {{.Error}}.{{else}}No code came back.{{end}}</p>
{{end}}</div>
` + pageEnd))
