package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"sotto/linking"
)

// Times after which what has ended is deleted.
const (
	finishing = 5 * time.Minute     // for an interaction that was taken just before it expired
	unspent   = 10 * time.Minute    // for a link whose code nobody traded or typed
	outlived  = time.Hour           // for a ticket or a pushed request: more than an interaction lasts that began with it
	forgotten = 24 * time.Hour      // for the use of a generation: far over the grace
	dead      = 30 * 24 * time.Hour // for grants: their tokens still get the exact reason in the log
)

// sweepStep is how many rows one statement of a sweep deletes, so that others are not kept waiting.
const sweepStep = 500

// endConnections hands the connections of a link over to be ended, and the consents that still wait for its customer. What is sealed in
// either is sealed so that it can be opened in an ending.
func endConnections(ctx context.Context, tx *sql.Tx, link string, now time.Time) error {
	if err := handOver(ctx, tx, now, `DELETE FROM connections WHERE link_id = $1 RETURNING id, bank, consent_sealed, link_id`, link); err != nil {
		return err
	}
	return endAwaiting(ctx, tx, link, now)
}

// endAwaiting hands over the consents of a link that wait at banks for a customer who will not come any more.
func endAwaiting(ctx context.Context, tx *sql.Tx, link string, now time.Time) error {
	return handOver(ctx, tx, now, `DELETE FROM bank_authorizations WHERE link_id = $1 RETURNING id, bank, consent_sealed, link_id`, link)
}

// EndLink ends a link.
func (db *DB) EndLink(ctx context.Context, link string, now time.Time) error {
	err := db.write(ctx, func(ctx context.Context, tx *sql.Tx) error { return db.endLink(ctx, tx, link, now) })
	if err != nil {
		return fmt.Errorf("end link: %w", err)
	}
	return nil
}

func (db *DB) endLink(ctx context.Context, tx *sql.Tx, link string, now time.Time) error {
	var id string
	switch err := one(ctx, tx, `UPDATE links SET ended = $2 WHERE id = $1 AND ended = 0 RETURNING id`, []any{link, millis(now)}, &id); {
	case err == nil:
		db.tightened(Tightened{Link: id, How: "ended", At: now})
	case !errors.Is(err, sql.ErrNoRows):
		return err
	}
	if _, err := tx.ExecContext(ctx, `UPDATE grants SET ended = $2, account = NULL WHERE link_id = $1 AND ended = 0`, link, millis(now)); err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, `DELETE FROM access_tokens WHERE grant_id IN (SELECT id FROM grants WHERE link_id = $1)`, link); err != nil {
		return err
	}
	return endConnections(ctx, tx, link, now)
}

// ForgetLink erases a link; the receipt stays.
func (db *DB) ForgetLink(ctx context.Context, link string, r linking.Receipt) (linking.Receipt, error) {
	var kept linking.Receipt
	err := db.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		kept = linking.Receipt{Code: r.Code, Made: instant(millis(r.Made))}
		// Grants and tokens go with the link.
		var id string
		err := one(ctx, tx, `DELETE FROM links WHERE id = $1 RETURNING id`, []any{link}, &id)
		if errors.Is(err, sql.ErrNoRows) {
			kept, err = scanReceipt(r.Code, func(into ...any) error { return one(ctx, tx, receiptByCode, []any{r.Code}, into...) })
			return err
		}
		if err != nil {
			return err
		}
		db.tightened(Tightened{Link: id, How: "erased", At: r.Made})
		if err := endConnections(ctx, tx, link, r.Made); err != nil {
			return err
		}
		left, err := tx.ExecContext(ctx, `UPDATE endings SET origin = $2 WHERE origin = $1`, link, r.Code)
		if err != nil {
			return err
		}
		n, err := left.RowsAffected()
		if err != nil {
			return err
		}
		kept.Banks, kept.Left = int(n), int(n)
		_, err = tx.ExecContext(ctx, `INSERT INTO receipts (code, made, banks) VALUES ($1, $2, $3)`, r.Code, millis(r.Made), kept.Banks)
		return err
	})
	if err != nil {
		return linking.Receipt{}, fmt.Errorf("forget link: %w", err)
	}
	return kept, nil
}

