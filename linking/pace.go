package linking

import (
	"fmt"
	"net/http"
	"time"

	"github.com/maypok86/otter/v2"
	"golang.org/x/time/rate"
)

// Pace bounds how often something may happen under each of many names: a burst at once, and from then on so many a second. It knows the names
// used last, so many that others' names can hardly push one out; one that was forgotten begins afresh. It is safe for concurrent use.
type Pace struct {
	perSecond rate.Limit
	burst     int
	names     *otter.Cache[string, *rate.Limiter]
}

// paceNames bounds what a Pace remembers: about 200 bytes each.
const paceNames = 20_000

// NewPace makes a Pace.
func NewPace(perSecond float64, burst int) (*Pace, error) {
	names, err := otter.New(&otter.Options[string, *rate.Limiter]{MaximumSize: paceNames})
	if err != nil {
		return nil, fmt.Errorf("names of a pace: %w", err)
	}
	return &Pace{perSecond: rate.Limit(perSecond), burst: burst, names: names}, nil
}

// Wait counts one more under this name. It is 0 where that may be, and else how long it must wait; then nothing was counted, so that whoever
// asks too often is not kept out by his own asking.
func (p *Pace) Wait(name string, now time.Time) time.Duration {
	l, known := p.names.GetIfPresent(name)
	if !known {
		l, _ = p.names.SetIfAbsent(name, rate.NewLimiter(p.perSecond, p.burst))
	}
	r := l.ReserveN(now, 1)
	wait := r.DelayFrom(now)
	if wait > 0 {
		r.CancelAt(now)
	}
	return wait
}

// Names is how many names it remembers.
func (p *Pace) Names() int {
	p.names.CleanUp()
	return p.names.EstimatedSize()
}

// slower refuses what came too often. It is no error of RFC 6749 section 5.2, so the nearest of section 4.1.2.1 is taken, as for an overload.
func slower(reason string, wait time.Duration) *OAuthError {
	return &OAuthError{
		Code: temporarilyUnavailable, Reason: reason, Description: "this was asked for too often; try again later", Status: http.StatusTooManyRequests, RetryAfter: wait,
	}
}
