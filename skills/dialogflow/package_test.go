package dialogflow_test

import (
	"encoding/json"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	"sotto/skills"
	"sotto/skills/dialogflow"
)

var brand = dialogflow.Brand{Name: "Albion Bank", PublicURL: "https://sotto.albion.example", Username: "sotto", Zone: "Europe/London"}

// layout is an agent as docs/platforms/dialogflow.md writes it down, read with nothing left over.
type layout struct {
	agent struct {
		Description            string   `json:"description"`
		Language               string   `json:"language"`
		DisplayName            string   `json:"displayName"`
		DisableInteractionLogs bool     `json:"disableInteractionLogs"`
		DisableStackdriverLogs bool     `json:"disableStackdriverLogs"`
		DefaultTimezone        string   `json:"defaultTimezone"`
		IsPrivate              bool     `json:"isPrivate"`
		MLMinConfidence        float64  `json:"mlMinConfidence"`
		SupportedLanguages     []string `json:"supportedLanguages"`
		EnableOnePlatformAPI   bool     `json:"enableOnePlatformApi"`
		OnePlatformAPIVersion  string   `json:"onePlatformApiVersion"`
		EnableSpellCorrection  bool     `json:"enableSpellCorrection"`
		AnalyzeSentiment       bool     `json:"analyzeQueryTextSentiment"`
		DialogBuilderMode      bool     `json:"dialogBuilderMode"`
		Webhook                struct {
			URL                       string            `json:"url"`
			Username                  string            `json:"username"`
			Headers                   map[string]string `json:"headers"`
			Available                 bool              `json:"available"`
			UseForDomains             bool              `json:"useForDomains"`
			CloudFunctionsEnabled     bool              `json:"cloudFunctionsEnabled"`
			CloudFunctionsInitialized bool              `json:"cloudFunctionsInitialized"`
		} `json:"webhook"`
	}
	intents  map[string]intent
	phrases  map[string][]phrase
	entities map[string]entity
	entries  map[string][]entry
}

type intent struct {
	ID        string   `json:"id"`
	Name      string   `json:"name"`
	Auto      bool     `json:"auto"`
	Contexts  []string `json:"contexts"`
	Responses []struct {
		ResetContexts    bool       `json:"resetContexts"`
		Action           string     `json:"action"`
		AffectedContexts []struct{} `json:"affectedContexts"`
		Parameters       []struct {
			ID       string   `json:"id"`
			Required bool     `json:"required"`
			DataType string   `json:"dataType"`
			Name     string   `json:"name"`
			Value    string   `json:"value"`
			Prompts  []string `json:"promptMessages"`
			NoMatch  []string `json:"noMatchPromptMessages"`
			NoInput  []string `json:"noInputPromptMessages"`
			Outputs  []string `json:"outputDialogContexts"`
			IsList   bool     `json:"isList"`
		} `json:"parameters"`
		Messages []struct {
			Type      int    `json:"type"`
			Lang      string `json:"lang"`
			Condition string `json:"condition"`
			Speech    string `json:"speech"`
		} `json:"messages"`
		DefaultResponsePlatforms struct{} `json:"defaultResponsePlatforms"`
		Speech                   []string `json:"speech"`
	} `json:"responses"`
	Priority              int  `json:"priority"`
	WebhookUsed           bool `json:"webhookUsed"`
	WebhookForSlotFilling bool `json:"webhookForSlotFilling"`
	FallbackIntent        bool `json:"fallbackIntent"`
	Events                []struct {
		Name string `json:"name"`
	} `json:"events"`
}

type phrase struct {
	ID   string `json:"id"`
	Data []struct {
		Text        string `json:"text"`
		Meta        string `json:"meta"`
		Alias       string `json:"alias"`
		UserDefined bool   `json:"userDefined"`
	} `json:"data"`
	IsTemplate bool `json:"isTemplate"`
	Count      int  `json:"count"`
	Updated    int  `json:"updated"`
}

type entity struct {
	ID                   string `json:"id"`
	Name                 string `json:"name"`
	IsOverridable        bool   `json:"isOverridable"`
	IsEnum               bool   `json:"isEnum"`
	IsRegexp             bool   `json:"isRegexp"`
	AutomatedExpansion   bool   `json:"automatedExpansion"`
	AllowFuzzyExtraction bool   `json:"allowFuzzyExtraction"`
}

