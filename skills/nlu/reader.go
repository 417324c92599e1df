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
	rewrite rewriting
	polite  politeness
	periods *periods
	listed  map[string][]listed // by their first word, the longest first
	*lessons

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

// lessons is what is learned of a language, once for all of its countries.
type lessons struct {
	spelling *spelling
	model    *model
}

// newReader makes a reader who knows the names of a language, and has not learned a sentence. The first country that speaks it is the reader's own:
// what is said otherwise elsewhere is understood too.
func newReader(words *language, countries ...*skills.Language) *reader {
	r := &reader{language: *words, rewrite: newRewriting(words.Rewrite), polite: newPoliteness(words.Polite), listed: map[string][]listed{}, names: map[string][]string{}}
	r.lessons = &lessons{spelling: newSpelling()}
	r.periods, _ = compilePeriods(words.Periods) // New has checked it
	// A word that is the name of two things is the first of these.
	seen := map[string]bool{}
	for _, said := range countries {
		for _, slot := range []skills.SlotName{skills.SlotAccount, skills.SlotCategory, skills.SlotMerchant} {
			for _, v := range said.Values[slot] {
				for _, name := range append([]string{v.Name}, v.Synonyms...) {
					if key := string(slot) + name; !seen[key] {
						seen[key] = true
						r.list(slot, name, v.ID)
					}
				}
			}
		}
	}
	for _, names := range r.listed {
		slices.SortStableFunc(names, func(a, b listed) int { return cmp.Compare(len(b.words), len(a.words)) })
	}
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
	return r.polite.strip(r.rewrite.apply(words))
}

// catalogued is how many times a sentence of the catalogue is learned, since that is what customers are told they can say.
const catalogued = 3

// line is a sentence of an intent as a file has it, and how many times it is learned.
type line struct {
	intent   skills.Intent
	sentence string
	times    int
}

// lines gives what there is to learn.
func (r *reader) lines(countries ...*skills.Language) []line {
	var lines []line
	seen := map[line]bool{}
	add := func(l line) {
		if !seen[l] {
			seen[l] = true
			lines = append(lines, l)
		}
	}
	for _, e := range skills.Entries() {
		for _, said := range countries {
			for _, s := range said.Sentences[e.Intent] {
				add(line{e.Intent, s, catalogued})
				// A sentence that is nothing but a name is written out: each name by itself has to be known.
				for _, name := range r.names[strings.NewReplacer("{", "<", "}", ">").Replace(s)] {
					add(line{e.Intent, name, 1})
				}
			}
		}
		for _, s := range r.Sentences[e.Intent] {
			add(line{e.Intent, s, 1})
		}
	}
	return lines
}

// learn trains the model from the lines. What stands in them is known to the spelling too.
func (r *reader) learn(lines []line) {
	for _, w := range r.vocabulary() {
		r.spelling.add(w)
	}
	for _, l := range lines {
		for _, w := range tokens(slotless(l.sentence)) {
			r.spelling.add(w.text)
		}
	}
	t := newTrainer()
	for _, l := range lines {
		r.write(l.sentence, func(u *understood) {
			for range l.times {
				t.add(l.intent, u.units, u.named)
			}
		})
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
