package banking_test

import (
	"errors"
	"math"
	"math/big"
	"regexp"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"sotto/banking"
)

func TestParseAmount(t *testing.T) {
	for name, tc := range map[string]struct {
		decimal  string
		currency banking.Currency
		minor    int64
		rounded  bool
		err      error
	}{
		"two decimals of a currency with two":                      {"12.50", "GBP", 1250, false, nil},
		"no decimals of a currency with two":                       {"12", "GBP", 1200, false, nil},
		"one decimal of a currency with two":                       {"12.5", "GBP", 1250, false, nil},
		"leading zeros are digits":                                 {"0000000000012.5", "GBP", 1250, false, nil},
		"yen have no decimals":                                     {"1250", "JPY", 1250, false, nil},
		"yen with zeros behind the point lose nothing":             {"1250.00000", "JPY", 1250, false, nil},
		"half a yen goes to the even neighbour above":              {"1251.5", "JPY", 1252, true, nil},
		"half a yen goes to the even neighbour below":              {"1250.5", "JPY", 1250, true, nil},
		"a little more than half a yen goes up":                    {"1250.50001", "JPY", 1251, true, nil},
		"Kuwaiti dinars have three decimals":                       {"1.250", "KWD", 1250, false, nil},
		"Iraqi dinars have three decimals":                         {"1.2505", "IQD", 1250, true, nil},
		"Tunisian dinars have three decimals":                      {"1.25", "TND", 1250, false, nil},
		"units of account of Chile have four":                      {"1.25001", "CLF", 12500, true, nil},
		"five decimals of the UK grammar, rounded down":            {"0.00499", "GBP", 0, true, nil},
		"five decimals of the UK grammar, half to even up":         {"0.01500", "GBP", 2, true, nil},
		"five decimals of the UK grammar, half to even down":       {"0.02500", "GBP", 2, true, nil},
		"rounding carries":                                         {"9.99999", "GBP", 1000, true, nil},
		"the largest amount of the grammar":                        {"9999999999999.99999", "CLF", 100_000_000_000_000_000, true, nil},
		"fourteen digits are one too many":                         {"10000000000000", "GBP", 0, false, banking.ErrAmount},
		"six decimals are one too many":                            {"1.000000", "GBP", 0, false, banking.ErrAmount},
		"a sign is refused: the flag beside it is the sign":        {"-1.00", "GBP", 0, false, banking.ErrAmount},
		"a plus is refused":                                        {"+1.00", "GBP", 0, false, banking.ErrAmount},
		"an exponent is refused":                                   {"1e3", "GBP", 0, false, banking.ErrAmount},
		"a comma is refused":                                       {"1,00", "GBP", 0, false, banking.ErrAmount},
		"two points are refused":                                   {"1.0.0", "GBP", 0, false, banking.ErrAmount},
		"a point without digits behind it is refused":              {"1.", "GBP", 0, false, banking.ErrAmount},
		"a point without digits before it is refused":              {".5", "GBP", 0, false, banking.ErrAmount},
		"nothing is refused":                                       {"", "GBP", 0, false, banking.ErrAmount},
		"a space is refused":                                       {" 1.00", "GBP", 0, false, banking.ErrAmount},
		"digits of other scripts are refused":                      {"１２", "GBP", 0, false, banking.ErrAmount},
		"a letter among the digits that are rounded away, refused": {"1.00x", "GBP", 0, false, banking.ErrAmount},
		"a currency nobody has is refused":                         {"1.00", "ZZZ", 0, false, banking.ErrCurrency},
		"a currency in small letters is refused":                   {"1.00", "gbp", 0, false, banking.ErrCurrency},
		"no currency is refused":                                   {"1.00", "", 0, false, banking.ErrCurrency},
	} {
		t.Run(name, func(t *testing.T) {
			got, rounded, err := banking.ParseAmount(tc.decimal, tc.currency)
			if !errors.Is(err, tc.err) {
				t.Fatalf("got error %v, want %v", err, tc.err)
			}
			want := banking.Money{}
			if tc.err == nil {
				want = banking.Money{Minor: tc.minor, Currency: tc.currency}
			}
			if got != want || rounded != tc.rounded {
				t.Errorf("got %v, rounded %v; want %v, rounded %v", got, rounded, want, tc.rounded)
			}
			if err != nil && tc.decimal != "" && strings.Contains(err.Error(), tc.decimal) {
				t.Errorf("the error quotes the amount: %v", err)
			}
		})
	}
}

