package nlu

// spelling knows the words of a language, and mends one that is not among them where exactly one of them is a slip of the finger away: a letter
// missing, doubled, changed, or two that changed places. The first letter is seldom the wrong one, and short words are too near to each other.
type spelling struct {
	known map[string]marks
	shelf map[shelf][]string // the words that may be meant
}

// marks are what is known of a word, so that most words need not be looked up anywhere else.
type marks uint8

const (
	known      marks = 1 << iota // it is a word of the language
	rewritten                    // it begins what stands for something else
	courteous                    // it begins or ends what is only polite
	nameBegins                   // it begins a name that is listed
	timeBegins                   // it begins a period, or is a number
)

// shelf is where words of one length and first letter stand.
type shelf struct {
	first   byte
	letters int
}

const (
	shortest    = 4 // letters of a word that is mended
	sureOfBoth  = 5 // letters from which on a changed letter is mended too
	longestWord = 24
)

func newSpelling() *spelling {
	return &spelling{known: make(map[string]marks, 1<<12), shelf: map[shelf][]string{}}
}

// add takes in a word, and what is known of it.
func (s *spelling) add(w string, m marks) {
	before := s.known[w]
	if before == before|m|known {
		return
	}
	s.known[w] = before | m | known
	if before == 0 && mendable(w) {
		at := shelf{w[0], len(w)}
		s.shelf[at] = append(s.shelf[at], w)
	}
}

func mendable(w string) bool {
	return len(w) >= shortest && len(w) <= longestWord && (w[0] < '0' || w[0] > '9')
}

// mend gives the word that was meant, and false where that is not certain.
func (s *spelling) mend(w string) (string, bool) {
	if !mendable(w) {
		return "", false
	}
	meant := ""
	for letters := len(w) - 1; letters <= len(w)+1; letters++ {
		for _, other := range s.shelf[shelf{w[0], letters}] {
			if !slip(w, other) {
				continue
			}
			if meant != "" {
				return "", false
			}
			meant = other
		}
	}
	return meant, meant != ""
}

// slip says whether two words that begin with the same letter differ by one slip.
func slip(w, other string) bool {
	i := 0
	for i < len(w) && i < len(other) && w[i] == other[i] {
		i++
	}
	switch {
	case len(w) > len(other):
		return w[i+1:] == other[i:]
	case len(w) < len(other):
		return w[i:] == other[i+1:]
	case i+1 < len(w) && w[i] == other[i+1] && w[i+1] == other[i]:
		return w[i+2:] == other[i+2:]
	default:
		return len(w) >= sureOfBoth && w[i+1:] == other[i+1:]
	}
}
