package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"sotto/linking"
)

// AddPushed keeps a pushed request.
func (db *DB) AddPushed(ctx context.Context, p linking.PushedRequest) error {
	err := db.append(ctx, func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO pushed_requests (id, client, redirect_uri, state, challenge, resource, locales, asked, expires, spent)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 0)`,
			p.Hash, p.Client, p.RedirectURI, bytesOrEmpty(p.State), p.Challenge, p.Resource, p.Locales, p.Asked, millis(p.Expires))
		return err
	})
	if err != nil {
		return fmt.Errorf("keep pushed request: %w", err)
	}
	return nil
}

// OpenPushed keeps an interaction with what a pushed request says.
func (db *DB) OpenPushed(ctx context.Context, i linking.Interaction, now time.Time) (linking.Interaction, error) {
	var kept linking.Interaction
	err := db.append(ctx, func(ctx context.Context, tx *sql.Tx) error {
		var err error
		kept, err = scanInteraction(tx.QueryRowContext(ctx, `INSERT INTO interactions (`+interactionColumns+`, stage)
			SELECT $1, $2, client, redirect_uri, state, challenge, resource, locales, asked, 0, $3, $4, NULL, '', 0, 0, 0, NULL, id, NULL, $5, $6
			FROM pushed_requests WHERE id = $7 AND client = $8 AND expires > $9 AND spent = 0 RETURNING `+interactionColumns,
			i.ID, i.Browser, i.Link, i.Key, millis(i.Expires), asking, i.Pushed, i.Client, millis(now)).Scan)
		return err
	})
	if err != nil {
		return linking.Interaction{}, fmt.Errorf("open pushed request: %w", err)
	}
	return kept, nil
}

// Opened gives the interaction that a browser began with a pushed request.
func (db *DB) Opened(ctx context.Context, pushed []byte, client string, browser []byte, now time.Time) (linking.Interaction, error) {
	i, err := scanInteraction(func(into ...any) error {
		return db.get(ctx, `SELECT `+interactionColumns+` FROM interactions
			WHERE pushed = $1 AND client = $2 AND browser = $3 AND expires > $4 AND stage < $5 ORDER BY expires DESC, id LIMIT 1`,
			[]any{pushed, client, browser, millis(now), taken}, into...)
	})
	if err != nil {
		return i, fmt.Errorf("read interaction of a pushed request: %w", err)
	}
	return i, nil
}

// PushedFacts tells what is known of a pushed request.
func (db *DB) PushedFacts(ctx context.Context, pushed []byte) (linking.PushedFacts, error) {
	var f linking.PushedFacts
	var expires, spent int64
	err := db.get(ctx, `SELECT client, expires, spent FROM pushed_requests WHERE id = $1`, []any{pushed}, &f.Client, &expires, &spent)
	if err != nil {
		return linking.PushedFacts{}, fmt.Errorf("read pushed request: %w", none(err))
	}
	f.Expires, f.Spent = instant(expires), instant(spent)
	return f, nil
}

// spendPushed spends a pushed request, once.
func spendPushed(ctx context.Context, tx *sql.Tx, pushed []byte, now time.Time) error {
	var id []byte
	return none(one(ctx, tx, `UPDATE pushed_requests SET spent = $1 WHERE id = $2 AND spent = 0 RETURNING id`, []any{millis(now), pushed}, &id))
}
