package openbanking_test

import (
	"cmp"
	"errors"
	"slices"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"sotto/banking"
	"sotto/banking/mockbank"
	"sotto/banking/openbanking"
)

func TestEveryWayToAuthenticateAndToAskLinksACustomer(t *testing.T) {
	for _, formPost := range []bool{true, false} {
		a := openAlbion(t, func(o *mockbank.Options) { o.NoFormPost = !formPost })
		for _, auth := range []string{openbanking.Basic, openbanking.Post, openbanking.PrivateKey, openbanking.TLS} {
			for _, request := range []string{openbanking.Plain, openbanking.Signed} {
				if request == openbanking.Signed && (auth == openbanking.Basic || auth == openbanking.Post) {
					continue // the mock bank knows no keys of these clients
				}
				t.Run(auth+" "+request, func(t *testing.T) {
					bank := a.bank(a.config(auth, request))
					tokens, subject := a.linked(bank, "ada", all()...)
					if tokens.Refresh == "" || subject == "" || !tokens.RefreshExpires.After(start()) {
						t.Errorf("refresh token %t, subject %t, its end %v", tokens.Refresh != "", subject != "", tokens.RefreshExpires)
					}
					if got, want := tokens.Expires, start().Add(5*time.Minute); !got.Equal(want) {
						t.Errorf("expires %v, want %v", got, want)
					}
					if _, err := bank.Accounts(t.Context(), bearer(tokens.Access)); err != nil {
						t.Error(err)
					}
					renewed, err := bank.Refresh(t.Context(), tokens.Refresh)
					if err != nil || renewed.Refresh != tokens.Refresh || renewed.Access == tokens.Access {
						t.Errorf("refresh: %v, the same refresh token %t", err, renewed.Refresh == tokens.Refresh)
					}
				})
			}
		}
	}
}

func TestTheKeysOfTheSettingsAreReadAndUsed(t *testing.T) {
	a := openAlbion(t, nil)
	bank, err := openbanking.New(a.config(openbanking.TLS, openbanking.Signed), openbanking.Options{Redirect: callback, Now: a.clock.Now})
	if err != nil {
		t.Fatal(err)
	}
	a.linked(bank, "ada", banking.ReadBalances)
}

// TestBalancesAreTheCustomersOwnMoney compares with what the mock bank knows to be true, for all its customers, with and without
// bulk endpoints.
func TestBalancesAreTheCustomersOwnMoney(t *testing.T) {
	for _, noBulk := range []bool{false, true} {
		a := openAlbion(t, func(o *mockbank.Options) { o.NoBulk = noBulk })
		bank := a.bank(a.config(openbanking.Basic, openbanking.Plain))
		for _, username := range mockbank.Usernames() {
			t.Run(username, func(t *testing.T) {
				tokens, _ := a.linked(bank, username, banking.ReadBalances)
				b := bearer(tokens.Access)
				got, err := bank.Balances(t.Context(), b, listing{bank, b})
				if err != nil {
					t.Fatal(err)
				}
				truth := a.mock.Accounts(username)
				if len(got) != len(truth) {
					t.Fatalf("%d balances, want %d", len(got), len(truth))
				}
				for i, account := range truth {
					position, _ := a.mock.Position(account.ID)
					want := position.Own
					if account.SubType == "Savings" {
						want = position.Booked // its bank tells no available figure
					}
					g := got[i]
					if g.Account.Ref.ID != account.ID || g.Money.Minor != want || string(g.Money.Currency) != account.Currency {
						t.Errorf("account %d is not the %d-th or has another balance than %d", i, i, want)
					}
					if g.Account.Name != account.Nickname || g.Account.Digits != "" || g.Account.Number != "" {
						t.Errorf("account %d: a consent for balances shows a number, or not the nickname", i)
					}
					if g.Overdraft.Minor != account.Limit || g.Rounded || !g.At.Before(start().Add(time.Second)) {
						t.Errorf("account %d: overdraft %d, want %d; at %v", i, g.Overdraft.Minor, account.Limit, g.At)
					}
				}
			})
		}
	}
}

