package alexa

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"sotto/linking"
	"sotto/skills/speech"
)

// apiEndpoints are where Alexa's own API is: for North America, for Europe and India, and for the Far East. A request names one of them, and
// its token is sent to no other place.
var apiEndpoints = []string{"https://api.amazonalexa.com", "https://api.eu.amazonalexa.com", "https://api.fe.amazonalexa.com"}

const (
	directivesPath   = "/v1/directives"
	meanwhileWithin  = time.Second
	maxAPIToken      = 8 << 10
	maxMeanwhile     = 600     // characters of speech that Alexa takes
	maxMeanwhileBack = 4 << 10 // bytes of what comes back, so that the connection can be used again
)

// Why nothing was said meanwhile. None of them holds anything of the request.
var (
	ErrNoEndpoint    = errors.New("alexa: the request names no API of Alexa's, or no token for it")
	ErrNotSaid       = errors.New("alexa: the API did not take what was to be said meanwhile")
	errMeanwhileLong = errors.New("alexa: too much to be said meanwhile")
)

// Meanwhile has Alexa say something while the answer to a verified request takes long: a progressive response, VoicePlayer.Speak of Amazon's
// directive service. It is sent only to an endpoint of Alexa's that the request names, follows no redirect, is sent once, and is given up after a
// second, or when ctx is over. It must not hold a fact: nobody has recorded one yet.
func (p *Platform) Meanwhile(ctx context.Context, body []byte, spoken speech.Spoken) error {
	var e struct {
		Context struct {
			System struct {
				Endpoint string        `json:"apiEndpoint"`
				Token    linking.Token `json:"apiAccessToken"`
			} `json:"System"`
		} `json:"context"`
		Request struct {
			ID string `json:"requestId"`
		} `json:"request"`
	}
	if err := json.Unmarshal(body, &e); err != nil {
		return ErrNoEndpoint
	}
	endpoint, token := e.Context.System.Endpoint, e.Context.System.Token
	if token == "" || len(token) > maxAPIToken || strings.ContainsFunc(string(token), odd) || !slices.Contains(apiEndpoints, endpoint) && (p.endpoint == "" || endpoint != p.endpoint) {
		return ErrNoEndpoint
	}
	if longer(spoken.SSML, maxMeanwhile) {
		return errMeanwhileLong
	}
	directive, err := json.Marshal(map[string]any{
		"header":    map[string]any{"requestId": e.Request.ID},
		"directive": map[string]any{"type": "VoicePlayer.Speak", "speech": spoken.SSML},
	}, json.Deterministic(true))
	if err != nil {
		return fmt.Errorf("alexa: write what is said meanwhile: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, meanwhileWithin)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, endpoint+directivesPath, bytes.NewReader(directive))
	if err != nil {
		return ErrNoEndpoint
	}
	request.GetBody = nil // what was sent once is not sent again
	request.Header.Set("Authorization", "Bearer "+string(token))
	request.Header.Set("Content-Type", "application/json")
	response, err := p.client.Do(request)
	if err != nil {
		return ErrNotSaid // the cause could quote a header
	}
	defer func() { _ = response.Body.Close() }()
	_, _ = io.CopyN(io.Discard, response.Body, maxMeanwhileBack)
	if response.StatusCode/100 != 2 {
		return ErrNotSaid
	}
	return nil
}

// odd says whether a character has no place in a bearer token (RFC 6750 section 2.1 is narrower still).
func odd(r rune) bool { return r <= ' ' || r > '~' }

// loopback says whether an endpoint is on this machine, as a development house's may be.
func loopback(endpoint string) bool {
	u, err := url.Parse(endpoint)
	return err == nil && u.Scheme == "http" && u.Hostname() == "127.0.0.1" && u.User == nil && u.Path == "" && u.RawQuery == "" && u.Fragment == ""
}
