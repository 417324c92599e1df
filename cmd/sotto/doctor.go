package main

import (
	"context"
	"errors"
	"fmt"

	"sotto/server"
)

type doctorCommand struct {
	Dev bool `help:"look at a development house"`
}

var errSick = errors.New("the doctor found faults: see above")

// Run prints what the doctor found, a line each.
func (c *doctorCommand) Run(ctx context.Context, s street, cfg *server.Config) error {
	if err := forHouse(cfg, c.Dev); err != nil {
		return err
	}
	sick := false
	for _, f := range server.Doctor(ctx, *cfg, s.wall) {
		mark := map[server.Grade]string{server.Fine: "ok", server.Advice: "note", server.Fault: "FAULT"}[f.Grade]
		sick = sick || f.Grade == server.Fault
		fmt.Fprintf(s.out, "%-6s %-10s %s\n", mark, f.Of, f.Says)
	}
	if sick {
		return errSick
	}
	return nil
}