type entry struct {
	Value    string   `json:"value"`
	Synonyms []string `json:"synonyms"`
}

// faults reads an agent and says what Dialogflow would not import, or would import as something else.
func (l *layout) faults(t *testing.T, files []skills.File) []string {
	t.Helper()
	l.intents, l.phrases, l.entities, l.entries = map[string]intent{}, map[string][]phrase{}, map[string]entity{}, map[string][]entry{}
	var out []string
	fault := func(bad bool, what ...string) {
		if bad {
			out = append(out, strings.Join(what, " "))
		}
	}
	said := regexp.MustCompile(`^(.+)_(usersays|entries)_([a-z]{2}(?:-[a-z]{2})?)$`)
	for _, f := range files {
		name, ok := strings.CutPrefix(f.Path, "agent/")
		if !ok {
			continue
		}
		strict := func(into any) {
			d := json.NewDecoder(strings.NewReader(string(f.Content)))
			d.DisallowUnknownFields()
			if err := d.Decode(into); err != nil {
				out = append(out, name+": "+err.Error())
			}
		}
		base := strings.TrimSuffix(path.Base(name), ".json")
		words := said.FindStringSubmatch(base)
		switch folder := path.Dir(name); {
		case name == "agent.json":
			strict(&l.agent)
		case name == "package.json":
			fault(strings.Join(strings.Fields(string(f.Content)), "") != `{"version":"1.0.0"}`, name)
		case folder == "intents" && words != nil:
			var p []phrase
			strict(&p)
			l.phrases[words[1]+" "+words[3]] = p
		case folder == "entities" && words != nil:
			var e []entry
			strict(&e)
			l.entries[words[1]+" "+words[3]] = e
		case folder == "intents":
			var i intent
			strict(&i)
			l.intents[base] = i
			fault(i.Name != base, "the intent in", name, "is called", i.Name)
		case folder == "entities":
			var e entity
			strict(&e)
			l.entities[base] = e
			fault(e.Name != base, "the entity in", name, "is called", e.Name)
		default:
			out = append(out, "there is no place for "+name)
		}
	}
	ids := map[string]bool{}
	languages := append([]string{l.agent.Language}, l.agent.SupportedLanguages...)
	for name, e := range l.entities {
		fault(ids[e.ID] || e.ID == "", "id of", name)
		ids[e.ID] = true
		for _, language := range languages {
			fault(len(l.entries[name+" "+language]) == 0, name, "has no entries in", language)
			for _, entry := range l.entries[name+" "+language] {
				fault(entry.Value == "" || len(entry.Synonyms) == 0, name, "has an entry that is empty")
			}
		}
	}
	for name, i := range l.intents {
		fault(ids[i.ID] || i.ID == "", "id of", name)
		ids[i.ID] = true
		fault(len(i.Responses) != 1 || !i.WebhookUsed || !i.Auto, name, "does not ask the webhook")
		types := map[string]string{}
		for _, p := range i.Responses[0].Parameters {
			types[p.Name] = p.DataType
			_, own := l.entities[strings.TrimPrefix(p.DataType, "@")]
			fault(!own && !strings.HasPrefix(p.DataType, "@sys.") || p.Value != "$"+p.Name, name, "has no type", p.DataType)
		}
		for _, m := range i.Responses[0].Messages {
			fault(!slices.Contains(languages, m.Lang) || m.Speech == "", name, "says nothing in", m.Lang)
		}
		for _, language := range languages {
			phrases := l.phrases[name+" "+language]
			fault((len(phrases) == 0) != i.FallbackIntent, name, "has sentences where it must not, or none in", language)
			for _, p := range phrases {
				fault(ids[p.ID] || p.ID == "" || len(p.Data) == 0, "a sentence of", name)
				ids[p.ID] = true
				for _, part := range p.Data {
					fault(part.Text == "" || part.UserDefined != (part.Meta != "") || part.UserDefined && types[part.Alias] != part.Meta, name, "has no parameter", part.Alias, part.Meta)
				}
			}
		}
	}
	return out
}

