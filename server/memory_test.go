package server

import (
	"runtime/debug"
	"testing"
)

func TestWhoeverSetGOGCIsObeyed(t *testing.T) {
	before := debug.SetGCPercent(70)
	defer debug.SetGCPercent(before)
	settle()
	if now := debug.SetGCPercent(70); now != 70 {
		t.Errorf("the house collects at %d percent, want the 70 that were set", now)
	}
	debug.SetGCPercent(100)
	settle()
	if now := debug.SetGCPercent(100); now != growth {
		t.Errorf("the house collects at %d percent, want %d", now, growth)
	}
}
