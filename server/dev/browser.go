package dev

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"time"

	"golang.org/x/net/html"
)

// ErrBrowser means that the headless browser could not go on: a page refused, led in circles, or was not what was expected.
var ErrBrowser = errors.New("browser")

// What a page and a journey may measure.
const (
	maxPage = 1 << 20
	maxHops = 20
)

// Browser is a headless browser without script, as the contract describes it: it keeps cookies, follows redirects and pages with a meta
// refresh, and submits forms. It is for one person and not safe for concurrent use.
type Browser struct {
	client *http.Client
	until  func(*url.URL) bool
}

// Page is where the browser arrived.
type Page struct {
	URL    *url.URL
	Status int
	// Arrived says that the browser came to a place where it was to stop. The place was not fetched, so the page has nothing else.
	Arrived bool
	Title   string
	Text    string // what is to be read on the page, on one line
	Forms   []Form
	Links   []*url.URL // where its buttons lead that are links
	Code    string     // what the element with the id "code" says
	Source  string

	refresh string
}

// Form is one form of a page.
type Form struct {
	Method string // GET or POST
	Action *url.URL
	Fields []Field
}

// Field is one field of a form, in the page's order. A button with a name is a field of the type "submit".
type Field struct {
	Name, Type, Value string
	Checked           bool
}

