package spending_test

import (
	"errors"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"sotto/banking"
	"sotto/banking/spending"
)

func date(s string) banking.Date {
	d, err := banking.ParseDate(s)
	if err != nil {
		panic(s)
	}
	return d
}

// span writes a period as its first and last day and its unit.
func span(p spending.Period) string {
	if p == (spending.Period{}) {
		return ""
	}
	return p.From.String() + " " + p.Last().String() + " " + string(p.Unit)
}

func TestParseAmazon(t *testing.T) {
	const monday = "2026-11-23"
	for name, tc := range map[string]struct{ value, today, want string }{
		"today":                                  {"2026-11-23", monday, "2026-11-23 2026-11-23 day"},
		"now is today":                           {"PRESENT_REF", monday, "2026-11-23 2026-11-23 day"},
		"yesterday":                              {"2026-11-22", monday, "2026-11-22 2026-11-22 day"},
		"last week":                              {"2026-W47", monday, "2026-11-16 2026-11-22 week"},
		"this week has begun and stays":          {"2026-W48", monday, "2026-11-23 2026-11-29 week"},
		"a week of one digit":                    {"2026-W5", monday, "2026-01-26 2026-02-01 week"},
		"week 1 begins in the year before":       {"2026-W01", monday, "2025-12-29 2026-01-04 week"},
		"the 53rd week of 2026":                  {"2026-W53", "2027-01-10", "2026-12-28 2027-01-03 week"},
		"the weekend of the 53rd week of 2026":   {"2026-W53-WE", "2027-01-10", "2027-01-02 2027-01-03 weekend"},
		"last weekend":                           {"2026-W47-WE", monday, "2026-11-21 2026-11-22 weekend"},
		"this weekend, on its Sunday, stays":     {"2026-W48-WE", "2026-11-29", "2026-11-28 2026-11-29 weekend"},
		"this month has begun and stays":         {"2026-11", monday, "2026-11-01 2026-11-30 month"},
		"February of a leap year":                {"2024-02", monday, "2024-02-01 2024-02-29 month"},
		"this year":                              {"2026", monday, "2026-01-01 2026-12-31 year"},
		"this decade":                            {"202X", monday, "2020-01-01 2029-12-31 decade"},
		"spring":                                 {"2026-SP", monday, "2026-03-01 2026-05-31 season"},
		"summer":                                 {"2026-SU", monday, "2026-06-01 2026-08-31 season"},
		"autumn has begun and stays":             {"2026-FA", monday, "2026-09-01 2026-11-30 season"},
		"a winter is named after its December":   {"2025-WI", monday, "2025-12-01 2026-02-28 season"},
		"a winter in a leap year":                {"2023-WI", monday, "2023-12-01 2024-02-29 season"},
		"a quarter, which Amazon does not name":  {"2026-Q3", monday, "2026-07-01 2026-09-30 range"},
		"Friday, said on Monday, is last Friday": {"2026-11-27", monday, "2026-11-20 2026-11-20 day"},
		"Monday, said on Monday and heard as next, is today":                    {"2026-11-30", monday, "2026-11-23 2026-11-23 day"},
		"tomorrow goes back a week, for want of a past":                         {"2026-11-24", monday, "2026-11-17 2026-11-17 day"},
		"the third of March, heard as next year's, is this year's":              {"2027-03-03", monday, "2026-03-03 2026-03-03 day"},
		"the day eight days ahead was said by its date and is last year's":      {"2026-12-01", monday, "2025-12-01 2025-12-01 day"},
		"February 29, heard as the next, is the last there was":                 {"2028-02-29", monday, "2024-02-29 2024-02-29 day"},
		"the weekend, said before it, is the last one":                          {"2026-W48-WE", monday, "2026-11-21 2026-11-22 weekend"},
		"the weekend of a week far ahead is that of last year":                  {"2026-W51-WE", monday, "2025-12-20 2025-12-21 weekend"},
		"March, said in November and heard as next year's, is this year's":      {"2027-03", monday, "2026-03-01 2026-03-31 month"},
		"December, said in November, is last year's":                            {"2026-12", monday, "2025-12-01 2025-12-31 month"},
		"December, said on New Year's Eve, is this year's":                      {"2026-12", "2026-12-31", "2026-12-01 2026-12-31 month"},
		"a month many years ahead is the last one there was":                    {"2031-11", monday, "2026-11-01 2026-11-30 month"},
		"week 50, said in week 48, is last year's":                              {"2026-W50", monday, "2025-12-08 2025-12-14 week"},
		"week 53, heard as one years ahead, is that of last year":               {"2032-W53", "2027-01-10", "2026-12-28 2027-01-03 week"},
		"week 53 stays while its year is already the next":                      {"2026-W53", "2027-01-02", "2026-12-28 2027-01-03 week"},
		"week 1, said in the last days of December and already begun, stays":    {"2026-W01", "2025-12-30", "2025-12-29 2026-01-04 week"},
		"week 1 ahead, of a year that has not begun, is this year's":            {"2027-W01", monday, "2025-12-29 2026-01-04 week"},
		"week 1, said in the last days of December after it began":              {"2028-W01", "2025-12-30", "2025-12-29 2026-01-04 week"},
		"summer, heard as next year's, is this year's":                          {"2027-SU", monday, "2026-06-01 2026-08-31 season"},
		"winter, said in November, is the one that ended in February":           {"2026-WI", monday, "2025-12-01 2026-02-28 season"},
		"winter, said in January and heard as this year's, is the one going on": {"2027-WI", "2027-01-15", "2026-12-01 2027-02-28 season"},
		"next year is this year":                                                {"2027", monday, "2026-01-01 2026-12-31 year"},
		"next decade is this decade":                                            {"203X", monday, "2020-01-01 2029-12-31 decade"},
		"next quarter is that of last year":                                     {"2027-Q1", monday, "2026-01-01 2026-03-31 range"},
		"the turn of the year: Friday, said on Wednesday, December 30":          {"2027-01-01", "2026-12-30", "2026-12-25 2026-12-25 day"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := spending.ParseAmazon(tc.value, date(tc.today))
			if err != nil || span(got) != tc.want {
				t.Errorf("%s on %s: got %s, %v; want %s", tc.value, tc.today, span(got), err, tc.want)
			}
		})
	}
}

