package idtoken_test

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"sotto/linking/idtoken"
)

// answers is a key server that gives one answer.
type answers []byte

func (a answers) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(bytes.NewReader(a)), Request: r}, nil
}

func clock() time.Time { return time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC) }

func TestSettingsByWhichAnybodyCouldSignAreRefused(t *testing.T) {
	for name, c := range map[string]idtoken.Config{
		"no audience":                       {},
		"an empty audience":                 {Audiences: []string{"us", ""}},
		"keys from the street over http":    {Audiences: []string{"us"}, Keys: "http://keys.example/certs"},
		"keys with a password in the URL":   {Audiences: []string{"us"}, Keys: "https://a:b@keys.example/certs"},
		"keys from a name like this host's": {Audiences: []string{"us"}, Keys: "http://localhost.evil.example/certs"},
		"keys from nowhere":                 {Audiences: []string{"us"}, Keys: "certs"},
	} {
		c.Now = clock
		if _, err := idtoken.New(c); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	for _, keys := range []string{"", "https://keys.example/certs", "http://127.0.0.1:8081/certs"} {
		if err := (idtoken.Config{Audiences: []string{"us"}, Keys: keys}).Check(); err != nil {
			t.Errorf("%q: %v", keys, err)
		}
	}
}

// FuzzVerify gives a verifier key sets and tokens of anybody's: none is believed, and nothing breaks.
func FuzzVerify(f *testing.F) {
	f.Add([]byte(`{"keys":[{"kty":"RSA","kid":"k","n":"AQAB","e":"AQAB"}]}`), "a.b.c")
	f.Add([]byte(`{"keys":[]}`), "eyJhbGciOiJSUzI1NiIsImtpZCI6ImsifQ.eyJzdWIiOiIxIn0.AAAA")
	f.Add([]byte(`{"keys":[{"kty":"RSA","kid":"k","n":"`+strings.Repeat("w", 342)+`","e":"AQAB"}]}`), "eyJhbGciOiJSUzI1NiIsImtpZCI6ImsifQ.eyJzdWIiOiIxIn0."+strings.Repeat("w", 342))
	f.Fuzz(func(t *testing.T, keys []byte, token string) {
		v, err := idtoken.New(idtoken.Config{Audiences: []string{"us"}, Transport: answers(keys), Now: clock})
		if err != nil {
			t.Fatal(err)
		}
		_, err = v.Verify(t.Context(), token)
		if !errors.Is(err, idtoken.ErrRefused) && !errors.Is(err, idtoken.ErrExpired) && !errors.Is(err, idtoken.ErrUnreachable) {
			t.Errorf("got %v", err)
		}
	})
}