func TestTheAgentHasEveryIntentAndTheLayoutThatDialogflowImports(t *testing.T) {
	c := catalogue(t)
	files, err := dialogflow.Package(brand, c)
	if err != nil {
		t.Fatal(err)
	}
	var l layout
	for _, f := range l.faults(t, files) {
		t.Error(f)
	}
	if l.agent.Webhook.URL != brand.PublicURL+"/dialogflow/es" || !l.agent.Webhook.Available || l.agent.Language != "en" || !l.agent.IsPrivate || !l.agent.DisableInteractionLogs {
		t.Errorf("%+v", l.agent)
	}
	es, _ := agents(t)
	found := map[skills.Intent]bool{}
	for name, i := range l.intents {
		turn := decode(t, es, nil, esBody("INTENT", `{"displayName":"`+name+`"}`, "ACTION", i.Responses[0].Action, "TEXT", ""))
		found[turn.Intent] = true
		entry, _ := skills.Lookup(turn.Intent)
		if len(i.Responses[0].Parameters) != len(entry.Slots) {
			t.Errorf("%s has the parameters %+v", name, i.Responses[0].Parameters)
		}
		for _, p := range i.Responses[0].Parameters {
			if p.IsList != (p.Name == "category") {
				t.Errorf("%s: of what is said for %s all is sent: %v", name, p.Name, p.IsList)
			}
		}
	}
	for _, entry := range c.Entries() {
		if !found[entry.Intent] {
			t.Errorf("the agent has no %s", entry.Intent)
		}
	}
	again, err := dialogflow.Package(brand, c)
	if err != nil {
		t.Fatal(err)
	}
	for i := range files {
		if string(files[i].Content) != string(again[i].Content) {
			t.Errorf("%s is another one each time", files[i].Path)
		}
	}
}

// TestAnAgentWithAPlantedFaultIsSeen: a check that finds nothing says nothing.
func TestAnAgentWithAPlantedFaultIsSeen(t *testing.T) {
	for name, fault := range map[string][3]string{
		"a member that there is not":      {"intents/BalanceIntent.json", `"auto"`, `"automatic"`},
		"a type that there is not":        {"intents/BalanceIntent.json", `"@account"`, `"@acount"`},
		"a parameter that is not of it":   {"intents/BalanceIntent_usersays_en.json", `"alias": "account"`, `"alias": "category"`},
		"an intent that asks nobody":      {"intents/HelpIntent.json", `"webhookUsed": true`, `"webhookUsed": false`},
		"an intent of another name":       {"intents/HelpIntent.json", `"name": "HelpIntent"`, `"name": "Help"`},
		"an entity without entries":       {"entities/account_entries_en.json", ``, `[]`},
		"a sentence that is nothing":      {"intents/HelpIntent_usersays_en.json", `"text": "help"`, `"text": ""`},
		"a fallback that is none":         {"intents/Default Fallback Intent.json", `"fallbackIntent": true`, `"fallbackIntent": false`},
		"a package of another version":    {"package.json", `1.0.0`, `2`},
		"a language that nobody wrote":    {"agent.json", `"supportedLanguages": []`, `"supportedLanguages": ["fr"]`},
		"a file where there is no place":  {"intents/HelpIntent.json", "path", "intents/more/HelpIntent.json"},
		"a number in place of a sentence": {"intents/HelpIntent_usersays_en.json", `"text": "help"`, `"text": 1`},
	} {
		files, err := dialogflow.Package(brand, catalogue(t))
		if err != nil {
			t.Fatal(err)
		}
		for i := range files {
			if files[i].Path != "agent/"+fault[0] {
				continue
			}
			switch content := string(files[i].Content); {
			case fault[1] == "path":
				files[i].Path = "agent/" + fault[2]
			case fault[1] == "":
				files[i].Content = []byte(fault[2])
			case !strings.Contains(content, fault[1]):
				t.Errorf("%s: %s has no %s", name, fault[0], fault[1])
			default:
				files[i].Content = []byte(strings.Replace(content, fault[1], fault[2], 1))
			}
		}
		if found := new(layout).faults(t, files); len(found) == 0 {
			t.Errorf("nobody sees %s", name)
		}
	}
}

func TestAnAgentHoldsNoPassword(t *testing.T) {
	if _, err := dialogflow.Package(dialogflow.Brand{Name: "x"}, catalogue(t)); err == nil {
		t.Error("an agent without an address was written")
	}
	files, err := dialogflow.Package(brand, catalogue(t))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if strings.Contains(string(f.Content), "sesame") || strings.Contains(f.Path, "..") || path.IsAbs(f.Path) {
			t.Errorf("%s", f.Path)
		}
	}
}
