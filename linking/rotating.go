package linking

import (
	"crypto/hmac"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// grace is how long a rotating refresh token that was used is answered again, with the same successor: the first answer may have
// been lost, or two of the client's processes may have asked at once.
const grace = time.Minute

// A rotating refresh token says by itself which generation of which grant it is, under an HMAC. So its successor is recomputed
// where it is asked for again, nothing of it is stored, and a forged one never reaches the database.
//
//	version 1 | key number 2 | grant 16 | generation 4 | HMAC-SHA256 32, in base64url
const (
	rotatingVersion = 1
	rotatingHead    = 1 + 2 + 16 + 4
	rotatingLength  = rotatingHead + 32
)

// rotating makes the token of a generation, counted from 1. at is when the one before it was first used: it chooses the key, so
// that whoever asks again gets the same token, whatever keys have started since.
func (a *Authority) rotating(grant string, generation int64, at time.Time) (Token, error) {
	id, err := base64.RawURLEncoding.DecodeString(grant)
	if err != nil || len(id) != 16 || generation < 1 || generation > 1<<31 {
		return "", errors.New("no refresh token can be made of this grant")
	}
	key, err := a.o.Keys.refresherAt(at)
	if err != nil {
		return "", fmt.Errorf("make refresh token: %w", err)
	}
	b := make([]byte, 0, rotatingLength)
	b = append(b, rotatingVersion)
	b = binary.BigEndian.AppendUint16(b, key.number)
	b = append(b, id...)
	b = binary.BigEndian.AppendUint32(b, uint32(generation))
	b = append(b, rotatingMAC(key, b)...)
	return Token(rotatingPrefix + encode(b)), nil
}

func rotatingMAC(key refreshKey, head []byte) []byte {
	return mac(key.secret, "refresh", strconv.Itoa(int(key.number)), string(head))
}

// readRefresh reads a refresh token of either kind; false where it is neither.
func (a *Authority) readRefresh(token string) (Refreshing, bool) {
	if rest, ok := strings.CutPrefix(token, stablePrefix); ok {
		return Refreshing{Hash: hash(token)}, isToken(rest)
	}
	rest, ok := strings.CutPrefix(token, rotatingPrefix)
	if !ok || len(rest) != base64.RawURLEncoding.EncodedLen(rotatingLength) {
		return Refreshing{}, false
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(rest)
	if err != nil || len(b) != rotatingLength || b[0] != rotatingVersion { // line breaks have a length and decode to nothing
		return Refreshing{}, false
	}
	number := binary.BigEndian.Uint16(b[1:])
	key, ok := a.o.Keys.refresher(number)
	if !ok || !hmac.Equal(b[rotatingHead:], rotatingMAC(key, b[:rotatingHead])) {
		return Refreshing{}, false
	}
	return Refreshing{Grant: encode(b[3:19]), Generation: int64(binary.BigEndian.Uint32(b[19:]))}, true
}
