package linking

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"

	"sotto/linking/document"
)

// Documents are the documents with which clients introduce themselves that are in no settings. Its errors are those of package document.
type Documents interface {
	// Allows says whether a client may introduce itself with the document at this address, without going there.
	Allows(id string) bool
	// Document gives the document at an address.
	Document(ctx context.Context, id string) (document.Document, error)
}

// documented is all that can be said of a client that introduces itself without its document, and it is enough wherever tokens are: such a
// client has no secret, must use PKCE, and gets refresh tokens that rotate. So a link does not depend on whether somebody's web server
// answers; but it is refused at once when the operator no longer allows that host.
func documented(id string) Client {
	return Client{ID: id, Name: document.Host(id), Platform: MCP, Auth: Public, Scopes: all, documented: true}.WithDefaults()
}

// introduce reads the document of a client that introduces itself: where it may be answered, what it calls itself, what it may ask for. A
// client of the settings is as it is.
func (a *Authority) introduce(ctx context.Context, c Client) (Client, error) {
	if !c.documented {
		return c, nil
	}
	d, err := a.o.Documents.Document(ctx, c.ID)
	if err != nil {
		return c, refuseDocument(c.ID, err)
	}
	c.Name, c.RedirectURIs = d.Name, d.RedirectURIs
	// What it names for other servers, such as offline_access, says nothing here.
	known := slices.DeleteFunc(slices.Clone(all), func(s Scope) bool { return !slices.Contains(d.Scopes, string(s)) })
	if len(known) > 0 {
		c.Scopes = known
	}
	for _, raw := range c.RedirectURIs {
		if !redirectable(raw) {
			return c, refuseDocument(c.ID, fmt.Errorf("%w: redirect_uris must be https, or http on loopback", document.ErrInvalid))
		}
	}
	return c, nil
}

// vouched says whether a browser may be sent to a redirect URI of c before a person was asked anything: one of the settings, one on the host that
// the operator has named, or one on the person's own device. Any other is whatever somebody wrote into his document, and our address would lend
// it its good name (RFC 9700 section 4.11.2); there, the person is told instead.
func (c Client) vouched(redirect string) bool {
	if !c.documented {
		return true
	}
	u, err := url.Parse(redirect)
	return err == nil && (u.Scheme == "http" || u.Host == document.Host(c.ID)) // http is on loopback: redirectable
}

// refuseDocument is for whoever comes with a client that could not introduce itself. Its developer is told why; nothing is redirected.
func refuseDocument(id string, err error) *OAuthError {
	if errors.Is(err, document.ErrUnreachable) {
		e := refuse(temporarilyUnavailable, "document_unreachable", "the client metadata document could not be fetched")
		e.Status = http.StatusServiceUnavailable
		return e.of(id)
	}
	return refuse(invalidClient, "document_invalid", err.Error()).of(id) // a fixed text
}

// ClientName is what a client calls itself, for pages. Where that cannot be had, it is the host it comes from.
func (a *Authority) ClientName(ctx context.Context, id string) string {
	if c, ok := a.clients[id]; ok {
		return c.Name
	}
	c, ok := a.oauth(id)
	if !ok {
		return ""
	}
	c, _ = a.introduce(ctx, c) // with its host for a name where that fails
	return c.Name
}
