package mockbank_test

import (
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"time"

	"github.com/pquerna/otp/totp"
)

// browser is a customer with a phone: it follows redirects within the bank and
// fills in forms.
type browser struct {
	b    *bank
	http *http.Client
	page string
	at   *url.URL
	code int
	head http.Header
}

func (b *bank) browser() *browser {
	jar, err := cookiejar.New(nil)
	if err != nil {
		b.t.Fatal(err)
	}
	return &browser{b: b, http: &http.Client{Jar: jar, CheckRedirect: func(req *http.Request, _ []*http.Request) error {
		if "http://"+req.URL.Host != b.url {
			return http.ErrUseLastResponse
		}
		return nil
	}}}
}

func (p *browser) send(req *http.Request) {
	p.b.t.Helper()
	resp, err := p.http.Do(req)
	if err != nil {
		p.b.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		p.b.t.Fatal(err)
	}
	p.page, p.code, p.head, p.at = string(body), resp.StatusCode, resp.Header, resp.Request.URL
	if to, err := resp.Location(); err == nil {
		p.at = to
	}
}

func (p *browser) open(target string) {
	p.b.t.Helper()
	p.send(p.b.request(http.MethodGet, target, ""))
}

var action = regexp.MustCompile(`<form method="post" action="([^"]+)"`)

// submit posts fields to the page's form.
func (p *browser) submit(fields url.Values) {
	p.b.t.Helper()
	m := action.FindStringSubmatch(p.page)
	if m == nil {
		p.b.t.Fatalf("no form on this page (%d): %s", p.code, p.page)
	}
	req := p.b.request(http.MethodPost, m[1], fields.Encode())
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	p.send(req)
}

func (b *bank) otp(at time.Time) string {
	b.t.Helper()
	code, err := totp.GenerateCode(totpKey, at)
	if err != nil {
		b.t.Fatal(err)
	}
	return code
}

// signIn goes through password and code.
func (p *browser) signIn(username string) {
	p.b.t.Helper()
	p.submit(url.Values{"username": {username}, "password": {password}})
	p.submit(url.Values{"code": {p.b.otp(p.b.clock.Now())}})
}
