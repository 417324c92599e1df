package nlu

import (
	"strings"
	"testing"

	"sotto/skills"
)

// TestNoSentenceStandsUnderTwoIntents: what remains of a sentence without what is only polite may be another's.
func TestNoSentenceStandsUnderTwoIntents(t *testing.T) {
	c, err := skills.NewCatalogue(nil)
	if err != nil {
		t.Fatal(err)
	}
	files, err := load()
	if err != nil {
		t.Fatal(err)
	}
	words, err := files.of("en-US")
	if err != nil {
		t.Fatal(err)
	}
	us, _ := c.Language("en-US")
	gb, _ := c.Language("en-GB")
	r := newReader(words, us, gb)
	r.learn(r.lines(us, gb))
	seen, w := map[string]line{}, newWriter(r)
	for _, l := range r.lines(us, gb) {
		taken := take(l)
		taken.each(r.mark)
		w.write(taken, func(u *understood) {
			key := strings.Join(u.units, " ")
			for _, n := range u.named {
				key += " " + n.word
			}
			if other, ok := seen[key]; ok && other.intent != l.intent {
				t.Errorf("%q of %s and %q of %s are both %q", l.sentence, l.intent, other.sentence, other.intent, key)
			}
			seen[key] = l
		})
	}
}
