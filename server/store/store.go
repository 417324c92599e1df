// Package store keeps links, tokens, bank connections and disclosures in one SQL database.
//
// It implements the ports that the rooms below it declare, and decides nothing: which refusal a statement that touched no row
// amounts to is said by its port's owner. It never sees a key or a token in the clear, only hashes and ciphertexts.
//
// For authors of the other files here. The SQL is one body for two engines: `$1` parameters, BYTEA, TEXT and BIGINT columns,
// instants as milliseconds since 1970 (millis, instant), RETURNING and ON CONFLICT; no JSON operators, no UPDATE inside WITH. What
// differs between engines is a value of type engine. Use
//
//	db.get     one row of a constant query; sql.ErrNoRows where there is none
//	db.list    rows of a constant query, each given to a function
//	db.ids     the one column of such rows
//	db.write   a transaction of its own
//	db.append  a transaction that may be joined with others that wait at the same time: one flush to disk for all (group commit)
//
// The functions given to write and append may run more than once, so they must begin by forgetting what an earlier run left
// in captured variables. Once begun, a write is not stopped by its context: an answer "it failed" that came too late would be a lie.
//
// Other processes write at the same time: PostgreSQL is left at READ COMMITTED, where each statement of a transaction sees what was
// committed before that statement. So a decision is one guarded statement that changes the row it decides about, what is deleted to
// be kept elsewhere comes from DELETE … RETURNING (never SELECT, then DELETE), and a SELECT that decides holds its rows (engine.holds).
package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"
)

// DB is one open database.
type DB struct {
	engine engine
	writer *sql.DB
	reader *sql.DB

	// turns lets those who want a connection of the writer have it in the order they came, where database/sql takes any of them: a few would wait
	// many times longer than the rest.
	turns *semaphore.Weighted

	tell func(Tightened) // nil: nobody

	statements sync.Map // ready to *sql.Stmt; the texts are constants, so it is bounded
	group      group
}

// Open opens the database at url, "sqlite:PATH" or "postgres://…", without migrating it. SQLite's file is made where it is missing,
// readable by its owner only; its folder must be there.
func Open(ctx context.Context, url string) (*DB, error) {
	db := &DB{}
	var err error
	switch scheme, rest, _ := strings.Cut(url, ":"); {
	case scheme == "sqlite" && rest != "":
		db.engine = sqlite
		db.writer, db.reader, err = openSQLite(ctx, rest)
		db.turns = semaphore.NewWeighted(1)
	case scheme == "postgres":
		db.engine = postgres
		db.writer, err = openPostgres(ctx, url)
		db.reader = db.writer
		db.turns = semaphore.NewWeighted(postgresConnections)
	default:
		err = errors.New("want sqlite:PATH or postgres://…")
	}
	if err != nil {
		return nil, fmt.Errorf("database: %w", err)
	}
	return db, nil
}

// Close waits for writes under way and closes the database.
func (db *DB) Close() error {
	db.group.wait()
	var errs []error
	db.statements.Range(func(_, s any) bool {
		errs = append(errs, s.(*sql.Stmt).Close())
		return true
	})
	if db.reader != db.writer {
		errs = append(errs, db.reader.Close())
	}
	return errors.Join(append(errs, db.writer.Close())...)
}

// Ping says whether the database can be read and its writer be had.
func (db *DB) Ping(ctx context.Context) error {
	if err := db.reader.PingContext(ctx); err != nil {
		return fmt.Errorf("database: %w", err)
	}
	if err := db.writer.PingContext(ctx); err != nil {
		return fmt.Errorf("database: %w", err)
	}
	return nil
}

// get reads one row of a constant query.
func (db *DB) get(ctx context.Context, query string, args []any, into ...any) error {
	if !db.engine.local {
		return repeat(ctx, db.engine.again, func() error {
			return db.inTurn(ctx, func() error { return db.reader.QueryRowContext(ctx, query, args...).Scan(into...) })
		})
	}
	s, err := db.prepared(ctx, db.reader, query) //nolint:sqlclosecheck // kept for the next call; Close closes it
	if err != nil {
		return err
	}
	return s.QueryRowContext(db.brief(ctx), args...).Scan(into...)
}

// brief is the context of a read that finds a few rows by an index: in an engine of this process it has ended sooner than its
// cancellation could be arranged.
func (db *DB) brief(ctx context.Context) context.Context {
	if !db.engine.local || ctx.Err() != nil {
		return ctx
	}
	return context.WithoutCancel(ctx)
}

// list reads the rows of a constant query; each scans one of them. It stops at the first error of each.
func (db *DB) list(ctx context.Context, query string, args []any, each func(scan func(into ...any) error) error) error {
	given := false // what was given once must not be given again
	read := func() error {
		rows, err := db.query(ctx, query, args)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			given = true
			if err := each(rows.Scan); err != nil {
				return err
			}
		}
		return rows.Err()
	}
	return repeat(ctx, func(err error) bool { return !given && db.engine.again(err) }, func() error {
		if db.engine.local { // where the writer's connection is not the readers'
			return read()
		}
		return db.inTurn(ctx, read)
	})
}

