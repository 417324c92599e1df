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

// write writes a line out into sentences of ours, with each tag that may stand for their slots, and gives each of them, about maxChoices at most, to be
// looked at and not kept.
func (r *reader) write(l string, each func(u *understood)) {
	parts := split(l)
	options := make([][][]word, len(parts))
	ways := 1
	for i, part := range parts {
		for _, option := range part {
			options[i] = append(options[i], slotted(option))
		}
		ways = min(ways*len(part), maxChoices)
	}
	limit := max(1, maxChoices/ways)
	turn := 0
	var words []word
	choose(options, maxChoices, func(way [][]word) {
		words = words[:0]
		for _, piece := range way {
			words = append(words, piece...)
		}
		r.variants(words, turn, limit, each)
		turn++
	})
}

// slotted gives the words of a piece of a sentence. A slot is a word in angle brackets.
func slotted(text string) []word {
	var words []word
	for piece := range strings.SplitSeq(text, "{") {
		if name, rest, ok := strings.Cut(piece, "}"); ok {
			words = append(words, word{text: "<" + name + ">"})
			piece = rest
		}
		words = append(words, tokens(piece)...)
	}
	return words
}

// variants gives the units of a sentence of ours, with the tags that may stand for its slots: as many as the limit, from the turn on.
func (r *reader) variants(words []word, turn, limit int, each func(u *understood)) {
	own := 0
	for _, w := range words {
		if w.text[0] != '<' {
			own++
		}
	}
	words = r.polite.strip(r.rewrite.apply(words))
	tags := make([][]string, len(words))
	ways := 1
	for i, w := range words {
		if w.text[0] == '<' {
			tags[i] = r.tags(w.text, own, words)
			ways = max(ways, len(tags[i]))
		}
	}
	u := &understood{reader: r}
	way := make([]word, 0, len(words)+8)
	for n := turn; n < turn+min(ways, limit); n++ {
		way = way[:0]
		for i, w := range words {
			if tags[i] == nil {
				way = append(way, w)
				continue
			}
			for t := range strings.FieldsSeq(tags[i][(n+i)%len(tags[i])]) { // not all of a sentence's slots of one kind
				way = append(way, word{text: t})
			}
		}
		u.words = way
		u.spot()
		each(u)
	}
}

// tags gives what the model may see in place of a word of a sentence.
func (r *reader) tags(text string, own int, words []word) []string {
	switch {
	case text == anything && own == 0:
		return []string{tagName}
	case text == anything:
		return []string{tagName, tagOf(skills.SlotMerchant), tagOf(skills.SlotCategory)}
	case text == tagOf(skills.SlotCount):
		return []string{tagNumber}
	case text == tagOf(skills.SlotPeriod):
		return []string{text}
	case own < ownWords:
		return []string{text, r.example(text)}
	case text == tagOf(skills.SlotAccount):
		tags := []string{text, r.example(text), tagName + " " + r.Slots.Heads[0]}
		if i := slices.IndexFunc(words, func(w word) bool { return w.text == text }); i > 0 && slices.Contains(r.Slots.Ending, words[i-1].text) {
			tags = []string{text, r.example(text), tagNumber}
		} else if i+1 < len(words) && slices.Contains(r.Slots.Heads, words[i+1].text) || i == len(words)-1 {
			tags = append(tags, tagName)
		}
		return tags
	default:
		return []string{text, r.example(text), tagName}
	}
}

// example gives one of the listed names of a slot, another one each time.
func (r *reader) example(tag string) string {
	names := r.names[tag]
	if len(names) == 0 {
		return tag
	}
	r.turn++
	return names[r.turn%len(names)]
}
