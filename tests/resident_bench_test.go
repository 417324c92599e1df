package tests

import (
	"os/exec"
	"testing"
	"time"

	"sotto/tests/loopback"
)

// BenchmarkResident measures the resident memory (VmRSS) of the program itself, "sotto serve --dev" with the mock bank that is part of it: five
// seconds after its start, when nobody has asked anything, and under 32 connections that ask a bank in another process for balances. One operation is
// the whole measurement.
func BenchmarkResident(b *testing.B) {
	const rounds, n = 10, 2000
	program := buildSotto(b)
	for range b.N {
		addr, state := loopback.Free(b), b.TempDir()
		banks, ada := farChild(b, addr, "")
		cmd := exec.CommandContext(b.Context(), program, "serve", "--dev")
		cmd.Env = []string{
			"HOME=" + state, "SOTTO_STATE=" + state, "SOTTO_ADDR=" + addr, "SOTTO_BANK_ADDR=127.0.0.1:0", "SOTTO_BANKS=" + banks,
		}
		house := beginReady(b, cmd, "http://"+addr+"/readyz")
		if err := pause(b.Context(), 5*time.Second); err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(house.resident(b), "idle-MB")

		far := newSpeaker(b, state, time.Now)
		far.linkAs(ada, nil)
		asked := questions(b, far)
		most := 0.0
		for range rounds {
			load(b, n, addr, asked(n))
			most = max(most, house.resident(b))
		}
		b.ReportMetric(most, "loaded-MB")
	}
}
