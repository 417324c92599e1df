package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"sotto/skills/messenger/outbox"
)

var _ outbox.Store = (*DB)(nil)

// The stages of what is owed.
const (
	owed = iota
	sending
	doubted
	telling
	done
)

// Owe keeps what was said.
func (db *DB) Owe(ctx context.Context, list []outbox.Owed) error {
	insert, err := db.inside(ctx, `INSERT INTO outbox (id, chat, place, sealed, stage, tries, due, until, expires) VALUES ($1, $2, $3, $4, $5, 0, 0, $6, $7)
		ON CONFLICT (id) DO NOTHING`)
	if err != nil {
		return fmt.Errorf("owe an answer: %w", err)
	}
	err = db.append(ctx, func(ctx context.Context, tx *sql.Tx) error {
		for _, o := range list {
			if err := insert.exec(ctx, tx, o.ID, o.Chat, o.Order, o.Sealed, owed, millis(o.Until), millis(o.Expires)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("owe an answer: %w", err)
	}
	return nil
}

// TakeOwed gives what is due.
func (db *DB) TakeOwed(ctx context.Context, now, lease time.Time, limit int) ([]outbox.Taken, error) {
	// Most looks find nothing, and need not wait for the one who writes.
	var due int
	if err := db.get(ctx, `SELECT count(*) FROM outbox WHERE stage < $1 AND due <= $2 AND until > $2`, []any{done, millis(now)}, &due); err != nil {
		return nil, fmt.Errorf("take what is owed: %w", err)
	}
	if due == 0 {
		return nil, nil
	}
	lost, dropped, waiting, take, err := db.takers(ctx)
	if err != nil {
		return nil, fmt.Errorf("take what is owed: %w", err)
	}
	var list []outbox.Taken
	err = db.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		list = nil
		for _, over := range []statement{lost, dropped} {
			if err := over.exec(ctx, tx, millis(now)); err != nil {
				return err
			}
		}
		ids, err := waiting.column(ctx, tx, millis(now), limit)
		if err != nil {
			return err
		}
		for _, id := range ids {
			t := outbox.Taken{Owed: outbox.Owed{ID: id}}
			var stage, until, expires int64
			err := take.one(ctx, tx, []any{id, millis(lease), millis(now)}, &t.Chat, &t.Order, &t.Sealed, &t.Tries, &stage, &until, &expires)
			if errors.Is(err, sql.ErrNoRows) {
				continue // another process was quicker
			}
			if err != nil {
				return err
			}
			t.Doubt, t.Until, t.Expires = stage == doubted, instant(until), instant(expires)
			list = append(list, t)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("take what is owed: %w", err)
	}
	return list, nil
}

// takers are the statements of TakeOwed: attempts whose end nobody told become a doubt, or are told no more; what waits, the first of each chat; and
// an attempt is taken.
func (db *DB) takers(ctx context.Context) (lost, dropped, waiting, take statement, err error) {
	for _, s := range []struct {
		into  *statement
		query string
	}{
		{&lost, `UPDATE outbox SET stage = 2 WHERE stage = 1 AND due <= $1`},
		{&dropped, `UPDATE outbox SET stage = 4, sealed = NULL WHERE stage = 3 AND due <= $1`},
		{&waiting, `SELECT o.id FROM outbox o WHERE o.stage IN (0, 2) AND o.due <= $1 AND o.until > $1
			AND NOT EXISTS (SELECT 1 FROM outbox e WHERE e.chat = o.chat AND e.stage < 4 AND e.until > $1 AND e.id <> o.id
				AND (e.due > $1 OR (e.place, e.id) < (o.place, o.id)))
			ORDER BY o.due, o.place, o.id LIMIT $2` + db.engine.skips},
		{&take, `UPDATE outbox SET tries = tries + 1, due = $2 WHERE id = $1 AND stage IN (0, 2) AND due <= $3
			RETURNING chat, place, sealed, tries, stage, until, expires`},
	} {
		if *s.into, err = db.inside(ctx, s.query); err != nil {
			return
		}
	}
	return
}

// Owes says whether this is still owed an answer; outbox.ErrNone where it is not known.
func (db *DB) Owes(ctx context.Context, id string) (bool, error) {
	var stage int64
	err := db.get(ctx, `SELECT stage FROM outbox WHERE id = $1`, []any{id}, &stage)
	if err != nil {
		return false, fmt.Errorf("read what is owed: %w", missing(err, outbox.ErrNone))
	}
	return stage < done, nil
}

// BeginAnswer says that sending begins.
func (db *DB) BeginAnswer(ctx context.Context, id string, tries int) error {
	return db.attempt(ctx, "begin to send", `UPDATE outbox SET stage = stage + 1 WHERE id = $1 AND tries = $2 AND stage IN (0, 2) RETURNING id`, id, tries)
}

// PostponeAnswer says that nothing was sent.
func (db *DB) PostponeAnswer(ctx context.Context, id string, tries int, due time.Time) error {
	return db.attempt(ctx, "postpone an answer", `UPDATE outbox SET stage = CASE WHEN stage < 2 THEN 0 ELSE 2 END, due = $3
		WHERE id = $1 AND tries = $2 AND stage < 4 RETURNING id`, id, tries, millis(due))
}

// DoubtAnswer says that nobody knows whether it arrived.
func (db *DB) DoubtAnswer(ctx context.Context, id string, tries int, due time.Time) error {
	return db.attempt(ctx, "doubt an answer", `UPDATE outbox SET sealed = CASE WHEN stage < 2 THEN sealed ELSE NULL END, stage = CASE WHEN stage < 2 THEN 2 ELSE 4 END, due = $3
		WHERE id = $1 AND tries = $2 AND stage < 4 RETURNING id`, id, tries, millis(due))
}

// FinishAnswer says that it was answered.
func (db *DB) FinishAnswer(ctx context.Context, id string, tries int) error {
	return db.attempt(ctx, "finish an answer", `UPDATE outbox SET stage = 4, sealed = NULL WHERE id = $1 AND tries = $2 AND stage < 4 RETURNING id`, id, tries)
}

// attempt runs the statement of one attempt, which touches its row if the attempt is still that one.
func (db *DB) attempt(ctx context.Context, what, query string, args ...any) error {
	change, err := db.inside(ctx, query)
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	err = db.append(ctx, func(ctx context.Context, tx *sql.Tx) error {
		var id string
		return change.one(ctx, tx, args, &id)
	})
	return touched(what, err, outbox.ErrLost)
}

// SweepOutbox forgets what has expired.
func (db *DB) SweepOutbox(ctx context.Context, now time.Time) error {
	for _, query := range []string{
		`UPDATE outbox SET stage = 4, sealed = NULL WHERE id IN (SELECT id FROM outbox WHERE stage < 4 AND until <= $1 LIMIT $2)`,
		`DELETE FROM outbox WHERE id IN (SELECT id FROM outbox WHERE expires <= $1 LIMIT $2)`,
		`DELETE FROM chat_memories WHERE chat IN (SELECT chat FROM chat_memories WHERE until <= $1 LIMIT $2)`,
	} {
		if err := db.sweep(ctx, query, []any{millis(now), sweepStep}); err != nil {
			return fmt.Errorf("sweep the outbox: %w", err)
		}
	}
	return nil
}

// RememberChat keeps what is known of a chat.
func (db *DB) RememberChat(ctx context.Context, chat string, m outbox.Memory) error {
	keep, err := db.inside(ctx, `INSERT INTO chat_memories (chat, sealed, until) VALUES ($1, $2, $3)
		ON CONFLICT (chat) DO UPDATE SET sealed = excluded.sealed, until = excluded.until`)
	if err != nil {
		return fmt.Errorf("remember a chat: %w", err)
	}
	err = db.append(ctx, func(ctx context.Context, tx *sql.Tx) error {
		return keep.exec(ctx, tx, chat, m.Sealed, millis(m.Until))
	})
	if err != nil {
		return fmt.Errorf("remember a chat: %w", err)
	}
	return nil
}

// RecallChat gives what is known of a chat.
func (db *DB) RecallChat(ctx context.Context, chat string, now time.Time) (outbox.Memory, error) {
	var m outbox.Memory
	var until int64
	err := db.get(ctx, `SELECT sealed, until FROM chat_memories WHERE chat = $1 AND until > $2`, []any{chat, millis(now)}, &m.Sealed, &until)
	if err != nil {
		return outbox.Memory{}, fmt.Errorf("recall a chat: %w", missing(err, outbox.ErrNone))
	}
	m.Until = instant(until)
	return m, nil
}

// EraseChat forgets a chat.
func (db *DB) EraseChat(ctx context.Context, chat string) error {
	err := db.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `UPDATE outbox SET stage = 4, sealed = NULL WHERE chat = $1 AND stage < 4`, chat); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `DELETE FROM chat_memories WHERE chat = $1`, chat)
		return err
	})
	if err != nil {
		return fmt.Errorf("erase a chat: %w", err)
	}
	return nil
}