// ids reads the rows of a constant query that have one column.
func (db *DB) ids(ctx context.Context, query string, args ...any) (ids []string, err error) {
	err = db.list(ctx, query, args, func(scan func(into ...any) error) error {
		var id string
		err := scan(&id)
		ids = append(ids, id)
		return err
	})
	return ids, err
}

// inTurn runs f when a connection of the writer is free, in the order of those who came.
func (db *DB) inTurn(ctx context.Context, f func() error) error {
	if err := db.turns.Acquire(ctx, 1); err != nil {
		return err
	}
	defer db.turns.Release(1)
	return f()
}

func (db *DB) query(ctx context.Context, query string, args []any) (*sql.Rows, error) {
	if !db.engine.local {
		return db.reader.QueryContext(ctx, query, args...)
	}
	s, err := db.prepared(ctx, db.reader, query) //nolint:sqlclosecheck // kept for the next call; Close closes it
	if err != nil {
		return nil, err
	}
	return s.QueryContext(ctx, args...)
}

// ready is what a prepared statement is kept under.
type ready struct {
	pool  *sql.DB
	query string
}

// prepared prepares a constant statement, once. One for the writer must not be asked for within a transaction, which holds the one
// connection that it waits for.
func (db *DB) prepared(ctx context.Context, pool *sql.DB, query string) (*sql.Stmt, error) {
	if s, ok := db.statements.Load(ready{pool, query}); ok {
		return s.(*sql.Stmt), nil
	}
	s, err := pool.PrepareContext(ctx, query)
	if err != nil {
		return nil, fmt.Errorf("prepare: %w", err)
	}
	first, loaded := db.statements.LoadOrStore(ready{pool, query}, s)
	if loaded { // another call was quicker
		defer s.Close()
	}
	return first.(*sql.Stmt), nil
}

// statement is a constant statement to be run within transactions.
type statement struct {
	query    string
	prepared *sql.Stmt // nil where the engine's driver prepares by itself
}

// inside gives a statement for transactions. It is asked for before the transaction begins.
func (db *DB) inside(ctx context.Context, query string) (statement, error) {
	if !db.engine.local {
		return statement{query: query}, nil
	}
	s, err := db.prepared(ctx, db.writer, query)
	return statement{query, s}, err
}

// exec runs a statement that gives no rows.
func (s statement) exec(ctx context.Context, tx *sql.Tx, args ...any) error {
	if s.prepared == nil {
		_, err := tx.ExecContext(ctx, s.query, args...)
		return err
	}
	own := tx.StmtContext(ctx, s.prepared)
	defer own.Close()
	_, err := own.ExecContext(ctx, args...)
	return err
}

// column gives the first column of every row.
func (s statement) column(ctx context.Context, tx *sql.Tx, args ...any) (values []string, err error) {
	var rows *sql.Rows
	if s.prepared == nil {
		rows, err = tx.QueryContext(ctx, s.query, args...)
	} else {
		own := tx.StmtContext(ctx, s.prepared)
		defer own.Close()
		rows, err = own.QueryContext(ctx, args...)
	}
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var v string
		if err := rows.Scan(&v); err != nil {
			return nil, err
		}
		values = append(values, v)
	}
	return values, rows.Err()
}

// one is as the function of this name.
func (s statement) one(ctx context.Context, tx *sql.Tx, args []any, into ...any) error {
	if s.prepared == nil {
		return one(ctx, tx, s.query, args, into...)
	}
	own := tx.StmtContext(ctx, s.prepared)
	defer own.Close()
	return own.QueryRowContext(ctx, args...).Scan(into...)
}

// write runs f in a transaction of its own, durable when write returns nil.
func (db *DB) write(ctx context.Context, f func(context.Context, *sql.Tx) error) error {
	return repeat(ctx, db.engine.again, func() error { return db.once(ctx, f) })
}

// patience is how long a transaction may take. Beyond it, a server that does not answer is given up; whether it has kept anything is
// not known then.
const patience = 15 * time.Second

func (db *DB) once(ctx context.Context, f func(context.Context, *sql.Tx) error) error {
	if err := db.turns.Acquire(ctx, 1); err != nil {
		return err
	}
	defer db.turns.Release(1)
	conn, err := db.writer.Conn(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }() // gives it back; the transaction says what went wrong
	ctx = context.WithoutCancel(ctx)
	if !db.engine.local {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, patience)
		defer cancel()
	}
	tx, err := conn.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	if err := f(ctx, tx); err != nil {
		return err
	}
	return tx.Commit()
}

// one runs a statement that touches or returns at most one row, and scans it. The result is sql.ErrNoRows where it touched none.
func one(ctx context.Context, tx *sql.Tx, query string, args []any, into ...any) error {
	return tx.QueryRowContext(ctx, query, args...).Scan(into...)
}

// missing gives kind in place of sql.ErrNoRows: what the room that asked calls a row that is not there.
func missing(err, kind error) error {
	if errors.Is(err, sql.ErrNoRows) {
		return kind
	}
	return err
}

// touched is missing, wrapped with what was done.
func touched(what string, err, kind error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", what, missing(err, kind))
}

// millis is an instant as it stands in a column; the zero time is 0.
func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

// instant is what millis wrote, in UTC.
func instant(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}
