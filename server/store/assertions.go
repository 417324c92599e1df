package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"
)

// remembered is how long it is kept beyond its end that an assertion was spent, or a token revoked, for processes whose clock is behind.
const remembered = 5 * time.Minute

// SpendAssertion keeps the id of an assertion, once.
func (db *DB) SpendAssertion(ctx context.Context, id []byte, expires time.Time) error {
	err := db.append(ctx, func(ctx context.Context, tx *sql.Tx) error {
		var kept []byte
		return none(one(ctx, tx, `INSERT INTO client_assertions (id, expires) VALUES ($1, $2) ON CONFLICT (id) DO NOTHING RETURNING id`,
			[]any{id, millis(expires)}, &kept))
	})
	if err != nil {
		return fmt.Errorf("spend assertion: %w", err)
	}
	return nil
}
