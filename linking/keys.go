package linking

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/tink"
)

// The kinds of key in the database.
const (
	signingKind = "signing" // ES256, PKCS #8
	houseKind   = "house"   // a Tink AEAD keyset; the youngest number holds all keys there ever were
	refreshKind = "refresh" // 32 bytes for HMAC-SHA256
)

// Keyring holds the keys that are in the database, unwrapped, and the pairwise key.
type Keyring struct {
	store    KeyStore
	wrap     tink.AEAD
	pairwise []byte
	now      func() time.Time
	held     atomic.Pointer[held]
}

// held is what one reading of the database gave.
type held struct {
	signing []signingKey // oldest first
	refresh []refreshKey // oldest first
	house   tink.AEAD
}

type signingKey struct {
	kid          string // RFC 7638
	x, y         string
	private      *ecdsa.PrivateKey
	starts, ends time.Time
}

type refreshKey struct {
	number       uint16
	secret       []byte
	starts, ends time.Time
}

// OpenKeyring reads the keys, and makes those that are missing. wrap is the key of SOTTO_KEYS that wraps them; pairwise the one
// from which customers' names are made. Processes that start together end with the same keys.
func OpenKeyring(ctx context.Context, store KeyStore, wrap tink.AEAD, pairwise []byte, now func() time.Time) (*Keyring, error) {
	if len(pairwise) < 32 {
		return nil, errors.New("open keyring: the pairwise key is shorter than 32 bytes")
	}
	k := &Keyring{store: store, wrap: wrap, pairwise: bytes.Clone(pairwise), now: now}
	kept, err := store.LinkingKeys(ctx)
	if err != nil {
		return nil, fmt.Errorf("open keyring: %w", err)
	}
	there := map[string]bool{}
	for _, s := range kept {
		there[s.Kind] = true
	}
	made := false
	for kind, generate := range map[string]func(ad []byte) ([]byte, error){
		signingKind: k.makeSigning, houseKind: k.makeHouse, refreshKind: k.makeRefresh,
	} {
		if there[kind] {
			continue
		}
		wrapped, err := generate(keyAD(kind, 1))
		if err != nil {
			return nil, fmt.Errorf("make the %s key: %w", kind, err)
		}
		if err := store.AddKey(ctx, SealedKey{Kind: kind, Number: 1, Wrapped: wrapped, Made: now(), Starts: now()}); err != nil {
			return nil, fmt.Errorf("keep the %s key: %w", kind, err)
		}
		made = true
	}
	if made {
		if kept, err = store.LinkingKeys(ctx); err != nil {
			return nil, fmt.Errorf("open keyring: %w", err)
		}
	}
	if err := k.hold(kept); err != nil {
		return nil, fmt.Errorf("open keyring: %w", err)
	}
	return k, nil
}

func keyAD(kind string, number int64) []byte {
	return fmt.Appendf(nil, "keys|%s-%d|wrapped", kind, number)
}

func (k *Keyring) makeSigning(ad []byte) ([]byte, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	return k.wrap.Encrypt(der, ad)
}

func (k *Keyring) makeRefresh(ad []byte) ([]byte, error) { return k.wrap.Encrypt(random(32), ad) }

func (k *Keyring) makeHouse(ad []byte) ([]byte, error) {
	handle, err := keyset.NewHandle(aead.AES256GCMKeyTemplate())
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if err := handle.WriteWithAssociatedData(keyset.NewBinaryWriter(&b), k.wrap, ad); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// hold unwraps what is kept. A key that cannot be unwrapped means that SOTTO_KEYS is not the file this database belongs to.
func (k *Keyring) hold(kept []SealedKey) error {
	h := new(held)
	now := k.now()
	for _, s := range kept {
		if !s.Ends.IsZero() && !s.Ends.After(now) {
			continue
		}
		if err := k.unwrap(h, s); err != nil {
			return fmt.Errorf("%s key %d is not of this SOTTO_KEYS: %w", s.Kind, s.Number, err)
		}
	}
	if len(h.signing) == 0 || len(h.refresh) == 0 || h.house == nil {
		return errors.New("every key of a kind has ended")
	}
	k.held.Store(h)
	return nil
}

func (k *Keyring) unwrap(h *held, s SealedKey) error {
	ad := keyAD(s.Kind, s.Number)
	if s.Kind == houseKind {
		handle, err := keyset.ReadWithAssociatedData(keyset.NewBinaryReader(bytes.NewReader(s.Wrapped)), k.wrap, ad)
		if err != nil {
			return err
		}
		h.house, err = aead.New(handle)
		return err
	}
	plain, err := k.wrap.Decrypt(s.Wrapped, ad)
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
		h.signing = append(h.signing, signingKey{thumbprint(x, y), x, y, private, s.Starts, s.Ends})
	case refreshKind:
		if len(plain) < 32 || s.Number < 1 || s.Number > 1<<16-1 {
			return errors.New("of the wrong size")
		}
		h.refresh = append(h.refresh, refreshKey{uint16(s.Number), plain, s.Starts, s.Ends})
	default: // of a younger version
	}
	return nil
}

