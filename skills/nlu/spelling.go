package nlu

// spelling knows the words of a language, and mends one that is not among them where exactly one of them is a slip of the finger away: a letter
// missing, doubled, changed, or two that changed places. The first letter is seldom the wrong one, and short words are too near to each other.
type spelling struct {
	known map[string]bool
	near  map[string]string // a word with one letter left out, and the word; empty where there are several
}

const (
	shortest    = 4 // letters of a word that is mended
	sureOfBoth  = 5 // letters from which on a changed letter is mended too
	longestWord = 24
)

func newSpelling() *spelling { return &spelling{known: map[string]bool{}, near: map[string]string{}} }

func (s *spelling) add(w string) {
	if s.known[w] {
		return
	}
	s.known[w] = true
	if len(w) < shortest || len(w) > longestWord || w[0] >= '0' && w[0] <= '9' {
		return
	}
	for i := 1; i < len(w); i++ {
		key := w[:i] + w[i+1:]
		if other, taken := s.near[key]; taken && other != w {
			s.near[key] = ""
			continue
		}
		s.near[key] = w
	}
}

// mend gives the word that was meant, and false where that is not certain.
func (s *spelling) mend(w string) (string, bool) {
	if len(w) < shortest || len(w) > longestWord || w[0] >= '0' && w[0] <= '9' {
		return "", false
	}
	meant := ""
	is := func(other string) bool { // false where two are meant
		if meant != "" && meant != other {
			return false
		}
		meant = other
		return true
	}
	if other, ok := s.near[w]; ok && (other == "" || !is(other)) { // a letter is missing
		return "", false
	}
	for i := 1; i < len(w); i++ {
		key := w[:i] + w[i+1:]
		if s.known[key] && len(key) >= shortest && !is(key) { // a letter too many
			return "", false
		}
		other, ok := s.near[key]
		if !ok || other != "" && len(other) != len(w) || !s.slip(w, other) {
			continue
		}
		if other == "" || !is(other) {
			return "", false
		}
	}
	return meant, meant != ""
}

// slip says whether one letter is changed, or two neighbours have changed places. Of words it does not know which, it says yes.
func (s *spelling) slip(w, other string) bool {
	if other == "" {
		return len(w) >= sureOfBoth
	}
	i := 0
	for i < len(w) && w[i] == other[i] {
		i++
	}
	switch {
	case i+1 < len(w) && w[i] == other[i+1] && w[i+1] == other[i] && w[i+2:] == other[i+2:]:
		return true
	case i < len(w):
		return len(w) >= sureOfBoth && w[i+1:] == other[i+1:]
	default:
		return false
	}
}
