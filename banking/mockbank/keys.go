package mockbank

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"crypto/subtle"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"io"
	"time"
)

// keys gives the bank's signing key and the secret of its page cursors, made
// once and kept with the state.
func (s *state) keys(random io.Reader) (*ecdsa.PrivateKey, []byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	kept, ok := s.keep["signing"]
	if !ok {
		key, err := ecdsa.GenerateKey(elliptic.P256(), random)
		if err != nil {
			return nil, nil, fmt.Errorf("make the signing key: %w", err)
		}
		der, err := x509.MarshalPKCS8PrivateKey(key)
		if err != nil {
			return nil, nil, fmt.Errorf("encode the signing key: %w", err)
		}
		secret := make([]byte, 32)
		if _, err := io.ReadFull(random, secret); err != nil {
			return nil, nil, fmt.Errorf("make the cursor secret: %w", err)
		}
		kept = keptKey{ID: "signing", Bytes: der}
		if err := s.commit(time.Time{}, kept, keptKey{ID: "cursor", Bytes: secret}); err != nil {
			return nil, nil, err
		}
	}
	parsed, err := x509.ParsePKCS8PrivateKey(kept.Bytes)
	if err != nil {
		return nil, nil, fmt.Errorf("%w: signing key: %w", ErrState, err)
	}
	key, ok := parsed.(*ecdsa.PrivateKey)
	if !ok || len(s.keep["cursor"].Bytes) != 32 {
		return nil, nil, fmt.Errorf("%w: the kept keys are not this bank's", ErrState)
	}
	return key, s.keep["cursor"].Bytes, nil
}

// keyID is the RFC 7638 thumbprint of a P-256 key.
func keyID(k *ecdsa.PublicKey) string {
	x, y := coordinates(k)
	sum := sha256.Sum256([]byte(`{"crv":"P-256","kty":"EC","x":"` + x + `","y":"` + y + `"}`))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

func coordinates(k *ecdsa.PublicKey) (x, y string) {
	raw, err := k.Bytes() // 0x04, X, Y
	if err != nil || len(raw) != 65 {
		return "", ""
	}
	return base64.RawURLEncoding.EncodeToString(raw[1:33]), base64.RawURLEncoding.EncodeToString(raw[33:])
}

// hashed is the form in which tokens, codes and cookies are kept.
func hashed(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// same compares two secrets in constant time, their lengths included.
func same(a, b string) bool {
	x, y := sha256.Sum256([]byte(a)), sha256.Sum256([]byte(b))
	return subtle.ConstantTimeCompare(x[:], y[:]) == 1
}

// secretString draws 256 bits and writes them as 43 URL-safe characters.
func (a *albion) secretString() (string, error) {
	var b [32]byte
	if _, err := io.ReadFull(a.opts.Rand, b[:]); err != nil {
		return "", fmt.Errorf("draw a secret: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(b[:]), nil
}
