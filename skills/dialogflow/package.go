package dialogflow

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/uuid"

	"sotto/skills"
	"sotto/skills/speech"
)

// Brand is what a package says of the bank and of its house.
type Brand struct {
	Name      string // of the agent
	PublicURL string // the issuer, without a slash at its end
	Username  string // of the webhook; empty where it proves itself by ID tokens
	Zone      string // IANA
}

// What Dialogflow ES takes.
const (
	maxPhrases  = 2000
	maxWording  = 768
	usual       = 500000 // the priority of an intent
	fewestWords = 0.3    // the confidence below which an intent is not matched
)

// systemTypes are the slots that Dialogflow has entities of its own for. The others are lists of the catalogue.
var systemTypes = map[skills.SlotName]string{
	skills.SlotPeriod: "@sys.date-period",
	skills.SlotCount:  "@sys.number",
}

func typeOf(slot skills.SlotName) string {
	if t, ok := systemTypes[slot]; ok {
		return t
	}
	return "@" + string(slot)
}

// Package writes the agent of Dialogflow ES: the folder "agent" is what its console imports as a ZIP, with all intents of the catalogue and their
// sentences, and the webhook. Its password is in none of the files.
func Package(b Brand, c *skills.Catalogue) ([]skills.File, error) {
	if b.Name == "" || b.PublicURL == "" || b.Zone == "" {
		return nil, errors.New("an agent needs a name, a public URL and a zone")
	}
	w := &agentWriter{catalogue: c, languages: languagesOf(c)}
	agent := agentFile{
		Description: "Answers questions about a customer's own accounts.", Language: w.languages[0].code, DisplayName: agentName(b.Name), NoLogs: true, NoOtherLogs: true,
		Timezone: b.Zone, Private: true, Confidence: fewestWords, Languages: []string{}, V2: true, Version: "v2", Spelling: true,
		Webhook: webhookFile{URL: b.PublicURL + "/dialogflow/es", Username: b.Username, Headers: map[string]string{}, Available: true},
	}
	for _, l := range w.languages[1:] {
		agent.Languages = append(agent.Languages, l.code)
	}
	w.add("agent.json", agent)
	w.add("package.json", packageFile{"1.0.0"})
	w.entities()
	for _, entry := range c.Entries() {
		w.intent(entry)
	}
	if w.err != nil {
		return nil, w.err
	}
	w.files = append(w.files, skills.File{Path: "README.md", Content: []byte(fmt.Sprintf(readme, b.Name, b.PublicURL))})
	return w.files, nil
}

// agentName makes a name that an agent may have: letters, digits, dashes and underscores.
func agentName(name string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_' {
			return r
		}
		return '-'
	}, name)
}

// agentLanguage is a language as an agent has it, and the catalogue's locales that are it.
type agentLanguage struct {
	code    string
	locales []string
}

// languagesOf groups locales: an agent has one English, and Portuguese by country. The first is English.
func languagesOf(c *skills.Catalogue) []agentLanguage {
	var all []agentLanguage
	for _, locale := range c.Locales() {
		code := strings.ToLower(locale)
		if language, _, ok := strings.Cut(code, "-"); ok && language != "pt" && language != "zh" {
			code = language
		}
		i := slices.IndexFunc(all, func(l agentLanguage) bool { return l.code == code })
		if i < 0 {
			i = len(all)
			all = append(all, agentLanguage{code: code})
		}
		all[i].locales = append(all[i].locales, locale)
	}
	slices.SortStableFunc(all, func(a, b agentLanguage) int {
		switch {
		case a.code == "en" && b.code != "en":
			return -1
		case b.code == "en" && a.code != "en":
			return 1
		default:
			return strings.Compare(a.code, b.code)
		}
	})
	for _, l := range all { // the American sentences before the British
		slices.SortStableFunc(l.locales, func(a, b string) int { return strings.Compare(b, a) })
	}
	return all
}

// agentWriter puts the files of an agent together and remembers the first failure.
type agentWriter struct {
	catalogue *skills.Catalogue
	languages []agentLanguage
	files     []skills.File
	err       error
}

func (w *agentWriter) add(path string, value any) {
	content, err := json.Marshal(value, jsontext.WithIndent("  "), json.Deterministic(true))
	if err != nil && w.err == nil {
		w.err = fmt.Errorf("write %s: %w", path, err)
	}
	w.files = append(w.files, skills.File{Path: "agent/" + path, Content: append(content, '\n')})
}

func (w *agentWriter) fail(format string, args ...any) {
	if w.err == nil {
		w.err = fmt.Errorf(format, args...)
	}
}

// id names a part of the agent: the same at each writing, so that an import replaces what was there.
func id(words ...string) string {
	return uuid.NewSHA1(uuid.NameSpaceURL, []byte("sotto dialogflow "+strings.Join(words, " "))).String()
}

