package speech

import "golang.org/x/text/language"

// Inherit gives a country's words what they do not say otherwise than home's, where both are of one language: a country's file holds only what is
// said otherwise there.
func Inherit[W any](country language.Tag, words map[string]W, home language.Tag, of map[string]W) {
	one, _ := country.Base()
	other, _ := home.Base()
	if one != other {
		return
	}
	for key, w := range of {
		if _, otherwise := words[key]; !otherwise {
			words[key] = w
		}
	}
}
