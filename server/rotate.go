package server

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"sotto/linking"
	"sotto/server/dev"
)

// RotateKeys makes successors of the keys in the database of the settings, beside any number of processes that serve it. Where SOTTO_KEYS has a
// wrapping_previous, all keys are wrapped anew with the wrapping key of today. The database must be there, of this version, and marked for what it is used for.
func RotateKeys(ctx context.Context, cfg Config, wall func() time.Time) (made []linking.Rotated, err error) {
	if err := cfg.checkKeys(); err != nil {
		return nil, err
	}
	keys, err := ReadKeys(cfg.Keys)
	if err != nil {
		return nil, err
	}
	now := func() time.Time { return wall().UTC() }
	if cfg.Dev {
		file, err := dev.ReadFile(cfg.State)
		if err != nil {
			return nil, err
		}
		offset, err := file.Offset()
		if err != nil {
			return nil, err
		}
		now = func() time.Time { return wall().Add(offset).UTC() }
	}
	path := strings.TrimPrefix(cfg.Database, "sqlite:")
	if _, err := os.Stat(path); strings.HasPrefix(cfg.Database, "sqlite:") && errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("%w: SOTTO_DATABASE: there is none at %s yet, so it has no keys", ErrSettings, path)
	}
	db, err := openStore(ctx, cfg, now)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if err := isOurs(ctx, db, cfg.Dev); err != nil {
		return nil, err
	}
	ring, err := linking.OpenKeyring(ctx, db, keys.Wrap, keys.Pairwise, now)
	if err != nil {
		return nil, fmt.Errorf("open the keys: %w", err)
	}
	if keys.Rewrap {
		if err := ring.Rewrap(ctx); err != nil {
			return nil, err
		}
	}
	return ring.Rotate(ctx)
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
