package spending_test

import (
	"errors"
	"fmt"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sotto/banking"
	"sotto/banking/spending"
)

// The accounts of one customer. The card's number is masked, as banks give it.
var (
	current = banking.Account{Ref: banking.AccountRef{Bank: "albion", ID: "1"}, Kind: banking.Current, Currency: "GBP", Number: "20-20-20 12345678"}
	savings = banking.Account{Ref: banking.AccountRef{Bank: "albion", ID: "2"}, Kind: banking.Savings, Currency: "GBP", Number: "20202087654321"}
	card    = banking.Account{Ref: banking.AccountRef{Bank: "albion", ID: "3"}, Kind: banking.Card, Currency: "GBP", Number: "************4242"}
	yen     = banking.Account{Ref: banking.AccountRef{Bank: "albion", ID: "4"}, Kind: banking.Current, Currency: "JPY", Number: "20202011223344"}
	own     = []banking.Account{current, savings, card, yen}
)

// november is asked about on the 23rd.
var (
	today    = date("2026-11-23")
	november = spending.Question{Period: spending.ThisMonth(today), Today: today}
)

// entry makes a booked entry with a fresh id; change what differs.
func entry(a banking.Account, day string, minor int64, sort banking.Sort, change ...func(*banking.Transaction)) banking.Transaction {
	ids++
	t := banking.Transaction{
		Account: a.Ref, ID: fmt.Sprint("id", ids), Status: banking.Booked, Day: date(day), Money: banking.Money{Minor: minor, Currency: a.Currency}, Sort: sort,
	}
	for _, c := range change {
		c(&t)
	}
	return t
}

var ids int

func at(merchant, mcc string) func(*banking.Transaction) {
	return func(t *banking.Transaction) { t.Merchant, t.MCC = merchant, mcc }
}

func to(number string) func(*banking.Transaction) {
	return func(t *banking.Transaction) { t.Counter = number }
}
func id(id string) func(*banking.Transaction) { return func(t *banking.Transaction) { t.ID = id } }
func notYetBooked(t *banking.Transaction)     { t.Status = banking.Pending }
func roundedHere(t *banking.Transaction)      { t.Rounded = true }
func in(c banking.Currency) func(*banking.Transaction) {
	return func(t *banking.Transaction) { t.Money.Currency = c }
}

func count(t interface{ Fatal(...any) }, q spending.Question, entries ...banking.Transaction) spending.Summary {
	c := spending.NewCounter(q, own)
	for _, e := range entries {
		if err := c.Add(e); err != nil {
			t.Fatal("add:", err)
		}
	}
	return c.Summary()
}

// told writes totals in short: currency, spent, count, "about", refunds, and what was left out.
func told(s spending.Summary) []string {
	var lines []string
	for _, t := range s.Totals {
		line := fmt.Sprintf("%s %d in %d", t.Spent.Currency, t.Spent.Minor, t.Count)
		if t.About {
			line = "about " + line
		}
		if t.Refunds.Minor != 0 {
			line += fmt.Sprintf(", %d came back", t.Refunds.Minor)
		}
		for _, x := range t.LeftOut {
			line += fmt.Sprintf("; %s %d in %d", x.Reason, x.Money.Minor, x.Count)
			if x.About {
				line += " about"
			}
		}
		lines = append(lines, line)
	}
	return lines
}

