package nlu

import (
	"slices"
	"strings"

	"sotto/skills"
)

// ownWords is how many words of its own a sentence has before something unlisted may stand in it: "how much did I spend on …" says what it is, "the … one"
// does not.
const ownWords = 3

// anything stands in the sentences of a language for whatever a question may be about.
const anything = "<anything>"

// written is a line taken apart into what stands fixed and what may be chosen.
type written struct {
	line
	parts [][][]word
}

// take takes a line apart. A slot is a word in angle brackets.
func take(l line) written {
	w := written{line: l}
	for _, part := range split(l.sentence) {
		options := make([][]word, len(part))
		for i, option := range part {
			for piece := range strings.SplitSeq(option, "{") {
				if name, rest, ok := strings.Cut(piece, "}"); ok {
					options[i] = append(options[i], word{text: "<" + name + ">"})
					piece = rest
				}
				options[i] = tokens(options[i], piece)
			}
		}
		w.parts = append(w.parts, options)
	}
	return w
}

// each gives the words of a line, piece by piece.
func (w written) each(do func(words []word)) {
	for _, part := range w.parts {
		for _, option := range part {
			do(option)
		}
	}
}

// writer writes lines out into sentences of ours, in room that it uses again.
type writer struct {
	*understood
	names map[string][][]word // that are listed, by the tag of their slot
	turn  int                 // of them

	words, rewritten, way []word
	tags                  [][]word // what may stand for the slots of a sentence, one after another
	ends                  []int    // of the tags of each of its words
}

// Tags that stand for a slot, as words.
var (
	nameWord     = []word{{text: tagName}}
	numberWord   = []word{{text: tagNumber}}
	merchantWord = []word{{text: tagOf(skills.SlotMerchant)}}
	categoryWord = []word{{text: tagOf(skills.SlotCategory)}}
)

func newWriter(r *reader) *writer {
	w := &writer{understood: &understood{reader: r}, names: map[string][][]word{}}
	for tag, names := range r.names {
		for _, name := range names {
			words := tokens(nil, name)
			r.mark(words)
			w.names[tag] = append(w.names[tag], words)
		}
	}
	return w
}

// write writes a line out with each tag that may stand for its slots, and gives each sentence, about maxChoices at most, to be looked at and not kept.
func (w *writer) write(l written, each func(u *understood)) {
	ways := 1
	for _, part := range l.parts {
		ways = min(ways*len(part), maxChoices)
	}
	limit := max(1, maxChoices/ways)
	turn := 0
	choose(l.parts, maxChoices, func(way [][]word) {
		w.words = w.words[:0]
		for _, piece := range way {
			w.words = append(w.words, piece...)
		}
		w.variants(turn, limit, each)
		turn++
	})
}

// variants gives the units of a sentence, with the tags that may stand for its slots: as many as the limit, from the turn on.
func (w *writer) variants(turn, limit int, each func(u *understood)) {
	own := 0
	for _, word := range w.words {
		if word.text[0] != '<' {
			own++
		}
	}
	w.rewritten = w.rewrite.apply(w.rewritten[:0], w.words, w.spelling)
	words := w.polite.strip(w.rewritten)
	w.tags, w.ends = w.tags[:0], w.ends[:0]
	ways := 1
	for i := range words {
		before := len(w.tags)
		if words[i].text[0] == '<' {
			w.stand(words, i, own)
			ways = max(ways, len(w.tags)-before)
		}
		w.ends = append(w.ends, len(w.tags))
	}
	for n := turn; n < turn+min(ways, limit); n++ {
		w.way = w.way[:0]
		from := 0
		for i, end := range w.ends {
			if tags := w.tags[from:end]; len(tags) > 0 {
				w.way = append(w.way, tags[(n+i)%len(tags)]...) // not all of a sentence's slots of one kind
			} else {
				w.way = append(w.way, words[i])
			}
			from = end
		}
		w.spot(w.way)
		each(w.understood)
	}
}

// stand appends the tags that the model may see in place of the word at i.
func (w *writer) stand(words []word, i, own int) {
	itself, text := words[i:i+1], words[i].text
	switch {
	case text == anything && own == 0:
		w.tags = append(w.tags, nameWord)
	case text == anything:
		w.tags = append(w.tags, nameWord, merchantWord, categoryWord)
	case text == tagOf(skills.SlotCount):
		w.tags = append(w.tags, numberWord)
	case text == tagOf(skills.SlotPeriod):
		w.tags = append(w.tags, itself)
	case own < ownWords:
		w.tags = append(w.tags, itself, w.example(text, itself))
	case text != tagOf(skills.SlotAccount):
		w.tags = append(w.tags, itself, w.example(text, itself), nameWord)
	case i > 0 && slices.Contains(w.Slots.Ending, words[i-1].text):
		w.tags = append(w.tags, itself, w.example(text, itself), numberWord)
	default:
		w.tags = append(w.tags, itself, w.example(text, itself), []word{nameWord[0], {text: w.Slots.Heads[0], marks: known}})
		if i == len(words)-1 || slices.Contains(w.Slots.Heads, words[i+1].text) {
			w.tags = append(w.tags, nameWord)
		}
	}
}

// example gives one of the listed names of a slot, another one each time.
func (w *writer) example(tag string, itself []word) []word {
	names := w.names[tag]
	if len(names) == 0 {
		return itself
	}
	w.turn++
	return names[w.turn%len(names)]
}
