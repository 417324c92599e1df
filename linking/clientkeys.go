package linking

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/base64"
	"errors"
	"fmt"
	"math/big"
	"slices"

	"github.com/go-json-experiment/json"
)

// assertionAlgorithms are those of FAPI 2.0, section 5.4.1: whoever sees the public key cannot sign, and no old padding.
var assertionAlgorithms = []string{"ES256", "PS256", "EdDSA"}

// maxClientKeys is how many keys one client may have: the one in use, its successor, and room to spare.
const maxClientKeys = 16

// clientKey is one public key of a client.
type clientKey struct {
	kid string
	alg string
	key crypto.PublicKey
}

// publicJWK is a key of somebody else's document (RFC 7517, RFC 7518 section 6, RFC 8037). Those after Kid are private parts, which have no
// business here.
type publicJWK struct {
	Kty string `json:"kty"`
	Use string `json:"use"`
	Alg string `json:"alg"`
	Crv string `json:"crv"`
	X   string `json:"x"`
	Y   string `json:"y"`
	N   string `json:"n"`
	E   string `json:"e"`
	Kid string `json:"kid"`

	D string `json:"d"`
	P string `json:"p"`
	Q string `json:"q"`
	K string `json:"k"`
}

// readClientKeys reads a client's JWKS. Keys for encryption are left out; any other that cannot serve is an error, so that its owner learns
// of it before the day it is needed.
func readClientKeys(document []byte) ([]clientKey, error) {
	var set struct {
		Keys []publicJWK `json:"keys"`
	}
	if err := json.Unmarshal(document, &set); err != nil {
		return nil, errors.New("it is no JSON Web Key Set")
	}
	var keys []clientKey
	for i, k := range set.Keys {
		if k.Use == "enc" {
			continue
		}
		key, err := k.read()
		if err != nil {
			return nil, fmt.Errorf("key %d: %w", i+1, err)
		}
		if slices.ContainsFunc(keys, func(other clientKey) bool { return other.kid == key.kid }) {
			return nil, fmt.Errorf("key %d: another key has this kid, or none has one", i+1)
		}
		keys = append(keys, key)
	}
	switch {
	case len(keys) == 0:
		return nil, errors.New("it has no key to sign with")
	case len(keys) > maxClientKeys:
		return nil, fmt.Errorf("it has more than %d keys", maxClientKeys)
	case len(keys) > 1 && slices.ContainsFunc(keys, func(k clientKey) bool { return k.kid == "" }):
		return nil, errors.New("of several keys each needs a kid")
	}
	return keys, nil
}

func (k publicJWK) read() (clientKey, error) {
	if k.D != "" || k.P != "" || k.Q != "" || k.K != "" {
		return clientKey{}, errors.New("it is a private or a shared key; only the public one belongs here")
	}
	if k.Use != "" && k.Use != "sig" {
		return clientKey{}, errors.New("its use is not sig")
	}
	read := clientKey{kid: k.Kid}
	var err error
	switch {
	case k.Kty == "EC" && k.Crv == "P-256":
		read.alg = "ES256"
		read.key, err = readEC(k.X, k.Y)
	case k.Kty == "OKP" && k.Crv == "Ed25519":
		read.alg = "EdDSA"
		read.key, err = readEd25519(k.X)
	case k.Kty == "RSA":
		read.alg = "PS256"
		read.key, err = readRSA(k.N, k.E)
	default:
		return clientKey{}, errors.New("it must be EC on P-256, OKP on Ed25519, or RSA")
	}
	if err != nil {
		return clientKey{}, err
	}
	if k.Alg != "" && k.Alg != read.alg && (read.alg != "EdDSA" || k.Alg != "Ed25519") { // RFC 9864 calls it by its curve
		return clientKey{}, errors.New("its alg must be ES256, PS256 or EdDSA, as fits the key")
	}
	return read, nil
}

var errMalformedKey = errors.New("it is malformed")

func readEC(x, y string) (crypto.PublicKey, error) {
	bx, errX := base64.RawURLEncoding.Strict().DecodeString(x)
	by, errY := base64.RawURLEncoding.Strict().DecodeString(y)
	if errX != nil || errY != nil || len(bx) != 32 || len(by) != 32 {
		return nil, errMalformedKey
	}
	key, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), slices.Concat([]byte{4}, bx, by))
	if err != nil {
		return nil, errMalformedKey
	}
	return key, nil
}

func readEd25519(x string) (crypto.PublicKey, error) {
	b, err := base64.RawURLEncoding.Strict().DecodeString(x)
	if err != nil || len(b) != ed25519.PublicKeySize {
		return nil, errMalformedKey
	}
	return ed25519.PublicKey(b), nil
}

func readRSA(n, e string) (crypto.PublicKey, error) {
	bn, errN := base64.RawURLEncoding.Strict().DecodeString(n)
	be, errE := base64.RawURLEncoding.Strict().DecodeString(e)
	if errN != nil || errE != nil || len(be) == 0 || len(be) > 4 {
		return nil, errMalformedKey
	}
	key := &rsa.PublicKey{N: new(big.Int).SetBytes(bn), E: int(new(big.Int).SetBytes(be).Int64())}
	switch bits := key.N.BitLen(); {
	case bits < 2048 || bits > 8192:
		return nil, errors.New("an RSA key must have 2048 to 8192 bits")
	case key.E < 1<<16+1 || key.E > 1<<31-1 || key.E%2 == 0 || key.N.Bit(0) == 0:
		return nil, errMalformedKey
	}
	return key, nil
}
