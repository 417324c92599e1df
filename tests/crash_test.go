package tests

import (
	"crypto/rand"
	"errors"
	mathrand "math/rand/v2"
	"net/http"
	"net/url"
	"testing"
	"time"

	"sotto/linking"
	"sotto/server/dev"
	"sotto/skills"
	"sotto/tests/loopback"
)

// finished is a linking of which the client got its tokens, and unfinished one of which it got a code and no answer to it.
type finished struct {
	form   url.Values // that traded the code
	tokens tokens
}

// TestAHouseKilledAtAnyMomentLosesNoLink kills a house (-9) in the middle of linkings, starts it again on the same state, and checks that every
// link whose tokens were given still answers, and that no code is good twice.
func TestAHouseKilledAtAnyMomentLosesNoLink(t *testing.T) {
	if testing.Short() {
		t.Skip("starts and kills processes")
	}
	t.Parallel()
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := mathrand.New(mathrand.NewPCG(seed, 1))
	state := t.TempDir()
	env := []string{"SOTTO_TEST_STATE=" + state, "SOTTO_TEST_ADDR=" + loopback.Free(t), "SOTTO_TEST_BANK_ADDR=" + loopback.Free(t)}

	var links []finished
	var open []url.Values
	for range 4 {
		house := startChild(t, "house", env...)
		s := newSpeaker(t, state, time.Now)
		done := make(chan struct{})
		go func() {
			defer close(done)
			for {
				form, err := s.code("ada")
				if err != nil {
					return // the house was killed
				}
				got, err := s.askTokens(form)
				if err != nil {
					open = append(open, form)
					return
				}
				links = append(links, finished{form, got})
			}
		}()
		time.AfterFunc(time.Duration(150+random.IntN(900))*time.Millisecond, house.stop)
		<-done
		house.stop()
	}

	startChild(t, "house", env...)
	s := newSpeaker(t, state, time.Now)
	t.Logf("%d links finished, %d codes without an answer", len(links), len(open))
	if len(links) == 0 {
		t.Fatal("no link was finished, so nothing was proven")
	}
	for _, l := range links {
		s.device.Token = linking.Token(l.tokens.Access)
		body, err := s.device.Ask(skills.Balance, nil)
		if err != nil {
			t.Fatal(err)
		}
		if heard := s.hear(body); heard.LinkCard {
			t.Errorf("a finished link is lost: %s", heard.SSML)
		}
		if _, err := s.askTokens(url.Values{"grant_type": {"refresh_token"}, "refresh_token": {l.tokens.Refresh}}); err != nil {
			t.Errorf("a finished link's refresh token: %v", err)
		}
	}
	for _, form := range open {
		good := 0
		for range 2 {
			if _, err := s.askTokens(form); err == nil {
				good++
			} else if !errors.Is(err, errRefused) {
				t.Fatal(err)
			}
		}
		if good > 1 {
			t.Error("a code was good twice")
		}
	}
	for _, l := range links {
		if _, err := s.askTokens(l.form); !errors.Is(err, errRefused) {
			t.Errorf("a code that was traded before the house was killed: %v", err)
		}
	}
}

// code links up to the code, and gives the form that trades it.
func (s *speaker) code(username string) (url.Values, error) {
	customer, err := s.file.Customer("albion", username)
	if err != nil {
		return nil, err
	}
	return s.codeAs(dev.Person{Bank: "albion", Customer: customer, Now: s.now})
}

// codeAs does the same for a person who may bank elsewhere.
func (s *speaker) codeAs(person dev.Person) (url.Values, error) {
	verifier := rand.Text() + rand.Text()
	back, err := person.Link(s.tb.Context(), s.authorizeURL(verifier), s.client.RedirectURIs[0])
	if err != nil {
		return nil, err
	}
	if back.Get("code") == "" {
		return nil, errors.New(http.StatusText(http.StatusForbidden))
	}
	return url.Values{
		"grant_type": {"authorization_code"}, "code": back["code"], "redirect_uri": {s.client.RedirectURIs[0]}, "code_verifier": {verifier},
	}, nil
}
