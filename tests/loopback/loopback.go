// Package loopback finds addresses on this machine for tests whose servers must be known before they answer, or answer again where they did before. It
// does not know what they answer.
package loopback

import (
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"testing"
)

// The ports lie below those from which systems take one for a connection that is made (32768 and up on Linux, 49152 and up elsewhere): there, what was
// free a moment ago may be the near end of somebody's connection by now, and nobody can listen at it.
const lowest, count = 16000, 16000

// first is where this process begins to look, so that two that run at the same time do not look at the same ports.
var first = sync.OnceValue(func() uint64 {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails
	return binary.LittleEndian.Uint64(b[:])
})

var looked atomic.Uint64

// Free gives a loopback address, as host:port, at which nobody listens. It gives none twice before all others.
func Free(tb testing.TB) string {
	tb.Helper()
	for range count {
		addr := fmt.Sprintf("127.0.0.1:%d", lowest+(first()+looked.Add(1))%count)
		if l, err := new(net.ListenConfig).Listen(tb.Context(), "tcp", addr); err == nil {
			_ = l.Close() // it was only to see that one can listen there
			return addr
		}
	}
	tb.Fatal("no port is free")
	return ""
}