// unreadable are no periods in either form.
var unreadable = []string{
	"", " ", "yesterday", "2026-", "2026-1", "2026-11-2", "2026-13", "2026-00", "2026-11-31", "2025-02-29", "2026-W00", "2026-W54", "2025-W53", "2025-W53-WE",
	"2026-W", "2026-W-WE", "W47", "2026-W047", "1899", "0000", "9999", "2200", "189X", "220X", "999X", "2026-XX", "2026-11-23-WE", "2026-Q0",
	"2026-Q5", "2026-w47", "2026-wi", "present_ref", "20261123", "+2026", "-2026", "２０２６", "2026-11-23T10:00", "2026-11/", "/", "/2026", "//",
	"2026-11-23 ", strings.Repeat("9", 100_000),
}

func TestWhatIsNoPeriodIsRefused(t *testing.T) {
	for _, value := range unreadable {
		if p, err := spending.ParseAmazon(value, date("2026-11-23")); !errors.Is(err, spending.ErrPeriod) || p != (spending.Period{}) {
			t.Errorf("Amazon %.20q is read as %s, %v; want ErrPeriod", value, span(p), err)
		}
		if p, err := spending.Parse(value, date("2026-11-23")); !errors.Is(err, spending.ErrPeriod) || p != (spending.Period{}) {
			t.Errorf("ISO %.20q is read as %s, %v; want ErrPeriod", value, span(p), err)
		}
	}
	for _, value := range []string{"XXXX-11-23", "P1M"} { // which Parse reads
		if p, err := spending.ParseAmazon(value, date("2026-11-23")); !errors.Is(err, spending.ErrPeriod) || p != (spending.Period{}) {
			t.Errorf("Amazon %q is read as %s, %v; want ErrPeriod", value, span(p), err)
		}
	}
	for _, value := range []string{
		"202X", "2026-WI", "2026-W47-WE", "2026-Q3", "PRESENT_REF", "2026-W5", "2026-11-15/2026-11-01", "2000/2026", "2026-11-01/2026-11-31", "2026/2026/2026",
		"2026-11-01/P1M",
	} {
		if p, err := spending.Parse(value, date("2026-11-23")); !errors.Is(err, spending.ErrPeriod) {
			t.Errorf("ISO %q is read as %s, %v; want ErrPeriod", value, span(p), err)
		}
	}
	if p, err := spending.ParseAmazon("2026-11-01/2026-11-15", date("2026-11-23")); !errors.Is(err, spending.ErrPeriod) {
		t.Errorf("Amazon has no ranges, yet one is read as %s, %v", span(p), err)
	}
}

// The last year with a 53rd week may be six years ago, which is what nobody asks about.
func TestAWeek53ThatLastYearDidNotHaveIsAskedAbout(t *testing.T) {
	for _, tc := range []struct{ value, today string }{
		{"2026-W53", "2026-11-23"}, {"2026-W53-WE", "2026-11-23"}, {"2026-W53", "2026-12-27"}, {"2032-W53", "2026-11-23"}, {"2032-W53-WE", "2031-12-31"},
	} {
		if p, err := spending.ParseAmazon(tc.value, date(tc.today)); !errors.Is(err, spending.ErrPeriod) || p != (spending.Period{}) {
			t.Errorf("%s on %s is read as %s, %v; want ErrPeriod", tc.value, tc.today, span(p), err)
		}
	}
}

