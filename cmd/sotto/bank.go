package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"sotto/server"
)

type bankCommand struct{}

// Run runs the mock banks alone, for a server that is started without them.
func (*bankCommand) Run(ctx context.Context, s street, cfg *server.Config) error {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop)
	cfg.Dev = true
	o, err := s.options(*cfg)
	if err != nil {
		return err
	}
	return server.RunBank(ctx, *cfg, o, s.out)
}
