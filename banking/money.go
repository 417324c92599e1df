package banking

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/bojanz/currency"
)

// The kinds of failure money can have.
var (
	// ErrCurrency means a code that ISO 4217 does not have.
	ErrCurrency = errors.New("unknown currency")
	// ErrAmount means a text that is no amount.
	ErrAmount = errors.New("unreadable amount")
	// ErrMismatch means that two currencies were about to be added together.
	ErrMismatch = errors.New("currencies differ")
	// ErrOverflow means a sum that does not fit. There is no sum then, rather than a wrong one.
	ErrOverflow = errors.New("amount too large")
)

// Currency is an ISO 4217 alphabetic code, such as "GBP".
type Currency string

// Exponent gives the number of decimals of the currency's minor unit: 2 for GBP, 0 for JPY, 3 for KWD, 4 for CLF. A code that is not
// an ISO 4217 currency is ErrCurrency.
func (c Currency) Exponent() (int, error) {
	digits, ok := currency.GetDigits(string(c))
	if !ok {
		return 0, ErrCurrency
	}
	return int(digits), nil
}

// Money is an amount in the currency's minor units: {1250, "GBP"} is £12.50, {1250, "JPY"} is ¥1250, {1250, "KWD"} is 1.250 dinar.
type Money struct {
	Minor    int64
	Currency Currency
}

// The bounds of an amount on the wire: UK Open Banking Read/Write 3.1, ^\d{1,13}$|^\d{1,13}\.\d{1,5}$.
const (
	maxWhole    = 13
	maxDecimals = 5
)

// ParseAmount reads a decimal amount as UK Open Banking writes it: 1 to 13 digits, then perhaps a point and 1 to 5 digits; no sign, no
// space, no exponent. Digits beyond the currency's own are rounded half to even, and rounded tells whether any of them was not
// zero. The errors are ErrAmount and ErrCurrency, and never quote the amount; what the grammar allows always fits.
func ParseAmount(decimal string, c Currency) (m Money, rounded bool, err error) {
	whole, fraction, point := strings.Cut(decimal, ".")
	if len(whole) < 1 || len(whole) > maxWhole || point && (len(fraction) < 1 || len(fraction) > maxDecimals) {
		return Money{}, false, ErrAmount
	}
	exponent, err := c.Exponent()
	if err != nil {
		return Money{}, false, err
	}
	kept, beyond := fraction, ""
	if len(fraction) > exponent {
		kept, beyond = fraction[:exponent], fraction[exponent:]
	}
	minor, err := digits(0, whole)
	if err == nil {
		minor, err = digits(minor, kept)
	}
	for i := len(kept); err == nil && i < exponent; i++ {
		minor, err = digits(minor, "0")
	}
	if err != nil {
		return Money{}, false, err
	}
	up, rounded, err := half(beyond, minor%2 == 1)
	if err != nil {
		return Money{}, false, err
	}
	if up {
		minor++
	}
	return Money{Minor: minor, Currency: c}, rounded, nil
}

// digits appends decimal digits to n. There are at most maxWhole and the four of the longest exponent, so they fit.
func digits(n int64, s string) (int64, error) {
	for i := range len(s) {
		d := s[i] - '0'
		if d > 9 {
			return 0, ErrAmount
		}
		n = n*10 + int64(d)
	}
	return n, nil
}

// half says whether the digits beyond the last kept one round it up, half to even, and whether they were anything at all.
func half(beyond string, odd bool) (up, rounded bool, err error) {
	n, err := digits(0, beyond)
	if err != nil || n == 0 {
		return false, false, err
	}
	middle := int64(5)
	for range len(beyond) - 1 {
		middle *= 10
	}
	return n > middle || n == middle && odd, true, nil
}

// Add gives m + o. Different currencies are ErrMismatch, even where one amount is zero; a sum that does not fit is ErrOverflow.
func (m Money) Add(o Money) (Money, error) {
	if m.Currency != o.Currency {
		return Money{}, ErrMismatch
	}
	sum := m.Minor + o.Minor
	if (sum > m.Minor) != (o.Minor > 0) && o.Minor != 0 {
		return Money{}, ErrOverflow
	}
	return Money{Minor: sum, Currency: m.Currency}, nil
}

// Sub gives m - o, with the errors of Add.
func (m Money) Sub(o Money) (Money, error) {
	if m.Currency != o.Currency {
		return Money{}, ErrMismatch
	}
	difference := m.Minor - o.Minor
	if (difference < m.Minor) != (o.Minor > 0) && o.Minor != 0 {
		return Money{}, ErrOverflow
	}
	return Money{Minor: difference, Currency: m.Currency}, nil
}

// Neg gives -m. The one amount that has no opposite is ErrOverflow.
func (m Money) Neg() (Money, error) {
	if m.Minor == math.MinInt64 {
		return Money{}, ErrOverflow
	}
	return Money{Minor: -m.Minor, Currency: m.Currency}, nil
}

// IsZero says whether m is nothing, in whatever currency.
func (m Money) IsZero() bool { return m.Minor == 0 }

// Decimal gives the amount as a decimal with all digits of its currency and no grouping, such as "-12.50", "1250" (JPY) or
// "1.250" (KWD). It is for machines; how an amount is said is speech's affair.
func (m Money) Decimal() (string, error) {
	exponent, err := m.Currency.Exponent()
	if err != nil {
		return "", fmt.Errorf("write amount: %w", err)
	}
	digits := strconv.FormatInt(m.Minor, 10)
	sign := ""
	if digits[0] == '-' {
		sign, digits = "-", digits[1:]
	}
	if exponent == 0 {
		return sign + digits, nil
	}
	if missing := exponent + 1 - len(digits); missing > 0 {
		digits = strings.Repeat("0", missing) + digits
	}
	at := len(digits) - exponent
	return sign + digits[:at] + "." + digits[at:], nil
}
