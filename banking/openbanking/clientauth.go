package openbanking

import (
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/url"

	"github.com/golang-jwt/jwt/v5"
)

// assertionType is the client_assertion_type of RFC 7523 section 2.2.
const assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

// prove puts into a token request who Sotto is: in its header, or in its form.
func (b *Bank) prove(header http.Header, form url.Values) error {
	switch b.config.Auth {
	case Basic:
		// RFC 6749 section 2.3.1: both halves are form-encoded first.
		pair := url.QueryEscape(b.config.ClientID) + ":" + url.QueryEscape(string(b.config.ClientSecret))
		header.Set("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(pair)))
	case Post:
		form.Set("client_id", b.config.ClientID)
		form.Set("client_secret", string(b.config.ClientSecret))
	case PrivateKey:
		assertion, err := b.assertion()
		if err != nil {
			return err
		}
		form.Set("client_id", b.config.ClientID)
		form.Set("client_assertion_type", assertionType)
		form.Set("client_assertion", assertion)
	case TLS:
		form.Set("client_id", b.config.ClientID)
	default:
		return fmt.Errorf("%w: auth", ErrConfig)
	}
	return nil
}

// assertion is private_key_jwt (OpenID Connect Core section 9). Its audience is the token endpoint, as that section has it and FAPI 1
// banks expect; endpoints are settings here, never a bank's own word, so that no other bank can be made the audience.
func (b *Bank) assertion() (string, error) {
	id, err := b.nonce()
	if err != nil {
		return "", err
	}
	now := b.options.Now()
	return b.signing.sign(jwt.MapClaims{
		"iss": b.config.ClientID, "sub": b.config.ClientID, "aud": b.config.TokenURL,
		"jti": id, "iat": now.Unix(), "exp": now.Add(assertionLife).Unix(),
	}, "")
}

// nonce gives 32 random bytes as URL-safe text.
func (b *Bank) nonce() (string, error) {
	var random [32]byte
	if _, err := io.ReadFull(b.options.Random, random[:]); err != nil {
		return "", fmt.Errorf("no randomness: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(random[:]), nil
}
