package tests

import (
	"bytes"
	"crypto/rand"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"sotto/server/dev"
	"sotto/skills"
	"sotto/skills/dialogflow"
	"sotto/tests/loopback"
)

// BenchmarkBalanceQuestion measures the server CPU of a signed, token-checked "what's my balance?", read from /proc of a process that does nothing
// else, as a ratio to a bare Echo handler that reads the same body and answers with a constant, in the same run. "counter" answers from a bank in
// the same process, "loopback" asks a mock bank in a process of its own over HTTP. One operation is the whole measurement.
func BenchmarkBalanceQuestion(b *testing.B) {
	const rounds, n = 7, 2000
	for range b.N {
		counter := newHouseChild(b, "counter")
		atCounter := newSpeaker(b, counter.said["state"], time.Now)
		atCounter.linkAs(dev.Person{Bank: "counter", Now: time.Now}, nil)

		addr := loopback.Free(b)
		banks, ada := farChild(b, addr, "")
		loopback := newHouseChild(b, "house", "SOTTO_TEST_ADDR="+addr, "SOTTO_TEST_BANKS="+banks)
		far := newSpeaker(b, loopback.said["state"], time.Now)
		far.linkAs(ada, nil)

		bare := startChild(b, "echo")
		body := balanceBody(b, atCounter)
		plain, err := http.NewRequestWithContext(b.Context(), http.MethodPost, bare.said["url"]+"/alexa", bytes.NewReader(body))
		if err != nil {
			b.Fatal(err)
		}
		constant := onTheWire(b, []*http.Request{plain})[0]
		medians := costs(b, rounds, n, map[string]measured{
			"echo":     {bare, host(bare), always(all(func([]byte) []byte { return constant }))},
			"counter":  {counter, host(counter), questions(b, atCounter)},
			"loopback": {loopback, host(loopback), questions(b, far)},
			// The same question on the other platforms, at the same counter.
			"es": {counter, host(counter), typedQuestions(b, atCounter, false)},
			"cx": {counter, host(counter), typedQuestions(b, atCounter, true)},
		})
		base := float64(medians["echo"])
		b.ReportMetric(base/1e3, "echo-µs")
		b.ReportMetric(float64(medians["counter"])/1e3, "counter-µs")
		b.ReportMetric(float64(medians["loopback"])/1e3, "loopback-µs")
		b.ReportMetric(float64(medians["counter"])/base, "counter-ratio")
		b.ReportMetric(float64(medians["loopback"])/base, "loopback-ratio")
		for _, platform := range []string{"es", "cx"} {
			b.ReportMetric(float64(medians[platform])/1e3, platform+"-µs")
			b.ReportMetric(float64(medians[platform])/float64(medians["counter"]), platform+"-of-alexa")
			if medians[platform] > medians["counter"] {
				b.Errorf("a question through Dialogflow (%s) costs %.0f µs, more than Alexa's %.0f", platform, float64(medians[platform])/1e3, float64(medians["counter"])/1e3)
			}
		}
	}
}

// BenchmarkReady measures how long a house with existing state takes from the start of its process to the first 200 of /readyz.
func BenchmarkReady(b *testing.B) {
	env := []string{"SOTTO_TEST_STATE=" + b.TempDir(), "SOTTO_TEST_ADDR=" + loopback.Free(b), "SOTTO_TEST_BANK_ADDR=" + loopback.Free(b)}
	startChild(b, "house", env...).stop()
	for b.Loop() {
		c := startChild(b, "house", env...)
		r, err := http.NewRequestWithContext(b.Context(), http.MethodGet, c.said["url"]+"/readyz", nil)
		if err != nil {
			b.Fatal(err)
		}
		if status, body := send(b, r); status != http.StatusOK {
			b.Fatalf("/readyz answers %d: %s", status, body)
		}
		c.stop()
	}
}

func newHouseChild(tb testing.TB, kind string, env ...string) *child {
	tb.Helper()
	state, err := os.MkdirTemp(tb.TempDir(), "house")
	if err != nil {
		tb.Fatal(err)
	}
	c := startChild(tb, kind, append(env, "SOTTO_TEST_STATE="+state)...)
	c.said["state"] = state
	return c
}

func host(c *child) string { return strings.TrimPrefix(c.said["url"], "http://") }

// questions are signed balance questions, each another request.
func questions(tb testing.TB, s *speaker) func(n int) []talk {
	return fresh(func(n int) [][]byte {
		requests := make([]*http.Request, n)
		for i := range n {
			requests[i] = s.signed(balanceBody(tb, s))
		}
		return onTheWire(tb, requests)
	})
}

// typedQuestions are balance questions from an agent of Dialogflow, each another request, by a customer who links at the same bank as the speaker.
func typedQuestions(tb testing.TB, s *speaker, cx bool) func(n int) []talk {
	tb.Helper()
	other := *s
	other.client = s.file.Clients["google"]
	device := *s.device
	other.device = &device
	other.linkAs(dev.Person{Bank: "counter", Now: time.Now}, nil)
	caller := &dialogflow.Caller{
		CX: cx, Username: s.file.Dialogflow.Username, Password: s.file.Dialogflow.Password, Locale: "en-US", Token: device.Token, Random: rand.Reader,
	}
	path := "/dialogflow/es"
	if cx {
		path = "/dialogflow/cx"
	}
	return fresh(func(n int) [][]byte {
		requests := make([]*http.Request, n)
		for i := range n {
			body, err := caller.Ask("what's my balance", skills.Balance, nil)
			if err != nil {
				tb.Fatal(err)
			}
			if requests[i], err = http.NewRequestWithContext(tb.Context(), http.MethodPost, s.file.PublicURL+path, bytes.NewReader(body)); err != nil {
				tb.Fatal(err)
			}
			requests[i].Header = caller.Header()
		}
		return onTheWire(tb, requests)
	})
}

func balanceBody(tb testing.TB, s *speaker) []byte {
	tb.Helper()
	body, err := s.device.Ask(skills.Balance, nil)
	if err != nil {
		tb.Fatal(err)
	}
	return body
}
