package linking

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"time"
)

// A hint is the handle that Google is given with a refused "create", and that it gives back as login_hint of the authorization request to which
// it sends its customer. It says, to nobody but us, for which Google account the link is to be made.
//
//	"sh_" and in base64url, sealed under the house key: expiry, in Unix milliseconds 8 | account 32
//
// It is bound to its client, good for a quarter of an hour, and for the first request that brings it: whoever finds one in a history, a log or a
// Referer comes after its owner, and begins an interaction like any other. A hint that is not good is no error, because it is only a hint.
const (
	hintPrefix  = "sh_"
	hintLife    = 15 * time.Minute
	hintPlain   = 8 + 32
	maxLoginLen = 256
)

func hintAD(client string) []byte { return []byte("login_hint|" + client) }

func (a *Authority) hint(client Client, account []byte) (Token, error) {
	plain := binary.BigEndian.AppendUint64(nil, uint64(a.o.Now().Add(hintLife).UnixMilli()))
	sealed, err := a.o.Keys.House().Encrypt(append(plain, account...), hintAD(client.ID))
	if err != nil {
		return "", fmt.Errorf("seal a login hint: %w", err)
	}
	return Token(hintPrefix + encode(sealed)), nil
}

// hinted gives the account of a hint, and spends it; nil where it is not good, or none.
func (a *Authority) hinted(ctx context.Context, client Client, hint string) ([]byte, error) {
	rest, ours := strings.CutPrefix(hint, hintPrefix)
	if !ours || len(hint) > maxLoginLen || !client.may(JWTBearer) {
		return nil, nil
	}
	sealed, err := base64.RawURLEncoding.Strict().DecodeString(rest)
	if err != nil {
		return nil, nil //nolint:nilerr // only a hint
	}
	plain, err := a.o.Keys.House().Decrypt(sealed, hintAD(client.ID))
	if err != nil || len(plain) != hintPlain {
		return nil, nil //nolint:nilerr // only a hint
	}
	until := time.UnixMilli(int64(binary.BigEndian.Uint64(plain))) //nolint:gosec // written by us
	if !until.After(a.o.Now()) {
		return nil, nil
	}
	err = a.o.Store.SpendAssertion(ctx, a.o.Keys.name("login hint", string(sealed)), until) // not hint: base64 is read past line breaks
	if errors.Is(err, ErrNone) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("spend a login hint: %w", err)
	}
	return plain[8:], nil
}
