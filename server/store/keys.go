package store

import (
	"context"
	"database/sql"
	"fmt"

	"sotto/linking"
)

var _ linking.Store = (*DB)(nil)

// LinkingKeys gives all keys, by kind and number.
func (db *DB) LinkingKeys(ctx context.Context) ([]linking.SealedKey, error) {
	var keys []linking.SealedKey
	err := db.list(ctx, `SELECT kind, number, wrapped, made, starts, ends FROM keys ORDER BY kind, number`, nil, func(scan func(...any) error) error {
		var k linking.SealedKey
		var made, starts, ends int64
		if err := scan(&k.Kind, &k.Number, &k.Wrapped, &made, &starts, &ends); err != nil {
			return err
		}
		k.Made, k.Starts, k.Ends = instant(made), instant(starts), instant(ends)
		keys = append(keys, k)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read keys: %w", err)
	}
	return keys, nil
}

// AddKey keeps k, unless one of its kind and number is there.
func (db *DB) AddKey(ctx context.Context, k linking.SealedKey) error {
	err := db.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO keys (kind, number, wrapped, made, starts, ends) VALUES ($1, $2, $3, $4, $5, $6)
			ON CONFLICT (kind, number) DO NOTHING`, k.Kind, k.Number, k.Wrapped, millis(k.Made), millis(k.Starts), millis(k.Ends))
		return err
	})
	if err != nil {
		return fmt.Errorf("keep key: %w", err)
	}
	return nil
}

// ChangeKey keeps is in place of was.
func (db *DB) ChangeKey(ctx context.Context, was, is linking.SealedKey) error {
	return db.touchKey(ctx, "change key", `UPDATE keys SET wrapped = $5, made = $6, starts = $7, ends = $8
		WHERE kind = $1 AND number = $2 AND wrapped = $3 AND ends = $4 RETURNING number`,
		was.Kind, was.Number, was.Wrapped, millis(was.Ends), is.Wrapped, millis(is.Made), millis(is.Starts), millis(is.Ends))
}

// DeleteKey deletes k.
func (db *DB) DeleteKey(ctx context.Context, k linking.SealedKey) error {
	return db.touchKey(ctx, "delete key", `DELETE FROM keys WHERE kind = $1 AND number = $2 AND wrapped = $3 AND ends = $4 RETURNING number`,
		k.Kind, k.Number, k.Wrapped, millis(k.Ends))
}

func (db *DB) touchKey(ctx context.Context, doing, query string, args ...any) error {
	err := db.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		var number int64
		return none(one(ctx, tx, query, args, &number))
	})
	if err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	return nil
}
