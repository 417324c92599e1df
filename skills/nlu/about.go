package nlu

// What a text is about: the greatest of what its words say.
const (
	nothing  uint32 = iota + 1
	narrowed        // by a category, a merchant, a number or a period
	strange         // something that no sentence has
	money           // the customer's money
)

// long is from how many words on, with the edges, a text is a long one.
const long = 8

// subjectOf gives what a word says that a text is about; of money there is a list.
func subjectOf(w string) uint32 {
	switch {
	case w == tagName:
		return strange
	case w[0] == '<':
		return narrowed
	default:
		return nothing
	}
}

// aboutOf gives what a text is about.
func (m *model) aboutOf(ids []uint32) uint32 {
	a := nothing
	for _, id := range ids {
		switch {
		case id >= first:
			a = max(a, m.subject[id-first])
		case id == other:
			a = max(a, strange)
		}
	}
	return a
}
