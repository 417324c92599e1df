package spending

import (
	"strings"
	"time"

	"sotto/banking"
)

// maxText bounds what is looked at as a period; the longest form is two dates.
const maxText = 32

// iso reads a day "2026-11-23", a week "2026-W47", a month "2026-11" or a year "2026".
func iso(value string) (Period, bool) {
	yyyy, rest, more := strings.Cut(value, "-")
	year, ok := number(yyyy, 4)
	if !ok {
		return Period{}, false
	}
	if !more {
		return months(year, time.January, 12, Year), true
	}
	if ww, isWeek := strings.CutPrefix(rest, "W"); isWeek {
		week, ok := number(ww, 2)
		if !ok {
			return Period{}, false
		}
		monday, err := banking.Monday(year, week)
		return Period{From: monday, To: monday.AddDays(7), Unit: Week}, err == nil
	}
	if m, ok := number(rest, 2); ok && m >= 1 && m <= 12 {
		return month(year, time.Month(m)), true
	}
	d, err := banking.ParseDate(value)
	return day(d), err == nil
}

// ParseAmazon reads a period from the value of an AMAZON.DATE slot: a day "2026-11-23", a week "2026-W47", a weekend
// "2026-W47-WE", a month "2026-11", a year "2026", a decade "202X", a season "2026-WI" (SP, SU, FA), a quarter "2026-Q3", or
// PRESENT_REF, which is today. Anything else is ErrPeriod.
//
// Amazon resolves what it hears to today or later, but money was spent in the past: a period that has not begun is rolled back to
// the last one of its name that has. A day or weekend within the coming seven days was named by its weekday and goes back a
// week, so that "Friday" is last Friday; anything further off goes back by years, so that "March" is last March. A winter is named after
// the year of its December. A week 53 that has not begun, and that the year before did not have, is ErrPeriod: nobody means the one of six years ago.
func ParseAmazon(value string, today banking.Date) (Period, error) {
	if len(value) > maxText {
		return Period{}, ErrPeriod
	}
	if value == "PRESENT_REF" {
		return day(today), nil
	}
	p, ok := amazon(value)
	if !ok || !p.valid() {
		return Period{}, ErrPeriod
	}
	if !p.IsFuture(today) {
		return p, nil
	}
	if ahead := p.From.Sub(today); (p.Unit == Day || p.Unit == Weekend) && ahead <= 7 {
		return Period{From: p.From.AddDays(-7), To: p.To.AddDays(-7), Unit: p.Unit}, nil
	}
	return rollBack(p, value, today)
}

// rollBack gives the last period with the same name as p, in an earlier year, that has begun. Not every year has the day (February 29), of which the
// last there was is meant; or the week (53), whose number nobody says: Amazon makes it of words such as "the last week of the year".
func rollBack(p Period, value string, today banking.Date) (Period, error) {
	if p.Unit == Decade {
		for p.IsFuture(today) {
			p = p.Previous()
		}
		return p, nil
	}
	year, _ := number(value[:4], 4)
	oldest := firstYear
	if p.Unit == Week || p.Unit == Weekend {
		oldest = today.Year - 1
	}
	for year = min(year-1, today.Year+1); year >= oldest; year-- {
		earlier, ok := amazon(pad(year) + value[4:])
		if ok && !earlier.IsFuture(today) {
			return earlier, nil
		}
	}
	return Period{}, ErrPeriod
}

// amazon reads one value of AMAZON.DATE, without rolling back.
func amazon(value string) (Period, bool) {
	if decade, ok := strings.CutSuffix(value, "X"); ok {
		year, ok := number(decade, 3)
		return months(year*10, time.January, 120, Decade), ok
	}
	if week, ok := strings.CutSuffix(value, "-WE"); ok {
		p, ok := iso(week)
		return Period{From: p.From.AddDays(5), To: p.To, Unit: Weekend}, ok && p.Unit == Week
	}
	if yyyy, name, ok := strings.Cut(value, "-"); ok {
		if part, ok := parts[name]; ok {
			year, ok := number(yyyy, 4)
			return months(year, part.from, 3, part.unit), ok
		}
		// Amazon's own reader takes a week of one digit too.
		if w, ok := strings.CutPrefix(name, "W"); ok && len(w) == 1 {
			value = yyyy + "-W0" + w
		}
	}
	return iso(value)
}

// parts are the three months that have a name. Amazon does not say which December a winter begins in, nor mentions quarters; seasons
// are those of the northern half of the world.
var parts = map[string]struct {
	from time.Month
	unit Unit
}{
	"SP": {time.March, Season}, "SU": {time.June, Season}, "FA": {time.September, Season}, "WI": {time.December, Season},
	"Q1": {time.January, Range}, "Q2": {time.April, Range}, "Q3": {time.July, Range}, "Q4": {time.October, Range},
}

// number reads an unsigned number of so many digits.
func number(s string, digits int) (int, bool) {
	if len(s) != digits {
		return 0, false
	}
	n := 0
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return 0, false
		}
		n = n*10 + int(s[i]-'0')
	}
	return n, true
}

// pad writes a year with four digits.
func pad(year int) string { return banking.Date{Year: year, Month: 1, Day: 1}.String()[:4] }
