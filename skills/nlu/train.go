package nlu

import (
	"math"
	"slices"

	"sotto/skills"
)

// How the model is trained: stochastic gradient descent with AdaGrad (Duchi, Hazan, Singer 2011), whose rate is here one for all the weights of a feature, in the
// order of the sentences dealt like cards, so that the same sentences make the same model. Only the likely wrong intents are taught by a sentence, and only what was
// not sure comes by again.
const (
	rounds = 3
	step   = 0.4
	decay  = 0.01

	learned = 0.05 // how unlikely the wrong intents together are where a sentence has nothing more to teach
	slight  = 0.02 // how likely a wrong intent is that is left alone
)

type trainer struct {
	*model
	lines   []int // in how many sentences a word is; those of questions that are answered count twice
	samples []sample
	columns []int32 // of all samples, one after another
	texts   []uint32
	spare   []feature
	names   []calling
	taught  map[feature]bool // the sentences that there are
}

type sample struct {
	intent   int
	end      int // of its columns
	from, to int // in texts
}

// many is about how many sentences a language has; there is room for them from the start, so that nothing is copied while it is learned.
const many = 1 << 14

// newTrainer makes a trainer who knows by which words a text is about money.
func newTrainer(ofMoney []string) *trainer {
	t := &trainer{
		model:   &model{words: make(map[string]uint32, many/2), columns: newColumns(8 * many)},
		samples: make([]sample, 0, many), columns: make([]int32, 0, 24*many), texts: make([]uint32, 0, 11*many), taught: make(map[feature]bool, many),
	}
	for _, w := range ofMoney {
		t.subject[t.learn(w)-first] = money
	}
	return t
}

// add takes in one sentence of an intent, as often as it is to be learned. One that there is already is not learned again.
func (t *trainer) add(intent skills.Intent, units []string, names []named, times int) {
	place := slices.Index(t.intents, intent)
	if place < 0 {
		place = len(t.intents)
		t.intents = append(t.intents, intent)
		entry, _ := skills.Lookup(intent)
		t.told = append(t.told, len(entry.Scopes) > 0)
	}
	from, key := len(t.texts), feature(place) //nolint:gosec // a place
	t.texts = append(t.texts, edge)
	for _, u := range units {
		id := t.learn(u)
		t.texts = append(t.texts, id)
		key = featureOf(single, uint32(key), id)
	}
	t.texts = append(t.texts, edge)
	t.names = t.names[:0]
	for _, n := range names {
		t.names = append(t.names, calling{n.unit, t.learn(n.word)})
		key = featureOf(called, uint32(key), t.names[len(t.names)-1].word)
	}
	if t.taught[key] {
		t.texts = t.texts[:from]
		return
	}
	t.taught[key] = true
	for _, id := range t.texts[from+1 : len(t.texts)-1] {
		for int(id) >= len(t.lines) {
			t.lines = append(t.lines, 0)
		}
		t.lines[id]++
		if intent != skills.Fallback {
			t.lines[id]++
		}
	}
	for range times {
		t.sample(place, from, t.names)
	}
}

// sample takes in the last text from a place on.
func (t *trainer) sample(intent, from int, names []calling) {
	t.spare = t.features(t.spare[:0], t.texts[from:], names)
	for _, f := range t.spare {
		t.columns = append(t.columns, t.model.columns.add(f))
	}
	t.samples = append(t.samples, sample{intent, len(t.columns), from, len(t.texts)})
}

// rare is in how many sentences a word of ours is that may as well be another one.
const rare = 4

// strange adds a sentence as it would be with words that no sentence has: those that are in hardly another one. So the model learns that a text of strange
// words is not understood, and that one strange word in a question is not much.
func (t *trainer) strange(s sample, name uint32) {
	from, changed := len(t.texts), false
	for _, id := range t.texts[s.from:s.to] {
		if id >= first && t.lines[id] > 0 && t.lines[id] <= t.few(s) {
			id, changed = name, true
		}
		if id == name && t.texts[len(t.texts)-1] == name {
			continue
		}
		t.texts = append(t.texts, id)
	}
	if changed {
		t.sample(s.intent, from, nil)
	}
}

// few is in how many sentences a rare word is, as they are counted.
func (t *trainer) few(s sample) int {
	if t.intents[s.intent] == skills.Fallback {
		return 1
	}
	return 2 * rare
}

// slope is how much too likely an intent is.
type slope struct {
	intent int
	by     float32
}

func (t *trainer) train() *model {
	m := t.model
	name := m.learn(tagName)
	for _, s := range t.samples {
		t.strange(s, name)
	}
	samples := t.samples
	k := len(m.intents)
	m.weights = make([]float32, int(m.columns.n)*k)
	slopes := make([]float32, m.columns.n) // the squares of those that a feature had, added up
	scores := make([]float32, k)
	steep := make([]slope, 0, k)
	hard := make([]bool, len(samples)) // what has more to teach
	stride := coprime(len(samples))
	for round := range rounds {
		for n := range samples {
			i := (n*stride + round) % len(samples)
			if round > 0 && !hard[i] {
				continue
			}
			own := t.columns[:samples[i].end]
			if i > 0 {
				own = own[samples[i-1].end:]
			}
			clear(scores)
			m.score(scores, own)
			scale := scaleOf(len(own))
			softmax(scores, scale)
			scores[samples[i].intent]--
			hard[i] = -scores[samples[i].intent] >= learned
			if !hard[i] {
				continue
			}
			steep = steep[:0]
			squares := float32(0)
			for j, s := range scores {
				if s <= -slight || s >= slight {
					steep = append(steep, slope{j, s * scale})
					squares += s * scale * s * scale
				}
			}
			for _, c := range own {
				slopes[c] += squares / 2
				rate := step / (float32(math.Sqrt(float64(slopes[c]))) + 1e-4)
				weights := m.weights[int(c)*k:][:k]
				for _, s := range steep {
					weights[s.intent] -= rate * (s.by + decay*weights[s.intent])
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
