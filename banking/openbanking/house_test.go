package openbanking_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"maps"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/tink"

	"sotto/banking"
	"sotto/banking/mockbank"
	"sotto/banking/openbanking"
	"sotto/linking"
	"sotto/server/store"
	"sotto/skills"
)

var (
	_ skills.Teller       = (*banking.Teller)(nil)
	_ linking.Connections = (*banking.Connections)(nil)
)

func newKey(t testing.TB) tink.AEAD {
	t.Helper()
	handle, err := keyset.NewHandle(aead.AES256GCMKeyTemplate())
	if err != nil {
		t.Fatal(err)
	}
	key, err := aead.New(handle)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// house is Connections and Teller over a real store and the mock bank.
type house struct {
	*albion
	store       *store.DB
	connections *banking.Connections
	teller      *banking.Teller
	key         tink.AEAD // of the link "link"
	sealing     tink.AEAD // the house's
}

func openHouse(t testing.TB, tweak func(*mockbank.Options)) *house {
	t.Helper()
	h := &house{albion: openAlbion(t, tweak), key: newKey(t), sealing: newKey(t)}
	db, err := store.Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "sotto.db"))
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	h.store = db
	banks := []banking.Bank{h.bank(h.config(openbanking.Basic, openbanking.Plain))}
	h.connections = banking.NewConnections(banks, db, h.sealing, h.clock.Now, rand.Reader)
	h.teller = banking.NewTeller(h.connections)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 15*time.Second)
		defer cancel()
		if err := errors.Join(h.connections.Close(ctx), db.Close()); err != nil {
			t.Error(err)
		}
	})
	return h
}

// connect joins a customer's bank to the link.
func (h *house) connect(username string) {
	h.t.Helper()
	begun, err := h.connections.Begin(h.t.Context(), "link", "albion", all())
	if err != nil {
		h.t.Fatal(err)
	}
	if _, err := h.connections.Finish(h.t.Context(), "link", h.key, h.visit(begun.URL, username, "approve")); err != nil {
		h.t.Fatal(err)
	}
	h.mock.ResetRequests()
}

func (h *house) access(permissions ...banking.Permission) banking.Access {
	return banking.NewAccess("link", h.key, permissions...)
}

// asked gives the requests the bank has had since the last time.
func (h *house) asked() map[string]int {
	requests := h.mock.Requests()
	h.mock.ResetRequests()
	maps.DeleteFunc(requests, func(_ string, n int) bool { return n == 0 })
	return requests
}

func (h *house) wantAsked(what string, want map[string]int) {
	h.t.Helper()
	if got := h.asked(); !maps.Equal(got, want) {
		h.t.Errorf("%s: the bank was asked %v, want %v", what, got, want)
	}
}

// ask asks for balances and wants n of them.
func (h *house) ask(what string, n int) []banking.Balance {
	h.t.Helper()
	ctx, cancel := context.WithTimeout(h.t.Context(), 20*time.Second)
	defer cancel()
	list, gaps, err := h.teller.Balances(ctx, h.access(banking.ReadBalances))
	if err != nil || len(gaps) > 0 || len(list) != n {
		h.t.Errorf("%s: %d balances, %d gaps, %v; want %d balances", what, len(list), len(gaps), err, n)
	}
	return list
}

func TestABalanceQuestionCostsOneRoundTrip(t *testing.T) {
	for username, accounts := range map[string]int{"ada": 1, "linus": 5} {
		t.Run(username, func(t *testing.T) {
			h := openHouse(t, nil)
			h.connect(username)
			h.ask("the first question", accounts)
			h.wantAsked("the first question", map[string]int{"balances": 1})
			h.clock.Pass(time.Minute)
			h.ask("another", accounts)
			h.wantAsked("another", map[string]int{"balances": 1})
			h.clock.Pass(5 * time.Minute)
			h.ask("after the token has expired", accounts)
			h.wantAsked("after the token has expired", map[string]int{"token": 1, "balances": 1})
			h.clock.Pass(25 * time.Hour)
			h.ask("after the account list has aged", accounts)
			h.wantAsked("after the account list has aged", map[string]int{"token": 1, "balances": 1, "accounts": 1})
		})
	}
}

