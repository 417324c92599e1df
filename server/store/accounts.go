package store

import (
	"context"
	"database/sql"
	"fmt"

	"sotto/linking"
)

// ofAccount ends a SELECT of grants g and links l: those of this client ($1) and account ($2) that live, and whose code was exchanged. An
// account is of no grant but the one its link was made with.
const ofAccount = ` FROM grants g JOIN links l ON l.id = g.link_id
	WHERE g.client = $1 AND g.account = $2 AND g.exchanged > 0 AND g.ended = 0 AND l.ended = 0`

// ByAccount gives the youngest link that was made for an account.
func (db *DB) ByAccount(ctx context.Context, client string, account []byte) (linking.Granted, error) {
	var g linking.Granted
	into, finish := granted(&g)
	err := db.get(ctx, `SELECT `+grantedColumns+ofAccount+` ORDER BY l.created DESC, l.id LIMIT 1`, []any{client, account}, into...)
	if err != nil {
		return linking.Granted{}, fmt.Errorf("read link of an account: %w", none(err))
	}
	finish()
	return g, nil
}

// Regrant keeps another grant on a link that was made for an account. It holds the link, because whatever ends that begins with it.
func (db *DB) Regrant(ctx context.Context, r linking.Regranting) (linking.Basis, error) {
	var g linking.Basis
	err := db.append(ctx, func(ctx context.Context, tx *sql.Tx) error {
		g = linking.Basis{}
		var id string
		if err := one(ctx, tx, `INSERT INTO grants (id, link_id, client, resource, code, code_expires, redirect_uri, challenge, exchanged, refresh, floor, ended)
			SELECT $3, l.id, g.client, $4, $5, $6, '', '', $6, $7, 0, 0`+ofAccount+` AND l.id = $8
			AND (SELECT COUNT(*) FROM grants o WHERE o.link_id = l.id AND o.ended = 0) < $9`+db.engine.holdsLink+` RETURNING id`,
			[]any{r.Client, r.Account, r.Grant, r.Resource, r.Code, millis(r.Now), r.Refresh, r.Link, r.Limit}, &id); err != nil {
			return none(err)
		}
		if r.Access != nil {
			if err := addAccess(ctx, tx, id, *r.Access); err != nil {
				return err
			}
		}
		return one(ctx, tx, basisByID, []any{id}, basis(&g)...)
	})
	if err != nil {
		return linking.Basis{}, fmt.Errorf("grant again: %w", err)
	}
	return g, nil
}
