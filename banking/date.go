package banking

import (
	"cmp"
	"errors"
	"fmt"
	"time"
)

// ErrDate means a text that is no calendar day.
var ErrDate = errors.New("unreadable date")

// Date is a calendar day, in whatever zone its owner says. The zero Date is no day.
type Date struct {
	Year  int
	Month time.Month
	Day   int
}

// DateOf gives the calendar day on which t falls in the zone.
func DateOf(t time.Time, zone *time.Location) Date {
	y, m, d := t.In(zone).Date()
	return Date{Year: y, Month: m, Day: d}
}

// ParseDate reads a day as ISO 8601 writes it, "2026-11-23". Anything else, and a day no calendar has, is ErrDate.
func ParseDate(s string) (Date, error) {
	if len(s) != len(time.DateOnly) {
		return Date{}, ErrDate
	}
	t, err := time.Parse(time.DateOnly, s)
	if err != nil || t.Year() == 0 {
		return Date{}, ErrDate
	}
	return DateOf(t, time.UTC), nil
}

// String gives the day as ISO 8601 writes it, "2026-11-23".
func (d Date) String() string { return fmt.Sprintf("%04d-%02d-%02d", d.Year, d.Month, d.Day) }

// IsZero says whether d is no day.
func (d Date) IsZero() bool { return d == Date{} }

// Valid says whether the calendar has this day.
func (d Date) Valid() bool { return d.Year > 0 && DateOf(d.utc(), time.UTC) == d }

// Compare gives -1, 0 or +1 as d is before, on or after o.
func (d Date) Compare(o Date) int {
	return cmp.Or(cmp.Compare(d.Year, o.Year), cmp.Compare(d.Month, o.Month), cmp.Compare(d.Day, o.Day))
}

// Before says whether d is before o.
func (d Date) Before(o Date) bool { return d.Compare(o) < 0 }

// After says whether d is after o.
func (d Date) After(o Date) bool { return d.Compare(o) > 0 }

// AddDays gives the day n days later, or earlier where n is negative.
func (d Date) AddDays(n int) Date {
	return DateOf(time.Date(d.Year, d.Month, d.Day+n, 0, 0, 0, 0, time.UTC), time.UTC)
}

// AddMonths gives the same day n months later, or the last day of that month where it has no such day: January 31 and one
// month is February 28.
func (d Date) AddMonths(n int) Date {
	first := DateOf(time.Date(d.Year, d.Month+time.Month(n), 1, 0, 0, 0, 0, time.UTC), time.UTC)
	last := DateOf(time.Date(first.Year, first.Month+1, 0, 0, 0, 0, 0, time.UTC), time.UTC)
	return Date{Year: first.Year, Month: first.Month, Day: min(d.Day, last.Day)}
}

// Sub gives the number of days from o to d; it is negative where d is before o.
func (d Date) Sub(o Date) int { return int((d.utc().Unix() - o.utc().Unix()) / (24 * 60 * 60)) }

// Weekday gives the day of the week.
func (d Date) Weekday() time.Weekday { return d.utc().Weekday() }

// ISOWeek gives the ISO 8601 week d is in, 1 to 53, and that week's year, which at the turn of a year is not always d.Year.
func (d Date) ISOWeek() (year, week int) { return d.utc().ISOWeek() }

// Monday gives the first day of an ISO 8601 week. A week that year does not have is ErrDate: most years have 52, 2026 has 53.
func Monday(year, week int) (Date, error) {
	// January 4 is in week 1 of its year (ISO 8601).
	fourth := Date{Year: year, Month: time.January, Day: 4}
	d := fourth.AddDays((week-1)*7 - (int(fourth.Weekday())+6)%7)
	if y, w := d.ISOWeek(); week < 1 || y != year || w != week {
		return Date{}, ErrDate
	}
	return d, nil
}

// In gives the instant at which the day begins in the zone. That is midnight, or, where the clocks skip midnight, the first
// instant after it; the day ends where the next one begins, 23, 24 or 25 hours later.
func (d Date) In(zone *time.Location) time.Time {
	midnight := d.utc()
	_, before := midnight.Add(-24 * time.Hour).In(zone).Zone()
	_, after := midnight.Add(24 * time.Hour).In(zone).Zone()
	// Midnight by the clock of the day before comes first where clocks go back, and both are one where they stay.
	early := midnight.Add(-time.Duration(max(before, after)) * time.Second).In(zone)
	late := midnight.Add(-time.Duration(min(before, after)) * time.Second).In(zone)
	for _, t := range []time.Time{early, late} {
		if DateOf(t, zone) == d && t.Hour() == 0 && t.Minute() == 0 && t.Second() == 0 {
			return t
		}
	}
	_, change := early.ZoneBounds()
	return change
}

// utc gives midnight of the day in UTC, for counting with.
func (d Date) utc() time.Time { return time.Date(d.Year, d.Month, d.Day, 0, 0, 0, 0, time.UTC) }

// Contains says whether d is in the window.
func (w Window) Contains(d Date) bool { return !d.Before(w.From) && d.Before(w.To) }

// Widen gives the window with n more days at each end.
func (w Window) Widen(n int) Window { return Window{From: w.From.AddDays(-n), To: w.To.AddDays(n)} }
