package speech_test

import (
	"encoding/xml"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"sotto/banking"
	"sotto/banking/spending"
	"sotto/skills"
	"sotto/skills/speech"
)

var today = banking.Date{Year: 2026, Month: 11, Day: 23}

func money(minor int64, c banking.Currency) banking.Money {
	return banking.Money{Minor: minor, Currency: c}
}

func phrases(t testing.TB) *speech.Phrases {
	t.Helper()
	p, err := speech.New()
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func balance(m banking.Money, about bool) skills.Reply {
	return skills.Reply{Key: skills.BalanceSaid, Facts: []skills.Fact{{Kind: skills.FactBalance, Account: skills.AccountName{Kind: banking.Current}, Money: m, About: about}}}
}

func TestAmountsAreSaidAsAVoiceSaysThem(t *testing.T) {
	p := phrases(t)
	for _, tc := range []struct {
		money banking.Money
		want  string
	}{
		{money(1230, "GBP"), "12 pounds and 30 pence"},
		{money(100, "GBP"), "1 pound"},
		{money(101, "GBP"), "1 pound and 1 penny"},
		{money(30, "GBP"), "30 pence"},
		{money(1, "GBP"), "1 penny"},
		{money(0, "GBP"), "0 pounds"},
		{money(120400, "GBP"), "1,204 pounds"},
		{money(123456789012, "GBP"), "1,234,567,890 pounds and 12 pence"},
		{money(1005, "EUR"), "10 euros and 5 cents"},
		{money(150, "USD"), "1 dollar and 50 cents"},
		{money(1250, "JPY"), "1,250 yen"},
		{money(1, "JPY"), "1 yen"},
		{money(1250, "KWD"), "1 Kuwaiti dinar and 250 fils"},
		{money(2000, "KWD"), "2 Kuwaiti dinars"},
		{money(500, "BRL"), "5 reais"},
		{money(100, "BRL"), "1 real"},
		{money(1250, "XCD"), "12.50 XCD"},
		{money(5, "XCD"), "0.05 XCD"},
		{money(1234567, "CLF"), "123.4567 CLF"},
		{money(1, "QQQ"), "an amount in QQQ"},
	} {
		if got := p.Say("en-US", balance(tc.money, false)).Text; got != "Your current account has "+tc.want+"." {
			t.Errorf("%+v: got %q, want %q", tc.money, got, tc.want)
		}
	}
	if got := p.Say("en-US", balance(money(1230, "GBP"), true)).Text; got != "Your current account has about 12 pounds and 30 pence." {
		t.Errorf("got %q", got)
	}
	if got := p.Say("en-US", balance(money(-9223372036854775808, "JPY"), false)).Text; got != "Your current account is overdrawn by 9,223,372,036,854,775,808 yen." {
		t.Errorf("the smallest amount: got %q", got)
	}
	if got := p.Say("en-US", balance(money(1250, "XCD"), false)).SSML; !strings.Contains(got, `12.50 <say-as interpret-as="characters">XCD</say-as>`) {
		t.Errorf("got %q", got)
	}
}

func TestAmountsAreWrittenInAChatAsTheyAreReadThere(t *testing.T) {
	p := phrases(t)
	for _, tc := range []struct {
		locale string
		money  banking.Money
		want   string
	}{
		{"en-GB", money(123456, "GBP"), "£1,234.56"},
		{"en-US", money(123456, "GBP"), "£1,234.56"},
		{"en-GB", money(100, "GBP"), "£1.00"},
		{"en-GB", money(5, "GBP"), "£0.05"},
		{"en-GB", money(0, "GBP"), "£0.00"},
		{"en-GB", money(1234567890, "EUR"), "€12,345,678.90"},
		{"en-US", money(1230, "USD"), "$12.30"},
		{"en-GB", money(1230, "USD"), "US$12.30"},
		{"en-US", money(10789, "JPY"), "¥10,789"},
		{"en-US", money(403629, "KWD"), "KWD\u00a0403.629"},
		{"en-US", money(1234567, "CLF"), "CLF\u00a0123.4567"},
		{"en-US", money(1, "QQQ"), "an amount in QQQ"},
	} {
		if got := p.Write(tc.locale, balance(tc.money, false)); got != "Your current account has "+tc.want+"." {
			t.Errorf("%+v in %s: got %q, want %q", tc.money, tc.locale, got, tc.want)
		}
	}
	if got := p.Write("en-GB", balance(money(-1230, "GBP"), true)); got != "Your current account is overdrawn by about £12.30." {
		t.Errorf("got %q", got)
	}
	if got := p.Write("en-US", balance(money(-9223372036854775808, "JPY"), false)); got != "Your current account is overdrawn by ¥9,223,372,036,854,775,808." {
		t.Errorf("the smallest amount: got %q", got)
	}
}

func TestDaysAreSaidWithTheYearOnlyWhenItIsAnother(t *testing.T) {
	p := phrases(t)
	for _, tc := range []struct{ from, last, want string }{
		{"2026-11-16", "2026-11-22", "between November 16th and November 22nd"},
		{"2026-11-01", "2026-11-01", "on Sunday, November 1st"},
		{"2025-12-02", "2025-12-02", "on Tuesday, December 2nd, 2025"},
		{"2025-03-03", "2025-03-31", "between March 3rd and March 31st, 2025"},
		{"2025-12-29", "2026-01-04", "between December 29th, 2025 and January 4th, 2026"},
		{"2026-11-11", "2026-11-13", "between November 11th and November 13th"},
	} {
		from, err := banking.ParseDate(tc.from)
		if err != nil {
			t.Fatal(err)
		}
		last, err := banking.ParseDate(tc.last)
		if err != nil {
			t.Fatal(err)
		}
		r := skills.Reply{Key: skills.SpendingNone, Today: today, Facts: []skills.Fact{{Kind: skills.FactPeriod, Period: spending.Period{From: from, To: last.AddDays(1)}}}}
		if got, want := p.Say("en-US", r).Text, "I found no spending "+tc.want+"."; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestABritonHearsBritishEnglish(t *testing.T) {
	p := phrases(t)
	period := func(from, last string) string {
		f, err := banking.ParseDate(from)
		if err != nil {
			t.Fatal(err)
		}
		l, err := banking.ParseDate(last)
		if err != nil {
			t.Fatal(err)
		}
		return p.Say("en-GB", skills.Reply{Key: skills.SpendingNone, Today: today, Facts: []skills.Fact{{Kind: skills.FactPeriod, Period: spending.Period{From: f, To: l.AddDays(1)}}}}).Text
	}
	for _, tc := range []struct{ said, want string }{
		{period("2026-11-16", "2026-11-22"), "I found no spending between the 16th and the 22nd of November."},
		{period("2026-03-02", "2026-03-02"), "I found no spending on Monday the 2nd of March."},
		{period("2026-10-26", "2026-11-01"), "I found no spending between the 26th of October and the 1st of November."},
		{period("2025-03-01", "2025-03-31"), "I found no spending between the 1st and the 31st of March 2025."},
		{period("2025-12-29", "2026-01-04"), "I found no spending between the 29th of December 2025 and the 4th of January 2026."},
		{p.Say("en-GB", balance(money(1230, "GBP"), false)).Text, "Your current account has 12 pounds and 30 pence."},
		{p.Say("en-GB", balance(money(200, "USD"), false)).Text, "Your current account has 2 US dollars."},
		{p.Say("en-AU", balance(money(200, "USD"), false)).Text, "Your current account has 2 US dollars."},
		{p.Say("en-US", balance(money(200, "USD"), false)).Text, "Your current account has 2 dollars."},
	} {
		if tc.said != tc.want {
			t.Errorf("got %q, want %q", tc.said, tc.want)
		}
	}
}

func TestMyAccountIsSaidAsYours(t *testing.T) {
	p := phrases(t)
	for nickname, want := range map[string]string{
		"My Savings": "your Savings", "my money": "your money account", "Our House": "your House account", "My": "your My account", "Myriad": "your Myriad account",
	} {
		r := balance(money(100, "GBP"), false)
		r.Facts[0].Account.Name = nickname
		if got := p.Say("en-US", r).Text; !strings.EqualFold(got, want+" has 1 pound.") {
			t.Errorf("%q: got %q, want %q", nickname, got, want)
		}
	}
}

func TestNamesAreCleanedCutAndEscaped(t *testing.T) {
	p := phrases(t)
	for name, tc := range map[string]struct{ given, ssml, text string }{
		"an ampersand":               {"M&S", "M&amp;S", "M&S"},
		"markup":                     {`<audio src="x"/>`, "&lt;audio src=&quot;x&quot;/&gt;", `<audio src="x"/>`},
		"a quotation":                {"Sainsbury's", "Sainsbury&apos;s", "Sainsbury's"},
		"control characters":         {"Te\x00s\u200bco\n Ex\x1bpress ", "Tesco Express", "Tesco Express"},
		"broken UTF-8":               {"Caf\xe9 \xff", "Caf", "Caf"},
		"what is cut":                {strings.Repeat("long ", 40), strings.TrimSpace(strings.Repeat("long ", 12)), strings.TrimSpace(strings.Repeat("long ", 12))},
		"letters of other alphabets": {"Łódź 東京", "Łódź 東京", "Łódź 東京"},
	} {
		t.Run(name, func(t *testing.T) {
			got := p.Say("en-US", skills.Reply{Key: skills.TransactionsSaid, Today: today, Facts: []skills.Fact{
				{Kind: skills.FactPurchase, Merchant: tc.given, Money: money(-100, "GBP"), Day: today},
			}})
			if want := "<speak>On Monday, November 23rd, you paid 1 pound to " + tc.ssml + ".</speak>"; got.SSML != want {
				t.Errorf("got  %q\nwant %q", got.SSML, want)
			}
			if want := "On Monday, November 23rd, you paid 1 pound to " + tc.text + "."; got.Text != want {
				t.Errorf("got  %q\nwant %q", got.Text, want)
			}
		})
	}
}

func TestAccountsAreCalledAsPeopleCallThem(t *testing.T) {
	p := phrases(t)
	for want, account := range map[string]skills.AccountName{
		"Your savings account has 1 pound.":                                                       {Kind: banking.Savings},
		"Your Rainy Day account has 1 pound.":                                                     {Kind: banking.Savings, Name: "Rainy Day"},
		"Your Holiday Savings has 1 pound.":                                                       {Kind: banking.Savings, Name: "Holiday Savings"},
		"Your Rewards card is 1 pound in credit.":                                                 {Kind: banking.Card, Name: "Rewards"},
		"Your Everyday Account has 1 pound.":                                                      {Kind: banking.Current, Name: "Everyday Account"},
		`Your current account ending in <say-as interpret-as="digits">0441</say-as> has 1 pound.`: {Kind: banking.Current, Digits: "0441"},
		"Your current account at Albion Bank has 1 pound.":                                        {Kind: banking.Current, Bank: "Albion Bank"},
		"Your account has 1 pound.":                                                               {Kind: "something new"},
	} {
		r := skills.Reply{Key: skills.BalanceSaid, Facts: []skills.Fact{{Kind: skills.FactBalance, Account: account, Money: money(100, "GBP")}}}
		if got := p.Say("en-US", r).SSML; got != "<speak>"+want+"</speak>" {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

// shapes gives facts of every kind, each as long and as hostile as a handler could ever make it.
func shapes() []skills.Fact {
	hostile := strings.Repeat(`<speak>&"'`+"\x00]]>", 20)
	name := skills.AccountName{Kind: banking.Current, Name: hostile, Digits: "12<4", Bank: hostile}
	much := money(-9223372036854775808, "KWD")
	period := spending.Period{From: banking.Date{Year: 2023, Month: 9, Day: 20}, To: banking.Date{Year: 2025, Month: 9, Day: 27}}
	var facts []skills.Fact
	for range 5 {
		facts = append(facts, skills.Fact{Kind: skills.FactBalance, Account: name, Money: much, Overdraft: money(1, "GBP"), About: true},
			skills.Fact{Kind: skills.FactPurchase, Merchant: hostile, Money: much, Day: today, Pending: true, About: true},
			skills.Fact{Kind: skills.FactAccount, Account: name})
	}
	for range 4 {
		facts = append(facts, skills.Fact{Kind: skills.FactTotal, Money: much, About: true, Period: period, Merchant: hostile, Account: name, Category: spending.EatingOut},
			skills.Fact{Kind: skills.FactRefunds, Money: much})
		for _, reason := range []spending.Reason{spending.OwnTransfer, spending.CardRepayment, spending.Investment, spending.CashWithdrawn, spending.NotBooked} {
			facts = append(facts, skills.Fact{Kind: skills.FactLeftOut, Reason: reason, Money: much, About: true})
		}
	}
	for _, fault := range []skills.Key{skills.BankUnavailable, skills.BankBusy, skills.BankGarbled, skills.BankForbidden, skills.BankRelink, skills.TooMuch} {
		facts = append(facts, skills.Fact{Kind: skills.FactBank, Bank: hostile, Fault: fault}, skills.Fact{Kind: skills.FactSince, Day: today, Bank: hostile},
			skills.Fact{Kind: skills.FactUntil, Day: today})
	}
	all := []skills.FactKind{
		skills.FactBalance, skills.FactTotal, skills.FactRefunds, skills.FactLeftOut, skills.FactPurchase, skills.FactAccount, skills.FactBank, skills.FactPeriod,
		skills.FactSince, skills.FactUntil, skills.FactShared, skills.FactCount,
	}
	return append(facts, skills.Fact{Kind: skills.FactPeriod, Period: period, Merchant: hostile, Account: name}, skills.Fact{Kind: skills.FactCount, Count: 7},
		skills.Fact{Kind: skills.FactShared, Count: 12, Shared: all}, skills.Fact{Kind: skills.FactShared, Count: 1, Shared: all})
}

func TestEveryMessageRendersEveryFactInWellFormedSSMLOfBoundedLength(t *testing.T) {
	p := phrases(t)
	for _, locale := range p.Locales() {
		for _, key := range skills.Keys() {
			for _, asked := range []string{"", "account", "category", "merchant", "period", skills.AskedConfirm, skills.AskedMore} {
				r := skills.Reply{Key: key, Facts: shapes(), Today: today, Ask: true, Else: asked == "", Dialogue: skills.Dialogue{Asked: asked}}
				s := p.Say(locale, r)
				for _, ssml := range []string{s.SSML, s.RepromptSSML} {
					if err := sound(ssml); err != nil {
						t.Errorf("%s %s: %v in %s", locale, key, err, ssml)
					}
				}
				for _, text := range []string{s.Text, s.RepromptText} {
					if text == "" || strings.Contains(text, "{{") || strings.Contains(text, "  ") || strings.Contains(text, " .") || strings.Contains(text, "minus") {
						t.Errorf("%s %s: %q", locale, key, text)
					}
				}
			}
		}
	}
}

// sound says what a platform would refuse in SSML.
func sound(ssml string) error {
	if n := utf8.RuneCountInString(ssml); n > 8000 {
		return errors.New("longer than 8,000 characters")
	}
	d := xml.NewDecoder(strings.NewReader(ssml))
	d.Strict = true
	depth := 0
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			if depth != 0 {
				return errors.New("not closed")
			}
			return nil
		}
		if err != nil {
			return err
		}
		switch e := token.(type) {
		case xml.StartElement:
			depth++
			if (e.Name.Local == "speak") != (depth == 1) || depth > 1 && e.Name.Local != "say-as" {
				return errors.New("unexpected tag " + e.Name.Local)
			}
		case xml.EndElement:
			depth--
		case xml.CharData:
			if depth == 0 || strings.ContainsFunc(string(e), func(r rune) bool { return r < ' ' }) {
				return errors.New("unexpected characters")
			}
		default:
			return errors.New("neither tag nor text")
		}
	}
}

func TestWhateverAFactCanBeHasWords(t *testing.T) {
	p := phrases(t)
	say := func(key skills.Key, f ...skills.Fact) string {
		return p.Say("en-US", skills.Reply{Key: key, Facts: f, Today: today}).Text
	}
	week := spending.Period{From: today, To: today.AddDays(7)}
	plain := say(skills.SpendingNone, skills.Fact{Kind: skills.FactPeriod, Period: week})
	for _, c := range spending.Categories() {
		if say(skills.SpendingNone, skills.Fact{Kind: skills.FactPeriod, Period: week, Category: c}) == plain {
			t.Errorf("category %q has no words", c)
		}
	}
	for _, k := range []banking.Kind{banking.Current, banking.Savings, banking.Card, banking.Prepaid, banking.EMoney, banking.Loan, banking.Mortgage} {
		if strings.Contains(say(skills.BalanceSaid, skills.Fact{Kind: skills.FactBalance, Account: skills.AccountName{Kind: k}, Money: money(1, "GBP")}), "our account") {
			t.Errorf("kind %q has no words", k)
		}
	}
	for _, f := range shapes() {
		if said := say(skills.SharedSaid, skills.Fact{Kind: skills.FactShared, Count: 1, Shared: []skills.FactKind{f.Kind}}); strings.Contains(said, "once: .") {
			t.Errorf("fact %q has no words", f.Kind)
		}
		if f.Kind == skills.FactLeftOut && !strings.Contains(say(skills.SpendingSaid, f), "Kuwaiti") {
			t.Errorf("reason %q has no words", f.Reason)
		}
		if f.Kind == skills.FactBank && say(skills.BalanceSaid, f) == "" {
			t.Errorf("fault %q has no words", f.Fault)
		}
	}
}

func TestALocaleWithoutWordsSpeaksTheNearest(t *testing.T) {
	p := phrases(t)
	want := p.Say("en-US", skills.Reply{Key: skills.HelpSaid})
	for _, locale := range []string{"en-GB", "en", "fr-CA", "", "not a locale", strings.Repeat("x", 1000), "de-DE-u-co-phonebk"} {
		if got := p.Say(locale, skills.Reply{Key: skills.HelpSaid}); got != want {
			t.Errorf("%q: got %q", locale, got.Text)
		}
	}
	if !slices.Contains(p.Locales(), "en-US") {
		t.Error("no en-US")
	}
	if got := speech.Say("en-US", skills.Reply{Key: "no such key"}); got != speech.Say("en-US", skills.Reply{Key: skills.Sorry}) {
		t.Errorf("a key without words: got %q", got.Text)
	}
}
