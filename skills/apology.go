package skills

import (
	"context"
	"errors"

	"sotto/banking"
	"sotto/linking"
)

// maxBanks bounds how many banks are named in one reply.
const maxBanks = 5

// bankError is a reading that failed, and the banks that failed it.
type bankError struct {
	err  error
	gaps []banking.Gap
}

func (e *bankError) Error() string { return e.err.Error() }

func (e *bankError) Unwrap() error { return e.err }

// failed wraps the error of a Teller with the banks it is about.
func failed(err error, gaps []banking.Gap) error { return &bankError{err: err, gaps: gaps} }

// apology is the one place where kinds of error become messages. It names the banks that are concerned, and its default gives
// nothing away. The reason is for the log.
func apology(err error) (reply Reply, reason string) {
	var bank *bankError
	if errors.As(err, &bank) && len(bank.gaps) > 0 {
		reply = Reply{Facts: gapFacts(bank.gaps)}
		reply.Key = reply.Facts[0].Fault
		for _, f := range reply.Facts {
			if f.Fault != reply.Key {
				reply.Key = BankUnavailable
			}
		}
		reply.LinkCard = reply.Key == BankRelink || reply.Key == BankForbidden
		return reply, string(reply.Key)
	}
	switch {
	case errors.Is(err, linking.ErrNotLinked):
		return Reply{Key: Unlinked, LinkCard: true}, "not linked"
	case errors.Is(err, linking.ErrScope):
		return Reply{Key: ScopeOther, LinkCard: true}, "scope withheld"
	case errors.Is(err, banking.ErrNoAccess):
		return Reply{Key: Sorry}, "no access"
	case errors.Is(err, banking.ErrNotFound):
		return Reply{Key: BankRelink, LinkCard: true}, "no connection"
	case errors.Is(err, banking.ErrTooMuch):
		return Reply{Key: TooMuch}, "too much"
	case errors.Is(err, banking.ErrRelink), errors.Is(err, banking.ErrForbidden), errors.Is(err, banking.ErrBusy),
		errors.Is(err, banking.ErrGarbled), errors.Is(err, banking.ErrUnavailable):
		key := fault(err)
		return Reply{Key: key, LinkCard: key == BankRelink || key == BankForbidden}, string(key)
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return Reply{Key: Late}, "late"
	default:
		return Reply{Key: Sorry}, "fault of ours"
	}
}

// fault names what is wrong with one bank.
func fault(err error) Key {
	switch {
	case errors.Is(err, banking.ErrRelink):
		return BankRelink
	case errors.Is(err, banking.ErrForbidden):
		return BankForbidden
	case errors.Is(err, banking.ErrBusy):
		return BankBusy
	case errors.Is(err, banking.ErrGarbled):
		return BankGarbled
	case errors.Is(err, banking.ErrTooMuch):
		return TooMuch
	default:
		return BankUnavailable
	}
}

// withheld says which permission is missing.
func withheld(scope linking.Scope) Reply {
	reply := Reply{Key: ScopeOther, LinkCard: true}
	switch scope {
	case linking.Balances:
		reply.Key = ScopeBalances
	case linking.Spending:
		reply.Key = ScopeSpending
	case linking.Transactions:
		reply.Key = ScopeTransactions
	case linking.Income, linking.Upcoming:
	}
	return reply
}

// gapFacts names the banks whose answers are missing.
func gapFacts(gaps []banking.Gap) []Fact {
	facts := make([]Fact, 0, len(gaps))
	for _, g := range gaps[:min(len(gaps), maxBanks)] {
		facts = append(facts, Fact{Kind: FactBank, Bank: g.Name, Fault: fault(g.Err)})
	}
	return facts
}
