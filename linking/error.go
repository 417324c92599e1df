package linking

import (
	"net/http"
	"time"
)

// OAuthError is a refusal in the words of RFC 6749. Nothing of it is personal; Reason is for the log and more exact than what
// the other side is told.
type OAuthError struct {
	Code        string // such as "invalid_grant"
	Description string // for the developer at the other side
	Status      int    // HTTP status, where it is not told by a redirect
	Reason      string // a fixed name such as "code_used"
	Client      string // the client's id where it is one of ours; may be empty
	// Redirect is the client's URL with error, state and iss, where the client and its redirect URI were proven and the browser
	// may be sent there. Empty means: answer here, with a page or JSON.
	Redirect string
	// RetryAfter is how long to wait, where the refusal is for coming too often.
	RetryAfter time.Duration
	// LoginHint is what Google shall give back to the authorization endpoint; empty but for a "create".
	LoginHint Token
	// Challenge is the WWW-Authenticate header, where there must be one.
	Challenge string
}

// Error gives the code and the reason.
func (e *OAuthError) Error() string { return e.Code + ": " + e.Reason }

// of is e, as the refusal of a client that is known.
func (e *OAuthError) of(client string) *OAuthError {
	e.Client = client
	return e
}

// The codes of RFC 6749, 7009, 8707.
const (
	invalidRequest       = "invalid_request"
	invalidClient        = "invalid_client"
	invalidGrant         = "invalid_grant"
	invalidScope         = "invalid_scope"
	invalidTarget        = "invalid_target"
	unauthorizedClient   = "unauthorized_client"
	unsupportedGrantType = "unsupported_grant_type"
	unsupportedResponse  = "unsupported_response_type"
	accessDenied         = "access_denied"

	temporarilyUnavailable = "temporarily_unavailable"
)

func refuse(code, reason, description string) *OAuthError {
	return &OAuthError{Code: code, Reason: reason, Description: description, Status: http.StatusBadRequest}
}
