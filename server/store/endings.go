package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"sotto/banking"
)

// ExpireAwaiting turns expired authorizations into endings.
func (db *DB) ExpireAwaiting(ctx context.Context, now time.Time, limit int) error {
	// Most looks find nothing, and need not wait for the one who writes.
	var due int
	if err := db.get(ctx, `SELECT count(*) FROM bank_authorizations WHERE expires <= $1`, []any{millis(now)}, &due); err != nil || due == 0 {
		return expired(err)
	}
	err := db.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		return handOver(ctx, tx, now, `DELETE FROM bank_authorizations WHERE id IN
			(SELECT id FROM bank_authorizations WHERE expires <= $1 ORDER BY expires, id LIMIT $2) RETURNING id, bank, consent_sealed, link_id`,
			millis(now), limit)
	})
	return expired(err)
}

// handOver makes endings, due now, of what a DELETE gives back: id, bank, sealed consent and link of each row.
func handOver(ctx context.Context, tx *sql.Tx, now time.Time, remove string, args ...any) error {
	type ending struct {
		banking.Ending
		origin string
	}
	var gone []ending
	rows, err := tx.QueryContext(ctx, remove, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var e ending
		if err := rows.Scan(&e.ID, &e.Bank, &e.Consent, &e.origin); err != nil {
			return err
		}
		gone = append(gone, e)
	}
	if err := rows.Err(); err != nil {
		return err
	}
	for _, e := range gone {
		if _, err := tx.ExecContext(ctx, `INSERT INTO endings (id, bank, consent_sealed, tries, next_at, origin) VALUES ($1, $2, $3, 0, $4, $5)
			ON CONFLICT (id) DO NOTHING`, e.ID, e.Bank, e.Consent, millis(now), e.origin); err != nil {
			return err
		}
	}
	return nil
}

func expired(err error) error {
	if err != nil {
		return fmt.Errorf("expire authorizations: %w", err)
	}
	return nil
}

// ClaimEndings gives endings that are due.
func (db *DB) ClaimEndings(ctx context.Context, now, next time.Time, limit int) ([]banking.Ending, error) {
	var due int
	err := db.get(ctx, `SELECT count(*) FROM endings WHERE next_at <= $1`, []any{millis(now)}, &due)
	if err != nil {
		return nil, fmt.Errorf("claim endings: %w", err)
	}
	if due == 0 {
		return nil, nil
	}
	waiting, err := db.inside(ctx, `SELECT id FROM endings WHERE next_at <= $1 ORDER BY next_at, id LIMIT $2`+db.engine.skips)
	if err != nil {
		return nil, fmt.Errorf("claim endings: %w", err)
	}
	var list []banking.Ending
	err = db.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		list = nil
		ids, err := waiting.column(ctx, tx, millis(now), limit)
		if err != nil {
			return err
		}
		for _, id := range ids {
			e := banking.Ending{ID: id}
			err := one(ctx, tx, `UPDATE endings SET tries = tries + 1, next_at = $2 WHERE id = $1 AND next_at <= $3
				RETURNING bank, consent_sealed, tries`, []any{id, millis(next), millis(now)}, &e.Bank, &e.Consent, &e.Tries)
			if errors.Is(err, sql.ErrNoRows) {
				continue // another process was quicker
			}
			if err != nil {
				return err
			}
			list = append(list, e)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("claim endings: %w", err)
	}
	return list, nil
}

// PostponeEnding makes an ending due at another time.
func (db *DB) PostponeEnding(ctx context.Context, id string, next time.Time) error {
	err := db.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE endings SET next_at = $2 WHERE id = $1`, id, millis(next))
		return err
	})
	if err != nil {
		return fmt.Errorf("postpone ending: %w", err)
	}
	return nil
}

// DeleteEnding removes an ending that is done.
func (db *DB) DeleteEnding(ctx context.Context, id string) error {
	err := db.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `DELETE FROM endings WHERE id = $1`, id)
		return err
	})
	if err != nil {
		return fmt.Errorf("delete ending: %w", err)
	}
	return nil
}
