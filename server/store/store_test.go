package store_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"sotto/server/store"
)

func open(t *testing.T) *store.DB {
	t.Helper()
	db := openAt(t, filepath.Join(t.TempDir(), "sotto.db"))
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

// openAt opens and migrates the file at path; closing is the caller's.
func openAt(t *testing.T, path string) *store.DB {
	t.Helper()
	db, err := store.Open(t.Context(), "sqlite:"+path, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return db
}

func TestADatabaseKeepsTheKindItWasFirstMarkedWith(t *testing.T) {
	dev, live := open(t), open(t)
	for range 2 {
		if err := dev.MarkDev(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := live.MarkLive(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if err := dev.MarkLive(t.Context()); !errors.Is(err, store.ErrDev) {
		t.Errorf("a dev database marked live: got %v, want ErrDev", err)
	}
	if err := live.MarkDev(t.Context()); !errors.Is(err, store.ErrLive) {
		t.Errorf("a live database marked dev: got %v, want ErrLive", err)
	}
	if is, err := dev.IsDev(t.Context()); !is || err != nil {
		t.Errorf("dev: got %v, %v", is, err)
	}
	if is, err := live.IsDev(t.Context()); is || err != nil {
		t.Errorf("live: got %v, %v", is, err)
	}
}

func TestMigratingBringsADatabaseToTheProgramsVersionAndMayBeRepeated(t *testing.T) {
	db := open(t)
	if err := db.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	has, wants, err := db.Version(t.Context())
	if err != nil || has != wants || has == 0 {
		t.Errorf("got version %d of %d, %v", has, wants, err)
	}
}

func TestTheDatabaseFileIsForItsOwnerOnly(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a b?c%d#e.db")
	db, err := store.Open(t.Context(), "sqlite:"+path, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, suffix := range []string{"", "-wal", "-shm"} {
		info, err := os.Stat(path + suffix)
		if err != nil {
			t.Fatal(err)
		}
		if mode := info.Mode().Perm(); mode != 0o600 {
			t.Errorf("%q: got mode %o, want 600", suffix, mode)
		}
	}
}

func TestOpenRefusesWhatItCannotServe(t *testing.T) {
	for name, url := range map[string]string{
		"nothing":           "",
		"no path":           "sqlite:",
		"an unknown engine": "mysql://localhost/sotto",
		"a missing folder":  "sqlite:" + filepath.Join(t.TempDir(), "missing", "sotto.db"),
		"a folder":          "sqlite:" + t.TempDir(),
	} {
		t.Run(name, func(t *testing.T) {
			if db, err := store.Open(t.Context(), url, time.Now); err == nil {
				db.Close()
				t.Error("opened")
			}
		})
	}
}
