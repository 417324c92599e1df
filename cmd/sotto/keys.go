package main

import (
	"context"
	"fmt"
	"time"

	"sotto/server"
)

type keysCommand struct {
	Rotate rotateCommand `cmd:"" help:"new signing, encryption and refresh keys, on a running cluster"`
}

type rotateCommand struct {
	Dev bool `help:"the keys of a development house"`
}

// Run makes successors of the keys in the database, and says what happens when.
func (c *rotateCommand) Run(ctx context.Context, s street, cfg *server.Config) error {
	if err := forHouse(cfg, c.Dev); err != nil {
		return err
	}
	keys, err := server.RotateKeys(ctx, *cfg, s.wall)
	if err != nil {
		return err
	}
	what := map[string]string{
		"signing": "published now; signs access tokens from %s. The one before verifies until the last token it signed has expired.",
		"house":   "encrypts from %s. What is encrypted already is sealed anew little by little; then the one before is deleted.",
		"refresh": "makes refresh tokens from %s. Those of the ones before stay good.",
	}
	for _, k := range keys {
		made := "made"
		if k.Waiting {
			made = "waiting"
		}
		fmt.Fprintf(s.out, "%-7s  %s key %d, "+what[k.Kind]+"\n", made, k.Kind, k.Number, k.Starts.UTC().Format(time.RFC3339))
	}
	fmt.Fprintln(s.out, "No token is refused, and no process needs to be started again.")
	return nil
}