// SweepLinks deletes what is over.
func (db *DB) SweepLinks(ctx context.Context, now time.Time) error {
	for _, s := range []struct {
		what, query string
		args        []any
	}{
		{
			"interactions", `DELETE FROM interactions WHERE id IN (SELECT id FROM interactions WHERE expires <= $1 LIMIT $2)`,
			[]any{millis(now.Add(-finishing)), sweepStep},
		},
		{ // An interaction that was begun with one may take its own time.
			"tickets", `DELETE FROM chat_tickets WHERE ticket IN (SELECT ticket FROM chat_tickets WHERE expires <= $1 LIMIT $2)`,
			[]any{millis(now.Add(-outlived)), sweepStep},
		},
		{
			"pushed requests", `DELETE FROM pushed_requests WHERE id IN (SELECT id FROM pushed_requests WHERE expires <= $1 LIMIT $2)`,
			[]any{millis(now.Add(-outlived)), sweepStep},
		},
		{
			"codes of chats", `DELETE FROM chat_codes WHERE link_id IN (SELECT link_id FROM chat_codes WHERE expires <= $1 LIMIT $2)`,
			[]any{millis(now.Add(-unspent)), sweepStep},
		},
		{
			"sign-ins", `DELETE FROM sign_ins WHERE state IN (SELECT state FROM sign_ins WHERE expires <= $1 LIMIT $2)`,
			[]any{millis(now), sweepStep},
		},
		{
			"sessions", `DELETE FROM sessions WHERE hash IN (SELECT hash FROM sessions WHERE expires <= $1 LIMIT $2)`,
			[]any{millis(now), sweepStep},
		},
		{
			"access tokens", `DELETE FROM access_tokens WHERE hash IN (SELECT hash FROM access_tokens WHERE expires <= $1 LIMIT $2)`,
			[]any{millis(now.Add(-remembered)), sweepStep},
		},
		{
			"spent assertions", `DELETE FROM client_assertions WHERE id IN (SELECT id FROM client_assertions WHERE expires <= $1 LIMIT $2)`,
			[]any{millis(now.Add(-remembered)), sweepStep},
		},
		{
			"tokens of services", `DELETE FROM service_tokens WHERE hash IN (SELECT hash FROM service_tokens WHERE expires <= $1 LIMIT $2)`,
			[]any{millis(now.Add(-remembered)), sweepStep},
		},
		{
			"links never finished", `DELETE FROM links WHERE id IN (SELECT link_id FROM grants WHERE exchanged = 0 AND code_expires <= $1 LIMIT $2)`,
			[]any{millis(now.Add(-unspent)), sweepStep},
		},
		{
			"ended grants", `DELETE FROM grants WHERE id IN (SELECT id FROM grants WHERE ended > 0 AND ended <= $1 LIMIT $2)`,
			[]any{millis(now.Add(-dead)), sweepStep},
		},
	} {
		if err := db.sweep(ctx, s.query, s.args); err != nil {
			return fmt.Errorf("sweep %s: %w", s.what, err)
		}
	}
	if err := db.sweepRotations(ctx, now.Add(-forgotten)); err != nil {
		return fmt.Errorf("sweep rotations: %w", err)
	}
	if err := db.sweepConnections(ctx, now); err != nil {
		return fmt.Errorf("sweep connections: %w", err)
	}
	return nil
}

// sweep repeats a statement until it finds less than a whole step.
func (db *DB) sweep(ctx context.Context, query string, args []any) error {
	for {
		var n int64
		err := db.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
			gone, err := tx.ExecContext(ctx, query, args...)
			if err != nil {
				return err
			}
			n, err = gone.RowsAffected()
			return err
		})
		if err != nil || n < sweepStep {
			return err
		}
	}
}

// sweepRotations forgets generations first used before then, and raises their grants' floors in the same transaction, so that they are
// never taken for unused ones.
func (db *DB) sweepRotations(ctx context.Context, then time.Time) error {
	for {
		grants, err := db.ids(ctx, `SELECT DISTINCT grant_id FROM rotations WHERE used <= $1 LIMIT $2`, millis(then), sweepStep)
		if err != nil || len(grants) == 0 {
			return err
		}
		err = db.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
			for _, id := range grants {
				var floor int64
				if err := one(ctx, tx, `SELECT COALESCE(MAX(generation), 0) FROM rotations WHERE grant_id = $1 AND used <= $2`,
					[]any{id, millis(then)}, &floor); err != nil {
					return err
				}
				if _, err := tx.ExecContext(ctx, `UPDATE grants SET floor = $2 WHERE id = $1 AND floor < $2`, id, floor); err != nil {
					return err
				}
				if _, err := tx.ExecContext(ctx, `DELETE FROM rotations WHERE grant_id = $1 AND generation <= $2`, id, floor); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
}

// sweepConnections hands over to be ended what a crash, a lost browser or a client that never came left behind.
func (db *DB) sweepConnections(ctx context.Context, now time.Time) error {
	for {
		links, err := db.ids(ctx, `SELECT DISTINCT c.link_id FROM connections c
			WHERE NOT EXISTS (SELECT 1 FROM links l WHERE l.id = c.link_id AND l.ended = 0)
			AND NOT EXISTS (SELECT 1 FROM interactions i WHERE i.link_id = c.link_id) LIMIT $1`, sweepStep)
		if err != nil || len(links) == 0 {
			return err
		}
		err = db.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
			for _, link := range links {
				if err := endConnections(ctx, tx, link, now); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil || len(links) < sweepStep {
			return err
		}
	}
}
