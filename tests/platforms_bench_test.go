package tests

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"sotto/linking"
	"sotto/server/dev"
	"sotto/skills"
	"sotto/skills/mcp"
	"sotto/skills/messenger"
)

// BenchmarkMCPTool measures the server CPU of a tool call with a token of a customer's, from a bank in the same process, as a ratio to that of a bare
// tool of the SDK that answers the same body with a constant, and to Alexa's question, in the same run and each in a process of its own.
func BenchmarkMCPTool(b *testing.B) {
	const rounds, n = 7, 1000
	for range b.N {
		counter := newHouseChild(b, "counter")
		s := newSpeaker(b, counter.said["state"], time.Now)
		s.linkAs(dev.Person{Bank: "counter", Now: time.Now}, nil)
		bare := startChild(b, "sdk")
		medians := costs(b, rounds, n, map[string]measured{
			"alexa": {counter, host(counter), questions(b, s)},
			"mcp":   {counter, host(counter), toolCalls(b, s, s.file.PublicURL+linking.MCPPath)},
			"sdk":   {bare, host(bare), toolCalls(b, s, bare.said["url"])},
		})
		for name, median := range medians {
			b.ReportMetric(float64(median)/1e3, name+"-µs")
		}
		ratio := float64(medians["mcp"]) / float64(medians["sdk"])
		b.ReportMetric(ratio, "mcp-of-sdk")
		b.ReportMetric(float64(medians["mcp"])/float64(medians["alexa"]), "mcp-of-alexa")
		if ratio > 2 {
			b.Errorf("a tool call costs %.2f times a bare one", ratio)
		}
	}
}

// toolCalls is the call of the balance's tool by a customer who links at the same bank as the speaker.
func toolCalls(tb testing.TB, s *speaker, endpoint string) func(n int) []talk {
	tb.Helper()
	other := *s
	other.client, other.resource = s.file.Clients["mcp"], s.file.PublicURL+linking.MCPPath
	device := *s.device
	other.device = &device
	other.linkAs(dev.Person{Bank: "counter", Now: time.Now}, nil)
	header, body, err := mcp.Assistant{Locale: "en-US", Token: device.Token}.Ask(skills.Balance, nil, nil)
	if err != nil {
		tb.Fatal(err)
	}
	r, err := http.NewRequestWithContext(tb.Context(), http.MethodPost, endpoint, bytes.NewReader(body))
	if err != nil {
		tb.Fatal(err)
	}
	r.Header = header
	call := onTheWire(tb, []*http.Request{r})[0]
	return always(all(func([]byte) []byte { return call }))
}

// BenchmarkMessengerQuestion measures the server CPU of a typed "what's my balance?", from the delivery to the answer that was sent, beside Alexa's
// question in the same process. The Graph API is the benchmark's own, so that none of it is counted.
func BenchmarkMessengerQuestion(b *testing.B) {
	const rounds, n = 7, 640
	for range b.N {
		graph := &quietGraph{heard: map[string]chan struct{}{}}
		meta := httptest.NewServer(graph)
		counter := newHouseChild(b, "counter", "SOTTO_TEST_GRAPH="+meta.URL)
		s := newSpeaker(b, counter.said["state"], time.Now)
		s.linkAs(dev.Person{Bank: "counter", Now: time.Now}, nil)
		talks := make([]talk, connections)
		for i := range talks {
			talks[i] = graph.chat(b, s.file, fmt.Sprintf("5%015d", i))
		}
		medians := costs(b, rounds, n, map[string]measured{
			"alexa":     {counter, host(counter), questions(b, s)},
			"messenger": {counter, host(counter), always(talks)},
		})
		for name, median := range medians {
			b.ReportMetric(float64(median)/1e3, name+"-µs")
		}
		b.ReportMetric(float64(medians["messenger"])/float64(medians["alexa"]), "messenger-of-alexa")
		meta.Close()
	}
}

// quietGraph takes every message and says to whom it went.
type quietGraph struct {
	mu    sync.Mutex
	heard map[string]chan struct{}
}

func (g *quietGraph) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var sent struct {
		Recipient struct {
			ID string `json:"id"`
		} `json:"recipient"`
	}
	if err := json.NewDecoder(r.Body).Decode(&sent); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write([]byte(`{"recipient_id":"1","message_id":"m"}`))
	g.of(sent.Recipient.ID) <- struct{}{}
}

func (g *quietGraph) of(person string) chan struct{} {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.heard[person] == nil {
		g.heard[person] = make(chan struct{}, 8)
	}
	return g.heard[person]
}

// chat links a chat at the bank of the process, and gives a talk that asks for the balance again when the answer was sent.
func (g *quietGraph) chat(tb testing.TB, file dev.File, person string) talk {
	tb.Helper()
	phone := &messenger.Phone{PageID: file.Messenger.PageID, Person: person, Now: time.Now, Random: rand.Reader}
	x := &texter{tb: tb, file: file, phone: phone, now: time.Now}
	heard := g.of(person)
	code := x.walkAs(file.PublicURL+messenger.LinkPath, dev.Person{Bank: "counter", Now: time.Now})
	x.deliverNothing(phone.Return(handover(tb, code.Back)))
	<-heard
	x.deliverNothing(phone.Type(code.Digits))
	<-heard
	return func(answer []byte) []byte {
		if answer != nil {
			<-heard
		}
		body, err := phone.Type("what's my balance")
		if err != nil {
			tb.Error(err)
		}
		r, err := http.NewRequestWithContext(tb.Context(), http.MethodPost, file.PublicURL+"/messenger", bytes.NewReader(body))
		if err != nil {
			tb.Error(err)
			return nil
		}
		r.Header = messenger.Sign(file.Messenger.AppSecret, body)
		var wire bytes.Buffer
		if err := r.Write(&wire); err != nil {
			tb.Error(err)
		}
		return wire.Bytes()
	}
}
