package tests

import (
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"testing"
	"time"

	"sotto/skills"
	"sotto/tests/loopback"
)

// BenchmarkSpendingOverAHundredThousandRows asks a signed "how much did I spend this decade?" of a house in this process, whose bank, in another
// one, has 100,000 entries in pages of 1,000. It reports by how much the house's heap grows at most, and how long the question takes.
func BenchmarkSpendingOverAHundredThousandRows(b *testing.B) {
	house, s := hopper(b, "100000")
	defer debug.SetGCPercent(debug.SetGCPercent(20)) // what is needed is measured, not what the collector leaves lying about
	peak := 0.0
	for b.Loop() {
		house.pass(3 * time.Second)
		grown := heapGrowth(func() {
			body, err := s.device.Ask(skills.Spending, skills.Slots{skills.SlotPeriod: {Heard: "202X"}})
			if err != nil {
				b.Fatal(err)
			}
			if heard := words(b, s.hear(body).SSML); !strings.HasPrefix(heard, "You've spent ") {
				b.Fatalf("heard %q", heard)
			}
		})
		peak = max(peak, grown)
	}
	b.ReportMetric(peak, "heap-MB")
	b.ReportMetric(b.Elapsed().Seconds()/float64(b.N), "s/question")
}

// hopper is a house, and a speaker with so many entries at a bank in a process of its own.
func hopper(tb testing.TB, rows string) (*openHouse, *speaker) {
	tb.Helper()
	addr := loopback.Free(tb)
	banks, who := farChild(tb, addr, rows)
	house := openWith(tb, addr, banks)
	house.wall.Set(time.Now()) // as the bank has it
	s := house.speaker(tb)
	s.linkAs(who, nil)
	return house, s
}

// heapGrowth gives by how many MB the heap grew at most while f ran.
func heapGrowth(f func()) float64 {
	heap := func() uint64 {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	runtime.GC()
	before := heap()
	peak := before
	stop := make(chan struct{})
	var watching sync.WaitGroup
	watching.Go(func() {
		tick := time.NewTicker(time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-stop:
				return
			case <-tick.C:
				peak = max(peak, heap())
			}
		}
	})
	f()
	close(stop)
	watching.Wait()
	return float64(peak-before) / 1e6
}
