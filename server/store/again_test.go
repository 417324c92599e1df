package store_test

import (
	"context"
	"database/sql"
	"errors"
	"runtime"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"sotto/server/store"
	"sotto/tests/postgres"
)

// statement is a transaction of one statement.
func statement(query string, args ...any) func(context.Context, *sql.Tx) error {
	return func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, query, args...)
		return err
	}
}

// openBare opens a database without tables but for what these statements make.
func openBare(t *testing.T, url string, statements ...string) *store.DB {
	t.Helper()
	db, err := store.Open(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	for _, s := range statements {
		if err := store.Write(db, t.Context(), statement(s)); err != nil {
			t.Fatal(err)
		}
	}
	return db
}

// refusing is a function that refuses the nth time, as an engine refuses what it cannot serialize with others. A sequence does not go back with its
// transaction.
const refusing = `CREATE FUNCTION asked(refused BIGINT) RETURNS BIGINT LANGUAGE plpgsql AS $$ DECLARE n BIGINT := nextval('times'); BEGIN
	IF n = refused THEN RAISE EXCEPTION 'not now' USING ERRCODE = '40001'; END IF; RETURN n; END $$`

func TestWhatCouldNotBeSerializedIsTriedAgain(t *testing.T) {
	db := openBare(t, postgres.Fresh(t), `CREATE SEQUENCE times`, refusing)
	const query = `SELECT asked(1)`
	for name, do := range map[string]func(n *int64) error{
		"a row": func(n *int64) error { return store.Get(db, t.Context(), query, nil, n) },
		"rows": func(n *int64) error {
			return store.List(db, t.Context(), query, nil, func(scan func(...any) error) error { return scan(n) })
		},
		"a guard": func(n *int64) error { return store.Single(db, t.Context(), query, nil, n) },
		"a write": func(n *int64) error {
			return store.Write(db, t.Context(), func(ctx context.Context, tx *sql.Tx) error { return tx.QueryRowContext(ctx, query).Scan(n) })
		},
		"a write with others": func(n *int64) error {
			return store.Append(db, t.Context(), func(ctx context.Context, tx *sql.Tx) error { return tx.QueryRowContext(ctx, query).Scan(n) })
		},
	} {
		var n int64
		if err := do(&n); err != nil || n != 2 {
			t.Errorf("%s: got %d, %v", name, n, err)
		}
		if err := store.Write(db, t.Context(), statement(`ALTER SEQUENCE times RESTART`)); err != nil {
			t.Fatal(err)
		}
	}
}

func TestWhatIsRefusedForGoodIsNotTriedAgain(t *testing.T) {
	onEachEmpty(t, func(t *testing.T, url string) {
		db := openBare(t, url, `CREATE TABLE kept (n BIGINT PRIMARY KEY)`, `INSERT INTO kept VALUES (7)`)
		tries := 0
		err := store.Write(db, t.Context(), func(ctx context.Context, tx *sql.Tx) error {
			tries++
			return statement(`INSERT INTO kept VALUES (7)`)(ctx, tx)
		})
		if err == nil || tries != 1 {
			t.Errorf("after %d tries: %v", tries, err)
		}
	})
}

// TestWhatWasGivenIsNotGivenAgain: whoever lists has done something with the first row when the second one is refused.
func TestWhatWasGivenIsNotGivenAgain(t *testing.T) {
	db := openBare(t, postgres.Fresh(t), `CREATE SEQUENCE times`, refusing)
	given := 0
	err := store.List(db, t.Context(), `SELECT asked(2) FROM generate_series(1, 3)`, nil, func(scan func(...any) error) error {
		given++
		var n int64
		return scan(&n)
	})
	var e *pgconn.PgError
	if given != 1 || !errors.As(err, &e) || e.Code != "40001" {
		t.Errorf("%d rows were given, and then %v", given, err)
	}
}

func TestTwoWhoWaitForEachOtherBothGetThere(t *testing.T) {
	db := openBare(t, postgres.Fresh(t)+"&deadlock_timeout=20ms", `CREATE TABLE doors (id BIGINT, opened BIGINT)`, `INSERT INTO doors VALUES (0, 0), (1, 0)`)
	through := [2]chan struct{}{make(chan struct{}), make(chan struct{})}
	var once [2]sync.Once
	var all sync.WaitGroup
	for i := range through {
		all.Go(func() {
			err := store.Write(db, t.Context(), func(ctx context.Context, tx *sql.Tx) error {
				if err := statement(`UPDATE doors SET opened = opened + 1 WHERE id = $1`, i)(ctx, tx); err != nil {
					return err
				}
				once[i].Do(func() { close(through[i]) })
				<-through[1-i]
				return statement(`UPDATE doors SET opened = opened + 1 WHERE id = $1`, 1-i)(ctx, tx)
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	var opened int64
	if err := store.Get(db, t.Context(), `SELECT min(opened) FROM doors`, nil, &opened); err != nil || opened != 2 {
		t.Errorf("got %d, %v", opened, err)
	}
}

func TestAWriteThatHasBegunIsNotStopped(t *testing.T) {
	onEachEmpty(t, func(t *testing.T, url string) {
		db := openBare(t, url, `CREATE TABLE kept (n BIGINT)`)
		ctx, leave := context.WithCancel(t.Context())
		err := store.Write(db, ctx, func(ctx context.Context, tx *sql.Tx) error {
			leave()
			return statement(`INSERT INTO kept VALUES (7)`)(ctx, tx)
		})
		var n int64
		if err := errors.Join(err, store.Get(db, t.Context(), `SELECT n FROM kept`, nil, &n)); err != nil || n != 7 {
			t.Errorf("got %d, %v", n, err)
		}
	})
}

// TestAGuardThatHasBegunIsNotStopped: whoever left must not take with him what others wait for; and what he began is there, or is not, and never half.
func TestAGuardThatHasBegunIsNotStopped(t *testing.T) {
	url := postgres.Fresh(t)
	db := openBare(t, url, `CREATE TABLE kept (n BIGINT)`)
	holds := statement(`SELECT pg_advisory_xact_lock(1)`)
	err := store.Write(db, t.Context(), func(ctx context.Context, tx *sql.Tx) error {
		if err := holds(ctx, tx); err != nil {
			return err
		}
		guard, leave := context.WithCancel(t.Context())
		defer leave()
		left := make(chan error)
		go func() {
			var n int64
			left <- store.Single(db, guard, `INSERT INTO kept SELECT 7 FROM (SELECT pg_advisory_xact_lock(1)) l RETURNING n`, nil, &n)
		}()
		waits := func() (n int) {
			if err := tx.QueryRowContext(ctx, `SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted`).Scan(&n); err != nil {
				t.Error(err)
			}
			return n
		}
		for waits() == 0 && !t.Failed() { // until it is there, which nothing else says
			runtime.Gosched()
		}
		leave()
		if err := <-left; !errors.Is(err, context.Canceled) {
			t.Errorf("who left got %v", err)
		}
		for range 300 {
			if waits() == 0 {
				t.Error("what he began was stopped")
				break
			}
		}
		return nil
	})
	if err := errors.Join(err, db.Close()); err != nil { // which waits for what is under way
		t.Fatal(err)
	}
	var n int64
	if err := store.Get(openBare(t, url), t.Context(), `SELECT n FROM kept`, nil, &n); err != nil || n != 7 {
		t.Errorf("got %d, %v", n, err)
	}
}
