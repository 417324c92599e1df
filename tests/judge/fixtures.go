// Package judge holds the official documents up against what the house says:
// specifications and third-party payloads, read where they lie, never copied in.
// It imports nothing of ours, so that a judge cannot share a mistake with what it
// judges.
//
// The documents are in $FIXTURES, by default ../shared/fixtures beside the
// repository. Where the folder is absent, a test that needs it is skipped with
// one line.
package judge

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// Fixtures gives the folder of the official documents, and skips the test with
// one line where there is none.
func Fixtures(t testing.TB) string {
	t.Helper()
	dir, err := folder()
	if err != nil {
		t.Skipf("official documents not found (%v): set FIXTURES to judge with them", err)
	}
	return dir
}

// Present says whether the official documents are there, for tests that are worth
// running without a judge, too.
func Present() bool {
	_, err := folder()
	return err == nil
}

// File reads one of the documents by its slash-separated name in the folder, as
// "alexa/jovo/LaunchRequest.json". A missing file fails the test.
func File(t testing.TB, name string) []byte {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(Fixtures(t), filepath.FromSlash(name)))
	if err != nil {
		t.Fatalf("read an official document: %v", err)
	}
	return raw
}

// Files gives the names, as File takes them, of the documents that match a
// pattern of path.Match within the folder; none fails the test.
func Files(t testing.TB, pattern string) []string {
	t.Helper()
	dir := Fixtures(t)
	found, err := filepath.Glob(filepath.Join(dir, filepath.FromSlash(pattern)))
	if err != nil || len(found) == 0 {
		t.Fatalf("no official document matches %q: %v", pattern, err)
	}
	for i, path := range found {
		name, err := filepath.Rel(dir, path)
		if err != nil {
			t.Fatal(err)
		}
		found[i] = filepath.ToSlash(name)
	}
	return found
}

func folder() (string, error) {
	dir := os.Getenv("FIXTURES")
	if dir == "" {
		root, err := moduleRoot()
		if err != nil {
			return "", err
		}
		dir = filepath.Join(root, "..", "shared", "fixtures")
	} else if !filepath.IsAbs(dir) { // as the contract has it: seen from the repository
		root, err := moduleRoot()
		if err != nil {
			return "", err
		}
		dir = filepath.Join(root, dir)
	}
	if stat, err := os.Stat(dir); err != nil { //nolint:gosec // G703: the folder is named by who runs the tests
		return "", err
	} else if !stat.IsDir() {
		return "", errors.New("no folder")
	}
	return dir, nil
}

// moduleRoot walks up from the test's folder to the one with go.mod.
func moduleRoot() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		up := filepath.Dir(dir)
		if up == dir {
			return "", errors.New("no go.mod above the test")
		}
		dir = up
	}
}
