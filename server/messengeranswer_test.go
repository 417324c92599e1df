package server

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"sotto/skills"
	"sotto/skills/messenger"
	"sotto/skills/messenger/outbox"
)

// What is owed is taken up again after a process has died, so that what kills one would kill them all.
func TestAnAnswerThatCannotBeMadeForAFaultOfOursEndsNoProcess(t *testing.T) {
	s := bareServer(t)
	core, seen := observer.New(zap.ErrorLevel)
	s.log = zap.New(core)
	m := &facebookPage{Server: s} // without the keys to open anything with
	if sends, err := m.answerOwed(t.Context(), outbox.Taken{Owed: outbox.Owed{ID: "m", Sealed: []byte("x")}}); !errors.Is(err, errPanicked) || sends != nil {
		t.Errorf("got %d messages, %v", len(sends), err)
	}
	if lines := seen.FilterMessage("panic").All(); len(lines) != 1 || lines[0].ContextMap()["route"] != messengerPath {
		t.Errorf("the log says %v, want one panic", lines)
	}
}

// scraped is what /metrics says.
func scraped(m *metrics) string {
	w := httptest.NewRecorder()
	m.handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	return w.Body.String()
}

// pageOfFaults is a Page that can make messages, and has nothing to remember a chat with: whatever is said to it panics.
func pageOfFaults(t *testing.T) (*facebookPage, *observer.ObservedLogs) {
	t.Helper()
	s := bareServer(t)
	core, seen := observer.New(zap.WarnLevel)
	s.log, s.metrics = zap.New(core), newMetrics(nil, []string{string(skills.Sorry)}, nil)
	platform, err := messenger.New(messenger.Config{
		AppSecret: "s", VerifyToken: "v", PageToken: "p", PageID: "104098558513421", GraphURL: messenger.GraphURL, PublicURL: "https://sotto.example",
	})
	if err != nil {
		t.Fatal(err)
	}
	return &facebookPage{Server: s, platform: platform, house: unsealed{}, locale: "en-US"}, seen
}

// What one chat says is answered in order, so that whatever is never answered keeps all that comes after it.
func TestAnEventThatAlwaysPanicsIsGivenUpWithAnApology(t *testing.T) {
	m, seen := pageOfFaults(t)
	said := outbox.Taken{Owed: outbox.Owed{ID: "m", Sealed: []byte(`{"kind":"said","person":"5","text":"balance"}`)}}
	for said.Tries = 1; said.Tries < lastPanic; said.Tries++ {
		if sends, err := m.answerOwed(t.Context(), said); !errors.Is(err, errPanicked) || sends != nil {
			t.Fatalf("attempt %d: %d messages, %v", said.Tries, len(sends), err)
		}
	}
	if sends, err := m.answerOwed(t.Context(), said); err != nil || len(sends) != 1 {
		t.Errorf("in the end: %d messages, %v, want an apology", len(sends), err)
	}
	lines := seen.FilterField(zap.String("reason", "given up")).All()
	if len(lines) != 1 || lines[0].ContextMap()["turn"] != "m" {
		t.Errorf("the log says %v, want once that it was given up", lines)
	}
	if page := scraped(m.metrics); !strings.Contains(page, `sotto_turns_total{intent="",platform="messenger",reply="sorry"} 1`) {
		t.Errorf("it is not counted: %s", page)
	}
}

func TestWhatCannotEvenBeApologisedForIsGivenUpInSilence(t *testing.T) {
	m, _ := pageOfFaults(t)
	m.phrases = nil
	if sends, err := m.answerOwed(t.Context(), outbox.Taken{Owed: outbox.Owed{ID: "m", Sealed: []byte(`{"kind":"said","person":"5"}`)}, Tries: lastPanic}); err != nil || sends != nil {
		t.Errorf("%d messages, %v", len(sends), err)
	}
}

// Its page would say that somebody was forgotten who was not.
func TestADeletionThatPanicsIsNeverGivenUp(t *testing.T) {
	m, _ := pageOfFaults(t)
	m.platform = nil
	if _, err := m.answerOwed(t.Context(), outbox.Taken{Owed: outbox.Owed{ID: "d", Sealed: []byte(`{"kind":"deletion","app_user":"7"}`)}, Tries: 10 * lastPanic}); !errors.Is(err, errPanicked) {
		t.Errorf("got %v", err)
	}
}

// Whether what panicked had arrived is not known, so that it must not be sent again.
func TestAPanicWhileSendingEndsNoProcess(t *testing.T) {
	m, _ := pageOfFaults(t)
	sends, err := m.messages(messenger.Event{Person: "5"}, skills.Reply{Key: skills.Sorry, Chat: true}, "", func(context.Context) {})
	if err != nil || len(sends) != 1 {
		t.Fatal(len(sends), err)
	}
	m.platform = nil
	if err := sends[0](t.Context()); !errors.Is(err, errPanicked) || errors.Is(err, outbox.ErrNotSent) || errors.Is(err, outbox.ErrRefused) {
		t.Errorf("got %v", err)
	}
}
