package openbanking

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/go-json-experiment/json"

	"sotto/banking"
)

// How long what was read of a bank's metadata counts, how long nobody asks again after it could not be had, and how long it is waited for.
const (
	metadataLife  = time.Hour
	metadataPause = 10 * time.Second
	metadataTime  = 3 * time.Second
)

// metadata is what Sotto reads of the bank's metadata.
type metadata struct {
	Issuer     string   `json:"issuer"`
	Modes      []string `json:"response_modes_supported"`
	SaysIssuer bool     `json:"authorization_response_iss_parameter_supported"` // RFC 9207 section 3
}

// published is the bank's metadata as it was last read.
type published struct {
	reading chan struct{} // holds one token while it is being read

	mu    sync.Mutex
	until time.Time
	last  metadata
}

// at gives what is known, and whether it counts for now.
func (p *published) at(now time.Time) (metadata, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.last, now.Before(p.until)
}

func (p *published) keep(m metadata, until time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.last, p.until = m, until
}

// MetadataURL is where the bank's metadata is (OpenID Connect Discovery section 4).
func (c Config) MetadataURL() string {
	return strings.TrimSuffix(c.Issuer, "/") + "/.well-known/openid-configuration"
}

// offersFormPost says whether response_mode=form_post can be asked for. A bank that does not say so gets the fragment, which is the mode of
// code id_token where nothing else is asked for.
func (b *Bank) offersFormPost(ctx context.Context) bool {
	return slices.Contains(b.metadata(ctx).Modes, "form_post")
}

// metadata gives the bank's metadata, read by one caller for all, at most once an hour. Nothing is known of a bank without any; what was known of
// one whose metadata cannot be had just now stays.
func (b *Bank) metadata(ctx context.Context) metadata {
	p := &b.published
	last, current := p.at(b.options.Now())
	if current {
		return last
	}
	select {
	case p.reading <- struct{}{}:
	case <-ctx.Done():
		return last
	}
	defer func() { <-p.reading }()
	now := b.options.Now()
	if last, current = p.at(now); current { // whoever was before has read it
		return last
	}
	read, err := b.readMetadata(ctx)
	switch {
	case err == nil:
		p.keep(read, now.Add(metadataLife))
		return read
	case ctx.Err() == nil: // else it says nothing of the bank
		p.keep(last, now.Add(metadataPause))
	}
	return last
}

func (b *Bank) readMetadata(ctx context.Context) (metadata, error) {
	ctx, cancel := context.WithTimeout(ctx, metadataTime)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, b.config.MetadataURL(), nil)
	if err != nil {
		return metadata{}, fmt.Errorf("%w: issuer", ErrConfig)
	}
	resp, err := b.send(req)
	if err != nil {
		return metadata{}, err
	}
	body, err := readSmall(resp)
	if err != nil {
		return metadata{}, err
	}
	if resp.StatusCode >= 500 {
		return metadata{}, fmt.Errorf("%w: metadata, status %d", banking.ErrUnavailable, resp.StatusCode)
	}
	var read metadata
	if resp.StatusCode != http.StatusOK || json.Unmarshal(body, &read) != nil || read.Issuer != b.config.Issuer {
		return metadata{}, nil
	}
	return read, nil
}
