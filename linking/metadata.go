package linking

// Metadata is a document of RFC 8414 section 2, with what OpenID Connect Discovery adds to it for userinfo. It names only what is there.
type Metadata struct {
	Issuer                     string   `json:"issuer"`
	AuthorizationEndpoint      string   `json:"authorization_endpoint"`
	TokenEndpoint              string   `json:"token_endpoint"`
	RevocationEndpoint         string   `json:"revocation_endpoint"`
	IntrospectionEndpoint      string   `json:"introspection_endpoint"`
	PushedEndpoint             string   `json:"pushed_authorization_request_endpoint"`
	PushedRequired             bool     `json:"require_pushed_authorization_requests"` // of every client: each may be held to it by its own entry
	UserinfoEndpoint           string   `json:"userinfo_endpoint"`
	JWKSURI                    string   `json:"jwks_uri"`
	ScopesSupported            []string `json:"scopes_supported"`
	SubjectTypesSupported      []string `json:"subject_types_supported"`
	ResponseTypesSupported     []string `json:"response_types_supported"`
	ResponseModesSupported     []string `json:"response_modes_supported"`
	GrantTypesSupported        []string `json:"grant_types_supported"`
	TokenAuthMethods           []string `json:"token_endpoint_auth_methods_supported"`
	RevocationAuthMethods      []string `json:"revocation_endpoint_auth_methods_supported"`
	IntrospectionAuthMethods   []string `json:"introspection_endpoint_auth_methods_supported"`
	TokenAuthAlgorithms        []string `json:"token_endpoint_auth_signing_alg_values_supported,omitempty"`
	RevocationAuthAlgorithms   []string `json:"revocation_endpoint_auth_signing_alg_values_supported,omitempty"`
	IntrospectAuthAlgorithms   []string `json:"introspection_endpoint_auth_signing_alg_values_supported,omitempty"`
	ChallengeMethodsSupported  []string `json:"code_challenge_methods_supported"`
	IssuerParameterInResponses bool     `json:"authorization_response_iss_parameter_supported"`
	ClientIDDocuments          bool     `json:"client_id_metadata_document_supported,omitzero"`
}

// Metadata gives the document for /.well-known/oauth-authorization-server. The issuer is byte for byte the one in tokens and responses.
// It has no path, so that this is the document's only place (RFC 8414 section 3.1): at one made from a resource's path, the issuer would not be
// the one asked for, which a client must refuse.
func (a *Authority) Metadata() Metadata {
	m := Metadata{
		Issuer:                     a.o.Issuer,
		AuthorizationEndpoint:      a.o.Issuer + "/oauth/authorize",
		TokenEndpoint:              a.o.Issuer + "/oauth/token",
		RevocationEndpoint:         a.o.Issuer + "/oauth/revoke",
		IntrospectionEndpoint:      a.o.Issuer + "/oauth/introspect",
		PushedEndpoint:             a.o.Issuer + parPath,
		UserinfoEndpoint:           a.o.Issuer + "/oauth/userinfo",
		JWKSURI:                    a.o.Issuer + "/.well-known/jwks.json",
		ScopesSupported:            scopeNames(all),
		SubjectTypesSupported:      []string{"pairwise"},
		ResponseTypesSupported:     []string{"code"},
		ResponseModesSupported:     []string{"query"},
		GrantTypesSupported:        []string{AuthorizationCode, RefreshToken},
		TokenAuthMethods:           []string{"client_secret_basic", "client_secret_post"},
		IntrospectionAuthMethods:   []string{"client_secret_basic", "client_secret_post"},
		ChallengeMethodsSupported:  []string{"S256"},
		IssuerParameterInResponses: true,
		ClientIDDocuments:          a.o.Documents != nil,
	}
	if a.some(PrivateKeyJWT) {
		m.TokenAuthMethods = append(m.TokenAuthMethods, string(PrivateKeyJWT))
		m.IntrospectionAuthMethods = append(m.IntrospectionAuthMethods, string(PrivateKeyJWT))
		m.TokenAuthAlgorithms, m.RevocationAuthAlgorithms, m.IntrospectAuthAlgorithms = assertionAlgorithms, assertionAlgorithms, assertionAlgorithms
	}
	if a.some(Public) || a.o.Documents != nil {
		m.TokenAuthMethods = append(m.TokenAuthMethods, string(Public))
	}
	m.RevocationAuthMethods = m.TokenAuthMethods
	if a.anybodyMay(ClientCredentials) {
		m.GrantTypesSupported = append(m.GrantTypesSupported, ClientCredentials)
	}
	if a.anybodyMay(JWTBearer) {
		m.GrantTypesSupported = append(m.GrantTypesSupported, JWTBearer)
	}
	return m
}

// some says whether some client authenticates in this way.
func (a *Authority) some(auth ClientAuth) bool {
	for _, c := range a.clients {
		if c.Auth == auth {
			return true
		}
	}
	return false
}

// anybodyMay says whether some client uses this grant.
func (a *Authority) anybodyMay(grant string) bool {
	for _, c := range a.clients {
		if c.may(grant) {
			return true
		}
	}
	return false
}

// Keys gives the document for /.well-known/jwks.json.
func (a *Authority) Keys() JWKS { return a.o.Keys.Public() }
