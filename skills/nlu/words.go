package nlu

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// word is one word of a text, in lower case and without accents, and where it stands.
type word struct {
	text     string
	from, to int // in bytes
}

// tokens gives the words of a text. Apostrophes are left out ("whats"), an ampersand is a letter ("m&s"), and what joins digits stays ("3/2/2026");
// everything else that is neither letter nor digit, broken UTF-8 too, stands between words.
func tokens(text string) []word {
	words := make([]word, 0, 16)
	var b strings.Builder
	start := -1
	end := func(at int) {
		if b.Len() > 0 {
			words = append(words, word{b.String(), start, at})
		}
		b.Reset()
		start = -1
	}
	for i, r := range text {
		switch {
		case r == '\'' || r == '’' || r == '‘' || r == '\u200d' || r == '\ufe0f':
		case r == '&' || r < utf8.RuneSelf && (unicode.IsLetter(r) || unicode.IsDigit(r)):
			if start < 0 {
				start = i
			}
			b.WriteRune(unicode.ToLower(r))
		case (r == '/' || r == '.' || r == '-' && (b.Len() == 4 || b.Len() == 7)) && start >= 0 && digit(text, i-1) && digit(text, i+1):
			b.WriteRune('/')
		case r != utf8.RuneError && (unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r)):
			if start < 0 {
				start = i
			}
			for _, plain := range norm.NFKD.String(string(r)) {
				if unicode.IsLetter(plain) || unicode.IsDigit(plain) {
					b.WriteRune(unicode.ToLower(plain))
				}
			}
		default:
			end(i)
		}
	}
	end(len(text))
	return words
}

func digit(text string, i int) bool {
	return i >= 0 && i < len(text) && text[i] >= '0' && text[i] <= '9'
}

func digits(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }

// rewriting replaces words that stand for others, the longest first.
type rewriting map[string][]rewrite

type rewrite struct{ from, to []string }

func newRewriting(rules map[string]string) rewriting {
	r := rewriting{}
	for from, to := range rules {
		rule := rewrite{strings.Fields(from), strings.Fields(to)}
		r[rule.from[0]] = append(r[rule.from[0]], rule)
	}
	return r
}

func (r rewriting) apply(words []word) []word {
	out := make([]word, 0, len(words)+4)
	for i := 0; i < len(words); i++ {
		var best rewrite
		for _, rule := range r[words[i].text] {
			if len(rule.from) > len(best.from) && begins(words[i:], rule.from) {
				best = rule
			}
		}
		if best.from == nil {
			out = append(out, words[i])
			continue
		}
		last := words[i+len(best.from)-1]
		for _, to := range best.to {
			out = append(out, word{to, words[i].from, last.to})
		}
		i += len(best.from) - 1
	}
	return out
}

func begins(words []word, with []string) bool {
	if len(with) > len(words) {
		return false
	}
	for i, w := range with {
		if words[i].text != w {
			return false
		}
	}
	return true
}

// politeness is what is said around a question, by its first word and by its last; the longest first.
type politeness struct{ first, last map[string][][]string }

func newPoliteness(phrases []string) politeness {
	p := politeness{map[string][][]string{}, map[string][][]string{}}
	all := make([][]string, 0, len(phrases))
	for _, phrase := range phrases {
		all = append(all, strings.Fields(phrase))
	}
	slices.SortStableFunc(all, func(a, b []string) int { return len(b) - len(a) })
	for _, words := range all {
		first, last := words[0], words[len(words)-1]
		p.first[first], p.last[last] = append(p.first[first], words), append(p.last[last], words)
	}
	return p
}

// strip leaves out what is only polite, unless nothing else is said.
func (p politeness) strip(words []word) []word {
	for again := len(words) > 0; again; {
		again = false
		for _, phrase := range p.first[words[0].text] {
			if len(phrase) < len(words) && begins(words, phrase) {
				words, again = words[len(phrase):], true
				break
			}
		}
		for _, phrase := range p.last[words[len(words)-1].text] {
			if len(phrase) < len(words) && begins(words[len(words)-len(phrase):], phrase) {
				words, again = words[:len(words)-len(phrase)], true
				break
			}
		}
	}
	return words
}
