package banking_test

import (
	"errors"
	"testing"
	"time"

	"pgregory.net/rapid"

	"sotto/banking"
)

func date(t *testing.T, s string) banking.Date {
	t.Helper()
	d, err := banking.ParseDate(s)
	if err != nil {
		t.Fatalf("%s: %v", s, err)
	}
	return d
}

func zone(t *testing.T, name string) *time.Location {
	t.Helper()
	z, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return z
}

func TestParseDate(t *testing.T) {
	for _, s := range []string{"2026-11-23", "2024-02-29", "0001-01-01", "9999-12-31"} {
		if d := date(t, s); d.String() != s || !d.Valid() {
			t.Errorf("%s is read as %s, valid %v", s, d, d.Valid())
		}
	}
	for _, s := range []string{
		"", "2026-11-31", "2026-02-29", "2026-13-01", "2026-00-10", "2026-11-00", "2026-1-1", "26-11-23", "2026-11-23T00:00:00Z", "+2026-11-2", "2026/11/23",
		"0000-01-01", "２０２６-11-23", " 2026-11-2",
	} {
		if d, err := banking.ParseDate(s); !errors.Is(err, banking.ErrDate) || !d.IsZero() {
			t.Errorf("%q is read as %s, %v; want ErrDate", s, d, err)
		}
	}
	if (banking.Date{Year: 2026, Month: 2, Day: 29}).Valid() || (banking.Date{}).Valid() {
		t.Error("a day no calendar has is valid")
	}
}

func TestDatesAreCountedByTheCalendar(t *testing.T) {
	for name, tc := range map[string]struct{ got, want string }{
		"a day after the end of the year":                  {date(t, "2026-12-31").AddDays(1).String(), "2027-01-01"},
		"a day before March in a leap year":                {date(t, "2024-03-01").AddDays(-1).String(), "2024-02-29"},
		"a month after January 31 is the end of February":  {date(t, "2026-01-31").AddMonths(1).String(), "2026-02-28"},
		"a month after January 31 in a leap year":          {date(t, "2024-01-31").AddMonths(1).String(), "2024-02-29"},
		"a month before March 31":                          {date(t, "2026-03-31").AddMonths(-1).String(), "2026-02-28"},
		"twelve months after a leap day":                   {date(t, "2024-02-29").AddMonths(12).String(), "2025-02-28"},
		"thirteen months before January go two years back": {date(t, "2026-01-15").AddMonths(-13).String(), "2024-12-15"},
	} {
		if tc.got != tc.want {
			t.Errorf("%s: got %s, want %s", name, tc.got, tc.want)
		}
	}
	a, b := date(t, "2026-03-01"), date(t, "2026-11-23")
	if !a.Before(b) || a.After(b) || !b.After(a) || a.Compare(a) != 0 || a.Before(a) {
		t.Error("the order of days is wrong")
	}
	if got := b.Sub(a); got != 267 {
		t.Errorf("got %d days, want 267", got)
	}
	if b.Weekday() != time.Monday {
		t.Errorf("got %s, want Monday", b.Weekday())
	}
}

func TestISOWeeks(t *testing.T) {
	for name, tc := range map[string]struct {
		year, week int
		monday     string
	}{
		"week 1 may begin in the year before": {2026, 1, "2025-12-29"},
		"2026 has a week 53":                  {2026, 53, "2026-12-28"},
		"week 47 of 2026":                     {2026, 47, "2026-11-16"},
		"week 1 may begin on January 4":       {2027, 1, "2027-01-04"},
		"2020 has a week 53":                  {2020, 53, "2020-12-28"},
	} {
		got, err := banking.Monday(tc.year, tc.week)
		if err != nil || got.String() != tc.monday {
			t.Errorf("%s: got %s, %v; want %s", name, got, err, tc.monday)
		}
	}
	for _, w := range [][2]int{{2025, 53}, {2027, 53}, {2026, 0}, {2026, 54}, {2026, -1}} {
		if d, err := banking.Monday(w[0], w[1]); !errors.Is(err, banking.ErrDate) {
			t.Errorf("week %d of %d: got %s, %v; want ErrDate", w[1], w[0], d, err)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		d := banking.Date{Year: 1900, Month: 1, Day: 1}.AddDays(rapid.IntRange(0, 110_000).Draw(t, "days"))
		year, week := d.ISOWeek()
		monday, err := banking.Monday(year, week)
		if ahead := d.Sub(monday); err != nil || monday.Weekday() != time.Monday || ahead < 0 || ahead > 6 {
			t.Errorf("%s is said to be in the week from %s, %v", d, monday, err)
		}
	})
}

