package alexa

import (
	"context"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"strings"
)

// The headers with which Alexa signs. The older Signature, over SHA-1, is never enough.
const (
	headerChain     = "SignatureCertChainUrl"
	headerSignature = "Signature-256"
)

// maxSignature is the base64 of a signature by a key of 4,096 bits.
const maxSignature = 684

// Verify proves that Alexa signed exactly these bytes: RSA PKCS #1 v1.5 over SHA-256, by a certificate for echo-api.amazon.com
// whose chain ends at a trusted root and is valid now. It reads nothing in the body; Decode refuses what is stale or meant for
// another skill. Every error is a *RefusedError. A chain not seen before is fetched, within ctx and three seconds.
func (p *Platform) Verify(ctx context.Context, header http.Header, body []byte) error {
	if len(body) > maxBody {
		return refuse(TooLarge)
	}
	encoded, ok := only(header, headerSignature)
	if !ok || encoded == "" || len(encoded) > maxSignature || strings.ContainsAny(encoded, "\r\n") {
		return refuse(NoSignature)
	}
	signature, err := base64.StdEncoding.Strict().DecodeString(encoded)
	if err != nil {
		return refuse(NoSignature)
	}
	address, ok := only(header, headerChain)
	if !ok {
		return refuse(CertificateURL)
	}
	path, ok := certificatePath(address)
	if !ok {
		return refuse(CertificateURL)
	}
	key, err := p.chains.key(ctx, path, p.now())
	if err != nil {
		return err
	}
	digest := sha256.Sum256(body)
	if err := rsa.VerifyPKCS1v15(key, crypto.SHA256, digest[:], signature); err != nil {
		return refuse(Signature)
	}
	return nil
}

// only gives the one value of a header, however its name is written. A header sent twice has none: two readers could disagree
// about which of them counts.
func only(header http.Header, name string) (string, bool) {
	var found string
	count := 0
	for key, values := range header {
		if len(key) == len(name) && strings.EqualFold(key, name) {
			for _, value := range values {
				found = value
				count++
			}
		}
	}
	return found, count == 1
}
