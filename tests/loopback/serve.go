package loopback

import (
	"net"
	"net/http"
	"testing"
	"time"
)

// Listen listens on this machine, until the test is over.
func Listen(tb testing.TB) net.Listener {
	tb.Helper()
	l, err := new(net.ListenConfig).Listen(tb.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = l.Close() })
	return l
}

// Serve has h answer at l, until the test is over; then it waits for nobody.
func Serve(tb testing.TB, l net.Listener, h http.Handler) {
	s := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = s.Serve(l) }()
	tb.Cleanup(func() { _ = s.Close() })
}
