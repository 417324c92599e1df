package spending

import (
	"strings"
	"time"

	"sotto/banking"
)

// Parse reads a period as ISO 8601 writes it: a day "2026-11-23", a week "2026-W47", a month "2026-11", a year "2026", or START/END of any of
// these, both included: "2026-11-01/2026-11-15" has fifteen days. Or it reads one that only a day makes a period of: what a customer's words mean
// wherever he is, to be worked out on the day that it is at his bank. Such a period is one of
//
//	day-1      yesterday; so with week, weekend, month, quarter and year: "week+0" is this week, "week+1" the next
//	XXXX-03    the last March that has begun, in the notation of ISO 8601-2 for a year that is not said; so with XXXX-03-15, a 15th of
//	           March, XXXX-XX-15, a 15th, XXXX-WXX-5, a Friday, XXXX-WXX-WE, a weekend, and XXXX-SU, XXXX-Q3 as in ParseAmazon
//	<XXXX-03   the last March that is over
//	P3D        the past three days, today included; so with W, M and Y
//	A/B        from A to B, both included, where B is the next of its name after A has begun
//	A/..       since A, today included
//
// A future period stays where it is. Anything else, years before 1900 or after 2199, and more than a decade are ErrPeriod.
func Parse(value string, today banking.Date) (Period, error) {
	if len(value) > maxText {
		return Period{}, ErrPeriod
	}
	p, ok := relative(value, today)
	if !ok || !p.valid() {
		return Period{}, ErrPeriod
	}
	return p, nil
}

func relative(value string, today banking.Date) (Period, bool) {
	if start, end, ok := strings.Cut(value, "/"); ok {
		return between(start, end, today)
	}
	if rest, ok := strings.CutPrefix(value, "P"); ok {
		return past(rest, today)
	}
	if o, ok := occasionOf(value); ok {
		return o.last(today)
	}
	return fixed(value, today)
}

// between gives a range. Where an end has no year of its own, it takes it from the other.
func between(start, end string, today banking.Date) (Period, bool) {
	from, startNamed := occasionOf(start)
	to, endNamed := occasionOf(end)
	var first, last Period
	var ok bool
	lastOK := true
	if !endNamed && end != ".." {
		last, lastOK = fixed(end, today)
	}
	switch {
	case !startNamed:
		first, ok = fixed(start, today)
	case endNamed || end == "..":
		first, ok = from.last(today)
	default:
		first, ok = from.last(last.From)
	}
	if !ok || !lastOK {
		return Period{}, false
	}
	if endNamed {
		last, ok = to.next(first.From)
	} else if end == ".." {
		last = day(today)
		if first.IsFuture(today) {
			last = first
		}
	}
	return Period{From: first.From, To: last.To, Unit: Range}, ok
}

// past reads what follows the P of a duration that ends today.
func past(value string, today banking.Date) (Period, bool) {
	if len(value) < 2 || len(value) > 5 {
		return Period{}, false
	}
	n, ok := number(value[:len(value)-1], len(value)-1)
	p := Period{To: today.AddDays(1), Unit: Range}
	switch value[len(value)-1] {
	case 'D':
		p.From = p.To.AddDays(-n)
	case 'W':
		p.From = p.To.AddDays(-7 * n)
	case 'M':
		p.From = today.AddMonths(-n).AddDays(1)
	case 'Y':
		p.From = today.AddMonths(-12 * n).AddDays(1)
	default:
		return Period{}, false
	}
	return p, ok && n > 0
}

// fixed reads a period that ISO 8601 has, or one counted from today.
func fixed(value string, today banking.Date) (Period, bool) {
	i := strings.IndexAny(value, "+-")
	if i < 1 || value[0] < 'a' {
		return iso(value)
	}
	n, ok := number(value[i+1:], len(value)-i-1)
	if !ok || len(value)-i > 5 || len(value)-i < 2 {
		return Period{}, false
	}
	if value[i] == '-' {
		n = -n
	}
	monday := today.AddDays(7*n - (int(today.Weekday())+6)%7)
	switch Unit(value[:i]) {
	case Day:
		return day(today.AddDays(n)), true
	case Week:
		return Period{From: monday, To: monday.AddDays(7), Unit: Week}, true
	case Weekend:
		return Period{From: monday.AddDays(5), To: monday.AddDays(7), Unit: Weekend}, true
	case Month:
		first := today.AddMonths(n)
		return month(first.Year, first.Month), true
	case "quarter":
		first := today.AddMonths(3 * n)
		return months(first.Year, first.Month-(first.Month-1)%3, 3, Range), true
	case Year:
		return months(today.Year+n, time.January, 12, Year), true
	default:
		return Period{}, false
	}
}

// ISO writes the period as Parse reads it on any day.
func (p Period) ISO() string {
	switch p.Unit {
	case Day, Week, Month, Year:
		value, _ := p.Amazon()
		return value
	default:
		return p.From.String() + "/" + p.Last().String()
	}
}

// Amazon writes the period as AMAZON.DATE has it, which has no way to write a range.
func (p Period) Amazon() (string, bool) {
	year, week := p.From.ISOWeek()
	weeks := pad(year) + "-W" + pad(week)[2:]
	switch p.Unit {
	case Day:
		return p.From.String(), true
	case Week:
		return weeks, true
	case Weekend:
		return weeks + "-WE", true
	case Month:
		return p.From.String()[:7], true
	case Year:
		return p.From.String()[:4], true
	case Decade:
		return p.From.String()[:3] + "X", true
	case Season:
		for name, part := range parts {
			if part.unit == Season && part.from == p.From.Month {
				return pad(p.From.Year) + "-" + name, true
			}
		}
	case Range:
	}
	return "", false
}
