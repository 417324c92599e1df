package main

import (
	"crypto/x509"
	"fmt"
	"sync"

	"golang.org/x/crypto/x509roots/fallback/bundle"

	"sotto/server"
)

// forHouse says which house a command is about, and has roots for all that it dials. A development house dials nothing that needs them, and does
// without what they take of memory.
func forHouse(cfg *server.Config, dev bool) error {
	cfg.Dev = dev
	if dev {
		return nil
	}
	return trustRoots()
}

// trustRoots gives a machine without trusted roots those of Mozilla, as compiled in: once, as a second time would panic.
var trustRoots = sync.OnceValue(func() error {
	if own, err := x509.SystemCertPool(); err == nil && !own.Equal(x509.NewCertPool()) {
		return nil
	}
	pool := x509.NewCertPool()
	for root := range bundle.Roots() {
		c, err := x509.ParseCertificate(root.Certificate)
		if err != nil {
			return fmt.Errorf("read the compiled-in roots: %w", err)
		}
		if root.Constraint == nil {
			pool.AddCert(c)
		} else {
			pool.AddCertWithConstraint(c, root.Constraint)
		}
	}
	x509.SetFallbackRoots(pool)
	return nil
})
