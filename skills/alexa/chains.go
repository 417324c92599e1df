package alexa

import (
	"context"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"
)

// signerName is for whom the certificate that signs requests must be made out.
const signerName = "echo-api.amazon.com"

// The bounds of what is fetched and kept.
const (
	maxChainBytes   = 64 << 10
	maxCertificates = 8
	maxKeyBits      = 4096
	minKeyBits      = 2048
	maxGood         = 32  // chains that held; only Amazon's keys can make one
	maxBad          = 256 // URLs that gave none; anybody can make one up
	maxFetches      = 8   // at one time
	fetchTime       = 3 * time.Second
	unreachableLife = 5 * time.Second
	badLife         = time.Minute
)

// signer is what is kept of a chain that held: the key of its leaf, and when all of its certificates are valid at once.
type signer struct {
	key         *rsa.PublicKey
	begin, over time.Time
}

func (s signer) valid(now time.Time) bool { return !now.Before(s.begin) && !now.After(s.over) }

// refusal is a URL that gave no chain, and until when it is not asked again.
type refusal struct {
	err   error
	until time.Time
}

// chains fetches certificate chains, each URL once at a time, and keeps what they gave. A made-up URL costs one bounded fetch a
// minute and can push no good chain out.
type chains struct {
	roots   *x509.CertPool
	mirror  *url.URL
	client  *http.Client
	flight  singleflight.Group
	fetches chan struct{}

	mu   sync.RWMutex
	good map[string]signer
	bad  map[string]refusal
}

func newChains(roots *x509.CertPool, mirror *url.URL, client *http.Client) *chains {
	return &chains{
		roots:  roots,
		mirror: mirror,
		client: client,

		fetches: make(chan struct{}, maxFetches),
		good:    make(map[string]signer),
		bad:     make(map[string]refusal),
	}
}

// key gives the key behind a certificate path, if its chain is valid now. The validity of every certificate is looked at again
// at each use. Waiting for a fetch ends with ctx; the fetch itself goes on for the others who wait.
func (c *chains) key(ctx context.Context, path string, now time.Time) (*rsa.PublicKey, error) {
	c.mu.RLock()
	known, ok := c.good[path]
	refused, no := c.bad[path]
	c.mu.RUnlock()
	if ok && known.valid(now) {
		return known.key, nil
	}
	if no && now.Before(refused.until) {
		return nil, refused.err
	}
	done := c.flight.DoChan(path, func() (any, error) {
		return c.load(context.WithoutCancel(ctx), path, now)
	})
	select {
	case <-ctx.Done():
		return nil, refuseChain(Unreachable, ctx.Err())
	case r := <-done:
		if r.Err != nil {
			return nil, r.Err
		}
		s, _ := r.Val.(signer)
		if !s.valid(now) {
			return nil, refuse(Expired)
		}
		return s.key, nil
	}
}

// load fetches and proves one chain, and keeps what came of it.
func (c *chains) load(ctx context.Context, path string, now time.Time) (signer, error) {
	ctx, cancel := context.WithTimeout(ctx, fetchTime)
	defer cancel()
	content, err := c.fetch(ctx, path)
	if err != nil {
		err = refuseChain(Unreachable, err)
		c.keepBad(path, refusal{err, now.Add(unreachableLife)}, now)
		return signer{}, err
	}
	s, err := prove(content, c.roots, now)
	if err != nil {
		c.keepBad(path, refusal{err, now.Add(badLife)}, now)
		return signer{}, err
	}
	c.keepGood(path, s)
	return s, nil
}

func (c *chains) fetch(ctx context.Context, path string) ([]byte, error) {
	select {
	case c.fetches <- struct{}{}:
		defer func() { <-c.fetches }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimSuffix(c.mirror.String(), "/")+path, nil)
	if err != nil {
		return nil, errors.New("no such address")
	}
	response, err := c.client.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("status %d", response.StatusCode)
	}
	content, err := io.ReadAll(io.LimitReader(response.Body, maxChainBytes+1))
	if err != nil {
		return nil, err
	}
	if len(content) > maxChainBytes {
		return nil, errors.New("over 64 KiB")
	}
	return content, nil
}

func (c *chains) keepGood(path string, s signer) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.bad, path)
	if len(c.good) >= maxGood {
		oldest := ""
		for other, kept := range c.good {
			if oldest == "" || kept.over.Before(c.good[oldest].over) {
				oldest = other
			}
		}
		delete(c.good, oldest)
	}
	c.good[path] = s
}

func (c *chains) keepBad(path string, r refusal, now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.good, path)
	if len(c.bad) >= maxBad {
		for other, kept := range c.bad {
			if !now.Before(kept.until) {
				delete(c.bad, other)
			}
		}
	}
	for other := range c.bad { // any one will do: each is only a fetch saved
		if len(c.bad) < maxBad {
			break
		}
		delete(c.bad, other)
	}
	c.bad[path] = r
}

// prove reads a PEM chain, leaf first, and gives its signer if the leaf is made out to Alexa and a trusted root stands behind it.
func prove(content []byte, roots *x509.CertPool, now time.Time) (signer, error) {
	file, err := parseChain(content)
	if err != nil {
		return signer{}, refuseChain(Chain, err)
	}
	leaf, between := file[0], x509.NewCertPool()
	for _, certificate := range file[1:] {
		between.AddCert(certificate)
	}
	if !slices.ContainsFunc(leaf.DNSNames, func(name string) bool { return strings.EqualFold(name, signerName) }) {
		return signer{}, refuse(SAN)
	}
	key, ok := leaf.PublicKey.(*rsa.PublicKey)
	if !ok || key.N.BitLen() < minKeyBits || key.N.BitLen() > maxKeyBits {
		return signer{}, refuseChain(Chain, errors.New("not an RSA key of 2,048 to 4,096 bits"))
	}
	found, err := leaf.Verify(x509.VerifyOptions{DNSName: signerName, Roots: roots, Intermediates: between, CurrentTime: now})
	if err != nil {
		for _, certificate := range file {
			if now.Before(certificate.NotBefore) || now.After(certificate.NotAfter) {
				return signer{}, refuse(Expired)
			}
		}
		return signer{}, refuseChain(Chain, errors.New("no trusted root stands behind it"))
	}
	var best signer
	for _, chain := range found {
		s := signer{key, chain[0].NotBefore, chain[0].NotAfter}
		for _, certificate := range chain[1:] {
			if certificate.NotBefore.After(s.begin) {
				s.begin = certificate.NotBefore
			}
			if certificate.NotAfter.Before(s.over) {
				s.over = certificate.NotAfter
			}
		}
		if s.over.After(best.over) {
			best = s
		}
	}
	return best, nil
}

func parseChain(content []byte) ([]*x509.Certificate, error) {
	var file []*x509.Certificate
	for {
		var block *pem.Block
		block, content = pem.Decode(content)
		switch {
		case block == nil && len(file) == 0:
			return nil, errors.New("no certificate")
		case block == nil:
			return file, nil
		case len(file) == maxCertificates:
			return nil, errors.New("over 8 certificates")
		case block.Type != "CERTIFICATE":
			return nil, errors.New("not only certificates")
		}
		certificate, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, errors.New("not a certificate")
		}
		file = append(file, certificate)
	}
}
