package store

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"slices"
	"time"

	"sotto/banking"
)

var _ banking.Store = (*DB)(nil)

// connectionColumns are those of a connection, in the order scanConnection wants them.
const connectionColumns = `id, link_id, bank, consent_sealed, access_sealed, access_expires, refresh_sealed, refresh_expires, relink,
	generation, directory_sealed, directory_at, created`

func scanConnection(scan func(into ...any) error) (banking.Connection, error) {
	var c banking.Connection
	var access, refresh, relink, directory, created int64
	err := scan(&c.ID, &c.Link, &c.Bank, &c.Consent, &c.Access, &access, &c.Refresh, &refresh, &relink,
		&c.Generation, &c.Directory, &directory, &created)
	c.AccessExpires, c.RefreshExpires, c.DirectoryAt, c.Created = instant(access), instant(refresh), instant(directory), instant(created)
	c.Relink = relink != 0
	return c, err
}

// SaveAwaiting keeps an authorization.
func (db *DB) SaveAwaiting(ctx context.Context, p banking.Awaiting) error {
	err := db.append(ctx, func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO bank_authorizations (id, state, link_id, bank, consent_sealed, secret_sealed, expires)
			VALUES ($1, $2, $3, $4, $5, $6, $7)`, p.ID, p.State, p.Link, p.Bank, p.Consent, p.Secret, millis(p.Expires))
		return err
	})
	if err != nil {
		return fmt.Errorf("save authorization: %w", err)
	}
	return nil
}

// TakeAwaiting removes an authorization and makes an ending of its consent.
func (db *DB) TakeAwaiting(ctx context.Context, link string, state []byte, now, end time.Time) (banking.Awaiting, error) {
	var p banking.Awaiting
	err := db.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		p = banking.Awaiting{Link: link, State: state}
		var expires int64
		err := one(ctx, tx, `DELETE FROM bank_authorizations WHERE state = $1 AND link_id = $2 AND expires > $3
			RETURNING id, bank, consent_sealed, secret_sealed, expires`,
			[]any{state, link, millis(now)}, &p.ID, &p.Bank, &p.Consent, &p.Secret, &expires)
		if err != nil {
			return err
		}
		p.Expires = instant(expires)
		_, err = tx.ExecContext(ctx, `INSERT INTO endings (id, bank, consent_sealed, tries, next_at, origin) VALUES ($1, $2, $3, 0, $4, $5)`,
			p.ID, p.Bank, p.Consent, millis(end), link)
		return err
	})
	if err != nil {
		return banking.Awaiting{}, touched("take authorization", err, banking.ErrNotFound)
	}
	return p, nil
}

// Connect keeps a connection in place of its ending.
func (db *DB) Connect(ctx context.Context, c banking.Connection) error {
	err := db.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		var id string
		if err := one(ctx, tx, `DELETE FROM endings WHERE id = $1 AND tries = 0 RETURNING id`, []any{c.ID}, &id); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO connections (`+connectionColumns+`, lease_holder, lease_until)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, '', 0)`,
			c.ID, c.Link, c.Bank, c.Consent, c.Access, millis(c.AccessExpires), c.Refresh, millis(c.RefreshExpires), bit(c.Relink),
			c.Generation, c.Directory, millis(c.DirectoryAt), millis(c.Created))
		return err
	})
	return touched("connect", err, banking.ErrNotFound)
}

const connectionsOfLink = `SELECT ` + connectionColumns + ` FROM connections WHERE link_id = $1`

// Connections gives the link's connections. They are few, and put in order here: SQLite would make a tree of them at every question.
func (db *DB) Connections(ctx context.Context, link string) ([]banking.Connection, error) {
	var list []banking.Connection
	err := db.list(db.brief(ctx), connectionsOfLink, []any{link},
		func(scan func(into ...any) error) error {
			c, err := scanConnection(scan)
			list = append(list, c)
			return err
		})
	if err != nil {
		return nil, fmt.Errorf("list connections: %w", err)
	}
	slices.SortFunc(list, func(a, b banking.Connection) int {
		return cmp.Or(a.Created.Compare(b.Created), cmp.Compare(a.ID, b.ID))
	})
	return list, nil
}

// Connection gives one connection.
func (db *DB) Connection(ctx context.Context, id string) (banking.Connection, error) {
	c, err := scanConnection(func(into ...any) error {
		return db.get(ctx, `SELECT `+connectionColumns+` FROM connections WHERE id = $1`, []any{id}, into...)
	})
	if err != nil {
		return banking.Connection{}, touched("read connection", err, banking.ErrNotFound)
	}
	return c, nil
}

// Expiring counts connections by bank. It reads all of them, which may be done now and then.
func (db *DB) Expiring(ctx context.Context, from, until time.Time) (map[banking.BankID]int, error) {
	counts := map[banking.BankID]int{}
	err := db.list(ctx, `SELECT bank, count(*) FROM connections WHERE relink = 0 AND refresh_expires > $1 AND refresh_expires <= $2 GROUP BY bank`,
		[]any{millis(from), millis(until)}, func(scan func(into ...any) error) error {
			var bank banking.BankID
			var n int
			err := scan(&bank, &n)
			counts[bank] = n
			return err
		})
	if err != nil {
		return nil, fmt.Errorf("count connections: %w", err)
	}
	return counts, nil
}

// Lease gives the holder the connection.
func (db *DB) Lease(ctx context.Context, id string, generation int64, holder string, now, until time.Time) (banking.Connection, error) {
	var c banking.Connection
	err := db.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		var err error
		c, err = scanConnection(func(into ...any) error {
			return one(ctx, tx, `UPDATE connections SET lease_holder = $3, lease_until = $5
				WHERE id = $1 AND generation = $2 AND relink = 0 AND (lease_holder = '' OR lease_until <= $4)
				RETURNING `+connectionColumns, []any{id, generation, holder, millis(now), millis(until)}, into...)
		})
		return err
	})
	if err != nil {
		return banking.Connection{}, touched("lease connection", err, banking.ErrLeased)
	}
	return c, nil
}

// Renew keeps new tokens and ends the lease.
func (db *DB) Renew(ctx context.Context, c banking.Connection, holder string) error {
	err := db.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		var id string
		return one(ctx, tx, `UPDATE connections SET access_sealed = $3, access_expires = $4, refresh_sealed = $5, refresh_expires = $6,
			generation = generation + 1, lease_holder = '', lease_until = 0
			WHERE id = $1 AND lease_holder = $2 AND lease_holder <> '' RETURNING id`,
			[]any{c.ID, holder, c.Access, millis(c.AccessExpires), c.Refresh, millis(c.RefreshExpires)}, &id)
	})
	return touched("renew connection", err, banking.ErrLeased)
}

// Release ends the holder's lease.
func (db *DB) Release(ctx context.Context, id, holder string, relink bool) error {
	err := db.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE connections SET lease_holder = '', lease_until = 0, relink = $3
			WHERE id = $1 AND lease_holder = $2 AND lease_holder <> ''`, id, holder, bit(relink))
		return err
	})
	if err != nil {
		return fmt.Errorf("release connection: %w", err)
	}
	return nil
}

// PutDirectory keeps what is known of the connection's accounts.
func (db *DB) PutDirectory(ctx context.Context, id string, sealed []byte, at time.Time) error {
	err := db.append(ctx, func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE connections SET directory_sealed = $2, directory_at = $3 WHERE id = $1`, id, sealed, millis(at))
		return err
	})
	if err != nil {
		return fmt.Errorf("put directory: %w", err)
	}
	return nil
}
