package messenger

import (
	"errors"
	"fmt"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"sotto/skills"
	"sotto/skills/speech"
)

// Brand is what a Page's profile says of this bank.
type Brand struct {
	Name      string
	PublicURL string
	PageID    string
	GraphURL  string
}

// defaultLocale is that of whoever's own is not there. (Messenger Profile API.)
const defaultLocale = "default"

type greeting struct {
	Locale string `json:"locale"`
	Text   string `json:"text"`
}

type menu struct {
	Locale   string     `json:"locale"`
	Disabled bool       `json:"composer_input_disabled"`
	Actions  []menuItem `json:"call_to_actions"`
}

type menuItem struct {
	Type    string `json:"type"`
	Title   string `json:"title"`
	Payload string `json:"payload"`
}

// Package writes the requests that set up a Page's Messenger profile, one file a request, in the order in which they have to be sent, and
// a page that says how. No secret is in them.
func Package(b Brand, c *skills.Catalogue, p *speech.Phrases) ([]skills.File, error) {
	if b.PublicURL == "" || b.PageID == "" {
		return nil, errors.New("the profile needs SOTTO_PUBLIC_URL and SOTTO_MESSENGER_PAGE_ID (or --dev)")
	}
	var greetings []greeting
	var menus []menu
	locales := c.Locales()
	for i, locale := range append([]string{locales[0]}, locales...) {
		name := strings.ReplaceAll(locale, "-", "_")
		if i == 0 {
			name = defaultLocale
		}
		greetings = append(greetings, greeting{name, p.Label(locale, "greeting", "Name", "{{user_first_name}}")})
		menus = append(menus, menu{Locale: name, Actions: []menuItem{
			{"postback", p.Label(locale, "menu.help"), intentIs + string(skills.Help)},
			{"postback", p.Label(locale, "menu.link"), LinkIt},
			{"postback", p.Label(locale, "menu.unlink"), UnlinkIt},
		}})
	}
	var files []skills.File
	for _, f := range []struct {
		path  string
		value any
	}{
		{"1-get-started.json", map[string]any{"get_started": payload{GetStarted}}},
		{"2-greeting.json", map[string]any{"greeting": greetings}},
		{"3-persistent-menu.json", map[string]any{"persistent_menu": menus}},
	} {
		content, err := json.Marshal(f.value, jsontext.WithIndent("  "), json.Deterministic(true))
		if err != nil {
			return nil, fmt.Errorf("write %s: %w", f.path, err)
		}
		files = append(files, skills.File{Path: "messenger/" + f.path, Content: append(content, '\n')})
	}
	return append(files, skills.File{Path: "messenger/README.md", Content: fmt.Appendf(nil, readme, b.Name, b.PublicURL, b.PageID, b.GraphURL)}), nil
}

const readme = `# %[1]s on Messenger

Send the three requests in their order, because Messenger shows a menu only where there is a button to get started. Each answers {"result":"success"}.

    export PAGE_TOKEN=…   # SOTTO_MESSENGER_PAGE_TOKEN
    export APP_SECRET=…   # SOTTO_MESSENGER_APP_SECRET
    PROOF=$(printf %%s "$PAGE_TOKEN" | openssl dgst -sha256 -hmac "$APP_SECRET" | sed 's/^.* //')
    for f in 1-get-started.json 2-greeting.json 3-persistent-menu.json; do
      curl -sS -X POST -H 'Content-Type: application/json' --data @$f \
        "%[4]s/me/messenger_profile?access_token=$PAGE_TOKEN&appsecret_proof=$PROOF"
    done

In the Meta app: the webhook is %[2]s/messenger, subscribed for Page %[3]s to messages, messaging_postbacks and messaging_account_linking; the data deletion
callback is %[2]s/messenger/deletion.
`
