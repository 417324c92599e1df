package linking

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/x509"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/tink"
)

// How keys are read again, so that every process knows of a new one long before anybody uses it.
const (
	ticking = 15 * time.Second // how often Run reads
	current = 30 * time.Second // after it, whoever needs a key reads first
	retried = time.Second      // between two of those readings
	curious = 10 * time.Second // between two readings for the sake of an unknown key, which anybody can make up
	tooOld  = 5 * time.Minute  // after it, nothing is made with what was read
	patient = 2 * time.Second  // bounds one reading
)

// outlives is how long a signing key serves after its successor has started: for the longest life of an access token, and for clocks
// that do not agree.
const outlives = longest + 10*time.Minute

// held is what one reading of the database gave.
type held struct {
	at      time.Time
	signing []signingKey // oldest first, as the others
	refresh []refreshKey
	house   []houseKey
}

type signingKey struct {
	SealedKey           // Ends is when it serves no longer, also where that follows from its successor
	row       SealedKey // as it is kept
	kid       string    // RFC 7638
	header    string    // of the access tokens it signs, as it stands in them
	x, y      string
	private   *ecdsa.PrivateKey
}

type refreshKey struct {
	SealedKey
	number uint16
	secret []byte
}

type houseKey struct {
	SealedKey        // it opens for as long as it is there; Ends is when to look whether it can go
	prefix    string // of its ciphertexts
	tink.AEAD
}

// over says whether s serves no longer.
func (s SealedKey) over(now time.Time) bool { return !s.Ends.IsZero() && !s.Ends.After(now) }

// youngest is the youngest of these that has started at an instant, and is not over by now.
func youngest[K interface{ serves(at, now time.Time) bool }](keys []K, at, now time.Time) (key K, ok bool) {
	for i := len(keys) - 1; i >= 0; i-- {
		if keys[i].serves(at, now) {
			return keys[i], true
		}
	}
	return key, false
}

func (s SealedKey) serves(at, now time.Time) bool { return !s.Starts.After(at) && !s.over(now) }

// serves is without an end: a house key is in use until its successor is.
func (h houseKey) serves(at, _ time.Time) bool { return !h.Starts.After(at) }

// endBy brings a key's end forward.
func (s *signingKey) endBy(end time.Time) {
	if s.Ends.IsZero() || end.Before(s.Ends) {
		s.Ends = end
	}
}

// hold unwraps what is kept. A key that cannot be unwrapped means that SOTTO_KEYS is not the file this database belongs to.
func (k *Keyring) hold(kept []SealedKey, at time.Time) error {
	h := &held{at: at}
	for _, s := range kept {
		if err := k.unwrap(h, s); err != nil {
			return fmt.Errorf("%s key %d is not of this SOTTO_KEYS: %w", s.Kind, s.Number, err)
		}
	}
	if len(h.signing) == 0 || len(h.refresh) == 0 || len(h.house) == 0 {
		return errors.New("every key of a kind is gone")
	}
	for i := range h.signing {
		for _, next := range h.signing[i+1:] {
			if next.row.Ends.IsZero() {
				h.signing[i].endBy(next.Starts.Add(outlives))
				break
			}
		}
	}
	k.held.Store(h)
	return nil
}

func (k *Keyring) unwrap(h *held, s SealedKey) error {
	if s.Kind == houseKind {
		handle, err := k.unwrapHouse(s)
		if err != nil {
			return err
		}
		opener, err := aead.New(handle)
		if err != nil {
			return err
		}
		// The wire format of Tink: a byte 1 and the key's id come first.
		prefix := binary.BigEndian.AppendUint32([]byte{1}, handle.KeysetInfo().GetPrimaryKeyId())
		h.house = append(h.house, houseKey{s, string(prefix), opener})
		return nil
	}
	plain, err := k.wrap.Decrypt(s.Wrapped, keyAD(s.Kind, s.Number))
	if err != nil {
		return err
	}
	switch s.Kind {
	case signingKind:
		parsed, err := x509.ParsePKCS8PrivateKey(plain)
		if err != nil {
			return err
		}
		private, ok := parsed.(*ecdsa.PrivateKey)
		if !ok || private.Curve != elliptic.P256() {
			return errors.New("not on P-256")
		}
		x, y, err := coordinates(&private.PublicKey)
		if err != nil {
			return err
		}
		kid := thumbprint(x, y)
		header := encode(fmt.Appendf(nil, `{"alg":"ES256","kid":%q,"typ":%q}`, kid, accessType))
		h.signing = append(h.signing, signingKey{s, s, kid, header, x, y, private})
	case refreshKind:
		if len(plain) < 32 || s.Number < 1 || s.Number > lastRefresh {
			return errors.New("of the wrong size")
		}
		h.refresh = append(h.refresh, refreshKey{s, uint16(s.Number), plain})
	default: // of a younger version
	}
	return nil
}

