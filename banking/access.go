package banking

import (
	"slices"

	"github.com/tink-crypto/tink-go/v2/tink"
)

// Access is what a handler needs to ask the Teller: whose connections, and what may be read of them. It is made only by
// linking, from a token that was just found good, and already narrowed to one intent. The zero Access opens nothing.
type Access struct {
	link        string
	key         tink.AEAD
	permissions []Permission
}

// NewAccess gives access to the connections of one link. Only package linking calls it (tests/house_test.go keeps that).
// The key is the link's own; what the bank said about account names is at rest only under it.
func NewAccess(link string, key tink.AEAD, permissions ...Permission) Access {
	return Access{link: link, key: key, permissions: slices.Clone(permissions)}
}

// May says whether a permits p.
func (a Access) May(p Permission) bool {
	return a.link != "" && slices.Contains(a.permissions, p)
}
