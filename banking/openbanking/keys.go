package openbanking

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"os"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// signing is Sotto's own key at a bank.
type signing struct {
	key    crypto.PrivateKey
	kid    string
	method jwt.SigningMethod
}

// sign makes a JWT of the claims.
func (s *signing) sign(claims jwt.MapClaims, typ string) (string, error) {
	t := jwt.NewWithClaims(s.method, claims)
	t.Header["kid"] = s.kid
	if typ != "" {
		t.Header["typ"] = typ
	}
	signed, err := t.SignedString(s.key)
	if err != nil {
		return "", fmt.Errorf("sign for the bank: %w", err)
	}
	return signed, nil
}

// readSigning reads the signing key, where one is set.
func readSigning(c Config) (*signing, error) {
	if c.SigningKeyFile == "" {
		return nil, nil //nolint:nilnil // no key is wanted, and that is no error
	}
	fault := func(what string) error {
		return fmt.Errorf("%w: bank %q: signing_key_file %s", ErrConfig, c.ID, what)
	}
	raw, err := os.ReadFile(c.SigningKeyFile)
	if err != nil {
		return nil, fault("cannot be read")
	}
	block, _ := pem.Decode(raw)
	if block == nil {
		return nil, fault("is not PEM")
	}
	var key any
	switch block.Type {
	case "RSA PRIVATE KEY":
		key, err = x509.ParsePKCS1PrivateKey(block.Bytes)
	case "EC PRIVATE KEY":
		key, err = x509.ParseECPrivateKey(block.Bytes)
	default:
		key, err = x509.ParsePKCS8PrivateKey(block.Bytes)
	}
	if err != nil {
		return nil, fault("holds no private key that can be read")
	}
	switch k := key.(type) {
	case *rsa.PrivateKey:
		if k.N.BitLen() < 2048 {
			return nil, fault("holds an RSA key under 2048 bits")
		}
		return &signing{k, c.SigningKID, jwt.SigningMethodPS256}, nil
	case *ecdsa.PrivateKey:
		if k.Curve != elliptic.P256() {
			return nil, fault("holds an EC key that is not P-256")
		}
		if c.Request == Signed {
			return nil, fault("must hold an RSA key for request: signed, which is PS256")
		}
		return &signing{k, c.SigningKID, jwt.SigningMethodES256}, nil
	}
	return nil, fault("must hold an RSA or P-256 key")
}

// readTLS reads the client certificate and the roots, where they are set.
func readTLS(c Config) (*tls.Config, error) {
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if c.TLSCertFile != "" && c.TLSKeyFile != "" {
		pair, err := tls.LoadX509KeyPair(c.TLSCertFile, c.TLSKeyFile)
		if err != nil {
			return nil, fmt.Errorf("%w: bank %q: tls_cert_file and tls_key_file cannot be read as a pair", ErrConfig, c.ID)
		}
		config.Certificates = []tls.Certificate{pair}
	}
	if c.CAFile != "" {
		raw, err := os.ReadFile(c.CAFile)
		if err != nil {
			return nil, fmt.Errorf("%w: bank %q: ca_file cannot be read", ErrConfig, c.ID)
		}
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(raw) {
			return nil, fmt.Errorf("%w: bank %q: ca_file holds no certificate", ErrConfig, c.ID)
		}
	}
	return config, nil
}

// assertionLife is how long a client assertion is good for; requestLife the same of a request object, of which FAPI 1 Advanced
// (5.2.2 clause 13) allows sixty minutes.
const (
	assertionLife = time.Minute
	requestLife   = 10 * time.Minute
)
