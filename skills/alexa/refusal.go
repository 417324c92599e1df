package alexa

import "net/http"

// Reason says in a word why a request was refused, for the log. Whoever sent it is told only that it was.
type Reason string

// The reasons, in the order in which they are looked for.
const (
	TooLarge       Reason = "too large"         // over 64 KiB
	NoSignature    Reason = "no signature"      // Signature-256 missing, doubled, or no base64
	CertificateURL Reason = "certificate url"   // not where Amazon keeps its certificates
	Unreachable    Reason = "chain unreachable" // the chain could not be fetched
	Chain          Reason = "chain"             // not a chain from a trusted root
	SAN            Reason = "san"               // the certificate is not for echo-api.amazon.com
	Expired        Reason = "expired"           // a certificate of the chain is over, or not yet begun
	Signature      Reason = "signature"         // not the signature of this body
	TooDeep        Reason = "too deep"          // nested beyond 64
	Malformed      Reason = "malformed"         // not a request as Alexa documents it
	Application    Reason = "application"       // another skill's request
	Stale          Reason = "stale"             // from too long ago, or from the future
)

// RefusedError is a request that gets 400 and nothing else. It holds nothing of the request.
type RefusedError struct {
	Why   Reason
	cause error // of a chain only
}

// Error names the reason.
func (e *RefusedError) Error() string {
	if e.cause != nil {
		return "alexa request refused: " + string(e.Why) + ": " + e.cause.Error()
	}
	return "alexa request refused: " + string(e.Why)
}

// Reason gives the word for the log line.
func (e *RefusedError) Reason() string { return string(e.Why) }

// Status gives the HTTP status: Amazon expects 400 for whatever is not its own.
func (e *RefusedError) Status() int { return http.StatusBadRequest }

// Unwrap gives what went wrong with a chain, where that is the reason.
func (e *RefusedError) Unwrap() error { return e.cause }

func refuse(why Reason) error { return &RefusedError{Why: why} }

func refuseChain(why Reason, cause error) error { return &RefusedError{Why: why, cause: cause} }