func TestABalanceQuestionCostsTwoRoundTripsWithoutBulk(t *testing.T) {
	h := openHouse(t, func(o *mockbank.Options) { o.NoBulk = true })
	h.connect("linus")
	h.ask("the first question", 5)
	h.wantAsked("the first question", map[string]int{"balances": 1, "account-balances": 5})
	h.ask("another: the 404 is remembered", 5)
	h.wantAsked("another", map[string]int{"account-balances": 5})
}

func TestABankTokenThatDiesEarlyIsRefreshedOnce(t *testing.T) {
	h := openHouse(t, func(o *mockbank.Options) { o.RotateRefresh = true })
	h.connect("grace")
	rows, err := h.store.Connections(t.Context(), "link")
	if err != nil || len(rows) != 1 {
		t.Fatal(err)
	}
	// The bank's clock is ahead of ours: it thinks the token has expired, we do not.
	rows[0].AccessExpires = rows[0].AccessExpires.Add(time.Hour)
	if _, err := h.store.Lease(t.Context(), rows[0].ID, 1, "test", h.clock.Now(), h.clock.Now().Add(time.Second)); err != nil {
		t.Fatal(err)
	}
	if err := h.store.Renew(t.Context(), rows[0], "test"); err != nil {
		t.Fatal(err)
	}
	h.clock.Pass(10 * time.Minute)
	h.ask("a question", 3)
	h.wantAsked("a question", map[string]int{"balances": 2, "token": 1})
	h.ask("the next", 3)
	h.wantAsked("the next", map[string]int{"balances": 1})
}

func TestManyQuestionsAtOnceTradeARotatingTokenOnce(t *testing.T) {
	h := openHouse(t, func(o *mockbank.Options) { o.RotateRefresh = true })
	h.connect("ada")
	h.clock.Pass(time.Hour)
	// A second process on the same database.
	process := banking.NewConnections([]banking.Bank{h.bank(h.config(openbanking.Basic, openbanking.Plain))}, h.store, h.sealing, h.clock.Now, rand.Reader)
	other := banking.NewTeller(process)
	var all sync.WaitGroup
	for i := range 20 {
		all.Go(func() {
			teller := h.teller
			if i%2 == 1 {
				teller = other
			}
			if _, gaps, err := teller.Balances(t.Context(), h.access(banking.ReadBalances)); err != nil || len(gaps) > 0 {
				t.Errorf("%v, %d gaps", err, len(gaps))
			}
		})
	}
	all.Wait()
	if got := h.asked()["token"]; got != 1 {
		t.Errorf("the token was traded %d times, want once", got)
	}
	h.clock.Pass(time.Hour)
	h.ask("an hour later", 1)
}

func TestARevokedConsentMeansLinkingAgain(t *testing.T) {
	h := openHouse(t, nil)
	h.connect("ada")
	if err := h.mock.Revoke("ada"); err != nil {
		t.Fatal(err)
	}
	for _, when := range []string{"the first time", "from then on"} {
		_, gaps, err := h.teller.Balances(t.Context(), h.access(banking.ReadBalances))
		if !errors.Is(err, banking.ErrRelink) || len(gaps) != 1 || gaps[0].Name != "Albion Bank" {
			t.Errorf("%s: got %v, %d gaps; want ErrRelink and the bank's name", when, err, len(gaps))
		}
	}
	h.asked()
	_, _, _ = h.teller.Balances(t.Context(), h.access(banking.ReadBalances))
	h.wantAsked("once it is known", map[string]int{})
	h.connect("ada")
	h.ask("after linking again", 1)
}

