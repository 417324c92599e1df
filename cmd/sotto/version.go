package main

import (
	"fmt"
	"runtime/debug"
)

type versionCommand struct{}

// Run prints what this binary was built from.
func (*versionCommand) Run(s street) error {
	_, err := fmt.Fprintln(s.out, "sotto "+version())
	return err
}

func version() string {
	build, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	text, revision := build.Main.Version, ""
	for _, setting := range build.Settings {
		switch {
		case setting.Key == "vcs.revision" && len(setting.Value) >= 12:
			revision = " " + setting.Value[:12]
		case setting.Key == "vcs.modified" && setting.Value == "true":
			revision += " (changed)"
		}
	}
	if text == "" {
		text = "(devel)"
	}
	return text + revision + ", " + build.GoVersion
}
