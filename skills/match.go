package skills

import (
	"slices"
	"strings"
	"unicode"

	"sotto/banking"
)

// maxWords bounds what is matched; nobody says more in one breath.
const maxWords = 40

// Match reads a sentence of the catalogue exactly, with its slots filled from their values and examples; case, punctuation and
// apostrophes do not matter. The slots are as Alexa would fill them. Of several sentences that match, the one with the most words of its
// own is meant. An unknown locale is read as en-US.
func (c *Catalogue) Match(locale, text string) (Intent, Slots, bool) {
	m, ok := c.matchers[locale]
	if !ok {
		m = c.matchers["en-US"]
	}
	words := plainWords(text)
	if len(words) == 0 || len(words) > maxWords {
		return "", nil, false
	}
	best, found := -1, match{}
	for _, s := range m.sentences {
		if s.own <= best {
			continue
		}
		if slots, ok := m.fits(s.parts, words); ok {
			best, found = s.own, match{s.intent, slots}
		}
	}
	if best < 0 {
		return "", nil, false
	}
	today := banking.DateOf(c.now(), c.now().Location())
	slots := Slots{}
	for name, f := range found.slots {
		heard, err := f.example.Resolve(today)
		if err != nil {
			return "", nil, false
		}
		slots[name] = Slot{Heard: heard, Values: f.values}
	}
	return found.intent, slots, true
}

type match struct {
	intent Intent
	slots  map[SlotName]filling
}

// filling is one way to fill a slot.
type filling struct {
	words   []string
	example Example
	values  []string
}

// sentence is a sample sentence taken apart: words of its own, and slots.
type sentence struct {
	intent Intent
	parts  []part
	own    int
}

type part struct {
	word string
	slot SlotName
}

type matcher struct {
	sentences []sentence
	fillings  map[SlotName][]filling // the longest first
}

func newMatcher(l *Language) *matcher {
	m := &matcher{fillings: map[SlotName][]filling{}}
	for _, e := range entries {
		for _, text := range l.Sentences[e.Intent] {
			s := sentence{intent: e.Intent}
			for piece := range strings.SplitSeq(text, "{") {
				if name, rest, ok := strings.Cut(piece, "}"); ok {
					s.parts = append(s.parts, part{slot: SlotName(name)})
					piece = rest
				}
				for _, w := range plainWords(piece) {
					s.parts = append(s.parts, part{word: w})
					s.own++
				}
			}
			m.sentences = append(m.sentences, s)
		}
	}
	for slot, values := range l.Values {
		for _, v := range values {
			for _, words := range append([]string{v.Name}, v.Synonyms...) {
				m.fillings[slot] = append(m.fillings[slot], filling{plainWords(words), Example{words, words}, []string{v.ID}})
			}
		}
	}
	for slot, examples := range l.Examples {
		for _, e := range examples {
			m.fillings[slot] = append(m.fillings[slot], filling{plainWords(e.Words), e, nil})
		}
	}
	for _, f := range m.fillings {
		slices.SortStableFunc(f, func(a, b filling) int { return len(b.words) - len(a.words) })
	}
	return m
}

// fits says whether the words are the parts, and how the slots are filled then.
func (m *matcher) fits(parts []part, words []string) (map[SlotName]filling, bool) {
	if len(parts) == 0 {
		return map[SlotName]filling{}, len(words) == 0
	}
	if len(words) == 0 {
		return nil, false
	}
	p := parts[0]
	if p.slot == "" {
		if p.word != words[0] {
			return nil, false
		}
		return m.fits(parts[1:], words[1:])
	}
	for _, f := range m.ways(p.slot, words[0]) {
		if len(f.words) > len(words) || !slices.Equal(f.words, words[:len(f.words)]) {
			continue
		}
		if slots, ok := m.fits(parts[1:], words[len(f.words):]); ok {
			slots[p.slot] = f
			return slots, true
		}
	}
	return nil, false
}

// ways gives what may fill a slot: what is listed, and for an account or a count also a number.
func (m *matcher) ways(slot SlotName, next string) []filling {
	ways := m.fillings[slot]
	if (slot == SlotAccount || slot == SlotCount) && len(next) <= 4 && strings.Trim(next, "0123456789") == "" {
		return append([]filling{{words: []string{next}, example: Example{next, next}}}, ways...)
	}
	return ways
}

// plainWords gives the words of a text in lower case, without apostrophes and other punctuation. "What's" is "whats".
func plainWords(text string) []string {
	return strings.Fields(strings.Map(func(r rune) rune {
		switch {
		case r == '\'' || r == '’' || r == '‘':
			return -1
		case r == '&':
			return r
		case unicode.IsLetter(r) || unicode.IsDigit(r):
			return unicode.ToLower(r)
		default:
			return ' '
		}
	}, text))
}
