package server_test

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/alecthomas/kong"
	"github.com/google/go-cmp/cmp"

	"sotto/server"
)

// parse reads settings as the command does: flags, then the environment, then a file.
func parse(t *testing.T, args, environ []string, file string) (server.Config, error) {
	t.Helper()
	path := ""
	if file != "" {
		path = filepath.Join(t.TempDir(), "sotto.yaml")
		if err := os.WriteFile(path, []byte(file), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	sources, err := server.ReadSources(environ, path)
	if err != nil {
		return server.Config{}, err
	}
	var c struct {
		server.Config `embed:""`
	}
	parser, err := kong.New(&c, kong.Resolvers(sources), kong.Writers(io.Discard, io.Discard))
	if err != nil {
		t.Fatal(err)
	}
	_, err = parser.Parse(args)
	return c.Config, err
}

// street is an environment with all that a house on the street needs.
var street = []string{
	"SOTTO_PUBLIC_URL=https://sotto.example", "SOTTO_KEYS=keys.json", "SOTTO_BANKS=banks.yaml", "SOTTO_CLIENTS=clients.yaml",
	"SOTTO_ALEXA_SKILL_IDS=amzn1.ask.skill.1",
}

func TestASettingIsAFlagAVariableAndAKey(t *testing.T) {
	file := "addr: 127.0.0.1:3\nskill_name: From the file\nmigrate: false\ntrusted_proxies: [10.0.0.0/8, 192.168.0.0/16]\nretention: 30 days\n"
	got, err := parse(t, []string{"--addr=127.0.0.1:1"}, []string{"SOTTO_ADDR=127.0.0.1:2", "SOTTO_SKILL_NAME=From the environment", "HOME=/"}, file)
	if err != nil {
		t.Fatal(err)
	}
	if got.Addr != "127.0.0.1:1" {
		t.Errorf("addr %q: the flag stands before the variable and the key", got.Addr)
	}
	if got.SkillName != "From the environment" {
		t.Errorf("skill name %q: the variable stands before the key", got.SkillName)
	}
	if got.Migrate || time.Duration(got.Retention) != 30*24*time.Hour {
		t.Errorf("migrate %v, retention %v: the key stands before the default", got.Migrate, got.Retention)
	}
	if diff := cmp.Diff([]string{"10.0.0.0/8", "192.168.0.0/16"}, got.TrustedProxies); diff != "" {
		t.Errorf("a list in YAML (-want +got):\n%s", diff)
	}
	if got.BankAddr != "127.0.0.1:8081" {
		t.Errorf("bank address %q: the default stands where nothing is said", got.BankAddr)
	}
}

func TestAnEmptyVariableSaysNothing(t *testing.T) {
	got, err := parse(t, nil, []string{"SOTTO_CLOCK=", "SOTTO_ADDR=", "SOTTO_DATABASE="}, "addr: 127.0.0.1:3\n")
	if err != nil {
		t.Fatal(err)
	}
	if !got.Clock.IsZero() || got.Addr != "127.0.0.1:3" {
		t.Errorf("clock %v, addr %q", got.Clock, got.Addr)
	}
}

func TestASecretMayComeFromAFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "database")
	if err := os.WriteFile(path, []byte("sqlite:/var/lib/sotto.db\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := parse(t, nil, []string{"SOTTO_DATABASE_FILE=" + path}, "")
	if err != nil {
		t.Fatal(err)
	}
	if got.Database != "sqlite:/var/lib/sotto.db" {
		t.Errorf("database %q, want the content of the file", got.Database)
	}
}

func TestSourcesThatAreRefused(t *testing.T) {
	for name, tc := range map[string]struct {
		args, environ []string
		file          string
		want          []string
	}{
		"a misspelt variable":                      {environ: []string{"SOTTO_ADRR=127.0.0.1:1"}, want: []string{"SOTTO_ADRR is no setting"}},
		"a file for what is no secret":             {environ: []string{"SOTTO_ADDR_FILE=x"}, want: []string{"SOTTO_ADDR_FILE is no setting"}},
		"a secret said twice":                      {environ: []string{"SOTTO_DATABASE=sqlite:x", "SOTTO_DATABASE_FILE=y"}, want: []string{"say one of them"}},
		"a secret's file that is not there":        {environ: []string{"SOTTO_DATABASE_FILE=/nowhere/at/all"}, want: []string{"SOTTO_DATABASE_FILE", "no such file"}},
		"two misspelt keys, both named":            {file: "adr: x\nport: 1\n", want: []string{`"adr" is no setting`, `"port" is no setting`}},
		"a key said twice":                         {file: "addr: a:1\naddr: b:2\n", want: []string{"no YAML of settings", "already defined"}},
		"a key with a table under it":              {file: "addr: {host: x}\n", want: []string{`"addr" needs a plain value`}},
		"a file that is no table":                  {file: "- addr\n", want: []string{"no YAML of settings"}},
		"a variable and a key wrong, both named":   {environ: []string{"SOTTO_X=1"}, file: "y: 1\n", want: []string{"SOTTO_X", `"y"`}},
		"a clock that is no instant":               {environ: []string{"SOTTO_CLOCK=tomorrow"}, want: []string{"RFC 3339"}},
		"a retention of no days":                   {environ: []string{"SOTTO_RETENTION=0 days"}, want: []string{"number of days"}},
		"a retention with letters behind its days": {environ: []string{"SOTTO_RETENTION=4x days"}, want: []string{"number of days"}},
		"a flag that is no setting":                {args: []string{"--addr-x=x"}, want: []string{"unknown flag"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := parse(t, tc.args, tc.environ, tc.file)
			if err == nil {
				t.Fatal("accepted")
			}
			for _, want := range tc.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q does not say %q", err, want)
				}
			}
			if strings.Contains(err.Error(), "\n") {
				t.Errorf("%q has more than one line", err)
			}
		})
	}
}

