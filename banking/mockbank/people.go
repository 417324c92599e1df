package mockbank

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math/big"
	"time"
)

// longCustomer is the customer of Options.LongHistory.
const longCustomer = "hopper"

// usernames lists the customers. ada has one plain current account; grace a
// current account with an overdraft, savings and a credit card; linus joint and
// foreign accounts; zoe an account in which nothing has happened.
func usernames(long bool) []string {
	names := []string{"ada", "grace", "linus", "zoe"}
	if long {
		names = append(names, longCustomer)
	}
	return names
}

// lives says how a customer lives: a function that writes one day.
func lives() map[string]func(*writer) {
	return map[string]func(*writer){"ada": liveAda, "grace": liveGrace, "linus": liveLinus}
}

const (
	available = "InterimAvailable"
	booked    = "InterimBooked"
	yesterday = "PreviouslyClosedBooked"
	expected  = "Expected"
	closing   = "ClosingBooked"
)

func openAccounts(seed int64, zone *time.Location, username string) []Account {
	current := func(nick string, types ...string) Account {
		return Account{Nickname: nick, SubType: "CurrentAccount", Currency: "GBP", types: types}
	}
	var list []Account
	holder := map[string]string{"ada": "Ms Ada Byrne", "grace": "Dr Grace Holloway", "linus": "Mr Linus Varga", "zoe": "Ms Zoe Lindqvist"}[username]
	switch username {
	case "ada":
		list = []Account{current("Everyday", available, booked, expected)}
	case "grace":
		everyday := current("Everyday", yesterday, available, booked)
		everyday.Limit, everyday.LimitIncluded = 1_000_00, true
		list = []Account{
			everyday,
			{Nickname: "Rainy Day", SubType: "Savings", Currency: "GBP", types: []string{closing, booked}},
			{Nickname: "Rewards", SubType: "CreditCard", Currency: "GBP", Limit: 4_000_00, LimitIncluded: true, types: []string{booked, available}},
		}
	case "linus":
		joint, own := current("Everyday", available, booked), current("Everyday", booked, available)
		joint.Holders = []string{holder, "Mrs Mira Varga"}
		own.Limit = 500_00 // not included
		list = []Account{
			joint, own,
			{Nickname: "Euro", SubType: "CurrentAccount", Currency: "EUR", types: []string{available, booked}},
			{Nickname: "Tokyo", SubType: "CurrentAccount", Currency: "JPY", types: []string{available, booked}},
			{Nickname: "Kuwait", SubType: "Savings", Currency: "KWD", types: []string{booked}},
		}
	case "zoe":
		list = []Account{current("", available, booked)}
	case longCustomer:
		holder = "Mx Hopper Long"
		list = []Account{current("Everyday", available, booked)}
	}
	for i := range list {
		a := &list[i]
		sum := sha256.Sum256(fmt.Appendf(nil, "account %d %s %d", seed, username, i))
		a.ID = hex.EncodeToString(sum[:10])
		a.key = mix(uint64(seed) ^ nameKey(username)) //nolint:gosec // G115: any bits will do
		a.Opened = time.Date(2015+i, time.March, 9+i, 0, 0, 0, 0, zone)
		if a.Holders == nil {
			a.Holders = []string{holder}
		}
		a.Scheme, a.Number = identify(a, sum)
	}
	return list
}

// identify makes up an account number of the right form. Sort codes begin with
// 99, which no bank has; the card's range is a scheme's test range.
func identify(a *Account, sum [32]byte) (scheme, number string) {
	digits := new(big.Int).SetBytes(sum[10:30]).String()
	sort, account := "99"+digits[:4], digits[4:12]
	switch {
	case a.SubType == "CreditCard":
		body := "400000" + digits[:9]
		return "UK.OBIE.PAN", body + luhn(body)
	case a.Currency != "GBP":
		return "UK.OBIE.IBAN", iban("ALBN" + sort + account)
	default:
		return "UK.OBIE.SortCodeAccountNumber", sort + account
	}
}

// luhn is the check digit of a card number without one (ISO/IEC 7812-1 annex B).
func luhn(body string) string {
	sum := 0
	for i := range len(body) {
		d := int(body[len(body)-1-i] - '0')
		if i%2 == 0 {
			d *= 2
			if d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return string(rune('0' + (10-sum%10)%10))
}

// iban puts GB and check digits before a domestic number (ISO 13616).
func iban(domestic string) string {
	rest := 0
	for _, c := range domestic + "GB00" {
		if c >= 'A' {
			rest = (rest*100 + int(c-'A') + 10) % 97
		} else {
			rest = (rest*10 + int(c-'0')) % 97
		}
	}
	return fmt.Sprintf("GB%02d%s", 98-rest, domestic)
}
