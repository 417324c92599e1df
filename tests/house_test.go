package tests

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "sotto"

// plan is the drawing of docs/architecture.md: which of our own packages each package may import. A package that is not in it
// is not in the house.
var plan = map[string][]string{
	"banking":                    {},
	"banking/spending":           {"banking"},
	"banking/openbanking":        {"banking"},
	"banking/mockbank":           {},
	"linking":                    {"banking", "linking/document", "linking/idtoken"},
	"linking/document":           {},
	"linking/disclosure":         {},
	"linking/idtoken":            {},
	"skills":                     {"banking", "banking/spending", "linking", "linking/disclosure"},
	"skills/speech":              {"banking", "banking/spending", "skills"},
	"skills/nlu":                 {"banking", "banking/spending", "skills"},
	"skills/alexa":               {"linking", "skills", "skills/speech"},
	"skills/dialogflow":          {"linking", "linking/idtoken", "skills", "skills/speech"},
	"server/store":               {"banking", "linking", "linking/disclosure", "skills/messenger/outbox"},
	"skills/mcp":                 {"banking", "banking/spending", "linking", "skills", "skills/speech"},
	"skills/messenger":           {"linking", "skills", "skills/messenger/outbox", "skills/speech"},
	"skills/messenger/outbox":    {},
	"skills/messenger/mockgraph": {},
	"server/dev":                 {},
	"server": {
		"banking", "banking/mockbank", "banking/openbanking", "linking", "linking/disclosure", "linking/document", "linking/idtoken", "server/dev", "server/store",
		"skills", "skills/alexa", "skills/dialogflow", "skills/mcp", "skills/messenger", "skills/messenger/mockgraph", "skills/messenger/outbox", "skills/nlu", "skills/speech",
	},
	"cmd/sotto":          {"banking", "linking", "server", "server/dev", "skills", "skills/alexa", "skills/dialogflow", "skills/mcp", "skills/messenger", "skills/nlu", "skills/speech", "banking/spending"},
	"tests":              {},
	"tests/judge":        {},
	"tests/judge/google": {},
	"tests/postgres":     {},
	"tests/chromium":     {},
	"tests/loopback":     {},
	"tests/clock":        {},
	"tests/database":     {"server/store", "tests/postgres"},
	"tests/conformance":  {"banking", "linking", "linking/disclosure", "skills/messenger/outbox"},
}

// guests are the libraries that only some packages may import, by the start of their path.
var guests = map[string][]string{
	"github.com/labstack/echo":          {"server"},
	"github.com/alecthomas/kong":        {"cmd/sotto", "server"},
	"database/sql":                      {"server/store"},
	"modernc.org/":                      {"server/store"},
	"github.com/jackc/":                 {"server/store"},
	"github.com/pressly/goose":          {"server/store"},
	"github.com/nicksnyder/go-i18n":     {"skills/speech"},
	"github.com/prometheus/":            {"server"},
	"github.com/coreos/go-oidc":         {"banking/openbanking"},
	"github.com/getkin/kin-openapi":     {"tests/judge"},
	"github.com/modelcontextprotocol":   {"skills/mcp"},
	"github.com/google/jsonschema-go":   {"skills/mcp"},
	"html/template":                     {"server", "banking/mockbank"},
	"cloud.google.com/":                 {"tests/judge/google"},
	"google.golang.org/protobuf":        {"tests/judge/google"},
	"github.com/chromedp":               {"tests/chromium"},
	"testing":                           {"tests/judge", "tests/judge/google", "tests/chromium", "tests/conformance", "tests/database", "tests/loopback", "tests/postgres"},
	"go.uber.org/zap":                   {"server"},
	"github.com/gorilla":                {},
	"github.com/stretchr":               {},
	"encoding/gob":                      {},
	"unsafe":                            {},
	"math/rand":                         {"banking/mockbank"},
	"github.com/golang-jwt/jwt":         {"linking", "linking/idtoken", "banking/openbanking", "banking/mockbank"},
	"github.com/tink-crypto/tink-go/v2": {"banking", "linking", "linking/disclosure", "server"},
}

