package linking

import (
	"context"
	"errors"
	"fmt"
	"time"
)

const (
	// lull is how long nothing must have been sealed under a key before it is deleted: far longer than any step holds a ciphertext that
	// it has read and will write elsewhere.
	lull = time.Hour
	// sealing bounds one turn at sealing anew; the next one goes on.
	sealing = 10 * time.Minute
)

// Sweep deletes keys that nothing needs: signing keys whose last token has expired, and house keys under which nothing is sealed. What is
// sealed under an older house key is sealed anew under the one in use. Several processes may do it at the same time.
func (k *Keyring) Sweep(ctx context.Context) error {
	if err := k.read(ctx, 0); err != nil {
		return fmt.Errorf("sweep keys: %w", err)
	}
	h, now := k.held.Load(), k.now()
	var errs []error
	if _, ok := youngest(h.signing, now, now); ok { // never the last
		for _, key := range h.signing {
			if key.over(now) {
				errs = append(errs, k.drop(ctx, key.row))
			}
		}
	}
	if inUse, ok := youngest(h.house, now, now); ok {
		for _, key := range h.house {
			if key.Number < inUse.Number {
				errs = append(errs, k.retire(ctx, key))
			}
		}
	}
	if err := errors.Join(append(errs, k.read(ctx, 0))...); err != nil {
		return fmt.Errorf("sweep keys: %w", err)
	}
	return nil
}

// retire takes one step towards the end of a house key that has a successor. The first look that finds nothing sealed under it
// sets its end, a lull hence; a look after that deletes it, unless it found something.
func (k *Keyring) retire(ctx context.Context, key houseKey) error {
	brief, cancel := context.WithTimeout(ctx, sealing)
	defer cancel()
	house := k.House()
	found, err := k.store.Reseal(brief, []byte(key.prefix), func(sealed, bound []byte) ([]byte, error) {
		plain, err := key.Decrypt(sealed, bound)
		if err != nil {
			return nil, fmt.Errorf("a value sealed under house key %d cannot be opened", key.Number)
		}
		return house.Encrypt(plain, bound)
	})
	if errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
		found, err = found+1, nil // there may be more
	}
	if err != nil {
		return err
	}
	changed := key.SealedKey
	switch {
	case found > 0:
		changed.Ends = time.Time{}
	case key.Ends.IsZero():
		changed.Ends = k.now().Add(lull)
	case key.over(k.now()):
		return k.drop(ctx, key.SealedKey)
	}
	if changed.Ends.Equal(key.Ends) {
		return nil
	}
	return ignoreNone(k.store.ChangeKey(ctx, key.SealedKey, changed))
}

// drop deletes a key, unless another process has changed it since.
func (k *Keyring) drop(ctx context.Context, s SealedKey) error {
	return ignoreNone(k.store.DeleteKey(ctx, s))
}

func ignoreNone(err error) error {
	if errors.Is(err, ErrNone) {
		return nil
	}
	return err
}
