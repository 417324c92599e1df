package mockbank_test

import (
	"strings"
	"testing"
	"time"

	"sotto/banking/mockbank"
)

func TestWhatThePermissionsWithholdIsNotThere(t *testing.T) {
	b := openBank(t, func(o *mockbank.Options) { o.PageSize = 1000 })
	read := func(name string, extra map[string]string, permissions ...string) []transaction {
		rows, _ := once(b.all(b.link(name, permissions, extra).Access, "/transactions"))
		if len(rows) == 0 {
			t.Fatal("no rows")
		}
		return rows
	}
	t.Run("Basic tells no names, texts or balances", func(t *testing.T) {
		for _, name := range []string{"ada", "grace", "linus"} {
			for _, r := range read(name, nil, "ReadAccountsBasic", "ReadTransactionsBasic", "ReadTransactionsCredits", "ReadTransactionsDebits") {
				if r.TransactionInformation != "" || r.Balance != nil || r.MerchantDetails != nil || r.CreditorAccount != nil || r.DebtorAccount != nil {
					t.Fatalf("got %+v", r)
				}
			}
		}
	})
	t.Run("Basic and Detail together are Detail", func(t *testing.T) {
		rows := read("ada", nil, "ReadAccountsBasic", "ReadTransactionsBasic", "ReadTransactionsDetail", "ReadTransactionsDebits")
		if rows[0].TransactionInformation == "" {
			t.Errorf("got %+v", rows[0])
		}
	})
	t.Run("Credits alone tell no debits", func(t *testing.T) {
		for _, r := range read("ada", nil, "ReadAccountsBasic", "ReadTransactionsDetail", "ReadTransactionsCredits") {
			if r.CreditDebitIndicator != "Credit" {
				t.Fatalf("got %+v", r)
			}
		}
	})
	t.Run("Debits alone tell no credits but what reverses a debit", func(t *testing.T) {
		refunds := 0
		for _, r := range read("ada", nil, "ReadAccountsBasic", "ReadTransactionsDetail", "ReadTransactionsDebits") {
			if r.CreditDebitIndicator == "Credit" {
				refunds++
				if r.BankTransactionCode.SubCode != "Reimbursement" {
					t.Fatalf("got %+v", r)
				}
			}
		}
		if refunds == 0 {
			t.Error("no refund among them")
		}
	})
	t.Run("the consent's window closes on both sides", func(t *testing.T) {
		from, to := time.Date(2026, 3, 1, 0, 0, 0, 0, london()), time.Date(2026, 5, 1, 0, 0, 0, 0, london())
		window := map[string]string{"TransactionFromDateTime": from.Format(time.RFC3339), "TransactionToDateTime": to.Format(time.RFC3339)}
		tok := b.link("ada", allPermissions(), window).Access
		want := len(b.srv.Entries("ada", from, to.Add(time.Second)))
		for _, path := range []string{"/transactions", "/transactions?fromBookingDateTime=2020-01-01&toBookingDateTime=2026-12-31"} {
			pages := b.all(tok, path)
			rows, _ := once(pages)
			if len(rows) != want || want == 0 {
				t.Errorf("%s: got %d rows, want %d", path, len(rows), want)
			}
			if m := pages[0].Meta; m.FirstAvailableDateTime != "2026-03-01T00:00:00+00:00" || m.LastAvailableDateTime != "2026-05-01T00:00:00+01:00" {
				t.Errorf("got %+v", m)
			}
		}
	})
	t.Run("the bank itself goes back two years and says so", func(t *testing.T) {
		pages := b.all(b.link("ada", allPermissions(), nil).Access, "/transactions")
		if m := pages[0].Meta; m.FirstAvailableDateTime != "2024-07-01T00:00:00+01:00" || m.LastAvailableDateTime != "2026-07-15T13:30:00+01:00" {
			t.Errorf("got %+v", m)
		}
	})
	t.Run("Basic accounts have no numbers", func(t *testing.T) {
		a := b.get(b.link("grace", []string{"ReadAccountsBasic"}, nil).Access, "/accounts")
		for _, acc := range b.srv.Accounts("grace") {
			if strings.Contains(string(a.body), acc.Number) || strings.Contains(string(a.body), acc.Holders[0]) || strings.Contains(string(a.body), "Servicer") {
				t.Errorf("got %s", a.body)
			}
		}
	})
	t.Run("a card's number is masked without ReadPAN, and only then", func(t *testing.T) {
		card := b.srv.Accounts("grace")[2]
		for _, path := range []string{"/accounts", "/accounts/" + card.ID + "/transactions"} {
			hidden := b.get(b.link("grace", allPermissions(), nil).Access, path)
			if strings.Contains(string(hidden.body), card.Number) || !strings.Contains(string(hidden.body), "************"+card.Number[12:]) {
				t.Errorf("%s: not masked", path)
			}
			open := b.get(b.link("grace", append(allPermissions(), "ReadPAN"), nil).Access, path)
			if !strings.Contains(string(open.body), card.Number) {
				t.Errorf("%s: masked all the same", path)
			}
		}
	})
}

func TestBalancesSayWhatIsOwnAndWhatIsLent(t *testing.T) {
	b := openBank(t, nil)
	b.clock.Set(time.Date(2026, time.July, 20, 12, 0, 0, 0, london()))
	ids := b.accountIDs("grace")
	tok := b.link("grace", allPermissions(), nil).Access
	kinds := make(map[string]balance)
	for i, id := range ids {
		for _, bal := range b.balances(tok, "/accounts/"+id+"/balances") {
			kinds[[]string{"current ", "savings ", "card "}[i]+bal.Type] = bal
		}
	}
	current := kinds["current InterimAvailable"]
	if len(current.CreditLine) != 1 || !current.CreditLine[0].Included || current.CreditLine[0].Type != "Pre-Agreed" || current.CreditLine[0].Amount.Amount != "1000.00" {
		t.Errorf("the overdraft is told as %+v", current.CreditLine)
	}
	if _, ok := kinds["savings InterimAvailable"]; ok {
		t.Error("the savings account gives an available balance")
	}
	card := kinds["card InterimBooked"]
	if card.CreditDebitIndicator != "Debit" || card.CreditLine[0].Included {
		t.Errorf("what is owed on the card is told as %+v", card)
	}
	p, _ := b.srv.Position(ids[2])
	if got := minor(t, card.Amount, card.CreditDebitIndicator); got != p.Booked || got >= 0 {
		t.Errorf("got %d, want %d", got, p.Booked)
	}
	other := b.balances(b.link("linus", allPermissions(), nil).Access, "/balances")
	for _, bal := range other {
		if bal.AccountID == b.accountIDs("linus")[1] && (len(bal.CreditLine) != 1 || bal.CreditLine[0].Included) {
			t.Errorf("an overdraft that is not included is told as %+v", bal)
		}
	}
	zero := b.balances(b.link("zoe", allPermissions(), nil).Access, "/balances")
	if zero[0].CreditDebitIndicator != "Credit" || zero[0].Amount.Amount != "0.00" {
		t.Errorf("nothing is told as %+v", zero[0])
	}
}
