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

// variants gives the units of a sentence of ours, with each tag that may stand for its slots.
func (r *reader) variants(sentence string) []*understood {
	var words []word
	own := 0
	for piece := range strings.SplitSeq(sentence, "{") {
		if name, rest, ok := strings.Cut(piece, "}"); ok {
			words = append(words, word{text: "<" + name + ">"})
			piece = rest
		}
		found := tokens(piece)
		own += len(found)
		words = append(words, found...)
	}
	words = bare(r.rewrite.apply(words), r.polite)
	tags := make([][]string, len(words))
	ways := 1
	for i, w := range words {
		tags[i] = r.tags(w.text, own, words)
		ways = max(ways, len(tags[i]))
	}
	var units []*understood
	for n := range ways {
		var way []word
		for i := range words {
			for _, t := range strings.Fields(tags[i][(n+i)%len(tags[i])]) { // not all of a sentence's slots of one kind
				way = append(way, word{text: t})
			}
		}
		units = append(units, r.spot("", way))
	}
	return units
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
	case text == tagOf(skills.SlotPeriod) || !strings.HasPrefix(text, "<"):
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