func TestExponents(t *testing.T) {
	for code, want := range map[banking.Currency]int{
		"GBP": 2, "EUR": 2, "BRL": 2, "USD": 2, "HUF": 2, "JPY": 0, "ISK": 0, "UGX": 0, "CLP": 0, "KWD": 3, "TND": 3, "IQD": 3, "CLF": 4, "UYW": 4,
	} {
		got, err := code.Exponent()
		if err != nil || got != want {
			t.Errorf("%s: got %d, %v; want %d", code, got, err, want)
		}
	}
}

var currencies = []banking.Currency{"GBP", "JPY", "KWD", "CLF", "EUR", "BRL", "UYW"}

// exactly gives decimal × 10^exponent rounded half to even, by exact arithmetic, and whether it had to be rounded.
func exactly(t interface{ Fatal(...any) }, decimal string, exponent int) (*big.Int, bool) {
	r, ok := new(big.Rat).SetString(decimal)
	if !ok {
		t.Fatal("not a rational:", decimal)
	}
	r.Mul(r, new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(exponent)), nil)))
	quotient, rest := new(big.Int).QuoRem(r.Num(), r.Denom(), new(big.Int))
	twice := new(big.Int).Lsh(rest, 1)
	if c := twice.Cmp(r.Denom()); c > 0 || c == 0 && quotient.Bit(0) == 1 {
		quotient.Add(quotient, big.NewInt(1))
	}
	return quotient, rest.Sign() != 0
}

func TestParsedAmountsAgreeWithExactArithmetic(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		decimal := rapid.StringMatching(`[0-9]{1,13}(\.[0-9]{1,5})?`).Draw(t, "decimal")
		c := rapid.SampledFrom(currencies).Draw(t, "currency")
		exponent, err := c.Exponent()
		if err != nil {
			t.Fatal(err)
		}
		got, rounded, err := banking.ParseAmount(decimal, c)
		if err != nil {
			t.Fatal(err)
		}
		want, wantRounded := exactly(t, decimal, exponent)
		if !want.IsInt64() || got.Minor != want.Int64() || rounded != wantRounded {
			t.Errorf("%s %s: got %d, rounded %v; want %s, rounded %v", decimal, c, got.Minor, rounded, want, wantRounded)
		}
	})
}

func TestDecimalIsReadBackAsWritten(t *testing.T) {
	for decimal, m := range map[string]banking.Money{
		"12.50": {Minor: 1250, Currency: "GBP"}, "-0.05": {Minor: -5, Currency: "GBP"}, "0.00": {Currency: "GBP"}, "1250": {Minor: 1250, Currency: "JPY"},
		"-1.250": {Minor: -1250, Currency: "KWD"}, "0.0001": {Minor: 1, Currency: "CLF"}, "-92233720368547758.08": {Minor: math.MinInt64, Currency: "GBP"},
	} {
		if got, err := m.Decimal(); err != nil || got != decimal {
			t.Errorf("%v: got %q, %v; want %q", m, got, err, decimal)
		}
	}
	if _, err := (banking.Money{Minor: 1, Currency: "ZZZ"}).Decimal(); !errors.Is(err, banking.ErrCurrency) {
		t.Errorf("got %v, want ErrCurrency", err)
	}
	rapid.Check(t, func(t *rapid.T) {
		m := banking.Money{Minor: rapid.Int64Range(0, 999_999_999_999_999).Draw(t, "minor"), Currency: rapid.SampledFrom(currencies).Draw(t, "currency")}
		decimal, err := m.Decimal()
		if err != nil {
			t.Fatal(err)
		}
		if whole, _, _ := strings.Cut(decimal, "."); len(whole) > 13 {
			return // longer than the grammar
		}
		if back, rounded, err := banking.ParseAmount(decimal, m.Currency); back != m || rounded || err != nil {
			t.Errorf("%v is written %s and read %v, rounded %v, %v", m, decimal, back, rounded, err)
		}
	})
}