type row struct {
	account, id, day string
	minor            int64
	pending          bool
	rounded          bool
	mcc              string
}

// TestTransactionsAreWhatTheBankKnows compares a month's entries with the mock bank's own books: pages overlap there, and some rows have
// no id.
func TestTransactionsAreWhatTheBankKnows(t *testing.T) {
	for name, tweak := range map[string]func(*mockbank.Options){
		"in bulk, in pages of seven":     func(o *mockbank.Options) { o.PageSize = 7 },
		"by account, in pages of twenty": func(o *mockbank.Options) { o.PageSize, o.NoBulk = 20, true },
	} {
		t.Run(name, func(t *testing.T) {
			a := openAlbion(t, tweak)
			bank := a.bank(a.config(openbanking.Basic, openbanking.Plain))
			london := bank.Zone()
			for _, username := range mockbank.Usernames() {
				tokens, _ := a.linked(bank, username, banking.ReadTotals)
				b := bearer(tokens.Access)
				window := banking.Window{From: banking.Date{Year: 2026, Month: time.March, Day: 1}, To: banking.Date{Year: 2026, Month: time.July, Day: 16}}
				var got, want []row
				extent, err := bank.Transactions(t.Context(), b, listing{bank, b}, banking.Query{Window: window}, func(tx banking.Transaction) error {
					got = append(got, row{tx.Account.ID, tx.ID, tx.Day.String(), tx.Money.Minor, tx.Status == banking.Pending, tx.Rounded, tx.MCC})
					return nil
				})
				if err != nil {
					t.Fatal(err)
				}
				for _, e := range a.mock.Entries(username, window.From.In(london), window.To.In(london)) {
					if e.Status != "Rejected" {
						want = append(want, row{e.Account, e.ID, e.When.In(london).Format(time.DateOnly), e.Minor, e.Status == "Pending", !e.Exact, e.MCC})
					}
				}
				order := func(a, b row) int {
					return cmp.Or(cmp.Compare(a.account, b.account), cmp.Compare(a.day, b.day), cmp.Compare(a.id, b.id), cmp.Compare(a.minor, b.minor), cmp.Compare(a.mcc, b.mcc))
				}
				slices.SortFunc(got, order)
				slices.SortFunc(want, order)
				if diff := gocmp.Diff(want, got, gocmp.AllowUnexported(row{})); diff != "" {
					t.Errorf("%s (-want +got):\n%s", username, diff)
				}
				if judged := a.judge.Judged(); judged["GET /transactions 200"]+judged["GET /accounts/{AccountId}/transactions 200"] == 0 {
					t.Errorf("no page was judged: %v", judged)
				}
				if extent.Rows != len(want) || extent.Cut || username == "ada" && (extent.First.IsZero() || len(want) < 50) {
					t.Errorf("%s: extent %+v, want %d rows", username, extent, len(want))
				}
			}
		})
	}
}

func TestOnlyTheAccountsAskedForAreGiven(t *testing.T) {
	for name, noBulk := range map[string]bool{"with bulk endpoints": false, "without": true} {
		t.Run(name, func(t *testing.T) {
			a := openAlbion(t, func(o *mockbank.Options) { o.NoBulk = noBulk })
			bank := a.bank(a.config(openbanking.Basic, openbanking.Plain))
			tokens, _ := a.linked(bank, "grace", banking.ReadTotals)
			b := bearer(tokens.Access)
			accounts := a.mock.Accounts("grace")
			for _, only := range [][]string{{accounts[2].ID}, {accounts[0].ID, accounts[2].ID}} {
				seen := map[string]bool{}
				window := banking.Window{From: banking.Date{Year: 2026, Month: time.June, Day: 1}, To: banking.Date{Year: 2026, Month: time.July, Day: 16}}
				_, err := bank.Transactions(t.Context(), b, listing{bank, b}, banking.Query{Window: window, Only: only}, func(tx banking.Transaction) error {
					seen[tx.Account.ID] = true
					return nil
				})
				if err != nil || len(seen) != len(only) || !seen[accounts[2].ID] {
					t.Errorf("%v: entries of %d accounts, want %d", err, len(seen), len(only))
				}
			}
		})
	}
}

