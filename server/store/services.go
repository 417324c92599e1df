package store

import (
	"context"
	"database/sql"
	"fmt"

	"sotto/linking"
)

// AddService keeps a token of a service.
func (db *DB) AddService(ctx context.Context, t linking.ServiceToken) error {
	return db.keepService(ctx, "keep a service's token", t, `INSERT INTO service_tokens (hash, client, resource, issued, expires, revoked) VALUES ($1, $2, $3, $4, $5, 0)`)
}

// RevokeService revokes a token of a service, kept before or not.
func (db *DB) RevokeService(ctx context.Context, t linking.ServiceToken) error {
	return db.keepService(ctx, "revoke a service's token", t, `INSERT INTO service_tokens (hash, client, resource, issued, expires, revoked) VALUES ($1, $2, $3, $4, $5, 1)
		ON CONFLICT (hash) DO UPDATE SET revoked = 1`)
}

func (db *DB) keepService(ctx context.Context, doing string, t linking.ServiceToken, query string) error {
	err := db.append(ctx, func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, query, t.Hash, t.Client, t.Resource, millis(t.Issued), millis(t.Expires))
		return err
	})
	if err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	return nil
}

// Service gives the token of this hash, live or not.
func (db *DB) Service(ctx context.Context, token []byte) (linking.ServiceToken, error) {
	t := linking.ServiceToken{Hash: token}
	var issued, expires, revoked int64
	err := db.get(ctx, `SELECT client, resource, issued, expires, revoked FROM service_tokens WHERE hash = $1`, []any{token},
		&t.Client, &t.Resource, &issued, &expires, &revoked)
	if err != nil {
		return linking.ServiceToken{}, fmt.Errorf("read a service's token: %w", none(err))
	}
	t.Issued, t.Expires, t.Revoked = instant(issued), instant(expires), revoked != 0
	return t, nil
}
