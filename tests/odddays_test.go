package tests

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"sotto/skills"
)

// TestOddDaysAreCountedRight asks on the days on which calendars go wrong, and compares what is heard, sum and range, with the mock bank's own
// books, counted from midnight to midnight in its zone.
func TestOddDaysAreCountedRight(t *testing.T) {
	t.Parallel()
	london, err := time.LoadLocation("Europe/London")
	if err != nil {
		t.Fatal(err)
	}
	for name, at := range map[string]string{
		"the day clocks go forward":                 "2026-03-29T12:00:00+01:00",
		"the day after clocks went forward":         "2026-03-30T00:30:00+01:00",
		"the day clocks go back":                    "2026-10-25T23:30:00Z",
		"the day after clocks went back":            "2026-10-26T09:00:00Z",
		"a summer night, still yesterday in UTC":    "2026-07-01T00:30:00+01:00",
		"the last minute of a year":                 "2026-12-31T23:59:10Z",
		"the first minute of a year, in week 53":    "2027-01-01T00:00:40Z",
		"the Monday after week 53":                  "2027-01-04T08:00:00Z",
		"the 29th of February":                      "2028-02-29T12:00:00Z",
		"the day after the 29th of February":        "2028-03-01T12:00:00Z",
		"the last day of a month of 31 after a 30":  "2027-05-31T12:00:00+01:00",
		"a Sunday, the last day of its week":        "2026-11-29T18:00:00Z",
		"a Monday, the first day of week and month": "2027-02-01T06:00:00Z",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			now, err := time.Parse(time.RFC3339, at)
			if err != nil {
				t.Fatal(err)
			}
			house := openAt(t, t.TempDir(), now)
			local := now.In(london)
			midnight := func(back int) time.Time {
				return time.Date(local.Year(), local.Month(), local.Day()-back, 0, 0, 0, 0, london)
			}
			month := func(back int) time.Time {
				return time.Date(local.Year(), local.Month()-time.Month(back), 1, 0, 0, 0, 0, london)
			}
			monday := (int(local.Weekday()) + 6) % 7
			for _, username := range []string{"ada", "grace", "linus"} {
				s := house.speaker(t)
				s.link(username, nil)
				for _, asked := range []struct {
					words    string
					amazon   string // what AMAZON.DATE makes of them
					from, to time.Time
				}{
					{"today", midnight(0).Format(time.DateOnly), midnight(0), midnight(-1)},
					{"yesterday", midnight(1).Format(time.DateOnly), midnight(1), midnight(0)},
					{"this week", week(midnight(monday)), midnight(monday), midnight(-1)},
					{"last week", week(midnight(monday + 7)), midnight(monday + 7), midnight(monday)},
					{"last weekend", week(midnight(monday+7)) + "-WE", midnight(monday + 2), midnight(monday)},
					{"this month", month(0).Format("2006-01"), month(0), midnight(-1)},
					{"last month", month(1).Format("2006-01"), month(1), month(0)},
					{"last year", month(12).Format("2006"), time.Date(local.Year()-1, 1, 1, 0, 0, 0, 0, london), time.Date(local.Year(), 1, 1, 0, 0, 0, 0, london)},
				} {
					body, err := s.device.Ask(skills.Spending, skills.Slots{skills.SlotPeriod: {Heard: asked.amazon}})
					if err != nil {
						t.Fatal(err)
					}
					heard := words(t, s.hear(body).SSML)
					if got, want := pounds(t, heard), spent(house.MockBank(), username, asked.from, asked.to, ""); got != want {
						t.Errorf("%s, %s (%s): the bank knows %d pence, heard %q", username, asked.words, asked.amazon, want, heard)
					}
					for _, day := range []time.Time{asked.from, asked.to.AddDate(0, 0, -1)} {
						if !strings.Contains(heard, day.Format("January 2")) {
							t.Errorf("%s, %s: %s is not said: %q", username, asked.words, day.Format(time.DateOnly), heard)
						}
					}
				}
			}
		})
	}
}

// week is the ISO week of a day, as AMAZON.DATE writes it.
func week(day time.Time) string {
	year, week := day.ISOWeek()
	return fmt.Sprintf("%d-W%02d", year, week)
}