func TestWhatCountsAsSpending(t *testing.T) {
	groceries := at("Tesco", "5411")
	for name, tc := range map[string]struct {
		question func(*spending.Question)
		entries  []banking.Transaction
		want     []string
	}{
		"purchases on current account and card are added": {nil, []banking.Transaction{
			entry(current, "2026-11-02", -1250, banking.Purchase, groceries), entry(card, "2026-11-03", -750, banking.Purchase, groceries),
		}, []string{"GBP 2000 in 2"}},
		"nothing found is no total, rather than a zero in some currency": {nil, nil, nil},
		"the first and the last day are in, the days beside them are not": {nil, []banking.Transaction{
			entry(current, "2026-10-31", -1, banking.Purchase, groceries), entry(current, "2026-11-01", -10, banking.Purchase, groceries),
		}, []string{"GBP 10 in 1"}},
		"a refund is taken off": {nil, []banking.Transaction{
			entry(current, "2026-11-02", -5000, banking.Purchase, at("Shoes", "5661")), entry(current, "2026-11-09", 2000, banking.Refund, at("Shoes", "5661")),
		}, []string{"GBP 3000 in 2, 2000 came back"}},
		"money back from a merchant is a refund though the bank has no word for it": {nil, []banking.Transaction{
			entry(card, "2026-11-02", -5000, banking.Purchase, at("Shoes", "5661")), entry(card, "2026-11-09", 2000, banking.Unknown, at("Shoes", "5661")),
		}, []string{"GBP 3000 in 2, 2000 came back"}},
		"a refund larger than what was spent is less than nothing": {nil, []banking.Transaction{
			entry(card, "2026-11-02", -500, banking.Purchase, groceries), entry(card, "2026-11-09", 8000, banking.Refund, at("Sofas", "5712")),
		}, []string{"GBP -7500 in 2, 8000 came back"}},
		"a refund counts in the period in which it was booked": {nil, []banking.Transaction{
			entry(card, "2026-10-02", -8000, banking.Purchase, at("Sofas", "5712")), entry(card, "2026-11-09", 8000, banking.Refund, at("Sofas", "5712")),
		}, []string{"GBP -8000 in 1, 8000 came back"}},
		"a fee taken back and a direct debit returned are taken off": {nil, []banking.Transaction{
			entry(current, "2026-11-02", -1200, banking.Fee), entry(current, "2026-11-03", 1200, banking.Fee),
			entry(current, "2026-11-04", -3000, banking.DirectDebit), entry(current, "2026-11-05", 3000, banking.DirectDebit),
		}, []string{"GBP 0 in 4, 4200 came back"}},
		"salary, interest earned, deposits and money from friends are no spending": {nil, []banking.Transaction{
			entry(current, "2026-11-02", 250000, banking.Salary), entry(savings, "2026-11-03", 120, banking.Interest), entry(current, "2026-11-04", 5000, banking.Cash),
			entry(current, "2026-11-05", 2000, banking.Transfer), entry(current, "2026-11-06", 2000, banking.StandingOrder), entry(current, "2026-11-06", 1999, banking.Unknown),
		}, nil},
		"fees and interest paid are spending": {nil, []banking.Transaction{
			entry(current, "2026-11-02", -500, banking.Fee), entry(card, "2026-11-03", -1234, banking.Interest),
		}, []string{"GBP 1734 in 2"}},
		"money sent to somebody else is spending": {nil, []banking.Transaction{
			entry(current, "2026-11-02", -2000, banking.Transfer, to("11111199999999")),
		}, []string{"GBP 2000 in 1"}},
		"money to an own account is an own transfer by its number, alone": {nil, []banking.Transaction{
			entry(current, "2026-11-02", -50000, banking.Transfer, to("202020 87654321")),
		}, []string{"GBP 0 in 0; own transfer 50000 in 1"}},
		"an own account's British IBAN is its sort code and number": {nil, []banking.Transaction{
			entry(current, "2026-11-02", -50000, banking.StandingOrder, to("GB29ALBI20202087654321")),
		}, []string{"GBP 0 in 0; own transfer 50000 in 1"}},
		"an entry that names its own account at the other end is no own transfer": {nil, []banking.Transaction{
			entry(current, "2026-11-02", -50000, banking.Transfer, to("20202012345678")),
		}, []string{"GBP 50000 in 1"}},
		"a transfer with its equal on another own account is an own transfer": {nil, []banking.Transaction{
			entry(current, "2026-11-02", -50000, banking.Transfer), entry(savings, "2026-11-02", 50000, banking.Transfer),
		}, []string{"GBP 0 in 0; own transfer 50000 in 1"}},
		"three days apart is still one transfer": {nil, []banking.Transaction{
			entry(savings, "2026-11-05", 50000, banking.Transfer), entry(current, "2026-11-02", -50000, banking.Transfer),
		}, []string{"GBP 0 in 0; own transfer 50000 in 1"}},
		"four days apart are two transfers": {nil, []banking.Transaction{
			entry(savings, "2026-11-06", 50000, banking.Transfer), entry(current, "2026-11-02", -50000, banking.Transfer),
		}, []string{"GBP 50000 in 1"}},
		"the other end may stand before the first day": {nil, []banking.Transaction{
			entry(savings, "2026-10-29", 50000, banking.Transfer), entry(current, "2026-11-01", -50000, banking.Transfer),
		}, []string{"GBP 0 in 0; own transfer 50000 in 1"}},
		"the other end may stand after the last day": {func(q *spending.Question) { q.Period.To = date("2026-11-10") }, []banking.Transaction{
			entry(savings, "2026-11-12", 50000, banking.Transfer), entry(current, "2026-11-09", -50000, banking.Transfer),
		}, []string{"GBP 0 in 0; own transfer 50000 in 1"}},
		"one credit excuses one debit": {nil, []banking.Transaction{
			entry(savings, "2026-11-02", 50000, banking.Transfer), entry(current, "2026-11-02", -50000, banking.Transfer), entry(current, "2026-11-02", -50000, banking.Transfer),
		}, []string{"GBP 50000 in 1; own transfer 50000 in 1"}},
		"a credit on the same account excuses nothing": {nil, []banking.Transaction{
			entry(current, "2026-11-02", 50000, banking.Transfer), entry(current, "2026-11-02", -50000, banking.Transfer),
		}, []string{"GBP 50000 in 1"}},
		"an equal credit from a stranger excuses nothing": {nil, []banking.Transaction{
			entry(savings, "2026-11-02", 50000, banking.Transfer, to("11111199999999")), entry(current, "2026-11-02", -50000, banking.Transfer),
		}, []string{"GBP 50000 in 1"}},
		"a transfer to a known stranger is excused by no credit": {nil, []banking.Transaction{
			entry(savings, "2026-11-02", 50000, banking.Transfer), entry(current, "2026-11-02", -50000, banking.Transfer, to("11111199999999")),
		}, []string{"GBP 50000 in 1"}},
		"a purchase is not excused by an equal transfer": {nil, []banking.Transaction{
			entry(savings, "2026-11-02", 1250, banking.Transfer), entry(current, "2026-11-02", -1250, banking.Purchase, groceries),
		}, []string{"GBP 1250 in 1"}},
		"a transfer is not excused by an equal refund": {nil, []banking.Transaction{
			entry(card, "2026-11-02", 1250, banking.Refund, groceries), entry(current, "2026-11-02", -1250, banking.Transfer),
		}, []string{"GBP 0 in 2, 1250 came back"}},
		"an equal amount in another currency excuses nothing": {nil, []banking.Transaction{
			entry(yen, "2026-11-02", 50000, banking.Transfer), entry(current, "2026-11-02", -50000, banking.Transfer),
		}, []string{"GBP 50000 in 1"}},
		"an entry without codes is a transfer where its other end says so": {nil, []banking.Transaction{
			entry(savings, "2026-11-02", 50000, banking.Transfer), entry(current, "2026-11-02", -50000, banking.Unknown),
		}, []string{"GBP 0 in 0; own transfer 50000 in 1"}},
		"two entries without codes are no transfer": {nil, []banking.Transaction{
			entry(savings, "2026-11-02", 50000, banking.Unknown), entry(current, "2026-11-02", -50000, banking.Unknown),
		}, []string{"GBP 50000 in 1"}},
		"a sure transfer takes its own other end, not that of another": {nil, []banking.Transaction{
			entry(current, "2026-11-02", -50000, banking.Transfer, to("20202087654321")), entry(savings, "2026-11-02", 50000, banking.Transfer),
			entry(current, "2026-11-02", -50000, banking.Transfer),
		}, []string{"GBP 50000 in 1; own transfer 50000 in 1"}},
		"card bought and bill paid: one of them counts": {nil, []banking.Transaction{
			entry(card, "2026-11-02", -10000, banking.Purchase, groceries), entry(current, "2026-11-20", -10000, banking.Repayment), entry(card, "2026-11-20", 10000, banking.Repayment),
		}, []string{"GBP 10000 in 1; card repayment 10000 in 1"}},
		"a card that is not linked is repaid all the same": {nil, []banking.Transaction{
			entry(current, "2026-11-20", -10000, banking.Repayment),
		}, []string{"GBP 0 in 0; card repayment 10000 in 1"}},
		"a card's bill taken by direct debit is a repayment, seen on the card": {nil, []banking.Transaction{
			entry(card, "2026-11-02", -10000, banking.Purchase, groceries), entry(current, "2026-11-20", -10000, banking.DirectDebit), entry(card, "2026-11-20", 10000, banking.Unknown),
		}, []string{"GBP 10000 in 1; card repayment 10000 in 1"}},
		"a card's bill paid with the bank's merchant code is a repayment, seen on the card": {nil, []banking.Transaction{
			entry(current, "2026-11-20", -10000, banking.Purchase, at("Albion Card Services", "6012")), entry(card, "2026-11-21", 10000, banking.DirectDebit, at("Thank you", "")),
		}, []string{"GBP 0 in 0; card repayment 10000 in 1"}},
		"a direct debit is not excused by an equal transfer between other people": {nil, []banking.Transaction{
			entry(current, "2026-11-20", -10000, banking.DirectDebit), entry(savings, "2026-11-20", 10000, banking.Transfer),
		}, []string{"GBP 10000 in 1"}},
		"savings and investments are left out": {nil, []banking.Transaction{
			entry(current, "2026-11-02", -100000, banking.Purchase, at("Brokers", "6211")), entry(current, "2026-11-02", -1250, banking.Purchase, groceries),
		}, []string{"GBP 1250 in 1; savings and investments 100000 in 1"}},
		"what comes back from savings is no refund": {nil, []banking.Transaction{
			entry(current, "2026-11-02", 100000, banking.Unknown, at("Brokers", "6211")),
		}, nil},
		"a machine that gave nothing takes nothing off what was spent": {nil, []banking.Transaction{
			entry(current, "2026-11-02", -4000, banking.Cash), entry(current, "2026-11-02", 4000, banking.Refund, at("LINK", "6011")),
		}, []string{"GBP 0 in 0; cash 4000 in 1"}},
		"what a wallet pays out is no refund": {nil, []banking.Transaction{
			entry(current, "2026-11-02", -1250, banking.Purchase, groceries), entry(current, "2026-11-03", 5000, banking.Refund, at("Wallet", "6540")),
		}, []string{"GBP 1250 in 1"}},
		"cash is told apart": {nil, []banking.Transaction{
			entry(current, "2026-11-02", -4000, banking.Cash), entry(current, "2026-11-03", -2000, banking.Unknown, at("LINK", "6011")),
			entry(current, "2026-11-03", -1000, banking.Purchase, at("Bureau de change", "6051")), entry(current, "2026-11-02", -1250, banking.Purchase, groceries),
		}, []string{"GBP 1250 in 1; cash 7000 in 3"}},
		"cash asked for is counted": {func(q *spending.Question) { q.Category = spending.Cash }, []banking.Transaction{
			entry(current, "2026-11-02", -4000, banking.Cash), entry(current, "2026-11-02", -1250, banking.Purchase, groceries),
		}, []string{"GBP 4000 in 1"}},
		"pending is told apart and never added": {nil, []banking.Transaction{
			entry(current, "2026-11-22", -800, banking.Purchase, groceries, notYetBooked), entry(current, "2026-11-21", -1250, banking.Purchase, groceries),
		}, []string{"GBP 1250 in 1; pending 800 in 1"}},
		"pending cash is pending": {nil, []banking.Transaction{
			entry(current, "2026-11-22", -4000, banking.Cash, notYetBooked),
		}, []string{"GBP 0 in 0; pending 4000 in 1"}},
		"pending and then booked under the same id is booked, whichever comes first": {nil, []banking.Transaction{
			entry(current, "2026-11-21", -1250, banking.Purchase, groceries, notYetBooked, id("a")), entry(current, "2026-11-22", -1300, banking.Purchase, groceries, id("a")),
			entry(current, "2026-11-20", -700, banking.Purchase, groceries, id("b")), entry(current, "2026-11-20", -600, banking.Purchase, groceries, notYetBooked, id("b")),
		}, []string{"GBP 2000 in 2"}},
		"a pending refund is not taken off": {nil, []banking.Transaction{
			entry(current, "2026-11-21", -1250, banking.Purchase, groceries), entry(current, "2026-11-22", 1250, banking.Refund, groceries, notYetBooked),
		}, []string{"GBP 1250 in 1"}},
		"a pending own transfer, card repayment or investment will never be spending": {nil, []banking.Transaction{
			entry(current, "2026-11-22", -50000, banking.Transfer, notYetBooked, to("20202087654321")), entry(current, "2026-11-22", -10000, banking.Repayment, notYetBooked),
			entry(current, "2026-11-22", -20000, banking.Purchase, notYetBooked, at("Brokers", "6211")),
			entry(current, "2026-11-22", -777, banking.Transfer, notYetBooked), entry(savings, "2026-11-22", 777, banking.Transfer, notYetBooked),
		}, nil},
		"a pending purchase is not excused by an equal payment to the card": {nil, []banking.Transaction{
			entry(current, "2026-11-22", -800, banking.Purchase, groceries, notYetBooked), entry(card, "2026-11-22", 800, banking.Repayment),
		}, []string{"GBP 0 in 0; pending 800 in 1"}},
		"what is booked for a day to come is still pending": {nil, []banking.Transaction{
			entry(current, "2026-11-24", -900, banking.Purchase, groceries), entry(current, "2026-11-23", -1250, banking.Purchase, groceries),
		}, []string{"GBP 1250 in 1; pending 900 in 1"}},
		"the same row on two pages counts once": {nil, []banking.Transaction{
			entry(current, "2026-11-02", -1250, banking.Purchase, groceries, id("x")), entry(current, "2026-11-02", -1250, banking.Purchase, groceries, id("x")),
			entry(current, "2026-11-22", -300, banking.Purchase, groceries, notYetBooked, id("y")), entry(current, "2026-11-22", -300, banking.Purchase, groceries, notYetBooked, id("y")),
		}, []string{"GBP 1250 in 1; pending 300 in 1"}},
		"the same id on two accounts is two rows": {nil, []banking.Transaction{
			entry(current, "2026-11-02", -1250, banking.Purchase, groceries, id("x")), entry(card, "2026-11-02", -1250, banking.Purchase, groceries, id("x")),
		}, []string{"GBP 2500 in 2"}},
		"two equal coffees without ids are two coffees": {nil, []banking.Transaction{
			entry(current, "2026-11-02", -300, banking.Purchase, at("Coffee", "5814"), id("")), entry(current, "2026-11-02", -300, banking.Purchase, at("Coffee", "5814"), id("")),
		}, []string{"GBP 600 in 2"}},
		"a blank id is no id": {nil, []banking.Transaction{
			entry(current, "2026-11-02", -300, banking.Purchase, at("Coffee", "5814"), id(" ")), entry(current, "2026-11-02", -400, banking.Purchase, at("Coffee", "5814"), id(" ")),
		}, []string{"GBP 700 in 2"}},
		"currencies are never added together; the one with more entries is first": {nil, []banking.Transaction{
			entry(current, "2026-11-02", -999999, banking.Purchase, groceries), entry(yen, "2026-11-02", -1500, banking.Purchase, groceries), entry(yen, "2026-11-03", -500, banking.Purchase, groceries),
			entry(current, "2026-11-02", -1250, banking.Purchase, groceries, in("KWD")),
		}, []string{"JPY 2000 in 2", "GBP 999999 in 1", "KWD 1250 in 1"}},
		"a rounded amount makes the total about": {nil, []banking.Transaction{
			entry(current, "2026-11-02", -1250, banking.Purchase, groceries, roundedHere), entry(yen, "2026-11-02", -150, banking.Purchase, groceries),
			entry(current, "2026-11-02", -4000, banking.Cash),
		}, []string{"about GBP 1250 in 1; cash 4000 in 1", "JPY 150 in 1"}},
		"a rounded amount that is left out leaves the total exact": {nil, []banking.Transaction{
			entry(current, "2026-11-02", -1250, banking.Purchase, groceries), entry(current, "2026-11-02", -4000, banking.Cash, roundedHere),
		}, []string{"GBP 1250 in 1; cash 4000 in 1 about"}},
		"a category counts only what is in it, and what is left out of it": {func(q *spending.Question) { q.Category = spending.Groceries }, []banking.Transaction{
			entry(current, "2026-11-02", -1250, banking.Purchase, groceries), entry(current, "2026-11-02", -5000, banking.Purchase, at("Shoes", "5661")), entry(current, "2026-11-02", -4000, banking.Cash),
			entry(current, "2026-11-02", -50000, banking.Transfer, to("20202087654321")), entry(current, "2026-11-22", -200, banking.Purchase, groceries, notYetBooked),
			entry(current, "2026-11-22", -900, banking.Purchase, at("Shoes", "5661"), notYetBooked), entry(card, "2026-11-05", 250, banking.Refund, groceries),
		}, []string{"GBP 1000 in 2, 250 came back; pending 200 in 1"}},
		"a merchant counts only what is his": {func(q *spending.Question) { q.Merchant = "tesco's" }, []banking.Transaction{
			entry(current, "2026-11-02", -1250, banking.Purchase, at("TESCO STORES 3297", "5411")), entry(current, "2026-11-02", -5000, banking.Purchase, at("Tescoma", "5719")),
			entry(current, "2026-11-03", -700, banking.Purchase, func(t *banking.Transaction) { t.Text = "CARD PAYMENT TO TESCO EXPRESS" }), entry(current, "2026-11-02", -4000, banking.Cash),
		}, []string{"GBP 1950 in 2"}},
		"a merchant of punctuation only is nobody": {func(q *spending.Question) { q.Merchant = "?" }, []banking.Transaction{
			entry(current, "2026-11-02", -1250, banking.Purchase, groceries),
		}, nil},
		"one account counts only what is on it, but transfers are seen on all": {func(q *spending.Question) { q.Accounts = []banking.AccountRef{current.Ref} }, []banking.Transaction{
			entry(current, "2026-11-02", -1250, banking.Purchase, groceries), entry(card, "2026-11-02", -5000, banking.Purchase, groceries),
			entry(current, "2026-11-02", -50000, banking.Transfer), entry(savings, "2026-11-02", 50000, banking.Transfer),
			entry(savings, "2026-11-02", -40000, banking.Transfer), entry(current, "2026-11-02", 40000, banking.Transfer),
		}, []string{"GBP 1250 in 1; own transfer 50000 in 1"}},
		"an amount of nothing is nothing": {nil, []banking.Transaction{entry(current, "2026-11-02", 0, banking.Purchase, groceries)}, nil},
		"an entry of a status nobody knows is not counted": {nil, []banking.Transaction{
			entry(current, "2026-11-02", -1250, banking.Purchase, func(t *banking.Transaction) { t.Status = "rejected" }),
		}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			q := november
			if tc.question != nil {
				tc.question(&q)
			}
			for _, order := range []string{"forward", "backward"} {
				if diff := cmp.Diff(tc.want, told(count(t, q, tc.entries...))); diff != "" {
					t.Errorf("%s (-want +got):\n%s", order, diff)
				}
				tc.entries = reversed(tc.entries)
			}
		})
	}
}

