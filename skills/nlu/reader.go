package nlu

import (
	"cmp"
	"slices"
	"strings"

	"sotto/skills"
)

// reader reads one language.
type reader struct {
	language
	rewrite  rewriting
	polite   [][]string
	spelling *spelling
	periods  *periods
	listed   map[string][]listed // by their first word, the longest first
	model    *model

	names map[string][]string // the names that are listed, by the tag of their slot
	turn  int                 // of them, while the sentences are learned
}

// listed is a value of a slot by one of its names.
type listed struct {
	words []string
	slot  skills.SlotName
	name  string
	id    string
}

func newReader(said *skills.Language, words *language) *reader {
	r := &reader{language: *words, rewrite: newRewriting(words.Rewrite), spelling: newSpelling(), listed: map[string][]listed{}, names: map[string][]string{}}
	r.periods, _ = compilePeriods(words.Periods) // New has checked it
	for _, p := range words.Polite {
		r.polite = append(r.polite, strings.Fields(p))
	}
	slices.SortStableFunc(r.polite, func(a, b []string) int { return len(b) - len(a) })
	// A word that is the name of two things is the first of these.
	for _, slot := range []skills.SlotName{skills.SlotAccount, skills.SlotCategory, skills.SlotMerchant} {
		for _, v := range said.Values[slot] {
			for _, name := range append([]string{v.Name}, v.Synonyms...) {
				r.list(slot, name, v.ID)
			}
		}
	}
	for _, names := range r.listed {
		slices.SortStableFunc(names, func(a, b listed) int { return cmp.Compare(len(b.words), len(a.words)) })
	}
	r.learn(said)
	return r
}

func (r *reader) list(slot skills.SlotName, name, id string) {
	l := listed{slot: slot, name: name, id: id}
	for _, w := range tokens(name) {
		l.words = append(l.words, w.text)
		r.spelling.add(w.text)
	}
	r.names[tagOf(slot)] = append(r.names[tagOf(slot)], strings.Join(l.words, " "))
	r.listed[l.words[0]] = append(r.listed[l.words[0]], l)
}

// words gives the words of a text: rewritten, mended, and without what is only polite.
func (r *reader) words(text string) []word {
	words := tokens(text)
	if len(words) > maxWords {
		return words
	}
	for i, w := range words {
		if !r.spelling.known[w.text] {
			if meant, ok := r.spelling.mend(w.text); ok {
				words[i].text = meant
			}
		}
	}
	return bare(r.rewrite.apply(words), r.polite)
}

// catalogued is how many times a sentence of the catalogue is learned, since that is what customers are told they can say.
const catalogued = 3

// learn trains the model from the sentences. What stands in it is known to the spelling too.
func (r *reader) learn(said *skills.Language) {
	t := newTrainer()
	for _, w := range r.vocabulary() {
		r.spelling.add(w)
	}
	type line struct {
		intent   skills.Intent
		sentence string
		times    int
	}
	var lines []line
	for _, e := range skills.Entries() {
		for _, s := range said.Sentences[e.Intent] {
			lines = append(lines, line{e.Intent, s, catalogued})
		}
		for _, s := range r.Sentences[e.Intent] {
			for _, c := range choices(s, maxChoices) {
				lines = append(lines, line{e.Intent, c, 1})
			}
		}
	}
	// A sentence that is nothing but a name is written out: each name by itself has to be known.
	for _, l := range lines {
		if tag := strings.NewReplacer("{", "<", "}", ">").Replace(l.sentence); r.names[tag] != nil {
			for _, name := range r.names[tag] {
				lines = append(lines, line{l.intent, name, 1})
			}
		}
	}
	for _, l := range lines {
		for _, w := range tokens(slotless(l.sentence)) {
			r.spelling.add(w.text)
		}
	}
	for _, l := range lines {
		for _, u := range r.variants(l.sentence) {
			for range l.times {
				t.add(l.intent, u.units, u.named)
			}
		}
	}
	r.model = t.train()
}

// slotless gives a sentence without its slots.
func slotless(sentence string) string {
	for {
		before, rest, ok := strings.Cut(sentence, "{")
		if !ok {
			return sentence
		}
		_, after, _ := strings.Cut(rest, "}")
		sentence = before + " " + after
	}
}

// vocabulary gives the words by which slots and periods are known, and those that others are rewritten to and from.
func (r *reader) vocabulary() []string {
	var all []string
	for from, to := range r.Rewrite {
		all = append(append(all, strings.Fields(from)...), strings.Fields(to)...)
	}
	for _, list := range [][]string{
		r.Polite, r.Slots.Mine, r.Slots.Heads, r.Slots.Sums, r.Slots.Plain, r.Slots.Merchant, r.Slots.Category, r.Slots.Purchases, r.Slots.Ending, r.Slots.Within,
		r.Slots.Articles, r.Slots.Leads, r.Periods.Lead, r.Periods.Openers,
	} {
		for _, phrase := range list {
			all = append(all, strings.Fields(phrase)...)
		}
	}
	all = append(all, r.periods.vocabulary()...)
	slices.Sort(all)
	return slices.Compact(all)
}
