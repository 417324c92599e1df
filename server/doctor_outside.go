package server

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"syscall"
	"time"

	"github.com/go-json-experiment/json"
)

const (
	// alexaPatience is how long Alexa waits for a token. What takes a fifth of it just to read a document is too near to that.
	alexaPatience = 4500 * time.Millisecond
	brisk         = alexaPatience / 5
)

// outside asks for our own metadata as a platform would, by the public name and through all that stands in front: is it we who answer, soon, and
// with what we say of ourselves?
func (d *doctor) outside(ctx context.Context, client *http.Client) {
	ctx, cancel := context.WithTimeout(ctx, alexaPatience)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, d.cfg.PublicURL+"/.well-known/oauth-authorization-server", nil)
	if err != nil {
		return // a fault of the settings, and said there
	}
	begun := d.wall()
	response, err := client.Do(request)
	if err != nil {
		d.fault("outside", "the public URL does not answer a request as platforms send it (%s): Alexa waits %s", kindOf(err), alexaPatience)
		return
	}
	defer response.Body.Close()
	content, err := io.ReadAll(io.LimitReader(response.Body, 64<<10))
	took := d.wall().Sub(begun).Round(time.Millisecond)
	var metadata struct {
		Issuer string `json:"issuer"`
	}
	switch {
	case err != nil || response.StatusCode != http.StatusOK || json.Unmarshal(content, &metadata) != nil:
		d.add(Advice, "outside", "the public URL answers %d where our metadata should be: Sotto is not open yet, or something in front keeps platforms out", response.StatusCode)
		return
	case metadata.Issuer != d.cfg.PublicURL:
		d.fault("outside", "at the public URL somebody answers who calls himself by another: SOTTO_PUBLIC_URL must be the same everywhere, to the byte")
		return
	case took > brisk:
		d.add(Advice, "outside", "the public URL takes %s to answer: Alexa waits %s for a token", took, alexaPatience)
	default:
		d.fine("outside", "the public URL answers in %s", took)
	}
	if response.Header.Get("Strict-Transport-Security") == "" {
		d.add(Advice, "outside", "something in front takes the header Strict-Transport-Security away: let it through")
	}
}

// sixth tries the addresses of version 6 that the public name has: some platforms come by them first.
func (d *doctor) sixth(ctx context.Context, u *url.URL, port string) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	addresses, err := net.DefaultResolver.LookupNetIP(ctx, "ip6", u.Hostname())
	if err != nil {
		return // it has none
	}
	for _, a := range addresses {
		if a.Unmap().Is4() {
			continue
		}
		conn, err := (&net.Dialer{}).DialContext(ctx, "tcp6", net.JoinHostPort(a.String(), port))
		switch {
		case err == nil:
			conn.Close()
			d.fine("outside", "%s answers by IPv6", u.Hostname())
		case errors.Is(err, syscall.ENETUNREACH), errors.Is(err, syscall.EADDRNOTAVAIL), errors.Is(err, syscall.EAFNOSUPPORT):
			d.add(Advice, "outside", "%s has an address of IPv6, and this machine has no way to try it", u.Hostname())
		default:
			d.fault("outside", "%s has an address of IPv6 at which nobody answers (%s): platforms may come by it", u.Hostname(), kindOf(err))
		}
	}
}
