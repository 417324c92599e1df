package messenger

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"slices"
	"time"

	"github.com/go-json-experiment/json"

	"sotto/skills/messenger/outbox"
)

const (
	sendWithin = 10 * time.Second
	maxAnswer  = 64 << 10
)

// GraphError is a refusal of the Graph API: numbers, none of which is personal.
type GraphError struct {
	Status, Code, Subcode int
	kind                  error
}

// Error names the numbers.
func (e *GraphError) Error() string {
	return fmt.Sprintf("graph answered %d, code %d, subcode %d: %v", e.Status, e.Code, e.Subcode, e.kind)
}

// Unwrap gives what it means for a message: an error of package outbox.
func (e *GraphError) Unwrap() error { return e.kind }

// Proof is the appsecret_proof of a token: whoever has stolen the token alone cannot use it. (Graph API, "Securing Graph API Requests".)
func Proof(appSecret, token string) string {
	return hex.EncodeToString(sign([]byte(appSecret), []byte(token)))
}

// Send sends one message of Encode. nil means that Meta has taken it; otherwise the error is of package outbox. A request that was written
// and not answered may have been taken: Meta has nothing by which a second one would be known as the same.
func (p *Platform) Send(ctx context.Context, message []byte) error {
	_, err := p.call(ctx, http.MethodPost, "/"+p.c.PageID+"/messages", nil, message)
	return err
}

// People gives the page-scoped ids by which this Page knows a person of whom only the app-scoped id is known, which is what Meta's
// request for deletion names. (Graph API, User: ids_for_pages.)
func (p *Platform) People(ctx context.Context, appUser string) ([]string, error) {
	body, err := p.call(ctx, http.MethodGet, "/"+appUser+"/ids_for_pages", url.Values{"page": {p.c.PageID}}, nil)
	if err != nil {
		return nil, err
	}
	var found struct {
		Data []struct {
			ID   string `json:"id"`
			Page party  `json:"page"`
		} `json:"data"`
	}
	if err := json.Unmarshal(body, &found); err != nil {
		return nil, fmt.Errorf("graph answered with something else than ids: %w", outbox.ErrNotSent)
	}
	var people []string
	for _, f := range found.Data {
		if digits(f.ID) && f.Page.ID == p.c.PageID && !slices.Contains(people, f.ID) {
			people = append(people, f.ID)
		}
	}
	return people, nil
}

// Unlink has Meta forget that a person's account is linked, which is a note of its own beside ours: as long as it stands, Messenger shows the button
// to log out. Meta may then tell that it was unlinked, as if the customer had pressed that button. (Messenger Platform, Account Linking.)
func (p *Platform) Unlink(ctx context.Context, person string) error {
	body, err := json.Marshal(struct {
		Person string `json:"psid"`
	}{person})
	if err != nil {
		return fmt.Errorf("write whom to unlink: %w", err)
	}
	_, err = p.call(ctx, http.MethodPost, "/me/unlink_accounts", nil, body)
	return err
}

func (p *Platform) call(ctx context.Context, method, path string, q url.Values, body []byte) ([]byte, error) {
	if q == nil {
		q = url.Values{}
	}
	q.Set("access_token", p.c.PageToken)
	q.Set("appsecret_proof", Proof(p.c.AppSecret, p.c.PageToken))
	wrote := false
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{WroteHeaders: func() { wrote = true }})
	request, err := http.NewRequestWithContext(ctx, method, p.c.GraphURL+path+"?"+q.Encode(), bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("graph cannot be asked: %w", outbox.ErrRefused)
	}
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	response, err := p.client.Do(request)
	if err != nil {
		kind := outbox.ErrUnsure
		if !wrote {
			kind = outbox.ErrNotSent
		}
		return nil, fmt.Errorf("graph: %w: %w", reached(err), kind)
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	if response.StatusCode == http.StatusOK {
		return answer, nil // it was taken, whatever became of the rest of the answer
	}
	return nil, judge(response.StatusCode, answer, err)
}

// errUnreached is why a call failed, in words without the address, which has the token in it.
var errUnreached = errors.New("no answer")

func reached(err error) error {
	var failed *url.Error
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return context.DeadlineExceeded
	case errors.As(err, &failed) && failed.Timeout():
		return context.DeadlineExceeded
	default:
		return errUnreached
	}
}

// The error codes of the Graph API that pass. (Messenger Platform, Common Error Codes; Graph API, Handling Errors.)
var (
	passing  = []int{1, 2, 4, 17, 32, 341, 613, 1200, 80006} // trouble at Meta, and limits of rate
	tokens   = []int{102, 190}                               // the page token has to be renewed
	mayBeOut = 1357046                                       // Meta says that these are delivered now and then all the same
)

func judge(status int, answer []byte, broken error) error {
	var e struct {
		Error struct {
			Code      int  `json:"code"`
			Subcode   int  `json:"error_subcode"`
			Transient bool `json:"is_transient"`
		} `json:"error"`
	}
	if broken != nil || json.Unmarshal(answer, &e) != nil || e.Error.Code == 0 {
		if status == http.StatusTooManyRequests {
			return &GraphError{status, 0, 0, outbox.ErrNotSent}
		}
		if status >= http.StatusInternalServerError { // of something between Meta and us: who knows
			return &GraphError{status, 0, 0, outbox.ErrUnsure}
		}
		return &GraphError{status, 0, 0, outbox.ErrRefused}
	}
	kind := outbox.ErrRefused
	switch {
	case e.Error.Subcode == mayBeOut:
		kind = outbox.ErrUnsure
	case e.Error.Transient || slices.Contains(passing, e.Error.Code) || slices.Contains(tokens, e.Error.Code) || status == http.StatusTooManyRequests:
		kind = outbox.ErrNotSent
	}
	return &GraphError{status, e.Error.Code, e.Error.Subcode, kind}
}
