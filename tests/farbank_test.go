package tests

import (
	"crypto/rand"
	"encoding/base32"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"sotto/banking/mockbank"
	"sotto/server/dev"
	"sotto/tests/loopback"
)

// farBank is a mock bank beside a house's own, which knows it as "far". Where it listens and whom it knows is settled before it opens, since a house
// and its banks each have to know of the other.
type farBank struct {
	*mockbank.Server // once it is open
	listener         net.Listener
	banks            string // a SOTTO_BANKS file that names it
	customer         dev.Customer
}

func newFarBank(tb testing.TB, username string) *farBank {
	tb.Helper()
	customer := newCustomer(username)
	l := loopback.Listen(tb)
	return &farBank{listener: l, banks: banksFile(tb, "http://"+l.Addr().String(), customer.Password), customer: customer}
}

// open has it serve the house at url, by the options that are not the same for all. Whoever stands before it sees every request.
func (b *farBank) open(tb testing.TB, url string, o mockbank.Options, before ...func(http.Handler) http.Handler) {
	tb.Helper()
	o.BaseURL, o.Seed = "http://"+b.listener.Addr().String(), 1
	o.Clients = []mockbank.Client{{ID: "sotto", Name: "Sotto", Auth: mockbank.AuthBasic, Secret: b.customer.Password, RedirectURIs: []string{url + "/link/callback"}}}
	o.Customers = map[string]mockbank.Credential{b.customer.Username: {Password: b.customer.Password, TOTPSecret: b.customer.TOTPSecret}}
	b.Server = serveBank(tb, b.listener, o, before...)
}

// person is its customer, who makes one-time codes by that clock.
func (b *farBank) person(now func() time.Time) dev.Person {
	return dev.Person{Bank: "far", Customer: b.customer, Now: now}
}

// farHouse is a house with a far bank as in o, and a speaker whose accounts are there.
func farHouse(tb testing.TB, username string, o mockbank.Options) (*openHouse, *farBank, *speaker) {
	tb.Helper()
	addr, bank := loopback.Free(tb), newFarBank(tb, username)
	house := openWith(tb, addr, bank.banks)
	o.Clock = house.Now
	bank.open(tb, "http://"+addr, o)
	s := house.speaker(tb)
	s.linkAs(bank.person(house.Now), nil)
	return house, bank, s
}

// farChild is a far bank in a process of its own, which tells the time by the machine: the SOTTO_BANKS file of the house at addr, and the bank's
// customer. That is "ada", or, where rows says of how many entries, "hopper".
func farChild(tb testing.TB, addr, rows string) (banks string, who dev.Person) {
	tb.Helper()
	customer := newCustomer("ada")
	if rows != "" {
		customer.Username = "hopper"
	}
	bank := startChild(tb, "bank", "SOTTO_TEST_HOUSE=http://"+addr, "SOTTO_TEST_SECRET="+customer.Password, "SOTTO_TEST_TOTP="+customer.TOTPSecret, "SOTTO_TEST_ROWS="+rows)
	return banksFile(tb, bank.said["url"], customer.Password), dev.Person{Bank: "far", Customer: customer, Now: time.Now}
}

func newCustomer(username string) dev.Customer {
	return dev.Customer{Username: username, Password: rand.Text(), TOTPSecret: base32.StdEncoding.EncodeToString([]byte(rand.Text())[:20])}
}

// serveBank opens a mock bank that answers at l, until the test is over.
func serveBank(tb testing.TB, l net.Listener, o mockbank.Options, before ...func(http.Handler) http.Handler) *mockbank.Server {
	tb.Helper()
	bank, err := mockbank.New(o)
	if err != nil {
		tb.Fatal(err)
	}
	var handler http.Handler = bank
	for _, stand := range before {
		handler = stand(handler)
	}
	tb.Cleanup(func() { bank.Close() })
	loopback.Serve(tb, l, handler)
	return bank
}

// banksFile writes a SOTTO_BANKS file with the mock bank at base under the id "far".
func banksFile(tb testing.TB, base, secret string) string {
	tb.Helper()
	path := filepath.Join(tb.TempDir(), "banks.yaml")
	content := fmt.Sprintf(`- id: far
  name: Far Bank
  dialect: uk-ob-3.1
  issuer: %[1]s/albion
  resource_url: %[1]s/albion/open-banking/v3.1/aisp
  authorization_url: %[1]s/albion/authorize
  token_url: %[1]s/albion/token
  jwks_url: %[1]s/albion/jwks
  client_id: sotto
  auth: client_secret_basic
  client_secret: %[2]s
  request: plain
  zone: Europe/London
  locale: en-GB
`, base, secret)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		tb.Fatal(err)
	}
	return path
}
