package dev_test

import (
	"bytes"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"sotto/server/dev"
)

func open(t *testing.T, dir string, now time.Time) *dev.AlexaAuthority {
	t.Helper()
	a, err := dev.OpenAlexa(dir, now, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func leaf(t *testing.T, a *dev.AlexaAuthority) *x509.Certificate {
	t.Helper()
	block, rest := pem.Decode(a.Chain)
	c, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	if root, _ := pem.Decode(rest); root == nil {
		t.Error("the chain has no root after its leaf")
	}
	return c
}

func TestTheAuthorityOfAStateDirectory(t *testing.T) {
	dir := t.TempDir()
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	first := open(t, dir, now)
	options := x509.VerifyOptions{DNSName: "echo-api.amazon.com", Roots: first.Roots, CurrentTime: now}
	if _, err := leaf(t, first).Verify(options); err != nil {
		t.Errorf("its leaf does not verify: %v", err)
	}
	if !first.Key.PublicKey.Equal(leaf(t, first).PublicKey) {
		t.Error("its key is not the leaf's")
	}
	files := first.Files("amzn1.ask.skill.x")
	for _, name := range []string{files.ChainFile, files.KeyFile, files.RootsFile, files.RootsKeyFile} {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %o, want 600", name, info.Mode().Perm())
		}
	}
	served, err := os.ReadFile(filepath.Join(dir, files.ChainFile))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(served, first.Chain) {
		t.Error("the chain file is not the chain that is served")
	}

	t.Run("its key is found where its files are said to be", func(t *testing.T) {
		key, err := dev.ReadAlexaKey(dir, files)
		if err != nil || !key.Equal(first.Key) {
			t.Errorf("got another key, %v", err)
		}
		if _, err := dev.ReadAlexaKey(t.TempDir(), files); err == nil {
			t.Error("found a key where there is none")
		}
	})
	t.Run("a restart finds the same certificates", func(t *testing.T) {
		again := open(t, dir, now.Add(time.Hour))
		if !bytes.Equal(again.Chain, first.Chain) || again.CertificateURL != first.CertificateURL {
			t.Error("a restart made new certificates")
		}
	})
	t.Run("another directory has another root", func(t *testing.T) {
		other := open(t, t.TempDir(), now)
		if _, err := leaf(t, other).Verify(options); err == nil {
			t.Error("the root of one directory stands behind the leaf of another")
		}
	})
	t.Run("a clock moved three years on gets a new leaf under the old root, at a new URL", func(t *testing.T) {
		later := now.AddDate(3, 0, 0)
		renewed := open(t, dir, later)
		if renewed.CertificateURL == first.CertificateURL {
			t.Error("the new leaf has the old one's URL, where a cache would find the old one")
		}
		if _, err := leaf(t, renewed).Verify(x509.VerifyOptions{DNSName: "echo-api.amazon.com", Roots: first.Roots, CurrentTime: later}); err != nil {
			t.Errorf("the new leaf does not verify: %v", err)
		}
	})
	t.Run("a key whose certificate was never written is made anew", func(t *testing.T) {
		fresh := t.TempDir()
		open(t, fresh, now)
		other := open(t, t.TempDir(), now)
		key, err := x509.MarshalPKCS8PrivateKey(other.Key)
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(fresh, files.KeyFile)
		if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key}), 0o600); err != nil {
			t.Fatal(err)
		}
		mended := open(t, fresh, now)
		if !mended.Key.PublicKey.Equal(leaf(t, mended).PublicKey) {
			t.Error("the key is still not the leaf's")
		}
	})
	t.Run("a damaged file is said to be damaged", func(t *testing.T) {
		if err := os.WriteFile(filepath.Join(dir, files.ChainFile), []byte("no PEM"), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := dev.OpenAlexa(dir, now, rand.Reader); !errors.Is(err, dev.ErrState) {
			t.Errorf("got %v, want ErrState", err)
		}
	})
	t.Run("without random bytes nothing is made", func(t *testing.T) {
		if _, err := dev.OpenAlexa(t.TempDir(), now, bytes.NewReader(nil)); err == nil {
			t.Error("made an authority from nothing")
		}
	})
}
