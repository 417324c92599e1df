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
	for name, tc := range map[string]struct {
		file string
		ok   bool
	}{
		"two keys of 32 bytes":     {`{"wrapping":"` + a + `","pairwise":"` + b + `"}`, true},
		"twice the same key":       {`{"wrapping":"` + a + `","pairwise":"` + a + `"}`, false},
		"a key that is missing":    {`{"wrapping":"` + a + `"}`, false},
		"a key of 16 bytes":        {`{"wrapping":"QUFBQUFBQUFBQUFBQUFBQQ==","pairwise":"` + b + `"}`, false},
		"a key that is no base64":  {`{"wrapping":"` + a[:40] + `????","pairwise":"` + b + `"}`, false},
		"a member that is unknown": {`{"wrapping":"` + a + `","pairwise":"` + b + `","old":"` + a + `"}`, false},
		"a key said twice":         {`{"wrapping":"` + a + `","wrapping":"` + b + `","pairwise":"` + b + `"}`, false},
		"nothing":                  {``, false},
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
