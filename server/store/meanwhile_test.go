package store_test

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"testing"
	"time"

	"sotto/linking"
	"sotto/server/store"
	"sotto/tests/database"
)

// onPostgres runs a test on each engine on which several write at a time.
func onPostgres(t *testing.T, test func(t *testing.T, url string)) {
	for name, fresh := range database.Engines {
		if strings.HasPrefix(name, "PostgreSQL") {
			t.Run(name, func(t *testing.T) { test(t, fresh(t)) })
		}
	}
}

// withBank links a bank and an account, up to the code.
func withBank(t *testing.T, db *store.DB) linking.NewLink {
	t.Helper()
	i, err := taken(t.Context(), db, "1")
	if err != nil {
		t.Fatal(err)
	}
	joined(t, db, i.Link)
	n := linkOf(i)
	n.Account = []byte("account")
	if err := db.Conclude(t.Context(), i.ID, n); err != nil {
		t.Fatal(err)
	}
	return n
}

// meanwhile has first begin and come to a halt at rows that somebody else holds, has second begin, and lets both go on once second waits too, or
// has ended. So second sees first as one sees what is neither done nor undone.
func meanwhile(t *testing.T, url, hold, of string, first, second func(context.Context) error) (error, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	raw, err := sql.Open("pgx", url)
	if err != nil {
		t.Fatal(err)
	}
	defer raw.Close()
	holder, err := raw.BeginTx(ctx, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer holder.Rollback()
	if held, err := holder.ExecContext(ctx, hold, of); err != nil {
		t.Fatal(err)
	} else if n, err := held.RowsAffected(); err != nil || n == 0 {
		t.Fatalf("%d rows are held, %v", n, err)
	}
	look := time.NewTicker(5 * time.Millisecond)
	defer look.Stop()
	begin := func(n int, f func(context.Context) error) chan error {
		done, ended := make(chan error, 1), make(chan struct{})
		go func() {
			defer close(ended)
			done <- f(ctx)
		}()
		for {
			var waiting int
			if err := raw.QueryRowContext(ctx, `SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`).Scan(&waiting); err != nil {
				t.Fatal(err)
			}
			if waiting >= n {
				return done
			}
			select {
			case <-ended:
				return done
			case <-look.C:
			case <-ctx.Done():
				t.Fatal("nobody waits")
			}
		}
	}
	one := begin(1, first)
	if len(one) > 0 {
		t.Fatalf("the first did not halt: %v", <-one)
	}
	other := begin(2, second)
	if err := holder.Rollback(); err != nil {
		t.Fatal(err)
	}
	return <-one, <-other
}

// TestNothingGivenWhileALinkEndsOutlivesIt: the end has written what it will, and nobody can see it yet. Whoever is given something now has it from
// a link that is over.
func TestNothingGivenWhileALinkEndsOutlivesIt(t *testing.T) {
	access := func() *linking.AccessToken {
		return &linking.AccessToken{Hash: []byte("access"), Issued: noon, Expires: noon.Add(time.Hour)}
	}
	for name, give := range map[string]func(ctx context.Context, db *store.DB, n linking.NewLink) (grant string, err error){
		"a stable refresh token for a JWT": func(ctx context.Context, db *store.DB, n linking.NewLink) (string, error) {
			g, _, err := db.Refresh(ctx, linking.Refreshing{Client: n.Client, Hash: exchangeOf(n).Refresh, Now: noon})
			return g.Grant, err
		},
		"a stable refresh token for an opaque token": func(ctx context.Context, db *store.DB, n linking.NewLink) (string, error) {
			g, _, err := db.Refresh(ctx, linking.Refreshing{Client: n.Client, Hash: exchangeOf(n).Refresh, Now: noon, Access: access()})
			return g.Grant, err
		},
		"a rotating refresh token": func(ctx context.Context, db *store.DB, n linking.NewLink) (string, error) {
			g, _, err := db.Refresh(ctx, linking.Refreshing{Client: n.Client, Grant: n.Grant, Generation: 1, Now: noon, Grace: time.Minute, Access: access()})
			return g.Grant, err
		},
		"another grant for its account": func(ctx context.Context, db *store.DB, n linking.NewLink) (string, error) {
			g, err := db.Regrant(ctx, linking.Regranting{
				Client: n.Client, Account: n.Account, Link: n.ID, Limit: 9, Now: noon, Grant: "another", Resource: "r", Code: []byte("none"), Refresh: []byte("another"), Access: access(),
			})
			return g.Grant, err
		},
	} {
		t.Run(name, func(t *testing.T) {
			onPostgres(t, func(t *testing.T, url string) {
				db := open(t, url)
				n := withBank(t, db)
				if _, err := db.Exchange(t.Context(), exchangeOf(n)); err != nil {
					t.Fatal(err)
				}
				grant := ""
				ended, given := meanwhile(t, url, `SELECT 1 FROM connections WHERE link_id = $1 FOR UPDATE`, n.ID,
					func(ctx context.Context) error { return db.EndLink(ctx, n.ID, noon) },
					func(ctx context.Context) (err error) {
						grant, err = give(ctx, db, n)
						return err
					})
				if ended != nil || given != nil && !errors.Is(given, linking.ErrNone) {
					t.Fatalf("the end: %v; what was given: %v", ended, given)
				}
				for _, id := range []string{n.Grant, grant} {
					if id == "" {
						continue
					}
					if g, _, err := db.ByGrant(t.Context(), id, []byte("x")); err != nil || g.Ended.IsZero() {
						t.Errorf("a grant of it lives: %+v, %v", g.Ended, err)
					}
				}
				if g, _, err := db.ByAccess(t.Context(), access().Hash); err == nil && g.Ended.IsZero() || err != nil && !errors.Is(err, linking.ErrNone) {
					t.Errorf("an access token of it lives: %v", err)
				}
			})
		})
	}
}

// A code that is traded while its link ends gives nothing: the two are decided one after the other.
func TestACodeTradedWhileItsLinkEndsGivesNothing(t *testing.T) {
	onPostgres(t, func(t *testing.T, url string) {
		db := open(t, url)
		n := withBank(t, db)
		ended, given := meanwhile(t, url, `SELECT 1 FROM connections WHERE link_id = $1 FOR UPDATE`, n.ID,
			func(ctx context.Context) error { return db.EndLink(ctx, n.ID, noon) },
			func(ctx context.Context) error {
				_, err := db.Exchange(ctx, exchangeOf(n))
				return err
			})
		if ended != nil || !errors.Is(given, linking.ErrNone) {
			t.Errorf("the end: %v; the code: %v, want ErrNone", ended, given)
		}
	})
}

// A refresh token that was used long ago is known by its row, until a sweep replaces that by a floor. In between there is nothing.
func TestAnOldRefreshTokenIsNotTakenForAnUnusedOneWhileItsUseIsSwept(t *testing.T) {
	onPostgres(t, func(t *testing.T, url string) {
		db := open(t, url)
		n := withBank(t, db)
		if _, err := db.Exchange(t.Context(), exchangeOf(n)); err != nil {
			t.Fatal(err)
		}
		refresh := func(ctx context.Context, now time.Time) error {
			_, _, err := db.Refresh(ctx, linking.Refreshing{Client: n.Client, Grant: n.Grant, Generation: 1, Now: now, Grace: time.Minute})
			return err
		}
		if err := refresh(t.Context(), noon); err != nil {
			t.Fatal(err)
		}
		later := noon.Add(365 * 24 * time.Hour)
		swept, reused := meanwhile(t, url, `SELECT 1 FROM rotations WHERE grant_id = $1 FOR UPDATE`, n.Grant,
			func(ctx context.Context) error { return db.SweepLinks(ctx, later) },
			func(ctx context.Context) error { return refresh(ctx, later) })
		if swept != nil || !errors.Is(reused, linking.ErrNone) {
			t.Errorf("the sweep: %v; the old token: %v, want ErrNone", swept, reused)
		}
	})
}
