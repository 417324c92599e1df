package spending_test

import (
	"bytes"
	"encoding/csv"
	"slices"
	"testing"

	"sotto/banking"
	"sotto/banking/spending"
	"sotto/tests/judge"
)

func TestEveryKnownMerchantCategoryCodeWasThoughtOf(t *testing.T) {
	rows, err := csv.NewReader(bytes.NewReader(judge.File(t, "mcc/mcc_codes.csv"))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) < 900 {
		t.Fatalf("only %d codes", len(rows))
	}
	for _, row := range rows[1:] {
		if !spending.KnownMCC(row[0]) {
			t.Errorf("%s (%s) has no category", row[0], row[1])
		}
	}
}

func TestMerchantCategoryCodes(t *testing.T) {
	for mcc, want := range map[string]spending.Category{
		// The plain ones.
		"5411": spending.Groceries, "5499": spending.Groceries, "5812": spending.EatingOut, "5814": spending.EatingOut, "4121": spending.Transport,
		"5541": spending.Transport, "3000": spending.Travel, "3350": spending.Travel, "3357": spending.Travel, "3835": spending.Travel, "7011": spending.Travel,
		"6513": spending.Housing, "4900": spending.Bills, "5311": spending.Shopping, "5942": spending.Shopping, "7832": spending.Entertainment,
		"8011": spending.Health, "8220": spending.Education, "7230": spending.Services, "8398": spending.Giving, "6011": spending.Cash, "6010": spending.Cash,
		// The odd ones, each on purpose.
		"742":  spending.Health,        // three digits are written too; a vet
		"4119": spending.Health,        // an ambulance is no bus
		"4411": spending.Travel,        // a cruise is no ferry to work
		"4829": spending.Other,         // money sent by wire: to whom is not known
		"5300": spending.Groceries,     // wholesale clubs sell food first
		"5309": spending.Shopping,      // duty free
		"5712": spending.Shopping,      // furniture
		"5815": spending.Entertainment, // digital media, though sold in a shop
		"5818": spending.Entertainment, // large digital merchants
		"5912": spending.Health,        // pharmacies
		"5921": spending.Groceries,     // wine to take home is no bar
		"5960": spending.Bills,         // insurance sold by telephone is no shopping
		"5962": spending.Travel,        // nor is travel
		"5983": spending.Bills,         // heating oil is no petrol
		"6012": spending.Services,      // a bank's goods and services
		"6051": spending.Cash,          // foreign notes and crypto
		"6540": spending.Other,         // a wallet filled
		"7512": spending.Travel,        // a hired car
		"7523": spending.Transport,     // parking
		"7995": spending.Entertainment, // betting
		"8351": spending.Education,     // child care
		"9222": spending.Fees,          // fines
		"9311": spending.Bills,         // tax
		"9402": spending.Services,      // stamps
		// What is not there at all.
		"6211": spending.Other, "6760": spending.Other, // savings and investments are no spending; seen alone they are other
		"0000": spending.Other, "9999": spending.Other, "": spending.Other, "54": spending.Other, "54111": spending.Other, "54a1": spending.Other, "-411": spending.Other,
	} {
		if got := spending.Categorise(banking.Transaction{MCC: mcc, Sort: banking.Purchase}); got != want {
			t.Errorf("%q: got %s, want %s", mcc, got, want)
		}
	}
}

func TestCategoriesAreToldBySortThenCodeThenName(t *testing.T) {
	for name, tc := range map[string]struct {
		entry banking.Transaction
		want  spending.Category
	}{
		"the bank's word for cash goes before the code":          {banking.Transaction{Sort: banking.Cash, MCC: "5411"}, spending.Cash},
		"a fee is a fee whoever took it":                         {banking.Transaction{Sort: banking.Fee, MCC: "5411", Merchant: "Hotel"}, spending.Fees},
		"interest paid is a fee":                                 {banking.Transaction{Sort: banking.Interest}, spending.Fees},
		"the code goes before the name":                          {banking.Transaction{MCC: "5411", Merchant: "The Coffee Hotel"}, spending.Groceries},
		"a name tells where there is no code":                    {banking.Transaction{Merchant: "CORNER PHARMACY 0042"}, spending.Health},
		"a name in the plural tells too":                         {banking.Transaction{Merchant: "Joe's Pizzas"}, spending.EatingOut},
		"the bank's text tells where there is no name":           {banking.Transaction{Text: "RENT NOVEMBER", Sort: banking.StandingOrder}, spending.Housing},
		"the first word that tells counts":                       {banking.Transaction{Merchant: "Station Taxi and Coffee"}, spending.Transport},
		"half a word tells nothing":                              {banking.Transaction{Merchant: "Barbican Publishing"}, spending.Other},
		"an unknown code leaves it to the name":                  {banking.Transaction{MCC: "9999", Merchant: "City Cinema"}, spending.Entertainment},
		"a direct debit nobody knows is a bill":                  {banking.Transaction{Merchant: "Northern Light", Sort: banking.DirectDebit}, spending.Bills},
		"a direct debit with a telling name is what it says":     {banking.Transaction{Merchant: "Iron Gym", Sort: banking.DirectDebit}, spending.Health},
		"money to another person is other":                       {banking.Transaction{Text: "Bob", Sort: banking.Transfer}, spending.Other},
		"an entry of which nothing is known is other":            {banking.Transaction{}, spending.Other},
		"an entry with a code for savings is other, seen by one": {banking.Transaction{MCC: "6211"}, spending.Other},
	} {
		if got := spending.Categorise(tc.entry); got != tc.want {
			t.Errorf("%s: got %s, want %s", name, got, tc.want)
		}
	}
}

func TestCategoriesAreThoseOfTheContract(t *testing.T) {
	want := []spending.Category{
		"groceries", "eating out", "transport", "travel", "housing", "bills", "shopping", "entertainment", "health", "education", "services", "fees", "giving",
		"other", "cash",
	}
	if got := spending.Categories(); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestSameMerchant(t *testing.T) {
	for _, tc := range []struct {
		name, asked string
		want        bool
	}{
		{"TESCO STORES 3297 GB", "tesco", true},
		{"TESCO STORES 3297", "Tesco's", true},
		{"Tesco Express", "tesco express", true},
		{"Tesco Express", "express tesco", false},
		{"SQ *BLUE BOTTLE", "blue bottle", true},
		{"CAFÉ NERO", "cafe nero", true},
		{"M&S SIMPLY FOOD", "m and s", true},
		{"M&S SIMPLY FOOD", "M & S", true},
		{"Marks & Spencer", "marks and spencer", true},
		{"M&S", "Marks and Spencer", false},
		{"Co-op Food", "coop", true},
		{"COOP", "co-op", true},
		{"McDonald's", "mcdonalds", true},
		{"Walmart", "art", false},
		{"Artisan", "art", false},
		{"Tesco", "tesco express", false},
		{"", "tesco", false},
		{"Tesco", "", false},
		{"Tesco", "?!", false},
		{"?!", "?!", false},
	} {
		if got := spending.SameMerchant(tc.name, tc.asked); got != tc.want {
			t.Errorf("%q asked for as %q: got %v, want %v", tc.name, tc.asked, got, tc.want)
		}
	}
}