func TestSettingsThatAreRefused(t *testing.T) {
	for name, tc := range map[string]struct {
		dev     bool
		environ []string
		want    []string // all of them, in one error; none is "accepted"
	}{
		"a house on the street with all it needs": {environ: street},
		"Google's accounts":                       {environ: append(slices.Clone(street), "SOTTO_GOOGLE_CLIENT_ID=1.apps.googleusercontent.com")},
		"keys of Google's that nothing is proven with": {
			environ: append(slices.Clone(street), "SOTTO_GOOGLE_JWKS=https://keys.example/certs"), want: []string{"SOTTO_GOOGLE_CLIENT_ID is missing"},
		},
		"keys of Google's that anybody on the way can change": {
			environ: append(slices.Clone(street), "SOTTO_GOOGLE_CLIENT_ID=1", "SOTTO_GOOGLE_JWKS=http://keys.example/certs"), want: []string{"fetched over https"},
		},
		"a house on the street with nothing: all is listed at once": {
			want: []string{"SOTTO_PUBLIC_URL", "SOTTO_KEYS", "SOTTO_BANKS", "SOTTO_CLIENTS", "SOTTO_ALEXA_SKILL_IDS"},
		},
		"a moved clock on the street":                           {environ: append([]string{"SOTTO_CLOCK=2026-01-01T00:00:00Z"}, street...), want: []string{"SOTTO_CLOCK"}},
		"roots of one's own on the street":                      {environ: append([]string{"SOTTO_ALEXA_ROOTS=roots.pem"}, street...), want: []string{"SOTTO_ALEXA_ROOTS"}},
		"a public URL without TLS on the street":                {environ: append([]string{}, "SOTTO_PUBLIC_URL=http://sotto.example"), want: []string{"say https"}},
		"a trailing slash":                                      {environ: []string{"SOTTO_PUBLIC_URL=https://sotto.example/"}, want: []string{"trailing slash"}},
		"a public URL with a path":                              {environ: []string{"SOTTO_PUBLIC_URL=https://sotto.example/voice"}, want: []string{"scheme and host only"}},
		"a public URL with a query":                             {environ: []string{"SOTTO_PUBLIC_URL=https://sotto.example?x"}, want: []string{"SOTTO_PUBLIC_URL: say a whole"}},
		"a proxy that is no network":                            {environ: append([]string{"SOTTO_TRUSTED_PROXIES=10.0.0.1"}, street...), want: []string{"SOTTO_TRUSTED_PROXIES"}},
		"a database that this version does not know":            {environ: append([]string{"SOTTO_DATABASE=mysql://x"}, street...), want: []string{"SOTTO_DATABASE"}},
		"documents of clients from named hosts":                 {environ: append([]string{"SOTTO_CIMD_ALLOW=claude.ai,agent.example:8443"}, street...)},
		"documents of clients from this machine on the street":  {environ: append([]string{"SOTTO_CIMD_ALLOW=loopback"}, street...), want: []string{"SOTTO_CIMD_ALLOW", "--dev"}},
		"documents of clients from an address":                  {environ: append([]string{"SOTTO_CIMD_ALLOW=https://claude.ai"}, street...), want: []string{"SOTTO_CIMD_ALLOW", "no host"}},
		"documents of clients from everywhere":                  {environ: append([]string{"SOTTO_CIMD_ALLOW=*"}, street...), want: []string{"SOTTO_CIMD_ALLOW", "no host"}},
		"Dialogflow with a password":                            {environ: append([]string{"SOTTO_DIALOGFLOW_USERNAME=a", "SOTTO_DIALOGFLOW_PASSWORD=b"}, street...)},
		"Dialogflow with ID tokens":                             {environ: append([]string{"SOTTO_DIALOGFLOW_AUDIENCE=https://sotto.example/dialogflow/es", "SOTTO_DIALOGFLOW_EMAIL=a@b.example"}, street...)},
		"Dialogflow with half a password":                       {environ: append([]string{"SOTTO_DIALOGFLOW_PASSWORD=b"}, street...), want: []string{"SOTTO_DIALOGFLOW", "go together"}},
		"Dialogflow by tokens of anybody at Google":             {environ: append([]string{"SOTTO_DIALOGFLOW_AUDIENCE=https://sotto.example/dialogflow/es"}, street...), want: []string{"SOTTO_DIALOGFLOW", "e-mail"}},
		"Dialogflow by keys that anybody may change on the way": {environ: append([]string{"SOTTO_DIALOGFLOW_AUDIENCE=https://sotto.example", "SOTTO_DIALOGFLOW_EMAIL=a@b.example", "SOTTO_DIALOGFLOW_JWKS=http://keys.example"}, street...), want: []string{"SOTTO_DIALOGFLOW", "https"}},
		"a log level that is none":                              {environ: append([]string{"SOTTO_LOG_LEVEL=loud"}, street...), want: []string{"SOTTO_LOG_LEVEL"}},
		"an address without a port":                             {environ: append([]string{"SOTTO_ADDR=127.0.0.1"}, street...), want: []string{"SOTTO_ADDR"}},
		"a development house with nothing said":                 {dev: true},
		"a development house on IPv6":                           {dev: true, environ: []string{"SOTTO_ADDR=[::1]:8080"}},
		"a development house called localhost":                  {dev: true, environ: []string{"SOTTO_PUBLIC_URL=http://localhost:8080"}},
		"a development house on all addresses":                  {dev: true, environ: []string{"SOTTO_ADDR=:8080"}, want: []string{"SOTTO_ADDR", "loopback"}},
		"a development house on 0.0.0.0":                        {dev: true, environ: []string{"SOTTO_ADDR=0.0.0.0:8080"}, want: []string{"SOTTO_ADDR", "loopback"}},
		"a development house on the network":                    {dev: true, environ: []string{"SOTTO_ADDR=192.168.1.2:8080"}, want: []string{"SOTTO_ADDR", "loopback"}},
		"a development house under a name that looks local":     {dev: true, environ: []string{"SOTTO_PUBLIC_URL=http://127.0.0.1.evil.example"}, want: []string{"SOTTO_PUBLIC_URL", "loopback"}},
		"a development house under localhost of somebody else":  {dev: true, environ: []string{"SOTTO_PUBLIC_URL=http://localhost.evil.example"}, want: []string{"SOTTO_PUBLIC_URL", "loopback"}},
		"a development house with a bank on the network":        {dev: true, environ: []string{"SOTTO_BANK_ADDR=10.0.0.1:1"}, want: []string{"SOTTO_BANK_ADDR", "loopback"}},
		"a development house with metrics on the network":       {dev: true, environ: []string{"SOTTO_METRICS_ADDR=0.0.0.0:1"}, want: []string{"SOTTO_METRICS_ADDR", "loopback"}},
		"a public URL with a name and a password before a host": {dev: true, environ: []string{"SOTTO_PUBLIC_URL=http://127.0.0.1@evil.example"}, want: []string{"SOTTO_PUBLIC_URL"}},
	} {
		t.Run(name, func(t *testing.T) {
			cfg, err := parse(t, nil, tc.environ, "")
			if err != nil {
				t.Fatal(err)
			}
			cfg.Dev = tc.dev
			err = cfg.Check()
			if len(tc.want) == 0 {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			if !errors.Is(err, server.ErrSettings) {
				t.Fatalf("%v, want an ErrSettings", err)
			}
			for _, want := range tc.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q does not say %q", err, want)
				}
			}
		})
	}
}

