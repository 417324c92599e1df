package nlu

import (
	"math"
	"strings"

	"sotto/skills"
)

// How the model is trained: stochastic gradient descent with AdaGrad (Duchi, Hazan, Singer 2011), in the order of the sentences dealt like cards, so that the same
// sentences make the same model. Only the likely wrong intents are taught by a sentence, and only what was not sure comes by again.
const (
	rounds = 2
	step   = 0.8
	decay  = 0.005

	learned = 0.05 // how unlikely the wrong intents together are where a sentence has nothing more to teach
	slight  = 0.02 // how likely a wrong intent is that is left alone
)

// featured is about how many features a sentence has.
const featured = 24

type trainer struct {
	intents []skills.Intent
	samples []sample
	lines   map[string]int // in how many sentences a word is; those of questions that are answered count twice
}

type sample struct {
	intent int
	units  []string
	names  []named
}

func newTrainer() *trainer { return &trainer{lines: map[string]int{}} }

// add takes in one sentence of an intent.
func (t *trainer) add(intent skills.Intent, units []string, names []named) {
	place := -1
	for i, known := range t.intents {
		if known == intent {
			place = i
		}
	}
	if place < 0 {
		place = len(t.intents)
		t.intents = append(t.intents, intent)
	}
	for _, u := range units {
		t.lines[u]++
		if intent != skills.Fallback {
			t.lines[u]++
		}
	}
	t.samples = append(t.samples, sample{place, units, names})
}

// strange gives a sentence that is none of our business as it would be with words that no sentence has: those that only this one has. So the model
// learns that a text of strange words is not understood.
func (t *trainer) strange(units []string) ([]string, bool) {
	var out []string
	changed := false
	for _, u := range units {
		if t.lines[u] == 1 && !strings.HasPrefix(u, "<") {
			u, changed = tagName, true
		}
		if u == tagName && len(out) > 0 && out[len(out)-1] == tagName {
			continue
		}
		out = append(out, u)
	}
	return out, changed
}

func (t *trainer) train() *model {
	m := &model{intents: t.intents, words: map[string]uint32{}}
	samples := t.samples
	for _, s := range t.samples {
		if t.intents[s.intent] == skills.Fallback {
			if units, ok := t.strange(s.units); ok {
				samples = append(samples, sample{s.intent, units, nil})
			}
		}
	}
	m.columns = make(map[uint64]int32, 4*len(samples))
	columns := make([]int32, 0, featured*len(samples)) // of all samples, one after another
	ends := make([]int, len(samples))
	var features []uint64
	for i, s := range samples {
		for _, u := range s.units {
			m.learn(u)
		}
		for _, n := range s.names {
			m.learn(n.word)
		}
		features = m.features(features[:0], s.units, s.names)
		for _, f := range features {
			c, ok := m.columns[f]
			if !ok {
				c = int32(len(m.columns)) //nolint:gosec // tens of thousands
				m.columns[f] = c
			}
			columns = append(columns, c)
		}
		ends[i] = len(columns)
	}
	k := len(m.intents)
	m.weights = make([]float32, len(m.columns)*k)
	squares := make([]float32, len(m.weights))
	scores := make([]float32, k)
	hard := make([]bool, len(samples)) // what has more to teach
	stride := coprime(len(samples))
	for round := range rounds {
		for n := range samples {
			i := (n*stride + round) % len(samples)
			if round > 0 && !hard[i] {
				continue
			}
			own := columns[:ends[i]]
			if i > 0 {
				own = own[ends[i-1]:]
			}
			clear(scores)
			for _, c := range own {
				for j, w := range m.weights[int(c)*k:][:k] {
					scores[j] += w
				}
			}
			scale := scaleOf(len(own))
			softmax(scores, scale)
			scores[samples[i].intent]--
			hard[i] = -scores[samples[i].intent] >= learned
			if !hard[i] {
				continue
			}
			for j, s := range scores {
				if s > -slight && s < slight {
					continue
				}
				for _, c := range own {
					at := int(c)*k + j
					g := s*scale + decay*m.weights[at]
					squares[at] += g * g
					m.weights[at] -= step * g / (float32(math.Sqrt(float64(squares[at]))) + 1e-4)
				}
			}
		}
	}
	return m
}

// coprime gives a step through n places that comes by all of them.
func coprime(n int) int {
	for step := n*5/8 + 1; ; step++ {
		a, b := step, n
		for b != 0 {
			a, b = b, a%b
		}
		if a == 1 {
			return step
		}
	}
}
