package nlu

// feature is something that a text has, such as a pair of words, as a number. Of the tens of thousands that a language has, two may be the same one; that is
// rarer than a text that is misread.
type feature uint32

// The kinds of features.
const (
	single = iota + 1
	begun  // as this word is
	pair   // of neighbours
	triple // of neighbours
	called // by this word
	calledAfter
	calledBefore
	about   // this, by how the text begins and ends
	aboutIn // so many words
)

// featureOf mixes two words into a feature of a kind. It is odd: none is 0.
func featureOf(kind uint64, a, b uint32) feature {
	h := (uint64(a)<<32 | uint64(b)) * 0x9e3779b97f4a7c15
	h = (h ^ h>>29 ^ kind) * 0xbf58476d1ce4e5b9
	return feature(h>>32) | 1
}

// columns gives the column of a feature. It is a table with open addressing: the map of the language takes three times as long, and more room.
type columns struct {
	slots []slot // a power of two of them, at most half of them taken
	n     int32  // columns; the first is of features that there are not
}

type slot struct {
	feature feature
	column  int32
}

func newColumns(slots int) columns { return columns{make([]slot, slots), 1} }

// at gives the slot of a feature: its own or, where it has none, the one it would have.
func (c *columns) at(f feature) *slot {
	last := len(c.slots) - 1
	for i := int(f>>1) & last; ; i = (i + 1) & last {
		if s := &c.slots[i]; s.feature == f || s.feature == 0 {
			return s
		}
	}
}

// of gives the column of a feature; 0 where it has none.
func (c *columns) of(f feature) int32 { return c.at(f).column }

// add gives the column of a feature, and makes one where it has none.
func (c *columns) add(f feature) int32 {
	s := c.at(f)
	if s.feature != 0 {
		return s.column
	}
	*s = slot{f, c.n}
	c.n++
	if 2*int(c.n) <= len(c.slots) {
		return c.n - 1
	}
	grown := columns{make([]slot, 2*len(c.slots)), c.n}
	for _, s := range c.slots {
		if s.feature != 0 {
			*grown.at(s.feature) = s
		}
	}
	*c = grown
	return c.n - 1
}
