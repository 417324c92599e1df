// Package speech turns a reply's facts into words in the customer's language, and into SSML.
//
// A language is a set of message files (words/LOCALE.yaml) in the format of go-i18n. The files of en-GB hold only what is said otherwise there than in
// en-US. What is in a reply is all it knows: it asks no bank, no clock and no store, and says nothing that is not among the reply's facts.
package speech

import "sotto/skills"

// Spoken is a reply in words. The SSML is a whole document, <speak> to </speak>, with no tag but say-as. The texts
// are the same words without markup.
type Spoken struct {
	SSML, Text                 string
	RepromptSSML, RepromptText string // only where the reply asks something
}

// Say says r in the locale with the languages built into the program; see Phrases.Say.
func Say(locale string, r skills.Reply) Spoken {
	p, err := New()
	if err != nil {
		panic(err) // a test reads them all
	}
	return p.Say(locale, r)
}
