package disclosure_test

import (
	"context"
	"crypto/rand"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/tink-crypto/tink-go/v2/aead/subtle"
	"github.com/tink-crypto/tink-go/v2/tink"

	"sotto/linking/disclosure"
)

// shelf is a Store in memory.
type shelf struct {
	rows []disclosure.Row
	err  error
}

func (s *shelf) AppendDisclosure(_ context.Context, r disclosure.Row) error {
	if s.err != nil {
		return s.err
	}
	s.rows = append([]disclosure.Row{r}, s.rows...)
	return nil
}

func (s *shelf) Disclosures(_ context.Context, link string, n int) ([]disclosure.Row, int, error) {
	var own []disclosure.Row
	for _, r := range s.rows {
		if r.Link == link {
			own = append(own, r)
		}
	}
	return own[:min(n, len(own))], len(own), s.err
}

func (s *shelf) DisclosuresBefore(_ context.Context, link string, at time.Time, id string, n int) ([]disclosure.Row, error) {
	var own []disclosure.Row
	for _, r := range s.rows {
		if r.Link == link && (id == "" || r.At.Before(at) || r.At.Equal(at) && r.ID < id) {
			own = append(own, r)
		}
	}
	return own[:min(n, len(own))], s.err
}

func (s *shelf) DropDisclosures(_ context.Context, before time.Time, n int) (int, error) {
	kept := slices.DeleteFunc(slices.Clone(s.rows), func(r disclosure.Row) bool {
		if n > 0 && r.At.Before(before) {
			n--
			return true
		}
		return false
	})
	dropped := len(s.rows) - len(kept)
	s.rows = kept
	return dropped, s.err
}

