package server

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/url"
	"strings"

	"sotto/server/dev"
)

// defaultState is the default of SOTTO_STATE.
const defaultState = ".sotto"

// WalkThrough is what `serve --dev` prints: a first conversation whose commands work as they stand.
func (s *Server) WalkThrough() string {
	program := shellWord(s.program)
	ask := program + " ask "
	if s.cfg.State != defaultState {
		ask += "--state " + shellWord(s.cfg.State) + " "
	}
	ada := s.dev.Customers[0]
	var b strings.Builder
	fmt.Fprintf(&b, `Sotto is open at %s, and Albion Bank at http://%s. Both are for development: what is
secret here was invented for the directory %s, and all money is play money.
`, s.cfg.PublicURL, s.cfg.BankAddr, s.cfg.State)
	if s.dev.clock.Offset != 0 {
		fmt.Fprintf(&b, "The clock reads %s; its offset is kept there too, and a later SOTTO_CLOCK moves it.\n", s.now().Format("2006-01-02 15:04 MST"))
	}
	fmt.Fprintf(&b, `
1. In another terminal, ask as Ada would ask Alexa. The first question links her account at Albion Bank, as she would
   in a browser. Each question goes to POST /alexa, signed as Amazon signs; --show prints the JSON both ways.

     %[1]s"what's my balance?"
     %[1]s"how much did I spend on groceries last week?"
     %[1]s"what have you shared?"
     %[1]s--show --customer grace "what's my balance?"

   Or as on another assistant, each through its own wire: --as dialogflow, --as messenger, --as mcp.

     %[1]s--as messenger "what's my balance?"

2. Or link an account yourself, as the Alexa app would open it:

     %[2]s

   At the bank, sign in as %[3]s with the password %[4]s
   The one-time code of this moment is on %[5]s/

3. Take it back. After a yes, this assistant can ask nothing any more, and the bank is told.

     %[1]s"forget me"
     %[1]s"yes"

See also: %[6]s --help, %[6]s doctor --dev, %[5]s/healthz, /readyz, /metrics. Ctrl-C closes the house.
`, ask, s.authorizeURL(), ada.Username, ada.Password, s.cfg.PublicURL, program)
	return b.String()
}

// linkedPath is where a development house plays the assistant that the browser comes back to.
const linkedPath = "/linked"

// authorizeURL is an authorization request of the Alexa client, with the redirect to linkedPath.
func (s *Server) authorizeURL() string {
	digest := sha256.Sum256([]byte(s.verifier()))
	return s.cfg.PublicURL + "/oauth/authorize?" + url.Values{
		"response_type": {"code"}, "client_id": {s.dev.Clients["alexa"].ID}, "redirect_uri": {s.cfg.PublicURL + linkedPath},
		"scope": {"balances spending transactions"}, "state": {"walkthrough"},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(digest[:])}, "code_challenge_method": {"S256"},
	}.Encode()
}

// verifier is the PKCE verifier of authorizeURL: as good as random, and the same after a restart, so that a printed URL stays good.
func (s *Server) verifier() string {
	digest := sha256.Sum256([]byte("verifier " + s.dev.Clients["alexa"].Secret))
	return base64.RawURLEncoding.EncodeToString(digest[:])
}

// tradeCommand is what the assistant would do with the code.
func (s *Server) tradeCommand(code string) string {
	c := s.dev.Clients["alexa"]
	return strings.Join([]string{
		"curl -s", "-u " + shellWord(c.ID+":"+c.Secret), "-d grant_type=authorization_code", "--data-urlencode " + shellWord("code="+code),
		"--data-urlencode " + shellWord("redirect_uri="+s.cfg.PublicURL+linkedPath), "-d code_verifier=" + s.verifier(), s.cfg.PublicURL + "/oauth/token",
	}, " ")
}

// signIns are the mock bank's customers with their codes of this moment.
func (s *Server) signIns() ([]signIn, error) {
	var out []signIn
	for _, c := range s.dev.Customers {
		code, err := dev.OneTimeCode(c.TOTPSecret, s.now())
		if err != nil {
			return nil, err
		}
		out = append(out, signIn{Username: c.Username, Password: c.Password, Code: code})
	}
	return out, nil
}

type signIn struct{ Username, Password, Code string }

// shellWord quotes a word for a POSIX shell where it needs it.
func shellWord(word string) string {
	if word != "" && strings.Trim(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789./:_-=@") == "" {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}
