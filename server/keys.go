package server

import (
	"encoding/base64"
	"fmt"
	"os"

	"github.com/go-json-experiment/json"
	"github.com/tink-crypto/tink-go/v2/aead/subtle"
	"github.com/tink-crypto/tink-go/v2/tink"
)

// keysHint is how an operator makes the file.
const keysHint = `{"wrapping": "…", "pairwise": "…"}, each from openssl rand -base64 32`

// Keys are the two secrets that are not in the database.
type Keys struct {
	// Wrap encrypts every other key where it is kept (AES-256-GCM).
	Wrap tink.AEAD
	// Pairwise makes a customer's name from a bank's subject, by HMAC.
	Pairwise []byte
}

// ReadKeys reads the file that SOTTO_KEYS names. Everything that is wrong with it is an ErrSettings that shows nothing of it.
func ReadKeys(path string) (Keys, error) {
	content, err := readBounded(path)
	if err != nil {
		return Keys{}, fmt.Errorf("%w: SOTTO_KEYS: %w", ErrSettings, err)
	}
	var file struct {
		Wrapping string `json:"wrapping"`
		Pairwise string `json:"pairwise"`
	}
	if err := json.Unmarshal(content, &file, json.RejectUnknownMembers(true)); err != nil {
		return Keys{}, fmt.Errorf("%w: SOTTO_KEYS: %s is not the JSON %s", ErrSettings, path, keysHint)
	}
	wrapping, err := key32(file.Wrapping)
	if err != nil {
		return Keys{}, fmt.Errorf("%w: SOTTO_KEYS: %s: wrapping: %w", ErrSettings, path, err)
	}
	pairwise, err := key32(file.Pairwise)
	if err != nil {
		return Keys{}, fmt.Errorf("%w: SOTTO_KEYS: %s: pairwise: %w", ErrSettings, path, err)
	}
	if file.Wrapping == file.Pairwise {
		return Keys{}, fmt.Errorf("%w: SOTTO_KEYS: %s: the two keys must differ", ErrSettings, path)
	}
	wrap, err := subtle.NewAESGCM(wrapping)
	if err != nil {
		return Keys{}, fmt.Errorf("%w: SOTTO_KEYS: %s: wrapping: %w", ErrSettings, path, err)
	}
	return Keys{Wrap: wrap, Pairwise: pairwise}, nil
}

func key32(text string) ([]byte, error) {
	key, err := base64.StdEncoding.DecodeString(text)
	if err != nil || len(key) != 32 {
		return nil, fmt.Errorf("%w: say 32 bytes in base64 (openssl rand -base64 32)", ErrSettings)
	}
	return key, nil
}

// tooOpen says whether others than the owner can read the file.
func tooOpen(path string) bool {
	stat, err := os.Stat(path)
	return err == nil && stat.Mode().Perm()&0o077 != 0
}
