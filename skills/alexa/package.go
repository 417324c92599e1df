package alexa

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"sotto/skills"
)

// Package writes what Alexa's console and its command-line tool import: the manifest and an interaction model per locale in the
// layout of a skill package, and the account-linking request. The client's secret is in none of them.
func Package(b Brand, c *skills.Catalogue) ([]skills.File, error) {
	b.Invocation = strings.ToLower(b.Invocation)
	if err := b.check(); err != nil {
		return nil, err
	}
	var files []skills.File
	add := func(path string, value any) error {
		content, err := json.Marshal(value, jsontext.WithIndent("  "), json.Deterministic(true))
		if err != nil {
			return fmt.Errorf("write %s: %w", path, err)
		}
		files = append(files, skills.File{Path: path, Content: append(content, '\n')})
		return nil
	}
	if err := add("skill-package/skill.json", b.manifest(c)); err != nil {
		return nil, err
	}
	for _, locale := range c.Locales() {
		language, _ := c.Language(locale)
		m, err := model(b.Invocation, c.Entries(), language)
		if err != nil {
			return nil, err
		}
		if err := add("skill-package/interactionModels/custom/"+locale+".json", m); err != nil {
			return nil, err
		}
	}
	if err := add("account-linking.json", b.accountLinking()); err != nil {
		return nil, err
	}
	return append(files, skills.File{Path: "README.md", Content: []byte(fmt.Sprintf(readme, b.Name, b.PublicURL, b.ClientID))}), nil
}

// What Amazon allows in words that open a skill: lower-case letters, apostrophes of a possessive, dots of an abbreviation; and none of
// the words with which people speak to Alexa herself.
var (
	invocationForm = form(`^\p{Ll}[\p{Ll}\p{M}'.]*(?: \p{Ll}[\p{Ll}\p{M}'.]*)*$`)
	alexasWords    = []string{
		"alexa", "amazon", "echo", "computer", "skill", "app", "ziggy",
		"launch", "ask", "tell", "load", "begin", "enable", "open", "start", "use", "run", "resume", "play",
	}
)

func (b Brand) check() error {
	words := strings.Fields(b.Invocation)
	if len(b.Invocation) < 2 || len(b.Invocation) > 50 || !invocationForm().MatchString(b.Invocation) {
		return errors.New("the invocation name has to be 2 to 50 characters of lower-case words without digits, such as \"albion bank\": set SOTTO_INVOCATION")
	}
	for _, word := range words {
		if slices.Contains(alexasWords, word) {
			return fmt.Errorf("the invocation name must not have %q in it, which people say to Alexa herself: set SOTTO_INVOCATION", word)
		}
	}
	if len([]rune(b.Name)) < 2 {
		return errors.New("the skill has no name: set SOTTO_SKILL_NAME")
	}
	u, err := url.Parse(b.PublicURL)
	if err != nil || u.Host == "" {
		return errors.New("the public URL is none: set SOTTO_PUBLIC_URL")
	}
	if len(b.domains()) > 15 || len(b.Scopes) > 15 {
		return errors.New("at most 15 domains and 15 scopes fit into an account-linking request")
	}
	return nil
}

func (b Brand) domains() []string {
	var all []string
	if u, err := url.Parse(b.PublicURL); err == nil {
		all = append(all, u.Hostname())
	}
	for _, d := range b.Domains {
		if !slices.Contains(all, d) {
			all = append(all, d)
		}
	}
	return all
}

func (b Brand) accountLinking() accountLinkingEnvelope {
	scopes := make([]string, 0, len(b.Scopes))
	for _, s := range b.Scopes {
		scopes = append(scopes, string(s))
	}
	return accountLinkingEnvelope{accountLinking{
		Type: "AUTH_CODE", AuthorizationURL: b.PublicURL + "/oauth/authorize", AccessTokenURL: b.PublicURL + "/oauth/token",
		Scheme: "HTTP_BASIC", ClientID: b.ClientID, Scopes: scopes, Domains: b.domains(), Expiration: int(b.AccessTTL.Seconds()),
	}}
}

func (b Brand) endpoint() endpoint { return endpoint{b.PublicURL + "/alexa", "Trusted"} }

func (b Brand) manifest(c *skills.Catalogue) manifestEnvelope {
	m := manifest{
		Version:     "1.0",
		Permissions: []struct{}{},
		Publishing: publishing{
			Locales: map[string]published{}, Category: "BUSINESS_AND_FINANCE",
			Testing: "Enable the skill, link an account of the bank with the test credentials supplied, then say one of the example phrases.",
		},
		Privacy: privacy{Locales: map[string]policies{}, Personal: true},
		APIs:    map[string]custom{"custom": {Endpoint: b.endpoint(), Interfaces: []struct{}{}}},
		// Without these Alexa would not tell that a link was made, and taken back.
		Events: skillEvents{b.endpoint(), []subscription{{"SKILL_ACCOUNT_LINKED"}, {"SKILL_DISABLED"}}},
	}
	for _, locale := range c.Locales() {
		language, _ := c.Language(locale)
		m.Publishing.Locales[locale] = published{
			Name: b.Name, Summary: "Ask your bank, in your own words.",
			Description: b.Name + " answers questions about your accounts aloud: what is in them, and what you have spent. Link your bank once; you choose " +
				"what may be said, see all that was said, and can end it at any time by saying so.",
			Examples: examples(b.Invocation, language), Keywords: []string{"bank", "balance", "spending", "money"},
		}
		m.Privacy.Locales[locale] = policies{b.PrivacyURL, b.TermsURL}
		if _, region, ok := strings.Cut(locale, "-"); ok && !slices.Contains(m.Publishing.Countries, region) {
			m.Publishing.Countries = append(m.Publishing.Countries, region)
		}
	}
	return manifestEnvelope{m}
}

// examples gives three phrases for the store. Amazon wants them word for word from the sample utterances, so they are the first that
// have no slot, which a customer could say as they stand.
func examples(invocation string, l *skills.Language) []string {
	phrases := []string{"Alexa, open " + invocation}
	for _, intent := range []skills.Intent{skills.Balance, skills.Shared, skills.Transactions, skills.Spending} {
		for _, sentence := range l.Sentences[intent] {
			if len(phrases) < 3 && !strings.Contains(sentence, "{") {
				phrases = append(phrases, "Alexa, ask "+invocation+" "+sentence)
				break
			}
		}
	}
	return phrases
}

const readme = `# %[1]s on Alexa

1. Import "skill-package" with Amazon's command-line tool or in the developer console: skill.json is the manifest, interactionModels has
   one model per locale. The console asks for icons and for the export declaration, which are the bank's to give.
2. The endpoint is %[2]s/alexa, with a certificate from a trusted authority. Put the skill's id into SOTTO_ALEXA_SKILL_IDS.
3. Account linking: send account-linking.json, or copy its values into the console. The secret of client %[3]s is in no file here: type it
   into the console, and put only its SHA-256 into SOTTO_CLIENTS.
4. Switch PKCE on in the console (S256); the request has no member for it. Then copy the console's three redirect URIs into
   redirect_uris of the client.
`
