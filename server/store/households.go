package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"sotto/linking"
)

// KeepHousehold says of which household a link is.
func (db *DB) KeepHousehold(ctx context.Context, household []byte, link string) error {
	err := db.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		var id string
		err := one(ctx, tx, `INSERT INTO households (link_id, household) SELECT id, $2 FROM links WHERE id = $1
			ON CONFLICT (link_id) DO UPDATE SET household = excluded.household RETURNING link_id`, []any{link, household}, &id)
		return none(err)
	})
	if err != nil {
		return fmt.Errorf("keep household: %w", err)
	}
	return nil
}

// EndHousehold ends the links of a household.
func (db *DB) EndHousehold(ctx context.Context, household []byte, made, now time.Time) ([]string, error) {
	live, err := db.inside(ctx, `SELECT l.id FROM households h JOIN links l ON l.id = h.link_id
		WHERE h.household = $1 AND l.ended = 0 AND l.created <= $2 ORDER BY l.id`)
	if err != nil {
		return nil, fmt.Errorf("end household: %w", err)
	}
	var ended []string
	err = db.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		var err error
		if ended, err = live.column(ctx, tx, household, millis(made)); err != nil {
			return err
		}
		for _, link := range ended {
			if err := db.endLink(ctx, tx, link, now); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil && len(ended) == 0 {
		err = linking.ErrNone
	}
	if err != nil {
		return nil, fmt.Errorf("end household: %w", err)
	}
	return ended, nil
}
