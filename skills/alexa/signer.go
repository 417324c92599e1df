package alexa

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
)

// Signer signs requests as Amazon does. With the keys of a development house it plays Amazon for `sotto ask` and for tests.
type Signer struct {
	CertificateURL string          // where the chain of Key's certificate is, as Verify demands it
	Key            *rsa.PrivateKey // the leaf's
}

// Sign gives the headers that go with exactly this body.
func (s Signer) Sign(body []byte) (http.Header, error) {
	digest := sha256.Sum256(body)
	signature, err := rsa.SignPKCS1v15(nil, s.Key, crypto.SHA256, digest[:])
	if err != nil {
		return nil, fmt.Errorf("sign as Alexa: %w", err)
	}
	header := http.Header{}
	header.Set("Content-Type", "application/json; charset=utf-8")
	header.Set(headerChain, s.CertificateURL)
	header.Set(headerSignature, base64.StdEncoding.EncodeToString(signature))
	return header, nil
}
