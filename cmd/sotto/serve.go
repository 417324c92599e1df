package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"sotto/server"
)

type serveCommand struct {
	Dev bool `help:"for development: invented keys, clients and customers, and the mock banks in the same process"`
}

// Run serves until the process is told to end, and then finishes what is under way. Told twice, it ends at once.
func (c *serveCommand) Run(ctx context.Context, s street, cfg *server.Config) error {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop)
	if err := forHouse(cfg, c.Dev); err != nil {
		return err
	}
	o, err := s.options(*cfg)
	if err != nil {
		return err
	}
	house, err := server.New(ctx, *cfg, o)
	if err != nil {
		return orDev(err, c.Dev)
	}
	if c.Dev {
		fmt.Fprint(s.out, house.WalkThrough())
	}
	return house.Run(ctx)
}
