package linking

import (
	"context"
	"errors"
	"fmt"
)

// Userinfo is all that a client is told of the customer behind its token, in the form of OpenID Connect Core section 5.3.2: the name by which
// this client, and no other, knows him. Sotto has no name and no address of a person to tell.
type Userinfo struct {
	Subject string `json:"sub"`
}

// Userinfo answers the userinfo endpoint from the Authorization header. The tokens of every platform are good here, because each client
// learns only what it knows already from its own.
func (a *Authority) Userinfo(ctx context.Context, authorization string) (Userinfo, error) {
	g, scopes, err := a.inspect(ctx, Bearer(authorization))
	if err == nil {
		_, err = a.registered(g.granted.Client, scopes)
	}
	if errors.Is(err, ErrNotLinked) {
		e := &OAuthError{Code: "invalid_token", Reason: "bearer_refused", Description: "the access token is not valid", Client: g.granted.Client}
		if errors.Is(err, errNoToken) {
			e.Reason, e.Description = "bearer_missing", "send an access token in the header: Authorization: Bearer"
		}
		e.Status, e.Challenge = a.Challenge("", err)
		return Userinfo{}, e
	}
	if err != nil {
		return Userinfo{}, fmt.Errorf("userinfo: %w", err)
	}
	return Userinfo{Subject: g.granted.Subject}, nil
}
