package linking_test

import (
	"strconv"
	"testing"
	"time"

	"sotto/linking"
)

func TestAPaceLetsABurstThroughAndThenSoManyASecond(t *testing.T) {
	p, err := linking.NewPace(2, 3)
	must(t, err)
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	for range 3 {
		if wait := p.Wait("a", now); wait != 0 {
			t.Errorf("within the burst: wait %v", wait)
		}
	}
	for range 5 { // asking in vain does not make it longer
		if wait := p.Wait("a", now); wait != 500*time.Millisecond {
			t.Errorf("after the burst: wait %v", wait)
		}
	}
	if wait := p.Wait("b", now); wait != 0 {
		t.Errorf("another name: wait %v", wait)
	}
	now = now.Add(500 * time.Millisecond)
	if first, second := p.Wait("a", now), p.Wait("a", now); first != 0 || second == 0 {
		t.Errorf("half a second later: wait %v and %v", first, second)
	}
}

// TestAGrantThatHasGoneWildIsToldToWaitAndNoOtherIs: whoever asks without the client's secret uses up nothing.
func TestAGrantThatHasGoneWildIsToldToWaitAndNoOtherIs(t *testing.T) {
	for _, client := range []string{"alexa", "google", "mcp"} {
		t.Run(client, func(t *testing.T) {
			h := open(t)
			wild, other := h.linked(client), h.linked(client)
			if client != "mcp" {
				for range 200 {
					c := call(client, refreshing(wild.RefreshToken))
					c.Form["client_secret"] = []string{"guess"}
					_, err := h.Token(t.Context(), c)
					refused(t, err, "invalid_client", "secret_wrong")
				}
			}
			token := wild.RefreshToken
			for range 100 { // each with the successor of the one before, where there is one
				token = h.token(client, refreshing(token)).RefreshToken
			}
			_, err := h.Token(t.Context(), call(client, refreshing(token)))
			if e := refused(t, err, "temporarily_unavailable", "refresh_too_often"); e.Status != 429 || e.RetryAfter <= 0 || e.RetryAfter > time.Second {
				t.Errorf("got status %d, come back after %v", e.Status, e.RetryAfter)
			}
			h.token(client, refreshing(other.RefreshToken))
			h.Pass(time.Second)
			h.token(client, refreshing(token)) // nothing was lost
		})
	}
}

func TestAServiceThatHasGoneWildIsToldToWaitAndNoOtherIs(t *testing.T) {
	h := open(t)
	for range 100 {
		h.token("reference", listing())
	}
	_, err := h.Token(t.Context(), call("reference", listing()))
	refused(t, err, "temporarily_unavailable", "credentials_too_often")
	h.token("service", listing())
	h.Pass(time.Second)
	h.token("reference", listing())
}

// TestNamesThatAreMadeUpFillNoMemory: what is forgotten begins afresh.
func TestNamesThatAreMadeUpFillNoMemory(t *testing.T) {
	p, err := linking.NewPace(1, 1)
	must(t, err)
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	for i := range 100_000 {
		p.Wait(strconv.Itoa(i), now)
	}
	if n := p.Names(); n > 25_000 {
		t.Errorf("%d names are remembered", n)
	}
}
