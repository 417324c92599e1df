package linking

import (
	"errors"
	"net/http"
	"strings"
)

// Bearer is the token of an Authorization header, RFC 6750 section 2.1; empty where there is no such header, or one of another scheme.
func Bearer(header string) Token {
	scheme, token, _ := strings.Cut(header, " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return Token(strings.TrimLeft(token, " "))
}

// Challenge is how the resource at this path refuses a request: the status, and the WWW-Authenticate header, RFC 6750 section 3 with the
// resource_metadata of RFC 9728 section 5.1. It names the scopes that would do, and nothing of why a token is of no use: that is for the log.
//
//	no token at all   401, without an error code, because nothing was wrong yet
//	ErrNotLinked      401 invalid_token
//	ErrScope          403 insufficient_scope
//
// Any other error is a fault of ours, and no challenge: 500 and an empty header.
func (a *Authority) Challenge(path string, err error, needed ...Scope) (status int, header string) {
	var code, description string
	switch {
	case errors.Is(err, errNoToken):
		status = http.StatusUnauthorized
	case errors.Is(err, ErrNotLinked):
		status, code, description = http.StatusUnauthorized, "invalid_token", "the access token is not valid here"
	case errors.Is(err, ErrScope):
		status, code, description = http.StatusForbidden, "insufficient_scope", "the customer did not allow this"
	default:
		return http.StatusInternalServerError, ""
	}
	var members []string
	for _, m := range [][2]string{
		{"error", code},
		{"error_description", description},
		{"scope", strings.Join(scopeNames(needed), " ")},
		{"resource_metadata", a.described(path)},
	} {
		if m[1] != "" { // and nothing in it needs an escape: it is our own words, scopes and URL
			members = append(members, m[0]+`="`+m[1]+`"`)
		}
	}
	return status, "Bearer " + strings.Join(members, ", ")
}
