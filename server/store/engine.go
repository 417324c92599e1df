package store

import (
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

// engine is what differs between the SQL engines.
type engine struct {
	dialect goose.Dialect
	// local means that the engine is in this process. A read of one row is then shorter than it takes to arrange for its cancellation; a
	// flush to disk is worth sharing, because one writes at a time; and nobody but us prepares statements.
	local bool
	// holds ends a SELECT of grants g: they stay as they were read until the transaction ends. Empty where one writes at a time.
	holds string
	// holdsLink does the same for links l.
	holdsLink string
	// skips ends a SELECT: rows that another transaction holds are left to it.
	skips string
	// alone makes what lets one process migrate at a time; nil where the engine has no such lock.
	alone func() (lock.SessionLocker, error)
	// again says whether what ended in err may succeed when it is simply tried again.
	again func(err error) bool
}
