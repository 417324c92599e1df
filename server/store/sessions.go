package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"sotto/linking"
)

// AddSignIn keeps a new one.
func (db *DB) AddSignIn(ctx context.Context, s linking.SignIn) error {
	err := db.append(ctx, func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO sign_ins (state, browser, visit, expires) VALUES ($1, $2, $3, $4)`,
			s.State, s.Browser, s.Visit, millis(s.Expires))
		return err
	})
	if err != nil {
		return fmt.Errorf("keep sign-in: %w", err)
	}
	return nil
}

// TakeSignIn gives a sign-in, once.
func (db *DB) TakeSignIn(ctx context.Context, state, browser []byte, now time.Time) (linking.SignIn, error) {
	var s linking.SignIn
	err := db.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		s = linking.SignIn{State: state, Browser: browser}
		var expires int64
		err := one(ctx, tx, `DELETE FROM sign_ins WHERE state = $1 AND browser = $2 AND expires > $3 RETURNING visit, expires`,
			[]any{state, browser, millis(now)}, &s.Visit, &expires)
		s.Expires = instant(expires)
		return none(err)
	})
	if err != nil {
		return linking.SignIn{}, fmt.Errorf("take sign-in: %w", err)
	}
	return s, nil
}

// AddSession keeps a new one.
func (db *DB) AddSession(ctx context.Context, s linking.Session) error {
	err := db.append(ctx, func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO sessions (hash, browser, customer, bank, expires) VALUES ($1, $2, $3, $4, $5)`,
			s.Hash, s.Browser, s.Customer, s.Bank, millis(s.Expires))
		return err
	})
	if err != nil {
		return fmt.Errorf("keep session: %w", err)
	}
	return nil
}

// Session gives a session that lives.
func (db *DB) Session(ctx context.Context, hash, browser []byte, now time.Time) (linking.Session, error) {
	s := linking.Session{Hash: hash, Browser: browser}
	var expires int64
	err := db.get(ctx, `SELECT customer, bank, expires FROM sessions WHERE hash = $1 AND browser = $2 AND expires > $3`,
		[]any{hash, browser, millis(now)}, &s.Customer, &s.Bank, &expires)
	if err != nil {
		return linking.Session{}, fmt.Errorf("read session: %w", none(err))
	}
	s.Expires = instant(expires)
	return s, nil
}

// DropSession deletes a session.
func (db *DB) DropSession(ctx context.Context, hash []byte) error {
	err := db.append(ctx, func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `DELETE FROM sessions WHERE hash = $1`, hash)
		return err
	})
	if err != nil {
		return fmt.Errorf("end session: %w", err)
	}
	return nil
}
