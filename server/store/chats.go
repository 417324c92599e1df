package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"sotto/linking"
)

// AddTicket keeps a new one.
func (db *DB) AddTicket(ctx context.Context, t linking.Ticket) error {
	err := db.append(ctx, func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO chat_tickets (ticket, client, chat, expires) VALUES ($1, $2, $3, $4)`,
			t.Hash, t.Client, t.Chat, millis(t.Expires))
		return err
	})
	if err != nil {
		return fmt.Errorf("keep ticket: %w", err)
	}
	return nil
}

// Ticket gives one that is neither spent nor expired.
func (db *DB) Ticket(ctx context.Context, ticket []byte, now time.Time) (linking.Ticket, error) {
	t := linking.Ticket{Hash: ticket}
	var expires int64
	err := db.get(ctx, `SELECT client, chat, expires FROM chat_tickets WHERE ticket = $1 AND expires > $2`, []any{ticket, millis(now)}, &t.Client, &t.Chat, &expires)
	if err != nil {
		return linking.Ticket{}, fmt.Errorf("read ticket: %w", none(err))
	}
	t.Expires = instant(expires)
	return t, nil
}

// ConcludeChat keeps a link that waits for its code to be typed in a chat.
func (db *DB) ConcludeChat(ctx context.Context, id string, n linking.NewLink, w linking.WaitingChat) error {
	err := db.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		var chat []byte
		if w.Ticket != nil {
			if err := one(ctx, tx, `DELETE FROM chat_tickets WHERE ticket = $1 RETURNING chat`, []any{w.Ticket}, &chat); err != nil {
				return none(err)
			}
		}
		if err := conclude(ctx, tx, id, n); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO chat_codes (link_id, client, chat, handover, code, tries, expires, confirmed) VALUES ($1, $2, $3, $4, $5, 0, $6, 0)`,
			n.ID, n.Client, chat, w.Handover, w.Code, millis(w.Expires))
		return err
	})
	if err != nil {
		return fmt.Errorf("conclude interaction: %w", err)
	}
	return nil
}

// Claim says in which chat a code counts.
func (db *DB) Claim(ctx context.Context, handover []byte, client string, chat []byte, now time.Time) error {
	err := db.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		var link string
		return none(one(ctx, tx, `UPDATE chat_codes SET chat = $1 WHERE handover = $2 AND client = $3 AND (chat IS NULL OR chat = $1) AND expires > $4 RETURNING link_id`,
			[]any{chat, handover, client, millis(now)}, &link))
	})
	if err != nil {
		return fmt.Errorf("claim chat: %w", err)
	}
	return nil
}

// tried is a code at which a try was counted.
type tried struct {
	link  string
	fits  bool
	tries int
}

// Confirm counts a try, and gives the chat the link whose code fits.
func (db *DB) Confirm(ctx context.Context, c linking.Confirming) (string, error) {
	var link string
	err := db.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		link = ""
		codes, err := countTry(ctx, tx, c)
		if err != nil {
			return err
		}
		for _, code := range codes {
			switch {
			case code.fits:
				bound, err := db.bindChat(ctx, tx, c.Chat, code.link, c.Now)
				if err != nil {
					return err
				}
				if bound {
					link = code.link
				}
			case code.tries >= c.Tries:
				if err := db.endLink(ctx, tx, code.link, c.Now); err != nil {
					return err
				}
			}
		}
		return nil // the try is counted, whatever came of it
	})
	if err == nil && link == "" {
		err = linking.ErrNone
	}
	if err != nil {
		return "", fmt.Errorf("confirm chat: %w", err)
	}
	return link, nil
}

// countTry is the guarded statement: a code that fits is confirmed by it, once.
func countTry(ctx context.Context, tx *sql.Tx, c linking.Confirming) ([]tried, error) {
	rows, err := tx.QueryContext(ctx, `UPDATE chat_codes SET tries = tries + 1, confirmed = CASE WHEN code = $2 THEN CAST($3 AS BIGINT) ELSE 0 END
		WHERE chat = $1 AND confirmed = 0 AND tries < $4 AND expires > CAST($3 AS BIGINT) RETURNING link_id, tries, confirmed`, c.Chat, c.Code, millis(c.Now), c.Tries)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var codes []tried
	for rows.Next() {
		var t tried
		var confirmed int64
		if err := rows.Scan(&t.link, &t.tries, &confirmed); err != nil {
			return nil, err
		}
		t.fits = confirmed != 0
		codes = append(codes, t)
	}
	return codes, rows.Err()
}

// bindChat makes the link the chat's, unless it has ended, and ends the one before.
func (db *DB) bindChat(ctx context.Context, tx *sql.Tx, chat []byte, link string, now time.Time) (bool, error) {
	var grant, previous string
	err := one(ctx, tx, `UPDATE grants SET exchanged = $2 WHERE link_id = $1 AND exchanged = 0 AND ended = 0 RETURNING id`, []any{link, millis(now)}, &grant)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if err := one(ctx, tx, `INSERT INTO chats (chat, link_id, previous) VALUES ($1, $2, '')
		ON CONFLICT (chat) DO UPDATE SET previous = chats.link_id, link_id = excluded.link_id RETURNING previous`, []any{chat, link}, &previous); err != nil {
		return false, err
	}
	if _, err := tx.ExecContext(ctx, `INSERT INTO chat_links (link_id, chat) VALUES ($1, $2)`, link, chat); err != nil {
		return false, err
	}
	if previous == "" {
		return true, nil
	}
	return true, db.endLink(ctx, tx, previous, now)
}

// ChatCodeFacts tells what is known of the newest code in a chat.
func (db *DB) ChatCodeFacts(ctx context.Context, chat []byte) (linking.ChatCodeFacts, error) {
	var f linking.ChatCodeFacts
	var expires, confirmed int64
	err := db.get(ctx, `SELECT tries, expires, confirmed FROM chat_codes WHERE chat = $1 ORDER BY expires DESC, link_id LIMIT 1`, []any{chat}, &f.Tries, &expires, &confirmed)
	if err != nil {
		return linking.ChatCodeFacts{}, fmt.Errorf("read code of chat: %w", none(err))
	}
	f.Expires, f.Confirmed = instant(expires), instant(confirmed)
	return f, nil
}

// ByChat gives the grant and link that a chat speaks for.
func (db *DB) ByChat(ctx context.Context, chat []byte) (linking.Granted, error) {
	var g linking.Granted
	into, finish := granted(&g)
	err := db.get(ctx, `SELECT `+grantedColumns+` FROM chats c JOIN links l ON l.id = c.link_id JOIN grants g ON g.link_id = l.id WHERE c.chat = $1`, []any{chat}, into...)
	if err != nil {
		return linking.Granted{}, fmt.Errorf("read chat: %w", none(err))
	}
	finish()
	return g, nil
}

// LinksOfChat gives every link that a chat has spoken for, or that waits for its code there. One that another version of the program has linked
// is only in chats.
func (db *DB) LinksOfChat(ctx context.Context, chat []byte) ([]string, error) {
	links, err := db.ids(ctx, `SELECT link_id FROM chat_links WHERE chat = $1 UNION SELECT link_id FROM chats WHERE chat = $1
		UNION SELECT link_id FROM chat_codes WHERE chat = $1`, chat)
	if err != nil {
		return nil, fmt.Errorf("read links of chat: %w", err)
	}
	return links, nil
}
