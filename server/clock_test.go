package server_test

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"

	"sotto/server"
)

var update = flag.Bool("update", false, "write generated parts of documents anew")

func instant(t *testing.T, text string) server.Instant {
	t.Helper()
	var i server.Instant
	if text == "" {
		return i
	}
	if err := i.UnmarshalText([]byte(text)); err != nil {
		t.Fatal(err)
	}
	return i
}

// Each case is a row of starts of one house. Between two starts the machine's clock goes on by an hour.
func TestTheClockOfADevelopmentHouse(t *testing.T) {
	const wall = "2026-11-23T12:00:00Z"
	type start struct {
		said    string
		want    string // the house's present; empty: refused
		because string
	}
	for name, starts := range map[string][]start{
		"nothing is ever said": {
			{"", "2026-11-23T12:00:00Z", "a fresh house has the machine's clock"},
			{"", "2026-11-23T13:00:00Z", "and keeps it"},
		},
		"a fresh house may start in the past": {
			{"2026-03-01T00:00:00Z", "2026-03-01T00:00:00Z", "a fresh state may start anywhere"},
			{"2026-03-01T00:00:00Z", "2026-03-01T01:00:00Z", "the same value goes on from there"},
			{"", "2026-03-01T02:00:00Z", "nothing said goes on from there"},
		},
		"the same value in another spelling is the same value": {
			{"2026-03-01T00:00:00Z", "2026-03-01T00:00:00Z", ""},
			{"2026-03-01T01:00:00+01:00", "2026-03-01T01:00:00Z", "one instant, two zones"},
			{"2026-03-01T00:00:00.000Z", "2026-03-01T02:00:00Z", "with a fraction of nothing"},
		},
		"a later instant moves the clock": {
			{"2026-03-01T00:00:00Z", "2026-03-01T00:00:00Z", ""},
			{"2026-04-01T00:00:00Z", "2026-04-01T00:00:00Z", "later"},
			{"2026-04-01T00:00:00Z", "2026-04-01T01:00:00Z", "the same again"},
		},
		"an instant before the house's present is refused": {
			{"2027-03-01T00:00:00Z", "2027-03-01T00:00:00Z", "the future is as good as the past"},
			{"2027-02-28T00:00:00Z", "", "the house is past it"},
			{"", "2027-03-01T02:00:00Z", "a refusal changes nothing"},
			{"2027-03-01T02:59:59Z", "", "one second before the present"},
			{"2027-03-01T04:00:00Z", "2027-03-01T04:00:00Z", "the present itself is no step back"},
		},
		"the first value is a step back after a later one": {
			{"2026-03-01T00:00:00Z", "2026-03-01T00:00:00Z", ""},
			{"2026-04-01T00:00:00Z", "2026-04-01T00:00:00Z", ""},
			{"2026-03-01T00:00:00Z", "", ""},
		},
		"a house that has the machine's clock cannot step back": {
			{"", wall, ""},
			{"2026-11-23T12:30:00Z", "", ""},
		},
	} {
		t.Run(name, func(t *testing.T) {
			state := t.TempDir()
			now := instant(t, wall).Time
			for i, s := range starts {
				clock, err := server.OpenClock(state, instant(t, s.said), func() time.Time { return now })
				switch {
				case s.want == "" && !errors.Is(err, server.ErrSettings):
					t.Errorf("start %d (%s): %v, want a refusal", i, s.because, err)
				case s.want != "" && err != nil:
					t.Errorf("start %d (%s): %v", i, s.because, err)
				case s.want != "" && clock.Now().Format(time.RFC3339) != s.want:
					t.Errorf("start %d (%s): the house's present is %s, want %s", i, s.because, clock.Now().Format(time.RFC3339), s.want)
				}
				now = now.Add(time.Hour)
			}
		})
	}
}

func TestADamagedClockIsNotGuessedAt(t *testing.T) {
	state := t.TempDir()
	if err := os.WriteFile(filepath.Join(state, "clock.json"), []byte(`{"offset": "much"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := server.OpenClock(state, server.Instant{}, time.Now); !errors.Is(err, server.ErrSettings) {
		t.Errorf("%v, want a refusal", err)
	}
}
