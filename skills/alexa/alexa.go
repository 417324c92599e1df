// Package alexa proves that a request came from Alexa, reads a turn from it, writes a reply to it, and writes the package that
// Alexa's console imports.
//
// It takes headers and bytes and gives bytes, so that it can be fuzzed without a server. It knows nothing of banks, of what a
// question means, of how words are found, or of HTTP frameworks. Nothing in a body is read before its signature holds.
package alexa

import (
	"crypto/x509"
	"errors"
	"net/http"
	"net/url"
	"time"
)

// What a request may measure. Alexa's own are far smaller.
const (
	maxBody  = 64 << 10
	maxDepth = 64
)

// Config is what an endpoint for one skill needs.
type Config struct {
	// SkillIDs are the application ids that are answered. At least one.
	SkillIDs []string
	// Roots are trusted to sign Alexa's certificate chain. Nil means the system's own.
	Roots *x509.CertPool
	// Mirror is the base URL to which the path of a validated certificate URL is appended. Empty means Amazon's own.
	Mirror string
	// Endpoint is one more place where Alexa's API may be, on this machine: only for a development house. Empty means none.
	Endpoint string
	// Transport fetches chains, and speaks to Alexa's API. Nil means http.DefaultTransport.
	Transport http.RoundTripper
	// Now is the clock by which certificates and requests are fresh.
	Now func() time.Time
}

// Platform answers for one skill. It is safe for concurrent use.
type Platform struct {
	skills   []string
	chains   *chains
	client   *http.Client
	endpoint string
	now      func() time.Time
}

// New makes the endpoint. It fetches nothing.
func New(c Config) (*Platform, error) {
	if len(c.SkillIDs) == 0 {
		return nil, errors.New("alexa: no skill id is accepted")
	}
	for _, id := range c.SkillIDs {
		if id == "" {
			return nil, errors.New("alexa: an empty skill id would accept anybody")
		}
	}
	if c.Now == nil {
		return nil, errors.New("alexa: no clock")
	}
	if c.Mirror == "" {
		c.Mirror = "https://" + certificateHost
	}
	mirror, err := url.Parse(c.Mirror)
	if err != nil || (mirror.Scheme != "https" && mirror.Scheme != "http") || mirror.Host == "" ||
		mirror.User != nil || mirror.RawQuery != "" || mirror.Fragment != "" {
		return nil, errors.New("alexa: the certificate mirror is not a plain http or https URL")
	}
	if c.Endpoint != "" && !loopback(c.Endpoint) {
		return nil, errors.New("alexa: an endpoint beside Alexa's own has to be on this machine, as http://127.0.0.1:PORT")
	}
	if c.Transport == nil {
		c.Transport = http.DefaultTransport
	}
	client := &http.Client{Transport: c.Transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	return &Platform{skills: c.SkillIDs, chains: newChains(c.Roots, mirror, client), client: client, endpoint: c.Endpoint, now: c.Now}, nil
}
