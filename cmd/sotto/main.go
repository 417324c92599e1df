// Command sotto is the bank's side of every voice assistant: serve runs it, the others look after it. Each command has a file of its own.
package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"
	_ "time/tzdata"

	"github.com/alecthomas/kong"

	"sotto/server"
)

// The exit codes.
const (
	done   = 0
	failed = 1
	usage  = 2
)

// cli is the command line.
type cli struct {
	Config  string        `help:"file of settings; sotto.yaml where there is one" placeholder:"FILE" type:"path"`
	Setting server.Config `embed:"" group:"Settings, each also a variable and a key of the file:"`

	Serve   serveCommand   `cmd:"" help:"run the server"`
	Bank    bankCommand    `cmd:"" help:"run only the mock banks"`
	Ask     askCommand     `cmd:"" help:"ask a running dev server, as an assistant would"`
	Package packageCommand `cmd:"" help:"write what a platform's console imports"`
	Doctor  doctorCommand  `cmd:"" help:"check settings, clock, database, keys, banks, redirect URIs"`
	Show    configCommand  `cmd:"" name:"config" help:"print the effective settings, secrets masked"`
	Migrate migrateCommand `cmd:"" name:"migrate" help:"bring the database to this version"`
	Ring    keysCommand    `cmd:"" name:"keys" help:"look after the keys in the database"`
	Erase   eraseCommand   `cmd:"" help:"erase a link, or all links of a customer"`
	Version versionCommand `cmd:"" help:"print the version"`
}

// street is what the world gives to a command.
type street struct {
	program  string // how it was called
	environ  []string
	out, err io.Writer
	wall     func() time.Time
	random   io.Reader
	budget   time.Duration // of a turn; the usual where it is zero
}

// options are what the server room is given.
func (s street) options(cfg server.Config) (server.Options, error) {
	log, err := server.NewLog(s.err, cfg.LogLevel)
	if err != nil {
		return server.Options{}, fmt.Errorf("%w: SOTTO_LOG_LEVEL: say debug, info, warn or error", server.ErrSettings)
	}
	return server.Options{Log: log, Wall: s.wall, Random: s.random, Program: s.program, TurnBudget: s.budget}, nil
}

func main() {
	closeToOthers()
	environ := os.Environ()
	for _, pair := range environ { // an empty variable says nothing, but kong would take it for a value
		if name, value, _ := strings.Cut(pair, "="); strings.HasPrefix(name, "SOTTO_") && value == "" {
			os.Unsetenv(name) //nolint:errcheck // it has no error to give
		}
	}
	s := street{program: os.Args[0], environ: environ, out: os.Stdout, err: os.Stderr, wall: time.Now, random: rand.Reader}
	os.Exit(run(context.Background(), s, os.Args[1:]))
}

// exit is how kong ends the program for --help.
type exit int

// run runs one command line and gives its exit code.
func run(ctx context.Context, s street, args []string) (code int) {
	defer func() {
		if r := recover(); r != nil {
			e, ok := r.(exit)
			if !ok {
				panic(r)
			}
			code = int(e)
		}
	}()
	var c cli
	parser, err := kong.New(&c,
		kong.Name("sotto"), kong.Description("The bank's side of every voice assistant."), kong.Writers(s.out, s.err),
		kong.Exit(func(code int) { panic(exit(code)) }), kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
		kong.BindTo(ctx, (*context.Context)(nil)), kong.Bind(s, &c.Setting),
	)
	if err != nil {
		return s.fail(err, failed)
	}
	if len(args) == 0 {
		args = []string{"--help"}
	}
	line, err := parser.Parse(args)
	if err != nil {
		return s.fail(fmt.Errorf("%w (sotto --help says what there is)", err), usage)
	}
	if err := line.Run(); err != nil {
		code := failed
		if errors.Is(err, errUsage) {
			code = usage
		}
		return s.fail(err, code)
	}
	return done
}

// errUsage means that the command line asks for what there is not.
var errUsage = errors.New("usage")

// fail writes one line to stderr.
func (s street) fail(err error, code int) int {
	fmt.Fprintf(s.err, "sotto: %s\n", strings.Join(strings.Fields(err.Error()), " "))
	return code
}

// BeforeResolve reads the environment and the file of settings, so that they stand behind the flags.
func (c *cli) BeforeResolve(line *kong.Context, s street) error {
	path := ""
	for _, p := range line.Path {
		if p.Flag != nil && p.Flag.Name == "config" {
			path, _ = line.FlagValue(p.Flag).(string)
		}
	}
	sources, err := server.ReadSources(s.environ, path)
	if err != nil {
		return err
	}
	line.AddResolver(sources)
	return nil
}
