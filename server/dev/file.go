package dev

import (
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// File is dev.json: all a test client needs to act as a platform. File names in it are relative to the state directory.
type File struct {
	PublicURL   string            `json:"public_url"`
	BankURL     string            `json:"bank_url"`
	ClockOffset string            `json:"clock_offset"` // a Go duration: the house's present less the wall's
	Banks       []Bank            `json:"banks"`
	Clients     map[string]Client `json:"clients"`
	Alexa       AlexaFiles        `json:"alexa"`
	Dialogflow  Basic             `json:"dialogflow"`
	Messenger   PageFile          `json:"messenger"`
}

// PageFile is what a client needs to act as Messenger. What the Page sends is kept at bank_url/graph/messages.
type PageFile struct {
	AppSecret   string `json:"app_secret"`
	VerifyToken string `json:"verify_token"`
	PageID      string `json:"page_id"`
}

// Bank is one mock bank and its customers.
type Bank struct {
	ID        string     `json:"id"`
	Name      string     `json:"name"`
	Dialect   string     `json:"dialect"`
	Customers []Customer `json:"customers"`
}

// AlexaFiles is what a client needs to sign requests as Amazon does.
type AlexaFiles struct {
	SkillID        string `json:"skill_id"`
	CertificateURL string `json:"certificate_url"`
	ChainFile      string `json:"chain_file"`     // PEM, leaf first
	KeyFile        string `json:"key_file"`       // the leaf's key, PEM
	RootsFile      string `json:"roots_file"`     // PEM
	RootsKeyFile   string `json:"roots_key_file"` // the root's key, PEM
}

// ErrUnknown means that nobody of that name was invented.
var ErrUnknown = errors.New("not in dev.json")

// Customer gives the credentials of a customer at a bank; ErrUnknown where there is none.
func (f File) Customer(bank, username string) (Customer, error) {
	for _, b := range f.Banks {
		if b.ID != bank {
			continue
		}
		for _, c := range b.Customers {
			if c.Username == username {
				return c, nil
			}
		}
		return Customer{}, fmt.Errorf("%w: %s has no customer %q", ErrUnknown, bank, username)
	}
	return Customer{}, fmt.Errorf("%w: there is no bank %q", ErrUnknown, bank)
}

// Clock is the house's clock, which is ahead of the wall's by ClockOffset.
func (f File) Clock(wall func() time.Time) (func() time.Time, error) {
	offset, err := time.ParseDuration(f.ClockOffset)
	if err != nil {
		return nil, fmt.Errorf("%w: dev.json: clock_offset is no duration", ErrState)
	}
	return func() time.Time { return wall().Add(offset).UTC() }, nil
}

// WriteFile puts dev.json into the state directory.
func (f File) WriteFile(dir string) error {
	content, err := json.Marshal(f, jsontext.WithIndent("  "), json.Deterministic(true))
	if err != nil {
		return fmt.Errorf("write dev.json: %w", err)
	}
	return WriteFile(filepath.Join(dir, "dev.json"), append(content, '\n'))
}

// ReadFile reads dev.json of a state directory.
func ReadFile(dir string) (File, error) {
	path := filepath.Join(dir, "dev.json")
	content, err := os.ReadFile(path) //nolint:gosec // the state directory is a setting
	if errors.Is(err, os.ErrNotExist) {
		return File{}, fmt.Errorf("%w: there is no %s: start `sotto serve --dev` first", ErrState, path)
	}
	if err != nil {
		return File{}, fmt.Errorf("read dev.json: %w", err)
	}
	var f File
	if err := json.Unmarshal(content, &f); err != nil {
		return File{}, fmt.Errorf("%w: %s is damaged: start `sotto serve --dev` again", ErrState, path)
	}
	return f, nil
}

// ReadAlexaKey reads the key with which requests are signed as Amazon does.
func ReadAlexaKey(dir string, files AlexaFiles) (*rsa.PrivateKey, error) {
	key, err := readKey(dir, filepath.Base(files.KeyFile))
	if err != nil {
		return nil, fmt.Errorf("read the key to sign with: %w", err)
	}
	return key, nil
}

// readKey reads an RSA key of the state directory. One that is damaged is ErrState.
func readKey(dir, name string) (*rsa.PrivateKey, error) {
	content, err := os.ReadFile(filepath.Join(dir, name)) //nolint:gosec // a file of our own state directory
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(content)
	if block == nil {
		return nil, fmt.Errorf("%w: %s is no PEM", ErrState, name)
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("%w: %s is no PKCS #8", ErrState, name)
	}
	key, ok := parsed.(*rsa.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("%w: %s is no RSA key", ErrState, name)
	}
	return key, nil
}
