package server

import (
	"fmt"
	"net/url"
	"slices"

	"sotto/linking"
	"sotto/server/dev"
	"sotto/skills/alexa"
	"sotto/skills/dialogflow"
	"sotto/skills/messenger"
)

// AlexaBrand is what Alexa's package says of this bank: brand and public URL from the settings, the client from SOTTO_CLIENTS, or, of a
// development house, from its dev.json.
func AlexaBrand(cfg Config) (alexa.Brand, error) {
	b := alexa.Brand{Name: cfg.SkillName, Invocation: cfg.Invocation, PublicURL: cfg.PublicURL, PrivacyURL: cfg.PrivacyURL, TermsURL: cfg.TermsURL}
	var house *devHouse
	if cfg.Dev {
		file, err := dev.ReadFile(cfg.State)
		if err != nil {
			return b, err
		}
		b.PublicURL = file.PublicURL
		cfg.PublicURL = file.PublicURL
		house = &devHouse{House: &dev.House{Clients: file.Clients}}
	}
	if b.PublicURL == "" || !cfg.Dev && cfg.Clients == "" {
		return b, fmt.Errorf("%w: a package needs SOTTO_PUBLIC_URL and SOTTO_CLIENTS (or --dev)", ErrSettings)
	}
	clients, err := clientRecords(cfg, house)
	if err != nil {
		return b, err
	}
	i := slices.IndexFunc(clients, func(c linking.Client) bool { return c.Platform == linking.Alexa })
	if i < 0 {
		return b, fmt.Errorf("%w: SOTTO_CLIENTS has no client of the platform alexa", ErrSettings)
	}
	client := clients[i].WithDefaults()
	b.ClientID, b.Scopes, b.AccessTTL = client.ID, client.Scopes, client.AccessTTL
	if cfg.Banks == "" {
		return b, nil
	}
	banks, err := bankConfigs(cfg, nil)
	if err != nil {
		return b, err
	}
	for _, bank := range banks {
		if u, err := url.Parse(bank.AuthorizationURL); err == nil && !slices.Contains(b.Domains, u.Hostname()) {
			b.Domains = append(b.Domains, u.Hostname())
		}
	}
	return b, nil
}

// MessengerBrand is what Messenger's profile says of this bank.
func MessengerBrand(cfg Config) (messenger.Brand, error) {
	b := messenger.Brand{Name: cfg.SkillName, PublicURL: cfg.PublicURL, PageID: cfg.MessengerPageID, GraphURL: cfg.messenger().GraphURL}
	if cfg.Dev {
		file, err := dev.ReadFile(cfg.State)
		if err != nil {
			return b, err
		}
		b.PublicURL, b.PageID = file.PublicURL, file.Messenger.PageID
		if cfg.MessengerGraphURL == "" {
			b.GraphURL = file.BankURL + graphPath
		}
	}
	if b.PublicURL == "" || b.PageID == "" {
		return b, fmt.Errorf("%w: a package needs SOTTO_PUBLIC_URL and SOTTO_MESSENGER_PAGE_ID (or --dev)", ErrSettings)
	}
	return b, nil
}

// DialogflowBrand is what Dialogflow's agent says of this bank. Its clock is that of the first bank.
func DialogflowBrand(cfg Config) (dialogflow.Brand, error) {
	b := dialogflow.Brand{Name: cfg.SkillName, PublicURL: cfg.PublicURL, Username: cfg.DialogflowUsername, Zone: "Europe/London"}
	if cfg.Dev {
		file, err := dev.ReadFile(cfg.State)
		if err != nil {
			return b, err
		}
		b.PublicURL, b.Username = file.PublicURL, file.Dialogflow.Username
	}
	if b.PublicURL == "" || !cfg.Dev && cfg.Banks == "" {
		return b, fmt.Errorf("%w: a package needs SOTTO_PUBLIC_URL and SOTTO_BANKS (or --dev)", ErrSettings)
	}
	if cfg.Banks == "" {
		return b, nil
	}
	banks, err := bankConfigs(cfg, nil)
	if err != nil {
		return b, err
	}
	if len(banks) > 0 {
		b.Zone = banks[0].Zone
	}
	return b, nil
}
