package server

import (
	"crypto/tls"
	"crypto/x509"
	"os"
	"time"

	"sotto/banking/openbanking"
)

// renewal is how long before its end a certificate should have been renewed.
const renewal = 14 * 24 * time.Hour

// private says whether a file with a secret in it is closed to others, and finds it where it is not. One that its group can read is only
// worth a note: that is how secrets are mounted where the process is not their owner.
func (d *doctor) private(of, path string) bool {
	stat, err := os.Stat(path)
	if err != nil {
		return true // said by whoever reads it
	}
	switch mode := stat.Mode().Perm(); {
	case mode&0o007 != 0:
		d.fault(of, "others can read %s: chmod 600 %s", path, path)
		return false
	case mode&0o070 != 0:
		d.add(Advice, of, "its group can read %s: see that nobody else is in it", path)
	}
	return true
}

// bankFiles looks at what a bank's entry names: the secrets' modes, and how long the client certificate is good for.
func (d *doctor) bankFiles(b openbanking.Config) {
	for _, path := range []string{b.SigningKeyFile, b.TLSKeyFile} {
		if path != "" {
			d.private("banks", path)
		}
	}
	if b.TLSCertFile == "" || b.TLSKeyFile == "" {
		return
	}
	pair, err := tls.LoadX509KeyPair(b.TLSCertFile, b.TLSKeyFile)
	if err != nil || len(pair.Certificate) == 0 {
		return // said by whoever calls the bank
	}
	leaf, err := x509.ParseCertificate(pair.Certificate[0])
	if err != nil {
		return
	}
	switch left := leaf.NotAfter.Sub(d.wall()); {
	case left <= 0:
		d.fault("banks", "%s: our certificate has ended: renew %s", b.ID, b.TLSCertFile)
	case left < renewal:
		d.fault("banks", "%s: our certificate ends in %d days: renew %s", b.ID, int(left.Hours()/24), b.TLSCertFile)
	default:
		d.fine("banks", "%s: our certificate is good for %d days", b.ID, int(left.Hours()/24))
	}
}
