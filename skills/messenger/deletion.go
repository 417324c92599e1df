package messenger

import (
	"crypto/hmac"
	"encoding/base64"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"sotto/skills"
)

// Forget reads the signed_request with which Meta says that a person wants to be forgotten: base64url of an HMAC, a dot, and base64url of a JSON
// text, which the HMAC is of as it stands. Padding does not matter. (Meta, "Data Deletion Request Callback".)
func (p *Platform) Forget(signedRequest string) (Event, error) {
	if len(signedRequest) > 8<<10 {
		return Event{}, refuse(TooLarge)
	}
	signature, content, ok := strings.Cut(signedRequest, ".")
	sent, err := unpad(signature)
	if !ok || err != nil || len(sent) == 0 {
		return Event{}, refuse(NoSignature)
	}
	if !hmac.Equal(sent, sign([]byte(p.c.AppSecret), []byte(content))) {
		return Event{}, refuse(Signature)
	}
	raw, err := unpad(content)
	if err != nil || skills.Deeper(raw, maxDepth) {
		return Event{}, refuse(Malformed)
	}
	var said struct {
		User      jsontext.Value `json:"user_id"`
		Algorithm string         `json:"algorithm"`
		Issued    jsontext.Value `json:"issued_at"`
	}
	if err := json.Unmarshal(raw, &said); err != nil || !strings.EqualFold(said.Algorithm, "HMAC-SHA256") {
		return Event{}, refuse(Malformed)
	}
	user := strings.Trim(string(said.User), `"`)
	if !digits(user) {
		return Event{}, refuse(Malformed)
	}
	return Event{Kind: Deletion, AppUser: user, ID: idOf("deletion", user, string(said.Issued))}, nil
}

func unpad(text string) ([]byte, error) {
	return base64.RawURLEncoding.DecodeString(strings.TrimRight(text, "="))
}
