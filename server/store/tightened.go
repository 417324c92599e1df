package store

import (
	"time"

	"sotto/linking"
)

// Tightened is what a customer, or somebody for him, took from a link for good. An older copy of the database does not know it: who restores one must
// do it again.
type Tightened struct {
	Link   string
	How    string       // "ended", "erased", "narrowed", or "cleared": its record of what was shared
	At     time.Time    // as it is kept; zero where it was narrowed
	Scopes linking.Mask // what is left of them where it was narrowed; else 0
}

// Tell has f told of every link that is tightened, before that is kept: so nothing is kept that was not told. What could not be kept in the end may have
// been told, and what had to be tried again is told again. It is to be called before anything else is.
func (db *DB) Tell(f func(Tightened)) { db.tell = f }

func (db *DB) tightened(t Tightened) {
	if db.tell != nil {
		db.tell(t)
	}
}
