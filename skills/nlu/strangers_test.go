package nlu_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"testing"

	"sotto/skills"
	"sotto/skills/nlu"
)

// strangers gives what 3,100 strangers asked an assistant for, with what each of them meant: the validation part of CLINC150
// (Larson et al. 2019), of which no sentence was learned. How often the counts were looked at, and for what, is said in docs/nlu.md.
func strangers(t *testing.T) [][2]string {
	t.Helper()
	fixtures := os.Getenv("FIXTURES")
	if fixtures == "" {
		fixtures = "../../../shared/fixtures"
	}
	content, err := os.ReadFile(filepath.Join(fixtures, "utterances/clinc150-val.json"))
	if os.IsNotExist(err) {
		t.Skip("not tested: $FIXTURES has no utterances/clinc150-val.json")
	}
	if err != nil {
		t.Fatal(err)
	}
	var rows [][2]string
	if err := json.Unmarshal(content, &rows); err != nil {
		t.Fatal(err)
	}
	return rows
}

// shared is one parser for all tests: it is learned once.
var shared = sync.OnceValues(func() (*nlu.Parser, error) {
	c, err := skills.NewCatalogue(nil)
	if err != nil {
		return nil, err
	}
	return nlu.New(c)
})

func parser(tb testing.TB) *nlu.Parser {
	tb.Helper()
	p, err := shared()
	if err != nil {
		tb.Fatal(err)
	}
	return p
}

// The least of what strangers mean that has to be understood, and the most of what they do not mean that may be.
const (
	leastUnderstood   = 0.92
	mostMisunderstood = 0.02
)

func TestStrangersAreUnderstoodOrNotAnswered(t *testing.T) {
	p := parser(t)
	meant := map[string]skills.Intent{"balance": skills.Balance, "spending_history": skills.Spending, "transactions": skills.Transactions}
	read := map[string]map[skills.Intent]int{}
	asked, understood, others, misunderstood := 0, 0, 0, 0
	for _, row := range strangers(t) {
		intent, _ := p.Parse("en-US", row[0], skills.Dialogue{})
		if read[row[1]] == nil {
			read[row[1]] = map[skills.Intent]int{}
		}
		read[row[1]][intent]++
		switch want, ours := meant[row[1]]; {
		case ours:
			asked++
			if intent == want {
				understood++
			}
		default:
			others++
			if intent == skills.Balance || intent == skills.Spending || intent == skills.Transactions {
				misunderstood++
			}
		}
	}
	for label, intents := range read {
		t.Logf("%s: %v", label, intents)
	}
	t.Logf("understood %d of %d; of %d others %d misunderstood", understood, asked, others, misunderstood)
	if float64(understood) < leastUnderstood*float64(asked) {
		t.Errorf("understood %d of %d", understood, asked)
	}
	if float64(misunderstood) > mostMisunderstood*float64(others) {
		t.Errorf("of %d others %d are read as ours", others, misunderstood)
	}
}

func BenchmarkParse(b *testing.B) {
	p := parser(b)
	p.Parse("en-US", "balance", skills.Dialogue{}) // learns the language
	b.ReportAllocs()
	for b.Loop() {
		p.Parse("en-US", "How much did I spend on groceries between 1 and 15 March?", skills.Dialogue{})
	}
}

func BenchmarkLearn(b *testing.B) {
	c, err := skills.NewCatalogue(nil)
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		p, err := nlu.New(c)
		if err != nil {
			b.Fatal(err)
		}
		p.Parse("en-US", "balance", skills.Dialogue{})
	}
}

// BenchmarkMemory reports what a learned language holds.
func BenchmarkMemory(b *testing.B) {
	c, err := skills.NewCatalogue(nil)
	if err != nil {
		b.Fatal(err)
	}
	held := func() uint64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	for b.Loop() {
		before := held()
		p, err := nlu.New(c)
		if err != nil {
			b.Fatal(err)
		}
		p.Parse("en-US", "balance", skills.Dialogue{})
		b.ReportMetric(float64(held()-before)/1e6, "MB")
		runtime.KeepAlive(p)
	}
}
