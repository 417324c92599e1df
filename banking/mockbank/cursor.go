package mockbank

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"

	"github.com/go-json-experiment/json"
)

// cursorName is this bank's own name for the page parameter. Clients are not to
// know it; they follow Links.Next as it stands.
const cursorName = "pos"

// cursor is a place in a list of transactions: the row a page ended with.
type cursor struct {
	Scope   string `json:"s,omitzero"` // account of the path
	Consent string `json:"c"`
	From    string `json:"f,omitzero"`
	To      string `json:"t,omitzero"`
	Account string `json:"a"`
	When    int64  `json:"w"`
	Ordinal uint64 `json:"o"`
	Again   bool   `json:"g,omitzero"` // the row itself comes again
}

// maxCursor bounds what open reads.
const maxCursor = 2048

// seal writes a cursor so that nobody outside can make one.
func (a *albion) seal(c cursor) string {
	body, err := json.Marshal(c)
	if err != nil {
		return ""
	}
	return base64.RawURLEncoding.EncodeToString(append(a.mac(body), body...))
}

// open reads what seal wrote, and refuses anything else.
func (a *albion) open(raw string) (*cursor, bool) {
	if len(raw) > maxCursor {
		return nil, false
	}
	all, err := base64.RawURLEncoding.DecodeString(raw)
	if err != nil || len(all) < 16 || !hmac.Equal(all[:16], a.mac(all[16:])) {
		return nil, false
	}
	var c cursor
	if err := json.Unmarshal(all[16:], &c); err != nil {
		return nil, false
	}
	return &c, true
}

func (a *albion) mac(body []byte) []byte {
	m := hmac.New(sha256.New, a.secret)
	_, _ = m.Write(body)
	return m.Sum(nil)[:16]
}
