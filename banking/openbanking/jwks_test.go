package openbanking_test

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"errors"
	"fmt"
	"math/big"
	"strings"
	"testing"

	"github.com/golang-jwt/jwt/v5"

	"sotto/banking"
	"sotto/banking/openbanking"
)

// rsaJWK is an RSA key with a modulus of so many bits.
func rsaJWK(bits int, e int64) string {
	n := bytes.Repeat([]byte{0xff}, bits/8)
	return fmt.Sprintf(`{"kty":"RSA","kid":"k","n":%q,"e":%q}`, base64.RawURLEncoding.EncodeToString(n), base64.RawURLEncoding.EncodeToString(big.NewInt(e).Bytes()))
}

func TestAKeyOfAnOddSizeDoesNotServeABank(t *testing.T) {
	for name, tc := range map[string]struct {
		key  string
		want bool
	}{
		"2048 bits":                 {rsaJWK(2048, 65537), true},
		"8192 bits":                 {rsaJWK(8192, 65537), true},
		"on a curve":                {`{"kty":"EC","kid":"k","crv":"P-256","x":"A","y":"A"}`, true},
		"1024 bits":                 {rsaJWK(1024, 65537), false},
		"16384 bits":                {rsaJWK(16384, 65537), false},
		"a million bits":            {rsaJWK(1_000_000, 65537), false},
		"exponent 1":                {rsaJWK(2048, 1), false},
		"exponent 3":                {rsaJWK(2048, 3), false},
		"an even exponent":          {rsaJWK(2048, 65538), false},
		"an exponent of five bytes": {rsaJWK(2048, 1<<32+1), false},
		"nothing but its kind":      {`{"kty":"RSA"}`, false},
		"a modulus that is none":    {`{"kty":"RSA","n":"?","e":"AQAB"}`, false},
		"a modulus said twice":      {strings.Replace(rsaJWK(2048, 65537), `"n"`, `"n":"AQ","n"`, 1), false},
		"no object":                 {`7`, false},
	} {
		got, err := openbanking.Serving([]byte(`{"keys":[` + tc.key + `]}`))
		if kept := err == nil && string(got) != `{"keys":[]}`; kept != tc.want {
			t.Errorf("%s: got %.60s, %v", name, got, err)
		}
	}
	for _, content := range []string{"", "[]", `{"keys":7}`, `{"keys":[],"keys":[]}`} {
		if _, err := openbanking.Serving([]byte(content)); err == nil {
			t.Errorf("%q is a key set", content)
		}
	}
}

// TestASignatureByAKeyThatCanBeBrokenProvesNobody: whoever has factored it could say who any customer of the bank is.
func TestASignatureByAKeyThatCanBeBrokenProvesNobody(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	f := openForger(t)
	f.keys = fmt.Sprintf(`{"keys":[{"kty":"RSA","kid":"short","n":%q,"e":"AQAB"}]}`, base64.RawURLEncoding.EncodeToString(key.N.Bytes()))
	bank := f.bank(openbanking.Plain)
	a, err := bank.Authorize(t.Context(), all(), "state")
	if err != nil {
		t.Fatal(err)
	}
	token := jwt.NewWithClaims(jwt.SigningMethodPS256, f.claims(a))
	token.Header["kid"] = "short"
	if f.token, err = token.SignedString(key); err != nil {
		t.Fatal(err)
	}
	if _, _, err := bank.Exchange(t.Context(), a, banking.Return{Code: "code", State: "state"}); !errors.Is(err, banking.ErrGarbled) {
		t.Errorf("got %v, want ErrGarbled", err)
	}
}
