package dev

import (
	"crypto"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"
	"os"
	"path/filepath"
	"time"
)

// The files of the authority, in the state directory. Each key is PKCS #8, each certificate X.509, all of them PEM.
const (
	alexaRoots    = "alexa-roots.pem"
	alexaRootsKey = "alexa-roots-key.pem"
	alexaChain    = "alexa-chain.pem"
	alexaKey      = "alexa-key.pem"
)

// How long what the authority signs is valid. A leaf is made anew at a start within leafRest of its end.
const (
	alexaKeyBits = 2048
	rootLife     = 50 * 365 * 24 * time.Hour
	leafLife     = 2 * 365 * 24 * time.Hour
	leafRest     = 30 * 24 * time.Hour
	backdated    = 24 * time.Hour
)

// AlexaAuthority stands in for the certificate authorities behind Amazon's: a root, and a leaf for echo-api.amazon.com with which
// requests are signed. Its keys lie open in the state directory, so that tests can sign anything; a house on the street never
// trusts it.
type AlexaAuthority struct {
	// Roots holds the one root.
	Roots *x509.CertPool
	// Chain is what is served at CertificateURL: PEM, leaf first, then the root.
	Chain []byte
	// CertificateURL is where a request says that its chain is. It names the leaf, so that a new leaf is a new URL.
	CertificateURL string
	// Key is the leaf's.
	Key *rsa.PrivateKey
}

// Files names the authority's files, relative to the state directory, as dev.json does.
func (a *AlexaAuthority) Files(skillID string) AlexaFiles {
	return AlexaFiles{
		SkillID: skillID, CertificateURL: a.CertificateURL,
		ChainFile: alexaChain, KeyFile: alexaKey, RootsFile: alexaRoots, RootsKeyFile: alexaRootsKey,
	}
}

// OpenAlexa opens the authority of a state directory, and makes what is missing or no longer valid by the clock now.
func OpenAlexa(dir string, now time.Time, random io.Reader) (*AlexaAuthority, error) {
	root, rootKey, err := readSigner(dir, alexaRoots, alexaRootsKey)
	if errors.Is(err, os.ErrNotExist) || err == nil && !covers(root, now) {
		root, rootKey, err = makeSigner(dir, alexaRoots, alexaRootsKey, authority(now), nil, nil, random)
	}
	if err != nil {
		return nil, fmt.Errorf("open Alexa's authority: %w", err)
	}
	leaf, key, err := readSigner(dir, alexaChain, alexaKey)
	if errors.Is(err, os.ErrNotExist) || err == nil && (!covers(leaf, now) || leaf.CheckSignatureFrom(root) != nil) {
		leaf, key, err = makeSigner(dir, alexaChain, alexaKey, echo(now), root, rootKey, random)
	}
	if err != nil {
		return nil, fmt.Errorf("open Alexa's certificate: %w", err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(root)
	return &AlexaAuthority{
		Roots: roots, Chain: append(certificatePEM(leaf), certificatePEM(root)...), Key: key,
		CertificateURL: "https://s3.amazonaws.com/echo.api/echo-api-cert-" + hex.EncodeToString(leaf.SerialNumber.Bytes()) + ".pem",
	}, nil
}

// covers says whether a certificate is valid now, and for a while yet.
func covers(c *x509.Certificate, now time.Time) bool {
	return !now.Before(c.NotBefore) && now.Add(leafRest).Before(c.NotAfter)
}

func authority(now time.Time) *x509.Certificate {
	return &x509.Certificate{
		Subject:   pkix.Name{CommonName: "Sotto development root, of one machine"},
		NotBefore: now.Add(-backdated), NotAfter: now.Add(rootLife),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
	}
}

func echo(now time.Time) *x509.Certificate {
	return &x509.Certificate{
		Subject:  pkix.Name{CommonName: "echo-api.amazon.com"},
		DNSNames: []string{"echo-api.amazon.com"}, NotBefore: now.Add(-backdated), NotAfter: now.Add(leafLife),
		BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
}

// makeSigner makes a key and a certificate for it, signed by the parent, or by itself where there is none, and keeps both. The key
// is kept first: a certificate whose key was lost would never be made again.
func makeSigner(dir, file, keyFile string, template, parent *x509.Certificate, parentKey crypto.Signer, random io.Reader) (*x509.Certificate, *rsa.PrivateKey, error) {
	serial, err := randomBytes(random, 16)
	if err != nil {
		return nil, nil, err
	}
	serial[0] = serial[0]&0x7f | 0x40 // positive, and always of one length
	template.SerialNumber = new(big.Int).SetBytes(serial)
	key, err := rsa.GenerateKey(random, alexaKeyBits)
	if err != nil {
		return nil, nil, fmt.Errorf("make a key: %w", err)
	}
	if parent == nil {
		parent, parentKey = template, key
	}
	der, err := x509.CreateCertificate(random, template, parent, &key.PublicKey, parentKey)
	if err != nil {
		return nil, nil, fmt.Errorf("sign a certificate: %w", err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, nil, fmt.Errorf("read a certificate back: %w", err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, nil, fmt.Errorf("write a key: %w", err)
	}
	content := certificatePEM(certificate)
	if parent != template {
		content = append(content, certificatePEM(parent)...)
	}
	if err := WriteFile(filepath.Join(dir, keyFile), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER})); err != nil {
		return nil, nil, err
	}
	return certificate, key, WriteFile(filepath.Join(dir, file), content)
}

// readSigner reads a kept key and its certificate, the first of its file. A certificate that is not of that key counts as missing,
// which is what a crash between the two files leaves behind.
func readSigner(dir, file, keyFile string) (*x509.Certificate, *rsa.PrivateKey, error) {
	damaged := fmt.Errorf("%w: %s or %s is damaged: remove both", ErrState, file, keyFile)
	content, err := os.ReadFile(filepath.Join(dir, file)) //nolint:gosec // a file of our own state directory
	if err != nil {
		return nil, nil, err
	}
	block, _ := pem.Decode(content)
	if block == nil {
		return nil, nil, damaged
	}
	certificate, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return nil, nil, damaged
	}
	key, err := readKey(dir, keyFile)
	if errors.Is(err, ErrState) {
		return nil, nil, damaged
	}
	if err != nil {
		return nil, nil, err
	}
	if !key.PublicKey.Equal(certificate.PublicKey) {
		return nil, nil, os.ErrNotExist
	}
	return certificate, key, nil
}

func certificatePEM(c *x509.Certificate) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})
}
