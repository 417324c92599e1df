package tests

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"sotto/banking/mockbank"
	"sotto/linking"
	"sotto/server"
	"sotto/server/dev"
	"sotto/skills"
	"sotto/tests/clock"
	"sotto/tests/database"
	"sotto/tests/loopback"
)

// replicas are two houses behind one public URL, on one PostgreSQL, with one bank beside their own.
type replicas struct {
	houses   [2]*openHouse
	speakers [2]*speaker // the same device, answered by one house or the other
	bank     *farBank
	bankTime *clock.Clock
	trades   atomic.Int64 // of the bank's tokens for those that follow
	database string
}

func openReplicas(t *testing.T) *replicas {
	t.Helper()
	r := &replicas{bankTime: clock.At(morning), database: database.PostgreSQL(t)}
	first, second := loopback.Free(t), loopback.Free(t)
	r.bank = newFarBank(t, "ada")
	r.bank.open(t, "http://"+first, mockbank.Options{Clock: r.bankTime.Now, AccessTTL: 5 * time.Minute, RotateRefresh: true}, r.count)

	states := [2]string{t.TempDir(), t.TempDir()}
	cfg := server.Config{State: states[0], Addr: first, PublicURL: "http://" + first, Banks: r.bank.banks, Database: r.database}
	r.houses[0] = openAs(t, morning, cfg)
	if err := os.CopyFS(states[1], os.DirFS(states[0])); err != nil { // keys, clients and the Alexa authority are one
		t.Fatal(err)
	}
	cfg.State, cfg.Addr = states[1], second
	r.houses[1] = openAs(t, morning, cfg)
	for i, addr := range []string{first, second} {
		r.speakers[i] = newSpeaker(t, states[i], r.houses[i].Now)
		r.speakers[i].file.PublicURL = "http://" + addr
	}
	return r
}

// count stands in front of the bank, and counts the trades.
func (r *replicas) count(bank http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		body, err := io.ReadAll(request.Body)
		if err != nil {
			return // whoever asked has gone
		}
		if bytes.Contains(body, []byte("grant_type=refresh_token")) {
			r.trades.Add(1)
		}
		request.Body = io.NopCloser(bytes.NewReader(body))
		bank.ServeHTTP(w, request)
	})
}

func (r *replicas) pass(d time.Duration) {
	r.bankTime.Pass(d)
	for _, h := range r.houses {
		h.pass(d)
	}
}

// ada is the bank's customer.
func (r *replicas) ada() dev.Person { return r.bank.person(r.bankTime.Now) }

// link links ada's bank at the first house; both speakers have the tokens.
func (r *replicas) link() {
	r.speakers[0].linkAs(r.ada(), nil)
	r.speakers[1].device.Token, r.speakers[1].refresh = r.speakers[0].device.Token, r.speakers[0].refresh
}

// atOnce runs f eight times at once, each time with another house.
func (r *replicas) atOnce(f func(s *speaker)) {
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() { f(r.speakers[i%2]) })
	}
	all.Wait()
}

