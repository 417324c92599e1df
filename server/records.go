package server

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"sotto/banking"
	"sotto/banking/openbanking"
	"sotto/linking"
)

// callbackPath is where banks send customers back to, and what is registered there; one bank's own is below it.
const callbackPath = "/link/callback"

// The mock bank, as Sotto knows it from configuration alone.
const (
	mockBankID   = "albion"
	mockBankName = "Albion Bank"
)

// bankConfigs are the banks of the settings; in a development house, after the mock bank. All faults are listed at once.
func bankConfigs(cfg Config, d *devHouse) ([]openbanking.Config, error) {
	var list []openbanking.Config
	if d != nil {
		list = append(list, d.bankConfig(cfg))
	}
	if cfg.Banks != "" {
		more, err := readYAMLList[openbanking.Config](cfg.Banks)
		if err != nil {
			return nil, fmt.Errorf("%w: SOTTO_BANKS: %w", ErrSettings, err)
		}
		if len(more) == 0 {
			return nil, fmt.Errorf("%w: SOTTO_BANKS: %s lists no bank", ErrSettings, cfg.Banks)
		}
		list = append(list, more...)
	}
	seen := map[string]bool{}
	var faults []string
	for _, b := range list {
		if err := b.Check(); err != nil {
			faults = append(faults, err.Error())
		}
		if seen[b.ID] {
			faults = append(faults, fmt.Sprintf("bank %q stands twice", b.ID))
		}
		seen[b.ID] = true
	}
	if len(faults) > 0 {
		return nil, fmt.Errorf("%w: SOTTO_BANKS: %s", ErrSettings, strings.Join(faults, "; "))
	}
	return list, nil
}

// bankConfig is the mock bank's entry, as it would stand in SOTTO_BANKS.
func (d *devHouse) bankConfig(cfg Config) openbanking.Config {
	base := "http://" + cfg.BankAddr + "/" + mockBankID
	return openbanking.Config{
		ID: mockBankID, Name: mockBankName, Dialect: openbanking.UK31, Issuer: base,
		ResourceURL: base + "/open-banking/v3.1/aisp", AuthorizationURL: base + "/authorize", TokenURL: base + "/token", JWKSURL: base + "/jwks",
		ClientID: d.BankClient.ID, Auth: openbanking.Basic, ClientSecret: banking.Secret(d.BankClient.Secret), Request: openbanking.Plain,
		Zone: "Europe/London", Locale: "en-GB",
	}
}

// clientRecords are the assistants of the settings; in a development house, after those that were invented. All faults are listed at once.
func clientRecords(cfg Config, d *devHouse) ([]linking.Client, error) {
	var list []linking.Client
	if d != nil {
		list = d.clientRecords(cfg)
	}
	if cfg.Clients != "" {
		more, err := readYAMLList[linking.Client](cfg.Clients)
		if err != nil {
			return nil, fmt.Errorf("%w: SOTTO_CLIENTS: %w", ErrSettings, err)
		}
		if len(more) == 0 {
			return nil, fmt.Errorf("%w: SOTTO_CLIENTS: %s lists no client", ErrSettings, cfg.Clients)
		}
		for i := range more {
			if more[i].JWKSFile != "" {
				more[i].JWKS, _ = readBounded(more[i].JWKSFile) // that it cannot be read is one of the client's faults
			}
		}
		list = append(list, more...)
	}
	seen := map[string]bool{}
	var faults []error
	for _, c := range list {
		faults = append(faults, c.Faults()...)
		if seen[c.ID] {
			faults = append(faults, fmt.Errorf("%w: %q stands twice", linking.ErrClients, c.ID))
		}
		seen[c.ID] = true
	}
	if len(faults) > 0 {
		return nil, fmt.Errorf("%w: SOTTO_CLIENTS: %w", ErrSettings, joinFaults(faults))
	}
	return list, nil
}

// joinFaults is errors.Join on one line.
func joinFaults(faults []error) error {
	return errors.New(strings.Join(strings.Split(errors.Join(faults...).Error(), "\n"), "; "))
}

// clientRecords are the invented assistants, as they would stand in SOTTO_CLIENTS. Only Google sends no PKCE.
func (d *devHouse) clientRecords(cfg Config) []linking.Client {
	scopes := []linking.Scope{linking.Balances, linking.Spending, linking.Transactions}
	kinds := map[string]linking.Client{
		"alexa":   {Name: "Alexa", Platform: linking.Alexa, Auth: linking.BasicOrPost, AccessToken: linking.JWT, Refresh: linking.Stable, PKCE: linking.Required},
		"google":  {Name: "Google", Platform: linking.Google, Auth: linking.BasicOrPost, AccessToken: linking.Opaque, Refresh: linking.Stable, PKCE: linking.Optional},
		"mcp":     {Name: "Any MCP assistant", Platform: linking.MCP, Auth: linking.Public, AccessToken: linking.JWT, Refresh: linking.Rotate, PKCE: linking.Required},
		"service": {Name: "Any service", Platform: linking.Service, Auth: linking.BasicOrPost, AccessToken: linking.JWT},
	}
	var list []linking.Client
	for _, name := range slices.Sorted(maps.Keys(kinds)) {
		c, made := kinds[name], d.Clients[name]
		if made.ID == "" { // not invented yet, by a house of an earlier version that runs beside us
			continue
		}
		c.ID, c.RedirectURIs = made.ID, slices.Clone(made.RedirectURIs)
		if c.Platform != linking.Service { // which acts for no customer
			c.Scopes = scopes
		}
		if made.Secret != "" {
			digest := sha256.Sum256([]byte(made.Secret))
			c.SecretSHA256 = hex.EncodeToString(digest[:])
		}
		if name == "alexa" { // the browser of the walk-through comes back here
			c.RedirectURIs = append(c.RedirectURIs, cfg.PublicURL+linkedPath)
		}
		list = append(list, c)
	}
	if d.Messenger.ClientID == "" {
		return list
	}
	return append(list, linking.Client{ID: d.Messenger.ClientID, Name: "Messenger", Platform: linking.Messenger, Scopes: scopes})
}