func TestASpendingQuestionKnowsNumbersAndWritesNone(t *testing.T) {
	h := openHouse(t, nil)
	h.connect("grace")
	h.clock.Pass(time.Hour) // longer than numbers are remembered
	access := h.access(banking.ReadTotals)
	accounts, gaps, err := h.teller.Accounts(t.Context(), access)
	if err != nil || len(gaps) > 0 || len(accounts) != 3 || accounts[0].Number == "" {
		t.Fatalf("%v, %d gaps, %d accounts, the number is known: %t", err, len(gaps), len(accounts), len(accounts) > 0 && accounts[0].Number != "")
	}
	window := banking.Window{From: banking.Date{Year: 2026, Month: time.July, Day: 6}, To: banking.Date{Year: 2026, Month: time.July, Day: 13}}
	n := 0
	extents, gaps, err := h.teller.Transactions(t.Context(), access, nil, window, func(banking.Transaction) error { n++; return nil })
	if err != nil || len(gaps) > 0 || n == 0 || extents["albion"].Rows != n {
		t.Errorf("%v, %d gaps, %d entries, extents %v", err, len(gaps), n, extents)
	}
	h.wantAsked("both", map[string]int{"token": 1, "accounts": 1, "transactions": 1})
	again, _, err := h.teller.Accounts(t.Context(), access)
	if err != nil || again[0].Number != accounts[0].Number {
		t.Errorf("the number is not remembered for the next question: %v", err)
	}
	h.wantAsked("accounts again", map[string]int{})
	h.clock.Pass(time.Hour)
	kept, _, err := h.teller.Accounts(t.Context(), h.access(banking.ReadBalances))
	if err != nil || len(kept) != 3 || kept[0].Name != accounts[0].Name || kept[0].Digits != accounts[0].Digits || kept[0].Number != "" {
		t.Errorf("%v: what is kept must be name and digits, and no number", err)
	}
	h.wantAsked("accounts as kept", map[string]int{})
}

func TestALeavingCallerTakesNothingFromTheOthers(t *testing.T) {
	h := openHouse(t, func(o *mockbank.Options) { o.RotateRefresh = true })
	h.connect("ada")
	h.clock.Pass(time.Hour)
	ctx, cancel := context.WithCancel(t.Context())
	h.fault(mockbank.Fault{On: "token", Latency: 200 * time.Millisecond})
	left := make(chan error, 1)
	go func() {
		_, _, err := h.teller.Balances(ctx, h.access(banking.ReadBalances))
		left <- err
	}()
	for h.mock.Requests()["token"] == 0 { // until the refresh is under way
		select {
		case err := <-left:
			t.Fatalf("answered before the bank was asked: %v", err)
		case <-time.After(time.Millisecond):
		}
	}
	cancel()
	if err := <-left; !errors.Is(err, banking.ErrUnavailable) {
		t.Errorf("who leaves: got %v, want ErrUnavailable", err)
	}
	h.ask("who stays", 1)
	if got := h.asked()["token"]; got != 1 {
		t.Errorf("the token was traded %d times, want once", got)
	}
}

func TestASlowBankIsAGapInTime(t *testing.T) {
	h := openHouse(t, nil)
	h.connect("ada")
	for name, fault := range map[string]mockbank.Fault{
		"slow": {On: "resource", Latency: time.Minute}, "down": {On: "resource", Status: 503, RetryAfter: 30},
		"dropping": {On: "resource", Drop: true},
	} {
		t.Run(name, func(t *testing.T) {
			h.fault(fault)
			defer h.fault(mockbank.Fault{})
			ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second) // as a turn has
			defer cancel()
			list, gaps, err := h.teller.Balances(ctx, h.access(banking.ReadBalances))
			if len(list) != 0 || len(gaps) != 1 || !errors.Is(err, banking.ErrUnavailable) || ctx.Err() != nil {
				t.Errorf("%d balances, %d gaps, %v, over time: %v", len(list), len(gaps), err, ctx.Err())
			}
		})
	}
	h.ask("after that", 1)
}

func TestWhoJoinsAQuestionThatRunsOutOfTimeIsAnsweredInHisOwn(t *testing.T) {
	h := openHouse(t, nil)
	h.connect("ada")
	h.fault(mockbank.Fault{On: "resource", Latency: 2 * time.Second})
	short, cancel := context.WithTimeout(t.Context(), 1500*time.Millisecond)
	defer cancel()
	late := make(chan error, 1)
	go func() {
		_, _, err := h.teller.Balances(short, h.access(banking.ReadBalances))
		late <- err
	}()
	for h.mock.Requests()["balances"] == 0 {
		select {
		case err := <-late:
			t.Fatalf("who had no time left before the bank was asked: %v", err)
		case <-time.After(time.Millisecond):
		}
	}
	long, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	list, gaps, err := h.teller.Balances(long, h.access(banking.ReadBalances))
	if len(list) != 1 || len(gaps) != 0 || err != nil {
		t.Errorf("who joined: %d balances, %d gaps, %v", len(list), len(gaps), err)
	}
	if err := <-late; !errors.Is(err, banking.ErrUnavailable) {
		t.Errorf("who had no time: got %v, want ErrUnavailable", err)
	}
}

