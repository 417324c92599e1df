package dialogflow

import "net/http"

// Reason says in a word why a request was refused, for the log. Whoever sent it is told only that it was.
type Reason string

// The reasons, in the order in which they are looked for.
const (
	TooLarge      Reason = "too large"      // over 256 KiB
	NoCredentials Reason = "no credentials" // Authorization missing, doubled, or of a kind that is not accepted
	Password      Reason = "password"       // not the username and password of the settings
	Keys          Reason = "keys"           // the key set could not be fetched
	IDToken       Reason = "id token"       // malformed, forged, or of another issuer or audience
	Expired       Reason = "expired"        // an ID token that is over
	Agent         Reason = "agent"          // a good ID token, but of somebody else than the agent's service account
	Malformed     Reason = "malformed"      // not a request as Dialogflow documents it
)

// statuses are what a refusal is to Dialogflow. It reads no more of it, and says to the customer what the agent has for a webhook that failed.
var statuses = map[Reason]int{
	TooLarge:      http.StatusRequestEntityTooLarge,
	NoCredentials: http.StatusUnauthorized,
	Password:      http.StatusUnauthorized,
	Keys:          http.StatusServiceUnavailable,
	IDToken:       http.StatusUnauthorized,
	Expired:       http.StatusUnauthorized,
	Agent:         http.StatusForbidden,
	Malformed:     http.StatusBadRequest,
}

// RefusedError is a request that is no turn. It holds nothing of the request.
type RefusedError struct{ Why Reason }

// Error names the reason.
func (e *RefusedError) Error() string { return "dialogflow request refused: " + string(e.Why) }

// Reason gives the word for the log line.
func (e *RefusedError) Reason() string { return string(e.Why) }

// Status gives the HTTP status.
func (e *RefusedError) Status() int { return statuses[e.Why] }

func refuse(why Reason) error { return &RefusedError{Why: why} }
