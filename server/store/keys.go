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
