package mockbank_test

import (
	"strings"
	"testing"
	"time"

	"sotto/banking/mockbank"
)

// TestEveryTrapIsThere looks for what a careful client has to get right. Each
// case must be met at least once in the two years of a customer.
func TestEveryTrapIsThere(t *testing.T) {
	b := openBank(t, func(o *mockbank.Options) { o.PageSize = 1000 })
	b.clock.Set(time.Date(2026, time.July, 18, 22, 30, 0, 0, london()))
	rows := make(map[string][]transaction)
	for _, name := range mockbank.Usernames() {
		tok := b.link(name, allPermissions(), nil).Access
		rows[name], _ = once(b.all(tok, "/transactions"))
	}
	local := func(r transaction) time.Time {
		at, err := time.Parse(time.RFC3339, r.BookingDateTime)
		if err != nil {
			t.Fatal(err)
		}
		return at.In(london())
	}
	for name, c := range map[string]struct {
		customer string
		is       func(transaction) bool
	}{
		"five decimals that come out even":        {"ada", func(r transaction) bool { return r.Amount.Amount == "11.99000" }},
		"five decimals of yen":                    {"linus", func(r transaction) bool { return r.Amount == money{"1000.00000", "JPY"} }},
		"five decimals that do not come out even": {"linus", func(r transaction) bool { return r.Amount.Amount == "18.23456" && r.CurrencyExchange != nil }},
		"interest to the fifth decimal": {"grace", func(r transaction) bool {
			return r.TransactionInformation == "GROSS INTEREST" && len(r.Amount.Amount) > 6
		}},
		"yen without decimals": {"linus", func(r transaction) bool { return r.Amount.Currency == "JPY" && !strings.Contains(r.Amount.Amount, ".") }},
		"dinar with three decimals": {"linus", func(r transaction) bool {
			_, part, _ := strings.Cut(r.Amount.Amount, ".")
			return r.Amount.Currency == "KWD" && len(part) == 3
		}},
		"no id":                          {"ada", func(r transaction) bool { return r.TransactionID == "" }},
		"rejected":                       {"ada", func(r transaction) bool { return r.Status == "Rejected" && r.Balance == nil }},
		"pending on the current account": {"ada", func(r transaction) bool { return r.Status == "Pending" && r.TransactionMutability == "Mutable" }},
		"booked, but mutable":            {"ada", func(r transaction) bool { return r.Status == "Booked" && r.TransactionMutability == "Mutable" }},
		"a day written as midnight in UTC in summer": {"ada", func(r transaction) bool {
			return strings.HasSuffix(r.BookingDateTime, "T00:00:00+00:00") && local(r).Hour() == 1
		}},
		"a time in UTC that is the month after in London": {"ada", func(r transaction) bool {
			return strings.HasSuffix(r.BookingDateTime, "T23:22:00+00:00") && local(r).Day() == 1
		}},
		"late on the last day of a month": {"ada", func(r transaction) bool {
			return local(r).Hour() == 23 && local(r).AddDate(0, 0, 1).Day() == 1
		}},
		"in the hour that comes twice": {"ada", func(r transaction) bool {
			return strings.HasPrefix(r.BookingDateTime, "2025-10-26T01:") && r.Amount.Amount == "4.10"
		}},
		"after the hour that is missing": {"ada", func(r transaction) bool { return strings.HasPrefix(r.BookingDateTime, "2026-03-29T03:05:00+01:00") }},
		"bought on a Sunday, booked on a Monday": {"grace", func(r transaction) bool {
			v, err := time.Parse(time.RFC3339, r.ValueDateTime)
			return err == nil && v.In(london()).Weekday() == time.Sunday && local(r).Weekday() == time.Monday
		}},
		"a purchase abroad with what was asked for": {"grace", func(r transaction) bool {
			x := r.CurrencyExchange
			return x != nil && x.SourceCurrency == "EUR" && x.InstructedAmount != nil
		}},
		"an ampersand in a name": {"ada", func(r transaction) bool { return r.MerchantDetails != nil && r.MerchantDetails.MerchantName == "M&S" }},
		"a processor's prefix": {"ada", func(r transaction) bool {
			return r.MerchantDetails != nil && strings.HasPrefix(r.MerchantDetails.MerchantName, "SQ *")
		}},
		"markup from a stranger": {"linus", func(r transaction) bool { return strings.Contains(r.TransactionInformation, "</speak>") }},
		"only the bank's own code": {"ada", func(r transaction) bool {
			return r.BankTransactionCode == nil && r.ProprietaryBankTransactionCode != nil
		}},
		"cash by code": {"ada", func(r transaction) bool {
			return r.BankTransactionCode != nil && r.BankTransactionCode.SubCode == "CashWithdrawal"
		}},
		"an investment": {"ada", func(r transaction) bool {
			return r.MerchantDetails != nil && r.MerchantDetails.MerchantCategoryCode == "6211"
		}},
		"an own transfer that says nothing of itself": {"grace", func(r transaction) bool {
			return r.TransactionInformation == "FASTER PAYMENT" && r.CreditorAccount == nil
		}},
		"an own transfer with both numbers": {"grace", func(r transaction) bool {
			return r.TransactionInformation == "TO RAINY DAY" && r.CreditorAccount != nil
		}},
		"an own transfer between currencies": {"linus", func(r transaction) bool {
			return r.TransactionInformation == "CURRENCY TRANSFER" && r.Amount.Currency != "GBP"
		}},
		"a card paid off, seen from the card": {"grace", func(r transaction) bool {
			return r.CardInstrument != nil && strings.HasPrefix(r.TransactionInformation, "PAYMENT RECEIVED")
		}},
		"a card paid off, seen from the account": {"grace", func(r transaction) bool {
			return r.TransactionInformation == "ALBION REWARDS CARD DD" && r.CreditDebitIndicator == "Debit"
		}},
		"the bank's fee":             {"grace", func(r transaction) bool { return r.TransactionInformation == "MONTHLY ACCOUNT FEE" }},
		"interest for the overdraft": {"grace", func(r transaction) bool { return r.TransactionInformation == "ARRANGED OVERDRAFT INTEREST" }},
		"a refund": {"ada", func(r transaction) bool {
			return r.BankTransactionCode != nil && r.BankTransactionCode.SubCode == "Reimbursement"
		}},
		"overdrawn": {"grace", func(r transaction) bool {
			return r.CardInstrument == nil && r.Balance != nil && r.Balance.CreditDebitIndicator == "Debit"
		}},
	} {
		t.Run(name, func(t *testing.T) {
			n := 0
			for _, r := range rows[c.customer] {
				if c.is(r) {
					n++
				}
			}
			if n == 0 {
				t.Errorf("not met in %d rows", len(rows[c.customer]))
			}
		})
	}
	if len(rows["zoe"]) != 0 {
		t.Errorf("zoe has %d rows", len(rows["zoe"]))
	}
	twins := make(map[string]int)
	for _, r := range rows["ada"] {
		if r.TransactionID == "" {
			twins[r.BookingDateTime+r.Amount.Amount+r.TransactionInformation]++
		}
	}
	for key, n := range twins {
		if n != 2 {
			t.Errorf("%s stands %d times", key, n)
		}
	}
}

