package tests

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"sotto/linking"
	"sotto/server"
	"sotto/server/dev"
	"sotto/server/store"
)

// rotate does what `sotto keys rotate --dev` does, from a process of its own.
func (h *openHouse) rotate(t *testing.T) []linking.Rotated {
	t.Helper()
	made, err := server.RotateKeys(t.Context(), server.Config{Dev: true, State: h.state}, h.wall.Now)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

// sweepKeys sweeps as a process beside the house would.
func (h *openHouse) sweepKeys(t *testing.T) (kept []string) {
	t.Helper()
	db, err := store.Open(t.Context(), "sqlite:"+filepath.Join(h.state, "sotto.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	keys, err := server.ReadKeys(filepath.Join(h.state, dev.KeysName))
	if err != nil {
		t.Fatal(err)
	}
	ring, err := linking.OpenKeyring(t.Context(), db, keys.Wrap, keys.Pairwise, h.Now)
	if err != nil {
		t.Fatal(err)
	}
	if err := ring.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	list, err := db.LinkingKeys(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range list {
		kept = append(kept, fmt.Sprintf("%s %d", k.Kind, k.Number))
	}
	return kept
}

// published are the kids at /.well-known/jwks.json.
func (h *openHouse) published(t *testing.T) (kids []string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, h.PublicURL()+"/.well-known/jwks.json", nil)
	if err != nil {
		t.Fatal(err)
	}
	status, body := send(t, r)
	var set struct {
		Keys []struct {
			Kid string `json:"kid"`
		} `json:"keys"`
	}
	if err := json.Unmarshal(body, &set); err != nil || status != http.StatusOK {
		t.Fatalf("%d, %v", status, err)
	}
	for _, k := range set.Keys {
		kids = append(kids, k.Kid)
	}
	return kids
}

// kidOf is the key that a JWT names.
func kidOf(t *testing.T, token string) string {
	t.Helper()
	head, _, _ := strings.Cut(token, ".")
	content, err := base64.RawURLEncoding.DecodeString(head)
	if err != nil {
		t.Fatal(err)
	}
	var header struct {
		Kid string `json:"kid"`
	}
	if err := json.Unmarshal(content, &header); err != nil {
		t.Fatal(err)
	}
	return header.Kid
}

// TestKeysAreRotatedUnderASpeakerWhoAsksAndRefreshes rotates while the house answers, and lets the clock run until nothing is left of the keys
// before. No token and no question is refused at any time.
func TestKeysAreRotatedUnderASpeakerWhoAsksAndRefreshes(t *testing.T) {
	t.Parallel()
	h := open(t)
	s := h.speaker(t)
	s.link("ada", nil)
	first := string(s.device.Token)
	balance := func(token string) string {
		t.Helper()
		s.device.Token = linking.Token(token)
		heard := s.say("what's my balance?")
		if heard.LinkCard || !strings.Contains(heard.SSML, "pound") {
			t.Fatalf("at %s: %s", h.Now().Format(time.TimeOnly), heard.SSML)
		}
		return heard.SSML
	}
	refresh := func() string {
		t.Helper()
		got, err := s.askTokens(url.Values{"grant_type": {"refresh_token"}, "refresh_token": {s.refresh}})
		if err != nil {
			t.Fatalf("at %s: %v", h.Now().Format(time.TimeOnly), err)
		}
		return got.Access
	}
	balance(first)

	// Somebody asks and refreshes all the while, whatever becomes of the keys.
	other := h.speaker(t)
	other.link("ada", nil)
	ctx, stop := context.WithCancel(t.Context())
	var turns atomic.Int64
	asking := make(chan struct{})
	go func() {
		defer close(asking)
		for ctx.Err() == nil {
			got, err := other.askTokens(url.Values{"grant_type": {"refresh_token"}, "refresh_token": {other.refresh}})
			if err != nil {
				t.Errorf("a refresh during the rotation: %v", err)
				return
			}
			other.device.Token = linking.Token(got.Access)
			body, err := other.device.Ask("BalanceIntent", nil)
			if err != nil {
				t.Error(err)
				return
			}
			status, answer, err := do(other.signed(body))
			if err != nil || status != http.StatusOK {
				t.Errorf("a question during the rotation: %d, %v", status, err)
				return
			}
			if heard, err := other.device.Hear(answer); err != nil || heard.LinkCard {
				t.Errorf("a question during the rotation: %v, %s", err, heard.SSML)
				return
			}
			turns.Add(1)
		}
	}()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	asked := func(n int64) { // waits until that many more were answered
		t.Helper()
		for until := turns.Load() + n; turns.Load() < until; {
			select {
			case <-tick.C:
			case <-asking:
				t.Fatal("the other speaker has given up")
			}
		}
	}

	asked(2)
	made := h.rotate(t)
	asked(2)
	if again := h.rotate(t); !again[0].Waiting || again[0].Number != made[0].Number {
		t.Errorf("a second rotation made %+v", again)
	}
	old := h.published(t)[0]
	h.pass(30 * time.Second)
	kids := h.published(t)
	if len(kids) != 2 || kids[0] != old {
		t.Fatalf("after 30 s %d keys are published, want the old one and the next", len(kids))
	}
	tokens := []string{first}
	for h.Now().Before(made[0].Starts.Add(2 * time.Minute)) {
		asked(1)
		token := refresh()
		want := kids[0]
		if !h.Now().Before(made[0].Starts) {
			want = kids[1]
		}
		if kidOf(t, token) != want {
			t.Errorf("at %s the wrong key signs", h.Now().Format(time.TimeOnly))
		}
		tokens = append(tokens, token)
		for _, token := range []string{tokens[0], token} {
			balance(token)
		}
		h.pass(90 * time.Second)
	}
	asked(2)
	stop()
	<-asking

	// The keys before go when nothing needs them: what is sealed is sealed anew, and the last token is over.
	want := []string{"house 1", "house 2", "refresh 1", "refresh 2", "signing 1", "signing 2"}
	for _, after := range []struct {
		pass time.Duration
		gone string
	}{{0, ""}, {0, ""}, {time.Hour + time.Second, "house 1"}, {24 * time.Hour, "signing 1"}} {
		h.pass(after.pass)
		want = slices.DeleteFunc(want, func(name string) bool { return name == after.gone })
		if kept := h.sweepKeys(t); !slices.Equal(kept, want) {
			t.Errorf("kept are %v, want %v", kept, want)
		}
		h.pass(30 * time.Second)
		balance(refresh())
	}
	if kids := h.published(t); len(kids) != 1 || kids[0] == old {
		t.Errorf("%d keys are published, want the new one", len(kids))
	}
	if heard := s.say("what have you shared?"); !strings.Contains(heard.SSML, "balances") {
		t.Errorf("what was recorded before cannot be read: %s", heard.SSML)
	}
	// The consent, sealed anew, can still be ended at the bank.
	h.MockBank().ResetRequests()
	s.say("forget me")
	s.say("yes")
	patience := time.NewTimer(time.Minute)
	defer patience.Stop()
	for h.MockBank().Requests()["consent"] == 0 {
		select {
		case <-tick.C:
		case <-patience.C:
			t.Fatal("the consent was not ended at the bank")
		}
	}
}
