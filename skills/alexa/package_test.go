package alexa_test

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"sotto/linking"
	"sotto/skills"
	"sotto/skills/alexa"
)

var brand = alexa.Brand{
	Name: "Albion", Invocation: "Albion Bank", PublicURL: "https://sotto.albion.example", PrivacyURL: "https://albion.example/privacy",
	TermsURL: "https://albion.example/terms", ClientID: "alexa", Scopes: []linking.Scope{linking.Balances, linking.Spending},
	AccessTTL: 15 * time.Minute, Domains: []string{"login.albion.example", "sotto.albion.example"},
}

func pack(t *testing.T, b alexa.Brand) map[string][]byte {
	t.Helper()
	catalogue, err := skills.NewCatalogue(stopped)
	if err != nil {
		t.Fatal(err)
	}
	files, err := alexa.Package(b, catalogue)
	if err != nil {
		t.Fatal(err)
	}
	named := map[string][]byte{}
	for _, f := range files {
		named[f.Path] = f.Content
	}
	return named
}

const (
	manifestFile = "skill-package/skill.json"
	modelFile    = "skill-package/interactionModels/custom/en-US.json"
	britishFile  = "skill-package/interactionModels/custom/en-GB.json"
	linkingFile  = "account-linking.json"
)

func TestThePackageSatisfiesAmazonsOwnDefinitions(t *testing.T) {
	files := pack(t, brand)
	if got, want := slices.Sorted(maps.Keys(files)), []string{"README.md", linkingFile, britishFile, modelFile, manifestFile}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	for file, tc := range map[string]struct {
		definition string
		faults     map[string][2]string // what the judge must notice
	}{
		manifestFile: {"v1.skill.Manifest.SkillManifestEnvelope", map[string][2]string{
			"a misspelt member":        {`"endpoint"`, `"endpont"`},
			"a certificate of no kind": {`"Trusted"`, `"Trust me"`},
			"a version to come":        {`"1.0"`, `"9.0"`},
			"a country of no kind":     {`"US"`, `7`},
		}},
		modelFile: {"v1.skill.interactionModel.InteractionModelData", map[string][2]string{
			"a misspelt member":            {`"samples"`, `"sample"`},
			"no name for opening it":       {`"invocationName"`, `"invocation"`},
			"sentences that are not words": {`"what's my balance"`, `1`},
			"an intent without a name":     {`"name": "BalanceIntent"`, `"name": ""`},
			"a strategy of no kind":        {`"SKILL_RESPONSE"`, `"SKILL"`},
			"a misspelt rule":              {`"elicitationRequired"`, `"elicitRequired"`},
			"a rule in words":              {`"confirmationRequired": true`, `"confirmationRequired": "yes"`},
			"a prompt of no kind":          {`"PlainText"`, `"Text"`},
			"a prompt that says nothing":   {`"Which account would you like?"`, `""`},
			"a prompt without a name":      {`"id": "Confirm.Intent.ForgetIntent"`, `"id": ""`},
		}},
		linkingFile: {"v1.skill.accountLinking.AccountLinkingRequest", map[string][2]string{
			"a misspelt member": {`"authorizationUrl"`, `"authorisationUrl"`},
			"a scheme unknown":  {`"HTTP_BASIC"`, `"BASIC"`},
			"a grant unknown":   {`"AUTH_CODE"`, `"PASSWORD"`},
			"a life in words":   {`900`, `"fifteen minutes"`},
		}},
		britishFile: {"v1.skill.interactionModel.InteractionModelData", map[string][2]string{
			"a misspelt member": {`"types"`, `"typs"`},
			"a value unnamed":   {`"value": "groceries"`, `"value": 1`},
		}},
	} {
		verdict := smapi(t, tc.definition)
		if err := verdict(files[file]); err != nil {
			t.Errorf("%s: %v", file, err)
		}
		for name, fault := range tc.faults {
			planted := bytes.Replace(files[file], []byte(fault[0]), []byte(fault[1]), 1)
			if bytes.Equal(planted, files[file]) {
				t.Errorf("%s: %s: nowhere to plant it", file, name)
			}
			if verdict(planted) == nil {
				t.Errorf("%s: the judge did not notice %s", file, name)
			}
		}
	}
}

