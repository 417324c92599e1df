package spending_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"sotto/banking"
	"sotto/banking/spending"
)

// anyEntry draws an entry of any make around November. Few amounts, so that equal ones meet.
func anyEntry(t *rapid.T) banking.Transaction {
	sorts := []banking.Sort{
		banking.Unknown, banking.Purchase, banking.Refund, banking.Transfer, banking.Repayment, banking.Cash, banking.Fee, banking.Interest, banking.DirectDebit,
		banking.StandingOrder, banking.Salary,
	}
	a := rapid.SampledFrom(own).Draw(t, "account")
	ids++
	return banking.Transaction{
		Account:  a.Ref,
		ID:       rapid.SampledFrom([]string{"", fmt.Sprint("p", ids)}).Draw(t, "id"),
		Status:   rapid.SampledFrom([]banking.Status{banking.Booked, banking.Booked, banking.Booked, banking.Pending}).Draw(t, "status"),
		Day:      date("2026-10-27").AddDays(rapid.IntRange(0, 40).Draw(t, "day")),
		Money:    banking.Money{Minor: rapid.Int64Range(-4, 4).Draw(t, "minor") * 100, Currency: a.Currency},
		Rounded:  rapid.IntRange(0, 9).Draw(t, "rounded") == 0,
		Sort:     rapid.SampledFrom(sorts).Draw(t, "sort"),
		MCC:      rapid.SampledFrom([]string{"", "5411", "5812", "6011", "6012", "6051", "6211", "9999"}).Draw(t, "mcc"),
		Merchant: rapid.SampledFrom([]string{"", "Tesco", "Corner Cafe"}).Draw(t, "merchant"),
		Counter:  rapid.SampledFrom([]string{"", "", "20202087654321", "20202012345678", "11111199999999"}).Draw(t, "counter"),
	}
}

func anyQuestion(t *rapid.T) spending.Question {
	q := november
	q.Category = rapid.SampledFrom([]spending.Category{"", "", spending.Groceries, spending.Other, spending.Cash}).Draw(t, "category")
	q.Merchant = rapid.SampledFrom([]string{"", "", "tesco"}).Draw(t, "asked merchant")
	if rapid.Bool().Draw(t, "one account") {
		q.Accounts = []banking.AccountRef{current.Ref}
	}
	return q
}

func TestTheOrderOfEntriesDoesNotMatter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		q := anyQuestion(t)
		entries := rapid.SliceOfN(rapid.Custom(anyEntry), 0, 40).Draw(t, "entries")
		shuffled := rapid.Permutation(entries).Draw(t, "shuffled")
		if diff := cmp.Diff(count(t, q, entries...), count(t, q, shuffled...)); diff != "" {
			t.Error(diff)
		}
	})
}

func TestARowReadTwiceDoesNotMatter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		q := anyQuestion(t)
		entries := rapid.SliceOfN(rapid.Custom(anyEntry), 1, 40).Draw(t, "entries")
		for i := range entries {
			entries[i].ID = fmt.Sprint("r", i)
		}
		again := append(entries[:len(entries):len(entries)], rapid.SliceOf(rapid.SampledFrom(entries)).Draw(t, "again")...)
		if diff := cmp.Diff(count(t, q, entries...), count(t, q, again...)); diff != "" {
			t.Error(diff)
		}
	})
}

func TestAnOwnTransferNeverChangesTheTotal(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		q := anyQuestion(t)
		entries := rapid.SliceOfN(rapid.Custom(anyEntry), 0, 40).Draw(t, "entries")
		day := date("2026-10-29").AddDays(rapid.IntRange(0, 25).Draw(t, "day out"))
		minor := rapid.Int64Range(100_000, 200_000).Draw(t, "minor") // an amount no other entry has
		sort := rapid.SampledFrom([]banking.Sort{banking.Transfer, banking.StandingOrder, banking.Unknown}).Draw(t, "sort out")
		into := rapid.SampledFrom([]banking.Account{savings, card}).Draw(t, "to")
		out := entry(current, day.String(), -minor, sort)
		back := entry(into, day.AddDays(rapid.IntRange(-3, 3).Draw(t, "days between")).String(), minor, banking.Transfer)
		with := rapid.Permutation(append(entries[:len(entries):len(entries)], out, back)).Draw(t, "with")
		if diff := cmp.Diff(spent(count(t, q, entries...)), spent(count(t, q, with...))); diff != "" {
			t.Error(diff)
		}
	})
}

