// Package database gives a test a database of its own on each engine, migrated already.
//
// Migrating takes longer than most tests, so a file of SQLite is a copy, and a database of PostgreSQL is lent to one test after another. It knows nothing of what is kept there. How an old or empty
// database becomes one of these is tested in server/store, which does without it where that is the question.
package database

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"sotto/server/store"
	"sotto/tests/postgres"
)

// Engines are what Sotto keeps its tables in. Each makes a fresh database, and gives its URL. The third stands for engines that serialize everything
// and refuse with 40001 what they cannot.
var Engines = map[string]func(testing.TB) string{
	"SQLite":                             SQLite,
	"PostgreSQL":                         PostgreSQL,
	"PostgreSQL, serializing everything": func(tb testing.TB) string { return PostgreSQL(tb) + "&default_transaction_isolation=serializable" },
}

// SQLite makes a file, and gives its URL.
func SQLite(tb testing.TB) string {
	tb.Helper()
	path := filepath.Join(tb.TempDir(), "sotto.db")
	File(tb, path)
	return "sqlite:" + path
}

// File makes a file of SQLite at path.
func File(tb testing.TB, path string) {
	tb.Helper()
	content, err := file()
	if err != nil {
		tb.Fatal(err)
	}
	if err := os.WriteFile(path, content, 0o600); err != nil {
		tb.Fatal(err)
	}
}

// PostgreSQL lends a database in the server of this process, and gives its URL. Without PostgreSQL the test is skipped, as postgres.Fresh says.
func PostgreSQL(tb testing.TB) string {
	tb.Helper()
	return postgres.Lend(tb, migrate, empty)
}

// file is what a migrated file of SQLite holds.
var file = sync.OnceValues(func() ([]byte, error) {
	dir, err := os.MkdirTemp("", "sotto")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir) //nolint:errcheck // what stays in the temporary directory harms nobody
	path := filepath.Join(dir, "sotto.db")
	if err := migrate("sqlite:" + path); err != nil {
		return nil, err
	}
	return os.ReadFile(path) //nolint:gosec // our own
})

// empty empties all tables but the one that says which version they have.
const empty = `DO $$ BEGIN EXECUTE (SELECT 'TRUNCATE ' || string_agg(quote_ident(tablename), ', ') || ' RESTART IDENTITY'
	FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'goose_db_version'); END $$`

func migrate(url string) error {
	ctx := context.Background()
	db, err := store.Open(ctx, url)
	if err != nil {
		return err
	}
	if err := db.Migrate(ctx); err != nil {
		return errors.Join(err, db.Close())
	}
	return db.Close() // which brings everything into the one file
}