// Run reads the keys again, now and then, until ctx ends; report is told of readings that fail.
func (k *Keyring) Run(ctx context.Context, report func(error)) {
	tick := time.NewTicker(ticking)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if err := k.read(ctx, 0); err != nil && ctx.Err() == nil {
				report(err)
			}
		}
	}
}

// read reads the keys, unless that was tried less than apart ago. What it read before stays where it fails.
func (k *Keyring) read(ctx context.Context, apart time.Duration) error {
	k.reading.Lock()
	defer k.reading.Unlock()
	return k.readLocked(ctx, apart)
}

func (k *Keyring) readLocked(ctx context.Context, apart time.Duration) error {
	begun := k.now()
	if since := begun.Sub(k.tried); since >= 0 && since < apart {
		return nil // somebody else was quicker
	}
	defer func() { k.tried = k.now() }()
	ctx, cancel := context.WithTimeout(ctx, patient)
	defer cancel()
	kept, err := k.store.LinkingKeys(ctx)
	if err != nil {
		return err
	}
	return k.hold(kept, begun)
}

// known is what was read, not long ago. While that cannot be read again, tokens and ciphertexts that are there can still be opened with it.
func (k *Keyring) known() *held {
	h := k.held.Load()
	switch age := k.now().Sub(h.at); {
	case age < current:
		return h
	case age >= tooOld:
		k.reading.Lock()
	case !k.reading.TryLock(): // somebody is reading
		return h
	}
	defer k.reading.Unlock()
	_ = k.readLocked(k.base, retried) // Run reports it, and whoever makes something with a key refuses to
	return k.held.Load()
}

// fresh is what was read not too long ago to make something with it: a successor may have started that all others use.
func (k *Keyring) fresh() (*held, error) {
	h := k.known()
	if k.now().Sub(h.at) >= tooOld {
		return nil, errors.New("the keys could not be read again for some minutes")
	}
	return h, nil
}

// ready says whether tokens can be made with keys.
func (k *Keyring) ready() error {
	_, err := k.fresh()
	return err
}

// look finds a key; where it is not known, it was perhaps made since the last reading.
func look[K any](k *Keyring, find func(*held) (K, bool)) (K, bool) {
	key, ok := find(k.known())
	if !ok {
		_ = k.read(k.base, curious) // Run reports it
		key, ok = find(k.held.Load())
	}
	return key, ok
}

// House encrypts what is at rest but belongs to no link. Its associated data say table, row and column.
func (k *Keyring) House() tink.AEAD { return houseAEAD{k} }

// houseAEAD follows the keyring, so that whoever holds it keeps up with new keys.
type houseAEAD struct{ k *Keyring }

func (a houseAEAD) Encrypt(plaintext, associatedData []byte) ([]byte, error) {
	h, err := a.k.fresh()
	if err != nil {
		return nil, err
	}
	now := a.k.now()
	key, ok := youngest(h.house, now, now)
	if !ok {
		return nil, errors.New("no house key has started")
	}
	return key.Encrypt(plaintext, associatedData)
}

func (a houseAEAD) Decrypt(ciphertext, associatedData []byte) ([]byte, error) {
	if len(ciphertext) < 5 {
		return nil, errors.New("too short for a ciphertext")
	}
	key, ok := look(a.k, func(h *held) (key houseKey, ok bool) {
		for _, key := range h.house {
			if key.prefix == string(ciphertext[:5]) {
				return key, true
			}
		}
		return key, false
	})
	if !ok {
		return nil, errors.New("sealed under a key that is not here")
	}
	return key.Decrypt(ciphertext, associatedData)
}

// signer is the key to sign with now: the youngest that has started.
func (k *Keyring) signer() (signingKey, error) {
	h, err := k.fresh()
	if err != nil {
		return signingKey{}, err
	}
	now := k.now()
	key, ok := youngest(h.signing, now, now)
	if !ok {
		return signingKey{}, errors.New("no signing key has started")
	}
	return key, nil
}

// verifier is the public key of this kid.
func (k *Keyring) verifier(kid string) (*ecdsa.PublicKey, bool) {
	key, ok := look(k, func(h *held) (signingKey, bool) {
		for _, key := range h.signing {
			if key.kid == kid {
				return key, true
			}
		}
		return signingKey{}, false
	})
	if !ok || key.over(k.now()) {
		return nil, false
	}
	return &key.private.PublicKey, true
}

// refresher is the refresh key of this number.
func (k *Keyring) refresher(number uint16) (refreshKey, bool) {
	key, ok := look(k, func(h *held) (refreshKey, bool) {
		for _, key := range h.refresh {
			if key.number == number {
				return key, true
			}
		}
		return refreshKey{}, false
	})
	return key, ok && !key.over(k.now())
}

// refresherAt is the refresh key that makes tokens at an instant: the youngest that had started.
func (k *Keyring) refresherAt(at time.Time) (refreshKey, error) {
	h, err := k.fresh()
	if err != nil {
		return refreshKey{}, err
	}
	key, ok := youngest(h.refresh, at, k.now())
	if !ok {
		return refreshKey{}, errors.New("no refresh key has started")
	}
	return key, nil
}
