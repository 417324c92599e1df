package server

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"sotto/linking"
	"sotto/server/dev"
	"sotto/server/store"
)

// RotateKeys makes successors of the keys in the database of the settings, beside any number of processes that serve it. Where SOTTO_KEYS has a
// wrapping_previous, all keys are wrapped anew with the wrapping key of today.
func RotateKeys(ctx context.Context, cfg Config, wall func() time.Time) (made []linking.Rotated, err error) {
	err = withKeys(ctx, cfg, wall, func(h handle) error {
		if h.rewrap {
			if err := h.ring.Rewrap(ctx); err != nil {
				return err
			}
		}
		made, err = h.ring.Rotate(ctx)
		return err
	})
	return made, err
}

// handle is the database of the settings and its keys, for a command.
type handle struct {
	db     *store.DB
	ring   *linking.Keyring
	now    func() time.Time // the house's clock
	rewrap bool             // SOTTO_KEYS has a wrapping_previous
}

// withKeys opens the database of the settings and its keys for as long as do takes. The database must be there, of this version, and marked
// for what it is used for.
func withKeys(ctx context.Context, cfg Config, wall func() time.Time, do func(handle) error) (err error) {
	if err := cfg.checkKeys(); err != nil {
		return err
	}
	keys, err := ReadKeys(cfg.Keys)
	if err != nil {
		return err
	}
	now := func() time.Time { return wall().UTC() }
	if cfg.Dev {
		file, err := dev.ReadFile(cfg.State)
		if err != nil {
			return err
		}
		if now, err = file.Clock(wall); err != nil {
			return err
		}
	}
	if path, file := cfg.databaseFile(); file {
		if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("%w: SOTTO_DATABASE: there is none at %s yet", ErrSettings, path)
		}
	}
	db, err := openStore(ctx, cfg)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if err := isOurs(ctx, db, cfg.Dev); err != nil {
		return err
	}
	ring, err := linking.OpenKeyring(ctx, db, keys.Wrap, keys.Pairwise, now)
	if err != nil {
		return fmt.Errorf("open the keys: %w", err)
	}
	return do(handle{db, ring, now, keys.Rewrap})
}

// checkKeys is what of Check concerns database and keys alone.
func (c *Config) checkKeys() error {
	if c.Dev {
		c.guardDev(func(string, ...any) {})
	}
	if err := c.checkDatabase(); err != nil {
		return err
	}
	if c.Keys == "" {
		return fmt.Errorf("%w: SOTTO_KEYS is missing: the file that the house is served with", ErrSettings)
	}
	return nil
}
