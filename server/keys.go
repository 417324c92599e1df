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

// Keys are the secrets that are not in the database.
type Keys struct {
	// Wrap encrypts every other key where it is kept (AES-256-GCM). Where the file holds the wrapping key before this one too, what
	// that has wrapped is opened.
	Wrap tink.AEAD
	// Rewrap says that the file holds the wrapping key before this one.
	Rewrap bool
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
		Previous string `json:"wrapping_previous"`
		Pairwise string `json:"pairwise"`
	}
	if err := json.Unmarshal(content, &file, json.RejectUnknownMembers(true)); err != nil {
		return Keys{}, fmt.Errorf("%w: SOTTO_KEYS: %s is not the JSON %s", ErrSettings, path, keysHint)
	}
	k := Keys{}
	if k.Pairwise, err = key32(file.Pairwise); err != nil {
		return Keys{}, fmt.Errorf("%w: SOTTO_KEYS: %s: pairwise: %w", ErrSettings, path, err)
	}
	if k.Wrap, err = wrapping(file.Wrapping); err != nil {
		return Keys{}, fmt.Errorf("%w: SOTTO_KEYS: %s: wrapping: %w", ErrSettings, path, err)
	}
	if file.Previous != "" {
		previous, err := wrapping(file.Previous)
		if err != nil {
			return Keys{}, fmt.Errorf("%w: SOTTO_KEYS: %s: wrapping_previous: %w", ErrSettings, path, err)
		}
		k.Wrap, k.Rewrap = rewrapping{k.Wrap, previous}, true
	}
	if file.Wrapping == file.Pairwise || file.Previous == file.Pairwise || file.Previous == file.Wrapping {
		return Keys{}, fmt.Errorf("%w: SOTTO_KEYS: %s: the keys must differ", ErrSettings, path)
	}
	return k, nil
}

func wrapping(text string) (tink.AEAD, error) {
	key, err := key32(text)
	if err != nil {
		return nil, err
	}
	return subtle.NewAESGCM(key)
}

// rewrapping wraps with the first of two keys, and unwraps with either.
type rewrapping struct {
	tink.AEAD
	previous tink.AEAD
}

// Decrypt opens what either key has wrapped.
func (r rewrapping) Decrypt(ciphertext, associatedData []byte) ([]byte, error) {
	plain, err := r.AEAD.Decrypt(ciphertext, associatedData)
	if err != nil {
		return r.previous.Decrypt(ciphertext, associatedData)
	}
	return plain, nil
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
