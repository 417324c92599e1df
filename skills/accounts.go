package skills

import (
	"slices"
	"strings"

	"sotto/banking"
)

// maxNamed is how many accounts are named in one breath.
const maxNamed = 3

// named is an account and how it is called aloud.
type named struct {
	account banking.Account
	name    AccountName
	bank    string
}

// name calls accounts by nickname, or by kind where they have none; where two would be called the same, by their banks too, and where
// that does not tell them apart, by their last digits.
func (s *Skill) name(accounts []banking.Account) []named {
	list := make([]named, len(accounts))
	for i, a := range accounts {
		list[i] = named{account: a, name: AccountName{Kind: a.Kind, Name: a.Name}, bank: s.bankName(a.Ref.Bank)}
	}
	if len(list) == 1 {
		return list
	}
	for _, i := range collisions(list) {
		if slices.ContainsFunc(list, func(o named) bool { return sameName(o.name, list[i].name) && o.bank != list[i].bank }) {
			list[i].name.Bank = list[i].bank
		}
	}
	for _, i := range collisions(list) {
		list[i].name.Digits = list[i].account.Digits
	}
	return list
}

// collisions gives the places of accounts that are called as another one is.
func collisions(list []named) []int {
	var places []int
	for i := range list {
		for j := range list {
			if i != j && sameName(list[i].name, list[j].name) {
				places = append(places, i)
				break
			}
		}
	}
	return places
}

func sameName(a, b AccountName) bool {
	if a.Bank != b.Bank && a.Bank != "" && b.Bank != "" || a.Digits != b.Digits {
		return false
	}
	if a.Name == "" && b.Name == "" {
		return a.Kind == b.Kind
	}
	return strings.EqualFold(a.Name, b.Name)
}

// find gives the accounts that a customer may mean: those with exactly this nickname, or else these last digits, or else this kind, or
// else those whose nickname or bank has all the words in it.
func find(list []named, slot Slot) []named {
	words := meant(slot.Heard)
	heard := strings.Join(words, " ")
	for _, is := range []func(named) bool{
		func(n named) bool { return heard != "" && strings.Join(meant(n.name.Name), " ") == heard },
		func(n named) bool {
			digits := lastDigits(words)
			return digits != "" && len(digits) >= 2 && strings.HasSuffix(n.account.Digits, digits)
		},
		func(n named) bool { return slices.Contains(slot.Values, string(n.account.Kind)) },
		func(n named) bool { return within(words, n.name.Name) },
		func(n named) bool { return within(words, n.bank) },
		func(n named) bool { return within(words, n.name.Name+" "+n.bank) },
	} {
		var found []named
		for _, n := range list {
			if is(n) {
				found = append(found, n)
			}
		}
		if len(found) > 0 {
			return found
		}
	}
	return nil
}

// filler are words that tell no account from another.
var filler = []string{"my", "the", "one", "account", "accounts", "ending", "in", "with", "on", "at", "a"}

// meant gives the words of an account's name that tell it from others.
func meant(text string) []string {
	words := plainWords(text)
	kept := make([]string, 0, len(words))
	for _, w := range words {
		if !slices.Contains(filler, w) {
			kept = append(kept, w)
		}
	}
	return kept
}

// within says whether all the words are in the name.
func within(words []string, name string) bool {
	if len(words) == 0 {
		return false
	}
	has := meant(name)
	for _, w := range words {
		if !slices.Contains(has, w) {
			return false
		}
	}
	return true
}

// lastDigits gives the digits among the words, joined, as "one two three four" arrives as "1 2 3 4".
func lastDigits(words []string) string {
	digits := ""
	for _, w := range words {
		if strings.Trim(w, "0123456789") == "" {
			digits += w
		}
	}
	if len(digits) > 4 {
		return digits[len(digits)-4:]
	}
	return digits
}

// pick finds the account that the slot names. Where it is not exactly one, the reply asks back; but accounts that nobody can tell apart by
// their names, since the consent shows no digits, are meant together, or the asking would never end.
func (q Question) pick(list []named) ([]named, Reply, bool) {
	found := find(list, q.Slots[SlotAccount])
	if len(onceEach(found)) == 1 {
		return found, Reply{}, true
	}
	reply := Reply{Key: WhichAccount, Ask: true, Dialogue: q.asking(string(SlotAccount))}
	if len(found) == 0 {
		reply.Key, found = UnknownAccount, list
	}
	found = onceEach(found)
	for _, n := range found[:min(len(found), maxNamed)] {
		reply.Facts = append(reply.Facts, Fact{Kind: FactAccount, Account: n.name, Bank: n.bank})
	}
	if more := len(found) - maxNamed; more > 0 {
		reply.Facts = append(reply.Facts, Fact{Kind: FactCount, Count: more})
	}
	return nil, reply, false
}

// onceEach leaves out accounts that are called as an earlier one is.
func onceEach(list []named) []named {
	var once []named
	for _, n := range list {
		if !slices.ContainsFunc(once, func(o named) bool { return sameName(o.name, n.name) }) {
			once = append(once, n)
		}
	}
	return once
}

// asking is the dialogue after this question was answered with a question.
func (q Question) asking(what string) Dialogue {
	return Dialogue{Intent: q.Intent, Slots: q.Slots, Asked: what}
}
