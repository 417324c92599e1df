package speech_test

import (
	"maps"
	"testing"

	"golang.org/x/text/language"

	"sotto/skills/speech"
)

func TestACountrySaysWhatItsLanguageSaysUnlessItSaysOtherwise(t *testing.T) {
	t.Parallel()
	home := map[string]string{"spent": "checking", "over": "You are overdrawn."}
	for country, want := range map[string]map[string]string{
		"en-GB": {"spent": "current", "over": "You are overdrawn."},
		"pt-BR": {"spent": "current"},
	} {
		words := map[string]string{"spent": "current"}
		speech.Inherit(language.MustParse(country), words, language.AmericanEnglish, home)
		if !maps.Equal(words, want) {
			t.Errorf("%s says %v, want %v", country, words, want)
		}
	}
	if home["spent"] != "checking" {
		t.Error("home took a country's word")
	}
}
