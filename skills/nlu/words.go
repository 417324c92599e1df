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
	marks    marks
}

// tokens appends the words of a text. Apostrophes are left out ("whats"), an ampersand is a letter ("m&s"), and what joins digits stays ("3/2/2026");
// everything else that is neither letter nor digit, broken UTF-8 too, stands between words.
func tokens(words []word, text string) []word {
	var b strings.Builder // of a word that is not as it is typed
	start, plain := -1, true
	end := func(at int) {
		switch {
		case start < 0:
		case plain:
			words = append(words, word{text: text[start:at], from: start, to: at})
		case b.Len() > 0:
			words = append(words, word{text: b.String(), from: start, to: at})
		}
		b.Reset()
		start, plain = -1, true
	}
	letters := func(i int) int { // of the word so far
		if plain {
			return i - start
		}
		return b.Len()
	}
	changed := func(i int) { // what is typed from i on is not what is read
		if start < 0 {
			start = i
		}
		if plain {
			b.WriteString(text[start:i])
			plain = false
		}
	}
	for i, r := range text {
		switch {
		case r == '&' || 'a' <= r && r <= 'z' || '0' <= r && r <= '9':
			if start < 0 {
				start = i
			}
			if !plain {
				b.WriteRune(r)
			}
		case 'A' <= r && r <= 'Z':
			changed(i)
			b.WriteRune(unicode.ToLower(r))
		case r == '\'' || r == '’' || r == '‘' || r == '\u200d' || r == '\ufe0f':
			if start >= 0 {
				changed(i)
			}
		case (r == '/' || r == '.' || r == '-' && start >= 0 && (letters(i) == 4 || letters(i) == 7)) && start >= 0 && digit(text, i-1) && digit(text, i+1):
			changed(i)
			b.WriteRune('/')
		case r >= utf8.RuneSelf && r != utf8.RuneError && (unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r)):
			changed(i)
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
	for _, rules := range r {
		slices.SortFunc(rules, func(a, b rewrite) int { return len(b.from) - len(a.from) })
	}
	return r
}

// at gives the rule for what begins with the first of the words.
func (r rewriting) at(words []word) (rewrite, bool) {
	if words[0].marks&rewritten == 0 {
		return rewrite{}, false
	}
	for _, rule := range r[words[0].text] {
		if begins(words, rule.from) {
			return rule, true
		}
	}
	return rewrite{}, false
}

// apply appends the words rewritten.
func (r rewriting) apply(out, words []word, s *spelling) []word {
	for i := 0; i < len(words); i++ {
		rule, ok := r.at(words[i:])
		if !ok {
			out = append(out, words[i])
			continue
		}
		last := words[i+len(rule.from)-1]
		for _, to := range rule.to {
			out = append(out, word{to, words[i].from, last.to, s.known[to]})
		}
		i += len(rule.from) - 1
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
		if words[0].marks&courteous != 0 {
			for _, phrase := range p.first[words[0].text] {
				if len(phrase) < len(words) && begins(words, phrase) {
					words, again = words[len(phrase):], true
					break
				}
			}
		}
		if words[len(words)-1].marks&courteous != 0 {
			for _, phrase := range p.last[words[len(words)-1].text] {
				if len(phrase) < len(words) && begins(words[len(words)-len(phrase):], phrase) {
					words, again = words[:len(words)-len(phrase)], true
					break
				}
			}
		}
	}
	return words
}
