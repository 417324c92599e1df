package openbanking_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"sotto/banking"
	"sotto/banking/openbanking"
)

// fixed is a bank whose every answer is these bytes, without a network.
func fixed(t testing.TB, body []byte) *openbanking.Bank {
	t.Helper()
	return through(t, func(r *http.Request) (*http.Response, error) {
		return &http.Response{
			StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(bytes.NewReader(body)), Request: r,
		}, nil
	})
}

// through is a bank that is asked through this, and not a network.
func through(t testing.TB, ask round) *openbanking.Bank {
	t.Helper()
	bank, err := openbanking.New(openbanking.Config{
		ID: "stub", Name: "Stub", Dialect: openbanking.UK31, Issuer: "https://b.example", ResourceURL: "https://b.example/aisp", AuthorizationURL: "https://b.example/a",
		TokenURL: "https://b.example/t", JWKSURL: "https://b.example/j", ClientID: "sotto", Auth: openbanking.Basic, ClientSecret: "x", Zone: "Europe/London",
	}, openbanking.Options{Redirect: callback, Now: start, Transport: ask})
	if err != nil {
		t.Fatal(err)
	}
	return bank
}

// kinds are what may come of any bytes at all.
func wantKnown(t *testing.T, err error) {
	t.Helper()
	if err != nil && !errors.Is(err, banking.ErrGarbled) && !errors.Is(err, banking.ErrTooMuch) {
		t.Errorf("an error of no kind: %v", err)
	}
}

func FuzzTransactions(f *testing.F) {
	f.Add([]byte(rows(good, good)))
	f.Add([]byte(rows(strings.Replace(good, "t1", "", 1))[:90]))
	f.Add([]byte(`{"Data":{"Transaction":[{"AccountId":"a","Amount":{"Amount":"9999999999999.99999","Currency":"KWD"}}]},"Meta":{"FirstAvailableDateTime":"x"}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		bank := fixed(t, body)
		list, extent, err := read(context.Background(), bank, july())
		wantKnown(t, err)
		for _, tx := range list {
			if tx.Account.ID == "" || tx.Money.Currency == "" || !july().Window.Contains(tx.Day) || tx.Status == "" {
				t.Errorf("an entry that is none: %+v", tx)
			}
		}
		if err == nil && extent.Rows != len(list) {
			t.Errorf("%d rows, %d given", extent.Rows, len(list))
		}
	})
}

func FuzzBalances(f *testing.F) {
	f.Add([]byte(balances(stands)))
	f.Add([]byte(balances(strings.Replace(stands, "{", `{"CreditLine":[{"Included":true,"Amount":{"Amount":"1","Currency":"GBP"}}],`, 1))))
	f.Fuzz(func(t *testing.T, body []byte) {
		bank := fixed(t, body)
		list, err := bank.Balances(context.Background(), bearer("token"), directory{{Ref: banking.AccountRef{Bank: "stub", ID: "a1"}, Kind: banking.Current}})
		wantKnown(t, err)
		for _, b := range list {
			if b.Account.Ref.ID != "a1" || b.Money.Currency == "" || b.At.IsZero() {
				t.Errorf("a balance that is none: %+v", b)
			}
		}
	})
}

// directory is one that knows.
type directory []banking.Account

func (d directory) Accounts(context.Context) ([]banking.Account, error) { return d, nil }
func (d directory) Renew(context.Context) ([]banking.Account, error)    { return d, nil }

func FuzzAccounts(f *testing.F) {
	f.Add([]byte(account))
	f.Add([]byte(`{"Data":{"Account":[{"AccountId":"a","Nickname":"x\u202e\n y","Account":[{"SchemeName":"UK.OBIE.IBAN","Identification":"GB12 ABCD 1234"}]}]}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		list, err := fixed(t, body).Accounts(context.Background(), bearer("token"))
		wantKnown(t, err)
		for _, a := range list {
			if a.Ref.ID == "" || a.Kind == "" || len(a.Digits) > 4 || strings.ContainsAny(a.Name, "\n\u202e") {
				t.Errorf("an account that cannot be said: %+v", a)
			}
		}
	})
}
