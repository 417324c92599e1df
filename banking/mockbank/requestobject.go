package mockbank

import (
	"net/url"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/golang-jwt/jwt/v5"
)

// requestClaims are the members of a signed authorization request (RFC 9101),
// as the UK security profile (FAPI 1 Advanced, section 5.2.2) has them.
type requestClaims struct {
	jwt.RegisteredClaims

	ClientID        string      `json:"client_id"`
	RedirectURI     string      `json:"redirect_uri"`
	ResponseType    string      `json:"response_type"`
	ResponseMode    string      `json:"response_mode"`
	Scope           string      `json:"scope"`
	State           string      `json:"state"`
	Nonce           string      `json:"nonce"`
	Challenge       string      `json:"code_challenge"`
	ChallengeMethod string      `json:"code_challenge_method"`
	Prompt          string      `json:"prompt"`
	Claims          rawJSONPart `json:"claims"`
}

// rawJSONPart keeps a member as it was written.
type rawJSONPart []byte

// UnmarshalJSON keeps a copy of raw. It has no error.
func (p *rawJSONPart) UnmarshalJSON(raw []byte) error {
	*p = append((*p)[:0], raw...)
	return nil
}

// readRequestObject proves the request object. Only what is signed counts; of
// the query, client_id, and the redirect URI and state of a refusal.
func (a *albion) readRequestObject(c *registered, v url.Values) (parameters, *refusal) {
	outside := parameters{redirect: v.Get("redirect_uri"), state: v.Get("state"), responseType: v.Get("response_type")}
	bad := func(why string) (parameters, *refusal) { return outside, &refusal{"invalid_request_object", why} }
	var claims requestClaims
	if err := a.verify(c, v.Get("request"), &claims, "PS256"); err != nil {
		return bad("the request object cannot be verified")
	}
	if !wellFormed(v.Get("request")) {
		return bad("the request object says something twice")
	}
	switch {
	case claims.Issuer != c.ID || claims.ClientID != c.ID:
		return bad("iss and client_id are the client's id")
	case !forUs(claims.Audience, a.issuer):
		return bad("aud is the issuer")
	case claims.NotBefore == nil || claims.NotBefore.Before(a.now().Add(-time.Hour)):
		return bad("nbf is at most an hour ago")
	case claims.ExpiresAt.After(claims.NotBefore.Add(time.Hour)):
		return bad("exp is at most an hour after nbf")
	case outside.redirect != "" && outside.redirect != claims.RedirectURI:
		return bad("the redirect URIs differ")
	}
	return parameters{
		clientID: claims.ClientID, redirect: claims.RedirectURI, responseType: claims.ResponseType,
		responseMode: claims.ResponseMode, scope: claims.Scope, state: claims.State, nonce: claims.Nonce,
		challenge: claims.Challenge, challengeMethod: claims.ChallengeMethod, prompt: claims.Prompt, claims: claims.Claims,
	}, nil
}

// wellFormed refuses payloads with duplicate names or invalid UTF-8, which the
// JWT library would let through.
func wellFormed(raw string) bool {
	token, parts, err := jwt.NewParser().ParseUnverified(raw, jwt.MapClaims{})
	if err != nil || token == nil || len(parts) != 3 {
		return false
	}
	payload, err := jwt.NewParser().DecodeSegment(parts[1])
	if err != nil {
		return false
	}
	var any jsontext.Value
	return json.Unmarshal(payload, &any) == nil
}
