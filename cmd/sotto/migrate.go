package main

import (
	"context"
	"fmt"

	"sotto/server"
)

type migrateCommand struct {
	Dev bool `help:"mark the database as one for development"`
}

// Run brings the database to this version, as serve does unless SOTTO_MIGRATE=false.
func (c *migrateCommand) Run(ctx context.Context, s street, cfg *server.Config) error {
	if err := forHouse(cfg, c.Dev); err != nil {
		return err
	}
	version, err := server.MigrateDatabase(ctx, *cfg)
	if err != nil {
		return err
	}
	fmt.Fprintf(s.out, "the database has version %d\n", version)
	return nil
}
