package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"sotto/linking"
)

// basisColumns are what basis reads, and grantedColumns what granted does, of grants g and links l.
const (
	basisColumns   = `g.id, g.resource, l.id, l.subject, l.scopes`
	grantedColumns = basisColumns + `, g.client, l.customer, l.key, l.created, g.ended`
)

// basis gives the places of basisColumns.
func basis(b *linking.Basis) (into []any) {
	return []any{&b.Grant, &b.Resource, &b.Link, &b.Subject, &b.Scopes}
}

// granted gives the places of grantedColumns, and finish to be called when they are filled.
func granted(g *linking.Granted) (into []any, finish func()) {
	var created, ended int64
	return append(basis(&g.Basis), &g.Client, &g.Customer, &g.Key, &created, &ended),
		func() { g.Created, g.Ended = instant(created), instant(ended) }
}

const basisByID = `SELECT ` + basisColumns + ` FROM grants g JOIN links l ON l.id = g.link_id WHERE g.id = $1`

func none(err error) error { return missing(err, linking.ErrNone) }

// Exchange spends a code.
func (db *DB) Exchange(ctx context.Context, x linking.Exchange) (linking.Basis, error) {
	var g linking.Basis
	err := db.append(ctx, func(ctx context.Context, tx *sql.Tx) error {
		g = linking.Basis{}
		var id string
		if err := one(ctx, tx, `UPDATE grants SET exchanged = $1, refresh = $2
			WHERE code = $3 AND client = $4 AND redirect_uri = $5 AND challenge = $6 AND ($7 = '' OR resource = $7)
				AND code_expires > $1 AND exchanged = 0 AND ended = 0 RETURNING id`,
			[]any{millis(x.Now), x.Refresh, x.Code, x.Client, x.RedirectURI, x.Challenge, x.Resource}, &id); err != nil {
			return none(err)
		}
		if x.Access != nil {
			if err := addAccess(ctx, tx, id, *x.Access); err != nil {
				return err
			}
		}
		return one(ctx, tx, basisByID, []any{id}, basis(&g)...)
	})
	if err != nil {
		return linking.Basis{}, fmt.Errorf("exchange code: %w", err)
	}
	return g, nil
}

// CodeFacts tells what is known of a code.
func (db *DB) CodeFacts(ctx context.Context, code []byte) (linking.CodeFacts, error) {
	var f linking.CodeFacts
	var expires, exchanged, ended int64
	err := db.get(ctx, `SELECT link_id, client, redirect_uri, challenge, resource, code_expires, exchanged, ended FROM grants WHERE code = $1`, []any{code},
		&f.Link, &f.Client, &f.RedirectURI, &f.Challenge, &f.Resource, &expires, &exchanged, &ended)
	if err != nil {
		return linking.CodeFacts{}, fmt.Errorf("read code: %w", none(err))
	}
	f.Expires, f.Exchanged, f.Ended = instant(expires), instant(exchanged), instant(ended)
	return f, nil
}

// Refresh accepts a refresh token.
func (db *DB) Refresh(ctx context.Context, r linking.Refreshing) (linking.Basis, time.Time, error) {
	var g linking.Basis
	var used int64
	var err error
	if r.Hash != nil && r.Access == nil { // Nothing is to be kept, so nothing is written.
		err = none(db.get(ctx, stableGuard, []any{r.Hash, r.Client, r.Want, r.Resource}, basis(&g)...))
	} else {
		used, err = db.accept(ctx, r, &g)
	}
	if err != nil {
		return linking.Basis{}, time.Time{}, fmt.Errorf("refresh: %w", err)
	}
	return g, instant(used), nil
}

const stableGuard = `SELECT ` + basisColumns + ` FROM grants g JOIN links l ON l.id = g.link_id
	WHERE g.refresh = $1 AND g.client = $2 AND g.ended = 0 AND $3 & ~l.scopes = 0 AND ($4 = '' OR g.resource = $4)`

