package mockbank

import (
	"net/http"

	"github.com/go-json-experiment/json"
)

func (a *albion) metadata(w http.ResponseWriter, _ *http.Request) {
	modes := []string{"query", "fragment"}
	if !a.opts.NoFormPost {
		modes = append(modes, "form_post")
	}
	methods := []string{AuthBasic, AuthPost, AuthPrivateKey, AuthTLS}
	writeJSON(w, http.StatusOK, map[string]any{
		"issuer":                                           a.issuer,
		"authorization_endpoint":                           a.issuer + "/authorize",
		"token_endpoint":                                   a.issuer + "/token",
		"revocation_endpoint":                              a.issuer + "/revoke",
		"jwks_uri":                                         a.issuer + "/jwks",
		"scopes_supported":                                 []string{"openid", "accounts"},
		"claims_supported":                                 []string{"sub", "acr", "auth_time", "openbanking_intent_id"},
		"claims_parameter_supported":                       true,
		"request_parameter_supported":                      true,
		"request_uri_parameter_supported":                  false,
		"response_types_supported":                         []string{"code", "code id_token"},
		"response_modes_supported":                         modes,
		"grant_types_supported":                            []string{"authorization_code", "client_credentials", "refresh_token"},
		"subject_types_supported":                          []string{"public"},
		"acr_values_supported":                             []string{acrSCA},
		"id_token_signing_alg_values_supported":            []string{"ES256"},
		"request_object_signing_alg_values_supported":      []string{"PS256"},
		"token_endpoint_auth_methods_supported":            methods,
		"token_endpoint_auth_signing_alg_values_supported": []string{"PS256", "ES256"},
		"code_challenge_methods_supported":                 []string{"S256"},
		"authorization_response_iss_parameter_supported":   true,
	})
}

func (a *albion) jwks(w http.ResponseWriter, _ *http.Request) {
	x, y := coordinates(&a.key.PublicKey)
	writeJSON(w, http.StatusOK, map[string]any{"keys": []map[string]string{{
		"kty": "EC", "crv": "P-256", "x": x, "y": y, "use": "sig", "alg": "ES256", "kid": a.kid,
	}}})
}

// writeJSON writes v; a client that has gone away is nobody's error.
func writeJSON(w http.ResponseWriter, status int, v any) {
	body, err := json.Marshal(v, json.Deterministic(true))
	if err != nil {
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(body)
}

// oauthError is an RFC 6749 error response body.
type oauthError struct {
	Code        string `json:"error"`
	Description string `json:"error_description,omitzero"`
}

func writeOAuthError(w http.ResponseWriter, status int, code, description string) {
	w.Header().Set("Cache-Control", "no-store")
	writeJSON(w, status, oauthError{Code: code, Description: description})
}
