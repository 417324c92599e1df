package conformance

import (
	"context"
	"testing"
	"time"

	"sotto/linking"
)

func spendAssertion(t *testing.T, s linking.Store) {
	id := blob()
	if won := race(t, func(ctx context.Context) error { return s.SpendAssertion(ctx, id, noon.Add(time.Minute)) }); won != 1 {
		t.Errorf("%d spent it, want 1", won)
	}
	wantNone(t, "once more", s.SpendAssertion(t.Context(), id, noon.Add(time.Hour)))
	check(t, s.SpendAssertion(t.Context(), blob(), noon.Add(time.Minute)))
}

func sweepAssertions(t *testing.T, s linking.Store) {
	id := blob()
	check(t, s.SpendAssertion(t.Context(), id, noon))
	for _, after := range []time.Duration{-time.Second, 0, time.Minute} {
		check(t, s.SweepLinks(t.Context(), noon.Add(after)))
		wantNone(t, "for clocks that are behind", s.SpendAssertion(t.Context(), id, noon))
	}
	check(t, s.SweepLinks(t.Context(), noon.Add(time.Hour)))
	check(t, s.SpendAssertion(t.Context(), id, noon))
}
