package tests

import (
	"maps"
	"strings"
	"testing"
	"time"

	"sotto/banking/mockbank"
)

// TestABalanceQuestionCostsTheBankOneRoundTrip counts what the bank is asked while a signed question goes through the whole house.
func TestABalanceQuestionCostsTheBankOneRoundTrip(t *testing.T) {
	t.Parallel()
	for username, accounts := range map[string]int{"ada": 1, "grace": 3, "linus": 5} {
		t.Run(username, func(t *testing.T) {
			t.Parallel()
			house := open(t)
			s := house.speaker(t)
			s.link(username, nil)
			ask := func(when string, want map[string]int) {
				t.Helper()
				house.MockBank().ResetRequests()
				if heard := words(t, s.say("what's my balance").SSML); !strings.Contains(heard, "Your Everyday account") {
					t.Fatalf("%s: heard %q", when, heard)
				}
				if got := requests(house.MockBank()); !maps.Equal(got, want) {
					t.Errorf("%s: the bank was asked %v, want %v", when, got, want)
				}
			}
			one := map[string]int{"balances": 1}
			ask("right after linking", one)
			house.pass(3 * time.Second)
			ask("again", one)
			house.pass(15 * time.Minute)
			ask("when the bank's token has run out", map[string]int{"balances": 1, "token": 1})
			ask("after that", one)
		})
		t.Run(username+" at a bank without bulk endpoints", func(t *testing.T) {
			t.Parallel()
			house, bank, s := farHouse(t, username, mockbank.Options{NoBulk: true})
			ask := func(when string, want map[string]int) {
				t.Helper()
				bank.ResetRequests()
				if heard := words(t, s.say("what's my balance").SSML); !strings.Contains(heard, "Your Everyday account") {
					t.Fatalf("%s: heard %q", when, heard)
				}
				if got := requests(bank.Server); !maps.Equal(got, want) {
					t.Errorf("%s: the bank was asked %v, want %v", when, got, want)
				}
			}
			parallel := map[string]int{"account-balances": accounts} // at the same time, so that they are one round trip
			ask("the first time", map[string]int{"balances": 1, "account-balances": accounts})
			ask("when the 404 is known", parallel)
			house.pass(24*time.Hour + time.Minute)
			s.trade(map[string][]string{"grant_type": {"refresh_token"}, "refresh_token": {s.refresh}})
			ask("when nothing is fresh", map[string]int{"token": 1, "balances": 1, "accounts": 1, "account-balances": accounts})
			ask("after that", parallel)
		})
	}
}

func requests(bank *mockbank.Server) map[string]int {
	got := bank.Requests()
	maps.DeleteFunc(got, func(_ string, n int) bool { return n == 0 })
	return got
}
