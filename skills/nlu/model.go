package nlu

import (
	"math"

	"sotto/skills"
)

// model is a linear one over words, how they begin, and pairs and triples of neighbours: multinomial logistic regression. It is small, it is trained in
// milliseconds, and how sure it is can be read off it.
type model struct {
	intents []skills.Intent
	told    []bool            // of each, whether something of the customer's is told
	words   map[string]uint32 // and beginnings of words
	begin   []uint32          // the number of a word's beginning, by the number of the word
	subject []uint32          // what a word says that a text is about, by the same
	columns columns           // of the weights, by feature
	weights []float32         // a column is one weight for each intent
}

// sure is how likely an intent has to be; those by which something of the customer's is told, together: that something is asked for may be clearer than what. It
// was chosen, as the constants of training were, by sentences of our own: see BenchmarkHeldOut and testdata.
const sure = 0.45

const (
	edge  = 1 // the beginning and the end of a text
	other = 2 // a word that no sentence has; a tag is a word
	first = 3 // the first number of a word
)

// learn takes in a word, and gives its number.
func (m *model) learn(w string) uint32 {
	id, ok := m.words[w]
	if ok {
		return id
	}
	id = first + uint32(len(m.begin)) //nolint:gosec // thousands
	m.words[w] = id
	m.begin, m.subject = append(m.begin, 0), append(m.subject, subjectOf(w))
	if w[0] != '<' {
		b := beginning(w)
		if _, ok := m.words[b]; !ok {
			m.words[b] = first + uint32(len(m.begin)) //nolint:gosec // thousands
			m.begin, m.subject = append(m.begin, 0), append(m.subject, nothing)
		}
		m.begin[id-first] = m.words[b]
	}
	return id
}

// kept is how many letters of a word are its beginning, which it shares with what else is made of it: "spent" and "spending".
const kept = 4

// beginning gives how a word begins, written so that it is no word.
func beginning(w string) string { return w[:min(kept, len(w))] + "~" }

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
	// What a text is about, how it begins and ends, and how long it is.
	a := m.aboutOf(ids)
	features = append(features, featureOf(about, a, 0), featureOf(about, a, ids[1]), featureOf(about, a, ids[len(ids)-2]),
		featureOf(aboutIn, a, uint32(min(len(ids), long))))
	for i, id := range ids {
		if id >= first {
			features = append(features, featureOf(single, id, 0))
			if b := m.begin[id-first]; b > 0 {
				features = append(features, featureOf(begun, b, 0))
			}
		}
		if i+1 < len(ids) {
			features = append(features, featureOf(pair, id, ids[i+1]))
		}
		if i+2 < len(ids) {
			features = append(features, featureOf(triple, uint32(featureOf(pair, id, ids[i+1])), ids[i+2]))
		}
	}
	return features
}

// classify gives the likeliest intent, and whether it is sure.
func (m *model) classify(u *understood) (skills.Intent, bool) {
	likelihoods := m.likelihoods(u)
	if together, likeliest := m.toldOf(likelihoods); together >= sure {
		return m.intents[likeliest], true
	}
	best := 0
	for i, p := range likelihoods {
		if p > likelihoods[best] {
			best = i
		}
	}
	return m.intents[best], !m.told[best] && likelihoods[best] >= sure
}

// likelihoods gives how likely each intent is.
func (m *model) likelihoods(u *understood) []float32 {
	ids := append(make([]uint32, 0, maxWords+2), edge)
	for _, unit := range u.units {
		id, ok := m.words[unit]
		if !ok {
			id = other
		}
		ids = append(ids, id)
	}
	var callings []calling
	for _, n := range u.named {
		if id, ok := m.words[n.word]; ok {
			callings = append(callings, calling{n.unit, id})
		}
	}
	features := m.features(make([]feature, 0, 6*maxWords), append(ids, edge), callings)
	// What begins as a known word does may be made of it.
	for _, w := range u.strange {
		if b, ok := m.words[beginning(w)]; ok {
			features = append(features, featureOf(begun, b, 0))
		}
	}
	own := make([]int32, 0, len(features))
	for _, f := range features {
		own = append(own, m.columns.of(f))
	}
	scores := make([]float32, len(m.intents))
	m.score(scores, own)
	softmax(scores, scaleOf(len(features)))
	return scores
}

// toldOf gives how likely it is that something of the customer's is to be told, and the likeliest intent by which that is.
func (m *model) toldOf(likelihoods []float32) (together float32, likeliest int) {
	for i, p := range likelihoods {
		if m.told[i] {
			together += p
			if !m.told[likeliest] || p > likelihoods[likeliest] {
				likeliest = i
			}
		}
	}
	return together, likeliest
}

// score adds up the weights of columns.
func (m *model) score(scores []float32, columns []int32) {
	k := len(scores)
	for _, c := range columns {
		weights := m.weights[int(c)*k:][:k]
		for i := range scores {
			scores[i] += weights[i]
		}
	}
}

// scaleOf makes the scores of a long text as large as those of a short one.
func scaleOf(features int) float32 { return float32(1 / math.Sqrt(float64(features))) }

// slim is a score, below the greatest, that makes a likelihood of nothing.
const slim = -8

// softmax turns scores into likelihoods.
func softmax(scores []float32, scale float32) {
	top, sum := scores[0], float32(0)
	for _, s := range scores {
		top = max(top, s)
	}
	for i, s := range scores {
		scores[i] = 0
		if s = (s - top) * scale; s > slim {
			scores[i] = float32(math.Exp(float64(s)))
		}
		sum += scores[i]
	}
	for i := range scores {
		scores[i] /= sum
	}
}