func TestThePackageSaysWhatTheCatalogueAndTheSettingsSay(t *testing.T) {
	files := pack(t, brand)
	var m struct {
		InteractionModel struct {
			LanguageModel struct {
				InvocationName string
				Intents        []struct {
					Name    string
					Samples []string
					Slots   []struct{ Name, Type string }
				}
				Types []struct {
					Name   string
					Values []struct {
						ID   string
						Name struct {
							Value    string
							Synonyms []string
						}
					}
				}
			}
		}
	}
	if err := json.Unmarshal(files[modelFile], &m); err != nil {
		t.Fatal(err)
	}
	model := m.InteractionModel.LanguageModel
	if model.InvocationName != "albion bank" {
		t.Errorf("opened by %q", model.InvocationName)
	}
	has := map[string]bool{}
	for _, intent := range model.Intents {
		if has[intent.Name] {
			t.Errorf("%s stands twice", intent.Name)
		}
		has[intent.Name] = true
		if !strings.HasPrefix(intent.Name, "AMAZON.") && len(intent.Samples) == 0 {
			t.Errorf("%s has no sentence", intent.Name)
		}
		for _, slot := range intent.Slots {
			want := map[string]string{"account": "AccountType", "category": "CategoryType", "merchant": "MerchantType", "period": "AMAZON.DATE", "count": "AMAZON.NUMBER"}
			if slot.Type != want[slot.Name] {
				t.Errorf("%s: slot %s is of type %s", intent.Name, slot.Name, slot.Type)
			}
		}
	}
	for _, want := range []string{
		"BalanceIntent", "SpendingIntent", "TransactionsIntent", "SharedIntent", "ForgetIntent", "AMAZON.HelpIntent", "AMAZON.StopIntent", "AMAZON.CancelIntent",
		"AMAZON.RepeatIntent", "AMAZON.YesIntent", "AMAZON.NoIntent", "AMAZON.FallbackIntent", "AMAZON.NavigateHomeIntent",
	} {
		if !has[want] {
			t.Errorf("no %s", want)
		}
	}
	var types []string
	for _, custom := range model.Types {
		types = append(types, custom.Name)
		for _, v := range custom.Values {
			if v.ID == "" || v.Name.Value == "" || len(v.Name.Synonyms) == 0 {
				t.Errorf("%s: %+v", custom.Name, v)
			}
		}
	}
	if want := []string{"AccountType", "CategoryType", "MerchantType"}; !slices.Equal(types, want) {
		t.Errorf("types %v, want %v", types, want)
	}

	for name, said := range map[string]string{
		"the endpoint": `"uri": "https://sotto.albion.example/alexa"`, "the privacy policy": `"privacyPolicyUrl": "https://albion.example/privacy"`,
		"the terms": `"termsOfUseUrl": "https://albion.example/terms"`, "no permission": `"permissions": []`, "the opening": `"Alexa, open albion bank"`,
	} {
		if !bytes.Contains(files[manifestFile], []byte(said)) {
			t.Errorf("the manifest does not say %s: %s", name, files[manifestFile])
		}
	}
	var request struct {
		AccountLinkingRequest struct {
			AuthorizationURL, AccessTokenURL, ClientID, ClientSecret string
			Scopes, Domains                                          []string
			Expiration                                               int `json:"defaultTokenExpirationInSeconds"`
		}
	}
	if err := json.Unmarshal(files[linkingFile], &request); err != nil {
		t.Fatal(err)
	}
	r := request.AccountLinkingRequest
	if r.AuthorizationURL != "https://sotto.albion.example/oauth/authorize" || r.AccessTokenURL != "https://sotto.albion.example/oauth/token" || r.ClientID != "alexa" ||
		r.Expiration != 900 || !slices.Equal(r.Scopes, []string{"balances", "spending"}) || !slices.Equal(r.Domains, []string{"sotto.albion.example", "login.albion.example"}) {
		t.Errorf("got %+v", r)
	}
	if bytes.Contains(files[linkingFile], []byte("ecret")) {
		t.Error("the account-linking request has a place for the secret")
	}
}

func TestAPackageThatAmazonWouldRefuseIsNotWritten(t *testing.T) {
	catalogue, err := skills.NewCatalogue(stopped)
	if err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*alexa.Brand){
		"opened by nothing":            func(b *alexa.Brand) { b.Invocation = "" },
		"opened by a number":           func(b *alexa.Brand) { b.Invocation = "bank 24" },
		"opened by Alexa's own name":   func(b *alexa.Brand) { b.Invocation = "alexa bank" },
		"opened by a word for opening": func(b *alexa.Brand) { b.Invocation = "Open Bank" },
		"opened by two spaces":         func(b *alexa.Brand) { b.Invocation = "albion  bank" },
		"opened by a sign":             func(b *alexa.Brand) { b.Invocation = "albion & co" },
		"opened by a whole story":      func(b *alexa.Brand) { b.Invocation = strings.Repeat("albion ", 20) + "bank" },
		"without a name":               func(b *alexa.Brand) { b.Name = "" },
		"without an address":           func(b *alexa.Brand) { b.PublicURL = "" },
		"with sixteen domains":         func(b *alexa.Brand) { b.Domains = strings.Split(hundred(), ",") },
	} {
		b := brand
		change(&b)
		if _, err := alexa.Package(b, catalogue); err == nil {
			t.Errorf("%s: written", name)
		}
	}
}
