package openbanking

import (
	"context"
	"fmt"
	"strings"
	"unicode"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"sotto/banking"
)

const (
	// maxAccounts bounds the accounts of one consent, maxID an account's id (Max40Text, generously), maxName a nickname (70, generously).
	maxAccounts = 250
	maxID       = 128
	maxName     = 140
)

type wireAccount struct {
	ID       string           `json:"AccountId"`
	Status   string           `json:"Status"`
	Currency banking.Currency `json:"Currency"`
	SubType  string           `json:"AccountSubType"`
	Nickname string           `json:"Nickname"`
	Product  string           `json:"Description"`
	Account  []wireNumber     `json:"Account"`
}

type wireNumber struct {
	Scheme string `json:"SchemeName"`
	Number string `json:"Identification"`
}

// Accounts lists the accounts of the consent, in the bank's order. Deleted ones are left out.
func (b *Bank) Accounts(ctx context.Context, bearer banking.Bearer) ([]banking.Account, error) {
	var list []banking.Account
	seen := map[string]bool{}
	left := int64(maxList)
	cut, err := b.chain(ctx, bearer, b.config.ResourceURL+"/accounts", "Account", &left, func(d *jsontext.Decoder) error {
		var wire wireAccount
		if json.UnmarshalDecode(d, &wire) != nil || wire.ID == "" || len(wire.ID) > maxID {
			return errShape
		}
		if seen[wire.ID] || wire.Status == "Deleted" {
			return nil
		}
		if len(list) == maxAccounts {
			return fmt.Errorf("%w: accounts", banking.ErrTooMuch)
		}
		seen[wire.ID] = true
		list = append(list, wire.account(b.ID()))
		return nil
	}, onward)
	if err == nil && cut {
		err = fmt.Errorf("%w: accounts", banking.ErrTooMuch)
	}
	if err != nil {
		return nil, fmt.Errorf("accounts at %s: %w", b.config.ID, err)
	}
	return list, nil
}

func (w wireAccount) account(bank banking.BankID) banking.Account {
	a := banking.Account{
		Ref: banking.AccountRef{Bank: bank, ID: w.ID}, Kind: kindOfAccount(w.SubType), Currency: w.Currency, Name: spoken(w.Nickname),
	}
	if a.Name == "" {
		a.Name = spoken(w.Product)
	}
	if _, err := w.Currency.Exponent(); err != nil {
		a.Currency = "" // a switched account has none
	}
	for _, n := range w.Account {
		number := compact(n.Number)
		if a.Digits == "" {
			a.Digits = lastDigits(number)
		}
		if a.Number == "" && !strings.ContainsAny(number, "*") && !strings.Contains(number, "XXX") && len(number) <= 64 {
			a.Number = number
		}
	}
	return a
}

// kindOfAccount maps AccountSubType. A code the standard does not have is Other.
func kindOfAccount(sub string) banking.Kind {
	switch sub {
	case "CurrentAccount":
		return banking.Current
	case "Savings":
		return banking.Savings
	case "CreditCard", "ChargeCard":
		return banking.Card
	case "PrePaidCard":
		return banking.Prepaid
	case "EMoney":
		return banking.EMoney
	case "Loan":
		return banking.Loan
	case "Mortgage":
		return banking.Mortgage
	}
	return banking.Other
}

// compact writes an identification without the spaces and dashes people put into it.
func compact(number string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || r == '-' {
			return -1
		}
		return unicode.ToUpper(r)
	}, number)
}

// lastDigits gives the digits an identification ends in, at most four.
func lastDigits(number string) string {
	i := len(number)
	for i > 0 && len(number)-i < 4 && number[i-1] >= '0' && number[i-1] <= '9' {
		i--
	}
	return number[i:]
}

// spoken tidies a name: one line, no control or formatting characters, bounded.
func spoken(name string) string {
	name = strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Cf, r) {
			return -1
		}
		if unicode.IsControl(r) || unicode.IsSpace(r) {
			return ' '
		}
		return r
	}, name)
	name = strings.Join(strings.Fields(name), " ")
	if runes := []rune(name); len(runes) > maxName {
		name = strings.TrimSpace(string(runes[:maxName]))
	}
	return name
}
