package store

import (
	"context"
	"database/sql"
	"fmt"
	"math"
	"time"

	"sotto/linking/disclosure"
)

var _ disclosure.Store = (*DB)(nil)

// AppendDisclosure keeps a row, together with those of other turns that end at the same time.
func (db *DB) AppendDisclosure(ctx context.Context, r disclosure.Row) error {
	insert, err := db.inside(ctx, `INSERT INTO disclosures (id, link_id, at, sealed) VALUES ($1, $2, $3, $4)`)
	if err != nil {
		return fmt.Errorf("append disclosure: %w", err)
	}
	err = db.append(ctx, func(ctx context.Context, tx *sql.Tx) error {
		return insert.exec(ctx, tx, r.ID, r.Link, millis(r.At), r.Sealed)
	})
	if err != nil {
		return fmt.Errorf("append disclosure: %w", err)
	}
	return nil
}

// Disclosures gives the newest rows of a link first, and how many it has in all.
func (db *DB) Disclosures(ctx context.Context, link string, n int) ([]disclosure.Row, int, error) {
	var total int
	if err := db.get(ctx, `SELECT count(*) FROM disclosures WHERE link_id = $1`, []any{link}, &total); err != nil {
		return nil, 0, fmt.Errorf("count disclosures: %w", err)
	}
	rows, err := db.DisclosuresBefore(ctx, link, time.Time{}, "", n)
	if err != nil {
		return nil, 0, err
	}
	return rows, total, nil
}

// disclosuresBefore finds its rows in the index, however many come before them, so that reading a whole record costs no more than its rows.
const disclosuresBefore = `SELECT id, at, sealed FROM disclosures WHERE link_id = $1 AND (at, id) < ($2, $3) ORDER BY at DESC, id DESC LIMIT $4`

// DisclosuresBefore gives the rows of a link that come after a place, or from the first on, the newest first.
func (db *DB) DisclosuresBefore(ctx context.Context, link string, at time.Time, id string, n int) ([]disclosure.Row, error) {
	from := int64(math.MaxInt64)
	if id != "" {
		from = millis(at)
	}
	var rows []disclosure.Row
	err := db.list(ctx, disclosuresBefore,
		[]any{link, from, id, n}, func(scan func(...any) error) error {
			r := disclosure.Row{Link: link}
			var at int64
			err := scan(&r.ID, &at, &r.Sealed)
			r.At = instant(at)
			rows = append(rows, r)
			return err
		})
	if err != nil {
		return nil, fmt.Errorf("list disclosures: %w", err)
	}
	return rows, nil
}

// DropDisclosures deletes old rows.
func (db *DB) DropDisclosures(ctx context.Context, before time.Time, n int) (int, error) {
	var dropped int64
	err := db.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		done, err := tx.ExecContext(ctx, `DELETE FROM disclosures WHERE id IN (SELECT id FROM disclosures WHERE at < $1 LIMIT $2)`,
			millis(before), n)
		if err != nil {
			return err
		}
		dropped, err = done.RowsAffected()
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("drop disclosures: %w", err)
	}
	return int(dropped), nil
}