// house calls each for every Go file of the project, with the package it stands in.
func house(t *testing.T, each func(pkg, path string, file *ast.File)) {
	t.Helper()
	root := ".."
	files := token.NewFileSet()
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if name := d.Name(); path != root && (strings.HasPrefix(name, ".") || name == "node_modules" || name == "testdata") {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(path, ".go") {
			return nil
		}
		file, err := parser.ParseFile(files, path, nil, parser.ParseComments)
		if err != nil {
			return err
		}
		pkg, err := filepath.Rel(root, filepath.Dir(path))
		if err != nil {
			return err
		}
		each(filepath.ToSlash(pkg), path, file)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func isTest(path string) bool { return strings.HasSuffix(path, "_test.go") }

func TestEveryPackageImportsOnlyWhatThePlanAllows(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	house(t, func(pkg, path string, file *ast.File) {
		seen[pkg] = true
		allowed, known := plan[pkg]
		if !known {
			t.Errorf("%s: package %q is not in the plan", path, pkg)
			return
		}
		if isTest(path) {
			return
		}
		for _, spec := range file.Imports {
			imported, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				t.Fatal(err)
			}
			if own, ok := strings.CutPrefix(imported, module+"/"); ok && !slices.Contains(allowed, own) {
				t.Errorf("%s: %q imports %q, which the plan does not allow", path, pkg, own)
			}
			for guest, rooms := range guests {
				if strings.HasPrefix(imported, guest) && !slices.Contains(rooms, pkg) {
					t.Errorf("%s: %q imports %s; only %v may", path, pkg, imported, rooms)
				}
			}
		}
	})
	for pkg := range plan {
		if !seen[pkg] {
			t.Errorf("the plan has %q, but the house has no such room", pkg)
		}
	}
}

func TestEveryPackageSaysWhatItIsFor(t *testing.T) {
	t.Parallel()
	said := map[string]bool{}
	house(t, func(pkg, path string, file *ast.File) {
		if file.Doc != nil && (strings.HasPrefix(file.Doc.Text(), "Package ") || strings.HasPrefix(file.Doc.Text(), "Command ")) {
			said[pkg] = true
		}
	})
	for pkg := range plan {
		if pkg != "tests" && !said[pkg] {
			t.Errorf("package %q has no package comment", pkg)
		}
	}
}

func TestOnlyLinkingGivesAccessToBanks(t *testing.T) {
	t.Parallel()
	house(t, func(pkg, path string, file *ast.File) {
		if pkg == "linking" || isTest(path) {
			return
		}
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.SelectorExpr:
				if x, ok := n.X.(*ast.Ident); ok && x.Name == "banking" && n.Sel.Name == "NewAccess" {
					t.Errorf("%s: %q calls banking.NewAccess; only linking may", path, pkg)
				}
			case *ast.CallExpr:
				if f, ok := n.Fun.(*ast.Ident); ok && pkg == "banking" && f.Name == "NewAccess" {
					t.Errorf("%s: banking calls its own NewAccess; only linking may", path)
				}
			}
			return true
		})
	})
}

func TestNoFileIsTooLargeForOneRoom(t *testing.T) {
	t.Parallel()
	house(t, func(_, path string, _ *ast.File) {
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if lines := strings.Count(string(content), "\n"); lines > 600 && !isTest(path) {
			t.Errorf("%s has %d lines; is there a second room in it?", path, lines)
		}
	})
}

func TestEveryDirectDependencyHasALineThatSaysWhy(t *testing.T) {
	t.Parallel()
	module, err := os.ReadFile("../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	reasons, err := os.ReadFile("../docs/adr/0001-dependencies.md")
	if err != nil {
		t.Fatal(err)
	}
	direct := 0
	for line := range strings.Lines(string(module)) {
		fields := strings.Fields(line)
		if len(fields) != 2 || !strings.HasPrefix(fields[1], "v") || !strings.HasPrefix(line, "\t") {
			continue
		}
		direct++
		if name := strings.TrimPrefix(fields[0], "github.com/"); !strings.Contains(string(reasons), name) {
			t.Errorf("docs/adr/0001-dependencies.md does not say why %s", name)
		}
	}
	if direct == 0 {
		t.Error("go.mod was not understood")
	}
}
