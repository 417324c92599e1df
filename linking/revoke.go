package linking

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// Revoke answers the revocation endpoint, RFC 7009: nil is 200 without a body. A refresh token ends its link, because nothing is left
// that could use it; an access token ends alone. A token that is nothing is as good as revoked.
func (a *Authority) Revoke(ctx context.Context, c Call) error {
	client, f, err := a.authenticate(ctx, c)
	if err != nil {
		return err
	}
	token := f["token"]
	if token == "" {
		return refuse(invalidRequest, "token_missing", "token is missing").of(client.ID)
	}
	if isRefresh(token) {
		return a.revokeRefresh(ctx, client, token)
	}
	service, err := a.inspectService(ctx, Token(token))
	switch {
	case errors.Is(err, ErrNotLinked):
		return a.revokeAccess(ctx, client, Token(token))
	case err != nil:
		return fmt.Errorf("revoke: %w", err)
	case service.Client != client.ID:
		return notYours(client)
	}
	return a.o.Store.RevokeService(ctx, service)
}

func isRefresh(token string) bool {
	return strings.HasPrefix(token, stablePrefix) || strings.HasPrefix(token, rotatingPrefix)
}

// notYours refuses to revoke another client's token, RFC 7009 section 2.1.
func notYours(client Client) *OAuthError {
	return refuse(unauthorizedClient, "token_of_another_client", "the token is not this client's").of(client.ID)
}

func (a *Authority) revokeRefresh(ctx context.Context, client Client, token string) error {
	r, ok := a.readRefresh(token)
	if !ok {
		return nil
	}
	facts, err := a.o.Store.RefreshFacts(ctx, r)
	switch {
	case errors.Is(err, ErrNone):
		return nil
	case err != nil:
		return fmt.Errorf("revoke: %w", err)
	case facts.Client != client.ID:
		return notYours(client)
	case !facts.Ended.IsZero():
		return nil
	}
	return a.o.Store.EndLink(ctx, facts.Link, a.o.Now())
}

func (a *Authority) revokeAccess(ctx context.Context, client Client, token Token) error {
	g, _, err := a.inspect(ctx, token)
	if errors.Is(err, ErrNotLinked) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("revoke: %w", err)
	}
	if g.granted.Client != client.ID {
		return notYours(client)
	}
	return a.o.Store.RevokeAccess(ctx, g.granted.Grant, AccessToken{Hash: g.hash, Scopes: g.token.scopes, Issued: g.token.issued, Expires: g.token.expires})
}