func TestAConsentAsksForTheLeastThatServes(t *testing.T) {
	a := openAlbion(t, nil)
	bank := a.bank(a.config(openbanking.Basic, openbanking.Plain))
	t.Run("a consent for balances opens no entries", func(t *testing.T) {
		tokens, _ := a.linked(bank, "ada", banking.ReadBalances)
		b := bearer(tokens.Access)
		_, err := bank.Transactions(t.Context(), b, listing{bank, b}, banking.Query{Window: banking.Window{
			From: banking.Date{Year: 2026, Month: time.July, Day: 1}, To: banking.Date{Year: 2026, Month: time.July, Day: 2},
		}}, func(banking.Transaction) error { return nil })
		if !errors.Is(err, banking.ErrForbidden) {
			t.Errorf("got %v, want ErrForbidden", err)
		}
	})
	t.Run("a consent for totals opens no balances, and shows numbers to tell own transfers", func(t *testing.T) {
		tokens, _ := a.linked(bank, "grace", banking.ReadTotals)
		b := bearer(tokens.Access)
		if _, err := bank.Balances(t.Context(), b, listing{bank, b}); !errors.Is(err, banking.ErrForbidden) {
			t.Errorf("got %v, want ErrForbidden", err)
		}
		accounts, err := bank.Accounts(t.Context(), b)
		if err != nil {
			t.Fatal(err)
		}
		for i, truth := range a.mock.Accounts("grace") {
			want := truth.Number
			if truth.SubType == "CreditCard" {
				want = "" // masked
			}
			if accounts[i].Number != want || accounts[i].Digits != truth.Number[len(truth.Number)-4:] {
				t.Errorf("account %d has another number, or other last digits", i)
			}
		}
	})
	t.Run("nothing is asked for without a permission", func(t *testing.T) {
		if _, err := bank.Authorize(t.Context(), nil, "a state"); !errors.Is(err, banking.ErrNoAccess) {
			t.Errorf("got %v, want ErrNoAccess", err)
		}
	})
}

func TestAConsentIsEndedAndStaysEnded(t *testing.T) {
	a := openAlbion(t, nil)
	bank := a.bank(a.config(openbanking.Basic, openbanking.Plain))
	auth, err := bank.Authorize(t.Context(), []banking.Permission{banking.ReadBalances}, "a state")
	if err != nil {
		t.Fatal(err)
	}
	tokens, _, err := bank.Exchange(t.Context(), auth, a.visit(auth.URL, "ada", "approve"))
	if err != nil {
		t.Fatal(err)
	}
	for _, when := range []string{"the first time", "again", "after the client's own token has expired"} {
		if err := bank.EndConsent(t.Context(), auth.ConsentID); err != nil {
			t.Errorf("%s: %v", when, err)
		}
		a.clock.Pass(time.Hour)
	}
	if _, err := bank.Refresh(t.Context(), tokens.Refresh); !errors.Is(err, banking.ErrRelink) {
		t.Errorf("refresh: got %v, want ErrRelink", err)
	}
	if _, err := bank.Accounts(t.Context(), bearer(tokens.Access)); !errors.Is(err, banking.ErrRelink) {
		t.Errorf("read: got %v, want ErrRelink", err)
	}
}

func TestACustomerWhoSaysNoIsDenied(t *testing.T) {
	a := openAlbion(t, nil)
	for _, c := range []openbanking.Config{a.config(openbanking.Basic, openbanking.Plain), a.config(openbanking.PrivateKey, openbanking.Signed)} {
		bank := a.bank(c)
		auth, err := bank.Authorize(t.Context(), all(), "a state")
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := bank.Exchange(t.Context(), auth, a.visit(auth.URL, "ada", "deny")); !errors.Is(err, banking.ErrDenied) {
			t.Errorf("%s: got %v, want ErrDenied", c.Request, err)
		}
	}
}
