package nlu

import (
	"math"
	"strings"

	"sotto/skills"
)

// How the model is trained: stochastic gradient descent with AdaGrad (Duchi, Hazan, Singer 2011), in the order of the sentences dealt like cards, so that the same
// sentences make the same model.
const (
	rounds = 5
	step   = 0.3
	decay  = 2e-3

	learned = 0.02 // how unlikely the wrong intents together are where a sentence has nothing more to teach
)

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
	m := &model{intents: t.intents, words: map[string]uint32{}, columns: map[uint64]int32{}}
	samples := t.samples
	for _, s := range t.samples {
		if t.intents[s.intent] == skills.Fallback {
			if units, ok := t.strange(s.units); ok {
				samples = append(samples, sample{s.intent, units, nil})
			}
		}
	}
	columns := make([][]int32, len(samples))
	for i, s := range samples {
		for _, u := range s.units {
			if _, ok := m.words[u]; !ok {
				m.words[u] = first + uint32(len(m.words)) //nolint:gosec // thousands
			}
		}
		for _, n := range s.names {
			if _, ok := m.words[n.word]; !ok {
				m.words[n.word] = first + uint32(len(m.words)) //nolint:gosec // thousands
			}
		}
		m.features(s.units, s.names, func(f uint64) {
			c, ok := m.columns[f]
			if !ok {
				c = int32(len(m.columns)) //nolint:gosec // tens of thousands
				m.columns[f] = c
			}
			columns[i] = append(columns[i], c)
		})
	}
	k := len(m.intents)
	m.weights = make([]float32, len(m.columns)*k)
	squares := make([]float32, len(m.weights))
	scores := make([]float64, k)
	stride := coprime(len(samples))
	for round := range rounds {
		for n := range samples {
			i := (n*stride + round) % len(samples)
			clear(scores)
			scale := 1 / math.Sqrt(float64(len(columns[i])))
			for _, c := range columns[i] {
				for j, w := range m.weights[int(c)*k:][:k] {
					scores[j] += float64(w) * scale
				}
			}
			softmax(scores)
			scores[samples[i].intent]--
			if -scores[samples[i].intent] < learned {
				continue
			}
			for _, c := range columns[i] {
				w, sq := m.weights[int(c)*k:][:k], squares[int(c)*k:][:k]
				for j, s := range scores {
					g := float32(s*scale) + decay*w[j]
					sq[j] += g * g
					w[j] -= step * g / (float32(math.Sqrt(float64(sq[j]))) + 1e-4)
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
