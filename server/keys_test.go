package server_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sotto/server"
)

func TestKeysThatAreRefused(t *testing.T) {
	const a, b = "QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE=", "QkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkI="
	const c = "Q0NDQ0NDQ0NDQ0NDQ0NDQ0NDQ0NDQ0NDQ0NDQ0NDQ0M="
	for name, tc := range map[string]struct {
		file string
		ok   bool
	}{
		"two keys of 32 bytes":                     {`{"wrapping":"` + a + `","pairwise":"` + b + `"}`, true},
		"twice the same key":                       {`{"wrapping":"` + a + `","pairwise":"` + a + `"}`, false},
		"a key that is missing":                    {`{"wrapping":"` + a + `"}`, false},
		"a key of 16 bytes":                        {`{"wrapping":"QUFBQUFBQUFBQUFBQUFBQQ==","pairwise":"` + b + `"}`, false},
		"a key that is no base64":                  {`{"wrapping":"` + a[:40] + `????","pairwise":"` + b + `"}`, false},
		"a member that is unknown":                 {`{"wrapping":"` + a + `","pairwise":"` + b + `","old":"` + a + `"}`, false},
		"a key said twice":                         {`{"wrapping":"` + a + `","wrapping":"` + b + `","pairwise":"` + b + `"}`, false},
		"nothing":                                  {``, false},
		"the wrapping key before this one too":     {`{"wrapping":"` + a + `","wrapping_previous":"` + c + `","pairwise":"` + b + `"}`, true},
		"a wrapping key that is its own successor": {`{"wrapping":"` + a + `","wrapping_previous":"` + a + `","pairwise":"` + b + `"}`, false},
		"a wrapping key that was the pairwise key": {`{"wrapping":"` + a + `","wrapping_previous":"` + b + `","pairwise":"` + b + `"}`, false},
		"a wrapping key of before that is no key":  {`{"wrapping":"` + a + `","wrapping_previous":"x","pairwise":"` + b + `"}`, false},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "keys.json")
			if err := os.WriteFile(path, []byte(tc.file), 0o600); err != nil {
				t.Fatal(err)
			}
			keys, err := server.ReadKeys(path)
			if !tc.ok {
				if !errors.Is(err, server.ErrSettings) || strings.Contains(err.Error(), a[:16]) {
					t.Errorf("%v, want a refusal that shows no key", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			sealed, err := keys.Wrap.Encrypt([]byte("x"), []byte("here"))
			if err != nil {
				t.Fatal(err)
			}
			if _, err := keys.Wrap.Decrypt(sealed, []byte("elsewhere")); err == nil {
				t.Error("what was sealed here opens elsewhere")
			}
		})
	}
}

func TestWhatTheWrappingKeyBeforeHasWrappedIsOpened(t *testing.T) {
	const a, b, c = "QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE=", "QkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkI=", "Q0NDQ0NDQ0NDQ0NDQ0NDQ0NDQ0NDQ0NDQ0NDQ0NDQ0M="
	read := func(file string) server.Keys {
		path := filepath.Join(t.TempDir(), "keys.json")
		if err := os.WriteFile(path, []byte(file), 0o600); err != nil {
			t.Fatal(err)
		}
		keys, err := server.ReadKeys(path)
		if err != nil {
			t.Fatal(err)
		}
		return keys
	}
	old := read(`{"wrapping":"` + a + `","pairwise":"` + b + `"}`)
	both := read(`{"wrapping":"` + c + `","wrapping_previous":"` + a + `","pairwise":"` + b + `"}`)
	fresh := read(`{"wrapping":"` + c + `","pairwise":"` + b + `"}`)
	for name, tc := range map[string]struct {
		by, to server.Keys
		opens  bool
	}{
		"the one before, by both":      {old, both, true},
		"both, by the new one alone":   {both, fresh, true},
		"both, by the old one alone":   {both, old, false},
		"the old one, by the new one ": {old, fresh, false},
	} {
		sealed, err := tc.by.Wrap.Encrypt([]byte("x"), []byte("here"))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := tc.to.Wrap.Decrypt(sealed, []byte("here")); (err == nil) != tc.opens {
			t.Errorf("%s: %v", name, err)
		}
	}
}
