package store_test

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/pressly/goose/v3/lock"

	"sotto/server/store"
	"sotto/tests/database"
	"sotto/tests/postgres"
)

// onEach runs a test on every engine; fresh makes a migrated database, and gives its URL.
func onEach(t *testing.T, test func(t *testing.T, fresh func(testing.TB) string)) {
	for name, fresh := range database.Engines {
		t.Run(name, func(t *testing.T) { test(t, fresh) })
	}
}

// open opens and migrates a database, and closes it with the test.
func open(tb testing.TB, url string) *store.DB {
	tb.Helper()
	db := openAt(tb, url)
	tb.Cleanup(func() {
		if err := db.Close(); err != nil {
			tb.Error(err)
		}
	})
	return db
}

// openAt opens and migrates the database at url; closing is the caller's.
func openAt(tb testing.TB, url string) *store.DB {
	tb.Helper()
	db, err := store.Open(tb.Context(), url)
	if err != nil {
		tb.Fatal(err)
	}
	if err := db.Migrate(tb.Context()); err != nil {
		tb.Fatal(err)
	}
	return db
}

func TestADatabaseKeepsTheKindItWasFirstMarkedWith(t *testing.T) {
	onEach(t, func(t *testing.T, fresh func(testing.TB) string) {
		dev, live := open(t, fresh(t)), open(t, fresh(t))
		for range 2 {
			if err := dev.MarkDev(t.Context()); err != nil {
				t.Fatal(err)
			}
			if err := live.MarkLive(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if err := dev.MarkLive(t.Context()); !errors.Is(err, store.ErrDev) {
			t.Errorf("a dev database marked live: got %v, want ErrDev", err)
		}
		if err := live.MarkDev(t.Context()); !errors.Is(err, store.ErrLive) {
			t.Errorf("a live database marked dev: got %v, want ErrLive", err)
		}
		if is, err := dev.IsDev(t.Context()); !is || err != nil {
			t.Errorf("dev: got %v, %v", is, err)
		}
		if is, err := live.IsDev(t.Context()); is || err != nil {
			t.Errorf("live: got %v, %v", is, err)
		}
	})
}

// onEachEmpty is as onEach, but the databases are not migrated.
func onEachEmpty(t *testing.T, test func(t *testing.T, url string)) {
	t.Run("SQLite", func(t *testing.T) { test(t, "sqlite:"+filepath.Join(t.TempDir(), "sotto.db")) })
	t.Run("PostgreSQL", func(t *testing.T) { test(t, postgres.Fresh(t)) })
}

func TestMigratingBringsADatabaseToTheProgramsVersionAndMayBeRepeated(t *testing.T) {
	onEachEmpty(t, func(t *testing.T, url string) {
		db := open(t, url)
		if err := db.Migrate(t.Context()); err != nil {
			t.Fatal(err)
		}
		has, wants, err := db.Version(t.Context())
		if err != nil || has != wants || has == 0 {
			t.Errorf("got version %d of %d, %v", has, wants, err)
		}
	})
}

func TestProcessesThatStartTogetherMigrateOnce(t *testing.T) {
	onEachEmpty(t, func(t *testing.T, url string) {
		var all sync.WaitGroup
		for range 4 {
			all.Go(func() {
				db, err := store.Open(t.Context(), url)
				if err != nil {
					t.Error(err)
					return
				}
				defer db.Close()
				for what, err := range map[string]error{"look": lookup(db.Version(t.Context())), "migrate": db.Migrate(t.Context()), "mark": db.MarkLive(t.Context())} {
					if err != nil {
						t.Errorf("%s: %v", what, err)
					}
				}
			})
		}
		all.Wait()
	})
}

// TestNobodyMigratesWhileAnotherDoes: a step that changes rows alone must not be done twice.
func TestNobodyMigratesWhileAnotherDoes(t *testing.T) {
	url := postgres.Fresh(t)
	err := store.Write(openBare(t, url), t.Context(), func(ctx context.Context, tx *sql.Tx) error {
		if err := statement(`SELECT pg_advisory_xact_lock($1)`, lock.DefaultLockID)(ctx, tx); err != nil {
			return err
		}
		brief, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
		defer cancel()
		if err := openBare(t, url).Migrate(brief); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
		var tables int
		if err := tx.QueryRowContext(ctx, `SELECT count(*) FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'goose_db_version'`).Scan(&tables); err != nil {
			return err
		}
		if tables > 0 {
			t.Errorf("%d tables were made", tables)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

func lookup(_, _ int64, err error) error { return err }

func TestTheDatabaseFileIsForItsOwnerOnly(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a b?c%d#e.db")
	db, err := store.Open(t.Context(), "sqlite:"+path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, suffix := range []string{"", "-wal", "-shm"} {
		info, err := os.Stat(path + suffix)
		if err != nil {
			t.Fatal(err)
		}
		if mode := info.Mode().Perm(); mode != 0o600 {
			t.Errorf("%q: got mode %o, want 600", suffix, mode)
		}
	}
}

func TestOpenRefusesWhatItCannotServe(t *testing.T) {
	for name, url := range map[string]string{
		"nothing":                    "",
		"no path":                    "sqlite:",
		"an unknown engine":          "mysql://localhost/sotto",
		"a missing folder":           "sqlite:" + filepath.Join(t.TempDir(), "missing", "sotto.db"),
		"a folder":                   "sqlite:" + t.TempDir(),
		"a server that is not there": "postgres:///sotto?host=" + t.TempDir(),
		"a URL that cannot be read":  "postgres://localhost:none/sotto",
	} {
		t.Run(name, func(t *testing.T) {
			if db, err := store.Open(t.Context(), url); err == nil {
				db.Close()
				t.Error("opened")
			}
		})
	}
}
