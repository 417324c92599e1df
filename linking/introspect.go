package linking

import (
	"context"
	"errors"
	"fmt"
)

// Introspection is a response of RFC 7662 section 2.2. An inactive one says nothing else.
type Introspection struct {
	Active    bool   `json:"active"`
	Scope     string `json:"scope,omitzero"`
	Client    string `json:"client_id,omitzero"`
	TokenType string `json:"token_type,omitzero"`
	Expires   int64  `json:"exp,omitzero"` // seconds since 1970; none for a refresh token, which lives as long as its link
	Issued    int64  `json:"iat,omitzero"`
	Subject   string `json:"sub,omitzero"`
	Audience  string `json:"aud,omitzero"`
	Issuer    string `json:"iss,omitzero"`
	ID        string `json:"jti,omitzero"`
}

// Introspect answers the introspection endpoint, RFC 7662. A client learns of its own tokens only: another's is inactive. A public
// client cannot authenticate, so it is refused.
func (a *Authority) Introspect(ctx context.Context, c Call) (Introspection, error) {
	client, f, err := a.authenticate(ctx, c)
	if err != nil {
		return Introspection{}, err
	}
	var e *OAuthError
	switch {
	case client.Auth == Public:
		e = refuseClient("introspection_by_public_client")
	case f["token"] == "":
		e = refuse(invalidRequest, "token_missing", "token is missing")
	}
	if e != nil {
		return Introspection{}, e.of(client.ID)
	}
	if isRefresh(f["token"]) {
		return a.introspectRefresh(ctx, client, f["token"])
	}
	service, err := a.inspectService(ctx, Token(f["token"]))
	switch {
	case err == nil && service.Client == client.ID && client.may(ClientCredentials):
		return Introspection{
			Active: true, Scope: ListScope, Client: client.ID, TokenType: "Bearer", Expires: service.Expires.Unix(), Issued: service.Issued.Unix(),
			Subject: client.ID, Audience: service.Resource, Issuer: a.o.Issuer, ID: service.ID,
		}, nil
	case err != nil && !errors.Is(err, ErrNotLinked):
		return Introspection{}, fmt.Errorf("introspect: %w", err)
	}
	g, scopes, err := a.inspect(ctx, Token(f["token"]))
	switch {
	case errors.Is(err, ErrNotLinked):
		return Introspection{}, nil
	case err != nil:
		return Introspection{}, fmt.Errorf("introspect: %w", err)
	case g.granted.Client != client.ID || scopes == 0:
		return Introspection{}, nil
	}
	return Introspection{
		Active: true, Scope: scopes.String(), Client: client.ID, TokenType: "Bearer", Expires: g.token.expires.Unix(), Issued: g.token.issued.Unix(),
		Subject: g.granted.Subject, Audience: g.token.audience, Issuer: a.o.Issuer, ID: g.token.id,
	}, nil
}

func (a *Authority) introspectRefresh(ctx context.Context, client Client, token string) (Introspection, error) {
	r, ok := a.readRefresh(token)
	if !ok {
		return Introspection{}, nil
	}
	r.Client, r.Now, r.Grace = client.ID, a.o.Now(), grace
	facts, err := a.o.Store.RefreshFacts(ctx, r)
	if errors.Is(err, ErrNone) {
		return Introspection{}, nil
	}
	if err != nil {
		return Introspection{}, fmt.Errorf("introspect: %w", err)
	}
	if facts.Client != client.ID || !facts.Ended.IsZero() || facts.over(r) {
		return Introspection{}, nil
	}
	return Introspection{Active: true, Scope: facts.Scopes.String(), Client: client.ID, Issuer: a.o.Issuer}, nil
}
