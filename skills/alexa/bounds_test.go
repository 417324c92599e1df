package alexa

import (
	"fmt"
	"net/http"
	"net/url"
	"testing"
	"time"
)

func TestWhatIsKeptOfChainsIsBounded(t *testing.T) {
	c := newChains(nil, &url.URL{}, http.DefaultClient)
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	for i := range 2000 {
		name := fmt.Sprint(i)
		c.keepGood(name, signer{over: now.Add(time.Duration(i) * time.Second)})
		c.keepBad(name+"x", refusal{until: now.Add(time.Minute)}, now)
		if len(c.good) > maxGood || len(c.bad) > maxBad {
			t.Fatalf("%d good and %d bad are kept", len(c.good), len(c.bad))
		}
	}
	if _, ok := c.good["1999"]; !ok {
		t.Error("the chain that is valid longest was let go")
	}
	if _, ok := c.bad["1999x"]; !ok {
		t.Error("the newest refusal was let go")
	}
	c.keepBad("later", refusal{until: now.Add(time.Hour)}, now.Add(2*time.Minute))
	if len(c.bad) != 1 {
		t.Errorf("%d refusals are kept after they ended, want only the new one", len(c.bad))
	}
}
