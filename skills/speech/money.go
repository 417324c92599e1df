package speech

import (
	"strconv"
	"strings"

	"github.com/bojanz/currency"

	"sotto/banking"
)

// money says an amount without its sign.
func (s spoken) money(m banking.Money, about bool) string {
	said := ""
	if s.written {
		said = s.figures(m)
	}
	if said == "" {
		said = s.amount(m)
	}
	if about {
		return s.say("money.about", 0, "Money", said)
	}
	return said
}

// figures writes an amount as it is written where the language is spoken: "£1,234.56", "US$12.30", "KWD 1.250". Empty where the currency is none.
func (l *locale) figures(m banking.Money) string {
	decimal, err := m.Decimal()
	if err != nil {
		return ""
	}
	amount, err := currency.NewAmount(strings.TrimPrefix(decimal, "-"), string(m.Currency))
	if err != nil {
		return ""
	}
	return escape(l.format.Format(amount))
}

// amount says an amount in words: "12 pounds and 30 pence", "1 pound", "30 pence", "1,204 yen", "1 dinar and 250 fils". A currency without
// words is said as a decimal and its code.
func (l *locale) amount(m banking.Money) string {
	code := string(m.Currency)
	exponent, err := m.Currency.Exponent()
	if err != nil {
		return l.say("money.unsayable", 0, "Code", characters(code))
	}
	unit := uint64(1)
	for range exponent {
		unit *= 10
	}
	minor := uint64(m.Minor) //nolint:gosec // two's complement: the negation below is right for every amount
	if m.Minor < 0 {
		minor = -minor
	}
	whole, part := minor/unit, minor%unit
	id := "money." + code
	partID := id + ".minor"
	switch {
	case !l.has(id):
		return l.say("money.other", 0, "Amount", l.decimal(whole, part, exponent), "Code", characters(code))
	case part == 0:
		return l.say(id, count(whole), "N", l.number(whole))
	case !l.has(partID):
		return l.say(id, 2, "N", l.decimal(whole, part, exponent))
	case whole == 0:
		return l.say(partID, count(part), "N", l.number(part))
	default:
		return l.say("money.both", 0,
			"Whole", l.say(id, count(whole), "N", l.number(whole)), "Part", l.say(partID, count(part), "N", l.number(part)))
	}
}

// count gives a number that is one, few or many as n is.
func count(n uint64) int {
	const million = 1_000_000
	if n > million {
		return int(million + n%million)
	}
	return int(n)
}

// number gives digits in groups of three.
func (l *locale) number(n uint64) string { return l.grouped(strconv.FormatUint(n, 10)) }

func (l *locale) grouped(digits string) string {
	if len(digits) <= 3 {
		return digits
	}
	separator := l.say("number.group", 0)
	var b strings.Builder
	for i := range len(digits) {
		if i > 0 && (len(digits)-i)%3 == 0 {
			b.WriteString(separator)
		}
		b.WriteByte(digits[i])
	}
	return b.String()
}

func (l *locale) decimal(whole, part uint64, exponent int) string {
	if exponent == 0 {
		return l.number(whole)
	}
	digits := strconv.FormatUint(part, 10)
	return l.number(whole) + l.say("number.point", 0) + strings.Repeat("0", exponent-len(digits)) + digits
}

// characters has a code spelled out.
func characters(code string) string {
	return `<say-as interpret-as="characters">` + name(code) + `</say-as>`
}

// digits has digits said one by one.
func digits(s string) string { return `<say-as interpret-as="digits">` + name(s) + `</say-as>` }
