package document

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// How long and for how much a fetch stays.
const (
	patience    = 3 * time.Second
	maxDocument = 5 << 10
	maxHeaders  = 16 << 10
)

// How long a document is kept: as its headers say, within these bounds.
const (
	shortest = time.Minute
	usual    = time.Hour // where they say nothing
	longest  = 24 * time.Hour
)

// newClient goes to addresses that permit allows, and to no other: it is asked for the address that a connection is made to, after all names
// have been looked up, so that a name which means something else the second time gains nothing. There is no proxy, which would look up names
// by itself.
func newClient(permit func(netip.Addr) bool) *http.Client {
	dialer := &net.Dialer{Timeout: patience, Control: func(_, address string, _ syscall.RawConn) error {
		to, err := netip.ParseAddrPort(address)
		if err != nil || !permit(to.Addr()) {
			return errors.New("an address that is not of the public internet")
		}
		return nil
	}}
	return &http.Client{
		Transport: &http.Transport{
			DialContext: dialer.DialContext, TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12}, TLSHandshakeTimeout: patience,
			DisableKeepAlives: true, DisableCompression: true, MaxResponseHeaderBytes: maxHeaders,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// fetch gets a document, and says for how long it may be kept.
func fetch(ctx context.Context, client *http.Client, id string, now time.Time) (Document, time.Duration, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, id, nil)
	if err != nil {
		return Document{}, 0, fmt.Errorf("%w: no address", ErrInvalid)
	}
	request.Header.Set("Accept", "application/json")
	request.Header.Set("User-Agent", "Sotto")
	response, err := client.Do(request)
	if err != nil {
		return Document{}, 0, fmt.Errorf("%w: no answer", ErrUnreachable)
	}
	defer response.Body.Close()
	switch status := response.StatusCode; {
	case status >= http.StatusInternalServerError || status == http.StatusTooManyRequests:
		return Document{}, 0, fmt.Errorf("%w: status %d", ErrUnreachable, status)
	case status != http.StatusOK: // a redirect too
		return Document{}, 0, fmt.Errorf("%w: status %d", ErrInvalid, status)
	}
	kind, _, err := mime.ParseMediaType(response.Header.Get("Content-Type"))
	if err != nil || kind != "application/json" && (!strings.HasPrefix(kind, "application/") || !strings.HasSuffix(kind, "+json")) {
		return Document{}, 0, fmt.Errorf("%w: it is not application/json", ErrInvalid)
	}
	content, err := io.ReadAll(io.LimitReader(response.Body, maxDocument+1))
	if err != nil {
		return Document{}, 0, fmt.Errorf("%w: cut off", ErrUnreachable)
	}
	if len(content) > maxDocument {
		return Document{}, 0, fmt.Errorf("%w: it is longer than 5 KiB", ErrInvalid)
	}
	d, err := Read(id, content)
	return d, freshness(response.Header, now), err
}

// freshness is how long an answer may be kept (RFC 9111 section 5.2.2, 5.3), within our bounds.
func freshness(h http.Header, now time.Time) time.Duration {
	life := usual
	if at, err := http.ParseTime(h.Get("Expires")); err == nil {
		life = at.Sub(now)
	} else if h.Get("Expires") != "" {
		life = 0
	}
	for _, line := range h.Values("Cache-Control") {
		for directive := range strings.SplitSeq(line, ",") {
			name, value, _ := strings.Cut(strings.ToLower(strings.TrimSpace(directive)), "=")
			switch name {
			case "no-store", "no-cache":
				return shortest
			case "max-age":
				seconds, err := strconv.ParseUint(strings.Trim(value, `"`), 10, 31)
				if err != nil {
					return shortest
				}
				age, _ := strconv.ParseUint(h.Get("Age"), 10, 31) // none is 0
				life = time.Duration(seconds)*time.Second - time.Duration(age)*time.Second
			}
		}
	}
	return max(shortest, min(life, longest))
}
