// Package clock is a clock that tests move. It knows neither the real time nor who asks it.
package clock

import (
	"sync"
	"time"
)

// Clock shows the time to which it was last moved. All may look at it at once, also while it is moved.
type Clock struct {
	mu  sync.Mutex
	now time.Time
}

// At gives a clock that shows now.
func At(now time.Time) *Clock { return &Clock{now: now} }

// Now gives the time that the clock shows.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Set moves the clock to a time, which may be one before.
func (c *Clock) Set(now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = now
}

// Pass moves the clock on by d, or back where d is less than nothing.
func (c *Clock) Pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}
