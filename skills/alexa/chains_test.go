package alexa_test

import (
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"sotto/skills/alexa"
	"sotto/tests/clock"
)

func TestAHundredRequestsAtOnceFetchAChainOnce(t *testing.T) {
	platform, b, _ := house(t, stopped)
	header := signed(t, genuine, nil)
	synctest.Test(t, func(t *testing.T) {
		b.block = make(chan struct{})
		var refused atomic.Int32
		var wait sync.WaitGroup
		for range 100 {
			wait.Go(func() {
				if platform.Verify(t.Context(), header, nil) != nil {
					refused.Add(1)
				}
			})
		}
		synctest.Wait() // all of them wait for the one fetch
		close(b.block)
		wait.Wait()
		if refused.Load() != 0 || b.count() != 1 {
			t.Errorf("%d were refused, %d fetches, want 0 and 1", refused.Load(), b.count())
		}
	})
}

func TestAFetchThatHangsEndsAfterThreeSeconds(t *testing.T) {
	platform, b, _ := house(t, stopped)
	header := signed(t, genuine, nil)
	synctest.Test(t, func(t *testing.T) {
		b.block = make(chan struct{})
		began := time.Now()
		if got := reason(t, platform.Verify(t.Context(), header, nil)); got != alexa.Unreachable {
			t.Errorf("got %q", got)
		}
		if took := time.Since(began); took != 3*time.Second {
			t.Errorf("took %s", took)
		}
	})
}

func TestAKeptChainIsFetchedOnce(t *testing.T) {
	platform, b, _ := house(t, stopped)
	for range 5 {
		if err := platform.Verify(t.Context(), signed(t, genuine, nil), nil); err != nil {
			t.Fatal(err)
		}
	}
	if b.count() != 1 {
		t.Errorf("%d fetches, want 1", b.count())
	}
}

func TestAKeptChainIsRefusedFromTheMomentItEnds(t *testing.T) {
	now := clock.At(present)
	platform, b, root := house(t, now.Now)
	verify := func() alexa.Reason { return reason(t, platform.Verify(t.Context(), signed(t, genuine, nil), nil)) }
	if got := verify(); got != "" {
		t.Fatal(got)
	}
	end := present.AddDate(0, 1, 0) // of the leaf
	now.Set(end)
	if got := verify(); got != "" {
		t.Errorf("at its last moment: got %q", got)
	}
	now.Set(end.Add(time.Second))
	if got := verify(); got != alexa.Expired {
		t.Errorf("a second after: got %q, want %q", got, alexa.Expired)
	}
	b.put(genuine, chainOf(root.leaf(t, &leafKey().PublicKey, nil))) // the same validity: still over
	now.Pass(2 * time.Minute)
	if got := verify(); got != alexa.Expired {
		t.Errorf("two minutes after: got %q, want %q", got, alexa.Expired)
	}
}

func TestAKeptChainIsRefusedWhenItsIntermediateEndsBeforeItsLeaf(t *testing.T) {
	now := clock.At(present)
	root := newAuthority(t, "root", nil)
	between := newAuthority(t, "between", root)
	short := *between.certificate
	short.NotAfter = present.Add(time.Hour)
	between.certificate = sign(t, &short, root.certificate, between.key.Public(), root.key)
	b := &bucket{files: map[string]string{genuine: chainOf(between.leaf(t, &leafKey().PublicKey, nil), between.certificate)}}
	platform := endpoint(t, root, b, now.Now)
	if err := platform.Verify(t.Context(), signed(t, genuine, nil), nil); err != nil {
		t.Fatal(err)
	}
	now.Pass(time.Hour + time.Second)
	if got := reason(t, platform.Verify(t.Context(), signed(t, genuine, nil), nil)); got != alexa.Expired {
		t.Errorf("got %q, want %q", got, alexa.Expired)
	}
}

func TestAKeptChainIsRefusedBeforeItsIntermediateBegins(t *testing.T) {
	now := clock.At(present)
	root := newAuthority(t, "root", nil)
	between := newAuthority(t, "between", root)
	young := *between.certificate
	young.NotBefore = present.Add(-time.Hour)
	between.certificate = sign(t, &young, root.certificate, between.key.Public(), root.key)
	b := &bucket{files: map[string]string{genuine: chainOf(between.leaf(t, &leafKey().PublicKey, nil), between.certificate)}}
	platform := endpoint(t, root, b, now.Now)
	if err := platform.Verify(t.Context(), signed(t, genuine, nil), nil); err != nil {
		t.Fatal(err)
	}
	now.Pass(-time.Hour - time.Second)
	if got := reason(t, platform.Verify(t.Context(), signed(t, genuine, nil), nil)); got != alexa.Expired {
		t.Errorf("got %q, want %q", got, alexa.Expired)
	}
}

func TestAURLThatGaveNoChainIsNotAskedAgainForAWhile(t *testing.T) {
	now := clock.At(present)
	platform, b, root := house(t, now.Now)
	good := chainOf(root.leaf(t, &leafKey().PublicKey, nil))
	for _, tc := range []struct {
		name, content string
		status        int
		life          time.Duration
	}{
		{"an unreachable one for five seconds", good, http.StatusServiceUnavailable, 5 * time.Second},
		{"one without a chain for a minute", "nothing", 0, time.Minute},
	} {
		t.Run(tc.name, func(t *testing.T) {
			url := fmt.Sprintf("https://s3.amazonaws.com/echo.api/%d.pem", tc.status)
			b.put(url, tc.content)
			b.status[url] = tc.status
			before := b.count()
			for range 3 {
				if platform.Verify(t.Context(), signed(t, url, nil), nil) == nil {
					t.Error("accepted")
				}
			}
			if got := b.count() - before; got != 1 {
				t.Errorf("%d fetches, want 1", got)
			}
			b.put(url, good)
			b.status[url] = 0
			now.Pass(tc.life - time.Second)
			if platform.Verify(t.Context(), signed(t, url, nil), nil) == nil {
				t.Error("asked again too early")
			}
			now.Pass(time.Second)
			if err := platform.Verify(t.Context(), signed(t, url, nil), nil); err != nil {
				t.Errorf("not asked again: %v", err)
			}
		})
	}
}

func TestAFloodOfMadeUpURLsPushesNoGoodChainOut(t *testing.T) {
	platform, b, _ := house(t, stopped)
	if err := platform.Verify(t.Context(), signed(t, genuine, nil), nil); err != nil {
		t.Fatal(err)
	}
	header := signed(t, genuine, nil)
	for i := range 1000 {
		header.Set("SignatureCertChainUrl", fmt.Sprintf("https://s3.amazonaws.com/echo.api/made-up-%d.pem", i))
		if platform.Verify(t.Context(), header, nil) == nil {
			t.Fatal("accepted")
		}
	}
	before := b.count()
	if err := platform.Verify(t.Context(), signed(t, genuine, nil), nil); err != nil {
		t.Error(err)
	}
	if b.count() != before {
		t.Error("the good chain was fetched again")
	}
}