// House encrypts what is at rest but belongs to no link. Its associated data say table, row and column.
func (k *Keyring) House() tink.AEAD { return houseAEAD{k} }

// houseAEAD follows the keyring, so that whoever holds it keeps up with new keys.
type houseAEAD struct{ k *Keyring }

func (a houseAEAD) Encrypt(plaintext, associatedData []byte) ([]byte, error) {
	return a.k.held.Load().house.Encrypt(plaintext, associatedData)
}

func (a houseAEAD) Decrypt(ciphertext, associatedData []byte) ([]byte, error) {
	return a.k.held.Load().house.Decrypt(ciphertext, associatedData)
}

// signer is the key to sign with now: the youngest that has started.
func (k *Keyring) signer() (signingKey, error) {
	now := k.now()
	keys := k.held.Load().signing
	for i := len(keys) - 1; i >= 0; i-- {
		if !keys[i].starts.After(now) && (keys[i].ends.IsZero() || keys[i].ends.After(now)) {
			return keys[i], nil
		}
	}
	return signingKey{}, errors.New("no signing key has started")
}

// verifier is the public key of this kid.
func (k *Keyring) verifier(kid string) (*ecdsa.PublicKey, bool) {
	now := k.now()
	for _, key := range k.held.Load().signing {
		if key.kid == kid && (key.ends.IsZero() || key.ends.After(now)) {
			return &key.private.PublicKey, true
		}
	}
	return nil, false
}

// refresher is the refresh key of this number.
func (k *Keyring) refresher(number uint16) (refreshKey, bool) {
	now := k.now()
	for _, key := range k.held.Load().refresh {
		if key.number == number && (key.ends.IsZero() || key.ends.After(now)) {
			return key, true
		}
	}
	return refreshKey{}, false
}

// refresherAt is the refresh key that makes tokens at an instant: the youngest that had started.
func (k *Keyring) refresherAt(at time.Time) (refreshKey, bool) {
	keys := k.held.Load().refresh
	for i := len(keys) - 1; i >= 0; i-- {
		if !keys[i].starts.After(at) {
			return keys[i], true
		}
	}
	return refreshKey{}, false
}

// name makes a stable name under the pairwise key. Each part is preceded by its length, so that no two lists of parts are alike.
func (k *Keyring) name(parts ...string) []byte {
	return mac(k.pairwise, parts...)
}

func mac(key []byte, parts ...string) []byte {
	h := hmac.New(sha256.New, key)
	for _, p := range parts {
		fmt.Fprintf(h, "%d:%s", len(p), p)
	}
	return h.Sum(nil)
}

// JWKS is a document of RFC 7517 section 5.
type JWKS struct {
	Keys []JWK `json:"keys"`
}

// JWK is one public key, RFC 7518 section 6.2.
type JWK struct {
	Kty string `json:"kty"`
	Crv string `json:"crv"`
	X   string `json:"x"`
	Y   string `json:"y"`
	Kid string `json:"kid"`
	Use string `json:"use"`
	Alg string `json:"alg"`
}

// Public gives the public keys of all signing keys that are published, those to come included.
func (k *Keyring) Public() JWKS {
	set := JWKS{Keys: []JWK{}}
	now := k.now()
	for _, key := range k.held.Load().signing {
		if !key.ends.IsZero() && !key.ends.After(now) {
			continue
		}
		set.Keys = append(set.Keys, JWK{Kty: "EC", Crv: "P-256", X: key.x, Y: key.y, Kid: key.kid, Use: "sig", Alg: "ES256"})
	}
	return set
}

func coordinates(key *ecdsa.PublicKey) (x, y string, err error) {
	point, err := key.Bytes() // 4, x, y
	if err != nil {
		return "", "", fmt.Errorf("public key: %w", err)
	}
	return encode(point[1:33]), encode(point[33:65]), nil
}

// thumbprint names a key after itself, RFC 7638.
func thumbprint(x, y string) string {
	return encode(hash(`{"crv":"P-256","kty":"EC","x":"` + x + `","y":"` + y + `"}`))
}

func encode(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// random gives n random bytes. crypto/rand does not fail: it ends the program instead.
func random(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b)
	return b
}
