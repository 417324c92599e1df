package tests

import (
	"crypto/rand"
	"encoding/base32"
	"maps"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"sotto/banking/mockbank"
	"sotto/server/dev"
	"sotto/tests/loopback"
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
			house, bank, s := farHouse(t, username, func(o *mockbank.Options) { o.NoBulk = true })
			ask := func(when string, want map[string]int) {
				t.Helper()
				bank.ResetRequests()
				if heard := words(t, s.say("what's my balance").SSML); !strings.Contains(heard, "Your Everyday account") {
					t.Fatalf("%s: heard %q", when, heard)
				}
				if got := requests(bank); !maps.Equal(got, want) {
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

// farHouse is a house that has a second mock bank, "Far Bank", and a speaker whose accounts are there.
func farHouse(tb testing.TB, username string, change func(*mockbank.Options)) (*openHouse, *mockbank.Server, *speaker) {
	tb.Helper()
	l, err := new(net.ListenConfig).Listen(tb.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	addr, base := loopback.Free(tb), "http://"+l.Addr().String()
	secret, totp := rand.Text(), base32.StdEncoding.EncodeToString([]byte(rand.Text())[:20])
	house := openWith(tb, addr, banksFile(tb, base, secret))
	options := mockbank.Options{
		BaseURL: base, Clock: house.Now, Seed: 1,
		Clients:   []mockbank.Client{{ID: "sotto", Name: "Sotto", Auth: mockbank.AuthBasic, Secret: secret, RedirectURIs: []string{"http://" + addr + "/link/callback"}}},
		Customers: map[string]mockbank.Credential{username: {Password: secret, TOTPSecret: totp}},
	}
	change(&options)
	bank, err := mockbank.New(options)
	if err != nil {
		tb.Fatal(err)
	}
	server := &http.Server{Handler: bank, ReadHeaderTimeout: 5 * time.Second}
	go func() { _ = server.Serve(l) }()
	tb.Cleanup(func() {
		server.Close()
		bank.Close()
	})
	s := house.speaker(tb)
	s.far = dev.Customer{Username: username, Password: secret, TOTPSecret: totp}
	s.linkAs(dev.Person{Bank: "far", Customer: s.far, Now: house.Now}, nil)
	return house, bank, s
}