func TestADayBeginsAtItsFirstInstant(t *testing.T) {
	for name, tc := range map[string]struct {
		day, zone, begins string
		hours             int
	}{
		"an ordinary winter's day in London":                          {"2026-11-23", "Europe/London", "2026-11-23T00:00:00Z", 24},
		"the day the clocks go forward in London has 23 hours":        {"2026-03-29", "Europe/London", "2026-03-29T00:00:00Z", 23},
		"the day the clocks go back in London has 25":                 {"2026-10-25", "Europe/London", "2026-10-25T00:00:00+01:00", 25},
		"the day after that one":                                      {"2026-10-26", "Europe/London", "2026-10-26T00:00:00Z", 24},
		"a day in São Paulo begins at 03:00 UTC":                      {"2026-11-01", "America/Sao_Paulo", "2026-11-01T00:00:00-03:00", 24},
		"where the clocks skip midnight the day begins at one":        {"2018-11-04", "America/Sao_Paulo", "2018-11-04T01:00:00-02:00", 23},
		"where midnight comes once after an hour twice":               {"2018-02-18", "America/Sao_Paulo", "2018-02-18T00:00:00-03:00", 24},
		"the day before has the hour twice":                           {"2018-02-17", "America/Sao_Paulo", "2018-02-17T00:00:00-02:00", 25},
		"where midnight comes twice the day begins at the first":      {"2026-11-01", "America/Havana", "2026-11-01T00:00:00-04:00", 25},
		"a zone with half an hour":                                    {"2026-11-23", "Asia/Kolkata", "2026-11-23T00:00:00+05:30", 24},
		"a zone fourteen hours ahead":                                 {"2026-11-23", "Pacific/Kiritimati", "2026-11-23T00:00:00+14:00", 24},
		"clocks that go half an hour forward":                         {"2026-10-04", "Australia/Lord_Howe", "2026-10-04T00:00:00+10:30", 23},
		"a day in the year 1905, when London had no summer time":      {"1905-06-01", "Europe/London", "1905-06-01T00:00:00Z", 24},
		"the day after a country lost a whole day begins at midnight": {"2011-12-31", "Pacific/Apia", "2011-12-31T00:00:00+14:00", 24},
	} {
		t.Run(name, func(t *testing.T) {
			d, z := date(t, tc.day), zone(t, tc.zone)
			want, err := time.Parse(time.RFC3339, tc.begins)
			if err != nil {
				t.Fatal(err)
			}
			got := d.In(z)
			if !got.Equal(want) {
				t.Errorf("begins %s, want %s", got, want)
			}
			if hours := int(d.AddDays(1).In(z).Sub(got) / time.Hour); hours != tc.hours {
				t.Errorf("has %d hours, want %d", hours, tc.hours)
			}
		})
	}
}

func TestEveryInstantIsInItsDay(t *testing.T) {
	zones := []*time.Location{
		time.UTC, zone(t, "Europe/London"), zone(t, "America/Sao_Paulo"), zone(t, "America/Havana"), zone(t, "Asia/Beirut"), zone(t, "America/New_York"),
		zone(t, "Australia/Lord_Howe"), zone(t, "Asia/Kolkata"),
	}
	rapid.Check(t, func(t *rapid.T) {
		z := rapid.SampledFrom(zones).Draw(t, "zone")
		at := time.Unix(rapid.Int64Range(0, 4_000_000_000).Draw(t, "second"), 0)
		d := banking.DateOf(at, z)
		begins, ends := d.In(z), d.AddDays(1).In(z)
		if at.Before(begins) || !at.Before(ends) {
			t.Errorf("%s is in %s, which goes from %s to %s", at.In(z), d, begins, ends)
		}
		if banking.DateOf(begins, z) != d || banking.DateOf(begins.Add(-time.Nanosecond), z) == d {
			t.Errorf("%s does not begin at %s", d, begins)
		}
	})
}

func TestTheLastEveningOfAMonthStaysInIt(t *testing.T) {
	at := time.Date(2026, 11, 1, 2, 30, 0, 0, time.UTC)
	if got := banking.DateOf(at, zone(t, "America/Sao_Paulo")).String(); got != "2026-10-31" {
		t.Errorf("23:30 on October 31 in São Paulo is taken for %s", got)
	}
}

func TestWindow(t *testing.T) {
	w := banking.Window{From: date(t, "2026-11-01"), To: date(t, "2026-12-01")}
	for day, want := range map[string]bool{"2026-10-31": false, "2026-11-01": true, "2026-11-30": true, "2026-12-01": false} {
		if got := w.Contains(date(t, day)); got != want {
			t.Errorf("%s: got %v, want %v", day, got, want)
		}
	}
	if got := w.Widen(3); got.From.String() != "2026-10-29" || got.To.String() != "2026-12-04" {
		t.Errorf("widened: got %s to %s", got.From, got.To)
	}
}

func FuzzParseDate(f *testing.F) {
	for _, s := range []string{"2026-11-23", "2026-02-30", "", "2026-11-23T", "0000-00-00"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		d, err := banking.ParseDate(s)
		if err == nil && (d.String() != s || !d.Valid()) || err != nil && !d.IsZero() {
			t.Fatalf("%q is read as %s, %v", s, d, err)
		}
	})
}
