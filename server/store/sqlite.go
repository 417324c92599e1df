package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"

	"github.com/pressly/goose/v3"
	driver "modernc.org/sqlite"
	codes "modernc.org/sqlite/lib"
)

var sqlite = engine{
	dialect: goose.DialectSQLite3,
	local:   true,
	again: func(err error) bool {
		var e *driver.Error
		// Low byte: the extended codes say only why it is busy.
		return errors.As(err, &e) && e.Code()&0xff == codes.SQLITE_BUSY
	},
}

// openSQLite opens one connection to write and a few to read. One writer, because SQLite has only one: waiting for it in Go is
// fair and ends with the context; waiting for it in SQLite is polling.
func openSQLite(ctx context.Context, path string) (writer, reader *sql.DB, err error) {
	path, err = filepath.Abs(path)
	if err != nil {
		return nil, nil, err
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600) //nolint:gosec // the path is the operator's setting
	if err != nil {
		return nil, nil, err
	}
	if err := f.Close(); err != nil {
		return nil, nil, err
	}
	open := func(lock string, connections int, more ...string) (*sql.DB, error) {
		q := url.Values{"_txlock": {lock}, "_pragma": append([]string{
			"busy_timeout(5000)", "journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(1)", "secure_delete(1)", "cache_size(-1000)",
		}, more...)}
		db, err := sql.Open("sqlite", "file:"+(&url.URL{Path: path}).EscapedPath()+"?"+q.Encode())
		if err != nil {
			return nil, err
		}
		db.SetMaxOpenConns(connections)
		db.SetMaxIdleConns(connections)
		if err := db.PingContext(ctx); err != nil {
			return nil, errors.Join(fmt.Errorf("open %s: %w", filepath.Base(path), err), db.Close())
		}
		return db, nil
	}
	if writer, err = open("immediate", 1); err != nil {
		return nil, nil, err
	}
	// Readers look at the file where the system has it in memory: what a read costs then does not grow with the file.
	if reader, err = open("deferred", 4, "query_only(1)", "mmap_size(1073741824)"); err != nil {
		return nil, nil, errors.Join(err, writer.Close())
	}
	return writer, reader, nil
}
