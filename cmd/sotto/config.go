package main

import (
	"errors"
	"fmt"

	"sotto/server"
)

type configCommand struct {
	Dev      bool `help:"as serve --dev would have them"`
	Markdown bool `hidden:"" help:"print the table of settings for the README"`
}

// Run prints the settings as they stand, and then, as an error, what is missing or wrong with them.
func (c *configCommand) Run(s street, cfg *server.Config) error {
	if c.Markdown {
		fmt.Fprint(s.out, server.SettingsTable())
		return nil
	}
	cfg.Dev = c.Dev
	err := cfg.Check()
	for _, line := range cfg.Lines() {
		fmt.Fprintln(s.out, line)
	}
	return orDev(err, c.Dev)
}

// orDev adds to what is missing on the street that a development house needs none of it.
func orDev(err error, dev bool) error {
	if errors.Is(err, server.ErrSettings) && !dev {
		return fmt.Errorf("%w (for a development house say --dev)", err)
	}
	return err
}
