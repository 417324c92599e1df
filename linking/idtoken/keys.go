package idtoken

import (
	"context"
	"crypto/rsa"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/go-json-experiment/json"
	"golang.org/x/sync/singleflight"
)

// The bounds of what is fetched and kept.
const (
	maxKeySet  = 64 << 10
	maxKeys    = 32
	maxKid     = 256
	minKeyBits = 2048
	maxKeyBits = 4096
	fetchTime  = 3 * time.Second
	// A set is good for as long as its Cache-Control says, within these.
	shortestLife = 5 * time.Minute
	usualLife    = time.Hour
	longestLife  = 24 * time.Hour
	// rest is how long it is before a key that is not there is looked for again: whoever makes up key ids costs one fetch a minute.
	rest = time.Minute
)

var errNoKey = errors.New("no such key")

// keys is a key set (RFC 7517) that is fetched when it is needed, once at a time, and kept.
type keys struct {
	url    string
	client *http.Client
	now    func() time.Time
	flight singleflight.Group

	mu    sync.RWMutex
	set   map[string]*rsa.PublicKey
	until time.Time // when the set is to be fetched anew
	end   time.Time // when it is no longer good, though it could not be
	tried time.Time // the last fetch
}

func newKeys(url string, transport http.RoundTripper, now func() time.Time) *keys {
	return &keys{url: url, now: now, client: &http.Client{
		Transport: transport, Timeout: fetchTime,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// key gives the key of an id; errNoKey where the set has none, ErrUnreachable where there is no set. Waiting for a fetch ends with ctx; the
// fetch itself goes on for the others who wait.
func (k *keys) key(ctx context.Context, kid string) (*rsa.PublicKey, error) {
	if kid == "" || len(kid) > maxKid {
		return nil, errNoKey
	}
	key, fresh, again := k.known(kid)
	if key != nil && fresh {
		return key, nil
	}
	if again {
		done := k.flight.DoChan("", func() (any, error) { return nil, k.fetch(context.WithoutCancel(ctx)) })
		if key != nil {
			return key, nil // nobody waits for a newer set while the old one is good
		}
		select {
		case <-ctx.Done():
			return nil, ErrUnreachable
		case <-done:
		}
		key, _, _ = k.known(kid)
	}
	switch {
	case key != nil:
		return key, nil
	case k.empty():
		return nil, ErrUnreachable
	default:
		return nil, errNoKey
	}
}

// known gives the key of an id, whether the set it is in is fresh, and whether it may be fetched anew.
func (k *keys) known(kid string) (key *rsa.PublicKey, fresh, again bool) {
	now := k.now()
	k.mu.RLock()
	defer k.mu.RUnlock()
	if now.Before(k.end) {
		key = k.set[kid]
	}
	return key, now.Before(k.until), now.Sub(k.tried).Abs() >= rest
}

func (k *keys) empty() bool {
	k.mu.RLock()
	defer k.mu.RUnlock()
	return len(k.set) == 0 || !k.now().Before(k.end)
}

// fetch fetches the set and keeps it. A set that cannot be read leaves the old one as it is.
func (k *keys) fetch(ctx context.Context) error {
	set, life, err := k.load(ctx)
	now := k.now()
	k.mu.Lock()
	defer k.mu.Unlock()
	k.tried = now
	if err == nil {
		k.set, k.until, k.end = set, now.Add(life), now.Add(longestLife)
	}
	return err
}

func (k *keys) load(ctx context.Context) (map[string]*rsa.PublicKey, time.Duration, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, k.url, nil)
	if err != nil {
		return nil, 0, ErrUnreachable
	}
	response, err := k.client.Do(request)
	if err != nil {
		return nil, 0, fmt.Errorf("%w: %w", ErrUnreachable, err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, 0, fmt.Errorf("%w: status %d", ErrUnreachable, response.StatusCode)
	}
	content, err := io.ReadAll(io.LimitReader(response.Body, maxKeySet+1))
	if err != nil || len(content) > maxKeySet {
		return nil, 0, fmt.Errorf("%w: cut off, or over 64 KiB", ErrUnreachable)
	}
	set, err := parseKeys(content)
	return set, lifeOf(response.Header.Get("Cache-Control")), err
}

// lifeOf is how long an answer with this Cache-Control is kept.
func lifeOf(control string) time.Duration {
	for part := range strings.SplitSeq(control, ",") {
		if seconds, ok := strings.CutPrefix(strings.ToLower(strings.TrimSpace(part)), "max-age="); ok {
			n, err := strconv.Atoi(seconds)
			if err != nil || n > int(longestLife.Seconds()) {
				return longestLife
			}
			return max(time.Duration(n)*time.Second, shortestLife)
		}
	}
	return usualLife
}

// parseKeys reads the RSA keys for signatures; others are left out.
func parseKeys(content []byte) (map[string]*rsa.PublicKey, error) {
	var wire struct {
		Keys []struct {
			Kty string `json:"kty"`
			Use string `json:"use"`
			Alg string `json:"alg"`
			Kid string `json:"kid"`
			N   string `json:"n"`
			E   string `json:"e"`
		} `json:"keys"`
	}
	if err := json.Unmarshal(content, &wire); err != nil || len(wire.Keys) > maxKeys {
		return nil, fmt.Errorf("%w: no key set", ErrUnreachable)
	}
	set := make(map[string]*rsa.PublicKey, len(wire.Keys))
	for _, w := range wire.Keys {
		if w.Kty != "RSA" || w.Kid == "" || len(w.Kid) > maxKid || w.Use != "" && w.Use != "sig" || w.Alg != "" && w.Alg != "RS256" {
			continue
		}
		n, errN := base64.RawURLEncoding.DecodeString(w.N)
		e, errE := base64.RawURLEncoding.DecodeString(w.E)
		if errN != nil || errE != nil || len(e) == 0 || len(e) > 4 {
			continue
		}
		key := &rsa.PublicKey{N: new(big.Int).SetBytes(n), E: int(new(big.Int).SetBytes(e).Int64())}
		if bits := key.N.BitLen(); bits < minKeyBits || bits > maxKeyBits || key.E < 3 || key.E%2 == 0 {
			continue
		}
		set[w.Kid] = key
	}
	if len(set) == 0 {
		return nil, fmt.Errorf("%w: no key in it", ErrUnreachable)
	}
	return set, nil
}