func key(t *testing.T) tink.AEAD {
	t.Helper()
	secret := make([]byte, 32)
	_, _ = rand.Read(secret)
	k, err := subtle.NewAESGCM(secret)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

var noon = time.Date(2026, 11, 23, 12, 0, 0, int(7*time.Millisecond), time.UTC)

func entry(turn string) disclosure.Entry {
	return disclosure.Entry{Turn: turn, Platform: "alexa", Intent: "BalanceIntent", Facts: []disclosure.Fact{
		{Kind: "balance", Account: "Rainy Day", Bank: "Albion Bank", Period: "2026-11-16/2026-11-22"}, {Kind: "count"},
	}}
}

func TestEntriesComeBackNewestFirst(t *testing.T) {
	now := noon
	log := disclosure.NewLog(&shelf{}, func() time.Time { return now }, rand.Reader)
	h := disclosure.Holder{Link: "link-1", Key: key(t)}
	var want []disclosure.Entry
	for _, turn := range []string{"a", "b", "c"} {
		if err := log.Append(t.Context(), h, entry(turn)); err != nil {
			t.Fatal(err)
		}
		e := entry(turn)
		e.At = now
		want = append([]disclosure.Entry{e}, want...)
		now = now.Add(time.Hour)
	}
	got, total, err := log.List(t.Context(), h, 2)
	if err != nil || total != 3 {
		t.Fatalf("got %d, %v", total, err)
	}
	if diff := cmp.Diff(want[:2], got); diff != "" {
		t.Error(diff)
	}
	if _, total, err := log.List(t.Context(), h, -1); err != nil || total != 3 {
		t.Errorf("none asked for: got %d, %v", total, err)
	}
}

func TestPagesGiveEveryEntryOnce(t *testing.T) {
	now := noon
	log := disclosure.NewLog(&shelf{}, func() time.Time { return now }, rand.Reader)
	h := disclosure.Holder{Link: "link-1", Key: key(t)}
	for _, turn := range []string{"1", "2", "3", "4", "5"} {
		now = now.Add(time.Second)
		if err := log.Append(t.Context(), h, entry(turn)); err != nil {
			t.Fatal(err)
		}
	}
	var got []string
	pages, place := 0, ""
	for pages == 0 || place != "" {
		entries, end, err := log.Page(t.Context(), h, place, 2)
		if err != nil || len(entries) > 2 {
			t.Fatal(len(entries), err)
		}
		for _, e := range entries {
			got = append(got, e.Turn)
		}
		pages, place = pages+1, end
	}
	if want := []string{"5", "4", "3", "2", "1"}; !slices.Equal(got, want) || pages != 3 {
		t.Errorf("got %v on %d pages, want %v on 3", got, pages, want)
	}
	for _, place := range []string{"x", strings.Repeat("g", 32), strings.Repeat("0", 33), "'; DROP TABLE disclosures; --"} {
		if entries, end, err := log.Page(t.Context(), h, place, 2); len(entries) > 0 || end != "" || err != nil {
			t.Errorf("a place that is none, %q, gives %d entries, %q, %v", place, len(entries), end, err)
		}
	}
	if _, _, err := log.Page(t.Context(), disclosure.Holder{Link: "link-1", Key: key(t)}, "", 2); err == nil {
		t.Error("another key opens it")
	}
	if _, _, err := log.Page(t.Context(), disclosure.Holder{Link: "link-1"}, "", 2); !errors.Is(err, disclosure.ErrNoKey) {
		t.Errorf("no key: %v", err)
	}
}

func TestWhatIsKeptIsSealedAndBound(t *testing.T) {
	mine := disclosure.Holder{Link: "link-1", Key: key(t)}
	for name, tamper := range map[string]func(*shelf, *disclosure.Holder){
		"another link's key opens nothing":           func(_ *shelf, h *disclosure.Holder) { h.Key = key(t) },
		"a row moved to another link does not open":  func(s *shelf, h *disclosure.Holder) { h.Link = "link-2"; s.rows[0].Link = "link-2" },
		"a row given another's id does not open":     func(s *shelf, _ *disclosure.Holder) { s.rows[0].ID = strings.Repeat("0", 32) },
		"a row whose seal was changed does not open": func(s *shelf, _ *disclosure.Holder) { s.rows[0].Sealed[20] ^= 1 },
	} {
		t.Run(name, func(t *testing.T) {
			s := &shelf{}
			log := disclosure.NewLog(s, func() time.Time { return noon }, rand.Reader)
			if err := log.Append(t.Context(), mine, entry("a")); err != nil {
				t.Fatal(err)
			}
			for _, secret := range []string{"Rainy", "Albion", "Balance", "alexa"} {
				if strings.Contains(string(s.rows[0].Sealed), secret) {
					t.Errorf("%q can be read", secret)
				}
			}
			h := mine
			tamper(s, &h)
			if got, _, err := log.List(t.Context(), h, 10); err == nil {
				t.Errorf("opened %v", got)
			}
		})
	}
}

func TestWhatCannotBeKeptIsAnError(t *testing.T) {
	gone := errors.New("disk full")
	for name, tc := range map[string]struct {
		store  *shelf
		holder disclosure.Holder
		want   error
	}{
		"no key":  {&shelf{}, disclosure.Holder{Link: "link-1"}, disclosure.ErrNoKey},
		"no link": {&shelf{}, disclosure.Holder{Key: key(t)}, disclosure.ErrNoKey},
		"no disk": {&shelf{err: gone}, disclosure.Holder{Link: "link-1", Key: key(t)}, gone},
	} {
		t.Run(name, func(t *testing.T) {
			log := disclosure.NewLog(tc.store, func() time.Time { return noon }, rand.Reader)
			if err := log.Append(t.Context(), tc.holder, entry("a")); !errors.Is(err, tc.want) {
				t.Errorf("append: got %v, want %v", err, tc.want)
			}
			if _, _, err := log.List(t.Context(), tc.holder, 1); !errors.Is(err, tc.want) {
				t.Errorf("list: got %v, want %v", err, tc.want)
			}
			if len(tc.store.rows) != 0 {
				t.Error("kept all the same")
			}
		})
	}
	if err := disclosure.NewLog(&shelf{}, func() time.Time { return noon }, strings.NewReader("short")).Append(
		t.Context(), disclosure.Holder{Link: "link-1", Key: key(t)}, entry("a")); err == nil {
		t.Error("an id without enough randomness was used")
	}
}

func TestASweepDeletesWhatIsOlderThanTheRetention(t *testing.T) {
	now := noon
	s := &shelf{}
	log := disclosure.NewLog(s, func() time.Time { return now }, rand.Reader)
	h := disclosure.Holder{Link: "link-1", Key: key(t)}
	const old = 1201 // more than two steps
	for i := range old + 1 {
		if i == old {
			now = now.Add(48 * time.Hour)
		}
		if err := log.Append(t.Context(), h, entry("a")); err != nil {
			t.Fatal(err)
		}
	}
	if n, err := log.Sweep(t.Context(), 24*time.Hour); n != old || err != nil {
		t.Errorf("got %d, %v; want %d", n, err, old)
	}
	if len(s.rows) != 1 {
		t.Errorf("%d rows are left, want 1", len(s.rows))
	}
}
