package main

import (
	"fmt"
	"os"
	"path/filepath"

	"sotto/server"
	"sotto/skills"
	"sotto/skills/alexa"
	"sotto/skills/dialogflow"
	"sotto/skills/mcp"
	"sotto/skills/messenger"
	"sotto/skills/speech"
)

type packageCommand struct {
	Platform string `arg:"" enum:"alexa,dialogflow,messenger,mcp" help:"alexa, dialogflow, messenger or mcp"`
	Out      string `default:"package" help:"directory to write to" placeholder:"DIR" type:"path"`
	Dev      bool   `help:"for the development house in the state directory"`
}

// packages are the platforms whose consoles import something, and what that is for a house with these settings.
var packages = map[string]func(server.Config, *skills.Catalogue) ([]skills.File, error){
	"alexa": func(cfg server.Config, c *skills.Catalogue) ([]skills.File, error) {
		brand, err := server.AlexaBrand(cfg)
		if err != nil {
			return nil, err
		}
		return alexa.Package(brand, c)
	},
	"dialogflow": func(cfg server.Config, c *skills.Catalogue) ([]skills.File, error) {
		brand, err := server.DialogflowBrand(cfg)
		if err != nil {
			return nil, err
		}
		return dialogflow.Package(brand, c)
	},
	"mcp": func(server.Config, *skills.Catalogue) ([]skills.File, error) { return mcp.Package() },
	"messenger": func(cfg server.Config, c *skills.Catalogue) ([]skills.File, error) {
		brand, err := server.MessengerBrand(cfg)
		if err != nil {
			return nil, err
		}
		phrases, err := speech.New()
		if err != nil {
			return nil, err
		}
		return messenger.Package(brand, c, phrases)
	},
}

// Run writes what the platform's console imports, and says what was written.
func (c *packageCommand) Run(s street, cfg *server.Config) error {
	cfg.Dev = c.Dev
	catalogue, err := skills.NewCatalogue(s.wall)
	if err != nil {
		return err
	}
	files, err := packages[c.Platform](*cfg, catalogue)
	if err != nil {
		return err
	}
	for _, f := range files {
		path := filepath.Join(c.Out, filepath.FromSlash(f.Path))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil { //nolint:gosec // nothing in a package is secret
			return fmt.Errorf("write the package: %w", err)
		}
		if err := os.WriteFile(path, f.Content, 0o644); err != nil { //nolint:gosec // nothing in a package is secret
			return fmt.Errorf("write the package: %w", err)
		}
		fmt.Fprintln(s.out, path)
	}
	return nil
}
