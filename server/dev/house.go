package dev

import (
	"cmp"
	"encoding/base32"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// ErrState means that the state directory holds something that this version cannot read. The way on is to remove it.
var ErrState = errors.New("state directory")

// KeysName is the file of the state directory that SOTTO_KEYS would name.
const KeysName = "keys.json"

// Usernames are the customers of the mock bank who can sign in.
var Usernames = []string{"ada", "grace", "linus", "zoe"}

// House is everything that --dev invents.
type House struct {
	// Dir is the state directory.
	Dir string
	// KeysFile holds the wrapping and the pairwise key.
	KeysFile string
	// Clients are the assistants, by platform.
	Clients map[string]Client
	// BankClient is who Sotto is at the mock bank.
	BankClient Client
	// Customers are the mock bank's customers.
	Customers []Customer
	// SkillID is the Alexa skill's application id.
	SkillID string
	// Dialogflow is what the agent's webhook authenticates with.
	Dialogflow Basic
	// Messenger is the Page on Facebook.
	Messenger FacebookPage
}

// Basic is a username and a password of Basic authentication.
type Basic struct {
	Username string `json:"username"`
	Password string `json:"password"`
}

// FacebookPage is a Page on Facebook, and what its Messenger is proven by.
type FacebookPage struct {
	ClientID    string `json:"client_id"`
	AppSecret   string `json:"app_secret"`
	VerifyToken string `json:"verify_token"`
	PageToken   string `json:"page_token"`
	PageID      string `json:"page_id"`
}

// Client is an OAuth client that was invented. A public one has no secret.
type Client struct {
	ID           string   `json:"client_id"`
	Secret       string   `json:"client_secret,omitzero"`
	RedirectURIs []string `json:"redirect_uris,omitzero"`
}

// Customer is what a customer of the mock bank signs in with. TOTPSecret is base32 (RFC 6238: SHA-1, 6 digits, 30 s).
type Customer struct {
	Username   string `json:"username"`
	Password   string `json:"password"`
	TOTPSecret string `json:"totp_secret"`
}

// invented is what STATE/invented.json holds.
type invented struct {
	Clients    map[string]Client `json:"clients"`
	BankClient Client            `json:"bank_client"`
	Customers  []Customer        `json:"customers"`
	SkillID    string            `json:"skill_id"`
	Dialogflow Basic             `json:"dialogflow,omitzero"`
	Messenger  FacebookPage      `json:"messenger,omitzero"`
}

// Open opens what was invented for the state directory, and invents what is missing from random bytes. OpenState has been called. What was
// once invented stays, so that a restart keeps every link.
func Open(dir string, random io.Reader) (*House, error) {
	h := &House{Dir: dir, KeysFile: filepath.Join(dir, KeysName)}
	if err := inventKeys(h.KeysFile, random); err != nil {
		return nil, err
	}
	path := filepath.Join(dir, "invented.json")
	content, err := os.ReadFile(path) //nolint:gosec // a file of our own state directory
	var kept invented
	switch {
	case errors.Is(err, os.ErrNotExist):
	case err != nil:
		return nil, fmt.Errorf("read what was invented: %w", err)
	default:
		if err := json.Unmarshal(content, &kept); err != nil || len(kept.Customers) == 0 || kept.Clients == nil {
			return nil, fmt.Errorf("%w: %s is damaged: remove the state directory to start afresh", ErrState, path)
		}
	}
	// Nothing is there yet, or an earlier version invented less.
	if kept.Clients["service"].ID == "" || kept.Dialogflow == (Basic{}) || kept.Messenger == (FacebookPage{}) {
		if err := kept.complete(random, path); err != nil {
			return nil, err
		}
	}
	h.Clients, h.BankClient, h.Customers, h.SkillID = kept.Clients, kept.BankClient, kept.Customers, kept.SkillID
	h.Dialogflow, h.Messenger = kept.Dialogflow, kept.Messenger
	return h, nil
}

// complete invents what is missing, and keeps all of it.
func (k *invented) complete(random io.Reader, path string) error {
	made, err := invent(random)
	if err != nil {
		return err
	}
	if k.Clients != nil {
		maps.Copy(made.Clients, k.Clients)
		made.BankClient, made.Customers, made.SkillID = k.BankClient, k.Customers, k.SkillID
		made.Dialogflow, made.Messenger = cmp.Or(k.Dialogflow, made.Dialogflow), cmp.Or(k.Messenger, made.Messenger)
	}
	content, err := json.Marshal(made, jsontext.WithIndent("  "))
	if err != nil {
		return fmt.Errorf("keep what was invented: %w", err)
	}
	*k = made
	return WriteFile(path, content)
}

// Random gives n random bytes as unpadded base64url text.
func Random(random io.Reader, n int) (string, error) {
	raw, err := randomBytes(random, n)
	return base64.RawURLEncoding.EncodeToString(raw), err
}

func randomBytes(random io.Reader, n int) ([]byte, error) {
	raw := make([]byte, n)
	if _, err := io.ReadFull(random, raw); err != nil {
		return nil, fmt.Errorf("read random bytes: %w", err)
	}
	return raw, nil
}

// inventor draws random text and remembers the first failure.
type inventor struct {
	random io.Reader
	err    error
}

func (i *inventor) bytes(n int) []byte {
	raw, err := randomBytes(i.random, n)
	if err != nil && i.err == nil {
		i.err = err
	}
	return raw
}

func (i *inventor) text(n int) string { return base64.RawURLEncoding.EncodeToString(i.bytes(n)) }
func (i *inventor) hex(n int) string  { return hex.EncodeToString(i.bytes(n)) }

// uuid is shaped like the ids Amazon gives to skills.
func (i *inventor) uuid() string {
	h := i.hex(16) + "00000000000000000000000000000000" // keeps its length when bytes failed
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:32]
}

