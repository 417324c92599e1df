package openbanking

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"sotto/banking"
)

// defaultLife is the life of an access token of a bank that does not say it, although the UK profile demands it.
const defaultLife = 5 * time.Minute

// tokenAnswer is RFC 6749 section 5.1, and OpenID Connect's id_token.
type tokenAnswer struct {
	Access  string `json:"access_token"`
	Type    string `json:"token_type"`
	Expires int64  `json:"expires_in"`
	Refresh string `json:"refresh_token"`
	IDToken string `json:"id_token"`
}

// post asks the token endpoint. invalid_grant is banking.ErrRelink.
func (b *Bank) post(ctx context.Context, form url.Values) (tokenAnswer, time.Time, error) {
	var none tokenAnswer
	header := http.Header{"Content-Type": {"application/x-www-form-urlencoded"}, "Accept": {"application/json"}}
	if err := b.prove(header, form); err != nil {
		return none, time.Time{}, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, b.config.TokenURL, strings.NewReader(form.Encode()))
	if err != nil {
		return none, time.Time{}, fmt.Errorf("%w: token_url", ErrConfig)
	}
	req.Header = header
	asked := b.options.Now()
	resp, err := b.send(req)
	if err != nil {
		return none, time.Time{}, err
	}
	body, err := readSmall(resp)
	if err != nil {
		return none, time.Time{}, err
	}
	if resp.StatusCode != http.StatusOK {
		return none, time.Time{}, refusedToken(resp.StatusCode, body)
	}
	var answer tokenAnswer
	if !isJSON(resp) || json.Unmarshal(body, &answer) != nil || !isToken(answer.Access) || !strings.EqualFold(answer.Type, "bearer") {
		return none, time.Time{}, fmt.Errorf("%w: token answer", banking.ErrGarbled)
	}
	if answer.Refresh != "" && !isToken(answer.Refresh) {
		return none, time.Time{}, fmt.Errorf("%w: refresh token", banking.ErrGarbled)
	}
	life := time.Duration(answer.Expires) * time.Second
	if answer.Expires <= 0 || answer.Expires > 366*24*60*60 {
		life = defaultLife
	}
	return answer, asked.Add(life), nil
}

// refusedToken gives the kind of a refusal of the token endpoint (RFC 6749 section 5.2).
func refusedToken(status int, body []byte) error {
	var refusal struct {
		Code string `json:"error"`
	}
	_ = json.Unmarshal(body, &refusal) // a body that is none is a refusal all the same
	switch {
	case status == http.StatusTooManyRequests:
		return fmt.Errorf("%w: token endpoint", banking.ErrBusy)
	case status >= 500:
		return fmt.Errorf("%w: token endpoint, status %d", banking.ErrUnavailable, status)
	case refusal.Code == "invalid_grant":
		return fmt.Errorf("%w: invalid_grant", banking.ErrRelink)
	case status >= 400:
		// invalid_client and its like are faults of our settings, which no customer can mend by linking again.
		return fmt.Errorf("%w: token endpoint refused, status %d", banking.ErrUnavailable, status)
	}
	return fmt.Errorf("%w: token endpoint, status %d", banking.ErrGarbled, status)
}

// isToken says whether s may be sent as a bearer token (RFC 6750 section 2.1, generously).
func isToken(s string) bool {
	return s != "" && len(s) <= 16<<10 && !strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' })
}

// Refresh trades a refresh token.
func (b *Bank) Refresh(ctx context.Context, refresh banking.Secret) (banking.Tokens, error) {
	answer, expires, err := b.post(ctx, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {string(refresh)}})
	if err != nil {
		return banking.Tokens{}, fmt.Errorf("refresh at %s: %w", b.config.ID, err)
	}
	tokens := banking.Tokens{Access: banking.Secret(answer.Access), Refresh: refresh, Expires: expires}
	if answer.Refresh != "" {
		tokens.Refresh = banking.Secret(answer.Refresh)
	}
	return tokens, nil
}

// ownToken is the token of client credentials: Sotto's own, no customer's.
type ownToken struct {
	access  banking.Secret
	expires time.Time
}

// credentials gives the client-credentials token, fetched by one caller for all where there is none that lasts.
func (b *Bank) credentials(ctx context.Context) (banking.Secret, error) {
	select {
	case b.fetch <- struct{}{}:
	case <-ctx.Done():
		return "", timedOut(ctx)
	}
	defer func() { <-b.fetch }()
	b.mu.Lock()
	own := b.own
	b.mu.Unlock()
	if own.access != "" && b.options.Now().Add(30*time.Second).Before(own.expires) {
		return own.access, nil
	}
	answer, expires, err := b.post(ctx, url.Values{"grant_type": {"client_credentials"}, "scope": {"accounts"}})
	if errors.Is(err, banking.ErrRelink) { // it is of no customer's, whatever the bank calls it
		return "", fmt.Errorf("%w: client credentials refused", banking.ErrUnavailable)
	}
	if err != nil {
		return "", err
	}
	own = ownToken{banking.Secret(answer.Access), expires}
	b.mu.Lock()
	b.own = own
	b.mu.Unlock()
	return own.access, nil
}

// forget drops a client-credentials token that the bank refused.
func (b *Bank) forget(refused banking.Secret) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.own.access == refused {
		b.own = ownToken{}
	}
}
