package spending

import (
	"hash/maphash"
	"slices"
	"strings"

	"sotto/banking"
)

// maxAccounts bounds how many accounts one question may go over.
const maxAccounts = 250

// account is what a counter knows of one of the customer's own accounts.
type account struct {
	ref    banking.AccountRef
	kind   banking.Kind
	number string // canonical; empty where not known, or masked
	asked  bool
	again  bool // the same account as an earlier one, through a second consent: its rows are those of the other
	seed   maphash.Seed
}

// accounts are the customer's own, by their place, which is what counters keep.
type accounts struct {
	list     []account
	byRef    map[banking.AccountRef]uint8
	byNumber map[string]uint8
	all      bool // every account is asked about
}

// newAccounts takes in the linked accounts. Where two are one account under two consents, the one asked about counts.
func newAccounts(own []banking.Account, asked []banking.AccountRef) (*accounts, error) {
	a := &accounts{byRef: map[banking.AccountRef]uint8{}, byNumber: map[string]uint8{}, all: len(asked) == 0}
	isAsked := func(ref banking.AccountRef) bool { return a.all || slices.Contains(asked, ref) }
	type identity struct {
		bank     banking.BankID
		number   string
		currency banking.Currency
		kind     banking.Kind
	}
	first := map[identity]uint8{}
	for _, o := range own {
		if _, known := a.byRef[o.Ref]; known {
			continue
		}
		place, err := a.add(account{ref: o.Ref, kind: o.Kind, number: canonical(o.Number), asked: isAsked(o.Ref)})
		if err != nil {
			return nil, err
		}
		added := &a.list[place]
		if added.number == "" {
			continue
		}
		if _, known := a.byNumber[added.number]; !known {
			a.byNumber[added.number] = place
		}
		id := identity{o.Ref.Bank, added.number, o.Currency, o.Kind}
		other, same := first[id]
		switch {
		case !same:
			first[id] = place
		case added.asked && !a.list[other].asked:
			a.list[other].again = true
			first[id] = place
		default:
			added.again = true
		}
	}
	for _, ref := range asked {
		if _, err := a.find(ref, true); err != nil {
			return nil, err
		}
	}
	return a, nil
}

// add gives an account a place.
func (a *accounts) add(x account) (uint8, error) {
	if len(a.list) >= maxAccounts {
		return 0, banking.ErrTooMuch
	}
	place := uint8(len(a.list)) //nolint:gosec // at most maxAccounts
	x.seed = maphash.MakeSeed()
	a.list = append(a.list, x)
	a.byRef[x.ref] = place
	return place, nil
}

// find gives the place of an account. One that was not named before is taken in: only the customer's own accounts are read.
func (a *accounts) find(ref banking.AccountRef, asked bool) (uint8, error) {
	if place, ok := a.byRef[ref]; ok {
		return place, nil
	}
	return a.add(account{ref: ref, kind: banking.Other, asked: asked || a.all})
}

// of says whether the account is at one of these banks.
func (a *accounts) of(place uint8, banks []banking.BankID) bool {
	return len(banks) > 0 && slices.Contains(banks, a.list[place].ref.Bank)
}

// other says what the identification at the other end of an entry tells: the place of another own account; or that it is surely
// none of those whose number is known.
func (a *accounts) other(place uint8, counter string) (to uint8, own, foreign bool) {
	number := canonical(counter)
	if number == "" {
		return 0, false, false
	}
	to, own = a.byNumber[number]
	if !own {
		return 0, false, true
	}
	return to, to != place && number != a.list[place].number, false
}

// canonical gives an account's identification in one form: letters and digits only, a British IBAN as sort code and account number,
// which is how it is written elsewhere. A masked one identifies nothing and is empty.
func canonical(number string) string {
	if strings.Contains(number, "*") {
		return ""
	}
	number = strings.Map(func(r rune) rune {
		switch {
		case r >= '0' && r <= '9', r >= 'A' && r <= 'Z':
			return r
		case r >= 'a' && r <= 'z':
			return r - 'a' + 'A'
		}
		return -1
	}, number)
	if len(number) < 6 || strings.Contains(number, "XXX") {
		return ""
	}
	if len(number) == 22 && strings.HasPrefix(number, "GB") {
		return number[8:]
	}
	return number
}
