package mockbank

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/base64"
	"fmt"
	"math/big"
	"slices"

	"github.com/go-json-experiment/json"
)

// registered is a client with its keys read.
type registered struct {
	Client
	keys []publicKey
}

type publicKey struct {
	kid string
	key crypto.PublicKey // *rsa.PublicKey or *ecdsa.PublicKey
}

// redirects says whether uri is byte-equal to a registered redirect URI.
func (c *registered) redirects(uri string) bool { return slices.Contains(c.RedirectURIs, uri) }

// keysFor gives the keys a JWT with this kid may be signed with: the one of that
// name, or all when the JWT names none.
func (c *registered) keysFor(kid string) []publicKey {
	if kid == "" {
		return c.keys
	}
	var out []publicKey
	for _, k := range c.keys {
		if k.kid == kid {
			out = append(out, k)
		}
	}
	return out
}

func readClients(list []Client) (map[string]*registered, error) {
	out := make(map[string]*registered, len(list))
	for _, c := range list {
		keys, err := readJWKS(c.JWKS)
		if err != nil {
			return nil, fmt.Errorf("%w: client %q: %w", ErrOptions, c.ID, err)
		}
		out[c.ID] = &registered{Client: c, keys: keys}
	}
	return out, nil
}

func readJWKS(raw []byte) ([]publicKey, error) {
	if len(raw) == 0 {
		return nil, nil
	}
	var set struct {
		Keys []struct {
			Kty string `json:"kty"`
			Kid string `json:"kid"`
			Crv string `json:"crv"`
			X   string `json:"x"`
			Y   string `json:"y"`
			N   string `json:"n"`
			E   string `json:"e"`
		} `json:"keys"`
	}
	if err := json.Unmarshal(raw, &set); err != nil {
		return nil, fmt.Errorf("read JWKS: %w", err)
	}
	var keys []publicKey
	for _, k := range set.Keys {
		var (
			key crypto.PublicKey
			err error
		)
		switch {
		case k.Kty == "RSA":
			key, err = rsaKey(k.N, k.E)
		case k.Kty == "EC" && k.Crv == "P-256":
			key, err = ecKey(k.X, k.Y)
		default:
			continue // a key for something else
		}
		if err != nil {
			return nil, fmt.Errorf("read JWKS: key %q: %w", k.Kid, err)
		}
		keys = append(keys, publicKey{kid: k.Kid, key: key})
	}
	return keys, nil
}

func rsaKey(n, e string) (*rsa.PublicKey, error) {
	modulus, err := base64.RawURLEncoding.DecodeString(n)
	if err != nil {
		return nil, err
	}
	exponent, err := base64.RawURLEncoding.DecodeString(e)
	if err != nil {
		return nil, err
	}
	exp := new(big.Int).SetBytes(exponent)
	if len(modulus) < 256 || len(modulus) > 1024 || !exp.IsInt64() || exp.Int64() > 1<<31-1 || exp.Int64() < 3 {
		return nil, fmt.Errorf("%w: an RSA key has 2048 to 8192 bits", ErrOptions)
	}
	return &rsa.PublicKey{N: new(big.Int).SetBytes(modulus), E: int(exp.Int64())}, nil
}

func ecKey(x, y string) (*ecdsa.PublicKey, error) {
	rawX, err := base64.RawURLEncoding.DecodeString(x)
	if err != nil {
		return nil, err
	}
	rawY, err := base64.RawURLEncoding.DecodeString(y)
	if err != nil {
		return nil, err
	}
	point := slices.Concat([]byte{4}, rawX, rawY)
	return ecdsa.ParseUncompressedPublicKey(elliptic.P256(), point)
}
