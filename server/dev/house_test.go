package dev_test

import (
	"crypto/rand"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/google/go-cmp/cmp"

	"sotto/server/dev"
)

func openHouse(t *testing.T, dir string) *dev.House {
	t.Helper()
	if err := dev.OpenState(dir); err != nil {
		t.Fatal(err)
	}
	h, err := dev.Open(dir, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func TestWhatIsInventedStaysAndIsNoConstant(t *testing.T) {
	dir := t.TempDir()
	first, again, other := openHouse(t, dir), openHouse(t, dir), openHouse(t, t.TempDir())
	if diff := cmp.Diff(first, again); diff != "" {
		t.Errorf("a restart changed what was invented (-first +again):\n%s", diff)
	}
	secrets := func(h *dev.House) []string {
		list := []string{h.BankClient.Secret, h.SkillID, h.Clients["alexa"].Secret, h.Clients["google"].Secret, h.Clients["mcp"].ID}
		for _, c := range h.Customers {
			list = append(list, c.Password, c.TOTPSecret)
		}
		keys, err := os.ReadFile(h.KeysFile)
		if err != nil {
			t.Fatal(err)
		}
		return append(list, string(keys))
	}
	seen := map[string]bool{}
	for _, s := range append(secrets(first), secrets(other)...) {
		if s == "" || seen[s] {
			t.Errorf("a secret is empty or stands twice: %q", s)
		}
		seen[s] = true
	}
	if first.Clients["mcp"].Secret != "" {
		t.Error("the mcp client is public and has no secret")
	}
}

// TestAnEarlierVersionsStateIsCompletedAndNothingInItChanges: who upgrades keeps his links.
func TestAnEarlierVersionsStateIsCompletedAndNothingInItChanges(t *testing.T) {
	dir := t.TempDir()
	want := openHouse(t, dir)
	path := filepath.Join(dir, "invented.json")
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var older map[string]any
	if err := json.Unmarshal(content, &older); err != nil {
		t.Fatal(err)
	}
	delete(older["clients"].(map[string]any), "service")
	if content, err = json.Marshal(older); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	got := openHouse(t, dir)
	if got.Clients["service"].Secret == "" || got.Clients["service"].Secret == want.Clients["service"].Secret {
		t.Error("the service was not invented anew")
	}
	want.Clients["service"] = got.Clients["service"]
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if again := openHouse(t, dir); again.Clients["service"].Secret != got.Clients["service"].Secret {
		t.Error("a restart invents it once more")
	}
}

func TestAStateDirectoryIsClosedToOthers(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state")
	if err := os.MkdirAll(filepath.Join(dir, "inner"), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "inner", "file"), nil, 0o666); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{dir, filepath.Join(dir, "inner")} {
		if err := os.Chmod(path, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	openHouse(t, dir)
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		stat, err := d.Info()
		if err != nil {
			return err
		}
		if stat.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has mode %v", path, stat.Mode())
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestDamagedStateIsRefused(t *testing.T) {
	for name, content := range map[string]string{"half a file": `{"clients": {`, "an empty object": `{}`} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, "invented.json"), []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
			if _, err := dev.Open(dir, rand.Reader); !errors.Is(err, dev.ErrState) {
				t.Errorf("%v, want ErrState", err)
			}
		})
	}
}

func TestWithoutRandomBytesNothingIsInvented(t *testing.T) {
	dir := t.TempDir()
	if _, err := dev.Open(dir, strings.NewReader("too few")); err == nil {
		t.Error("secrets were made of nothing")
	}
	if files, _ := os.ReadDir(dir); len(files) != 0 {
		t.Errorf("%v was written", files)
	}
}

func TestDevJSONIsReadAsItWasWritten(t *testing.T) {
	dir := t.TempDir()
	h := openHouse(t, dir)
	want := dev.File{
		PublicURL: "http://127.0.0.1:8080", BankURL: "http://127.0.0.1:8081", ClockOffset: "-1h0m0s",
		Banks:   []dev.Bank{{ID: "albion", Name: "Albion Bank", Dialect: "uk-ob-3.1", Customers: h.Customers}},
		Clients: h.Clients, Alexa: dev.AlexaFiles{SkillID: h.SkillID, CertificateURL: "https://s3.amazonaws.com/echo.api/x", ChainFile: "c", KeyFile: "k", RootsFile: "r", RootsKeyFile: "q"},
	}
	if _, err := dev.ReadFile(dir); !errors.Is(err, dev.ErrState) || !strings.Contains(err.Error(), "serve --dev") {
		t.Errorf("%v, want to be told to start the server", err)
	}
	if err := want.WriteFile(dir); err != nil {
		t.Fatal(err)
	}
	got, err := dev.ReadFile(dir)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	noon := time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
	if now, err := got.Clock(func() time.Time { return noon }); err != nil || !now().Equal(noon.Add(-time.Hour)) {
		t.Errorf("the clock is not an hour behind: %v", err)
	}
	if _, err := got.Customer("albion", "ada"); err != nil {
		t.Error(err)
	}
	if _, err := got.Customer("albion", "mallory"); !errors.Is(err, dev.ErrUnknown) {
		t.Errorf("%v: mallory is no customer", err)
	}
}

// The codes of RFC 6238, appendix B, cut to six digits.
func TestOneTimeCodesAreThoseOfTheStandard(t *testing.T) {
	const secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ" // "12345678901234567890"
	for at, want := range map[int64]string{59: "287082", 1111111109: "081804", 1111111111: "050471", 1234567890: "005924", 2000000000: "279037"} {
		got, err := dev.OneTimeCode(secret, time.Unix(at, 0))
		if err != nil || got != want {
			t.Errorf("at %d: %q, %v; want %q", at, got, err, want)
		}
	}
	if _, err := dev.OneTimeCode("not base32!", time.Unix(0, 0)); err == nil {
		t.Error("a secret that is no base32 gave a code")
	}
}
