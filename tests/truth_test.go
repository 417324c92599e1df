package tests

import (
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"sotto/banking/mockbank"
	"sotto/banking/spending"
)

// TestWhatIsSaidIsWhatTheBankKnows asks for each of the last twelve whole months, altogether and by category, and compares what is heard with the
// mock bank's own books, which know what every entry really is, whatever the wire shows of it.
func TestWhatIsSaidIsWhatTheBankKnows(t *testing.T) {
	t.Parallel()
	house := open(t)
	london, err := time.LoadLocation("Europe/London")
	if err != nil {
		t.Fatal(err)
	}
	for _, username := range []string{"ada", "grace", "linus"} {
		t.Run(username, func(t *testing.T) {
			s := house.speaker(t)
			s.link(username, nil)
			something := 0
			for back := range 11 { // in November, "December" is the last one
				month := time.Date(2026, time.October-time.Month(back), 1, 0, 0, 0, 0, london)
				asked := map[string]spending.Category{"how much did I spend in " + month.Month().String(): ""}
				for _, category := range spending.Categories() {
					if category != spending.Cash {
						asked["how much did I spend on "+string(category)+" in "+month.Month().String()] = category
					}
				}
				for question, category := range asked {
					want := spent(house.MockBank(), username, month, month.AddDate(0, 1, 0), string(category))
					if got := pounds(t, words(t, s.say(question).SSML)); got != want {
						t.Errorf("%s: heard %d pence, the bank knows %d", question, got, want)
					}
					if want != 0 {
						something++
					}
				}
			}
			if something < 50 {
				t.Errorf("only %d questions had an answer that is not nothing", something)
			}
		})
	}
}

// spent is what a customer spent in pounds in a time, in pence, by the bank's own knowledge.
func spent(bank *mockbank.Server, username string, from, to time.Time, category string) int64 {
	var sum int64
	for _, e := range bank.Entries(username, from, to) {
		if e.Status != "Booked" || e.Currency != "GBP" || category != "" && e.Category != category && (e.Category != "" || category != "other") {
			continue
		}
		switch e.Kind {
		case mockbank.Purchase, mockbank.PaymentOut, mockbank.Fee, mockbank.InterestPaid, mockbank.Refund:
			sum -= e.Minor
		case mockbank.Salary, mockbank.PaymentIn, mockbank.Cash, mockbank.InterestMade, mockbank.OwnTransfer, mockbank.CardRepayment, mockbank.Investment:
		}
	}
	return sum
}

var sterling = regexp.MustCompile(`pounds?|pence|penny`)

var poundsSaid = regexp.MustCompile(`(spent|got back)(?: about)? (?:([\d,]+) pounds?)?(?: and )?(?:(\d+) (?:pence|penny))?`)

// pounds reads the first amount in pounds that is said to be spent; nothing found, or only in other currencies, is nothing spent.
func pounds(t *testing.T, said string) int64 {
	t.Helper()
	if strings.HasPrefix(said, "I found no spending") || strings.Contains(said, "spent") && !sterling.MatchString(said) {
		return 0
	}
	found := poundsSaid.FindStringSubmatch(said)
	if found == nil || found[2] == "" && found[3] == "" {
		t.Fatalf("no amount in %q", said)
	}
	var minor int64
	for i, unit := range map[int]int64{2: 100, 3: 1} {
		if found[i] == "" {
			continue
		}
		n, err := strconv.ParseInt(strings.ReplaceAll(found[i], ",", ""), 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		minor += n * unit
	}
	if found[1] == "got back" {
		return -minor
	}
	return minor
}
