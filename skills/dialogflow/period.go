package dialogflow

import (
	"fmt"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// unclear is a period that was said but cannot be read: the customer is asked which one he means, rather than answered for another.
const unclear = "?"

// period gives what a date parameter of either kind of agent is as spending.Parse reads it, empty where nothing was said:
//
//	"2026-11-23T12:00:00+01:00", {"date_time": …}                a day, in the zone in which it is written
//	{"startDate": …, "endDate": …}, also with …DateTime, …Time   both days and those between
//	{"year": 2026.0, "month": 11.0, "day": 23.0}                 a day; a month or a year where the rest is missing; where the year is
//	                                                             missing, the last one of its name
//
// or a list with one of these.
func period(raw jsontext.Value) string {
	switch raw.Kind() {
	case 0, 'n':
		return ""
	case '"':
		s := strings.TrimSpace(text(raw))
		if s == "" {
			return ""
		}
		return orUnclear(day(s))
	case '[':
		var list []jsontext.Value
		if json.Unmarshal(raw, &list) != nil {
			return unclear
		}
		said := ""
		for _, part := range list {
			one := period(only(part))
			if one != "" && said != "" && one != said {
				return unclear
			}
			said = max(said, one)
		}
		return said
	case '{':
		var object map[string]jsontext.Value
		if json.Unmarshal(raw, &object) != nil {
			return unclear
		}
		if len(object) == 0 {
			return ""
		}
		return orUnclear(span(object))
	default:
		return unclear
	}
}

// only lets no list within a list be read.
func only(part jsontext.Value) jsontext.Value {
	if part.Kind() == '[' {
		return jsontext.Value("true")
	}
	return part
}

func orUnclear(s string) string {
	if s == "" {
		return unclear
	}
	return s
}

// ends are the names of the two ends of a period, and whether the end is an instant, so that a midnight ends the day before it.
var ends = []struct {
	start, end string
	instant    bool
}{
	{"startDate", "endDate", false},
	{"startDateTime", "endDateTime", true},
	{"startTime", "endTime", true},
}

func span(object map[string]jsontext.Value) string {
	for _, e := range ends {
		start, end := object[e.start], object[e.end]
		if start == nil && end == nil {
			continue
		}
		from, to := date(start), date(end)
		if from == "" || to == "" {
			return ""
		}
		if e.instant && midnight(end) && from != to {
			to = dayBefore(to)
		}
		if from == to {
			return from
		}
		return from + "/" + to
	}
	for _, name := range []string{"date_time", "dateTime", "date"} {
		if value, ok := object[name]; ok {
			return date(value)
		}
	}
	return parts(object)
}

// date reads one end of a period.
func date(raw jsontext.Value) string {
	if raw.Kind() == '{' {
		var object map[string]jsontext.Value
		if json.Unmarshal(raw, &object) != nil {
			return ""
		}
		return parts(object)
	}
	return day(text(raw))
}

// day reads a date, or an instant by the day it is in its own zone.
func day(s string) string {
	if len(s) > len("2026-11-23T12:00:00.000000000+01:00") {
		return ""
	}
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05", time.DateOnly} {
		if at, err := time.Parse(layout, s); err == nil {
			return at.Format(time.DateOnly)
		}
	}
	return ""
}

func midnight(raw jsontext.Value) bool {
	_, clock, ok := strings.Cut(text(raw), "T")
	return ok && strings.HasPrefix(clock, "00:00:00")
}

func dayBefore(s string) string {
	at, err := time.Parse(time.DateOnly, s)
	if err != nil {
		return s
	}
	return at.AddDate(0, 0, -1).Format(time.DateOnly)
}

// parts reads a date as an agent of CX writes it: numbers, of which some may be missing.
func parts(object map[string]jsontext.Value) string {
	year, hasYear := whole(object["year"])
	month, hasMonth := whole(object["month"])
	dayOf, hasDay := whole(object["day"])
	if hasYear && (year < 1 || year > 9999) || hasMonth && (month < 1 || month > 12) || hasDay && (dayOf < 1 || dayOf > 31) {
		return ""
	}
	switch {
	case hasYear && hasMonth && hasDay:
		return fmt.Sprintf("%04d-%02d-%02d", year, month, dayOf)
	case hasYear && hasMonth:
		return fmt.Sprintf("%04d-%02d", year, month)
	case hasYear && !hasDay:
		return fmt.Sprintf("%04d", year)
	case hasYear:
		return ""
	case hasMonth && hasDay:
		return fmt.Sprintf("XXXX-%02d-%02d", month, dayOf)
	case hasMonth:
		return fmt.Sprintf("XXXX-%02d", month)
	case hasDay:
		return fmt.Sprintf("XXXX-XX-%02d", dayOf)
	default:
		return ""
	}
}