// TestTheTruthHoldsTogether checks what other tests rely on.
func TestTheTruthHoldsTogether(t *testing.T) {
	b := openBank(t, nil)
	b.clock.Set(time.Date(2026, time.July, 22, 12, 0, 0, 0, london()))
	month := func(name string, kind mockbank.Kind, category string, y int, m time.Month) (sum int64) {
		for _, e := range b.srv.Entries(name, time.Date(y, m, 1, 0, 0, 0, 0, london()), time.Date(y, m+1, 1, 0, 0, 0, 0, london())) {
			if e.Kind == kind && (category == "" || e.Category == category) && e.Status == "Booked" {
				sum += e.Minor
			}
		}
		return sum
	}
	if got := month("ada", mockbank.Refund, "education", 2025, time.October); got != 240_00 || month("ada", mockbank.Purchase, "education", 2025, time.October) != 0 {
		t.Errorf("education in October: refunds of %d", got)
	}
	if got := month("grace", mockbank.Refund, "travel", 2026, time.July); got != 306_00 || month("grace", mockbank.Purchase, "travel", 2026, time.July) != 0 {
		t.Errorf("travel in July: refunds of %d", got)
	}
	for m := range 23 {
		at := time.Date(2024, time.August+time.Month(m), 1, 0, 0, 0, 0, london())
		for _, kind := range []mockbank.Kind{mockbank.Salary, mockbank.Purchase} {
			if got := month("ada", kind, "", at.Year(), at.Month()); got == 0 {
				t.Errorf("%s: no %s", at.Format("January 2006"), kind)
			}
		}
		if got := month("ada", mockbank.Purchase, "housing", at.Year(), at.Month()); got != -950_00 {
			t.Errorf("%s: a rent of %d", at.Format("January 2006"), got)
		}
	}
	var repaid, moved int64
	for _, e := range b.srv.Entries("grace", time.Time{}, time.Time{}) {
		if e.Kind == mockbank.CardRepayment {
			repaid += e.Minor
		}
		if e.Kind == mockbank.OwnTransfer {
			moved += e.Minor
		}
	}
	if repaid != 0 || (moved != 0 && moved != -60_00) { // one may be under way
		t.Errorf("the two sides of the repayments differ by %d, of the transfers by %d", repaid, moved)
	}
	names := make(map[string]int)
	for _, a := range b.srv.Accounts("linus") {
		names[a.Nickname]++
	}
	if names["Everyday"] != 2 {
		t.Errorf("linus's accounts are %v", names)
	}
	numbers := make(map[string]bool)
	for _, name := range mockbank.Usernames() {
		for _, a := range b.srv.Accounts(name) {
			p, ok := b.srv.Position(a.ID)
			if !ok || numbers[a.Number] || len(a.Number) < 14 {
				t.Errorf("%s %s: %v, %q", name, a.Nickname, ok, a.Number)
			}
			numbers[a.Number] = true
			if limit := map[string]int64{"CreditCard": a.Limit, "CurrentAccount": a.Limit}[a.SubType]; p.Own < -limit {
				t.Errorf("%s %s: %d is below the limit of %d", name, a.Nickname, p.Own, limit)
			}
		}
	}
	if _, ok := b.srv.Position("nobody's"); ok {
		t.Error("nobody has a position")
	}
}

// TestNobodyFallsOutOfHisLimits walks three years, so that a demonstration on any
// day has plausible balances.
func TestNobodyFallsOutOfHisLimits(t *testing.T) {
	b := openBank(t, nil)
	overdrawn := 0
	for step := range 25 {
		b.clock.Set(time.Date(2025, time.January, 1, 20, 0, 0, 0, london()).AddDate(0, 0, step*38))
		for _, name := range mockbank.Usernames() {
			for _, a := range b.srv.Accounts(name) {
				p, _ := b.srv.Position(a.ID)
				if p.Own < -a.Limit || p.Own > 30_000_00 {
					t.Errorf("%s: %s %s has %d", b.clock.Now().Format(time.DateOnly), name, a.Nickname, p.Own)
				}
				if name == "grace" && a.SubType == "CurrentAccount" && p.Own < 0 {
					overdrawn++
				}
			}
		}
	}
	if overdrawn < 3 || overdrawn > 22 {
		t.Errorf("grace is overdrawn on %d of 25 days", overdrawn)
	}
}
