package linking

// Token is a token, code or secret of the assistant's world. It does not show itself in logs, errors or JSON; convert with
// string(t) where it is used.
type Token string

// String gives "[token]".
func (Token) String() string { return "[token]" }

// GoString gives "[token]".
func (Token) GoString() string { return "[token]" }

// MarshalText gives "[token]".
func (Token) MarshalText() ([]byte, error) { return []byte("[token]"), nil }
