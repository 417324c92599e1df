package linking

import (
	"slices"
	"strings"
)

// all lists every scope. A scope's place in it is its bit in the store: add at the end, never move or remove.
var all = []Scope{Balances, Spending, Transactions, Income, Upcoming}

// Mask is a set of scopes as it is stored: bit i is the i-th of all.
type Mask int64

// mask gives the set of scopes, and false where one of them is unknown.
func mask(scopes []Scope) (Mask, bool) {
	var m Mask
	for _, s := range scopes {
		i := slices.Index(all, s)
		if i < 0 {
			return 0, false
		}
		m |= 1 << i
	}
	return m, true
}

// Scopes gives the scopes of m, in their one order.
func (m Mask) Scopes() []Scope {
	scopes := make([]Scope, 0, len(all))
	for i, s := range all {
		if m&(1<<i) != 0 {
			scopes = append(scopes, s)
		}
	}
	return scopes
}

// String gives m as a scope parameter, RFC 6749 section 3.3.
func (m Mask) String() string {
	var b strings.Builder
	b.Grow(64)
	for i, s := range all {
		if m&(1<<i) == 0 {
			continue
		}
		if b.Len() > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(string(s))
	}
	return b.String()
}

// within says whether everything in m is in other.
func (m Mask) within(other Mask) bool { return m&^other == 0 }

// parseScopes reads a scope parameter; 0 where it is empty, false where a word of it is no scope of ours.
func parseScopes(parameter string) (Mask, bool) {
	var scopes []Scope
	for word := range strings.FieldsSeq(parameter) {
		scopes = append(scopes, Scope(word))
	}
	return mask(scopes)
}
