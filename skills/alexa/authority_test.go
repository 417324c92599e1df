package alexa_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"math/big"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"sotto/skills/alexa"
)

const (
	skillID = "amzn1.ask.skill.11111111-2222-3333-4444-555555555555"
	genuine = "https://s3.amazonaws.com/echo.api/echo-api-cert-12.pem"
)

var present = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// stopped is a clock that shows present for ever.
func stopped() time.Time { return present }

// authority is a root of our own, which signs whatever a test asks for.
type authority struct {
	certificate *x509.Certificate
	key         crypto.Signer
}

// keys are made once: they take most of a test's time.
var keys = sync.OnceValue(func() []*rsa.PrivateKey {
	made := make([]*rsa.PrivateKey, 2)
	for i := range made {
		key, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			panic(err)
		}
		made[i] = key
	}
	return made
})

func leafKey() *rsa.PrivateKey { return keys()[0] }

func sign(t testing.TB, template, parent *x509.Certificate, public crypto.PublicKey, key crypto.Signer) *x509.Certificate {
	t.Helper()
	template.SerialNumber = big.NewInt(time.Now().UnixNano())
	template.BasicConstraintsValid = true
	der, err := x509.CreateCertificate(rand.Reader, template, parent, public, key)
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return certificate
}

// newAuthority makes a root, or an intermediate where a parent is given, valid from a year before to a year after the present.
func newAuthority(t testing.TB, name string, parent *authority) *authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		Subject: pkix.Name{CommonName: name}, NotBefore: present.AddDate(-1, 0, 0), NotAfter: present.AddDate(1, 0, 0),
		IsCA: true, KeyUsage: x509.KeyUsageCertSign,
	}
	if parent == nil {
		return &authority{sign(t, template, template, &key.PublicKey, key), key}
	}
	return &authority{sign(t, template, parent.certificate, &key.PublicKey, parent.key), key}
}

// leaf makes a certificate as Amazon's are; change makes it another.
func (a *authority) leaf(t testing.TB, public crypto.PublicKey, change func(*x509.Certificate)) *x509.Certificate {
	t.Helper()
	template := &x509.Certificate{
		Subject: pkix.Name{CommonName: "echo-api.amazon.com"}, DNSNames: []string{"echo-api.amazon.com"},
		NotBefore: present.AddDate(0, -1, 0), NotAfter: present.AddDate(0, 1, 0),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	if change != nil {
		change(template)
	}
	return sign(t, template, a.certificate, public, a.key)
}

func (a *authority) pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(a.certificate)
	return pool
}

func chainOf(certificates ...*x509.Certificate) string {
	var b strings.Builder
	for _, c := range certificates {
		b.Write(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw}))
	}
	return b.String()
}

// bucket plays Amazon's: it answers what is written in it under a URL, and counts who asks.
type bucket struct {
	mu     sync.Mutex
	files  map[string]string
	status map[string]int
	asked  []string
	block  chan struct{} // where not nil, answers wait for it
}

func (b *bucket) RoundTrip(r *http.Request) (*http.Response, error) {
	b.mu.Lock()
	b.asked = append(b.asked, r.URL.String())
	content, found := b.files[r.URL.String()]
	status := b.status[r.URL.String()]
	block := b.block
	b.mu.Unlock()
	if block != nil {
		select {
		case <-block:
		case <-r.Context().Done():
			return nil, r.Context().Err()
		}
	}
	if status == 0 {
		status = http.StatusOK
		if !found {
			status = http.StatusNotFound
		}
	}
	header := http.Header{}
	if status/100 == 3 {
		header.Set("Location", genuine)
	}
	return &http.Response{StatusCode: status, Header: header, Body: io.NopCloser(strings.NewReader(content)), Request: r}, nil
}

func (b *bucket) count() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.asked)
}

func (b *bucket) put(url, content string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.files[url] = content
}

// endpoint is a platform that trusts one root, with the bucket it fetches from.
func endpoint(t testing.TB, root *authority, b *bucket, now func() time.Time) *alexa.Platform {
	t.Helper()
	p, err := alexa.New(alexa.Config{SkillIDs: []string{skillID}, Roots: root.pool(), Transport: b, Now: now})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// house is what most tests need: a root, a bucket with a good chain, and a platform that trusts it.
func house(t testing.TB, now func() time.Time) (*alexa.Platform, *bucket, *authority) {
	t.Helper()
	root := newAuthority(t, "root", nil)
	b := &bucket{files: map[string]string{genuine: chainOf(root.leaf(t, &leafKey().PublicKey, nil), root.certificate)}, status: map[string]int{}}
	return endpoint(t, root, b, now), b, root
}

func signed(t testing.TB, url string, body []byte) http.Header {
	t.Helper()
	header, err := alexa.Signer{CertificateURL: url, Key: leafKey()}.Sign(body)
	if err != nil {
		t.Fatal(err)
	}
	return header
}