func TestAPeriodAsISOWritesIt(t *testing.T) {
	for value, want := range map[string]string{
		"2026-11-23":            "2026-11-23 2026-11-23 day",
		"2026-W53":              "2026-12-28 2027-01-03 week",
		"2026-11":               "2026-11-01 2026-11-30 month",
		"2026":                  "2026-01-01 2026-12-31 year",
		"2026-11-01/2026-11-15": "2026-11-01 2026-11-15 range",
		"2026-11-15/2026-11-15": "2026-11-15 2026-11-15 range",
		"2026-01/2026-03":       "2026-01-01 2026-03-31 range",
		"2026-W01/2026-W02":     "2025-12-29 2026-01-11 range",
		"2017/2026":             "2017-01-01 2026-12-31 range",
		"2026-12":               "2026-12-01 2026-12-31 month", // a future one stays
	} {
		if got, err := spending.Parse(value, date("2026-11-23")); err != nil || span(got) != want {
			t.Errorf("%s: got %s, %v; want %s", value, span(got), err, want)
		}
	}
}

func TestPeriodsKnowWhereTheyStand(t *testing.T) {
	november := spending.ThisMonth(date("2026-11-23"))
	if got := span(november); got != "2026-11-01 2026-11-30 month" {
		t.Fatalf("this month is %s", got)
	}
	for today, want := range map[string]struct {
		complete, future bool
		soFar            string
	}{
		"2026-10-31": {false, true, "2026-11-01 2026-11-30 month"},
		"2026-11-01": {false, false, "2026-11-01 2026-11-01 month"},
		"2026-11-23": {false, false, "2026-11-01 2026-11-23 month"},
		"2026-11-30": {false, false, "2026-11-01 2026-11-30 month"},
		"2026-12-01": {true, false, "2026-11-01 2026-11-30 month"},
	} {
		d := date(today)
		if november.Complete(d) != want.complete || november.IsFuture(d) != want.future || span(november.SoFar(d)) != want.soFar {
			t.Errorf("%s: complete %v, future %v, so far %s; want %v", today, november.Complete(d), november.IsFuture(d), span(november.SoFar(d)), want)
		}
	}
}

func TestPrevious(t *testing.T) {
	for value, want := range map[string]string{
		"2026-03-01":  "2026-02-28 2026-02-28 day",
		"2026-W01":    "2025-12-22 2025-12-28 week",
		"2026-W01-WE": "2025-12-27 2025-12-28 weekend",
		"2026-03":     "2026-02-01 2026-02-28 month",
		"2026":        "2025-01-01 2025-12-31 year",
		"202X":        "2010-01-01 2019-12-31 decade",
		"2024-WI":     "2023-12-01 2024-02-29 season",
		"2026-Q2":     "2025-12-31 2026-03-31 range",
	} {
		p, err := spending.ParseAmazon(value, date("2029-12-31"))
		if err != nil {
			t.Fatal(err)
		}
		if got := span(p.Previous()); got != want {
			t.Errorf("before %s: got %s, want %s", value, got, want)
		}
	}
}

func TestAPeriodFromAmazonHasBegunAndKeepsItsName(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		today := date("2015-01-01").AddDays(rapid.IntRange(0, 9000).Draw(t, "today"))
		value := rapid.OneOf(
			rapid.StringMatching(`20[0-4][0-9]-(W[0-5][0-9](-WE)?|[01][0-9](-[0-3][0-9])?|WI|SP|SU|FA|Q[1-4])`), rapid.StringMatching(`20[0-4][0-9X]`),
		).Draw(t, "value")
		p, err := spending.ParseAmazon(value, today)
		if err != nil {
			return
		}
		if p.IsFuture(today) || !p.From.Before(p.To) {
			t.Errorf("%s on %s is %s", value, today, span(p))
		}
		days := p.To.Sub(p.From)
		if least, most := lengths[p.Unit][0], lengths[p.Unit][1]; days < least || days > most {
			t.Errorf("%s is a %s of %d days", value, p.Unit, days)
		}
	})
}

var lengths = map[spending.Unit][2]int{
	spending.Day: {1, 1}, spending.Week: {7, 7}, spending.Weekend: {2, 2}, spending.Month: {28, 31}, spending.Season: {90, 92}, spending.Year: {365, 366},
	spending.Decade: {3652, 3653}, spending.Range: {90, 92},
}

func FuzzPeriods(f *testing.F) {
	for _, s := range append([]string{"2026-W53-WE", "202X", "2026-11-01/2026-11-15", "2026-WI", "PRESENT_REF", "<XXXX-WXX-5/day-1", "P3D", "XXXX-03-01/.."}, unreadable[:20]...) {
		f.Add(s)
	}
	today := date("2026-11-23")
	f.Fuzz(func(t *testing.T, value string) {
		p, err := spending.ParseAmazon(value, today)
		if err == nil && (p.IsFuture(today) || !p.From.Valid() || !p.To.Valid() || !p.From.Before(p.To)) {
			t.Fatalf("%q is read as %s", value, span(p))
		}
		if p, err := spending.Parse(value, today); err == nil && (!p.From.Valid() || !p.To.Valid() || !p.From.Before(p.To) || p.To.Sub(p.From) > 3653) {
			t.Fatalf("%q is read as %s", value, span(p))
		}
	})
}