func reversed(entries []banking.Transaction) []banking.Transaction {
	out := make([]banking.Transaction, 0, len(entries))
	for i := len(entries) - 1; i >= 0; i-- {
		out = append(out, entries[i])
	}
	return out
}

func TestCategoriesAreSummedWhenNoneIsAskedFor(t *testing.T) {
	entries := []banking.Transaction{
		entry(current, "2026-11-02", -1250, banking.Purchase, at("Tesco", "5411")), entry(current, "2026-11-03", -750, banking.Purchase, at("Tesco", "5411")),
		entry(card, "2026-11-04", -5000, banking.Purchase, at("Shoes", "5661")), entry(card, "2026-11-05", 6000, banking.Refund, at("Shoes", "5661")),
		entry(current, "2026-11-05", -4000, banking.Cash), entry(current, "2026-11-05", -900, banking.Transfer),
	}
	s := count(t, november, entries...)
	pounds := func(minor int64) banking.Money { return banking.Money{Minor: minor, Currency: "GBP"} }
	want := map[spending.Category]banking.Money{spending.Groceries: pounds(2000), spending.Shopping: pounds(-1000), spending.Other: pounds(900)}
	if diff := cmp.Diff(want, s.Totals[0].ByCategory); diff != "" {
		t.Error(diff)
	}
	if s.Period != november.Period || s.Complete {
		t.Errorf("got %v, complete %v", s.Period, s.Complete)
	}
	q := november
	q.Category = spending.Groceries
	if s := count(t, q, entries...); s.Totals[0].ByCategory != nil {
		t.Error("a category was asked for, yet others are told")
	}
	q.Today = date("2026-12-01")
	if !count(t, q, entries...).Complete {
		t.Error("November is not over on December 1")
	}
}

