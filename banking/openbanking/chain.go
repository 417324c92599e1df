package openbanking

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"path"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"sotto/banking"
)

const (
	// maxPages bounds the pages of one list; the standard has 25 to 1000 rows on each.
	maxPages = 1500
	// maxRows bounds the rows of one reading.
	maxRows = 250_000
	// maxBytes bounds the bytes of one reading.
	maxBytes = 512 << 20
	// maxList bounds the bytes of a list of accounts or balances.
	maxList = 8 << 20
)

// chain reads a list page by page, following Links.Next as it is given, until there is none. turn is called after each
// page; where it gives false although there is a next one, reading ends there and the chain was cut. It is cut at the page limit, too.
func (b *Bank) chain(ctx context.Context, bearer banking.Bearer, target, list string, left *int64, each func(*jsontext.Decoder) error, turn func(tail) (more bool, err error)) (cut bool, err error) {
	var pages pageReader
	seen := map[string]bool{target: true}
	for n := 1; ; n++ {
		resp, err := b.get(ctx, bearer, target)
		if err != nil {
			return false, err
		}
		t, err := pages.read(resp.Body, left, list, each)
		resp.Body.Close()
		if err != nil {
			if errors.Is(err, errBroken) && ctx.Err() != nil {
				err = timedOut(ctx)
			}
			return false, err
		}
		more, err := turn(t)
		if err != nil {
			return false, err
		}
		if t.Next == "" {
			return false, nil
		}
		if n == maxPages || !more {
			return true, nil
		}
		if seen[t.Next] || !b.follows(t.Next) {
			return false, fmt.Errorf("%w: next page", banking.ErrGarbled)
		}
		seen[t.Next] = true
		target = t.Next
	}
}

// follows says whether a link may be followed: same origin, and below the resource URL. Anything else would send the customer's token
// to whomever the answer names.
func (b *Bank) follows(link string) bool {
	u, err := url.Parse(link)
	if err != nil || len(link) > 8<<10 || u.User != nil || u.Fragment != "" || u.Opaque != "" {
		return false
	}
	if u.Scheme != b.resource.Scheme || !strings.EqualFold(hostOf(u), hostOf(b.resource)) {
		return false
	}
	return path.Clean(u.Path) == u.Path && strings.HasPrefix(u.Path, b.resource.Path+"/")
}

// hostOf is host and port, the scheme's own port included.
func hostOf(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = map[string]string{"https": "443", "http": "80"}[u.Scheme]
	}
	return u.Hostname() + ":" + port
}

// onward is the turn of a list of which every page is read.
func onward(tail) (bool, error) { return true, nil }