func TestAConsentIsEndedAtTheBankByTheWorker(t *testing.T) {
	h := openHouse(t, nil)
	h.connect("ada")
	if err := h.store.EndLink(t.Context(), "link", h.clock.Now()); err != nil {
		t.Fatal(err)
	}
	h.fault(mockbank.Fault{On: "resource", Status: 500})
	if err := h.connections.End(t.Context()); !errors.Is(err, banking.ErrUnavailable) {
		t.Errorf("while the bank is down: got %v, want ErrUnavailable", err)
	}
	h.fault(mockbank.Fault{})
	h.asked()
	if err := h.connections.End(t.Context()); err != nil || h.asked()["consent"] != 0 {
		t.Errorf("before the pause is over: %v", err)
	}
	h.clock.Pass(time.Minute)
	if err := h.connections.End(t.Context()); err != nil || h.asked()["consent"] != 1 {
		t.Errorf("when the pause is over: %v", err)
	}
	h.clock.Pass(24 * time.Hour)
	if err := h.connections.End(t.Context()); err != nil || h.asked()["consent"] != 0 {
		t.Errorf("it is ended once: %v", err)
	}
	if _, _, err := h.teller.Balances(t.Context(), h.access(banking.ReadBalances)); !errors.Is(err, banking.ErrNotFound) {
		t.Errorf("an ended link: got %v, want ErrNotFound", err)
	}
}

func TestAReturnFromTheBankWorksOnceAndOnlyForItsLink(t *testing.T) {
	h := openHouse(t, nil)
	begun, err := h.connections.Begin(t.Context(), "link", "albion", all())
	if err != nil {
		t.Fatal(err)
	}
	back := h.visit(begun.URL, "ada", "approve")
	if _, err := h.connections.Finish(t.Context(), "another link", h.key, back); !errors.Is(err, banking.ErrNotFound) {
		t.Errorf("another link: got %v, want ErrNotFound", err)
	}
	if _, err := h.connections.Finish(t.Context(), "link", h.key, back); err != nil {
		t.Error(err)
	}
	if _, err := h.connections.Finish(t.Context(), "link", h.key, back); !errors.Is(err, banking.ErrNotFound) {
		t.Errorf("a second time: got %v, want ErrNotFound", err)
	}
	late, err := h.connections.Begin(t.Context(), "link", "albion", all())
	if err != nil {
		t.Fatal(err)
	}
	h.clock.Pass(31 * time.Minute)
	if _, err := h.connections.Finish(t.Context(), "link", h.key, banking.Return{State: late.State, Code: "x"}); !errors.Is(err, banking.ErrNotFound) {
		t.Errorf("too late: got %v, want ErrNotFound", err)
	}
	h.asked()
	if err := h.connections.End(t.Context()); err != nil || h.asked()["consent"] != 1 {
		t.Errorf("a consent nobody came back for is ended: %v", err)
	}
}

func TestARefusedReturnEndsItsConsent(t *testing.T) {
	h := openHouse(t, nil)
	begun, err := h.connections.Begin(t.Context(), "link", "albion", all())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.connections.Finish(t.Context(), "link", h.key, h.visit(begun.URL, "ada", "deny")); !errors.Is(err, banking.ErrDenied) {
		t.Errorf("got %v, want ErrDenied", err)
	}
	h.asked()
	if err := h.connections.End(t.Context()); err != nil || h.asked()["consent"] != 1 {
		t.Errorf("got %v, want the consent ended", err)
	}
}