func TestSumsAgreeWithExactArithmeticOrAreRefused(t *testing.T) {
	edges := rapid.OneOf(rapid.Int64(), rapid.SampledFrom([]int64{math.MinInt64, math.MinInt64 + 1, -1, 0, 1, math.MaxInt64 - 1, math.MaxInt64}))
	rapid.Check(t, func(t *rapid.T) {
		a := banking.Money{Minor: edges.Draw(t, "a"), Currency: "GBP"}
		b := banking.Money{Minor: edges.Draw(t, "b"), Currency: "GBP"}
		for sign, do := range map[int64]func(banking.Money) (banking.Money, error){1: a.Add, -1: a.Sub} {
			want := new(big.Int).Mul(big.NewInt(sign), big.NewInt(b.Minor))
			want.Add(want, big.NewInt(a.Minor))
			got, err := do(b)
			switch {
			case want.IsInt64() && (err != nil || got != banking.Money{Minor: want.Int64(), Currency: "GBP"}):
				t.Errorf("%d %+d × %d: got %v, %v; want %s", a.Minor, sign, b.Minor, got, err, want)
			case !want.IsInt64() && (!errors.Is(err, banking.ErrOverflow) || got != banking.Money{}):
				t.Errorf("%d %+d × %d: got %v, %v; want ErrOverflow", a.Minor, sign, b.Minor, got, err)
			}
		}
	})
}

func TestMoneyThatCannotBeAddedIsRefused(t *testing.T) {
	pound, yen := banking.Money{Minor: 1, Currency: "GBP"}, banking.Money{Minor: 0, Currency: "JPY"}
	if _, err := pound.Add(yen); !errors.Is(err, banking.ErrMismatch) {
		t.Errorf("adding: got %v, want ErrMismatch", err)
	}
	if _, err := pound.Sub(yen); !errors.Is(err, banking.ErrMismatch) {
		t.Errorf("subtracting: got %v, want ErrMismatch", err)
	}
	if got, err := pound.Neg(); err != nil || got.Minor != -1 || got.Currency != "GBP" {
		t.Errorf("negating: got %v, %v", got, err)
	}
	if _, err := (banking.Money{Minor: math.MinInt64, Currency: "GBP"}).Neg(); !errors.Is(err, banking.ErrOverflow) {
		t.Errorf("negating the least: got %v, want ErrOverflow", err)
	}
	if !yen.IsZero() || pound.IsZero() {
		t.Error("IsZero is wrong")
	}
}

func FuzzParseAmount(f *testing.F) {
	for _, s := range []string{"12.50", "0.005", "9999999999999.99999", "-1", "1e3", "", ".", "1.", "1.00x"} {
		f.Add(s, "GBP")
	}
	f.Add("1250.5", "JPY")
	f.Add("1.00", "ZZZ")
	grammar := regexp.MustCompile(`^[0-9]{1,13}(\.[0-9]{1,5})?$`)
	f.Fuzz(func(t *testing.T, decimal, code string) {
		m, rounded, err := banking.ParseAmount(decimal, banking.Currency(code))
		exponent, unknown := banking.Currency(code).Exponent()
		if wellFormed := grammar.MatchString(decimal) && unknown == nil; wellFormed != (err == nil) {
			t.Fatalf("%q %q: got error %v", decimal, code, err)
		}
		if err != nil {
			if m != (banking.Money{}) || rounded {
				t.Fatalf("an error came with %v", m)
			}
			return
		}
		if want, wantRounded := exactly(t, decimal, exponent); m.Minor != want.Int64() || rounded != wantRounded {
			t.Fatalf("%q %q: got %d, want %s", decimal, code, m.Minor, want)
		}
	})
}
