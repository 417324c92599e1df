package server

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"
)

// TestABodyComesWholeOrSaysWhyNot: who reads it must not notice that it was read before.
func TestABodyComesWholeOrSaysWhyNot(t *testing.T) {
	long := strings.Repeat("x", largeBody)
	torn := errors.New("torn")
	for name, tc := range map[string]struct {
		body      io.Reader
		announced int64
		want      string
		err       error
	}{
		"none":                              {http.NoBody, 0, "", nil},
		"a short one":                       {strings.NewReader("a=b"), 3, "a=b", nil},
		"a long one":                        {strings.NewReader(long), largeBody, long, nil},
		"one of a length that was not said": {strings.NewReader(long), -1, long, nil},
		"one that is torn":                  {io.MultiReader(strings.NewReader("a="), ended{torn}), 3, "a=", torn},
		"one of a length that is a lie":     {strings.NewReader("a=b"), largeBody, "a=b", nil},
	} {
		t.Run(name, func(t *testing.T) {
			all := arrivals{room: maxArriving}
			e := quietServer(t, &bytes.Buffer{}, Config{}).newEcho()
			e.POST("/", func(c echo.Context) error {
				got, err := io.ReadAll(c.Request().Body)
				if string(got) != tc.want || !errors.Is(err, tc.err) {
					t.Errorf("%d bytes, %v", len(got), err)
				}
				return c.NoContent(http.StatusNoContent)
			}, all.whole)
			r := httptest.NewRequest(http.MethodPost, "/", tc.body)
			r.ContentLength = tc.announced
			w := httptest.NewRecorder()
			e.ServeHTTP(w, r)
			if w.Code != http.StatusNoContent || all.bytes != 0 || all.arriving.Len() != 0 {
				t.Errorf("%d, and %d bytes are still counted", w.Code, all.bytes)
			}
		})
	}
}

// TestMoreThanCanBeKeptIsNotTaken: bodies that are still arriving are in memory, and so are those of requests that are being served.
func TestMoreThanCanBeKeptIsNotTaken(t *testing.T) {
	all := arrivals{room: 100, bytes: 90}
	e := quietServer(t, &bytes.Buffer{}, Config{}).newEcho()
	e.POST("/", func(c echo.Context) error { return c.NoContent(http.StatusNoContent) }, all.whole)
	for body, want := range map[string]int{"1234567890": http.StatusNoContent, "12345678901": http.StatusServiceUnavailable} {
		w := httptest.NewRecorder()
		e.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body)))
		if w.Code != want || all.bytes != 90 || all.arriving.Len() != 0 {
			t.Errorf("%d bytes: %d, and %d are counted", len(body), w.Code, all.bytes)
		}
	}
}

// TestWhoFillsTheRoomForBodiesIsTheFirstToLeaveIt: otherwise a few hundred sockets, each with most of a body, would keep out everybody who has
// something to say, for as long as a body may take.
func TestWhoFillsTheRoomForBodiesIsTheFirstToLeaveIt(t *testing.T) {
	all := &arrivals{room: 1000}
	e := echo.New() // that of a house reads bodies itself, before any route
	e.POST("/", func(c echo.Context) error { return c.NoContent(http.StatusNoContent) }, all.whole)
	house := httptest.NewServer(e)
	defer house.Close()
	var sockets []net.Conn
	for i := range 10 {
		socket, err := new(net.Dialer).DialContext(t.Context(), "tcp", house.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer socket.Close()
		fmt.Fprintf(socket, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 101\r\n\r\n%s", strings.Repeat("x", 100))
		for all.here() < int64(i+1)*100 {
			runtime.Gosched() // until it is there, which nothing else says
		}
		sockets = append(sockets, socket)
	}
	for range 20 {
		answer, err := house.Client().Post(house.URL, "text/plain", strings.NewReader("a word"))
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		if answer.StatusCode != http.StatusNoContent {
			t.Fatalf("whoever comes to a full house is told %d", answer.StatusCode)
		}
	}
	answer, err := http.ReadResponse(bufio.NewReader(sockets[0]), nil)
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	if answer.StatusCode != http.StatusServiceUnavailable || all.here() != 900 {
		t.Errorf("the first is told %d, and %d bytes are there", answer.StatusCode, all.here())
	}
	if _, err := sockets[9].Write([]byte("x")); err != nil {
		t.Fatal(err)
	}
	if answer, err = http.ReadResponse(bufio.NewReader(sockets[9]), nil); err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	if answer.StatusCode != http.StatusNoContent {
		t.Errorf("the last, for whom there is room, is told %d", answer.StatusCode)
	}
}

func (a *arrivals) here() int64 {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.bytes
}
