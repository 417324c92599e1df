package openbanking

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// maxKeySet is longer than any key set (RFC 7517).
const maxKeySet = 1 << 20

// keySets fetches a bank's key set for the library that proves its id_tokens, and gives it those keys alone that may serve. The library takes RSA
// keys of any size: short ones can be broken, and one try with a key of a million bits takes half a minute, which nothing ends.
type keySets struct{ http.RoundTripper }

func (t keySets) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := t.RoundTripper.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	content, err := io.ReadAll(io.LimitReader(resp.Body, maxKeySet))
	if err != nil {
		return nil, fmt.Errorf("read key set: %w", err)
	}
	if resp.StatusCode == http.StatusOK {
		if content, err = serving(content); err != nil {
			return nil, err
		}
	}
	resp.Body = io.NopCloser(bytes.NewReader(content))
	return resp, nil
}

// serving is a key set without the keys that may not serve.
func serving(content []byte) ([]byte, error) {
	var set struct {
		Keys []jsontext.Value `json:"keys"`
	}
	if json.Unmarshal(content, &set) != nil {
		return nil, errors.New("it is no key set")
	}
	set.Keys = slices.DeleteFunc(set.Keys, func(key jsontext.Value) bool { return !serves(key) })
	return json.Marshal(set)
}

// serves says whether a key may serve: an RSA key needs 2048 bits (FAPI 1 Advanced section 8.6), and more than 8192 only cost time.
func serves(key jsontext.Value) bool {
	var k struct {
		Kty string `json:"kty"`
		N   string `json:"n"`
		E   string `json:"e"`
	}
	if json.Unmarshal(key, &k) != nil {
		return false
	}
	if k.Kty != "RSA" {
		return true
	}
	n, errN := base64.RawURLEncoding.DecodeString(strings.TrimRight(k.N, "="))
	e, errE := base64.RawURLEncoding.DecodeString(strings.TrimRight(k.E, "="))
	if errN != nil || errE != nil || len(e) > 4 {
		return false
	}
	bits, exponent := new(big.Int).SetBytes(n).BitLen(), new(big.Int).SetBytes(e).Int64()
	return bits >= 2048 && bits <= 8192 && exponent > 1<<16 && exponent%2 == 1
}
