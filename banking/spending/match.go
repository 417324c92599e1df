package spending

import (
	"hash/maphash"
	"strings"

	"sotto/banking"
)

// maxNames bounds how many verdicts on names are kept. Statements repeat their merchants; beyond this many a name is looked at anew.
const maxNames = 4096

// verdict is what a counter thinks of a name.
type verdict struct {
	category Category // by a word in the name, or by sort
	matches  bool     // it is the merchant asked for
}

// names remembers what was thought of a name, by its hash: no name is kept.
type names struct {
	wanted   string // what is asked for, folded and in one word; empty for all
	seed     maphash.Seed
	verdicts map[uint64]verdict
}

func newNames(merchant string) *names {
	return &names{wanted: oneWord(merchant), seed: maphash.MakeSeed(), verdicts: map[uint64]verdict{}}
}

// of gives the verdict on an entry's name.
func (n *names) of(t banking.Transaction) verdict {
	hash := maphash.String(n.seed, named(t))
	if t.Sort == banking.DirectDebit {
		hash = ^hash
	}
	if v, ok := n.verdicts[hash]; ok {
		return v
	}
	v := verdict{category: byName(t), matches: n.wanted != "" && contains(named(t), n.wanted)}
	if len(n.verdicts) < maxNames {
		n.verdicts[hash] = v
	}
	return v
}

// SameMerchant says whether an entry's name is the merchant a customer asked for: his words stand in it, whole and in a row, after
// banking.FoldMerchant; spaces do not count, so that "co-op" is "Coop". There is no list of aliases: "M&S" is "M and S", but
// not "Marks & Spencer". A name of nothing but punctuation is nobody's.
func SameMerchant(name, asked string) bool {
	wanted := oneWord(asked)
	return wanted != "" && contains(name, wanted)
}

func oneWord(name string) string { return strings.ReplaceAll(banking.FoldMerchant(name), " ", "") }

// contains says whether some words of the name in a row, written as one, are what is wanted.
func contains(name, wanted string) bool {
	words := strings.Fields(banking.FoldMerchant(name))
	for i := range words {
		rest := wanted
		for _, w := range words[i:] {
			var ok bool
			if rest, ok = strings.CutPrefix(rest, w); !ok {
				break
			}
			if rest == "" {
				return true
			}
		}
	}
	return false
}