// page invents a Page. Its id has the length of Meta's.
func (i *inventor) page() FacebookPage {
	id := []byte("1")
	for _, b := range i.bytes(14) {
		id = append(id, '0'+b%10)
	}
	return FacebookPage{ClientID: "messenger-" + i.hex(4), AppSecret: i.hex(16), VerifyToken: i.text(24), PageToken: i.text(48), PageID: string(id)}
}

func invent(random io.Reader) (invented, error) {
	i := &inventor{random: random}
	vendor, project := "M"+i.hex(6), "sotto-"+i.hex(4)
	made := invented{
		Clients: map[string]Client{
			// The three redirect URIs of Amazon, of which one is used by the region of the customer's account; and one on loopback, for a
			// test that plays Amazon in a real browser.
			"alexa": {ID: "alexa-" + i.hex(4), Secret: i.text(32), RedirectURIs: []string{
				"https://pitangui.amazon.com/api/skill/link/" + vendor,
				"https://layla.amazon.com/api/skill/link/" + vendor,
				"https://alexa.amazon.co.jp/api/skill/link/" + vendor,
				"http://127.0.0.1/callback",
			}},
			"google": {ID: "google-" + i.hex(4), Secret: i.text(32), RedirectURIs: []string{
				"https://oauth-redirect.googleusercontent.com/r/" + project,
				"https://oauth-redirect-sandbox.googleusercontent.com/r/" + project,
			}},
			"mcp":     {ID: "mcp-" + i.hex(4), RedirectURIs: []string{"http://127.0.0.1/callback"}},
			"service": {ID: "service-" + i.hex(4), Secret: i.text(32)},
		},
		BankClient: Client{ID: "sotto-" + i.hex(4), Secret: i.text(32)},
		SkillID:    "amzn1.ask.skill." + i.uuid(),
		Dialogflow: Basic{"dialogflow", i.text(24)},
		Messenger:  i.page(),
	}
	for _, name := range Usernames {
		made.Customers = append(made.Customers, Customer{
			Username: name, Password: i.text(12), TOTPSecret: base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(i.bytes(20)),
		})
	}
	return made, i.err
}

// inventKeys writes the file that SOTTO_KEYS would name, where there is none yet.
func inventKeys(path string, random io.Reader) error {
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		return err
	}
	i := &inventor{random: random}
	content, err := json.Marshal(map[string]string{
		"wrapping": base64.StdEncoding.EncodeToString(i.bytes(32)),
		"pairwise": base64.StdEncoding.EncodeToString(i.bytes(32)),
	}, json.Deterministic(true))
	if err := errors.Join(err, i.err); err != nil {
		return fmt.Errorf("invent keys: %w", err)
	}
	return WriteFile(path, content)
}