// NewBrowser gives a browser with no cookies, which stops before it fetches a place for which until is true.
func NewBrowser(until func(*url.URL) bool) *Browser {
	jar, _ := cookiejar.New(nil)
	return &Browser{until: until, client: &http.Client{
		Jar: jar, Timeout: 30 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// Cookies are those that the browser keeps.
func (b *Browser) Cookies() http.CookieJar { return b.client.Jar }

// Open goes to a URL, and on until there is a page to read or the place to stop.
func (b *Browser) Open(ctx context.Context, raw string) (*Page, error) {
	u, err := url.Parse(raw)
	if err != nil {
		return nil, fmt.Errorf("%w: that is no URL", ErrBrowser)
	}
	return b.travel(ctx, http.MethodGet, u, nil)
}

// Submit sends a form with its hidden and checked fields as they stand, but those named in values replaced. A name given no value is left out.
func (b *Browser) Submit(ctx context.Context, f Form, values url.Values) (*Page, error) {
	sent := url.Values{}
	for _, field := range f.Fields {
		_, replaced := values[field.Name]
		chosen := field.Checked || field.Type != "checkbox" && field.Type != "radio" && field.Type != "submit"
		if field.Name != "" && chosen && !replaced {
			sent.Add(field.Name, field.Value)
		}
	}
	for name, list := range values {
		for _, v := range list {
			sent.Add(name, v)
		}
	}
	if f.Method == http.MethodPost {
		return b.travel(ctx, http.MethodPost, f.Action, sent)
	}
	u := *f.Action
	u.RawQuery = sent.Encode()
	return b.travel(ctx, http.MethodGet, &u, nil)
}

// travel follows redirects and refreshes.
func (b *Browser) travel(ctx context.Context, method string, u *url.URL, form url.Values) (*Page, error) {
	for range maxHops {
		if b.until(u) {
			return &Page{URL: u, Arrived: true}, nil
		}
		page, location, status, err := b.fetch(ctx, method, u, form)
		if err != nil {
			return nil, err
		}
		next := location
		if next == "" {
			next = page.refresh
		}
		if next == "" {
			return page, nil
		}
		if u, err = u.Parse(next); err != nil {
			return nil, fmt.Errorf("%w: %s leads to no URL", ErrBrowser, page.URL.Path)
		}
		if status != http.StatusTemporaryRedirect && status != http.StatusPermanentRedirect {
			method, form = http.MethodGet, nil
		}
	}
	return nil, fmt.Errorf("%w: more than %d hops", ErrBrowser, maxHops)
}

func (b *Browser) fetch(ctx context.Context, method string, u *url.URL, form url.Values) (page *Page, location string, status int, err error) {
	var body io.Reader
	if method == http.MethodPost {
		body = strings.NewReader(form.Encode())
	}
	request, err := http.NewRequestWithContext(ctx, method, u.String(), body)
	if err != nil {
		return nil, "", 0, fmt.Errorf("%w: %s %s%s cannot be asked for", ErrBrowser, method, u.Host, u.Path)
	}
	request.Header.Set("Accept", "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8")
	if method == http.MethodPost {
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	response, err := b.client.Do(request)
	if err != nil {
		var failed *url.Error
		if errors.As(err, &failed) {
			err = failed.Err // without the URL, which may hold a code
		}
		return nil, "", 0, fmt.Errorf("%w: %s%s: %w", ErrBrowser, u.Host, u.Path, err)
	}
	defer response.Body.Close()
	content, err := io.ReadAll(io.LimitReader(response.Body, maxPage+1))
	if err != nil {
		return nil, "", 0, fmt.Errorf("%w: read %s%s: %w", ErrBrowser, u.Host, u.Path, err)
	}
	if len(content) > maxPage {
		return nil, "", 0, fmt.Errorf("%w: %s%s is longer than 1 MiB", ErrBrowser, u.Host, u.Path)
	}
	if response.StatusCode >= 300 && response.StatusCode < 400 {
		location = response.Header.Get("Location")
	}
	return readPage(u, response.StatusCode, string(content)), location, response.StatusCode, nil
}

// readPage reads what this browser understands of a page.
func readPage(u *url.URL, status int, source string) *Page {
	page := &Page{URL: u, Status: status, Source: source}
	root, err := html.Parse(strings.NewReader(source))
	if err != nil {
		return page
	}
	var text strings.Builder
	for n := range root.Descendants() {
		switch {
		case n.Type == html.TextNode && (n.Parent == nil || !unread[n.Parent.Data]):
			text.WriteString(n.Data)
			text.WriteByte(' ')
		case n.Type != html.ElementNode:
		case n.Data == "title" && n.FirstChild != nil:
			page.Title = n.FirstChild.Data
		case n.Data == "meta" && strings.EqualFold(attribute(n, "http-equiv"), "refresh"):
			_, to, _ := strings.Cut(attribute(n, "content"), ";")
			if name, target, ok := strings.Cut(to, "="); ok && strings.EqualFold(strings.TrimSpace(name), "url") {
				page.refresh = strings.Trim(strings.TrimSpace(target), `'"`)
			}
		case attribute(n, "id") == "code" && n.FirstChild != nil:
			page.Code = strings.TrimSpace(n.FirstChild.Data)
		case n.Data == "a" && strings.Contains(attribute(n, "class"), "button"):
			if to, err := u.Parse(attribute(n, "href")); err == nil {
				page.Links = append(page.Links, to)
			}
		case n.Data == "form":
			page.Forms = append(page.Forms, readForm(u, n))
		}
	}
	page.Text = strings.Join(strings.Fields(text.String()), " ")
	return page
}

// unread are elements whose text nobody reads on the page.
var unread = map[string]bool{"script": true, "style": true, "title": true, "noscript": true}

func readForm(u *url.URL, n *html.Node) Form {
	f := Form{Method: http.MethodGet, Action: u}
	if strings.EqualFold(attribute(n, "method"), http.MethodPost) {
		f.Method = http.MethodPost
	}
	if action := attribute(n, "action"); action != "" {
		if to, err := u.Parse(action); err == nil {
			f.Action = to
		}
	}
	for d := range n.Descendants() {
		if d.Type != html.ElementNode || (d.Data != "input" && d.Data != "button") {
			continue
		}
		kind := strings.ToLower(attribute(d, "type"))
		if d.Data == "button" {
			kind = "submit"
		}
		value, said := attribute(d, "value"), has(d, "value")
		if !said && (kind == "checkbox" || kind == "radio") {
			value = "on"
		}
		f.Fields = append(f.Fields, Field{Name: attribute(d, "name"), Type: kind, Value: value, Checked: has(d, "checked")})
	}
	return f
}

// Values are the values that the form offers under a name, in order.
func (f Form) Values(name string) []string {
	var out []string
	for _, field := range f.Fields {
		if field.Name == name {
			out = append(out, field.Value)
		}
	}
	return out
}

// Has says whether the form has a field of this name.
func (f Form) Has(name string) bool { return len(f.Values(name)) > 0 }

func attribute(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

func has(n *html.Node, name string) bool {
	for _, a := range n.Attr {
		if a.Key == name {
			return true
		}
	}
	return false
}