// spent gives what was spent in each currency in which anything was.
func spent(s spending.Summary) map[string]string {
	all := map[string]string{}
	for _, total := range s.Totals {
		if total.Count > 0 {
			all[string(total.Spent.Currency)] = fmt.Sprint(total.Spent.Minor, total.Count, total.About, total.ByCategory)
		}
	}
	return all
}

func TestTheDaysOfAPeriodSumUpToIt(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		q := anyQuestion(t)
		q.Category, q.Merchant, q.Accounts = "", "", nil
		entries := rapid.SliceOfN(rapid.Custom(anyEntry), 0, 40).Draw(t, "entries")
		for i := range entries { // what is matched across days may be matched otherwise where fewer days are seen
			if e := &entries[i]; e.Sort != banking.Refund {
				e.Sort, e.MCC, e.Counter = banking.Purchase, "5411", ""
			}
		}
		cut := q.Period.From.AddDays(rapid.IntRange(1, 29).Draw(t, "cut"))
		first, second := q, q
		first.Period.To, second.Period.From = cut, cut
		sum := map[banking.Currency]int64{}
		for _, part := range []spending.Question{first, second} {
			for _, total := range count(t, part, entries...).Totals {
				sum[total.Spent.Currency] += total.Spent.Minor
			}
		}
		for _, total := range count(t, q, entries...).Totals {
			if sum[total.Spent.Currency] != total.Spent.Minor {
				t.Errorf("%s: the parts give %d, the whole %d", total.Spent.Currency, sum[total.Spent.Currency], total.Spent.Minor)
			}
		}
	})
}

func TestCategoriesSumUpToTheTotal(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		for _, total := range count(t, november, rapid.SliceOfN(rapid.Custom(anyEntry), 0, 60).Draw(t, "entries")...).Totals {
			var sum int64
			for _, m := range total.ByCategory {
				sum += m.Minor
			}
			if sum != total.Spent.Minor {
				t.Errorf("%s: the categories give %d, the total is %d", total.Spent.Currency, sum, total.Spent.Minor)
			}
		}
	})
}

func TestEveryBookedDebitIsCountedOrLeftOutOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		entries := rapid.SliceOfN(rapid.Custom(anyEntry), 0, 60).Draw(t, "entries")
		var out, told int64 // yen and pounds together: only whether all is told matters
		for i := range entries {
			e := entries[i]
			if e.Status == banking.Pending || e.Day.After(today) {
				continue
			}
			if e.Money.Minor < 0 && november.Period.Window().Contains(e.Day) {
				out -= e.Money.Minor
			}
		}
		for _, total := range count(t, november, entries...).Totals {
			told += total.Spent.Minor + total.Refunds.Minor
			for _, x := range total.LeftOut {
				if x.Reason != spending.NotBooked {
					told += x.Money.Minor
				}
			}
		}
		if out != told {
			t.Errorf("%d went out, %d was told", out, told)
		}
	})
}

func TestABankLeftOutIsAsIfItHadGivenNothing(t *testing.T) {
	far := make([]banking.Account, len(own))
	for i, a := range own {
		far[i] = a
		far[i].Ref.Bank, far[i].Number = "borea", "9"+a.Number
	}
	both := slices.Concat(own, far)
	rapid.Check(t, func(t *rapid.T) {
		q := anyQuestion(t)
		all, without := spending.NewCounter(q, both), spending.NewCounter(q, both)
		for _, e := range rapid.SliceOfN(rapid.Custom(anyEntry), 0, 40).Draw(t, "entries") {
			if rapid.Bool().Draw(t, "far") {
				e.Account.Bank = "borea"
			} else if err := without.Add(e); err != nil {
				t.Fatal(err)
			}
			if err := all.Add(e); err != nil {
				t.Fatal(err)
			}
		}
		if diff := cmp.Diff(without.Summary(), all.Summary("borea")); diff != "" {
			t.Error(diff)
		}
		if diff := cmp.Diff(all.Summary(), all.Summary("nobody")); diff != "" {
			t.Error(diff)
		}
	})
}
