package linking

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// ListScope is the scope of a service's token, and all that it allows: to learn what Sotto can be asked. It is none of the scopes that a
// customer can give, so no such token is ever good for one of them.
const ListScope = "list"

// What is wrong with a token that is to be a service's, or to be a customer's. Both are an ErrNotLinked.
var (
	errOfService     = fmt.Errorf("%w: token of a service", ErrNotLinked)
	errNoService     = fmt.Errorf("%w: token of no service", ErrNotLinked)
	errOtherResource = fmt.Errorf("%w: token for another resource", ErrNotLinked)
)

// credentials gives a token to a client that speaks for itself, RFC 6749 section 4.4: no customer, no link, no refresh token. Whatever scopes
// of customers are asked for, because an assistant asks for all that a resource's metadata names, it is a token to list (section 3.3), and
// says so.
func (a *Authority) credentials(ctx context.Context, client Client, f form) (Grant, error) {
	for word := range strings.FieldsSeq(f["scope"]) {
		if !slices.Contains(all, Scope(word)) && word != ListScope {
			return Grant{}, refuse(invalidScope, "scope_unknown", "a scope is not known here")
		}
	}
	resource, _ := a.resource(client.Platform, f["resource"]) // grant has looked at it
	now := a.o.Now()
	if wait := a.tokens.Wait(client.ID, now); wait > 0 {
		return Grant{}, slower("credentials_too_often", wait)
	}
	g := Grant{ExpiresIn: int64(client.AccessTTL / time.Second), Scope: ListScope}
	if client.AccessToken == Opaque {
		g.AccessToken = newToken(servicePrefix)
		return g, a.o.Store.AddService(ctx, ServiceToken{
			Hash: hash(string(g.AccessToken)), Client: client.ID, Resource: resource, Issued: now, Expires: now.Add(client.AccessTTL),
		})
	}
	var err error
	g.AccessToken, err = a.sign(client, written{Subject: client.ID, Audience: [1]string{resource}, Scope: ListScope})
	return g, err
}

// Service gives the client behind a service's token that came in at the resource of this path (RFC 8707): one that was made for it, or for the
// house as a whole. It may be shown what there is to ask, and never what belongs to a customer: for that there is Resolve, which knows no
// such token. What is wrong with the token is an ErrNotLinked; any other error is a fault of ours. A revocation holds at once everywhere.
func (a *Authority) Service(ctx context.Context, path string, token Token) (Client, error) {
	t, err := a.inspectService(ctx, token)
	if err != nil {
		return Client{}, err
	}
	client, known := a.oauth(t.Client)
	switch {
	case !known:
		return Client{}, errClientIsGone
	case !client.may(ClientCredentials):
		return Client{}, errNothingAllowed
	case t.Resource != a.Resource(path) && t.Resource != a.Resource(""):
		return Client{}, errOtherResource
	}
	return client, nil
}

// inspectService finds a live token of a service, of either format.
func (a *Authority) inspectService(ctx context.Context, token Token) (ServiceToken, error) {
	rest, opaque := strings.CutPrefix(string(token), servicePrefix)
	switch {
	case token == "":
		return ServiceToken{}, errNoToken
	case opaque && !isToken(rest) || len(token) > maxJWT:
		return ServiceToken{}, errMalformed
	case strings.HasPrefix(string(token), accessPrefix):
		return ServiceToken{}, errNoService
	}
	t := ServiceToken{Hash: hash(string(token))}
	if !opaque {
		v, err := a.verify(string(token))
		if err != nil {
			return ServiceToken{}, err
		}
		if !v.service {
			return ServiceToken{}, errNoService
		}
		t = ServiceToken{Hash: v.hash, Client: v.client, Resource: v.audience, Issued: v.issued, Expires: v.expires, ID: v.id}
	}
	kept, err := a.o.Store.Service(ctx, t.Hash)
	switch {
	case errors.Is(err, ErrNone) && opaque:
		return ServiceToken{}, errUnknown
	case errors.Is(err, ErrNone): // a JWT is kept only when it was revoked
		return t, nil
	case err != nil:
		return ServiceToken{}, fmt.Errorf("service: %w", err)
	case kept.Revoked:
		return ServiceToken{}, errRevoked
	case !kept.Expires.After(a.o.Now()):
		return ServiceToken{}, errExpired
	}
	return kept, nil
}
