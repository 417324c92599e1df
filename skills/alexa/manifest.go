package alexa

import (
	"time"

	"sotto/linking"
)

// Brand is what a package says of the bank and of its house.
type Brand struct {
	Name       string // of the skill, as the store shows it
	Invocation string // the words that open it
	PublicURL  string // the issuer, without a slash at its end
	PrivacyURL string
	TermsURL   string
	ClientID   string          // Alexa's, at our authorization server
	Scopes     []linking.Scope // that Alexa asks for
	AccessTTL  time.Duration   // of an access token, where a token response should not say
	Domains    []string        // hosts of the banks' own pages, which a customer passes while linking
}

// The manifest of a skill: v1.skill.Manifest.SkillManifestEnvelope of Amazon's skill management API.
type (
	manifestEnvelope struct {
		Manifest manifest `json:"manifest"`
	}
	manifest struct {
		Version     string            `json:"manifestVersion"`
		Publishing  publishing        `json:"publishingInformation"`
		Privacy     privacy           `json:"privacyAndCompliance"`
		Permissions []struct{}        `json:"permissions"` // none are asked for
		APIs        map[string]custom `json:"apis"`
		Events      skillEvents       `json:"events"`
	}
	publishing struct {
		Locales   map[string]published `json:"locales"`
		Category  string               `json:"category"`
		Worldwide bool                 `json:"isAvailableWorldwide"`
		Countries []string             `json:"distributionCountries"`
		Testing   string               `json:"testingInstructions"`
	}
	published struct {
		Name        string   `json:"name"`
		Summary     string   `json:"summary"`
		Description string   `json:"description"`
		Examples    []string `json:"examplePhrases"`
		Keywords    []string `json:"keywords"`
	}
	privacy struct {
		Locales   map[string]policies `json:"locales"`
		Purchases bool                `json:"allowsPurchases"`
		Personal  bool                `json:"usesPersonalInfo"`
		Children  bool                `json:"isChildDirected"`
		Ads       bool                `json:"containsAds"`
	}
	policies struct {
		Privacy string `json:"privacyPolicyUrl,omitzero"`
		Terms   string `json:"termsOfUseUrl,omitzero"`
	}
	custom struct {
		Endpoint   endpoint   `json:"endpoint"`
		Interfaces []struct{} `json:"interfaces"`
	}
	skillEvents struct {
		Endpoint      endpoint       `json:"endpoint"`
		Subscriptions []subscription `json:"subscriptions"`
	}
	subscription struct {
		Name string `json:"eventName"`
	}
	endpoint struct {
		URI         string `json:"uri"`
		Certificate string `json:"sslCertificateType"`
	}
)

// The account-linking request: v1.skill.accountLinking.AccountLinkingRequest. It has no member for PKCE, which is a switch of the
// console, and is written without the client's secret.
type (
	accountLinkingEnvelope struct {
		Request accountLinking `json:"accountLinkingRequest"`
	}
	accountLinking struct {
		Type             string   `json:"type"`
		AuthorizationURL string   `json:"authorizationUrl"`
		AccessTokenURL   string   `json:"accessTokenUrl"`
		Scheme           string   `json:"accessTokenScheme"`
		ClientID         string   `json:"clientId"`
		Scopes           []string `json:"scopes"`
		Domains          []string `json:"domains"`
		Expiration       int      `json:"defaultTokenExpirationInSeconds"`
		SkipOnEnablement bool     `json:"skipOnEnablement"`
	}
)
