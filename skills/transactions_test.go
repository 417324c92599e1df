package skills_test

import (
	"testing"
	"time"

	"sotto/banking"
	"sotto/skills"
)

func TestTransactions(t *testing.T) {
	for name, tc := range map[string]struct {
		slots  skills.Slots
		change func(*bank)
		want   string
		key    skills.Key
	}{
		"the latest three, newest first, and an offer of more": {
			key: skills.TransactionsMore,
			want: "On Sunday, November 22nd, you paid 15 pounds and 50 pence to Nando's. On Saturday, November 21st, you paid 10 pounds to Waitrose, still pending. " +
				"On Friday, November 20th, you paid 42 pounds and 10 pence to Tesco. Shall I go on?",
		},
		"as many as were asked for": {
			slots: slot(skills.SlotCount, "1"), key: skills.TransactionsMore,
			want: "On Sunday, November 22nd, you paid 15 pounds and 50 pence to Nando's. Shall I go on?",
		},
		"a merchant": {
			slots: slot(skills.SlotMerchant, "tesco", "Tesco"), key: skills.TransactionsSaid,
			want: "On Friday, November 20th, you paid 42 pounds and 10 pence to Tesco. On Monday, November 16th, you paid 30 pounds to Tesco. " +
				"On Friday, October 30th, you paid 25 pounds to Tesco.",
		},
		"a period, with money that came in": {
			slots: slot(skills.SlotPeriod, "2026-11-18"), key: skills.TransactionsSaid,
			want: "On Wednesday, November 18th, you received 5 pounds from Aldi.",
		},
		"nothing found says where": {
			slots: slot(skills.SlotMerchant, "Lidl", "Lidl"), key: skills.TransactionsNone,
			want: "I found no transactions at Lidl between August 25th and November 23rd.",
		},
		"nothing on an account": {
			slots: slot(skills.SlotAccount, "rainy day"), key: skills.TransactionsNone,
			want: "I found no transactions from your Rainy Day account between August 25th and November 23rd.",
		},
		"days that cannot be seen are not said to be empty": {
			slots: slot(skills.SlotPeriod, "2026-03"), key: skills.TransactionsUnseen,
			want: "I can't see your transactions between March 1st and March 31st. I can only see back to June 1st.",
		},
		"one day is said once, and a merchant may be unknown": {
			slots: slot(skills.SlotPeriod, "2026-11-02"), key: skills.TransactionsSaid,
			change: func(b *bank) {
				unknown := paid(day(time.November, 2), 700, "", "")
				b.rows = append(b.rows, unknown)
			},
			want: "On Monday, November 2nd, you paid 1 pound and 1 penny to Pret A Manger. The same day, you paid 7 pounds.",
		},
		"where no merchant is known, the bank's own text is said as such": {
			slots: slot(skills.SlotPeriod, "2026-11-03"), key: skills.TransactionsSaid,
			change: func(b *bank) {
				moved := paid(day(time.November, 3), 110500, "", "")
				moved.Text = "TO RAINY DAY"
				b.rows = append(b.rows, moved)
			},
			want: "On Tuesday, November 3rd, you paid 1,105 pounds, marked To Rainy Day.",
		},
		"a row given twice is said once": {
			slots: slot(skills.SlotPeriod, "2026-11-02"), key: skills.TransactionsSaid,
			change: func(b *bank) { b.rows = append(b.rows, b.rows...) },
			want:   "On Monday, November 2nd, you paid 1 pound and 1 penny to Pret A Manger.",
		},
		"what was not read to its end is not the latest": {
			key: skills.TooMuch, change: func(b *bank) { b.extents["albion"] = banking.Extent{Cut: true} },
			want: "That's more than I can read in one go, and I won't give you half a total. Please ask about a shorter time.",
		},
		"the only bank that broke off makes no list, and no empty one": {
			slots: slot(skills.SlotPeriod, "2026-11-02"), key: skills.BankGarbled,
			change: func(b *bank) {
				b.gaps = []banking.Gap{{Bank: "albion", Name: "Albion Bank", Err: banking.ErrGarbled}}
			},
			want: "Sorry, I got an answer from Albion Bank that I couldn't make sense of, so I won't guess. Please try again later.",
		},
		"a bank that broke off is left out and named": {
			slots: slot(skills.SlotPeriod, "2026-11-02"), key: skills.TransactionsSaid,
			change: func(b *bank) {
				row := paid(day(time.November, 2), 99900, "Apple", "")
				row.Account.Bank = "borea"
				b.rows = append([]banking.Transaction{row}, b.rows...)
				b.gaps = []banking.Gap{{Bank: "borea", Name: "Borea Bank", Err: banking.ErrGarbled}}
			},
			want: "On Monday, November 2nd, you paid 1 pound and 1 penny to Pret A Manger. I couldn't make sense of what Borea Bank told me, so that's not all.",
		},
	} {
		t.Run(name, func(t *testing.T) {
			b := shopper()
			if tc.change != nil {
				tc.change(b)
			}
			c := newTalk(t, b)
			c.hearsAs(tc.key, tc.want, skills.Transactions, tc.slots)
		})
	}
}

func TestAtMostFiveTransactionsAreSaidAtOnceAndTheRestAfterAYes(t *testing.T) {
	c := newTalk(t, shopper())
	said := map[string]bool{}
	for i, want := range []int{5, 5} {
		intent := skills.Transactions
		if i > 0 {
			intent = skills.Yes
		}
		c.say(intent, slot(skills.SlotCount, "50"))
		if len(c.reply.Facts) != want {
			t.Errorf("page %d has %d facts, want %d", i, len(c.reply.Facts), want)
		}
		for _, f := range c.reply.Facts {
			said[f.Merchant+f.Day.String()+string(f.Money.Currency)] = true
		}
	}
	if len(said) != 10 || c.reply.Ask {
		t.Errorf("got %d different entries and asked %v; want all 10 and no more to offer", len(said), c.reply.Ask)
	}
}

func TestAListThatGoesOnIsTheSameListInWhateverOrderItsAccountsAnswer(t *testing.T) {
	one := paid(day(time.November, 20), 100, "Boots", "")
	other := paid(day(time.November, 20), 200, "Lawson", "")
	other.Account = rainy.Ref
	b := &bank{links: allowed(), accounts: []banking.Account{current, rainy}, rows: []banking.Transaction{one, other}, extents: map[banking.BankID]banking.Extent{"albion": {}}}
	c := newTalk(t, b)
	c.hears("On Friday, November 20th, you paid 1 pound to Boots. Shall I go on?", skills.Transactions, slot(skills.SlotCount, "1"))
	b.rows = []banking.Transaction{other, one}
	c.hears("On Friday, November 20th, you paid 2 pounds to Lawson.", skills.Yes, nil)
}
