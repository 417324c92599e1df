package store_test

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"testing"
	"time"

	"sotto/banking"
	"sotto/linking"
	"sotto/server/store"
	"sotto/tests/database"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// joined keeps a connection of this link, as banking does it; one that only linking again would help, whose consent may stand all the same.
func joined(t *testing.T, db *store.DB, link string) banking.Connection {
	t.Helper()
	p := banking.Awaiting{
		ID: "connection of " + link, Link: link, Bank: "albion", State: []byte("state of " + link), Consent: []byte("consent of " + link), Secret: []byte("s"),
		Expires: noon.Add(time.Hour),
	}
	if err := db.SaveAwaiting(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	if _, err := db.TakeAwaiting(t.Context(), link, p.State, noon, noon.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	c := banking.Connection{ID: p.ID, Link: link, Bank: p.Bank, Consent: p.Consent, Access: []byte("a"), AccessExpires: noon, Relink: true, Generation: 1, Created: noon}
	if err := db.Connect(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	return c
}

// taken is an interaction that is back from the bank.
func taken(ctx context.Context, db *store.DB, id string) (linking.Interaction, error) {
	i := waiting(id)
	if err := db.AddInteraction(ctx, i); err != nil {
		return i, err
	}
	if err := db.Await(ctx, i.ID, 0, []byte("back of "+id)); err != nil {
		return i, err
	}
	return db.Take(ctx, []byte("back of "+id), i.Browser, noon)
}

func linkOf(i linking.Interaction) linking.NewLink {
	return linking.NewLink{
		ID: i.Link, Client: i.Client, Customer: []byte("c"), Subject: "s", Scopes: 1, Key: i.Key, Created: noon, Grant: "grant of " + i.ID, Resource: "r",
		Code: []byte("code of " + i.ID), CodeExpires: noon.Add(time.Minute), RedirectURI: i.RedirectURI,
	}
}

func exchangeOf(n linking.NewLink) linking.Exchange {
	return linking.Exchange{Code: n.Code, Client: n.Client, RedirectURI: n.RedirectURI, Now: noon, Refresh: []byte("refresh of " + n.ID)}
}

// TestWhateverEndsALinkHandsItsConsentOver: no way out of a link leaves a consent standing at a bank.
func TestWhateverEndsALinkHandsItsConsentOver(t *testing.T) {
	onEach(t, func(t *testing.T, fresh func(testing.TB) string) {
		for name, end := range map[string]func(t *testing.T, db *store.DB, i linking.Interaction, n linking.NewLink) error{
			"ended": func(t *testing.T, db *store.DB, i linking.Interaction, n linking.NewLink) error {
				if err := db.Conclude(t.Context(), i.ID, n); err != nil {
					return err
				}
				return db.EndLink(t.Context(), n.ID, noon)
			},
			"forgotten": func(t *testing.T, db *store.DB, i linking.Interaction, n linking.NewLink) error {
				if err := db.Conclude(t.Context(), i.ID, n); err != nil {
					return err
				}
				r, err := db.ForgetLink(t.Context(), n.ID, linking.Receipt{Code: "r", Made: noon})
				if r.Banks != 1 {
					t.Errorf("the receipt says %d banks, want 1", r.Banks)
				}
				return err
			},
			"ended, then forgotten": func(t *testing.T, db *store.DB, i linking.Interaction, n linking.NewLink) error {
				if err := db.Conclude(t.Context(), i.ID, n); err != nil {
					return err
				}
				if err := db.EndLink(t.Context(), n.ID, noon); err != nil {
					return err
				}
				_, err := db.ForgetLink(t.Context(), n.ID, linking.Receipt{Code: "r", Made: noon})
				return err
			},
			"denied after a first bank was joined": func(t *testing.T, db *store.DB, i linking.Interaction, _ linking.NewLink) error {
				return db.Abandon(t.Context(), i.ID, noon)
			},
			"left by a browser that never came back, or a crash": func(t *testing.T, db *store.DB, i linking.Interaction, _ linking.NewLink) error {
				return db.SweepLinks(t.Context(), i.Expires.Add(time.Hour))
			},
			"never taken up by the assistant": func(t *testing.T, db *store.DB, i linking.Interaction, n linking.NewLink) error {
				if err := db.Conclude(t.Context(), i.ID, n); err != nil {
					return err
				}
				return db.SweepLinks(t.Context(), noon.Add(24*time.Hour))
			},
		} {
			t.Run(name, func(t *testing.T) {
				db := open(t, fresh(t))
				i, err := taken(t.Context(), db, "1")
				if err != nil {
					t.Fatal(err)
				}
				c := joined(t, db, i.Link)
				bystander, err := taken(t.Context(), db, "2")
				if err != nil {
					t.Fatal(err)
				}
				joined(t, db, bystander.Link)
				other := linkOf(bystander)
				if err := db.Conclude(t.Context(), bystander.ID, other); err != nil {
					t.Fatal(err)
				}
				if _, err := db.Exchange(t.Context(), exchangeOf(other)); err != nil {
					t.Fatal(err)
				}
				if err := end(t, db, i, linkOf(i)); err != nil {
					t.Fatal(err)
				}
				left, err := db.Connections(t.Context(), i.Link)
				if err != nil || len(left) != 0 {
					t.Errorf("%d connections are left, %v", len(left), err)
				}
				late := i.Expires.Add(2 * time.Hour)
				endings, err := db.ClaimEndings(t.Context(), late, late.Add(time.Hour), 9)
				if err != nil || len(endings) != 1 || endings[0].ID != c.ID || endings[0].Bank != c.Bank || !bytes.Equal(endings[0].Consent, c.Consent) {
					t.Errorf("got endings %+v, %v", endings, err)
				}
				if kept, err := db.Connections(t.Context(), other.ID); err != nil || len(kept) != 1 {
					t.Errorf("another link has %d connections, %v; want its own", len(kept), err)
				}
			})
		}
	})
}

// waitingAt keeps a consent that waits at a bank for the customer of this link.
func waitingAt(t *testing.T, db *store.DB, link, id string) {
	t.Helper()
	p := banking.Awaiting{ID: id, Link: link, Bank: "albion", State: []byte("state of " + id), Consent: []byte("consent of " + id), Secret: []byte("s"), Expires: noon.Add(time.Hour)}
	if err := db.SaveAwaiting(t.Context(), p); err != nil {
		t.Fatal(err)
	}
}

// Whoever goes to a second bank and back, and ends there, leaves no consent that waits half an hour for him.
func TestAConsentThatWaitsForNobodyIsHandedOverAtOnce(t *testing.T) {
	onEach(t, func(t *testing.T, fresh func(testing.TB) string) {
		for name, end := range map[string]func(db *store.DB, i linking.Interaction, n linking.NewLink) error{
			"when the link is made": func(db *store.DB, i linking.Interaction, n linking.NewLink) error {
				return db.Conclude(t.Context(), i.ID, n)
			},
			"when he says no": func(db *store.DB, i linking.Interaction, _ linking.NewLink) error {
				return db.Abandon(t.Context(), i.ID, noon)
			},
			"when the link ends": func(db *store.DB, _ linking.Interaction, n linking.NewLink) error {
				return db.EndLink(t.Context(), n.ID, noon)
			},
		} {
			t.Run(name, func(t *testing.T) {
				db := open(t, fresh(t))
				i, err := taken(t.Context(), db, "1")
				if err != nil {
					t.Fatal(err)
				}
				waitingAt(t, db, i.Link, "his")
				waitingAt(t, db, "another link", "another's")
				if err := end(db, i, linkOf(i)); err != nil {
					t.Fatal(err)
				}
				endings, err := db.ClaimEndings(t.Context(), noon, noon.Add(time.Hour), 9)
				if err != nil || len(endings) != 1 || endings[0].ID != "his" {
					t.Errorf("got endings %+v, %v", endings, err)
				}
			})
		}
	})
}

// TestWhoEndsConsentsWaitsForNobodyElseWhoDoes: what another process has just taken is left to it, and is no reason to think that nothing is due.
func TestWhoEndsConsentsWaitsForNobodyElseWhoDoes(t *testing.T) {
	db := open(t, database.PostgreSQL(t))
	for _, id := range []string{"1", "2"} {
		i, err := taken(t.Context(), db, id)
		if err != nil {
			t.Fatal(err)
		}
		joined(t, db, i.Link)
		if err := db.Abandon(t.Context(), i.ID, noon); err != nil {
			t.Fatal(err)
		}
	}
	err := store.Write(db, t.Context(), func(ctx context.Context, tx *sql.Tx) error {
		if err := statement(`SELECT 1 FROM endings WHERE id = 'connection of link of 1' FOR UPDATE`)(ctx, tx); err != nil {
			return err
		}
		due, err := db.ClaimEndings(ctx, noon, noon.Add(time.Minute), 1)
		if len(due) != 1 || due[0].ID != "connection of link of 2" {
			t.Errorf("claimed %+v", due)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

// A receipt knows how many consents are still to be ended, whenever they were handed over, and nothing else knows of its link.
func TestAReceiptCountsWhatIsStillToBeEnded(t *testing.T) {
	onEach(t, func(t *testing.T, fresh func(testing.TB) string) {
		db := open(t, fresh(t))
		i, err := taken(t.Context(), db, "1")
		if err != nil {
			t.Fatal(err)
		}
		joined(t, db, i.Link)
		if err := db.Conclude(t.Context(), i.ID, linkOf(i)); err != nil {
			t.Fatal(err)
		}
		other, err := taken(t.Context(), db, "2")
		if err != nil {
			t.Fatal(err)
		}
		joined(t, db, other.Link)
		if err := db.Abandon(t.Context(), other.ID, noon); err != nil {
			t.Fatal(err)
		}
		if err := db.EndLink(t.Context(), i.Link, noon); err != nil {
			t.Fatal(err)
		}
		if due, err := db.ClaimEndings(t.Context(), noon, noon.Add(time.Minute), 10); err != nil || len(due) != 2 { // one that was tried counts too
			t.Fatalf("claimed %+v, %v", due, err)
		}
		for range 2 {
			r, err := db.ForgetLink(t.Context(), i.Link, linking.Receipt{Code: "r", Made: noon})
			if err != nil || r.Banks != 1 || r.Left != 1 {
				t.Fatalf("got %+v, %v", r, err)
			}
		}
		if err := db.DeleteEnding(t.Context(), "connection of "+i.Link); err != nil {
			t.Fatal(err)
		}
		if r, err := db.Receipt(t.Context(), "r"); err != nil || r.Banks != 1 || r.Left != 0 || !r.Made.Equal(noon) {
			t.Errorf("got %+v, %v", r, err)
		}
		if _, err := db.Receipt(t.Context(), i.Link); !errors.Is(err, linking.ErrNone) {
			t.Errorf("a receipt by the link's id: %v", err)
		}
	})
}

// A sweep while somebody is at the bank, or has just come back, takes nothing from him.
func TestASweepLeavesThoseWhoAreStillLinking(t *testing.T) {
	onEach(t, func(t *testing.T, fresh func(testing.TB) string) {
		db := open(t, fresh(t))
		i, err := taken(t.Context(), db, "1")
		if err != nil {
			t.Fatal(err)
		}
		joined(t, db, i.Link)
		if err := db.SweepLinks(t.Context(), i.Expires); err != nil {
			t.Fatal(err)
		}
		n := linkOf(i)
		if err := db.Conclude(t.Context(), i.ID, n); err != nil {
			t.Fatal(err)
		}
		if err := db.SweepLinks(t.Context(), noon); err != nil {
			t.Fatal(err)
		}
		if _, err := db.Exchange(t.Context(), exchangeOf(n)); err != nil {
			t.Error(err)
		}
		if kept, err := db.Connections(t.Context(), n.ID); err != nil || len(kept) != 1 {
			t.Errorf("%d connections, %v; want 1", len(kept), err)
		}
	})
}

// Sweeping more than one step of rows at once.
func TestASweepGoesOnUntilNothingIsLeft(t *testing.T) {
	onEach(t, func(t *testing.T, fresh func(testing.TB) string) {
		db := open(t, fresh(t))
		for k := range 1100 {
			if err := db.AddInteraction(t.Context(), waiting(fmt.Sprint(k))); err != nil {
				t.Fatal(err)
			}
		}
		later := waiting("").Expires.Add(time.Hour)
		if err := db.SweepLinks(t.Context(), later); err != nil {
			t.Fatal(err)
		}
		for _, k := range []string{"0", "499", "500", "1099"} {
			if _, err := db.Interaction(t.Context(), k, []byte(k), noon); err == nil {
				t.Errorf("interaction %s is left", k)
			}
		}
	})
}