func TestTheWindowReachesToTheOtherEndsOfTransfers(t *testing.T) {
	if w := november.Window(); w.From.String() != "2026-10-29" || w.To.String() != "2026-12-04" {
		t.Errorf("got %s to %s", w.From, w.To)
	}
}

func TestAnAccountUnderTwoConsentsCountsOnce(t *testing.T) {
	twin := current
	twin.Ref.ID = "9"
	euros := current
	euros.Ref.ID, euros.Currency = "10", "EUR"
	both := []banking.Account{current, twin, euros, current}
	rows := []banking.Transaction{
		entry(current, "2026-11-02", -1250, banking.Purchase, id("")), entry(twin, "2026-11-02", -1250, banking.Purchase, id("")),
		entry(euros, "2026-11-02", -700, banking.Purchase, in("EUR"), id("")),
	}
	for name, asked := range map[string][]banking.AccountRef{"all": nil, "the second": {twin.Ref, euros.Ref}, "both": {current.Ref, twin.Ref, euros.Ref}} {
		q := november
		q.Accounts = asked
		c := spending.NewCounter(q, both)
		for _, r := range rows {
			if err := c.Add(r); err != nil {
				t.Fatal(err)
			}
		}
		if diff := cmp.Diff([]string{"EUR 700 in 1", "GBP 1250 in 1"}, told(c.Summary())); diff != "" {
			t.Errorf("%s asked for (-want +got):\n%s", name, diff)
		}
	}
}

