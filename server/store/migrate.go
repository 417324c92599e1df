package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"
)

//go:embed migrations/*.sql
var migrations embed.FS

// ErrLive means a database holds, or may hold, real customers, and is refused for development; ErrDev the reverse.
var (
	ErrLive = errors.New("the database is not marked dev")
	ErrDev  = errors.New("the database is marked dev")
)

func (db *DB) goose() (*goose.Provider, error) {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return nil, err
	}
	options := []goose.ProviderOption{goose.WithLogger(goose.NopLogger()), goose.WithDisableGlobalRegistry(true)}
	if db.engine.alone != nil {
		lock, err := db.engine.alone()
		if err != nil {
			return nil, err
		}
		options = append(options, goose.WithSessionLocker(lock))
	}
	return goose.NewProvider(db.engine.dialect, db.writer, files, options...)
}

// Migrate brings the database to the version of this program. Processes that start together may all call it.
func (db *DB) Migrate(ctx context.Context) error {
	p, err := db.goose()
	if err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	var before int64 = -1
	for {
		_, err := p.Up(ctx)
		if err == nil {
			return nil
		}
		// Another process may have been quicker at this very step; then the version has moved, and the rest is tried again.
		now, versionErr := p.GetDBVersion(ctx)
		if versionErr != nil || now <= before {
			return fmt.Errorf("migrate: %w", errors.Join(err, versionErr))
		}
		before = now
	}
}

// Version gives the version the database has, 0 where it was never migrated, and the one this program wants.
func (db *DB) Version(ctx context.Context) (has, wants int64, err error) {
	p, err := db.goose()
	if err != nil {
		return 0, 0, fmt.Errorf("version: %w", err)
	}
	if has, wants, err = p.GetVersions(ctx); err != nil {
		return 0, 0, fmt.Errorf("version: %w", err)
	}
	return has, wants, nil
}

// MarkDev marks a migrated database as one for development, for good. ErrLive where it was marked otherwise before.
func (db *DB) MarkDev(ctx context.Context) error { return db.mark(ctx, "dev", ErrLive) }

// MarkLive marks a migrated database as one for real customers, for good. ErrDev where it was marked dev before.
func (db *DB) MarkLive(ctx context.Context) error { return db.mark(ctx, "live", ErrDev) }

// IsDev says whether the database is marked dev.
func (db *DB) IsDev(ctx context.Context) (bool, error) {
	var kind string
	err := db.get(ctx, `SELECT value FROM meta WHERE name = $1`, []any{"kind"}, &kind)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("read the database's mark: %w", err)
	}
	return kind == "dev", nil
}

func (db *DB) mark(ctx context.Context, kind string, other error) error {
	var is string
	err := db.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `INSERT INTO meta (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING`, "kind", kind); err != nil {
			return err
		}
		return one(ctx, tx, `SELECT value FROM meta WHERE name = $1`, []any{"kind"}, &is)
	})
	if err != nil {
		return fmt.Errorf("mark the database: %w", err)
	}
	if is != kind {
		return other
	}
	return nil
}
