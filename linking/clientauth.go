package linking

import (
	"context"
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"
)

// challenge is the WWW-Authenticate of a client that failed to authenticate, RFC 6749 section 5.2.
const challenge = `Basic realm="sotto"`

// form is a body with each parameter once; those without a value count as not sent, RFC 6749 section 3.2.
type form map[string]string

func readForm(values map[string][]string) (form, *OAuthError) {
	f := form{}
	for name, v := range values {
		if len(v) > 1 && name == "resource" { // RFC 8707 section 2 allows several, and has an error of its own for those that are not to be had
			return nil, errTwoResources()
		}
		if len(v) > 1 {
			return nil, refuse(invalidRequest, "parameter_twice", "a parameter is given twice")
		}
		if len(v) == 1 && (!utf8.ValidString(v[0]) || strings.Contains(v[0], "\x00")) { // which PostgreSQL cannot compare with text
			return nil, refuse(invalidRequest, "parameter_no_text", "a parameter is no text")
		}
		if len(v) == 1 && v[0] != "" {
			f[name] = v[0]
		}
	}
	return f, nil
}

func refuseClient(reason string) *OAuthError {
	return &OAuthError{
		Code: invalidClient, Reason: reason, Description: "client authentication failed", Status: http.StatusUnauthorized, Challenge: challenge,
	}
}

// authenticate says which client is calling: by an assertion, by Basic or by the form, never by two of them; a public client only by its id.
// also are audiences that an assertion may have beside the usual ones.
func (a *Authority) authenticate(ctx context.Context, c Call, also ...string) (Client, form, error) {
	f, e := readForm(c.Form)
	if e != nil {
		return Client{}, nil, e
	}
	if f["client_assertion"] != "" || f["client_assertion_type"] != "" {
		client, err := a.asserted(ctx, c, f, also)
		return client, f, err
	}
	id, secret := f["client_id"], f["client_secret"]
	if c.Authorization != "" {
		if secret != "" {
			return Client{}, nil, refuse(invalidRequest, "two_authentications", "authenticate in the header or in the body, not in both")
		}
		var ok bool
		if id, secret, ok = basic(c.Authorization); !ok {
			return Client{}, nil, refuseClient("basic_malformed")
		}
		if inForm := f["client_id"]; inForm != "" && inForm != id {
			return Client{}, nil, refuse(invalidRequest, "two_clients", "client_id differs from the client that authenticates")
		}
	}
	client, known := a.oauth(id)
	switch {
	case id == "":
		return Client{}, nil, refuseClient("client_missing")
	case !known:
		return Client{}, nil, refuseClient("client_unknown")
	case client.Auth == Public && secret != "":
		e = refuseClient("secret_of_public_client")
	case client.Auth == Public:
	case client.Auth == PrivateKeyJWT:
		e = refuseClient("assertion_missing")
	case secret == "":
		e = refuseClient("secret_missing")
	case !client.proves(secret):
		e = refuseClient("secret_wrong")
	}
	if e != nil {
		return Client{}, nil, e.of(client.ID)
	}
	return client, f, nil
}

// basic reads RFC 6749 section 2.3.1: both parts are form-urlencoded before they are joined.
func basic(header string) (id, secret string, ok bool) {
	scheme, encoded, found := strings.Cut(header, " ")
	if !found || !strings.EqualFold(scheme, "Basic") || len(encoded) > 4096 {
		return "", "", false
	}
	plain, err := base64.StdEncoding.DecodeString(strings.TrimSpace(encoded))
	if err != nil {
		return "", "", false
	}
	id, secret, found = strings.Cut(string(plain), ":")
	if !found {
		return "", "", false
	}
	id, err1 := url.QueryUnescape(id)
	secret, err2 := url.QueryUnescape(secret)
	return id, secret, err1 == nil && err2 == nil
}
