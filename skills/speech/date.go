package speech

import (
	"strconv"

	"sotto/banking"
	"sotto/banking/spending"
)

// day says a day with its weekday: "Monday, November 16th", with the year where it is not today's.
func (l *locale) day(d, today banking.Date) string {
	return l.say("date.weekday", 0, "Weekday", l.say("weekday."+strconv.Itoa(int(d.Weekday())), 0), "Date", l.date(d, d.Year != today.Year))
}

func (l *locale) date(d banking.Date, year bool) string {
	id := "date.short"
	if year {
		id = "date.year"
	}
	return l.say(id, 0,
		"Month", l.say("month."+strconv.Itoa(int(d.Month)), 0), "Day", l.say("day."+strconv.Itoa(d.Day), 0), "Year", strconv.Itoa(d.Year))
}

// period says the days of a period: "between November 16th and November 22nd", "on Monday, November 16th".
func (l *locale) period(p spending.Period, today banking.Date) string {
	last := p.Last()
	if p.From == last {
		return l.say("period.day", 0, "Day", l.day(p.From, today))
	}
	if l.has("period.month") && p.From.Year == last.Year && p.From.Month == last.Month { // the month is said once
		return l.say("period.month", 0, "Day", l.say("day."+strconv.Itoa(p.From.Day), 0), "To", l.date(last, last.Year != today.Year))
	}
	return l.say("period.range", 0,
		"From", l.date(p.From, p.From.Year != last.Year), "To", l.date(last, last.Year != today.Year || p.From.Year != last.Year))
}
