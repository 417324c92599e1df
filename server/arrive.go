package server

import (
	"bytes"
	"container/list"
	"errors"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/labstack/echo/v4"
)

// maxArriving is how many bytes of bodies may be here at the same time, of requests that are still arriving and of those that are being served.
const maxArriving = 64 << 20

// firstPiece is how much room a body is given before anything of it is there.
const firstPiece = 4 << 10

// arrivals reads bodies before their requests take a seat (boundCrowd). So whoever sends his slowly keeps nobody out, and costs little more than
// what he has sent. Where there is no room left, the body that has been arriving for longest is waited for no longer: whoever fills the room and
// stays is the first to leave it, from however many addresses he comes.
type arrivals struct {
	room int64

	mu       sync.Mutex
	bytes    int64
	arriving list.List // of *arrival, the oldest first
}

// arrival is one body.
type arrival struct {
	bytes int64
	place *list.Element // nil when it is no longer arriving
	over  bool          // it is waited for no longer
	stop  func()        // ends the reading of it
}

var errTooMuchArrives = errors.New("too much is arriving")

// past is a deadline that is over.
var past = time.Unix(1, 0)

// whole goes on when the whole body is there; or when it cannot come, which its reader is then told as if it had read so far itself.
func (a *arrivals) whole(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		r := c.Request()
		if r.Body == nil || r.Body == http.NoBody || r.ContentLength > largeBody { // which is refused unread
			return next(c)
		}
		one := a.begin(func() { _ = http.NewResponseController(c.Response()).SetReadDeadline(past) }) // what has none is read at once
		defer a.leave(one)
		body, err := a.read(one, r.Body, r.ContentLength)
		if errors.Is(err, errTooMuchArrives) {
			return echo.NewHTTPError(http.StatusServiceUnavailable)
		}
		r.Body = io.NopCloser(io.MultiReader(bytes.NewReader(body), ended{err}))
		return next(c)
	}
}

// read reads all of it. The error is nil at its end.
func (a *arrivals) read(one *arrival, from io.Reader, announced int64) ([]byte, error) {
	defer a.arrived(one)
	room := int64(firstPiece)
	if announced >= 0 {
		room = min(room, announced+1) // one more, so that the end is seen without growing
	}
	body := make([]byte, 0, room)
	for {
		if len(body) == cap(body) {
			body = append(body, 0)[:len(body)]
		}
		n, err := from.Read(body[len(body):cap(body)])
		body = body[:len(body)+n]
		switch {
		case !a.more(one, int64(n)):
			return nil, errTooMuchArrives
		case errors.Is(err, io.EOF):
			return body, nil
		case err != nil:
			return body, err
		}
	}
}

func (a *arrivals) begin(stop func()) *arrival {
	a.mu.Lock()
	defer a.mu.Unlock()
	one := &arrival{stop: stop}
	one.place = a.arriving.PushBack(one)
	return one
}

// more counts n more bytes of a body, and makes room for them; false where it is this one that is waited for no longer.
func (a *arrivals) more(one *arrival, n int64) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if one.over {
		return false
	}
	a.bytes, one.bytes = a.bytes+n, one.bytes+n
	for a.bytes > a.room && !one.over {
		oldest := a.arriving.Remove(a.arriving.Front()).(*arrival)
		a.bytes, oldest.bytes, oldest.place, oldest.over = a.bytes-oldest.bytes, 0, nil, true
		oldest.stop()
	}
	return !one.over
}

// arrived means that a body is here, or will not come.
func (a *arrivals) arrived(one *arrival) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if one.place != nil {
		a.arriving.Remove(one.place)
		one.place = nil
	}
}

// leave means that a request was answered.
func (a *arrivals) leave(one *arrival) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.bytes, one.bytes = a.bytes-one.bytes, 0
}

// ended is the end of a body, and why it ended.
type ended struct{ err error }

func (e ended) Read([]byte) (int, error) {
	if e.err == nil {
		return 0, io.EOF
	}
	return 0, e.err
}
