package skills

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"sotto/banking"
)

// errExample means that an example's value cannot be worked out.
var errExample = errors.New("value is not understood")

// Resolve gives what Slot.Heard is when an example is said on this day. A value is itself, as "3" of a count, unless it has the
// form "=UNIT N", which counts from today: "=day -1" is yesterday, "=week -1" the ISO week before this one, then weekend, month and
// year. "=next month 3" is the coming March and "=next weekday 5" the coming Friday, because that is what AMAZON.DATE makes of
// "March" and of "Friday".
func (e Example) Resolve(today banking.Date) (string, error) {
	rule, relative := strings.CutPrefix(e.Value, "=")
	if !relative {
		return e.Value, nil
	}
	i := strings.LastIndexByte(rule, ' ')
	if i < 0 {
		return "", errExample
	}
	n, err := strconv.Atoi(rule[i+1:])
	if err != nil {
		return "", errExample
	}
	switch rule[:i] {
	case "day":
		return today.AddDays(n).String(), nil
	case "week", "weekend":
		year, week := today.AddDays(7 * n).ISOWeek()
		value := fmt.Sprintf("%04d-W%02d", year, week)
		if rule[:i] == "weekend" {
			value += "-WE"
		}
		return value, nil
	case "month":
		return today.AddMonths(n).String()[:7], nil
	case "year":
		return today.AddMonths(12 * n).String()[:4], nil
	case "next month":
		year := today.Year
		if n < int(today.Month) {
			year++
		}
		return fmt.Sprintf("%04d-%02d", year, n), nil
	case "next weekday":
		ahead := (n - int(today.Weekday()) + 7) % 7
		if ahead == 0 {
			ahead = 7
		}
		return today.AddDays(ahead).String(), nil
	default:
		return "", errExample
	}
}
