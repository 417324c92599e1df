package store

import (
	"context"
	"database/sql"
	"fmt"
)

// place is one column of what is sealed under the house's keys. The query gives at most $3 of those that begin with $1 and come after the
// row $2: row, what it is bound to, the ciphertext. The change puts $1 in place of $3 in the row $2.
type place struct{ column, query, change string }

// places is every column there is of what is sealed under the house's keys. A key is deleted when nothing here needs it, so a column
// that is not in the list loses what it holds; TestEveryColumnOfBytesIsAccountedFor sees to that. They stand in the order in which a
// ciphertext moves from one to the next, so that one that is moving is not missed.
var places = []place{
	{
		"interactions.link_key",
		`SELECT id, 'links|' || link_id || '|key', link_key FROM interactions WHERE substr(link_key, 1, 5) = $1 AND id > $2 ORDER BY id LIMIT $3`,
		`UPDATE interactions SET link_key = $1 WHERE id = $2 AND link_key = $3`,
	},
	{
		"links.key",
		`SELECT id, 'links|' || id || '|key', key FROM links WHERE substr(key, 1, 5) = $1 AND id > $2 ORDER BY id LIMIT $3`,
		`UPDATE links SET key = $1 WHERE id = $2 AND key = $3`,
	},
	{
		"bank_authorizations.secret_sealed",
		`SELECT id, 'bank_authorizations|' || id || '|secret', secret_sealed FROM bank_authorizations
			WHERE substr(secret_sealed, 1, 5) = $1 AND id > $2 ORDER BY id LIMIT $3`,
		`UPDATE bank_authorizations SET secret_sealed = $1 WHERE id = $2 AND secret_sealed = $3`,
	},
	{
		"bank_authorizations.consent_sealed",
		`SELECT id, 'consent|' || bank || '|' || id, consent_sealed FROM bank_authorizations
			WHERE substr(consent_sealed, 1, 5) = $1 AND id > $2 ORDER BY id LIMIT $3`,
		`UPDATE bank_authorizations SET consent_sealed = $1 WHERE id = $2 AND consent_sealed = $3`,
	},
	consentInEndings,
	{
		"connections.consent_sealed",
		`SELECT id, 'consent|' || bank || '|' || id, consent_sealed FROM connections
			WHERE substr(consent_sealed, 1, 5) = $1 AND id > $2 ORDER BY id LIMIT $3`,
		`UPDATE connections SET consent_sealed = $1 WHERE id = $2 AND consent_sealed = $3`,
	},
	{
		"connections.access_sealed",
		`SELECT id, 'connections|' || id || '|access', access_sealed FROM connections
			WHERE substr(access_sealed, 1, 5) = $1 AND id > $2 ORDER BY id LIMIT $3`,
		`UPDATE connections SET access_sealed = $1 WHERE id = $2 AND access_sealed = $3`,
	},
	{
		"connections.refresh_sealed",
		`SELECT id, 'connections|' || id || '|refresh', refresh_sealed FROM connections
			WHERE substr(refresh_sealed, 1, 5) = $1 AND id > $2 ORDER BY id LIMIT $3`,
		`UPDATE connections SET refresh_sealed = $1 WHERE id = $2 AND refresh_sealed = $3`,
	},
	{
		"outbox.sealed",
		`SELECT id, 'outbox|' || id || '|sealed', sealed FROM outbox WHERE substr(sealed, 1, 5) = $1 AND id > $2 ORDER BY id LIMIT $3`,
		`UPDATE outbox SET sealed = $1 WHERE id = $2 AND sealed = $3`,
	},
	{
		"chat_memories.sealed",
		`SELECT chat, 'chat_memories|' || chat || '|sealed', sealed FROM chat_memories WHERE substr(sealed, 1, 5) = $1 AND chat > $2 ORDER BY chat LIMIT $3`,
		`UPDATE chat_memories SET sealed = $1 WHERE chat = $2 AND sealed = $3`,
	},
	consentInEndings, // once more: a connection that ends moves back
}

var consentInEndings = place{
	"endings.consent_sealed",
	`SELECT id, 'consent|' || bank || '|' || id, consent_sealed FROM endings WHERE substr(consent_sealed, 1, 5) = $1 AND id > $2 ORDER BY id LIMIT $3`,
	`UPDATE endings SET consent_sealed = $1 WHERE id = $2 AND consent_sealed = $3`,
}

// resealStep is how many values one transaction of Reseal changes, so that others are not kept waiting.
const resealStep = 100

// resealed is one value with the one that is to stand in its place.
type resealed struct {
	row      string
	was, now []byte
}

// Reseal gives everything that begins with prefix to seal, and keeps what that returns in its place.
func (db *DB) Reseal(ctx context.Context, prefix []byte, seal func(sealed, bound []byte) ([]byte, error)) (found int, err error) {
	var first error
	for _, p := range places {
		for after := ""; ; {
			var step []resealed
			n := 0
			err := db.list(ctx, p.query, []any{prefix, after, resealStep}, func(scan func(...any) error) error {
				var r resealed
				var bound string
				if err := scan(&r.row, &bound, &r.was); err != nil {
					return err
				}
				n++
				after = r.row
				var err error
				if r.now, err = seal(r.was, []byte(bound)); err == nil {
					step = append(step, r)
				} else if first == nil {
					first = fmt.Errorf("reseal %s: %w", p.column, err)
				}
				return nil
			})
			if err == nil {
				err = db.replace(ctx, p.change, step)
			}
			found += n
			if err != nil {
				return found, fmt.Errorf("reseal %s: %w", p.column, err)
			}
			if n < resealStep {
				break
			}
		}
	}
	return found, first
}

func (db *DB) replace(ctx context.Context, change string, step []resealed) error {
	if len(step) == 0 {
		return nil
	}
	return db.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		for _, r := range step {
			if _, err := tx.ExecContext(ctx, change, r.now, r.row, r.was); err != nil {
				return err
			}
		}
		return nil
	})
}
