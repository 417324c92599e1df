package linking

import (
	"encoding/base64"
	"strings"
)

// Token is a token, code or secret of the assistant's world. It does not show itself in logs, errors or JSON; convert with
// string(t) where it is used.
type Token string

// String gives "[token]".
func (Token) String() string { return "[token]" }

// GoString gives "[token]".
func (Token) GoString() string { return "[token]" }

// MarshalText gives "[token]".
func (Token) MarshalText() ([]byte, error) { return []byte("[token]"), nil }

// tokenLength is the length of 256 random bits in base64url.
const tokenLength = 43

// The starts of our tokens tell what they are, to us and to those who scan logs for leaked secrets. An access token that is a
// JWT starts like one.
const (
	accessPrefix   = "sa_" // opaque access token
	servicePrefix  = "sv_" // opaque access token of a service
	stablePrefix   = "ss_" // refresh token that stays
	rotatingPrefix = "sr_" // refresh token that is replaced
)

// newToken makes a token of 256 random bits.
func newToken(prefix string) Token { return Token(prefix + encode(random(32))) }

// isToken says whether s, without its prefix, has the shape that newToken gives.
func isToken(s string) bool {
	if len(s) != tokenLength {
		return false
	}
	for _, b := range []byte(s) {
		if (b < 'A' || b > 'Z') && (b < 'a' || b > 'z') && (b < '0' || b > '9') && b != '-' && b != '_' {
			return false
		}
	}
	return true
}

// isID says whether s has the shape of the ids of interactions and links: 128 random bits in base64url. Nothing else is looked for.
func isID(s string) bool {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(s)
	return err == nil && len(raw) == 16 && len(s) == base64.RawURLEncoding.EncodedLen(16)
}

// signedPart is what of a JWT was signed: all but the signature. By it one is known again, because whoever has a token can write its signature
// in other ways that are as good: ECDSA has a twin of each, and base64 is read past line breaks.
func signedPart(token string) string { return token[:max(0, strings.LastIndexByte(token, '.'))] }
