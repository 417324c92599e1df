package messenger

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"net/http"
	"net/url"
	"strings"
)

// signatureHeader carries "sha256=" and the HMAC of the body as it stands on the wire, in lower-case hex. Its older sibling with SHA-1 is not
// looked at. (Messenger Platform, Webhooks, "Validating payloads".)
const signatureHeader = "X-Hub-Signature-256"

// maxChallenge bounds what is echoed of a subscription.
const maxChallenge = 1000

// Verify proves that whoever has the app secret sent exactly these bytes.
func (p *Platform) Verify(header http.Header, body []byte) error {
	if len(body) > MaxBody {
		return refuse(TooLarge)
	}
	values := header.Values(signatureHeader)
	if len(values) != 1 {
		return refuse(NoSignature)
	}
	raw, ok := strings.CutPrefix(values[0], "sha256=")
	sent, err := hex.DecodeString(raw)
	if !ok || err != nil || len(sent) != sha256.Size {
		return refuse(NoSignature)
	}
	if !hmac.Equal(sent, sign([]byte(p.c.AppSecret), body)) {
		return refuse(Signature)
	}
	return nil
}

func sign(secret, content []byte) []byte {
	mac := hmac.New(sha256.New, secret)
	mac.Write(content)
	return mac.Sum(nil)
}

// Subscribe answers the GET with which Meta asks whether this is the endpoint of who set it up: with the challenge, where the verify token
// is ours.
func (p *Platform) Subscribe(q url.Values) (challenge string, err error) {
	given, ours := sha256.Sum256([]byte(q.Get("hub.verify_token"))), sha256.Sum256([]byte(p.c.VerifyToken))
	if subtle.ConstantTimeCompare(given[:], ours[:]) != 1 {
		return "", refuse(VerifyToken)
	}
	challenge = q.Get("hub.challenge")
	if q.Get("hub.mode") != "subscribe" || challenge == "" || len(challenge) > maxChallenge {
		return "", refuse(Malformed)
	}
	return challenge, nil
}
