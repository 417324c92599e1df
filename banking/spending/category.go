package spending

import (
	"slices"
	"strings"

	"sotto/banking"
)

// Category is what money was spent on.
type Category string

// The categories. Cash stands apart: nobody knows what it was spent on.
const (
	Groceries     Category = "groceries"
	EatingOut     Category = "eating out"
	Transport     Category = "transport"
	Travel        Category = "travel"
	Housing       Category = "housing"
	Bills         Category = "bills"
	Shopping      Category = "shopping"
	Entertainment Category = "entertainment"
	Health        Category = "health"
	Education     Category = "education"
	Services      Category = "services"
	Fees          Category = "fees"
	Giving        Category = "giving"
	Other         Category = "other"
	Cash          Category = "cash"
)

// investment marks what is neither spending nor cash: savings and investments. It never leaves the package.
const investment Category = "investment"

// Categories lists the categories in the order in which they are offered, cash last. Asked for by itself, cash is what was withdrawn.
func Categories() []Category { return slices.Clone(categories[:len(categories)-1]) }

// categories are all there are; a counter keeps them by their place here.
var categories = [...]Category{
	Groceries, EatingOut, Transport, Travel, Housing, Bills, Shopping, Entertainment, Health, Education, Services, Fees, Giving,
	Other, Cash, investment,
}

// places are where each category stands among them.
var places = func() map[Category]uint8 {
	byName := map[Category]uint8{}
	for i, c := range categories {
		byName[c] = uint8(i)
	}
	return byName
}()

// bySort gives the category where sort or merchant category code decide it. What they do not decide is decided byName.
func bySort(t banking.Transaction) (Category, bool) {
	switch t.Sort {
	case banking.Cash:
		return Cash, true
	case banking.Fee, banking.Interest:
		return Fees, true
	default:
		return byMCC(t.MCC)
	}
}

// byName gives the category by the merchant's name, or by what entries of the sort mostly are.
func byName(t banking.Transaction) Category {
	for _, word := range strings.Fields(banking.FoldMerchant(named(t))) {
		if c, ok := trades[word]; ok {
			return c
		}
	}
	if t.Sort == banking.DirectDebit {
		return Bills
	}
	return Other
}

// named gives what an entry is known by.
func named(t banking.Transaction) string {
	if t.Merchant != "" {
		return t.Merchant
	}
	return t.Text
}

// trades are words in a name that say what is sold, as banking.FoldMerchant leaves them (without a last s). They are words of
// the language, not names of firms.
var trades = trade(map[Category]string{
	Groceries:     "supermarket supermarkets grocery groceries grocer greengrocer butcher butchers bakery bakers fishmonger deli",
	EatingOut:     "restaurant restaurants cafe coffee pizza pizzeria bistro kitchen pub tavern takeaway burger burgers sushi bar diner brasserie",
	Transport:     "taxi taxis cabs parking rail railway trains bus buses metro tram fuel petrol garage",
	Travel:        "airlines airways hotel hotels hostel airport travel",
	Housing:       "rent lettings mortgage landlord",
	Bills:         "water electricity energy gas broadband mobile council insurance telecom hmrc",
	Shopping:      "books bookshop clothing furniture electronics hardware shoes florist jewellers",
	Entertainment: "cinema theatre concert museum games lottery",
	Health:        "pharmacy chemist dental dentist doctor clinic hospital optician opticians gym fitness vets",
	Education:     "school university college nursery tuition",
	Services:      "salon barber barbers hairdresser hairdressers laundry cleaners plumbing solicitors accountants",
	Giving:        "charity donation donations church foundation",
})

// trade turns the lists around.
func trade(lists map[Category]string) map[string]Category {
	byWord := map[string]Category{}
	for c, words := range lists {
		for _, w := range strings.Fields(words) {
			byWord[banking.FoldMerchant(w)] = c
		}
	}
	return byWord
}
