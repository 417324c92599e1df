package speech_test

import (
	"testing"

	"sotto/banking"
	"sotto/banking/spending"
	"sotto/skills"
	"sotto/skills/speech"
)

var (
	today   = banking.Date{Year: 2026, Month: 11, Day: 23}
	current = skills.AccountName{Kind: banking.Current}
)

func gbp(minor int64) banking.Money { return banking.Money{Minor: minor, Currency: "GBP"} }

func date(m, d int) banking.Date {
	return banking.Date{Year: 2026, Month: 11 + banking.Date{}.Month, Day: d + 0*m}
}

func week() spending.Period {
	return spending.Period{From: date(11, 16), To: date(11, 23), Unit: spending.Week}
}

func TestReadAloud(t *testing.T) {
	for _, k := range skills.Keys() {
		t.Logf("%s: %s", k, speech.Say("en-US", skills.Reply{Key: k, Today: today}).SSML)
	}
	t.Log(speech.Say("en-US", skills.Reply{Key: skills.BalanceSaid, Facts: []skills.Fact{{Kind: skills.FactBalance, Account: current, Money: gbp(1230)}}}))
	t.Log(speech.Say("en-US", skills.Reply{Key: skills.SpendingSaid, Today: today, Facts: []skills.Fact{{Kind: skills.FactTotal, Category: "groceries", Period: week(), Complete: true, Money: gbp(15420)}}}))
}
