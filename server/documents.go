package server

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"sotto/linking"
)

// wellKnown is where the documents are that a client reads before it has a token.
const wellKnown = "/.well-known/"

// read are the methods of what is the same for everybody: HEAD is for those who look whether it is there. Pages of linking and of customers have GET
// alone, so that who looks ahead neither begins nor uses up anything.
var read = []string{http.MethodGet, http.MethodHead}

// mountDocuments adds the metadata of the authorization server (RFC 8414) and of what its tokens open (RFC 9728), and its public keys.
func (s *Server) mountDocuments(e *echo.Echo) {
	mount := func(path string, document func() any) {
		e.Match(read, wellKnown+path, func(c echo.Context) error { return showDocument(c, document()) })
		e.OPTIONS(wellKnown+path, preflight)
	}
	mount("oauth-authorization-server", func() any { return s.authority.Metadata() })
	mount("jwks.json", func() any { return s.authority.Keys() })
	for _, path := range linking.ProtectedPaths() {
		m := s.authority.ResourceMetadata(path)
		m.Name, m.PolicyURI, m.TermsURI = s.cfg.SkillName, s.cfg.PrivacyURL, s.cfg.TermsURL
		mount("oauth-protected-resource"+path, func() any { return m })
	}
}

// showDocument answers with a document that every page on the web may read: assistants that run in a browser begin with it. It is the same for
// everybody, and credentials play no part, which the asterisk makes sure of.
func showDocument(c echo.Context, d any) error {
	h := c.Response().Header()
	h.Set("Access-Control-Allow-Origin", "*")
	h.Set("Cache-Control", "public, max-age=300")
	return writeJSON(c, http.StatusOK, d)
}

// preflight lets a browser ask for a document with headers of its own, such as MCP-Protocol-Version.
func preflight(c echo.Context) error {
	h := c.Response().Header()
	h.Set("Access-Control-Allow-Origin", "*")
	h.Set("Access-Control-Allow-Methods", http.MethodGet)
	h.Set("Access-Control-Allow-Headers", "*")
	h.Set("Access-Control-Max-Age", "86400")
	return c.NoContent(http.StatusNoContent)
}