// accept keeps what must be kept of a refresh token's use, and gives its grant: by one statement, unless an opaque access token is given for a
// token that is replaced.
func (db *DB) accept(ctx context.Context, r linking.Refreshing, g *linking.Basis) (used int64, err error) {
	query, args := db.guard(r)
	into := append(basis(g), &used)
	if r.Hash != nil || r.Access == nil {
		err = none(db.single(ctx, query, args, into...))
	} else {
		err = db.append(ctx, func(ctx context.Context, tx *sql.Tx) error {
			if err := one(ctx, tx, query, args, into...); err != nil {
				return none(err)
			}
			return addAccess(ctx, tx, g.Grant, *r.Access)
		})
	}
	if err != nil {
		return 0, err // not what was used: where ctx has ended, the transaction may still be writing it
	}
	return used, nil
}

// returning gives of a row that has a grant_id what basis reads, so that no statement need follow that reads it: each is a round trip to an engine
// that is elsewhere.
const returning = ` RETURNING grant_id, (SELECT g.resource FROM grants g WHERE g.id = grant_id), (SELECT g.link_id FROM grants g WHERE g.id = grant_id),
	(SELECT l.subject FROM grants g JOIN links l ON l.id = g.link_id WHERE g.id = grant_id),
	(SELECT l.scopes FROM grants g JOIN links l ON l.id = g.link_id WHERE g.id = grant_id)`

// guard is the guarded statement: it touches a row if the token is good, and gives the grant and when the token was first used. The grant is
// held, so that an end or a sweep comes wholly before or wholly after. A generation that is not known is below none that is: each was made
// when the one before was used, so only an older copy of the database, which was restored, does not know it, and it was used.
func (db *DB) guard(r linking.Refreshing) (query string, args []any) {
	if r.Hash != nil {
		return `INSERT INTO access_tokens (hash, grant_id, scopes, issued, expires, revoked)
			SELECT $1, g.id, $2, $3, $4, 0 FROM grants g JOIN links l ON l.id = g.link_id
			WHERE g.refresh = $5 AND g.client = $6 AND g.ended = 0 AND $7 & ~l.scopes = 0 AND ($8 = '' OR g.resource = $8)` + db.engine.holds + returning + `, 0`,
			[]any{r.Access.Hash, r.Access.Scopes, millis(r.Access.Issued), millis(r.Access.Expires), r.Hash, r.Client, r.Want, r.Resource}
	}
	return `INSERT INTO rotations (grant_id, generation, used)
		SELECT g.id, $1, $2 FROM grants g JOIN links l ON l.id = g.link_id
		WHERE g.id = $3 AND g.client = $4 AND g.exchanged > 0 AND g.ended = 0 AND $1 > g.floor AND $5 & ~l.scopes = 0
			AND ($7 = '' OR g.resource = $7)
			AND COALESCE((SELECT MIN(r.generation) FROM rotations r WHERE r.grant_id = g.id AND r.generation >= $1), $1) = $1` + db.engine.holds + `
		ON CONFLICT (grant_id, generation) DO UPDATE SET used = rotations.used WHERE excluded.used - rotations.used <= $6` + returning + `, used`,
		[]any{r.Generation, millis(r.Now), r.Grant, r.Client, r.Want, r.Grace.Milliseconds(), r.Resource}
}

