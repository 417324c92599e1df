package nlu

import (
	"slices"
	"strings"

	"sotto/skills"
)

// What stands in a sentence in place of words that are not its own: tags are what the model sees of slots.
const (
	tagName   = "<name>"   // words that no sentence has
	tagNumber = "<number>" // digits, or a number in words
	tagPeriod = "<period>"
)

func tagOf(slot skills.SlotName) string { return "<" + string(slot) + ">" }

// understood is a text taken apart: units are its words, with tags in place of what may fill a slot.
type understood struct {
	*reader
	text  string
	words []word
	units []string
	spans []span // one for each unit
	named []named

	strange []string // the words that no sentence has
}

// named is a word by which a unit is called that is a tag: "card" may be meant otherwise than what else a card is called.
type named struct {
	unit int
	word string
}

// span is where a unit stands, and what it is.
type span struct {
	from, to int // in words
	tag      string
	value    string // of a period, in the form of spending.Parse; the id of a listed value; a number in digits
}

func (r *reader) spot(text string, words []word) *understood {
	u := &understood{reader: r, text: text, units: make([]string, 0, len(words)), spans: make([]span, 0, len(words))}
	u.spot(words)
	return u
}

func (u *understood) spot(words []word) {
	r := u.reader
	u.words = words
	u.units, u.spans, u.named, u.strange = u.units[:0], u.spans[:0], u.named[:0], u.strange[:0]
	for i := 0; i < len(words); {
		s := r.span(words, i)
		if s.tag == tagPeriod {
			u.drop(r.Periods.Lead)
		}
		i = s.to
		if s.tag == tagName && words[s.from].text != tagName {
			u.strange = append(u.strange, words[s.from].text)
		}
		if last := len(u.spans) - 1; s.tag == tagName && last >= 0 && u.spans[last].tag == tagName {
			u.spans[last].to = s.to
			continue
		}
		unit := s.tag
		if unit == "" {
			unit = words[s.from].text
		}
		if s.tag != "" && s.tag != tagName && s.tag != tagNumber && s.tag != tagPeriod && words[s.from].text != s.tag {
			for _, w := range words[s.from:s.to] {
				u.named = append(u.named, named{len(u.units), w.text})
			}
		}
		u.units, u.spans = append(u.units, unit), append(u.spans, s)
	}
}

// span reads the longest thing that begins with the word at i.
func (r *reader) span(words []word, i int) span {
	w, marks := words[i].text, words[i].marks
	if w[0] == '<' {
		return span{i, i + 1, w, ""} // a sentence being learned
	}
	best := span{from: i, to: i + 1}
	if marks&(nameBegins|timeBegins) == 0 && !digit(w, 0) {
		if marks == 0 {
			best.tag = tagName
		}
		return best
	}
	for _, l := range r.listed[w] {
		if begins(words[i:], l.words) {
			best = span{i, i + len(l.words), tagOf(l.slot), l.id}
			break
		}
	}
	if n, value := r.periods.at(words[i:]); n > 0 && i+n >= best.to && r.meant(words, i, n) {
		return span{i, i + n, tagPeriod, value}
	}
	switch {
	case best.tag != "":
	case digits(w):
		best.tag, best.value = tagNumber, w
	case r.Periods.Numbers[w] > 1:
		best.tag, best.value = tagNumber, r.periods.read("n", w)
	case marks&known == 0:
		best.tag = tagName
	}
	return best
}

// meant says whether a word that is something else too, such as "may", names a period here.
func (r *reader) meant(words []word, i, n int) bool {
	return n > 1 || !slices.Contains(r.Periods.Unsure, words[i].text) || i == len(words)-1 || i > 0 && slices.Contains(r.Periods.Lead, words[i-1].text)
}

// drop leaves out the last unit where it is one of these words.
func (u *understood) drop(words []string) {
	if last := len(u.units) - 1; last >= 0 && u.spans[last].tag == "" && slices.Contains(words, u.units[last]) {
		u.units, u.spans = u.units[:last], u.spans[:last]
	}
}

// said gives the words from one to another as they were typed.
func (u *understood) said(from, to int) string {
	if from >= to {
		return ""
	}
	said := strings.Join(strings.Fields(strings.ToValidUTF8(u.text[u.words[from].from:u.words[to-1].to], " ")), " ")
	return skills.CutHeard(said)
}

// before gives the word before the one at i, behind any articles.
func (u *understood) before(i int) string {
	for i--; i >= 0; i-- {
		if w := u.words[i].text; !slices.Contains(u.Slots.Articles, w) {
			return w
		}
	}
	return ""
}

// after gives the word at i, and nothing outside the text.
func (u *understood) after(i int) string {
	if i < 0 || i >= len(u.words) {
		return ""
	}
	return u.words[i].text
}
