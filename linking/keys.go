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
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/tink"
)

// The kinds of key in the database.
const (
	signingKind = "signing" // ES256, PKCS #8
	houseKind   = "house"   // a Tink AEAD keyset of one key
	refreshKind = "refresh" // 32 bytes for HMAC-SHA256
)

// kinds are all of them, in the order in which they are made.
var kinds = []string{signingKind, houseKind, refreshKind}

// Keyring holds the keys that are in the database, unwrapped, and the pairwise key. It is safe for concurrent use, and any number of
// processes may have one on the same database.
//
//	keys.go     opening, making, wrapping
//	held.go     what was read, read again now and then, and which key serves when
//	rotate.go   successors
//	retire.go   the end of keys that nothing needs
type Keyring struct {
	store    KeyStore
	wrap     tink.AEAD
	pairwise []byte
	now      func() time.Time
	held     atomic.Pointer[held]

	reading sync.Mutex
	tried   time.Time       // when reading was last tried
	base    context.Context // of readings, each of which is for all who wait
}

// OpenKeyring reads the keys, and makes those that are missing. wrap is the key of SOTTO_KEYS that wraps them; pairwise the one
// from which customers' names are made. Processes that start together end with the same keys.
func OpenKeyring(ctx context.Context, store KeyStore, wrap tink.AEAD, pairwise []byte, now func() time.Time) (*Keyring, error) {
	if len(pairwise) < 32 {
		return nil, errors.New("open keyring: the pairwise key is shorter than 32 bytes")
	}
	k := &Keyring{store: store, wrap: wrap, pairwise: bytes.Clone(pairwise), now: now, base: context.WithoutCancel(ctx)}
	kept, err := store.LinkingKeys(ctx)
	if err != nil {
		return nil, fmt.Errorf("open keyring: %w", err)
	}
	there := map[string]bool{}
	for _, s := range kept {
		there[s.Kind] = true
	}
	for _, kind := range kinds {
		if there[kind] {
			continue
		}
		// The first of a kind has always been in use: a process whose clock is behind the one that made it has no other.
		if err := k.add(ctx, kind, 1, time.Time{}); err != nil {
			return nil, err
		}
	}
	if err := k.read(ctx, 0); err != nil {
		return nil, fmt.Errorf("open keyring: %w", err)
	}
	return k, nil
}

// add makes a key and keeps it, unless another process was quicker.
func (k *Keyring) add(ctx context.Context, kind string, number int64, starts time.Time) error {
	generate := map[string]func(ad []byte) ([]byte, error){signingKind: k.makeSigning, houseKind: k.makeHouse, refreshKind: k.makeRefresh}[kind]
	wrapped, err := generate(keyAD(kind, number))
	if err != nil {
		return fmt.Errorf("make the %s key: %w", kind, err)
	}
	if err := k.store.AddKey(ctx, SealedKey{Kind: kind, Number: number, Wrapped: wrapped, Made: k.now(), Starts: starts}); err != nil {
		return fmt.Errorf("keep the %s key: %w", kind, err)
	}
	return nil
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
	return k.wrapHouse(handle, ad)
}

func (k *Keyring) wrapHouse(handle *keyset.Handle, ad []byte) ([]byte, error) {
	var b bytes.Buffer
	if err := handle.WriteWithAssociatedData(keyset.NewBinaryWriter(&b), k.wrap, ad); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// unwrapHouse opens a house key. An error means that SOTTO_KEYS is not the file this database belongs to.
func (k *Keyring) unwrapHouse(s SealedKey) (*keyset.Handle, error) {
	return keyset.ReadWithAssociatedData(keyset.NewBinaryReader(bytes.NewReader(s.Wrapped)), k.wrap, keyAD(s.Kind, s.Number))
}

// rewrap is s under the wrapping key of today.
func (k *Keyring) rewrap(s SealedKey) (SealedKey, error) {
	ad := keyAD(s.Kind, s.Number)
	if s.Kind == houseKind {
		handle, err := k.unwrapHouse(s)
		if err != nil {
			return s, err
		}
		s.Wrapped, err = k.wrapHouse(handle, ad)
		return s, err
	}
	plain, err := k.wrap.Decrypt(s.Wrapped, ad)
	if err != nil {
		return s, err
	}
	s.Wrapped, err = k.wrap.Encrypt(plain, ad)
	return s, err
}

// name makes a stable name under the pairwise key. Each part is preceded by its length, so that no two lists of parts are alike.
func (k *Keyring) name(parts ...string) []byte {
	return mac(k.pairwise, parts...)
}

// receipt is the code of a link's receipt.
func (k *Keyring) receipt(link string) string { return encode(k.name("receipt", link)) }

func mac(key []byte, parts ...string) []byte {
	h := hmac.New(sha256.New, key)
	var b []byte
	for _, p := range parts {
		b = strconv.AppendInt(b, int64(len(p)), 10)
		b = append(b, ':')
		b = append(b, p...)
	}
	h.Write(b)
	return h.Sum(nil)
}

func encode(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// random gives n random bytes. crypto/rand does not fail: it ends the program instead.
func random(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b)
	return b
}
