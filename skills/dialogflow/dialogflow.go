// Package dialogflow proves that a webhook request came from a Dialogflow agent of the bank, ES or CX, reads a turn from it, writes a
// reply to it, and writes the agent that Dialogflow's console imports.
//
// It takes headers and bytes and gives bytes, so that it can be fuzzed without a server. It knows nothing of banks, of what a question
// means, of how words are found, or of HTTP frameworks. Nothing in a body is read before whoever sent it has proven himself. The shapes are those
// of webhook.proto in google.cloud.dialogflow.v2 and google.cloud.dialogflow.cx.v3, in the JSON of proto3.
package dialogflow

import (
	"context"
	"crypto/sha256"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"sotto/linking/idtoken"
	"sotto/skills"
)

// maxBody is what a request may measure, in bytes.
const maxBody = 256 << 10

// Config is what the endpoints of one bank's agents need. A request is genuine by its password, by its ID token, or by either where both are set.
type Config struct {
	// Username and Password are of Basic authentication. Empty means that it is refused.
	Username, Password string
	// Audiences are those of ID tokens that are accepted: the URLs of the webhooks, as the agents know them. None means that ID tokens
	// are refused.
	Audiences []string
	// Emails are the service accounts of the agents, such as service-NUMBER@gcp-sa-dialogflow.iam.gserviceaccount.com. At least one where
	// there is an audience: anybody at Google can have a token made out to our address.
	Emails []string
	// Keys is the URL of the key set, and Issuer who makes the tokens. Empty means Google's.
	Keys, Issuer string
	// Client is the OAuth client in whose name a conversation without a token is linked. Empty means that none can be.
	Client string
	// Catalogue has the words for the values of slots.
	Catalogue *skills.Catalogue
	// Read reads what no intent of the agent matched.
	Read func(locale, text string, before skills.Dialogue) (skills.Intent, skills.Slots)
	// Transport fetches keys. Nil means http.DefaultTransport.
	Transport http.RoundTripper
	// Now is the clock by which tokens and dialogues are fresh.
	Now func() time.Time
}

// agent is what both kinds of agent share.
type agent struct {
	username, password [sha256.Size]byte
	basic              bool
	tokens             *idtoken.Verifier // nil where ID tokens are refused
	emails             []string
	client             string
	values             values
	read               func(locale, text string, before skills.Dialogue) (skills.Intent, skills.Slots)
	now                func() time.Time
}

// ES answers agents of Dialogflow ES. It is safe for concurrent use.
type ES struct{ *agent }

// CX answers agents of Dialogflow CX. It is safe for concurrent use.
type CX struct{ *agent }

// New makes the endpoints of both kinds. It fetches nothing.
func New(c Config) (ES, CX, error) {
	if c.Now == nil || c.Catalogue == nil || c.Read == nil {
		return ES{}, CX{}, errors.New("dialogflow: an option is missing")
	}
	if err := c.Check(); err != nil {
		return ES{}, CX{}, err
	}
	if !c.Open() {
		return ES{}, CX{}, errors.New("dialogflow: nothing proves a request genuine")
	}
	a := &agent{
		username: sha256.Sum256([]byte(c.Username)), password: sha256.Sum256([]byte(c.Password)), basic: c.Password != "",
		client: c.Client, emails: c.Emails, values: valuesOf(c.Catalogue), read: c.Read, now: c.Now,
	}
	if len(c.Audiences) > 0 {
		var err error
		if a.tokens, err = idtoken.New(c.idToken()); err != nil {
			return ES{}, CX{}, err
		}
	}
	return ES{a}, CX{a}, nil
}

// Open says whether there is anything by which a request could prove itself.
func (c Config) Open() bool { return c.Password != "" || len(c.Audiences) > 0 }

// Check says what is wrong with the part of a Config that comes from settings.
func (c Config) Check() error {
	switch {
	case (c.Username == "") != (c.Password == ""):
		return errors.New("a username and a password go together")
	case strings.Contains(c.Username, ":"):
		return errors.New("a username of Basic authentication has no colon")
	case len(c.Audiences) > 0 && len(c.Emails) == 0:
		return errors.New("an audience needs the e-mail of the agent's service account: anybody at Google can have a token made out to an audience")
	case len(c.Audiences) == 0 && (len(c.Emails) > 0 || c.Keys != "" || c.Issuer != ""):
		return errors.New("ID tokens need an audience")
	}
	if slices.Contains(c.Emails, "") {
		return errors.New("an empty e-mail would accept anybody")
	}
	if len(c.Audiences) == 0 {
		return nil
	}
	return c.idToken().Check()
}

// idToken is the part of a Config by which ID tokens are proven.
func (c Config) idToken() idtoken.Config {
	return idtoken.Config{Audiences: c.Audiences, Keys: c.Keys, Issuer: c.Issuer, Transport: c.Transport, Now: c.Now}
}

// FetchKeys says whether the key set of ID tokens can be fetched and read.
func (c Config) FetchKeys(ctx context.Context, now func() time.Time) error {
	c.Now = now
	return c.idToken().FetchKeys(ctx)
}
