package banking_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"sotto/banking"
)

func TestCleanMerchant(t *testing.T) {
	for name, tc := range map[string]struct{ raw, want string }{
		"a processor's prefix goes":                        {"SQ *BLUE BOTTLE", "Blue Bottle"},
		"a restaurant's processor goes":                    {"TST* THE OLD OAK", "The Old Oak"},
		"a wallet's prefix goes":                           {"PAYPAL *SPOTIFY", "Spotify"},
		"a prefix behind a prefix goes":                    {"CARD PAYMENT TO SUMUP *CORNER BAKERY", "Corner Bakery"},
		"a shop's number goes":                             {"TESCO STORES 3297", "Tesco Stores"},
		"a shop's number and its country go":               {"TESCO STORES 3297 GB", "Tesco Stores"},
		"a reference behind a star goes":                   {"AMZN MKTP UK*2H7XX8K01", "Amzn Mktp UK"},
		"a word behind a star stays":                       {"UBER   *TRIP", "Uber Trip"},
		"letters that are said one by one stay":            {"BP", "BP"},
		"short words are words":                            {"MONTHLY ACCOUNT FEE", "Monthly Account Fee"},
		"short words of other languages are words":         {"DA MICHELE", "Da Michele"},
		"initials stay, whatever they look like":           {"RAC MOT HSBC KFC", "RAC MOT HSBC KFC"},
		"an ampersand stays":                               {"M&S", "M&S"},
		"small words stay small":                           {"BANK OF ENGLAND", "Bank of England"},
		"a name in ordinary letters stays as it is":        {"McDonald's", "McDonald's"},
		"a number that is part of a name stays":            {"7-ELEVEN", "7-eleven"},
		"a firm called by a digit stays":                   {"3", "3"},
		"accents stay":                                     {"CAFÉ NERO", "Café Nero"},
		"line breaks and control characters go":            {"Pret\tA\r\nManger\x00\u200b", "Pret A Manger"},
		"invalid bytes go":                                 {"Pret\xff A Manger", "Pret A Manger"},
		"a name of nothing but a number is left":           {"123456789", "123456789"},
		"a name of nothing but a prefix is left":           {"PAYPAL *", "Paypal"},
		"a country alone is a name":                        {"USA", "USA"},
		"nothing is nothing":                               {"", ""},
		"spaces are nothing":                               {"  \t ", ""},
		"a long text is cut":                               {strings.Repeat("word ", 40), strings.TrimSpace(strings.Repeat("word ", 13))[:64]},
		"a prefix in small letters goes":                   {"sq *Corner Bakery", "Corner Bakery"},
		"a name that begins like a prefix is not cut":      {"SPAR", "Spar"},
		"a name that begins like a prefix, with a space":   {"SP Services", "SP Services"},
		"a contactless payment's opening goes":             {"Contactless Payment Boots", "Boots"},
		"the opening alone is all there is":                {"Contactless", "Contactless"},
		"a letter that grows in small form does no damage": {"ȺȺȺȺȺ *", "Ⱥⱥⱥⱥⱥ"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := banking.CleanMerchant(tc.raw); got != tc.want {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}

func TestFoldMerchant(t *testing.T) {
	for _, same := range [][]string{
		{"M&S", "m and s", "M & S", "M+S"},
		{"Sainsbury's", "SAINSBURYS", "sainsbury", "Sainsbury’s"},
		{"Café Nero", "CAFE NERO", "Cafe\u0301 Nero", "cafe-nero"},
		{"Straße", "STRASSE"},
		{"SQ *BLUE BOTTLE 0012345 GB", "Blue Bottle"},
		{"Tesco", "TESCO 3297", "Tesco's"},
	} {
		for _, name := range same {
			if got, want := banking.FoldMerchant(name), banking.FoldMerchant(same[0]); got != want {
				t.Errorf("%q folds to %q, %q to %q", name, got, same[0], want)
			}
		}
	}
	if banking.FoldMerchant("M&S") == banking.FoldMerchant("Marks & Spencer") {
		t.Error("there is no list of aliases, yet M&S is Marks & Spencer")
	}
}

func FuzzCleanMerchant(f *testing.F) {
	for _, s := range []string{"SQ *BLUE BOTTLE", "PAYPAL *", "\xff\xfe", "İİİİ *", "TESCO STORES 3297 GB", "* * *", "£€", strings.Repeat("SQ *", 200)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		clean := banking.CleanMerchant(raw)
		if !utf8.ValidString(clean) || utf8.RuneCountInString(clean) > 64 || strings.ContainsAny(clean, "\n\r\t\x00") {
			t.Fatalf("%q becomes %q", raw, clean)
		}
		if folded := banking.FoldMerchant(raw); !utf8.ValidString(folded) || strings.Contains(folded, "  ") {
			t.Fatalf("%q folds to %q", raw, folded)
		}
	})
}
