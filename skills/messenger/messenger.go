// Package messenger proves that a request came from Meta, reads what was said from it, writes a reply as messages, sends them by the
// Send API, and writes what a Page's Messenger profile is set up with.
//
// It takes headers and bytes and gives bytes, so that it can be fuzzed without a server. It knows nothing of banks, of what a
// question means, of how words are found, or of HTTP frameworks. Nothing in a body is read before its signature holds.
//
// Facebook's Messenger waits for no answer: a delivery is acknowledged once what it says is on disk (package outbox), and the answer is a call
// of ours, later. A customer is known by his page-scoped id (PSID), which is kept only sealed or as an HMAC.
package messenger

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
)

// What a delivery may measure.
const (
	MaxBody   = 256 << 10
	maxDepth  = 32
	maxEvents = 1000
	maxText   = 2000 // characters, of one message either way
)

// GraphURL is Meta's Graph API in the version that this package speaks.
const GraphURL = "https://graph.facebook.com/v24.0"

// Config is what one Page needs.
type Config struct {
	AppSecret   string
	VerifyToken string
	PageToken   string
	PageID      string
	GraphURL    string // base, with the version
	PublicURL   string // of this house
	Transport   http.RoundTripper
}

// Platform speaks for one Page. It is safe for concurrent use.
type Platform struct {
	c      Config
	client *http.Client
}

// New makes it. It calls nobody.
func New(c Config) (*Platform, error) {
	for _, m := range []struct{ value, name string }{
		{c.AppSecret, "app secret"}, {c.VerifyToken, "verify token"}, {c.PageToken, "page token"}, {c.PageID, "page id"}, {c.PublicURL, "public URL"},
	} {
		if m.value == "" {
			return nil, errors.New("messenger: the " + m.name + " is missing")
		}
	}
	if strings.Trim(c.PageID, "0123456789") != "" || len(c.PageID) > maxID {
		return nil, errors.New("messenger: the page id is not a number")
	}
	u, err := url.Parse(c.GraphURL)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return nil, errors.New("messenger: the Graph URL is not a plain http or https URL")
	}
	c.GraphURL = strings.TrimSuffix(c.GraphURL, "/")
	if c.Transport == nil {
		c.Transport = http.DefaultTransport
	}
	return &Platform{c: c, client: &http.Client{
		Transport: c.Transport, Timeout: sendWithin, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}, nil
}
