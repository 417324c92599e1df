package tests

import (
	"strings"
	"testing"
	"time"
)

func TestPermissionsThatAreAboutToEndAreCounted(t *testing.T) {
	t.Parallel()
	state := t.TempDir()
	h := openAt(t, state, morning)
	h.speaker(t).link("ada", nil)
	h.stop()
	for _, tc := range []struct {
		after time.Duration
		want  string
	}{ // the mock bank permits half a year
		{time.Hour, "0"},
		{174 * 24 * time.Hour, "1"},
	} {
		h := openAt(t, state, morning.Add(tc.after))
		look := time.NewTicker(20 * time.Millisecond)
		defer look.Stop()
		for deadline := time.After(20 * time.Second); ; {
			numbers := get(t, h.PublicURL()+"/metrics")
			if strings.Contains(numbers, `sotto_connections_expiring{bank="albion"} `+tc.want+"\n") {
				break
			}
			select {
			case <-look.C:
			case <-deadline:
				t.Fatalf("after %v: want %s: %s", tc.after, tc.want, numbers)
			}
		}
		h.stop()
	}
}
