package nlu

import (
	"math"

	"sotto/skills"
)

// model is a linear one over words and pairs of words, neighbours or with one between: multinomial logistic regression. It is small, it is trained in
// milliseconds, and how sure it is can be read off it.
type model struct {
	intents []skills.Intent
	words   map[string]uint32
	columns columns   // of the weights, by feature
	weights []float32 // a column is one weight for each intent
}

// sure is how likely an intent has to be. It was chosen, as the constants of training were, by BenchmarkHeldOut.
const sure = 0.45

const (
	edge  = 1 // the beginning and the end of a text
	other = 2 // a word that no sentence has; a tag is a word
	first = 3 // the first number of a word
)

// learn takes in a word, and gives its number.
func (m *model) learn(w string) uint32 {
	id, ok := m.words[w]
	if !ok {
		id = first + uint32(len(m.words)) //nolint:gosec // thousands
		m.words[w] = id
	}
	return id
}

// calling is a word by which a unit is called, as a number.
type calling struct {
	unit int
	word uint32
}

// features appends every feature of a text, given as numbers of words with an edge at each end.
func (m *model) features(features []feature, ids []uint32, names []calling) []feature {
	for _, n := range names {
		features = append(features, featureOf(called, n.word, 0), featureOf(calledAfter, n.word, ids[n.unit]), featureOf(calledBefore, n.word, ids[n.unit+2]))
	}
	for i, a := range ids {
		if a != edge {
			features = append(features, featureOf(single, a, 0))
		}
		if i+1 < len(ids) {
			features = append(features, featureOf(pair, a, ids[i+1]))
		}
		if i+2 < len(ids) {
			features = append(features, featureOf(skip, a, ids[i+2]))
		}
	}
	return features
}

// classify gives the likeliest intent, and whether it is sure.
func (m *model) classify(units []string, names []named) (skills.Intent, bool) {
	ids := append(make([]uint32, 0, maxWords+2), edge)
	for _, u := range units {
		id, ok := m.words[u]
		if !ok {
			id = other
		}
		ids = append(ids, id)
	}
	var callings []calling
	for _, n := range names {
		if id, ok := m.words[n.word]; ok {
			callings = append(callings, calling{n.unit, id})
		}
	}
	scores := make([]float32, len(m.intents))
	features := m.features(make([]feature, 0, 4*maxWords), append(ids, edge), callings)
	for _, f := range features {
		for i, w := range m.weights[int(m.columns.of(f))*len(scores):][:len(scores)] {
			scores[i] += w
		}
	}
	best := softmax(scores, scaleOf(len(features)))
	return m.intents[best], scores[best] >= sure
}

// scaleOf makes the scores of a long text as large as those of a short one.
func scaleOf(features int) float32 { return float32(1 / math.Sqrt(float64(features))) }

// softmax turns scores into likelihoods, and gives the place of the greatest.
func softmax(scores []float32, scale float32) int {
	best, sum := 0, float32(0)
	for i, s := range scores {
		if s > scores[best] {
			best = i
		}
	}
	top := scores[best]
	for i, s := range scores {
		scores[i] = float32(math.Exp(float64((s - top) * scale)))
		sum += scores[i]
	}
	for i := range scores {
		scores[i] /= sum
	}
	return best
}
