package mockbank

import (
	"net/http"
	"time"
)

// readAccounts answers /accounts and /accounts/{AccountId}.
func (a *albion) readAccounts(w http.ResponseWriter, r *http.Request, c call) {
	books, ok := a.consented(w, c, a.now(), "ReadAccountsBasic", "ReadAccountsDetail")
	if !ok {
		return
	}
	out := wireAccounts{Account: []wireAccount{}}
	for _, b := range books {
		out.Account = append(out.Account, b.wire(c.holder.consent))
	}
	writeJSON(w, http.StatusOK, envelope[wireAccounts]{Data: out, Links: links{Self: a.self(r)}, Meta: meta{TotalPages: 1}})
}

func (acc Account) wire(c consent) wireAccount {
	out := wireAccount{
		ID: acc.ID, Status: "Enabled", Currency: acc.Currency, Type: "Personal", SubType: acc.SubType,
		Nickname: acc.Nickname, Opened: wireDate(acc.Opened),
	}
	if !c.may("ReadAccountsDetail") {
		return out
	}
	for _, name := range acc.Holders {
		out.Account = append(out.Account, wireIdentification{Scheme: acc.Scheme, Number: acc.number(c), Name: name})
	}
	if acc.Scheme == "UK.OBIE.SortCodeAccountNumber" {
		out.Servicer = &wireServicer{Scheme: "UK.OBIE.BICFI", Number: "ALBNGB2LXXX"}
	}
	return out
}

// number is the account's number as the consent lets it be seen: a card's is
// masked without ReadPAN.
func (acc Account) number(c consent) string {
	if acc.Scheme == "UK.OBIE.PAN" && !c.may("ReadPAN") {
		return masked(acc.Number)
	}
	return acc.Number
}

// readBalances answers /balances and /accounts/{AccountId}/balances.
func (a *albion) readBalances(w http.ResponseWriter, r *http.Request, c call) {
	now := a.now()
	books, ok := a.consented(w, c, now, "ReadBalances")
	if !ok {
		return
	}
	var out wireBalances
	for _, b := range books {
		for _, kind := range b.types {
			out.Balance = append(out.Balance, b.balance(kind, now, a.zone))
		}
	}
	writeJSON(w, http.StatusOK, envelope[wireBalances]{Data: out, Links: links{Self: a.self(r)}, Meta: meta{TotalPages: 1}})
}

// balance is one balance of a book. The limit is told with every one; only the
// available balance may have it in it.
func (b *book) balance(kind string, now time.Time, zone *time.Location) wireBalance {
	sum, when := b.booked(now), now.In(zone)
	included := false
	switch kind {
	case available:
		sum += b.pending(now)
		included = b.LimitIncluded
		if included {
			sum += fromMinor(b.Limit, b.Currency)
		}
	case expected:
		sum += b.pending(now)
	case yesterday, closing:
		when = midnight(now, zone)
		sum = b.booked(when.Add(-time.Second))
	}
	out := wireBalance{
		Account: b.ID, Indicator: indicator(sum), Type: kind, At: wireTime(when), Amount: amountOf(sum, b.Currency, false),
	}
	if b.Limit > 0 {
		limit := amountOf(fromMinor(b.Limit, b.Currency), b.Currency, false)
		line := wireCreditLine{Included: included, Type: "Pre-Agreed", Amount: &limit}
		if b.SubType == "CreditCard" {
			line.Type = "Credit"
		}
		out.CreditLine = []wireCreditLine{line}
	}
	return out
}
