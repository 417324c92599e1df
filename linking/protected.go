package linking

import "slices"

// ResourceMetadata is a document of RFC 9728 section 2: what a client must know of a resource before it has a token.
type ResourceMetadata struct {
	Resource             string   `json:"resource"`
	AuthorizationServers []string `json:"authorization_servers"`
	ScopesSupported      []string `json:"scopes_supported"`
	BearerMethods        []string `json:"bearer_methods_supported"`
	Name                 string   `json:"resource_name,omitempty"`       // whoever serves the document knows how the house is called
	PolicyURI            string   `json:"resource_policy_uri,omitempty"` // of the bank
	TermsURI             string   `json:"resource_tos_uri,omitempty"`    // of the bank
}

// The paths of resources at which tokens are presented.
const (
	AlexaPath      = "/alexa"
	MCPPath        = "/mcp"
	AlexaMCPPath   = "/mcp/alexa"  // the same for Alexa+, which wants its refusals without WWW-Authenticate
	DialogflowPath = "/dialogflow" // of both webhooks
)

// ProtectedPaths lists the resources that have metadata, because assistants look for it. The empty one is the house as a whole, where clients look that know no path.
func ProtectedPaths() []string { return []string{"", MCPPath, AlexaMCPPath} }

// Resource is how the resource at this path is called in metadata, resource parameters and audiences.
func (a *Authority) Resource(path string) string { return a.o.Issuer + path }

// ResourceMetadata gives the document for /.well-known/oauth-protected-resource followed by the resource's path.
func (a *Authority) ResourceMetadata(path string) ResourceMetadata {
	return ResourceMetadata{
		Resource: a.Resource(path), AuthorizationServers: []string{a.o.Issuer}, ScopesSupported: scopeNames(all),
		BearerMethods: []string{"header"}, // in a query or a body it would be in logs and histories
	}
}

// described is the resource's own document; that of the house where it has none.
func (a *Authority) described(path string) string {
	if !slices.Contains(ProtectedPaths(), path) {
		path = ""
	}
	return a.o.Issuer + "/.well-known/oauth-protected-resource" + path
}

func scopeNames(scopes []Scope) []string {
	names := make([]string, len(scopes))
	for i, s := range scopes {
		names[i] = string(s)
	}
	return names
}
