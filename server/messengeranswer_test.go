package server

import (
	"errors"
	"testing"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

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
