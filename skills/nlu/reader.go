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

	names map[string][]string // that are listed, by the tag of their slot
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
	r := &reader{language: *words, rewrite: newRewriting(words.Rewrite), polite: newPoliteness(words.Polite), periods: words.compiled, listed: map[string][]listed{}, names: map[string][]string{}}
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
	for _, w := range tokens(nil, name) {
		l.words = append(l.words, w.text)
	}
	r.names[tagOf(slot)] = append(r.names[tagOf(slot)], strings.Join(l.words, " "))
	r.listed[l.words[0]] = append(r.listed[l.words[0]], l)
}

// words gives the words of a text: rewritten, mended, and without what is only polite.
func (r *reader) words(text string) []word {
	words := tokens(make([]word, 0, 16), text)
	if len(words) > maxWords {
		return words
	}
	r.mark(words)
	for i, w := range words {
		if w.marks == 0 {
			if meant, ok := r.spelling.mend(w.text); ok {
				words[i].text, words[i].marks = meant, r.spelling.known[meant]
			}
		}
	}
	return r.polite.strip(r.rewrite.apply(make([]word, 0, len(words)+4), words, r.spelling))
}

// mark says what is known of words.
func (r *reader) mark(words []word) {
	for i := range words {
		words[i].marks = r.spelling.known[words[i].text]
	}
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
		times := 1
		if len(e.Scopes) == 0 && e.Intent != skills.Fallback {
			times = catalogued // they are short and few
		}
		for _, s := range r.Sentences[e.Intent] {
			add(line{e.Intent, s, times})
		}
	}
	return lines
}

// learn trains the model from the lines. What stands in them is known to the spelling too.
func (r *reader) learn(lines []line) {
	r.lessons = &lessons{spelling: r.vocabulary()}
	taken := make([]written, len(lines))
	for i, l := range lines {
		taken[i] = take(l)
		taken[i].each(func(words []word) {
			for _, w := range words {
				if w.text[0] != '<' {
					r.spelling.add(w.text, known)
				}
			}
		})
	}
	t, w := newTrainer(append([]string{tagOf(skills.SlotAccount)}, r.Money...)), newWriter(r)
	for _, l := range taken {
		l.each(r.mark)
		w.write(l, func(u *understood) {
			t.add(l.intent, u.units, u.named, l.times)
		})
	}
	r.model = t.train()
}

// vocabulary gives the words by which slots and periods are known, and those that others are rewritten to and from.
func (r *reader) vocabulary() *spelling {
	s := newSpelling()
	add := func(phrase []string, first, last marks) {
		for _, w := range phrase {
			s.add(w, known)
		}
		s.add(phrase[0], first)
		s.add(phrase[len(phrase)-1], last)
	}
	for _, rules := range r.rewrite {
		for _, rule := range rules {
			add(rule.from, rewritten, known)
			for _, w := range rule.to {
				s.add(w, known)
			}
		}
	}
	for _, names := range r.listed {
		for _, l := range names {
			add(l.words, nameBegins, known)
		}
	}
	for _, phrase := range r.Polite {
		add(strings.Fields(phrase), courteous, courteous)
	}
	for _, list := range [][]string{
		r.Slots.Mine, r.Slots.Heads, r.Slots.Sums, r.Slots.Plain, r.Slots.Merchant, r.Slots.Category, r.Slots.Purchases, r.Slots.Ending, r.Slots.Within,
		r.Slots.Articles, r.Slots.Leads, r.Periods.Lead, r.Periods.Openers,
	} {
		for _, phrase := range list {
			add(strings.Fields(phrase), known, known)
		}
	}
	for _, w := range r.periods.vocabulary() {
		s.add(w, known)
	}
	for w := range r.periods.begins {
		s.add(w, timeBegins)
	}
	return s
}