// entities writes the lists of the catalogue. Shops that are not listed are heard too.
func (w *agentWriter) entities() {
	for _, slot := range []skills.SlotName{skills.SlotAccount, skills.SlotCategory, skills.SlotMerchant} {
		w.add("entities/"+string(slot)+".json", entityFile{
			ID: id("entity", string(slot)), Name: string(slot), Overridable: true, Expansion: slot == skills.SlotMerchant, Fuzzy: slot != skills.SlotCategory,
		})
		for _, l := range w.languages {
			entries := []entryFile{}
			for _, locale := range l.locales {
				language, _ := w.catalogue.Language(locale)
				for _, v := range language.Values[slot] {
					i := slices.IndexFunc(entries, func(e entryFile) bool { return e.Value == v.ID })
					if i < 0 {
						i = len(entries)
						entries = append(entries, entryFile{Value: v.ID, Synonyms: []string{v.ID}})
					}
					for _, word := range append([]string{v.Name}, v.Synonyms...) {
						if !slices.Contains(entries[i].Synonyms, word) {
							entries[i].Synonyms = append(entries[i].Synonyms, word)
						}
					}
				}
			}
			if len(entries) == 0 {
				w.fail("%s: %s has no values", l.code, slot)
			}
			w.add("entities/"+string(slot)+"_entries_"+l.code+".json", entries)
		}
	}
}

// listed says of which slots an agent of our package sends all that was said: of "groceries and transport" it would otherwise send the first, as if nothing
// else had been asked.
func listed(slot skills.SlotName) bool { return slot == skills.SlotCategory }

func (w *agentWriter) intent(entry skills.Entry) {
	name := nameOf(entry.Intent)
	file := intentFile{
		ID: id("intent", name), Name: name, Auto: true, Contexts: []string{}, Priority: usual, Webhook: true, Events: []eventFile{},
		Fallback: entry.Intent == skills.Fallback,
	}
	response := responseFile{Action: string(entry.Intent), Contexts: []struct{}{}, Parameters: []parameterFile{}, Messages: []messageFile{}, Speech: []string{}}
	if entry.Intent == skills.Launch {
		file.Events = append(file.Events, eventFile{"WELCOME"})
	}
	for _, slot := range entry.Slots {
		response.Parameters = append(response.Parameters, parameterFile{
			ID: id("parameter", name, string(slot)), Type: typeOf(slot), Name: string(slot), Value: "$" + string(slot),
			Prompts: []string{}, NoMatch: []string{}, NoInput: []string{}, Outputs: []string{}, List: listed(slot),
		})
	}
	for _, l := range w.languages {
		response.Messages = append(response.Messages, messageFile{
			Language: l.code, Speech: speech.Say(l.locales[0], skills.Reply{Key: skills.Sorry}).Text,
		})
	}
	file.Responses = []responseFile{response}
	w.add("intents/"+name+".json", file)
	if file.Fallback {
		return // it is what no sentence matches
	}
	for _, l := range w.languages {
		phrases := w.phrases(l, entry)
		if len(phrases) == 0 || len(phrases) > maxPhrases {
			w.fail("%s: %s has %d sentences", l.code, name, len(phrases))
		}
		w.add("intents/"+name+"_usersays_"+l.code+".json", phrases)
	}
}

// phrases are the sentences of an intent with examples for their slots, each time others.
func (w *agentWriter) phrases(l agentLanguage, entry skills.Entry) []phraseFile {
	phrases := []phraseFile{}
	said := map[string]bool{}
	turn := map[skills.SlotName]int{}
	for _, locale := range l.locales {
		language, _ := w.catalogue.Language(locale)
		for _, sentence := range language.Sentences[entry.Intent] {
			if said[sentence] {
				continue
			}
			said[sentence] = true
			p := phraseFile{ID: id("phrase", l.code, string(entry.Intent), sentence), Data: []partFile{}}
			length := 0
			for i, piece := range strings.Split(sentence, "{") {
				if slot, rest, ok := strings.Cut(piece, "}"); ok && i > 0 {
					name := skills.SlotName(slot)
					example := examples(language, name)
					if len(example) == 0 {
						w.fail("%s: %q: %s has no example", l.code, sentence, slot)
						return nil
					}
					p.Data = append(p.Data, partFile{Text: example[turn[name]%len(example)], Type: typeOf(name), Name: slot, Defined: true})
					turn[name]++
					piece = rest
				}
				if piece != "" {
					p.Data = append(p.Data, partFile{Text: piece})
				}
			}
			for _, part := range p.Data {
				length += len(part.Text)
			}
			if length > maxWording {
				w.fail("%s: %q is too long", l.code, sentence)
			}
			phrases = append(phrases, p)
		}
	}
	return phrases
}

// examples are words for a slot.
func examples(l *skills.Language, slot skills.SlotName) []string {
	var words []string
	for _, v := range l.Values[slot] {
		words = append(words, v.Name)
	}
	for _, e := range l.Examples[slot] {
		words = append(words, e.Words)
	}
	return words
}

const readme = `# %[1]s on Dialogflow ES

1. Zip what is in the folder "agent" (cd agent && zip -r ../agent.zip .), and in the console of Dialogflow ES restore it into a new agent: Settings,
   Export and Import, Restore from zip.
2. The webhook is %[2]s/dialogflow/es. Its password is in no file here: type it under Fulfillment, and put the same into
   SOTTO_DIALOGFLOW_PASSWORD. Without username and password Dialogflow sends an ID token: see SOTTO_DIALOGFLOW_AUDIENCE and _EMAIL.
3. The app in which customers type sends the customer's token along with each detectIntent: queryParams.webhookHeaders, "Sotto-Token".
   Without it, a customer links the conversation itself, by an address and a code that is typed in it.

Google documents no file format of Dialogflow CX, so there is none here: docs/platforms/dialogflow.md says how an agent of CX is made, which tags it
has, and that its webhook is %[2]s/dialogflow/cx.
`
