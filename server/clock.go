package server

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/go-json-experiment/json"

	"sotto/server/dev"
)

// Clock is the house's clock: the wall's, moved by an offset that only --dev can set.
type Clock struct {
	wall   func() time.Time
	Offset time.Duration
}

// Now is the house's present, in UTC.
func (c Clock) Now() time.Time { return c.wall().Add(c.Offset).UTC() }

// keptClock is what STATE/clock.json holds.
type keptClock struct {
	Said   string `json:"said"`   // the value of SOTTO_CLOCK that set the offset; empty where none did
	Offset string `json:"offset"` // a Go duration
}

// OpenClock gives the clock of a development house, whose offset is kept in the state directory. Where nothing is said, or the
// same as last time, time goes on from where it is. A later instant moves the clock to it. An instant before the house's present is
// refused, because tokens and consents would live again; a fresh state may start anywhere.
func OpenClock(state string, said Instant, wall func() time.Time) (Clock, error) {
	path := filepath.Join(state, "clock.json")
	kept, fresh, err := readClock(path)
	if err != nil {
		return Clock{}, err
	}
	clock := Clock{wall: wall}
	if clock.Offset, err = time.ParseDuration(kept.Offset); err != nil {
		return Clock{}, fmt.Errorf("%w: %s holds no offset: remove the state directory to start afresh", ErrSettings, path)
	}
	var before Instant
	if kept.Said != "" {
		if err := before.UnmarshalText([]byte(kept.Said)); err != nil {
			return Clock{}, fmt.Errorf("%w: %s is damaged: remove the state directory to start afresh", ErrSettings, path)
		}
	}
	if !said.IsZero() && !said.Equal(before.Time) {
		if !fresh && said.Before(clock.Now()) {
			return Clock{}, fmt.Errorf("%w: SOTTO_CLOCK is before the house's present, %s: say a later instant, or remove %s to start afresh",
				ErrSettings, clock.Now().Format(time.RFC3339), state)
		}
		clock.Offset, kept.Said, fresh = said.Sub(wall()), said.String(), true
	}
	if !fresh {
		return clock, nil
	}
	content, err := json.Marshal(keptClock{Said: kept.Said, Offset: clock.Offset.String()})
	if err != nil {
		return Clock{}, fmt.Errorf("keep the clock: %w", err)
	}
	if err := dev.WriteFile(path, content); err != nil {
		return Clock{}, fmt.Errorf("keep the clock: %w", err)
	}
	return clock, nil
}

func readClock(path string) (keptClock, bool, error) {
	content, err := os.ReadFile(path) //nolint:gosec // a file of our own state directory
	if errors.Is(err, os.ErrNotExist) {
		return keptClock{Offset: "0s"}, true, nil
	}
	if err != nil {
		return keptClock{}, false, fmt.Errorf("read the clock: %w", err)
	}
	var kept keptClock
	if err := json.Unmarshal(content, &kept); err != nil {
		return keptClock{}, false, fmt.Errorf("%w: %s is damaged: remove the state directory to start afresh", ErrSettings, path)
	}
	return kept, false, nil
}
