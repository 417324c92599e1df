package dialogflow

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"net/http"
	"slices"
	"strings"

	"sotto/linking/idtoken"
)

const (
	headerToken = "Sotto-Token" // the customer's, from queryParams.webhookHeaders of whoever asked Dialogflow
	// maxAuthorization bounds what is looked at. Google's ID tokens have about one kibibyte.
	maxAuthorization = 8 << 10
)

// Verify proves that a request comes from an agent of the bank: by the password that its webhook was given, or by the ID token of its
// service account. Every error is a *RefusedError. Keys not seen before are fetched, within ctx and three seconds.
func (a *agent) Verify(ctx context.Context, header http.Header, body []byte) error {
	if len(body) > maxBody {
		return refuse(TooLarge)
	}
	sent := header.Values("Authorization")
	if len(sent) != 1 || len(sent[0]) > maxAuthorization {
		return refuse(NoCredentials) // two could be read as either
	}
	scheme, credentials, _ := strings.Cut(sent[0], " ")
	switch {
	case a.basic && strings.EqualFold(scheme, "Basic"):
		return a.verifyPassword(credentials)
	case a.tokens != nil && strings.EqualFold(scheme, "Bearer"):
		return a.verifyIDToken(ctx, credentials)
	default:
		return refuse(NoCredentials)
	}
}

// verifyPassword looks at both halves in constant time, whatever their lengths.
func (a *agent) verifyPassword(credentials string) error {
	raw, err := base64.StdEncoding.Strict().DecodeString(credentials)
	if err != nil {
		return refuse(NoCredentials)
	}
	username, password, _ := strings.Cut(string(raw), ":")
	name, word := sha256.Sum256([]byte(username)), sha256.Sum256([]byte(password))
	if subtle.ConstantTimeCompare(name[:], a.username[:])&subtle.ConstantTimeCompare(word[:], a.password[:]) != 1 {
		return refuse(Password)
	}
	return nil
}

// verifyIDToken takes a token that is genuine, and of the agent's own service account.
func (a *agent) verifyIDToken(ctx context.Context, token string) error {
	claims, err := a.tokens.Verify(ctx, token)
	switch {
	case errors.Is(err, idtoken.ErrUnreachable):
		return refuse(Keys)
	case errors.Is(err, idtoken.ErrExpired):
		return refuse(Expired)
	case err != nil:
		return refuse(IDToken)
	case !claims.EmailVerified || !slices.Contains(a.emails, claims.Email):
		return refuse(Agent)
	}
	return nil
}
