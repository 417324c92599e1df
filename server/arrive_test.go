package server

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
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
			var all arrivals
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
			if w.Code != http.StatusNoContent || all.bytes.Load() != 0 {
				t.Errorf("%d, and %d bytes are still counted", w.Code, all.bytes.Load())
			}
		})
	}
}

// TestMoreThanCanBeKeptIsNotTaken: bodies that are still arriving are in memory.
func TestMoreThanCanBeKeptIsNotTaken(t *testing.T) {
	var all arrivals
	all.bytes.Store(maxArriving - 10)
	e := quietServer(t, &bytes.Buffer{}, Config{}).newEcho()
	e.POST("/", func(c echo.Context) error { return c.NoContent(http.StatusNoContent) }, all.whole)
	for body, want := range map[string]int{"1234567890": http.StatusNoContent, "12345678901": http.StatusServiceUnavailable} {
		w := httptest.NewRecorder()
		e.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body)))
		if w.Code != want || all.bytes.Load() != maxArriving-10 {
			t.Errorf("%d bytes: %d, and %d are counted", len(body), w.Code, all.bytes.Load())
		}
	}
}
