package server

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/labstack/echo/v4"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"sotto/skills/messenger"
	"sotto/skills/messenger/outbox"
)

// diary is what happened, in its order.
type diary struct {
	mu    sync.Mutex
	lines []string
}

func (d *diary) note(what string) {
	synctest.Wait() // whoever was woken before this has written by now
	d.mu.Lock()
	defer d.mu.Unlock()
	d.lines = append(d.lines, what)
}

// keeps is an outbox that notes when something is kept, and when somebody comes to answer it.
type keeps struct {
	outbox.Store
	diary *diary
	owed  []outbox.Owed
}

func (k *keeps) Owe(_ context.Context, owed []outbox.Owed) error {
	k.diary.note("kept")
	k.owed = owed
	return nil
}

func (k *keeps) TakeOwed(context.Context, time.Time, time.Time, int) ([]outbox.Taken, error) {
	k.diary.mu.Lock()
	defer k.diary.mu.Unlock()
	k.diary.lines = append(k.diary.lines, "taken up")
	return nil, nil
}

// wire is what Meta reads from.
type wire struct {
	*httptest.ResponseRecorder
	diary *diary
	said  bytes.Buffer
}

func (w *wire) Write(p []byte) (int, error) { return w.said.Write(p) }

func (w *wire) Flush() { w.diary.note(w.said.String()) }

// unsealed is a seal that seals nothing.
type unsealed struct{}

func (unsealed) Encrypt(plain, _ []byte) ([]byte, error)  { return plain, nil }
func (unsealed) Decrypt(sealed, _ []byte) ([]byte, error) { return sealed, nil }

// What wakes the worker has to come after what goes to Meta: it may ask the bank at once.
func TestADeliveryIsAcknowledgedBeforeAnybodyIsAsked(t *testing.T) {
	const secret, pageID = "secret", "104098558513421"
	for name, tc := range map[string]struct {
		phone func(*messenger.Phone) ([]byte, error)
		want  []string
	}{
		"a question":           {func(p *messenger.Phone) ([]byte, error) { return p.Type("what's my balance") }, []string{"kept", "EVENT_RECEIVED", "taken up"}},
		"nothing that is said": {func(*messenger.Phone) ([]byte, error) { return []byte(`{"object":"page","entry":[]}`), nil }, []string{"EVENT_RECEIVED"}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				happened := &diary{}
				kept := &keeps{diary: happened}
				platform, err := messenger.New(messenger.Config{AppSecret: secret, VerifyToken: "v", PageToken: "p", PageID: pageID, GraphURL: messenger.GraphURL, PublicURL: "https://sotto.example"})
				if err != nil {
					t.Fatal(err)
				}
				m := &facebookPage{
					Server: &Server{log: zap.NewNop(), wall: time.Now, now: time.Now, budget: turnBudget}, platform: platform, outbox: kept, house: unsealed{},
					worker: outbox.NewWorker(kept, time.Now, nil, func(err error) { t.Error(err) }),
				}
				ctx, stop := context.WithCancel(t.Context())
				var working sync.WaitGroup
				working.Go(func() { m.worker.Run(ctx) })
				body, err := tc.phone(&messenger.Phone{PageID: pageID, Person: "5", Now: time.Now, Random: bytes.NewReader(make([]byte, 100))})
				if err != nil {
					t.Fatal(err)
				}
				request := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/messenger", bytes.NewReader(body))
				request.Header = messenger.Sign(secret, body)
				answer := &wire{ResponseRecorder: httptest.NewRecorder(), diary: happened}
				if err := m.receive(echo.New().NewContext(request, answer)); err != nil {
					t.Fatal(err)
				}
				synctest.Wait()
				stop()
				working.Wait()
				if !slices.Equal(happened.lines, tc.want) || answer.Code != http.StatusOK {
					t.Errorf("got %d, and in this order %q, want %q", answer.Code, happened.lines, tc.want)
				}
			})
		})
	}
}

// shelf is an outbox from which nobody takes.
type shelf struct {
	outbox.Store
	owed []outbox.Owed
}

func (s *shelf) Owe(_ context.Context, owed []outbox.Owed) error {
	s.owed = owed
	return nil
}

func TestADeliveryWithOneEventThatCannotBeReadIsTaken(t *testing.T) {
	t.Parallel()
	const secret, pageID = "secret", "104098558513421"
	platform, err := messenger.New(messenger.Config{AppSecret: secret, VerifyToken: "v", PageToken: "p", PageID: pageID, GraphURL: messenger.GraphURL, PublicURL: "https://sotto.example"})
	if err != nil {
		t.Fatal(err)
	}
	s := bareServer(t)
	core, seen := observer.New(zap.WarnLevel)
	s.log = zap.New(core)
	kept := &shelf{}
	m := &facebookPage{Server: s, platform: platform, outbox: kept, house: unsealed{}, worker: outbox.NewWorker(kept, time.Now, nil, nil)}
	const event = `{"sender":{"id":"5"},"recipient":{"id":"` + pageID + `"},"timestamp":1,"message":{"mid":"m","text":`
	body := []byte(`{"object":"page","entry":[{"id":"` + pageID + `","messaging":[` + event + `5}},` + event + `"hi"}}]}]}`)
	request := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/messenger", bytes.NewReader(body))
	request.Header = messenger.Sign(secret, body)
	answer := httptest.NewRecorder()
	if err := m.receive(echo.New().NewContext(request, answer)); err != nil || answer.Code != http.StatusOK {
		t.Fatal(answer.Code, err)
	}
	if len(kept.owed) != 1 {
		t.Errorf("%d events are kept, want the one that can be read", len(kept.owed))
	}
	if lines := seen.All(); len(lines) != 1 || lines[0].Message != "events unread" || lines[0].ContextMap()["events"] != int64(1) {
		t.Errorf("the log says %v", lines)
	}
	if !strings.Contains(scraped(s.metrics), `sotto_events_unread_total{platform="messenger"} 1`) {
		t.Error("it is not counted")
	}
}
