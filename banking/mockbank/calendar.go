package mockbank

import "time"

// epochYear is the year on whose first day all histories begin to be worked out. It never
// depends on the clock, so that what is past stays as it was.
const epochYear = 2018

// windowMonths is how far back the bank shows entries.
const windowMonths = 24

// days walks the civil days of zone from the first of epochYear to the day of now.
func days(now time.Time, zone *time.Location, each func(day time.Time)) {
	last := midnight(now, zone)
	for d := time.Date(epochYear, 1, 1, 0, 0, 0, 0, zone); !d.After(last); d = d.AddDate(0, 0, 1) {
		each(d)
	}
}

// midnight is the start of now's day in zone. London has no day without one.
func midnight(now time.Time, zone *time.Location) time.Time {
	y, m, d := now.In(zone).Date()
	return time.Date(y, m, d, 0, 0, 0, 0, zone)
}

// windowStart is the first of the month, windowMonths before now's.
func windowStart(now time.Time, zone *time.Location) time.Time {
	y, m, _ := now.In(zone).Date()
	return time.Date(y, m-windowMonths, 1, 0, 0, 0, 0, zone)
}

// at is a wall-clock time of a day.
func at(day time.Time, hour, minute int) time.Time {
	y, m, d := day.Date()
	return time.Date(y, m, d, hour, minute, 0, 0, day.Location())
}

// banking says whether banks book on the day.
func banking(day time.Time) bool {
	if day.Weekday() == time.Saturday || day.Weekday() == time.Sunday {
		return false
	}
	switch _, m, d := day.Date(); {
	case m == time.December && (d == 25 || d == 26), m == time.January && d == 1:
		return false
	}
	return true
}

// nextBanking is the first banking day after day.
func nextBanking(day time.Time) time.Time {
	for day = day.AddDate(0, 0, 1); !banking(day); {
		day = day.AddDate(0, 0, 1)
	}
	return day
}

// due says whether a payment due on dayOfMonth (31 is the last day) is booked on
// day: on the due day itself, or the banking day after it.
func due(day time.Time, dayOfMonth int) bool {
	if d := day.Day(); dayOfMonth < 27 && (d < dayOfMonth || d > dayOfMonth+5) || !banking(day) {
		return false
	}
	for d := day; ; d = d.AddDate(0, 0, -1) {
		if onDay(d, dayOfMonth) {
			return true
		}
		if banking(d.AddDate(0, 0, -1)) {
			return false
		}
	}
}

// dueBefore is due, but pays early: on the due day or the banking day before it.
func dueBefore(day time.Time, dayOfMonth int) bool {
	if d := day.Day(); dayOfMonth > 5 && (d > dayOfMonth || d < dayOfMonth-8) || !banking(day) {
		return false
	}
	for d := day; ; d = d.AddDate(0, 0, 1) {
		if onDay(d, dayOfMonth) {
			return true
		}
		if banking(d.AddDate(0, 0, 1)) {
			return false
		}
	}
}

func onDay(day time.Time, dayOfMonth int) bool {
	last := day.AddDate(0, 0, 1).Day() == 1
	return day.Day() == dayOfMonth || (last && dayOfMonth > day.Day())
}

func lastOfMonth(day time.Time) bool { return day.AddDate(0, 0, 1).Day() == 1 }

// weekday says whether day is a working day of the week, bank holiday or not.
func weekday(day time.Time) bool {
	return day.Weekday() != time.Saturday && day.Weekday() != time.Sunday
}
