package nlu

import (
	"slices"
	"testing"

	"sotto/skills"
)

// folds is into how many parts our lines are dealt: each is read by what was learned from the others.
const folds = 5

// heldOut counts how our own lines are read by a reader who has not seen them. A line counts once, whatever it is written out into.
type heldOut struct{ ours, understood, others, misread float64 }

// BenchmarkHeldOut is how the constants of learning were chosen: by the lines of our own that are left out, never by strangers' sentences.
func BenchmarkHeldOut(b *testing.B) {
	c, err := skills.NewCatalogue(nil)
	if err != nil {
		b.Fatal(err)
	}
	files, err := load()
	if err != nil {
		b.Fatal(err)
	}
	words, err := files.of("en-US")
	if err != nil {
		b.Fatal(err)
	}
	american, _ := c.Language("en-US")
	british, _ := c.Language("en-GB")
	for b.Loop() {
		var sum heldOut
		for fold := range folds {
			r := newReader(words, american, british)
			var learned, left []line
			for i, l := range r.lines(american, british) {
				if (i*7+i/folds)%folds == fold && l.times == 1 {
					left = append(left, l)
				} else {
					learned = append(learned, l)
				}
			}
			r.learn(learned)
			w := newWriter(r)
			for _, l := range left {
				sum.count(w, l)
			}
		}
		b.ReportMetric(100*sum.understood/sum.ours, "%understood")
		b.ReportMetric(100*sum.misread/sum.others, "%misread")
	}
}

func (h *heldOut) count(w *writer, l line) {
	facts := []skills.Intent{skills.Balance, skills.Spending, skills.Transactions}
	n, right, asFacts := 0.0, 0.0, 0.0
	left := take(l)
	left.each(w.mark)
	w.write(left, func(u *understood) {
		n++
		intent, sure := w.model.classify(u)
		if sure && intent == l.intent {
			right++
		}
		if sure && slices.Contains(facts, intent) {
			asFacts++
		}
	})
	switch {
	case slices.Contains(facts, l.intent):
		h.ours, h.understood = h.ours+1, h.understood+right/n
	case l.intent == skills.Fallback:
		h.others, h.misread = h.others+1, h.misread+asFacts/n
	}
}
