package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"sotto/linking"
)

// ownedColumns are what scanOwned reads.
const ownedColumns = `id, client, subject, scopes, key, created, ended, cleared`

func scanOwned(scan func(...any) error) (linking.Owned, error) {
	var o linking.Owned
	var created, ended, cleared int64
	err := scan(&o.Link, &o.Client, &o.Subject, &o.Scopes, &o.Key, &created, &ended, &cleared)
	o.Created, o.Ended, o.Cleared = instant(created), instant(ended), instant(cleared)
	return o, err
}

// LinksOf gives a customer's links, the newest first.
func (db *DB) LinksOf(ctx context.Context, customer []byte, n int) ([]linking.Owned, error) {
	var list []linking.Owned
	err := db.list(ctx, `SELECT `+ownedColumns+` FROM links WHERE customer = $1 ORDER BY created DESC, id LIMIT $2`, []any{customer, n},
		func(scan func(...any) error) error {
			o, err := scanOwned(scan)
			list = append(list, o)
			return err
		})
	if err != nil {
		return nil, fmt.Errorf("list links: %w", err)
	}
	return list, nil
}

// LinkOf gives one link of a customer.
func (db *DB) LinkOf(ctx context.Context, customer []byte, link string) (linking.Owned, error) {
	o, err := scanOwned(func(into ...any) error {
		return db.get(ctx, `SELECT `+ownedColumns+` FROM links WHERE id = $1 AND customer = $2`, []any{link, customer}, into...)
	})
	if err != nil {
		return linking.Owned{}, fmt.Errorf("read link: %w", none(err))
	}
	return o, nil
}

// NarrowLink takes scopes away.
func (db *DB) NarrowLink(ctx context.Context, customer []byte, link string, keep linking.Mask) error {
	err := db.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		t := Tightened{How: "narrowed"}
		if err := one(ctx, tx, `UPDATE links SET scopes = scopes & $3 WHERE id = $1 AND customer = $2 AND ended = 0 AND scopes & $3 <> 0 RETURNING id, scopes`,
			[]any{link, customer, keep}, &t.Link, &t.Scopes); err != nil {
			return none(err)
		}
		db.tightened(t)
		return nil
	})
	if err != nil {
		return fmt.Errorf("narrow link: %w", err)
	}
	return nil
}

// ClearRecord deletes what is recorded of a link.
func (db *DB) ClearRecord(ctx context.Context, customer []byte, link string, now time.Time) error {
	err := db.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		var id string
		if err := one(ctx, tx, `UPDATE links SET cleared = $3 WHERE id = $1 AND customer = $2 RETURNING id`, []any{link, customer, millis(now)}, &id); err != nil {
			return none(err)
		}
		db.tightened(Tightened{Link: id, How: "cleared", At: now})
		_, err := tx.ExecContext(ctx, `DELETE FROM disclosures WHERE link_id = $1`, id)
		return err
	})
	if err != nil {
		return fmt.Errorf("clear record: %w", err)
	}
	return nil
}

// Receipt gives a receipt, and how many consents are still to be ended.
func (db *DB) Receipt(ctx context.Context, code string) (linking.Receipt, error) {
	r, err := scanReceipt(code, func(into ...any) error { return db.get(ctx, receiptByCode, []any{code}, into...) })
	if err != nil {
		return linking.Receipt{}, fmt.Errorf("read receipt: %w", err)
	}
	return r, nil
}

const receiptByCode = `SELECT made, banks, (SELECT count(*) FROM endings WHERE origin = $1) FROM receipts WHERE code = $1`

func scanReceipt(code string, scan func(into ...any) error) (linking.Receipt, error) {
	r := linking.Receipt{Code: code}
	var made int64
	if err := scan(&made, &r.Banks, &r.Left); err != nil {
		return linking.Receipt{}, none(err)
	}
	r.Made = instant(made)
	return r, nil
}
