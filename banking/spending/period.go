package spending

import (
	"errors"
	"time"

	"sotto/banking"
)

// ErrPeriod means a text that names no period, or one too far off or too long to be meant.
var ErrPeriod = errors.New("unreadable period")

// Unit is how a period was named, for saying it back.
type Unit string

// The units of a period.
const (
	Day     Unit = "day"
	Week    Unit = "week"    // ISO, Monday to Sunday
	Weekend Unit = "weekend" // Saturday and Sunday of an ISO week
	Month   Unit = "month"
	Season  Unit = "season" // three months from the first of March, June, September or December
	Year    Unit = "year"
	Decade  Unit = "decade"
	Range   Unit = "range" // anything else
)

// Period is a range of calendar days in the bank's zone, From the first, To the day after the last.
type Period struct {
	From, To banking.Date
	Unit     Unit
}

// The bounds of a period that can be meant.
const (
	firstYear = 1900
	lastYear  = 2199
	maxDays   = 3653 // a decade
)

// ThisMonth gives the month today is in, from its first day to its last. It is the period of a question that names none.
func ThisMonth(today banking.Date) Period { return month(today.Year, today.Month) }

// Window gives the days of the period.
func (p Period) Window() banking.Window { return banking.Window{From: p.From, To: p.To} }

// Last gives the last day of the period.
func (p Period) Last() banking.Date { return p.To.AddDays(-1) }

// Complete says whether the period is over: today is after its last day.
func (p Period) Complete(today banking.Date) bool { return !today.Before(p.To) }

// IsFuture says whether no day of the period has come yet.
func (p Period) IsFuture(today banking.Date) bool { return p.From.After(today) }

// SoFar gives the part of the period that has come, today included: the month of November asked on the 23rd is November 1 to 23. Its
// unit stays, since it is still said as that month "so far". A period that is over, or all in the future, is itself.
func (p Period) SoFar(today banking.Date) Period {
	if p.Complete(today) || p.IsFuture(today) {
		return p
	}
	p.To = today.AddDays(1)
	return p
}

// Previous gives the period of the same unit before p: the month before a month, the same season of the year before, the
// same number of days before a range.
func (p Period) Previous() Period {
	switch p.Unit {
	case Month:
		return Period{From: p.From.AddMonths(-1), To: p.From, Unit: Month}
	case Week, Weekend:
		return Period{From: p.From.AddDays(-7), To: p.To.AddDays(-7), Unit: p.Unit}
	case Season:
		return Period{From: p.From.AddMonths(-12), To: p.To.AddMonths(-12), Unit: Season}
	case Year:
		return Period{From: p.From.AddMonths(-12), To: p.From, Unit: Year}
	case Decade:
		return Period{From: p.From.AddMonths(-120), To: p.From, Unit: Decade}
	default: // a day or a range
		return Period{From: p.From.AddDays(-p.To.Sub(p.From)), To: p.From, Unit: p.Unit}
	}
}

// valid says whether p can be meant: it has a day, and is neither absurdly far off nor absurdly long.
func (p Period) valid() bool {
	return p.From.Year >= firstYear && p.Last().Year <= lastYear && p.From.Before(p.To) && p.To.Sub(p.From) <= maxDays
}

func day(d banking.Date) Period { return Period{From: d, To: d.AddDays(1), Unit: Day} }

func month(year int, m time.Month) Period { return months(year, m, 1, Month) }

// months gives n whole months from the first of m.
func months(year int, m time.Month, n int, unit Unit) Period {
	from := banking.Date{Year: year, Month: m, Day: 1}
	return Period{From: from, To: from.AddMonths(n), Unit: unit}
}
