package skills

import "slices"

// Key names a message. Every key has words in every locale of package speech; a test sees to it.
type Key string

// The keys, and the facts of their replies.
const (
	BalanceSaid Key = "balance.said" // FactBalance…, FactBank…
	BalanceMore Key = "balance.more" // as BalanceSaid, then FactCount: an offer of more
	BalanceNone Key = "balance.none" // no accounts are linked; FactBank…

	SpendingSaid   Key = "spending.said"   // FactTotal, its FactRefunds and FactLeftOut…, for each currency; FactCount, FactSince…, FactUntil…, FactBank…
	SpendingNone   Key = "spending.none"   // FactPeriod, FactLeftOut…, FactSince…, FactBank…
	SpendingUnseen Key = "spending.unseen" // FactPeriod, FactSince…, FactUntil…: no day of the period can be seen

	TransactionsSaid Key = "transactions.said" // FactPurchase…, FactBank…
	TransactionsMore Key = "transactions.more" // as TransactionsSaid, and an offer of more
	TransactionsNone Key = "transactions.none" // FactPeriod, FactSince…, FactUntil…, FactBank…

	TransactionsUnseen Key = "transactions.unseen" // as SpendingUnseen

	ListOver Key = "list.over" // FactBank…: asked to go on, and there is no more

	WhichAccount    Key = "account.which"    // FactAccount…, FactCount: several are called so
	UnknownAccount  Key = "account.unknown"  // FactAccount…, FactCount: none is called so
	UnknownCategory Key = "category.unknown" //
	OneCategory     Key = "category.one"     // several were named
	OneMerchant     Key = "merchant.one"     // several were named
	UnknownPeriod   Key = "period.unknown"   //
	FuturePeriod    Key = "period.future"    //

	SharedSaid   Key = "shared.said"   // FactShared: of all, FactShared: the newest
	SharedLately Key = "shared.lately" // as SharedSaid, the first of the newest only
	SharedNone   Key = "shared.none"   //

	ForgetAsk  Key = "forget.ask"
	ForgetDone Key = "forget.done"
	ForgetKept Key = "forget.kept"
	ForgetOver Key = "forget.over" // there was no live link to end

	ChatCodeAsked Key = "chat.code"       // the browser is back: what it showed is to be typed
	ChatLinked    Key = "chat.linked"     // the code was good
	ChatCodeWrong Key = "chat.code.wrong" //
	ChatCodeOver  Key = "chat.code.over"  //
	ChatCodeNone  Key = "chat.code.none"  // no code is waited for
	ChatLink      Key = "chat.link"       // what begins linking, asked for
	ChatUnlink    Key = "chat.unlink"     // what ends the link, asked for
	ChatUnlinked  Key = "chat.unlinked"   // it was ended by the platform's own button
	ChatDoubt     Key = "chat.doubt"      // an answer may not have arrived; it is not given again by itself

	Welcome         Key = "launch.linked"
	WelcomeUnlinked Key = "launch.unlinked"
	HelpSaid        Key = "help"
	AskAnything     Key = "ask"
	Goodbye         Key = "goodbye"
	NotUnderstood   Key = "fallback"
	NothingToRepeat Key = "repeat.nothing"

	Unlinked          Key = "unlinked"
	ScopeBalances     Key = "scope.balances"
	ScopeSpending     Key = "scope.spending"
	ScopeTransactions Key = "scope.transactions"
	ScopeOther        Key = "scope.other"

	BankUnavailable Key = "bank.unavailable" // FactBank…
	BankBusy        Key = "bank.busy"        // FactBank…
	BankGarbled     Key = "bank.garbled"     // FactBank…
	BankRelink      Key = "bank.relink"      // FactBank…
	BankForbidden   Key = "bank.forbidden"   // FactBank…

	Moment Key = "moment" // said while the answer takes long; no facts, ever

	TooMuch Key = "toomuch" // more entries than are read in one turn: no sum, rather than a wrong one
	TooLong Key = "toolong" // the words would not fit into the platform's response
	Late    Key = "late"    // our own time ran out
	Sorry   Key = "sorry"   // anything else; gives nothing away
)

var keys = []Key{
	BalanceSaid, BalanceMore, BalanceNone, SpendingSaid, SpendingNone, SpendingUnseen, TransactionsSaid, TransactionsMore,
	TransactionsNone, TransactionsUnseen, ListOver, WhichAccount, UnknownAccount, UnknownCategory, OneCategory, OneMerchant, UnknownPeriod, FuturePeriod, SharedSaid, SharedLately, SharedNone, ForgetAsk,
	ForgetDone, ForgetKept, ForgetOver, ChatCodeAsked, ChatLinked, ChatCodeWrong, ChatCodeOver, ChatCodeNone, ChatLink, ChatUnlink, ChatUnlinked, ChatDoubt, Welcome, WelcomeUnlinked, HelpSaid, AskAnything, Goodbye, NotUnderstood, NothingToRepeat, Moment, Unlinked,
	ScopeBalances, ScopeSpending, ScopeTransactions, ScopeOther, BankUnavailable, BankBusy, BankGarbled, BankRelink, BankForbidden, TooMuch, TooLong,
	Late, Sorry,
}

// Keys lists every key.
func Keys() []Key { return slices.Clone(keys) }

// apologies are the keys of what could not be done.
var apologies = []Key{
	Unlinked, ScopeBalances, ScopeSpending, ScopeTransactions, ScopeOther, BankUnavailable, BankBusy, BankGarbled, BankRelink, BankForbidden, TooMuch, TooLong,
	Late, Sorry,
}

// Apology says whether nothing was answered, for a reason that lies with the link, a bank or us.
func (k Key) Apology() bool { return slices.Contains(apologies, k) }
