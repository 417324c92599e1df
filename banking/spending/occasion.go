package spending

import (
	"strings"

	"sotto/banking"
)

// reach is how many years, months or weeks are gone through in search of a name: between two February 29ths there may be eight years.
const reach = 9

// occasion is a period of which the year, the month or the week is not said.
type occasion struct {
	near func(d banking.Date, n int) (Period, bool) // the one of the year, month or week of d, or n after it; not each has one
	over bool                                       // has to be over, not only begun
}

// occasionOf reads a name such as "XXXX-03".
func occasionOf(value string) (occasion, bool) {
	rest, over := strings.CutPrefix(value, "<")
	rest, ok := strings.CutPrefix(rest, "XXXX-")
	if !ok {
		return occasion{}, false
	}
	o := occasion{over: over}
	switch dd, ofMonth := strings.CutPrefix(rest, "XX-"); {
	case rest == "WXX-WE":
		o.near = func(d banking.Date, n int) (Period, bool) { return fixed("weekend+0", d.AddDays(7*n)) }
	case strings.HasPrefix(rest, "WXX-"):
		weekday, ok := number(rest[len("WXX-"):], 1)
		if !ok || weekday < 1 || weekday > 7 {
			return occasion{}, false
		}
		o.near = func(d banking.Date, n int) (Period, bool) {
			return day(d.AddDays(7*n + weekday - 1 - (int(d.Weekday())+6)%7)), true
		}
	case ofMonth:
		dom, ok := number(dd, 2)
		if !ok || dom < 1 || dom > 31 {
			return occasion{}, false
		}
		o.near = func(d banking.Date, n int) (Period, bool) {
			first := d.AddMonths(n)
			first.Day = dom
			return day(first), first.Valid()
		}
	default:
		o.near = func(d banking.Date, n int) (Period, bool) { return amazon(pad(d.Year+n) + "-" + rest) }
	}
	return o, true
}

// last gives the last one that has begun by this day, or is over.
func (o occasion) last(d banking.Date) (Period, bool) {
	for i := 1; i >= -reach; i-- {
		if p, ok := o.near(d, i); ok && !p.IsFuture(d) && (!o.over || p.Complete(d)) {
			return p, true
		}
	}
	return Period{}, false
}

// next gives the first one that begins on this day or after it.
func (o occasion) next(d banking.Date) (Period, bool) {
	for i := -1; i <= reach; i++ {
		if p, ok := o.near(d, i); ok && !p.From.Before(d) {
			return p, true
		}
	}
	return Period{}, false
}
