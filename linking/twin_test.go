package linking_test

import (
	"crypto/elliptic"
	"encoding/base64"
	"math/big"
	"slices"
	"strings"
	"testing"

	"sotto/linking"
)

// twin is a JWT with the other signature that ECDSA has for what was signed: whoever has (r, s) has (r, n-s), and needs no key for that.
func twin(t *testing.T, token linking.Token) linking.Token {
	t.Helper()
	end := strings.LastIndexByte(string(token), '.') + 1
	signature, err := base64.RawURLEncoding.DecodeString(string(token[end:]))
	if err != nil || len(signature) != 64 {
		t.Fatalf("no ES256 signature: %v", err)
	}
	s := new(big.Int).SetBytes(signature[32:])
	s.Sub(elliptic.P256().Params().N, s)
	return token[:end] + linking.Token(base64.RawURLEncoding.EncodeToString(slices.Concat(signature[:32], s.FillBytes(make([]byte, 32)))))
}

// TestWhoRewritesTheSignatureOfARevokedTokenDoesNotReviveIt: a token is what was signed, however its signature is written.
func TestWhoRewritesTheSignatureOfARevokedTokenDoesNotReviveIt(t *testing.T) {
	h := open(t)
	for client, good := range map[string]func(linking.Token) bool{
		"mcp":     func(token linking.Token) bool { return h.lives("mcp", token) },
		"alexa":   func(token linking.Token) bool { return h.lives("alexa", token) },
		"service": func(token linking.Token) bool { return h.lists(linking.MCPPath, token) },
	} {
		var token linking.Token
		if client == "service" {
			token = h.token(client, listing()).AccessToken
		} else {
			token = h.linked(client).AccessToken
		}
		if !good(token) {
			t.Fatalf("%s: not even linked", client)
		}
		must(t, h.Revoke(t.Context(), call(client, map[string]string{"token": string(twin(t, token))}))) // whichever of them is sent
		for name, form := range map[string]linking.Token{"as it was given": token, "with its twin": twin(t, token), "with a line break in it": token + "\n"} {
			if good(form) {
				t.Errorf("%s: a revoked token is accepted, its signature written %s", client, name)
			}
		}
	}
}
