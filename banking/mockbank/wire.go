package mockbank

import (
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// The shapes of UK Open Banking Read/Write v3.1.11, as far as this bank uses
// them. Absent optional members are left out, as the standard asks.

type amount struct {
	Amount   string `json:"Amount"`
	Currency string `json:"Currency"`
}

type links struct {
	Self string `json:"Self"`
	Next string `json:"Next,omitzero"`
}

type meta struct {
	TotalPages int32  `json:"TotalPages,omitzero"`
	First      string `json:"FirstAvailableDateTime,omitzero"`
	Last       string `json:"LastAvailableDateTime,omitzero"`
}

type envelope[T any] struct {
	Data  T     `json:"Data"`
	Links links `json:"Links"`
	Meta  meta  `json:"Meta"`
}

type wireIdentification struct {
	Scheme string `json:"SchemeName"`
	Number string `json:"Identification"`
	Name   string `json:"Name,omitzero"`
}

type wireServicer struct {
	Scheme string `json:"SchemeName"`
	Number string `json:"Identification"`
}

type wireAccount struct {
	ID       string               `json:"AccountId"`
	Status   string               `json:"Status"`
	Currency string               `json:"Currency"`
	Type     string               `json:"AccountType"`
	SubType  string               `json:"AccountSubType"`
	Nickname string               `json:"Nickname,omitzero"`
	Opened   string               `json:"OpeningDate,omitzero"`
	Account  []wireIdentification `json:"Account,omitzero"`
	Servicer *wireServicer        `json:"Servicer,omitzero"`
}

type wireAccounts struct {
	Account []wireAccount `json:"Account"`
}

type wireCreditLine struct {
	Included bool    `json:"Included"`
	Type     string  `json:"Type,omitzero"`
	Amount   *amount `json:"Amount,omitzero"`
}

type wireBalance struct {
	Account    string           `json:"AccountId"`
	Indicator  string           `json:"CreditDebitIndicator"`
	Type       string           `json:"Type"`
	At         string           `json:"DateTime"`
	Amount     amount           `json:"Amount"`
	CreditLine []wireCreditLine `json:"CreditLine,omitzero"`
}

type wireBalances struct {
	Balance []wireBalance `json:"Balance"`
}

type wireCode struct {
	Code    string `json:"Code"`
	SubCode string `json:"SubCode"`
}

type wireOwnCode struct {
	Code   string `json:"Code"`
	Issuer string `json:"Issuer"`
}

type wireRunning struct {
	Indicator string `json:"CreditDebitIndicator"`
	Type      string `json:"Type"`
	Amount    amount `json:"Amount"`
}

type wireMerchant struct {
	Name string `json:"MerchantName,omitzero"`
	MCC  string `json:"MerchantCategoryCode,omitzero"`
}

type wireParty struct {
	Scheme string `json:"SchemeName,omitzero"`
	Number string `json:"Identification,omitzero"`
	Name   string `json:"Name,omitzero"`
}

type wireExchange struct {
	Source     string         `json:"SourceCurrency"`
	Target     string         `json:"TargetCurrency,omitzero"`
	Unit       string         `json:"UnitCurrency,omitzero"`
	Rate       jsontext.Value `json:"ExchangeRate"` // a JSON number, written without a float
	Instructed *amount        `json:"InstructedAmount,omitzero"`
}

type wireCard struct {
	Scheme string `json:"CardSchemeName"`
	Number string `json:"Identification,omitzero"`
}

type wireTransaction struct {
	Account    string        `json:"AccountId"`
	ID         string        `json:"TransactionId,omitzero"`
	Indicator  string        `json:"CreditDebitIndicator"`
	Status     string        `json:"Status"`
	Mutability string        `json:"TransactionMutability,omitzero"`
	Booking    string        `json:"BookingDateTime"`
	Value      string        `json:"ValueDateTime,omitzero"`
	Text       string        `json:"TransactionInformation,omitzero"`
	Amount     amount        `json:"Amount"`
	Exchange   *wireExchange `json:"CurrencyExchange,omitzero"`
	Code       *wireCode     `json:"BankTransactionCode,omitzero"`
	OwnCode    *wireOwnCode  `json:"ProprietaryBankTransactionCode,omitzero"`
	Running    *wireRunning  `json:"Balance,omitzero"`
	Merchant   *wireMerchant `json:"MerchantDetails,omitzero"`
	Creditor   *wireParty    `json:"CreditorAccount,omitzero"`
	Debtor     *wireParty    `json:"DebtorAccount,omitzero"`
	Card       *wireCard     `json:"CardInstrument,omitzero"`
}

type wireTransactions struct {
	Transaction []wireTransaction `json:"Transaction"`
}

// wireTime writes an instant with its offset.
func wireTime(t time.Time) string { return t.Format("2006-01-02T15:04:05-07:00") }

// wireDate writes a day that has no time: midnight in UTC, whatever the zone.
func wireDate(t time.Time) string { return t.Format("2006-01-02") + "T00:00:00+00:00" }
