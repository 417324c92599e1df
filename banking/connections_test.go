package banking_test

import (
	"context"
	"crypto/rand"
	"errors"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/tink"

	"sotto/banking"
	"sotto/server/store"
	"sotto/tests/database"
)

// onEach runs a test on every engine. Its desks stand before one database, each with a link of its own.
func onEach(t *testing.T, test func(t *testing.T, open func(...banking.Bank) *desk)) {
	for name, fresh := range database.Engines {
		t.Run(name, func(t *testing.T) {
			db, err := store.Open(t.Context(), fresh(t))
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { db.Close() })
			test(t, func(banks ...banking.Bank) *desk { return openDesk(t, db, banks...) })
		})
	}
}

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func newKey(t *testing.T) tink.AEAD {
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

// scripted is a bank that answers refreshes as it is told, and then well.
type scripted struct {
	id string

	mu        sync.Mutex
	script    []error
	refreshed []banking.Secret // the tokens it was given
	reads     int
	refuse    bool // access tokens of the first generation
	refuseAll bool // access tokens
	standing  error
	exchanged func() // called in the middle of an exchange
	clings    int    // how often it will not end a consent
	ended     int    // how many it has ended
	hold      chan struct{}
	began     chan struct{}
}

func (s *scripted) ID() banking.BankID   { return banking.BankID(s.id) }
func (s *scripted) Name() string         { return "Bank " + s.id }
func (s *scripted) Zone() *time.Location { return time.UTC }

func (s *scripted) Authorize(_ context.Context, _ []banking.Permission, state string) (banking.Authorization, error) {
	return banking.Authorization{ConsentID: "consent-" + s.id, URL: "https://bank.example/", State: state, Nonce: "nonce", Verifier: "verifier"}, nil
}

func (s *scripted) Exchange(ctx context.Context, a banking.Authorization, r banking.Return) (banking.Tokens, string, error) {
	if s.exchanged != nil {
		s.exchanged()
	}
	if ctx.Err() != nil {
		return banking.Tokens{}, "", banking.ErrUnavailable
	}
	if a.ConsentID != "consent-"+s.id || a.Nonce != "nonce" || a.Verifier != "verifier" || a.State != r.State {
		return banking.Tokens{}, "", banking.ErrGarbled
	}
	return banking.Tokens{Access: "access-0", Refresh: "refresh-0", Expires: noon.Add(5 * time.Minute)}, "subject", nil
}

func (s *scripted) Refresh(ctx context.Context, refresh banking.Secret) (banking.Tokens, error) {
	if end, bounded := ctx.Deadline(); !bounded || time.Until(end) > 4*time.Second {
		return banking.Tokens{}, errors.New("whoever asks would wait too long for the old token to be tried once more")
	}
	s.mu.Lock()
	s.refreshed = append(s.refreshed, refresh)
	n := len(s.refreshed)
	var err error
	if len(s.script) > 0 {
		err, s.script = s.script[0], s.script[1:]
	}
	hold := s.hold
	s.mu.Unlock()
	if hold != nil {
		s.began <- struct{}{}
		select {
		case <-hold:
		case <-ctx.Done():
			return banking.Tokens{}, banking.ErrUnavailable
		}
	}
	if err != nil {
		return banking.Tokens{}, err
	}
	at := strconv.Itoa(n)
	return banking.Tokens{Access: banking.Secret("access-" + at), Refresh: banking.Secret("refresh-" + at), Expires: noon.Add(1000 * time.Hour)}, nil
}

func (s *scripted) Standing(_ context.Context, consent string) error {
	if consent != "consent-"+s.id {
		return errors.New("another consent")
	}
	return s.standing
}

func (s *scripted) EndConsent(context.Context, string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.clings > 0 {
		s.clings--
		return banking.ErrUnavailable
	}
	s.ended++
	return nil
}

func (s *scripted) Accounts(context.Context, banking.Bearer) ([]banking.Account, error) {
	return []banking.Account{{Ref: banking.AccountRef{Bank: s.ID(), ID: "a1"}, Kind: banking.Current, Currency: "GBP"}}, nil
}

func (s *scripted) Balances(ctx context.Context, b banking.Bearer, d banking.Directory) ([]banking.Balance, error) {
	token, err := b.Token(ctx)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	s.reads++
	refuse := s.refuse && token == "access-0"
	s.mu.Unlock()
	if refuse || s.refuseAll {
		if token, err = b.Renew(ctx, token); err != nil {
			return nil, err
		}
	}
	if s.refuseAll {
		if _, err = b.Renew(ctx, token); err != nil {
			return nil, err
		}
	}
	accounts, err := d.Accounts(ctx)
	if err != nil {
		return nil, err
	}
	return []banking.Balance{{Account: accounts[0], Money: banking.Money{Minor: 100, Currency: "GBP"}}}, nil
}

func (s *scripted) Transactions(ctx context.Context, b banking.Bearer, _ banking.Directory, _ banking.Query, each func(banking.Transaction) error) (banking.Extent, error) {
	if _, err := b.Token(ctx); err != nil {
		return banking.Extent{}, err
	}
	return banking.Extent{Rows: 1}, each(banking.Transaction{Account: banking.AccountRef{Bank: s.ID(), ID: "a1"}})
}

type desk struct {
	t           *testing.T
	store       *store.DB
	link        string
	house, key  tink.AEAD
	now         time.Time
	connections *banking.Connections
	teller      *banking.Teller
}

func openDesk(t *testing.T, db *store.DB, banks ...banking.Bank) *desk {
	t.Helper()
	d := &desk{t: t, store: db, link: rand.Text(), house: newKey(t), key: newKey(t), now: noon}
	d.connections = banking.NewConnections(banks, db, d.house, d.clock, rand.Reader)
	d.teller = banking.NewTeller(d.connections)
	for _, b := range banks {
		begun, err := d.connections.Begin(t.Context(), d.link, b.ID(), []banking.Permission{banking.ReadBalances, banking.ReadTotals})
		if err != nil {
			t.Fatal(err)
		}
		who, err := d.connections.Finish(t.Context(), d.link, d.key, banking.Return{State: begun.State, Code: "code"})
		if err != nil || who.Subject != "subject" || who.Bank != b.ID() {
			t.Fatal(who, err)
		}
	}
	return d
}

func (d *desk) clock() time.Time { return d.now }

func (d *desk) ask(ctx context.Context) ([]banking.Balance, []banking.Gap, error) {
	return d.teller.Balances(ctx, banking.NewAccess(d.link, d.key, banking.ReadBalances))
}

// TestWhatARefreshComesTo has all the ways in which banks lose refresh tokens.
func TestWhatARefreshComesTo(t *testing.T) {
	onEach(t, func(t *testing.T, open func(...banking.Bank) *desk) {
		down, refused := banking.ErrUnavailable, banking.ErrRelink
		for name, tc := range map[string]struct {
			script []error
			want   error
			asked  int
			relink bool
		}{
			"a good answer": {nil, nil, 1, false},
			"after a failure the old token once more":        {[]error{down}, nil, 2, false},
			"a bank that fails twice is unavailable":         {[]error{down, down}, down, 2, false},
			"one refusal may be a slip":                      {[]error{refused}, nil, 2, false},
			"a repeated refusal is the end":                  {[]error{refused, refused}, refused, 2, true},
			"a failure that burned the token is the end":     {[]error{down, refused, refused}, refused, 3, true},
			"a refusal and two failures leave it open":       {[]error{refused, down, down}, down, 3, false},
			"a busy bank is not pressed":                     {[]error{banking.ErrBusy}, banking.ErrBusy, 1, false},
			"garbage leaves it open, and is not asked twice": {[]error{banking.ErrGarbled}, banking.ErrGarbled, 1, false},
		} {
			t.Run(name, func(t *testing.T) {
				bank := &scripted{id: "one", script: tc.script}
				d := open(bank)
				d.now = noon.Add(time.Hour)
				_, _, err := d.ask(t.Context())
				if !errors.Is(err, tc.want) || tc.want == nil && err != nil || len(bank.refreshed) != tc.asked {
					t.Errorf("got %v after %d refreshes, want %v after %d", err, len(bank.refreshed), tc.want, tc.asked)
				}
				for _, token := range bank.refreshed {
					if token != "refresh-0" {
						t.Error("another token than the one kept was sent")
					}
				}
				rows, err := d.store.Connections(t.Context(), d.link)
				if err != nil || rows[0].Relink != tc.relink {
					t.Errorf("%v, to be linked again: %t, want %t", err, rows[0].Relink, tc.relink)
				}
				bank.script = nil
				_, _, err = d.ask(t.Context())
				if tc.relink != errors.Is(err, banking.ErrRelink) || !tc.relink && err != nil {
					t.Errorf("the next question: %v", err)
				}
			})
		}
	})
}

// brittle is a house key with which nothing can be sealed while it is broken, as when its successor may have started and cannot be read.
type brittle struct {
	tink.AEAD
	broken func() bool
}

func (b *brittle) Encrypt(plain, place []byte) ([]byte, error) {
	if b.broken() {
		return nil, errors.New("the keys cannot be read")
	}
	return b.AEAD.Encrypt(plain, place)
}

// under puts the desk's connections under this house key.
func (d *desk) under(house tink.AEAD, banks ...banking.Bank) {
	d.connections = banking.NewConnections(banks, d.store, house, d.clock, rand.Reader)
	d.teller = banking.NewTeller(d.connections)
	d.now = noon.Add(time.Hour)
}

// TestABankIsNotAskedForTokensThatCannotBeKept: it may have forgotten the old ones when it gives them.
func TestABankIsNotAskedForTokensThatCannotBeKept(t *testing.T) {
	onEach(t, func(t *testing.T, open func(...banking.Bank) *desk) {
		bank := &scripted{id: "one"}
		d := open(bank)
		broken := true
		d.under(&brittle{d.house, func() bool { return broken }}, bank)
		if _, _, err := d.ask(t.Context()); err == nil || errors.Is(err, banking.ErrRelink) || len(bank.refreshed) != 0 {
			t.Errorf("got %v after %d refreshes", err, len(bank.refreshed))
		}
		broken = false
		if _, _, err := d.ask(t.Context()); err != nil || len(bank.refreshed) != 1 {
			t.Errorf("afterwards: got %v after %d refreshes", err, len(bank.refreshed))
		}
	})
}

// TestTokensThatABankGaveAreKeptAsSoonAsTheyCanBe: there are no others any more, perhaps.
func TestTokensThatABankGaveAreKeptAsSoonAsTheyCanBe(t *testing.T) {
	onEach(t, func(t *testing.T, open func(...banking.Bank) *desk) {
		bank := &scripted{id: "one"}
		d := open(bank)
		sealed := 0
		d.under(&brittle{d.house, func() bool {
			sealed++
			return sealed > 1 && sealed < 4 // breaks when it has been tried, which is while the bank answers
		}}, bank)
		if _, _, err := d.ask(t.Context()); err != nil || len(bank.refreshed) != 1 {
			t.Fatalf("got %v after %d refreshes", err, len(bank.refreshed))
		}
		rows, err := d.store.Connections(t.Context(), d.link)
		if err != nil || rows[0].Generation != 2 || rows[0].Relink {
			t.Errorf("%v: generation %d, to be linked again: %t", err, rows[0].Generation, rows[0].Relink)
		}
	})
}

func TestARefreshGoesOnWhenItsCallerLeaves(t *testing.T) {
	onEach(t, func(t *testing.T, open func(...banking.Bank) *desk) {
		bank := &scripted{id: "one", hold: make(chan struct{}), began: make(chan struct{}, 1)}
		d := open(bank)
		d.now = noon.Add(time.Hour)
		ctx, cancel := context.WithCancel(t.Context())
		left := make(chan error, 1)
		go func() {
			_, _, err := d.teller.Transactions(ctx, banking.NewAccess(d.link, d.key, banking.ReadTransactions), nil, banking.Window{}, func(banking.Transaction) error { return nil })
			left <- err
		}()
		<-bank.began
		rows, err := d.store.Connections(t.Context(), d.link)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := d.store.Lease(t.Context(), rows[0].ID, 1, "another process", d.now, d.now.Add(time.Minute)); !errors.Is(err, banking.ErrLeased) {
			t.Errorf("a refresh in flight is not on record: %v", err)
		}
		cancel()
		if err := <-left; !errors.Is(err, banking.ErrUnavailable) {
			t.Errorf("who left: got %v, want ErrUnavailable", err)
		}
		close(bank.hold)
		if err := d.connections.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		rows, err = d.store.Connections(t.Context(), d.link)
		if err != nil || rows[0].Generation != 2 {
			t.Errorf("%v: the new tokens are lost: generation %d, want 2", err, rows[0].Generation)
		}
	})
}

// TestWhatWasBegunWithAReturnIsFinishedAlthoughTheBrowserHasGone: the return counts once, so nobody could bring it again.
func TestWhatWasBegunWithAReturnIsFinishedAlthoughTheBrowserHasGone(t *testing.T) {
	onEach(t, func(t *testing.T, open func(...banking.Bank) *desk) {
		bank := &scripted{id: "one"}
		d := open(bank)
		for name, finish := range map[string]func(context.Context, string, banking.Return) (banking.Identity, error){
			"to join a bank": func(ctx context.Context, link string, r banking.Return) (banking.Identity, error) {
				return d.connections.Finish(ctx, link, d.key, r)
			},
			"to say who somebody is": d.connections.Identify,
		} {
			begun, err := d.connections.Begin(t.Context(), name, bank.ID(), []banking.Permission{banking.ReadBalances})
			if err != nil {
				t.Fatal(err)
			}
			ctx, leave := context.WithCancel(t.Context())
			bank.exchanged = leave
			if who, err := finish(ctx, name, banking.Return{State: begun.State, Code: "code"}); err != nil || who.Subject != "subject" {
				t.Errorf("%s: got %+v, %v", name, who, err)
			}
		}
	})
}

func TestAConsentIsEndedHoweverOftenItsBankWouldNot(t *testing.T) {
	onEach(t, func(t *testing.T, open func(...banking.Bank) *desk) {
		bank := &scripted{id: "one", clings: 40}
		d := open(bank)
		if _, err := d.connections.Begin(t.Context(), "a link that will not be", bank.ID(), nil); err != nil {
			t.Fatal(err)
		}
		d.now = noon.Add(time.Hour)
		for bank.clings > 0 {
			before := bank.clings
			if err := d.connections.End(t.Context()); !errors.Is(err, banking.ErrUnavailable) || bank.clings != before-1 {
				t.Fatalf("after %d tries: got %v, and %d at once", 40-before, err, before-bank.clings)
			}
			d.now = d.now.Add(6 * time.Hour) // the longest it is left alone for
		}
		if err := d.connections.End(t.Context()); err != nil || bank.ended != 1 {
			t.Errorf("%d were ended, %v", bank.ended, err)
		}
	})
}

func TestALeaseOfAProcessThatDiedEnds(t *testing.T) {
	onEach(t, func(t *testing.T, open func(...banking.Bank) *desk) {
		bank := &scripted{id: "one"}
		d := open(bank)
		d.now = noon.Add(time.Hour)
		rows, err := d.store.Connections(t.Context(), d.link)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := d.store.Lease(t.Context(), rows[0].ID, 1, "dead", d.now, d.now.Add(15*time.Second)); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
		defer cancel()
		if _, _, err := d.ask(ctx); !errors.Is(err, banking.ErrUnavailable) || len(bank.refreshed) != 0 {
			t.Errorf("while it is held: got %v after %d refreshes", err, len(bank.refreshed))
		}
		// The first question's refresh still waits in the background, and may be the one that gets it.
		if _, err := d.store.Connection(t.Context(), rows[0].ID); err != nil {
			t.Fatal(err)
		}
		if err := d.store.Release(t.Context(), rows[0].ID, "dead", false); err != nil {
			t.Fatal(err)
		}
		if _, _, err := d.ask(t.Context()); err != nil || len(bank.refreshed) != 1 {
			t.Errorf("when it is over: %v after %d refreshes", err, len(bank.refreshed))
		}
	})
}

func TestATokenThatIsAboutToExpireIsRefreshedFirst(t *testing.T) {
	onEach(t, func(t *testing.T, open func(...banking.Bank) *desk) {
		bank := &scripted{id: "one"}
		d := open(bank)
		for _, tc := range []struct {
			left time.Duration
			want int
		}{{15*time.Second + time.Millisecond, 0}, {15 * time.Second, 1}} {
			bank.refreshed = nil
			d.now = noon.Add(5*time.Minute - tc.left)
			if _, _, err := d.ask(t.Context()); err != nil || len(bank.refreshed) != tc.want {
				t.Errorf("%v before its end: %d refreshes, %v", tc.left, len(bank.refreshed), err)
			}
		}
	})
}

func TestARefusedTokenIsRenewedOnce(t *testing.T) {
	onEach(t, func(t *testing.T, open func(...banking.Bank) *desk) {
		bank := &scripted{id: "one", refuse: true}
		d := open(bank)
		for range 2 {
			if list, gaps, err := d.ask(t.Context()); err != nil || len(gaps) > 0 || len(list) != 1 {
				t.Fatal(err)
			}
		}
		if len(bank.refreshed) != 1 {
			t.Errorf("%d refreshes, want one", len(bank.refreshed))
		}
	})
}

func TestOneBankThatFailsIsNamedAndTheOtherIsHeard(t *testing.T) {
	onEach(t, func(t *testing.T, open func(...banking.Bank) *desk) {
		good, bad := &scripted{id: "good"}, &scripted{id: "bad", script: []error{banking.ErrUnavailable, banking.ErrUnavailable}}
		d := open(good, bad)
		d.now = noon.Add(time.Hour)
		list, gaps, err := d.ask(t.Context())
		if err != nil || len(list) != 1 || list[0].Account.Ref.Bank != "good" || len(gaps) != 1 || gaps[0].Name != "Bank bad" || !errors.Is(gaps[0].Err, banking.ErrUnavailable) {
			t.Errorf("%d balances, gaps %v, %v", len(list), gaps, err)
		}
		if offers := d.connections.Banks(); len(offers) != 2 || offers[0].ID != "good" {
			t.Errorf("offers %v", offers)
		}
	})
}

func TestABankThatLeftTheSettingsIsAGap(t *testing.T) {
	onEach(t, func(t *testing.T, open func(...banking.Bank) *desk) {
		d := open(&scripted{id: "one"})
		teller := banking.NewTeller(banking.NewConnections(nil, d.store, d.house, d.clock, rand.Reader))
		_, gaps, err := teller.Balances(t.Context(), banking.NewAccess(d.link, d.key, banking.ReadBalances))
		if !errors.Is(err, banking.ErrUnavailable) || len(gaps) != 1 || gaps[0].Bank != "one" {
			t.Errorf("got %v, gaps %v", err, gaps)
		}
	})
}

// What a bank refuses with a token that it has just given is not the customer's fault, unless his consent is over.
func TestAFreshTokenThatIsRefusedEndsNothingUnlessTheConsentIsOver(t *testing.T) {
	onEach(t, func(t *testing.T, open func(...banking.Bank) *desk) {
		for name, tc := range map[string]struct {
			standing, want error
		}{
			"the consent stands":           {nil, banking.ErrUnavailable},
			"the consent is over":          {banking.ErrRelink, banking.ErrRelink},
			"nobody can tell just now":     {banking.ErrUnavailable, banking.ErrUnavailable},
			"the bank has no time to tell": {banking.ErrBusy, banking.ErrBusy},
		} {
			t.Run(name, func(t *testing.T) {
				bank := &scripted{id: "one", refuseAll: true, standing: tc.standing}
				d := open(bank)
				if _, gaps, err := d.ask(t.Context()); !errors.Is(err, tc.want) || len(gaps) != 1 || len(bank.refreshed) != 1 {
					t.Errorf("got %v, gaps %v, after %d refreshes; want %v after one", err, gaps, len(bank.refreshed), tc.want)
				}
				bank.refuseAll = false
				if list, _, err := d.ask(t.Context()); err != nil || len(list) != 1 {
					t.Errorf("when the bank has changed its mind: %v", err)
				}
			})
		}
	})
}

// Processes that share a database share the lease: a token is traded once, and all go on with what came of it.
func TestOfManyProcessesOneTradesTheToken(t *testing.T) {
	onEach(t, func(t *testing.T, open func(...banking.Bank) *desk) {
		bank := &scripted{id: "one", hold: make(chan struct{}), began: make(chan struct{}, 8)}
		d := open(bank)
		d.now = noon.Add(time.Hour)
		asked := make(chan error, 4)
		for range cap(asked) {
			teller := banking.NewTeller(banking.NewConnections([]banking.Bank{bank}, d.store, d.house, d.clock, rand.Reader))
			go func() {
				ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
				defer cancel()
				_, _, err := teller.Balances(ctx, banking.NewAccess(d.link, d.key, banking.ReadBalances))
				asked <- err
			}()
		}
		<-bank.began
		close(bank.hold)
		for range cap(asked) {
			if err := <-asked; err != nil {
				t.Error(err)
			}
		}
		if len(bank.refreshed) != 1 {
			t.Errorf("%d refreshes, want one", len(bank.refreshed))
		}
	})
}
