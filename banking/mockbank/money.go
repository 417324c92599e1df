package mockbank

import (
	"fmt"
	"strconv"
	"strings"
)

// units is an amount in hundred-thousandths of a currency, because the standard
// allows five decimals in every currency. Positive is money into the account.
type units int64

const unitDigits = 5

// exponent gives the digits of a currency behind the point (ISO 4217). Only the
// currencies of this bank are here.
func exponent(currency string) int {
	switch currency {
	case "JPY":
		return 0
	case "KWD":
		return 3
	default:
		return 2
	}
}

func scale(currency string) units {
	s := units(1)
	for range unitDigits - exponent(currency) {
		s *= 10
	}
	return s
}

// fromMinor turns pence, yen or fils into units.
func fromMinor(minor int64, currency string) units { return units(minor) * scale(currency) }

// minor rounds half to even to the currency's own digits.
func (u units) minor(currency string) int64 {
	s := scale(currency)
	q, r := u/s, u%s
	if r < 0 {
		q, r = q-1, r+s
	}
	if 2*r > s || (2*r == s && q%2 != 0) {
		q++
	}
	return int64(q)
}

// exact says whether the currency's own digits hold the amount.
func (u units) exact(currency string) bool { return u%scale(currency) == 0 }

// amountOf writes an amount without its sign: with the currency's own digits, or
// with five where those do not hold it or five are asked for.
func amountOf(u units, currency string, five bool) amount {
	if u < 0 {
		u = -u
	}
	digits := exponent(currency)
	if five || !u.exact(currency) {
		digits = unitDigits
	}
	whole, part := u/100_000, u%100_000
	s := strconv.FormatInt(int64(whole), 10)
	if digits > 0 {
		s += "." + fmt.Sprintf("%05d", int64(part))[:digits]
	}
	return amount{Amount: s, Currency: currency}
}

// indicator is Credit for zero and above.
func indicator(u units) string {
	if u < 0 {
		return "Debit"
	}
	return "Credit"
}

// masked hides all but the last four characters.
func masked(number string) string {
	if len(number) <= 4 {
		return number
	}
	return strings.Repeat("*", len(number)-4) + number[len(number)-4:]
}
