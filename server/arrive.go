package server

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"sync/atomic"

	"github.com/labstack/echo/v4"
)

// maxArriving is how many bytes of bodies may be here at the same time, of requests that are still arriving and of those that are being served.
const maxArriving = 64 << 20

// firstPiece is how much room a body is given before anything of it is there.
const firstPiece = 4 << 10

// arrivals reads bodies before their requests take a seat (boundCrowd). So whoever sends his slowly keeps nobody out, and costs little more than
// what he has sent.
type arrivals struct{ bytes atomic.Int64 }

var errTooMuchArrives = errors.New("too much is arriving")

// whole goes on when the whole body is there; or when it cannot come, which its reader is then told as if it had read so far itself.
func (a *arrivals) whole(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		r := c.Request()
		if r.Body == nil || r.Body == http.NoBody || r.ContentLength > largeBody { // which is refused unread
			return next(c)
		}
		body, err := a.read(r.Body, r.ContentLength)
		defer a.bytes.Add(-int64(len(body)))
		if errors.Is(err, errTooMuchArrives) {
			return echo.NewHTTPError(http.StatusServiceUnavailable)
		}
		r.Body = io.NopCloser(io.MultiReader(bytes.NewReader(body), ended{err}))
		return next(c)
	}
}

// read reads all of it. The error is nil at its end.
func (a *arrivals) read(from io.Reader, announced int64) ([]byte, error) {
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
		case a.bytes.Add(int64(n)) > maxArriving:
			return body, errTooMuchArrives
		case errors.Is(err, io.EOF):
			return body, nil
		case err != nil:
			return body, err
		}
	}
}

// ended is the end of a body, and why it ended.
type ended struct{ err error }

func (e ended) Read([]byte) (int, error) {
	if e.err == nil {
		return 0, io.EOF
	}
	return 0, e.err
}
