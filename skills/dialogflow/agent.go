package dialogflow

// An agent of Dialogflow ES as its console imports it: a ZIP of agent.json, package.json, and for each intent and entity one file with what it
// is and one per language with its words. Google documents what it means, not its names; these are those that the console exports.
type (
	agentFile struct {
		Description string      `json:"description"`
		Language    string      `json:"language"`
		DisplayName string      `json:"displayName"`
		NoLogs      bool        `json:"disableInteractionLogs"` // what customers say is not kept in Dialogflow's history
		NoOtherLogs bool        `json:"disableStackdriverLogs"`
		Timezone    string      `json:"defaultTimezone"`
		Webhook     webhookFile `json:"webhook"`
		Private     bool        `json:"isPrivate"`
		Confidence  float64     `json:"mlMinConfidence"`
		Languages   []string    `json:"supportedLanguages"` // beside Language
		V2          bool        `json:"enableOnePlatformApi"`
		Version     string      `json:"onePlatformApiVersion"`
		Spelling    bool        `json:"enableSpellCorrection"`
		Sentiment   bool        `json:"analyzeQueryTextSentiment"`
		DialogMode  bool        `json:"dialogBuilderMode"`
	}
	webhookFile struct {
		URL         string            `json:"url"`
		Username    string            `json:"username"`
		Headers     map[string]string `json:"headers"`
		Available   bool              `json:"available"`
		ForDomains  bool              `json:"useForDomains"`
		Functions   bool              `json:"cloudFunctionsEnabled"`
		Initialized bool              `json:"cloudFunctionsInitialized"`
	}
	packageFile struct {
		Version string `json:"version"`
	}
	entityFile struct {
		ID          string `json:"id"`
		Name        string `json:"name"`
		Overridable bool   `json:"isOverridable"`
		Enum        bool   `json:"isEnum"`
		Regexp      bool   `json:"isRegexp"`
		Expansion   bool   `json:"automatedExpansion"` // what is not listed is heard all the same
		Fuzzy       bool   `json:"allowFuzzyExtraction"`
	}
	entryFile struct {
		Value    string   `json:"value"` // the catalogue's id
		Synonyms []string `json:"synonyms"`
	}
	intentFile struct {
		ID        string         `json:"id"`
		Name      string         `json:"name"`
		Auto      bool           `json:"auto"`
		Contexts  []string       `json:"contexts"`
		Responses []responseFile `json:"responses"`
		Priority  int            `json:"priority"`
		Webhook   bool           `json:"webhookUsed"`
		ForSlots  bool           `json:"webhookForSlotFilling"`
		Fallback  bool           `json:"fallbackIntent"`
		Events    []eventFile    `json:"events"`
	}
	eventFile struct {
		Name string `json:"name"`
	}
	responseFile struct {
		Reset      bool            `json:"resetContexts"`
		Action     string          `json:"action"`
		Contexts   []struct{}      `json:"affectedContexts"` // the webhook sets them
		Parameters []parameterFile `json:"parameters"`
		Messages   []messageFile   `json:"messages"` // said where the webhook does not answer
		Platforms  struct{}        `json:"defaultResponsePlatforms"`
		Speech     []string        `json:"speech"`
	}
	parameterFile struct {
		ID       string   `json:"id"`
		Required bool     `json:"required"`
		Type     string   `json:"dataType"`
		Name     string   `json:"name"`
		Value    string   `json:"value"`
		Prompts  []string `json:"promptMessages"`
		NoMatch  []string `json:"noMatchPromptMessages"`
		NoInput  []string `json:"noInputPromptMessages"`
		Outputs  []string `json:"outputDialogContexts"`
		List     bool     `json:"isList"`
	}
	messageFile struct {
		Type      int    `json:"type"`
		Language  string `json:"lang"`
		Condition string `json:"condition"`
		Speech    string `json:"speech"`
	}
	phraseFile struct {
		ID       string     `json:"id"`
		Data     []partFile `json:"data"`
		Template bool       `json:"isTemplate"`
		Count    int        `json:"count"`
		Updated  int        `json:"updated"`
	}
	partFile struct {
		Text    string `json:"text"`
		Type    string `json:"meta,omitzero"`
		Name    string `json:"alias,omitzero"`
		Defined bool   `json:"userDefined"`
	}
)
