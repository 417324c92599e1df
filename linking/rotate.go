package linking

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// ahead is how long before its use a key is kept and published, so that every process, and whoever fetched the JWKS, knows it by then.
const ahead = 10 * time.Minute

// lastRefresh is the highest number of a refresh key: it stands in tokens with two bytes.
const lastRefresh = 1<<16 - 1

// Rotated is the successor of the key of one kind.
type Rotated struct {
	Kind    string    // "signing", "house", "refresh"
	Number  int64     // counted from 1
	Starts  time.Time // from then on it is used
	Waiting bool      // it had been made before, and waits for its time
}

// Rotate makes a successor of each key, to be used from ten minutes hence. Where one is waiting for its time, it is not followed by
// another: so whatever ended in the middle can be repeated, and any number of processes may do it at once.
//
// What the keys before have made stays good. Signing keys serve until the last token they signed has expired; house keys until nothing
// is sealed under them (Sweep sees to both); refresh keys for good, because refresh tokens live as long as their links.
func (k *Keyring) Rotate(ctx context.Context) ([]Rotated, error) {
	kept, err := k.store.LinkingKeys(ctx)
	if err != nil {
		return nil, fmt.Errorf("rotate: %w", err)
	}
	now := k.now()
	last := lastOf(kept)
	waiting := map[string]bool{}
	for _, kind := range kinds {
		if waiting[kind] = last[kind].Starts.After(now); waiting[kind] {
			continue
		}
		if kind == refreshKind && last[kind].Number == lastRefresh {
			return nil, errors.New("rotate: there have been as many refresh keys as there can be")
		}
		if err := k.add(ctx, kind, last[kind].Number+1, now.Add(ahead)); err != nil {
			return nil, fmt.Errorf("rotate: %w", err)
		}
	}
	if kept, err = k.store.LinkingKeys(ctx); err != nil {
		return nil, fmt.Errorf("rotate: %w", err)
	}
	last = lastOf(kept)
	var done []Rotated
	for _, kind := range kinds {
		done = append(done, Rotated{kind, last[kind].Number, last[kind].Starts, waiting[kind]})
	}
	return done, k.read(ctx, 0)
}

// Rewrap wraps all keys anew, for a wrapping key that has a successor. It may be repeated.
func (k *Keyring) Rewrap(ctx context.Context) error {
	kept, err := k.store.LinkingKeys(ctx)
	if err != nil {
		return fmt.Errorf("rewrap: %w", err)
	}
	for _, was := range kept {
		if !slices.Contains(kinds, was.Kind) {
			continue // of a younger version
		}
		is, err := k.rewrap(was)
		if err != nil {
			return fmt.Errorf("rewrap: %s key %d is not of this SOTTO_KEYS: %w", was.Kind, was.Number, err)
		}
		if err := ignoreNone(k.store.ChangeKey(ctx, was, is)); err != nil {
			return fmt.Errorf("rewrap: %w", err)
		}
	}
	return nil
}

// lastOf gives the youngest key of each kind.
func lastOf(kept []SealedKey) map[string]SealedKey {
	last := map[string]SealedKey{}
	for _, s := range kept { // by number
		last[s.Kind] = s
	}
	return last
}
