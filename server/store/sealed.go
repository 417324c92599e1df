package store

import (
	"context"
	"database/sql"
	"fmt"
)

// place is one column of what is sealed under the house's keys. The query gives at most $3 of those that begin with $1 and come after the
// row $2: row, what it is bound to, the ciphertext. The change puts $1 in place of $3 in the row $2.
type place struct{ column, query, change string }

// sealedIn is the place of a column. id is what a row is known by, and bound, in SQL, what its ciphertext is bound to.
func sealedIn(table, column, id, bound string) place {
	return place{
		table + "." + column,
		`SELECT ` + id + `, ` + bound + `, ` + column + ` FROM ` + table +
			` WHERE substr(` + column + `, 1, 5) = $1 AND ` + id + ` > $2 ORDER BY ` + id + ` LIMIT $3`,
		`UPDATE ` + table + ` SET ` + column + ` = $1 WHERE ` + id + ` = $2 AND ` + column + ` = $3`,
	}
}

// places is every column there is of what is sealed under the house's keys. A key is deleted when nothing here needs it, so a column
// that is not in the list loses what it holds; TestEveryColumnOfBytesIsAccountedFor sees to that. They stand in the order in which a
// ciphertext moves from one to the next, so that one that is moving is not missed.
var places = []place{
	sealedIn("interactions", "link_key", "id", `'links|' || link_id || '|key'`),
	sealedIn("links", "key", "id", `'links|' || id || '|key'`),
	sealedIn("bank_authorizations", "secret_sealed", "id", `'bank_authorizations|' || id || '|secret'`),
	sealedIn("bank_authorizations", "consent_sealed", "id", `'consent|' || bank || '|' || id`),
	sealedIn("endings", "consent_sealed", "id", `'consent|' || bank || '|' || id`),
	sealedIn("connections", "consent_sealed", "id", `'consent|' || bank || '|' || id`),
	sealedIn("connections", "access_sealed", "id", `'connections|' || id || '|access'`),
	sealedIn("connections", "refresh_sealed", "id", `'connections|' || id || '|refresh'`),
	sealedIn("outbox", "sealed", "id", `'outbox|' || id || '|sealed'`),
	sealedIn("chat_memories", "sealed", "chat", `'chat_memories|' || chat || '|sealed'`),
	sealedIn("endings", "consent_sealed", "id", `'consent|' || bank || '|' || id`), // once more: a connection that ends moves back
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