func TestTwoHousesOnOneDatabaseShareEveryDecision(t *testing.T) {
	t.Parallel()
	r := openReplicas(t)
	one, two := r.speakers[0], r.speakers[1]
	for _, s := range r.speakers {
		if heard := s.say("what's my balance"); !heard.LinkCard {
			t.Errorf("before linking: %s", heard.SSML)
		}
	}

	t.Run("a code is traded once, at one of them", func(t *testing.T) {
		form, err := one.codeAs(r.ada())
		if err != nil {
			t.Fatal(err)
		}
		var won atomic.Int64
		r.atOnce(func(s *speaker) {
			switch _, err := s.askTokens(form); {
			case err == nil:
				won.Add(1)
			case !errors.Is(err, errRefused):
				t.Error(err)
			}
		})
		if won.Load() != 1 {
			t.Errorf("a code was traded %d times", won.Load())
		}
	})

	t.Run("the bank's token is refreshed once for both", func(t *testing.T) {
		r.link()
		r.pass(10 * time.Minute) // over the life of the bank's token
		r.atOnce(func(s *speaker) {
			mine := *s.device // a device has one conversation at a time
			body, err := mine.Ask(skills.Balance, nil)
			if err != nil {
				t.Error(err)
				return
			}
			status, answer, err := do(s.signed(body))
			if err != nil || status != http.StatusOK || !strings.Contains(string(answer), "pounds") {
				t.Errorf("%d %s, %v", status, answer, err)
			}
		})
		if n := r.trades.Load(); n != 1 { // of all that is asked at its token endpoint: it may be asked to end what was traded twice above
			t.Errorf("the bank's token was refreshed %d times, want once", n)
		}
	})

	t.Run("a link that ended at one is refused at the other at its next request", func(t *testing.T) {
		r.link()
		if heard := one.say("what's my balance"); heard.LinkCard {
			t.Fatalf("a live link: %s", heard.SSML)
		}
		if status, answer, err := two.post("/oauth/revoke", url.Values{"token": {two.refresh}}); err != nil || status != http.StatusOK {
			t.Fatalf("revoke: %d %s, %v", status, answer, err)
		}
		if heard := one.say("what's my balance"); !heard.LinkCard {
			t.Errorf("an ended link still answers: %s", heard.SSML)
		}
		if _, err := one.askTokens(url.Values{"grant_type": {"refresh_token"}, "refresh_token": {one.refresh}}); !errors.Is(err, errRefused) {
			t.Errorf("an ended link's refresh token: %v", err)
		}
	})

	t.Run("what a customer takes back on the page of one is refused at the other at its next request", func(t *testing.T) {
		r.pass(time.Minute)
		r.link()
		o := newVisitor(t, one.file.PublicURL, r.ada())
		page := o.signIn()
		o.base = two.file.PublicURL // a balancer sends him now here, now there; to his browser it is one host
		if other := o.open("/my"); other.Title != page.Title || len(links(other)) != len(links(page)) {
			t.Errorf("the other house shows %s", other.Text)
		}
		id := links(page)[0]
		o.do(url.Values{"link": {id}, "scope": {"spending"}, "decision": {"narrow"}})
		if heard := words(t, one.say("what's my balance").SSML); strings.Contains(heard, "pounds") || !strings.Contains(heard, "balances") {
			t.Errorf("a token from before says %q", heard)
		}
		if heard := words(t, one.say("how much did I spend last week").SSML); !strings.Contains(heard, "You spent") {
			t.Errorf("what was left to it: %q", heard)
		}
		o.do(url.Values{"link": {id}, "decision": {"stop"}})
		if heard := one.say("how much did I spend last week"); !heard.LinkCard {
			t.Errorf("a link that was stopped answers: %s", heard.SSML)
		}
		o.do(url.Values{"decision": {"sign-out"}})
		o.base = one.file.PublicURL
		if page := o.open("/my"); !page.Forms[0].Has("bank") {
			t.Errorf("signed out at one, the other still shows %s", page.Text)
		}
	})

	t.Run("keys rotated from outside sign at both in time, and neither refuses a token for its key", func(t *testing.T) {
		r.link()
		tokens := []string{string(one.device.Token)}
		made, err := server.RotateKeys(t.Context(), server.Config{Dev: true, State: r.houses[0].state, Database: r.database}, r.houses[0].Now)
		if err != nil {
			t.Fatal(err)
		}
		old := kidOf(t, tokens[0])
		for _, step := range []time.Duration{31 * time.Second, made[0].Starts.Sub(r.houses[0].Now()) - 32*time.Second, 2 * time.Second} {
			r.pass(step)
			for _, s := range r.speakers {
				got, err := s.askTokens(url.Values{"grant_type": {"refresh_token"}, "refresh_token": {one.refresh}})
				if err != nil {
					t.Fatal(err)
				}
				if started := !r.houses[0].Now().Before(made[0].Starts); started == (kidOf(t, got.Access) == old) {
					t.Errorf("with the new key started: %v, the wrong one signs", started)
				}
				tokens = append(tokens, got.Access)
			}
			for _, token := range tokens {
				for _, s := range r.speakers {
					s.device.Token = linking.Token(token)
					if heard := s.say("what's my balance"); heard.LinkCard {
						t.Errorf("a token is refused: %s", heard.SSML)
					}
				}
			}
		}
	})

	t.Run("what was forgotten at one is forgotten at the other", func(t *testing.T) {
		r.link()
		two.say("forget me")
		if heard := two.say("yes"); !strings.Contains(heard.SSML, "Done") {
			t.Fatalf("forgetting: %s", heard.SSML)
		}
		if heard := one.say("what have you shared"); !heard.LinkCard {
			t.Errorf("a forgotten link still answers: %s", heard.SSML)
		}
	})
}

func TestADevelopmentDatabaseOnPostgreSQLIsMarkedAndLookedAt(t *testing.T) {
	t.Parallel()
	r := openReplicas(t)
	cfg := server.Config{Database: r.database}
	if _, err := server.MigrateDatabase(t.Context(), cfg); !errors.Is(err, server.ErrSettings) || !strings.Contains(err.Error(), "marked dev") {
		t.Errorf("a live house on a development database: %v, want a refusal", err)
	}
	found := map[server.Grade]string{}
	for _, f := range server.Doctor(t.Context(), cfg, time.Now) {
		if f.Of == "database" {
			found[f.Grade] += f.Says
		}
	}
	if !strings.Contains(found[server.Fault], "marked dev") || !strings.Contains(found[server.Fine], "has version") {
		t.Errorf("the doctor says %v", found)
	}
	if said := found[server.Fault] + found[server.Fine]; strings.Contains(said, "host=") || strings.Contains(said, "user=") {
		t.Errorf("the doctor shows the URL: %s", said)
	}
}
