package openbanking

import (
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"sotto/banking"
)

const (
	// maxSmall bounds answers that are small by nature: tokens, consents, metadata.
	maxSmall = 256 << 10
	// maxDrained is how much of an answer nobody wants is read, so that its connection can be used again.
	maxDrained = 16 << 10
	// pause is before a read is tried again after a failure, where the bank names none.
	pause = 50 * time.Millisecond
	// useful is how much time must be left after a pause for it to make sense.
	useful = 150 * time.Millisecond
	// maxTries is how often one page is asked for.
	maxTries = 3
	// maxRenewed is how often another token is wanted for one page. To refuse the second as well is for the Bearer to judge.
	maxRenewed = 2
)

// errAbsent means that the bank has no such endpoint (404).
var errAbsent = fmt.Errorf("%w: no such endpoint", banking.ErrGarbled)

// send makes one request through the bank's breaker: a bank that fails most of the time is left alone for a second at a time. Errors
// of the HTTP client quote the URL, account ids and all, so they end here.
func (b *Bank) send(req *http.Request) (*http.Response, error) {
	ctx := req.Context()
	if ctx.Err() != nil {
		return nil, timedOut(ctx)
	}
	if !b.breaker.TryAcquirePermit() {
		return nil, fmt.Errorf("%w: it failed too often just now", banking.ErrUnavailable)
	}
	resp, err := b.http.Do(req)
	switch {
	case err == nil && resp.StatusCode < 500, err != nil && errors.Is(ctx.Err(), context.Canceled):
		b.breaker.RecordSuccess() // whoever asked has left: that says nothing about the bank
	default:
		b.breaker.RecordFailure()
	}
	if err != nil {
		if ctx.Err() != nil {
			return nil, timedOut(ctx)
		}
		return nil, fmt.Errorf("%w: no answer", banking.ErrUnavailable)
	}
	return resp, nil
}

// timedOut is the error of a request that its context ended.
func timedOut(ctx context.Context) error {
	return fmt.Errorf("%w: no answer in time: %w", banking.ErrUnavailable, context.Cause(ctx))
}

// get reads a resource with the customer's token, and gives an answer with status 200 and JSON in it. It repeats, inside the time that
// is left: with another token where the bank refuses the first, after a pause where the bank is busy or fails.
func (b *Bank) get(ctx context.Context, bearer banking.Bearer, target string) (*http.Response, error) {
	token, err := bearer.Token(ctx)
	if err != nil {
		return nil, err
	}
	renewed := 0
	for try := 1; ; try++ {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, target, nil)
		if err != nil {
			return nil, fmt.Errorf("%w: link", banking.ErrGarbled)
		}
		if err := b.dress(req, token); err != nil {
			return nil, err
		}
		resp, err := b.send(req)
		if err == nil && resp.StatusCode == http.StatusOK {
			if isJSON(resp) {
				return resp, nil
			}
			drop(resp)
			return nil, fmt.Errorf("%w: not JSON", banking.ErrGarbled)
		}
		if err == nil {
			err = refusalOf(resp)
			if resp.StatusCode == http.StatusUnauthorized && renewed < maxRenewed {
				renewed++
				try--
				if token, err = bearer.Renew(ctx, token); err != nil {
					return nil, err
				}
				continue
			}
		}
		if try == maxTries || !errors.Is(err, banking.ErrUnavailable) && !errors.Is(err, banking.ErrBusy) {
			return nil, err
		}
		if !wait(ctx, b.pauseOf(resp)) {
			return nil, err
		}
	}
}

// kindOf gives the kind of an answer that is not a success.
func kindOf(resp *http.Response) error {
	code := resp.StatusCode
	switch {
	case code == http.StatusUnauthorized:
		return fmt.Errorf("%w: token refused", banking.ErrUnavailable)
	case code == http.StatusForbidden:
		return fmt.Errorf("%w: status 403", banking.ErrForbidden)
	case code == http.StatusNotFound:
		return errAbsent
	case code == http.StatusTooManyRequests:
		return fmt.Errorf("%w: status 429", banking.ErrBusy)
	case code == http.StatusRequestTimeout, code >= 500:
		return fmt.Errorf("%w: status %d", banking.ErrUnavailable, code)
	}
	return fmt.Errorf("%w: status %d", banking.ErrGarbled, code)
}

// refusalOf gives the kind of a refused read and closes its body. A 400 or 403 may say that the consent does not stand, or that the customer must
// authenticate at his bank again, which for us is linking again.
func refusalOf(resp *http.Response) error {
	if resp.StatusCode != http.StatusForbidden && resp.StatusCode != http.StatusBadRequest {
		drop(resp)
		return kindOf(resp)
	}
	body, err := readSmall(resp)
	var refusal struct {
		Errors []struct {
			Code string `json:"ErrorCode"`
		} `json:"Errors"`
	}
	if err == nil && json.Unmarshal(body, &refusal) == nil {
		for _, e := range refusal.Errors {
			switch e.Code { // Read/Write v3.1.11, namespaced error codes; v4.0, its four letters for the same
			case "UK.OBIE.Reauthenticate", "U028":
				return fmt.Errorf("%w: the bank wants its customer to authenticate again", banking.ErrRelink)
			case "UK.OBIE.Resource.InvalidConsentStatus", "U009":
				return fmt.Errorf("%w: the consent does not stand", banking.ErrRelink)
			}
		}
	}
	return kindOf(resp)
}

// pauseOf is how long the bank wants to be left alone (RFC 9110 section 10.2.3: seconds, or a date).
func (b *Bank) pauseOf(resp *http.Response) time.Duration {
	if resp == nil {
		return pause
	}
	header := strings.TrimSpace(resp.Header.Get("Retry-After"))
	if seconds, err := strconv.ParseInt(header, 10, 32); err == nil && seconds >= 0 {
		return max(time.Duration(seconds)*time.Second, pause)
	}
	if at, err := http.ParseTime(header); err == nil {
		return max(at.Sub(b.options.Now()), pause)
	}
	if resp.StatusCode == http.StatusTooManyRequests {
		return time.Second
	}
	return pause
}

// wait lets d pass, if enough time is left after it, and says whether it did.
func wait(ctx context.Context, d time.Duration) bool {
	if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) < d+useful { //nolint:forbidigo // a context's deadline is in the machine's time
		return false
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// isJSON looks at the content type.
func isJSON(resp *http.Response) bool {
	media, params, err := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	charset := params["charset"]
	return err == nil && media == "application/json" && (charset == "" || strings.EqualFold(charset, "utf-8"))
}

// readSmall reads a small body and closes it.
func readSmall(resp *http.Response) ([]byte, error) {
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxSmall+1))
	if err != nil {
		return nil, fmt.Errorf("%w: the answer broke off", banking.ErrUnavailable)
	}
	if len(body) > maxSmall {
		return nil, fmt.Errorf("%w: answer", banking.ErrTooMuch)
	}
	return body, nil
}

// drop closes a body nobody wants.
func drop(resp *http.Response) {
	_, _ = io.CopyN(io.Discard, resp.Body, maxDrained) // what cannot be read only costs the connection
	resp.Body.Close()
}
