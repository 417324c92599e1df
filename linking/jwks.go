package linking

import (
	"crypto/ecdsa"
	"fmt"
)

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
	for _, key := range k.known().signing {
		if key.over(now) {
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
