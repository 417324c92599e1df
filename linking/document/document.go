// Package document reads the documents with which assistants introduce themselves: client metadata at the address that is the client's id
// (draft-ietf-oauth-client-id-metadata-document, Model Context Protocol).
//
// Whoever sends a browser here names an address, and this process goes there. So it goes only to hosts that the operator has named, only to
// addresses of the public internet, follows nobody, and stays neither long nor for much.
//
//	document.go   what a document must say
//	address.go    what a client's id must look like, and where it may lead
//	fetch.go      going there
//	keep.go       not going there again too soon
package document

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// What can be wrong. The texts are fixed; nothing of what was read is in them.
var (
	// ErrNotAllowed means that the id is no address of a document, or of a host that was not named.
	ErrNotAllowed = errors.New("client metadata document not allowed")
	// ErrUnreachable means that the document could not be fetched; it may help to try again.
	ErrUnreachable = errors.New("client metadata document unreachable")
	// ErrInvalid means that what is there introduces no client that is served here.
	ErrInvalid = errors.New("client metadata document invalid")
)

// Document is what is read of a client metadata document. Its client is public: whoever can be found by an address alone shares no secret.
type Document struct {
	ClientID     string
	Name         string // as it calls itself; its host where it has no name
	RedirectURIs []string
	Scopes       []string // those it may ask for; none where it does not say
}

// metadata are the members of RFC 7591 section 2 that matter here.
type metadata struct {
	ClientID      string         `json:"client_id"`
	Name          string         `json:"client_name"`
	RedirectURIs  []string       `json:"redirect_uris"`
	Auth          string         `json:"token_endpoint_auth_method"`
	Grants        []string       `json:"grant_types"`
	Responses     []string       `json:"response_types"`
	Scope         string         `json:"scope"`
	Secret        jsontext.Value `json:"client_secret"`
	SecretExpires jsontext.Value `json:"client_secret_expires_at"`
}

// maxName is how long a client's name may be in bytes, as in settings.
const maxName = 100

// Read reads the document found at id.
func Read(id string, content []byte) (Document, error) {
	var m metadata
	if err := json.Unmarshal(content, &m); err != nil {
		return Document{}, fmt.Errorf("%w: it is no JSON object of client metadata", ErrInvalid)
	}
	fault := ""
	switch {
	case m.ClientID != id: // byte for byte: otherwise whoever can put a file on a host could introduce another of its clients
		fault = "client_id is not the address it was found at"
	case m.Auth != "" && m.Auth != "none":
		fault = "token_endpoint_auth_method must be none"
	case m.Secret != nil || m.SecretExpires != nil:
		fault = "it has a secret, and everybody can read it"
	case len(m.RedirectURIs) == 0:
		fault = "redirect_uris are missing"
	case m.Grants != nil && !slices.Contains(m.Grants, "authorization_code"):
		fault = "grant_types must have authorization_code"
	case m.Responses != nil && !slices.Contains(m.Responses, "code"):
		fault = "response_types must have code"
	case len(m.Name) > maxName || strings.ContainsFunc(m.Name, hidden):
		fault = "client_name must have at most 100 bytes, all to be seen"
	}
	if fault != "" {
		return Document{}, fmt.Errorf("%w: %s", ErrInvalid, fault)
	}
	d := Document{ClientID: id, Name: strings.TrimSpace(m.Name), RedirectURIs: m.RedirectURIs, Scopes: strings.Fields(m.Scope)}
	if d.Name == "" {
		d.Name = Host(id)
	}
	return d, nil
}

// hidden says whether a rune shows nothing, or turns what is around it: a name could pose as another with it.
func hidden(r rune) bool {
	return unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || unicode.Is(unicode.Zl, r) || unicode.Is(unicode.Zp, r)
}
