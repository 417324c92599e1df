package alexa_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"sotto/skills"
	"sotto/skills/alexa"
	"sotto/skills/speech"
)

// directives plays Alexa's API.
type directives struct {
	status int
	sent   []*http.Request
	bodies []string
}

func (d *directives) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	d.sent, d.bodies = append(d.sent, r), append(d.bodies, string(body))
	header := http.Header{"Location": {"https://evil.example/v1/directives"}}
	return &http.Response{StatusCode: d.status, Header: header, Body: io.NopCloser(strings.NewReader(strings.Repeat("x", 1<<20))), Request: r}, nil
}

func speaking(t *testing.T, d *directives, endpoint string) *alexa.Platform {
	t.Helper()
	p, err := alexa.New(alexa.Config{SkillIDs: []string{skillID}, Transport: d, Now: stopped, Endpoint: endpoint})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func asking(endpoint, token string) []byte {
	return []byte(`{"context":{"System":{"apiEndpoint":"` + endpoint + `","apiAccessToken":"` + token + `"}},"request":{"requestId":"r"}}`)
}

var moment = speech.Spoken{SSML: "<speak>One moment, please.</speak>"}

func TestWhatIsSaidMeanwhileIsADirectiveToAlexasOwnAPI(t *testing.T) {
	const own = "http://127.0.0.1:7"
	for _, endpoint := range []string{"https://api.amazonalexa.com", "https://api.eu.amazonalexa.com", "https://api.fe.amazonalexa.com", own} {
		d := &directives{status: http.StatusNoContent}
		if err := speaking(t, d, own).Meanwhile(t.Context(), asking(endpoint, "t"), moment); err != nil {
			t.Fatal(err)
		}
		if len(d.sent) != 1 || d.sent[0].URL.String() != endpoint+"/v1/directives" || d.sent[0].Method != http.MethodPost || d.sent[0].Header.Get("Authorization") != "Bearer t" {
			t.Errorf("sent %v", d.sent)
		}
		const want = `{"directive":{"speech":"<speak>One moment, please.</speak>","type":"VoicePlayer.Speak"},"header":{"requestId":"r"}}`
		if d.bodies[0] != want {
			t.Errorf("sent %s, want %s", d.bodies[0], want)
		}
	}
}

func TestNoTokenOfAlexasGoesAnywhereElse(t *testing.T) {
	d := &directives{status: http.StatusNoContent}
	for _, endpoint := range []string{
		"", "http://api.amazonalexa.com", "https://api.amazonalexa.com:8443", "https://api.amazonalexa.com/", "https://api.amazonalexa.com@evil.example",
		"https://API.amazonalexa.com", "https://api.amazonalexa.com.evil.example", "https://evil.example", "https://api.na.amazonalexa.com",
		"http://127.0.0.1:7", "http://169.254.169.254", "//api.amazonalexa.com", "https://api.amazonalexa.com?x", "https://api.amazonalexa.com#",
	} {
		if err := speaking(t, d, "").Meanwhile(t.Context(), asking(endpoint, "t"), moment); !errors.Is(err, alexa.ErrNoEndpoint) {
			t.Errorf("%q: got %v", endpoint, err)
		}
	}
	for name, body := range map[string][]byte{
		"no token":               asking("https://api.amazonalexa.com", ""),
		"a token of 9 KB":        asking("https://api.amazonalexa.com", strings.Repeat("t", 9<<10)),
		"a body that is no JSON": []byte("<"),
	} {
		if err := speaking(t, d, "").Meanwhile(t.Context(), body, moment); !errors.Is(err, alexa.ErrNoEndpoint) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	if len(d.sent) != 0 {
		t.Errorf("sent %v", d.sent)
	}
	for _, endpoint := range []string{"https://evil.example", "http://192.0.2.1:80", "http://localhost:7", "http://u@127.0.0.1:7", "http://127.0.0.1:7/x", "https://127.0.0.1:7"} {
		if _, err := alexa.New(alexa.Config{SkillIDs: []string{skillID}, Now: stopped, Endpoint: endpoint}); err == nil {
			t.Errorf("%s may be Alexa", endpoint)
		}
	}
}

func TestWhatAlexasAPIDoesNotTakeIsSaidOnceAndNotElsewhere(t *testing.T) {
	for _, status := range []int{http.StatusFound, http.StatusTemporaryRedirect, http.StatusForbidden, http.StatusTooManyRequests, http.StatusBadGateway} {
		d := &directives{status: status}
		err := speaking(t, d, "").Meanwhile(t.Context(), asking("https://api.amazonalexa.com", "secret-token"), moment)
		if !errors.Is(err, alexa.ErrNotSaid) || len(d.sent) != 1 || strings.Contains(err.Error(), "secret-token") {
			t.Errorf("%d: got %v after %d requests", status, err, len(d.sent))
		}
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	for name, try := range map[string]func(*alexa.Platform) error{
		"an answer that is there already": func(p *alexa.Platform) error {
			return p.Meanwhile(gone, asking("https://api.amazonalexa.com", "t"), moment)
		},
		"a token that is no header": func(p *alexa.Platform) error {
			return p.Meanwhile(t.Context(), asking("https://api.amazonalexa.com", `t\r\nX: y`), moment)
		},
		"too much": func(p *alexa.Platform) error {
			return p.Meanwhile(t.Context(), asking("https://api.amazonalexa.com", "t"), speech.Spoken{SSML: strings.Repeat("x", 601)})
		},
	} {
		d := &directives{status: http.StatusNoContent}
		if err := try(speaking(t, d, "")); err == nil || len(d.sent) != 0 {
			t.Errorf("%s: %v after %d requests", name, err, len(d.sent))
		}
	}
}

// TestWhatIsSaidMeanwhileHoldsNoFact: the words for it have no place for one, in any language.
func TestWhatIsSaidMeanwhileHoldsNoFact(t *testing.T) {
	phrases, err := speech.New()
	if err != nil {
		t.Fatal(err)
	}
	for _, locale := range phrases.Locales() {
		bare := phrases.Say(locale, skills.Reply{Key: skills.Moment})
		full := phrases.Say(locale, skills.Reply{Key: skills.Moment, Facts: []skills.Fact{{Kind: skills.FactBank, Bank: "Albion"}, {Kind: skills.FactAccount, Bank: "Albion"}}})
		if bare.SSML == "" || bare != full || !json.Valid([]byte(`"`+bare.Text+`"`)) {
			t.Errorf("%s: %q and %q", locale, bare.SSML, full.SSML)
		}
	}
}
