package mcp

import (
	"sotto/banking"
	"sotto/skills"
	"sotto/skills/speech"
)

// Result is what a tool gives: the sentence, and the facts in it as values.
type Result struct {
	Spoken        string `json:"spoken" jsonschema:"the answer in words, to be said as it is"`
	Outcome       string `json:"outcome" jsonschema:"which kind of answer it is"`
	Facts         []fact `json:"facts" jsonschema:"the facts in the answer; nothing else was shared"`
	ContinueAfter *int   `json:"continue_after,omitempty" jsonschema:"there is more: ask the same with this number to go on"`
}

// fact is one skills.Fact. Which members it has follows from its kind.
type fact struct {
	Kind        string   `json:"kind" jsonschema:"balance, total, refunds, left out, purchase, account, bank, period, since, until, shared or count"`
	Account     *account `json:"account,omitempty"`
	Bank        string   `json:"bank,omitempty"`
	Amount      *amount  `json:"amount,omitempty" jsonschema:"below zero: overdrawn, or paid out; of a card, what is owed"`
	Overdraft   *amount  `json:"overdraft,omitempty" jsonschema:"the arranged overdraft, which is not in the amount"`
	Approximate bool     `json:"approximate,omitempty" jsonschema:"the amount was rounded"`
	Count       int      `json:"count,omitempty"`
	Category    string   `json:"category,omitempty"`
	Merchant    string   `json:"merchant,omitempty"`
	Text        string   `json:"text,omitempty" jsonschema:"what the bank wrote, where no merchant is known"`
	Reason      string   `json:"reason,omitempty" jsonschema:"why an amount was left out of a total, or why a bank did not answer"`
	From        string   `json:"from,omitempty" jsonschema:"first day, ISO 8601"`
	Through     string   `json:"through,omitempty" jsonschema:"last day, included, ISO 8601"`
	Complete    *bool    `json:"complete,omitempty" jsonschema:"whether the period is over"`
	Day         string   `json:"day,omitempty" jsonschema:"ISO 8601"`
	Pending     bool     `json:"pending,omitempty" jsonschema:"not booked yet"`
	Kinds       []string `json:"kinds,omitempty" jsonschema:"kinds of facts that were shared"`
}

type account struct {
	Kind   string `json:"kind"`
	Name   string `json:"name,omitempty"`
	Digits string `json:"digits,omitempty" jsonschema:"last digits"`
	Bank   string `json:"bank,omitempty"`
}

// amount is money as a decimal, so that no caller rounds it in floating point.
type amount struct {
	Value    string `json:"value" jsonschema:"a decimal, such as 12.50"`
	Currency string `json:"currency" jsonschema:"ISO 4217"`
}

// newResult writes a reply and its words.
func newResult(reply skills.Reply, spoken speech.Spoken) Result {
	r := Result{Spoken: spoken.Text, Outcome: string(reply.Key), Facts: make([]fact, len(reply.Facts))}
	for i := range reply.Facts {
		r.Facts[i] = newFact(&reply.Facts[i])
	}
	if reply.Dialogue.Asked == skills.AskedMore {
		r.ContinueAfter = &reply.Dialogue.Page
	}
	return r
}

// newFact writes a fact. Names are as they are said, cleaned and cut: whoever writes a reference on a payment writes to a language model here.
func newFact(f *skills.Fact) fact {
	out := fact{
		Kind: string(f.Kind), Bank: speech.Name(f.Bank), Amount: newAmount(f.Money), Overdraft: newAmount(f.Overdraft), Approximate: f.About, Count: f.Count,
		Category: string(f.Category), Merchant: speech.Name(f.Merchant), Text: speech.Name(f.Text), Reason: string(f.Reason), Pending: f.Pending,
	}
	if f.Fault != "" {
		out.Reason = string(f.Fault)
	}
	if a := f.Account; a != (skills.AccountName{}) {
		out.Account = &account{Kind: string(a.Kind), Name: speech.Name(a.Name), Digits: speech.Name(a.Digits), Bank: speech.Name(a.Bank)}
	}
	if f.Kind == skills.FactTotal || f.Kind == skills.FactPeriod {
		out.From, out.Through, out.Complete = f.Period.From.String(), f.Period.Last().String(), &f.Complete
	}
	if f.Day != (banking.Date{}) {
		out.Day = f.Day.String()
	}
	for _, k := range f.Shared {
		out.Kinds = append(out.Kinds, string(k))
	}
	return out
}

// newAmount writes money; nil where there is none.
func newAmount(m banking.Money) *amount {
	decimal, err := m.Decimal()
	if err != nil { // a currency that ISO 4217 has not: the zero value's, and no other's
		return nil
	}
	return &amount{Value: decimal, Currency: string(m.Currency)}
}

// failed says whether the call is to be made again in other words, or another time: a bank that does not answer, an account that
// nobody knows. A model sees the sentence, and can act on it.
func failed(reply skills.Reply) bool {
	return reply.Key.Apology() || reply.Dialogue.Asked != "" && reply.Dialogue.Asked != skills.AskedMore
}