func TestEffectiveSettingsHideSecrets(t *testing.T) {
	cfg, err := parse(t, nil, []string{"SOTTO_DATABASE=postgres://sotto:hush@db.example/sotto?password=hush"}, "")
	if err != nil {
		t.Fatal(err)
	}
	all := strings.Join(cfg.Lines(), "\n")
	if strings.Contains(all, "hush") {
		t.Errorf("the password is shown:\n%s", all)
	}
	for _, want := range []string{"SOTTO_DATABASE=postgres://[secret]@db.example/sotto", "SOTTO_ADDR=127.0.0.1:8080", "SOTTO_RETENTION=400 days"} {
		if !strings.Contains(all, want) {
			t.Errorf("%q is missing in:\n%s", want, all)
		}
	}
}

// The README holds the table of settings between two markers. `go test ./server -run Table -update` writes it anew.
func TestTheReadmeHasTheTableOfSettings(t *testing.T) {
	path := filepath.Join("..", "README.md")
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	const begin, end = "<!-- settings -->\n", "<!-- /settings -->"
	before, rest, ok := strings.Cut(string(content), begin)
	table, after, closed := strings.Cut(rest, end)
	if !ok || !closed {
		t.Fatalf("README.md has no %s … %s", strings.TrimSpace(begin), end)
	}
	if *update {
		if err := os.WriteFile(path, []byte(before+begin+server.SettingsTable()+end+after), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(server.SettingsTable(), strings.TrimLeft(table, "\n")); diff != "" {
		t.Errorf("README.md's table of settings is not that of the program; run go test ./server -run Table -update (-want +got):\n%s", diff)
	}
}