func TestWhatCannotBeSummedIsAnError(t *testing.T) {
	groceries := at("Tesco", "5411")
	many := make([]banking.Account, 251)
	for i := range many {
		many[i].Ref = banking.AccountRef{Bank: "albion", ID: fmt.Sprint(i)}
	}
	for name, tc := range map[string]struct {
		question spending.Question
		own      []banking.Account
		entries  []banking.Transaction
		want     error
	}{
		"a sum that does not fit": {november, own, []banking.Transaction{
			entry(current, "2026-11-02", -math.MaxInt64, banking.Purchase, groceries), entry(current, "2026-11-02", -1, banking.Purchase, groceries),
		}, banking.ErrOverflow},
		"a sum that fits only since half of it came back": {november, own, []banking.Transaction{
			entry(current, "2026-11-02", math.MaxInt64, banking.Refund, groceries), entry(current, "2026-11-02", -1, banking.Purchase, groceries),
		}, banking.ErrOverflow},
		"transfers that do not fit": {november, own, []banking.Transaction{
			entry(current, "2026-11-02", -math.MaxInt64, banking.Transfer), entry(current, "2026-11-02", -1, banking.Transfer),
		}, banking.ErrOverflow},
		"the amount without an opposite": {november, own, []banking.Transaction{entry(current, "2026-11-02", math.MinInt64, banking.Purchase)}, banking.ErrOverflow},
		"a currency nobody has":          {november, own, []banking.Transaction{entry(current, "2026-11-02", -1, banking.Purchase, in("ZZZ"))}, banking.ErrCurrency},
		"an entry without a day": {november, own, []banking.Transaction{
			entry(current, "2026-11-02", -1, banking.Purchase, func(t *banking.Transaction) { t.Day = banking.Date{} }),
		}, banking.ErrGarbled},
		"a question without a period": {spending.Question{Today: today}, own, []banking.Transaction{entry(current, "2026-11-02", -1, banking.Purchase)}, spending.ErrPeriod},
		"more accounts than fit":      {november, many, []banking.Transaction{entry(current, "2026-11-02", -1, banking.Purchase)}, banking.ErrTooMuch},
		"one account more than fits":  {november, many[:250], []banking.Transaction{entry(banking.Account{Currency: "GBP"}, "2026-11-02", -1, banking.Purchase)}, banking.ErrTooMuch},
	} {
		t.Run(name, func(t *testing.T) {
			c := spending.NewCounter(tc.question, tc.own)
			var err error
			for _, e := range tc.entries {
				err = c.Add(e)
			}
			if !errors.Is(err, tc.want) {
				t.Fatalf("got %v, want %v", err, tc.want)
			}
			if again := c.Add(entry(current, "2026-11-02", -1, banking.Purchase, groceries)); !errors.Is(again, tc.want) {
				t.Errorf("after the error, got %v, want %v", again, tc.want)
			}
			if s := c.Summary(); len(s.Totals) != 0 {
				t.Errorf("there is a total after the error: %v", told(s))
			}
		})
	}
}

func TestACounterThatIsFullSaysSo(t *testing.T) {
	c := spending.NewCounter(november, own)
	for i := range 500_000 {
		e := banking.Transaction{
			Account: current.Ref, ID: fmt.Sprint(i), Status: banking.Booked, Day: date("2026-11-02"), Money: banking.Money{Minor: -int64(i) - 1, Currency: "GBP"}, Sort: banking.Transfer,
		}
		if err := c.Add(e); err != nil {
			if !errors.Is(err, banking.ErrTooMuch) || i < 150_000 {
				t.Fatalf("after %d entries: %v", i, err)
			}
			return
		}
	}
	t.Error("a counter takes any number of entries")
}
