package server

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"sotto/server/dev"
	"sotto/server/store"
)

// MigrateDatabase brings the database of the settings to this version and gives it. A database is marked dev or not for good.
func MigrateDatabase(ctx context.Context, cfg Config) (version int64, err error) {
	if err := cfg.checkDatabase(); err != nil {
		return 0, err
	}
	if cfg.Dev {
		if err := dev.OpenState(cfg.State); err != nil {
			return 0, err
		}
	}
	db, err := openStore(ctx, cfg)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if err := migrate(ctx, db, cfg.Dev); err != nil {
		return 0, err
	}
	version, _, err = db.Version(ctx)
	return version, err
}

func openStore(ctx context.Context, cfg Config) (*store.DB, error) {
	if path, file := cfg.databaseFile(); file {
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return nil, fmt.Errorf("SOTTO_DATABASE: %w", err)
		}
	}
	return store.Open(ctx, cfg.Database)
}

// migrate brings a database to this version, marked as what it is for. One marked otherwise is refused, and left as it is.
func migrate(ctx context.Context, db *store.DB, isDev bool) error {
	has, _, err := db.Version(ctx)
	if err != nil {
		return err
	}
	if has > 0 {
		if err := mark(ctx, db, isDev); err != nil {
			return err
		}
	}
	if err := db.Migrate(ctx); err != nil {
		return err
	}
	return mark(ctx, db, isDev)
}

func mark(ctx context.Context, db *store.DB, isDev bool) error {
	set := db.MarkLive
	if isDev {
		set = db.MarkDev
	}
	switch err := set(ctx); {
	case errors.Is(err, store.ErrLive):
		return fmt.Errorf("%w: SOTTO_DATABASE is not marked dev, and may hold real customers: say another, or leave out --dev", ErrSettings)
	case errors.Is(err, store.ErrDev):
		return fmt.Errorf("%w: SOTTO_DATABASE is marked dev: say another, or serve it with --dev", ErrSettings)
	default:
		return err
	}
}

// openDatabase opens the database, migrates it unless the settings say that this is done apart, and refuses one that is not of this version.
func (s *Server) openDatabase(ctx context.Context) error {
	db, err := openStore(ctx, s.cfg)
	if err != nil {
		return err
	}
	db.Tell(tellTightened(s.log))
	s.db = db
	s.closers = append(s.closers, db.Close)
	if s.cfg.Migrate {
		return migrate(ctx, db, s.cfg.Dev)
	}
	return isOurs(ctx, db, s.cfg.Dev)
}

// isOurs refuses a database that is not of this version, or not for what it is used for.
func isOurs(ctx context.Context, db *store.DB, isDev bool) error {
	has, wants, err := db.Version(ctx)
	if err != nil {
		return err
	}
	if has != wants {
		return fmt.Errorf("%w: the database has version %d and this program needs %d: run `sotto migrate`", ErrSettings, has, wants)
	}
	return mark(ctx, db, isDev)
}
