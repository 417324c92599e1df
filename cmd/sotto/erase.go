package main

import (
	"context"
	"fmt"

	"sotto/server"
)

type eraseCommand struct {
	Link     string `help:"id of the link" placeholder:"ID" xor:"whose" required:""`
	Customer string `help:"id of the customer, all of whose links are erased" placeholder:"ID" xor:"whose" required:""`
	Dev      bool   `help:"in a development house"`
}

// Run erases, and prints a receipt for each link; on stderr is a line for the log.
func (c *eraseCommand) Run(ctx context.Context, s street, cfg *server.Config) error {
	if err := forHouse(cfg, c.Dev); err != nil {
		return err
	}
	o, err := s.options(*cfg)
	if err != nil {
		return err
	}
	receipts, err := server.Erase(ctx, *cfg, o.Log, s.wall, c.Link, c.Customer)
	for _, r := range receipts {
		fmt.Fprintf(s.out, "erased  consents that the server will end at banks: %d; how far that is: %s/forgotten/%s\n", r.Left, cfg.PublicURL, r.Code)
	}
	return err
}
