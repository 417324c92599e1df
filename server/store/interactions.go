package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"sotto/linking"
)

// The stages of an interaction.
const (
	asking = iota
	atBank
	taken
)

// interactionColumns are what scanInteraction reads.
const interactionColumns = `id, browser, client, redirect_uri, state, challenge, resource, locales, asked, scopes, link_id, link_key, customer, bank,
	joined, another, tries, ticket, pushed, account, expires`

func scanInteraction(scan func(...any) error) (linking.Interaction, error) {
	var i linking.Interaction
	var expires, another int64
	err := scan(&i.ID, &i.Browser, &i.Client, &i.RedirectURI, &i.State, &i.Challenge, &i.Resource, &i.Locales, &i.Asked, &i.Scopes, &i.Link, &i.Key,
		&i.Customer, &i.Bank, &i.Joined, &another, &i.Tries, &i.Ticket, &i.Pushed, &i.Account, &expires)
	if err != nil {
		return linking.Interaction{}, none(err)
	}
	i.Add, i.Expires = another != 0, instant(expires)
	return i, nil
}

// AddInteraction keeps a new one, asking.
func (db *DB) AddInteraction(ctx context.Context, i linking.Interaction) error {
	err := db.append(ctx, func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO interactions (`+interactionColumns+`, stage)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22)`,
			i.ID, i.Browser, i.Client, i.RedirectURI, bytesOrEmpty(i.State), i.Challenge, i.Resource, i.Locales, i.Asked, i.Scopes, i.Link, i.Key,
			i.Customer, i.Bank, i.Joined, bit(i.Add), i.Tries, i.Ticket, i.Pushed, i.Account, millis(i.Expires), asking)
		return err
	})
	if err != nil {
		return fmt.Errorf("keep interaction: %w", err)
	}
	return nil
}

// Interaction gives a live one that has not been taken.
func (db *DB) Interaction(ctx context.Context, id string, browser []byte, now time.Time) (linking.Interaction, error) {
	i, err := scanInteraction(func(into ...any) error {
		return db.get(ctx, `SELECT `+interactionColumns+` FROM interactions WHERE id = $1 AND browser = $2 AND expires > $3 AND stage < $4`,
			[]any{id, browser, millis(now), taken}, into...)
	})
	if err != nil {
		return i, fmt.Errorf("read interaction: %w", err)
	}
	return i, nil
}

// Choose keeps what was chosen and counts a try.
func (db *DB) Choose(ctx context.Context, id string, browser []byte, bank string, scopes linking.Mask, add bool, limit int, now time.Time) (linking.Interaction, error) {
	return db.changeInteraction(ctx, "choose", `UPDATE interactions SET bank = $1, scopes = $2, another = $3, tries = tries + 1, stage = $4, bank_state = NULL
		WHERE id = $5 AND browser = $6 AND expires > $7 AND stage < $8 AND tries < $9 RETURNING `+interactionColumns,
		bank, scopes, bit(add), asking, id, browser, millis(now), taken, limit)
}

// Await makes the interaction wait for the bank.
func (db *DB) Await(ctx context.Context, id string, tries int, bankState []byte) error {
	_, err := db.changeInteraction(ctx, "await the bank", `UPDATE interactions SET stage = $1, bank_state = $2
		WHERE id = $3 AND tries = $4 AND stage = $5 RETURNING `+interactionColumns, atBank, bankState, id, tries, asking)
	return err
}

// Take gives the interaction that waits for bankState, once.
func (db *DB) Take(ctx context.Context, bankState, browser []byte, now time.Time) (linking.Interaction, error) {
	return db.changeInteraction(ctx, "take interaction", `UPDATE interactions SET stage = $1, bank_state = NULL
		WHERE bank_state = $2 AND browser = $3 AND expires > $4 AND stage = $5 RETURNING `+interactionColumns, taken, bankState, browser, millis(now), atBank)
}

// TakeJoined gives an interaction that has a bank joined, once.
func (db *DB) TakeJoined(ctx context.Context, id string, browser []byte, now time.Time) (linking.Interaction, error) {
	return db.changeInteraction(ctx, "take interaction with its banks", `UPDATE interactions SET stage = $1, bank_state = NULL
		WHERE id = $2 AND browser = $3 AND expires > $4 AND stage < $1 AND joined > 0 RETURNING `+interactionColumns, taken, id, browser, millis(now))
}

// AskAgain puts a taken interaction back to asking.
func (db *DB) AskAgain(ctx context.Context, id string, customer []byte, joined int) error {
	_, err := db.changeInteraction(ctx, "ask again", `UPDATE interactions SET stage = $1, customer = $2, joined = $3
		WHERE id = $4 AND stage = $5 RETURNING `+interactionColumns, asking, customer, joined, id, taken)
	return err
}

func (db *DB) changeInteraction(ctx context.Context, doing, query string, args ...any) (linking.Interaction, error) {
	var i linking.Interaction
	err := db.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		var err error
		i, err = scanInteraction(tx.QueryRowContext(ctx, query, args...).Scan)
		return err
	})
	if err != nil {
		return linking.Interaction{}, fmt.Errorf("%s: %w", doing, err)
	}
	return i, nil
}

// Abandon deletes an interaction and hands its connections over to be ended.
func (db *DB) Abandon(ctx context.Context, id string, now time.Time) error {
	err := db.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		var link string
		err := one(ctx, tx, `DELETE FROM interactions WHERE id = $1 RETURNING link_id`, []any{id}, &link)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		if err != nil {
			return err
		}
		return endConnections(ctx, tx, link, now)
	})
	if err != nil {
		return fmt.Errorf("abandon interaction: %w", err)
	}
	return nil
}

// Conclude deletes a taken interaction and keeps the link and its grant instead.
func (db *DB) Conclude(ctx context.Context, id string, n linking.NewLink) error {
	err := db.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		return conclude(ctx, tx, id, n)
	})
	if err != nil {
		return fmt.Errorf("conclude interaction: %w", err)
	}
	return nil
}

func conclude(ctx context.Context, tx *sql.Tx, id string, n linking.NewLink) error {
	var pushed []byte
	err := one(ctx, tx, `DELETE FROM interactions WHERE id = $1 AND stage = $2 AND link_id = $3 RETURNING pushed`, []any{id, taken, n.ID}, &pushed)
	if err != nil {
		return none(err)
	}
	if pushed != nil {
		if err := spendPushed(ctx, tx, pushed, n.Created); err != nil {
			return err
		}
	}
	if err := endAwaiting(ctx, tx, n.ID, n.Created); err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, `INSERT INTO links (id, client, customer, subject, scopes, key, created, ended) VALUES ($1, $2, $3, $4, $5, $6, $7, 0)`,
		n.ID, n.Client, n.Customer, n.Subject, n.Scopes, n.Key, millis(n.Created)); err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO grants (id, link_id, client, resource, code, code_expires, redirect_uri, challenge, exchanged, floor, ended, account)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0, 0, 0, $9)`,
		n.Grant, n.ID, n.Client, n.Resource, n.Code, millis(n.CodeExpires), n.RedirectURI, n.Challenge, n.Account)
	return err
}

func bit(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

func bytesOrEmpty(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}
