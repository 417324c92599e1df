package store

import (
	"context"
)

// SealedColumns are the columns that Reseal knows, as table.column.
func SealedColumns() []string {
	var names []string
	for _, p := range places {
		names = append(names, p.column)
	}
	return names
}

// NextPage is the query of the pages of a record.
const NextPage = disclosuresBefore

// EveryRequest are the queries of every turn and every refresh, by what they are for.
var EveryRequest = map[string]string{
	"a JWT": grantOfToken, "an opaque token": grantOfAccess, "a stable refresh token": stableGuard, "a grant": basisByID,
	"a link's connections": connectionsOfLink,
}

// MigrateTo brings an empty database to an earlier version.
func (db *DB) MigrateTo(ctx context.Context, version int64) error {
	p, err := db.goose()
	if err != nil {
		return err
	}
	_, err = p.UpTo(ctx, version)
	return err
}

// The ways to the database, for statements that the other files do not have.
var (
	Get    = (*DB).get
	List   = (*DB).list
	Single = (*DB).single
	Append = (*DB).append
	Write  = (*DB).write
)

// ErrFull is errFull, and Queue is queue.
var ErrFull = errFull

const Queue = queue

// Waiting is how many writes wait for others.
func (db *DB) Waiting() int {
	db.group.mu.Lock()
	defer db.group.mu.Unlock()
	return len(db.group.waiting)
}
