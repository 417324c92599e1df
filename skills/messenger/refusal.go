package messenger

import "net/http"

// Reason says in a word why a request was refused, for the log. Whoever sent it is told only that it was.
type Reason string

// The reasons.
const (
	NoSignature Reason = "no signature" // X-Hub-Signature-256 missing, doubled, or no hex
	Signature   Reason = "signature"    // not the signature of this body
	VerifyToken Reason = "verify token" // of a subscription
	TooLarge    Reason = "too large"
	TooDeep     Reason = "too deep"
	Malformed   Reason = "malformed" // not a delivery as Meta documents it
	Object      Reason = "object"    // of something else than a Page
	Redirect    Reason = "redirect"  // a way back from linking that is not Meta's
)

// RefusedError is a request that was refused. It holds nothing of it.
type RefusedError struct {
	Why    Reason
	status int
}

// Error names the reason.
func (e *RefusedError) Error() string { return "messenger request refused: " + string(e.Why) }

// Reason gives the word for the log line.
func (e *RefusedError) Reason() string { return string(e.Why) }

// Status gives the HTTP status: 403 for who is not Meta, 404 for what is not a Page's, as Meta's own sample has it.
func (e *RefusedError) Status() int { return e.status }

func refuse(why Reason) error {
	status := http.StatusBadRequest
	switch why {
	case NoSignature, Signature, VerifyToken:
		status = http.StatusForbidden
	case Object:
		status = http.StatusNotFound
	case TooLarge:
		status = http.StatusRequestEntityTooLarge
	case TooDeep, Malformed, Redirect:
	}
	return &RefusedError{Why: why, status: status}
}
