package linking

import "slices"

// Metadata is a document of RFC 8414 section 2. It names only what is there.
type Metadata struct {
	Issuer                     string   `json:"issuer"`
	AuthorizationEndpoint      string   `json:"authorization_endpoint"`
	TokenEndpoint              string   `json:"token_endpoint"`
	RevocationEndpoint         string   `json:"revocation_endpoint"`
	IntrospectionEndpoint      string   `json:"introspection_endpoint"`
	JWKSURI                    string   `json:"jwks_uri"`
	ScopesSupported            []string `json:"scopes_supported"`
	ResponseTypesSupported     []string `json:"response_types_supported"`
	ResponseModesSupported     []string `json:"response_modes_supported"`
	GrantTypesSupported        []string `json:"grant_types_supported"`
	TokenAuthMethods           []string `json:"token_endpoint_auth_methods_supported"`
	RevocationAuthMethods      []string `json:"revocation_endpoint_auth_methods_supported"`
	IntrospectionAuthMethods   []string `json:"introspection_endpoint_auth_methods_supported"`
	ChallengeMethodsSupported  []string `json:"code_challenge_methods_supported"`
	IssuerParameterInResponses bool     `json:"authorization_response_iss_parameter_supported"`
}

// Metadata gives the document for /.well-known/oauth-authorization-server. The issuer is byte for byte the one in tokens and responses.
func (a *Authority) Metadata() Metadata {
	m := Metadata{
		Issuer:                     a.o.Issuer,
		AuthorizationEndpoint:      a.o.Issuer + "/oauth/authorize",
		TokenEndpoint:              a.o.Issuer + "/oauth/token",
		RevocationEndpoint:         a.o.Issuer + "/oauth/revoke",
		IntrospectionEndpoint:      a.o.Issuer + "/oauth/introspect",
		JWKSURI:                    a.o.Issuer + "/.well-known/jwks.json",
		ResponseTypesSupported:     []string{"code"},
		ResponseModesSupported:     []string{"query"},
		GrantTypesSupported:        []string{AuthorizationCode, RefreshToken},
		TokenAuthMethods:           []string{"client_secret_basic", "client_secret_post"},
		IntrospectionAuthMethods:   []string{"client_secret_basic", "client_secret_post"},
		ChallengeMethodsSupported:  []string{"S256"},
		IssuerParameterInResponses: true,
	}
	for _, s := range all {
		m.ScopesSupported = append(m.ScopesSupported, string(s))
	}
	for _, c := range a.clients {
		if c.Auth == Public && !slices.Contains(m.TokenAuthMethods, "none") {
			m.TokenAuthMethods = append(m.TokenAuthMethods, "none")
		}
	}
	m.RevocationAuthMethods = slices.Clone(m.TokenAuthMethods)
	return m
}

// Keys gives the document for /.well-known/jwks.json.
func (a *Authority) Keys() JWKS { return a.o.Keys.Public() }