func TestAnAccountConnectedTwiceIsToldOnce(t *testing.T) {
	h := openHouse(t, nil)
	h.connect("grace")
	h.connect("grace")
	h.ask("balances", 3)
	once, twice := map[string]int{}, 0
	window := banking.Window{From: banking.Date{Year: 2026, Month: time.June, Day: 1}, To: banking.Date{Year: 2026, Month: time.July, Day: 1}}
	if _, gaps, err := h.teller.Transactions(t.Context(), h.access(banking.ReadTotals), nil, window, func(tx banking.Transaction) error {
		if tx.ID != "" {
			if once[tx.Account.ID+tx.ID]++; once[tx.Account.ID+tx.ID] > 1 {
				twice++
			}
		}
		return nil
	}); err != nil || len(gaps) > 0 || len(once) == 0 || twice > 0 {
		t.Errorf("%v, %d gaps, %d entries, %d given twice", err, len(gaps), len(once), twice)
	}
	accounts, _, err := h.teller.Accounts(t.Context(), h.access(banking.ReadBalances))
	if err != nil || len(accounts) != 3 {
		t.Errorf("%v, %d accounts, want 3", err, len(accounts))
	}
}

func TestAnAccessOpensNothingItDoesNotHave(t *testing.T) {
	h := openHouse(t, nil)
	h.connect("ada")
	for name, access := range map[string]banking.Access{
		"the zero access":              {},
		"an access to entries":         h.access(banking.ReadTotals),
		"an access of no link":         banking.NewAccess("", h.key, all()...),
		"an access without permission": h.access(),
	} {
		if _, _, err := h.teller.Balances(t.Context(), access); !errors.Is(err, banking.ErrNoAccess) {
			t.Errorf("%s: got %v, want ErrNoAccess", name, err)
		}
	}
	if _, _, err := h.teller.Transactions(t.Context(), h.access(banking.ReadBalances), nil, banking.Window{}, nil); !errors.Is(err, banking.ErrNoAccess) {
		t.Errorf("entries with an access to balances: got %v, want ErrNoAccess", err)
	}
	h.wantAsked("with all that", map[string]int{})
	today, err := h.teller.Today(t.Context(), h.access(banking.ReadBalances))
	if want := (banking.Date{Year: 2026, Month: time.July, Day: 15}); err != nil || today != want {
		t.Errorf("today: got %v, %v; want %v", today, err, want)
	}
}

func TestAnErrorOfTheCallerStopsAReadingAndComesBack(t *testing.T) {
	h := openHouse(t, nil)
	h.connect("grace")
	mine := errors.New("mine")
	n := 0
	window := banking.Window{From: banking.Date{Year: 2025, Month: time.June, Day: 1}, To: banking.Date{Year: 2026, Month: time.July, Day: 1}}
	_, gaps, err := h.teller.Transactions(t.Context(), h.access(banking.ReadTotals), nil, window, func(banking.Transaction) error {
		n++
		return mine
	})
	if err != mine || len(gaps) > 0 || n != 1 { //nolint:errorlint // it must be the very one
		t.Errorf("got %v, %d gaps, %d calls; want my own error after one", err, len(gaps), n)
	}
}

func TestNothingAtRestCanBeReadWithoutTheKeys(t *testing.T) {
	h := openHouse(t, nil)
	h.connect("grace")
	rows, err := h.store.Connections(t.Context(), "link")
	if err != nil {
		t.Fatal(err)
	}
	row := rows[0]
	if row.Consent == nil || row.Access == nil || row.Refresh == nil || row.Directory == nil {
		t.Fatal("something is not kept")
	}
	plain, err := h.key.Decrypt(row.Directory, []byte("connections|"+row.ID+"|directory"))
	if err != nil {
		t.Fatal(err)
	}
	for _, account := range h.mock.Accounts("grace") {
		if containsAny(plain, account.Number, account.Number[:8]) {
			t.Error("an account's number is at rest")
		}
		if containsAny(row.Directory, account.Nickname) {
			t.Error("a nickname is at rest in the clear")
		}
	}
	if _, err := h.key.Decrypt(row.Directory, []byte("connections|another|directory")); err == nil {
		t.Error("a directory opens in another connection")
	}
}

func containsAny(raw []byte, words ...string) bool {
	return slices.ContainsFunc(words, func(w string) bool { return w != "" && bytes.Contains(raw, []byte(w)) })
}