func addAccess(ctx context.Context, tx *sql.Tx, grant string, t linking.AccessToken) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO access_tokens (hash, grant_id, scopes, issued, expires, revoked) VALUES ($1, $2, $3, $4, $5, $6)`,
		t.Hash, grant, t.Scopes, millis(t.Issued), millis(t.Expires), bit(t.Revoked))
	return err
}

// RefreshFacts tells what is known of a refresh token.
func (db *DB) RefreshFacts(ctx context.Context, r linking.Refreshing) (linking.RefreshFacts, error) {
	var f linking.RefreshFacts
	var ended, used int64
	var err error
	if r.Hash != nil {
		err = db.get(ctx, `SELECT l.id, g.client, l.scopes, g.resource, g.ended FROM grants g JOIN links l ON l.id = g.link_id WHERE g.refresh = $1`, []any{r.Hash},
			&f.Link, &f.Client, &f.Scopes, &f.Resource, &ended)
	} else {
		var passed int64
		err = db.get(ctx, `SELECT l.id, g.client, l.scopes, g.resource, g.ended, COALESCE(r.used, 0), CASE WHEN $2 <= g.floor
				OR r.used IS NULL AND EXISTS (SELECT 1 FROM rotations n WHERE n.grant_id = g.id AND n.generation > $2) THEN 1 ELSE 0 END
			FROM grants g JOIN links l ON l.id = g.link_id LEFT JOIN rotations r ON r.grant_id = g.id AND r.generation = $2 WHERE g.id = $1`,
			[]any{r.Grant, r.Generation}, &f.Link, &f.Client, &f.Scopes, &f.Resource, &ended, &used, &passed)
		f.Passed = passed != 0
	}
	if err != nil {
		return linking.RefreshFacts{}, fmt.Errorf("read refresh token: %w", none(err))
	}
	f.Used, f.Ended = instant(used), instant(ended)
	return f, nil
}

const grantOfToken = `SELECT ` + grantedColumns + `, EXISTS (SELECT 1 FROM access_tokens t WHERE t.hash = $2)
	FROM grants g JOIN links l ON l.id = g.link_id WHERE g.id = $1`

// ByGrant gives the grant and its link.
func (db *DB) ByGrant(ctx context.Context, grant string, token []byte) (linking.Granted, bool, error) {
	var g linking.Granted
	var revoked bool
	into, finish := granted(&g)
	err := db.get(ctx, grantOfToken, []any{grant, token}, append(into, &revoked)...)
	if err != nil {
		return linking.Granted{}, false, fmt.Errorf("read grant: %w", none(err))
	}
	finish()
	return g, revoked, nil
}

const grantOfAccess = `SELECT ` + grantedColumns + `, t.hash, t.scopes, t.issued, t.expires, t.revoked
	FROM access_tokens t JOIN grants g ON g.id = t.grant_id JOIN links l ON l.id = g.link_id WHERE t.hash = $1`

// ByAccess gives the opaque access token of this hash with its grant.
func (db *DB) ByAccess(ctx context.Context, token []byte) (linking.Granted, linking.AccessToken, error) {
	var g linking.Granted
	var t linking.AccessToken
	var issued, expires, revoked int64
	into, finish := granted(&g)
	err := db.get(ctx, grantOfAccess, []any{token},
		append(into, &t.Hash, &t.Scopes, &issued, &expires, &revoked)...)
	if err != nil {
		return linking.Granted{}, linking.AccessToken{}, fmt.Errorf("read access token: %w", none(err))
	}
	finish()
	t.Issued, t.Expires, t.Revoked = instant(issued), instant(expires), revoked != 0
	return g, t, nil
}

// RevokeAccess revokes one access token.
func (db *DB) RevokeAccess(ctx context.Context, grant string, t linking.AccessToken) error {
	err := db.append(ctx, func(ctx context.Context, tx *sql.Tx) error {
		//nolint:gosec // all of it is constants of ours
		_, err := tx.ExecContext(ctx, `INSERT INTO access_tokens (hash, grant_id, scopes, issued, expires, revoked)
			SELECT $1, g.id, $3, $4, $5, 1 FROM grants g WHERE g.id = $2`+db.engine.holds+` ON CONFLICT (hash) DO UPDATE SET revoked = 1`,
			t.Hash, grant, t.Scopes, millis(t.Issued), millis(t.Expires))
		return err
	})
	if err != nil {
		return fmt.Errorf("revoke access token: %w", err)
	}
	return nil
}
