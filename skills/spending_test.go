package skills_test

import (
	"maps"
	"testing"
	"time"

	"sotto/banking"
	"sotto/linking"
	"sotto/skills"
)

// paid is a booked card purchase.
func paid(d banking.Date, minor int64, merchant, mcc string) banking.Transaction {
	return banking.Transaction{
		Account: current.Ref, Status: banking.Booked, Day: d, Money: gbp(-minor), Sort: banking.Purchase, Merchant: merchant, MCC: mcc,
		ID: merchant + d.String(),
	}
}

const groceryMCC, diningMCC = "5411", "5812"

func shopper() *bank {
	refund := paid(day(time.November, 18), 0, "Aldi", groceryMCC)
	refund.Money, refund.Sort, refund.ID = gbp(500), banking.Refund, "refund"
	cash := paid(day(time.November, 17), 2000, "", "6011")
	cash.Sort, cash.ID = banking.Cash, "cash"
	pending := paid(day(time.November, 21), 1000, "Waitrose", groceryMCC)
	pending.Status = banking.Pending
	yen := paid(day(time.October, 5), 0, "Lawson", groceryMCC)
	yen.Money = banking.Money{Minor: -1250, Currency: "JPY"}
	return &bank{
		links: allowed(), accounts: []banking.Account{current, rainy},
		rows: []banking.Transaction{
			paid(day(time.November, 22), 1550, "Nando's", diningMCC), pending,
			paid(day(time.November, 20), 4210, "Tesco", groceryMCC), refund, cash,
			paid(day(time.November, 16), 3000, "Tesco", groceryMCC), paid(day(time.November, 2), 101, "Pret A Manger", diningMCC),
			paid(day(time.October, 30), 2500, "Tesco", groceryMCC), paid(day(time.October, 6), 999, "Aldi", groceryMCC), yen,
		},
		extents: map[banking.BankID]banking.Extent{"albion": {Rows: 10, First: day(time.June, 1)}},
	}
}

func TestSpending(t *testing.T) {
	with := func(all ...skills.Slots) skills.Slots {
		out := skills.Slots{}
		for _, s := range all {
			maps.Copy(out, s)
		}
		return out
	}
	week := slot(skills.SlotPeriod, "2026-W47")
	groceries := slot(skills.SlotCategory, "groceries", "groceries")
	for name, tc := range map[string]struct {
		slots    skills.Slots
		platform linking.Platform
		change   func(*bank)
		want     string
		key      skills.Key
	}{
		"groceries last week, refunds netted, pending apart": {
			slots: with(week, groceries), key: skills.SpendingSaid,
			want: "You spent 67 pounds and 10 pence on groceries between November 16th and November 22nd. That's after 5 pounds in refunds. Another 10 pounds is still pending.",
		},
		"no period is this month, so far; cash is left out": {
			key:  skills.SpendingSaid,
			want: "You've spent 83 pounds and 61 pence so far between November 1st and November 23rd. That's after 5 pounds in refunds. I left out 20 pounds taken out in cash. Another 10 pounds is still pending.",
		},
		"a merchant": {
			slots: with(slot(skills.SlotMerchant, "tesco", "Tesco"), week), key: skills.SpendingSaid,
			want: "You spent 72 pounds and 10 pence at Tesco between November 16th and November 22nd.",
		},
		"a merchant the catalogue does not know is heard as it was said": {
			slots: with(slot(skills.SlotMerchant, "nandos"), week), key: skills.SpendingSaid,
			want: "You spent 15 pounds and 50 pence at nandos between November 16th and November 22nd.",
		},
		"a month to come is the last one of its name": {
			slots: with(slot(skills.SlotPeriod, "2027-10"), groceries), key: skills.SpendingSaid,
			want: "You spent 34 pounds and 99 pence on groceries between October 1st and October 31st. You also spent 1,250 yen.",
		},
		"one day": {
			slots: with(slot(skills.SlotPeriod, "2026-11-02")), key: skills.SpendingSaid,
			want: "You spent 1 pound and 1 penny on Monday, November 2nd.",
		},
		"an account": {
			slots: with(week, groceries, slot(skills.SlotAccount, "current", "current")), key: skills.SpendingSaid,
			want: "You spent 67 pounds and 10 pence on groceries from your current account between November 16th and November 22nd. That's after 5 pounds in refunds. Another 10 pounds is still pending.",
		},
		"an account with nothing on it": {
			slots: with(week, slot(skills.SlotAccount, "rainy day")), key: skills.SpendingNone,
			want: "I found no spending from your Rainy Day account between November 16th and November 22nd.",
		},
		"nothing found is said as such": {
			slots: with(week, slot(skills.SlotCategory, "travel", "travel")), key: skills.SpendingNone,
			want: "I found no spending on travel between November 16th and November 22nd.",
		},
		"days that cannot be seen are no zero": {
			slots: with(slot(skills.SlotPeriod, "2026-03")), key: skills.SpendingUnseen,
			want: "I can't see what you spent between March 1st and March 31st. I can only see back to June 1st.",
		},
		"a day that the bank has not come to yet is no zero": {
			slots: with(slot(skills.SlotPeriod, "2026-11-23")), key: skills.SpendingUnseen,
			change: func(b *bank) { b.extents["albion"] = banking.Extent{Last: day(time.November, 22)} },
			want:   "I can't see what you spent on Monday, November 23rd. I can only see up to November 22nd.",
		},
		"what is pending where nothing is booked is not another amount": {
			slots: with(slot(skills.SlotPeriod, "2026-11-21"), groceries), key: skills.SpendingNone,
			want: "I found no spending on groceries on Saturday, November 21st. 10 pounds is still pending.",
		},
		"a period that reaches back too far says so": {
			slots: with(slot(skills.SlotPeriod, "2026"), slot(skills.SlotCategory, "eating out", "eating out")), key: skills.SpendingSaid,
			want: "You've spent 16 pounds and 51 pence on eating out so far between January 1st and November 23rd. I can only see back to June 1st.",
		},
		"another year is said": {
			slots: slot(skills.SlotPeriod, "2025-W01"), change: func(b *bank) { b.extents = nil }, key: skills.SpendingNone,
			want: "I found no spending between December 30th, 2024 and January 5th, 2025.",
		},
		"more came back than went out": {
			slots: slot(skills.SlotPeriod, "2026-11-18"), key: skills.SpendingSaid,
			want: "You got back 5 pounds more than you spent on Wednesday, November 18th.",
		},
		"a period nobody understands is asked back": {
			slots: slot(skills.SlotPeriod, "2026-Q9"), key: skills.UnknownPeriod,
			want: "Sorry, which dates do you mean? You can say last week, this month, or March, for example.",
		},
		"a 53rd week that has not come, and that last year did not have, is asked back": {
			slots: slot(skills.SlotPeriod, "2026-W53"), key: skills.UnknownPeriod,
			want: "Sorry, which dates do you mean? You can say last week, this month, or March, for example.",
		},
		"a future period of a platform that means what it says is asked back": {
			slots: slot(skills.SlotPeriod, "2027-03"), platform: linking.MCP, key: skills.FuturePeriod,
			want: "That hasn't happened yet. Which dates do you mean? You can say last week or this month, for example.",
		},
		"two dates of a platform that has them": {
			slots: slot(skills.SlotPeriod, "2026-11-01/2026-11-15"), platform: linking.MCP, key: skills.SpendingSaid,
			want: "You spent 1 pound and 1 penny between November 1st and November 15th.",
		},
		"a category nobody knows is asked back": {
			slots: slot(skills.SlotCategory, "submarines"), key: skills.UnknownCategory,
			want: "I don't know that kind of spending. You can say groceries, eating out, transport, bills or shopping, for example. Which would you like?",
		},
		"of two categories neither is added up alone": {
			slots: with(week, slot(skills.SlotCategory, "groceries and transport", "groceries", "transport")), key: skills.OneCategory,
			want: "I can add up one kind of spending at a time. Which would you like first?",
		},
		"of two shops neither is added up alone": {
			slots: with(week, slot(skills.SlotMerchant, "tesco and lidl", "Tesco", "Lidl")), key: skills.OneMerchant,
			want: "I can look at one shop at a time. Which would you like first?",
		},
		"a category that is called as it was heard is meant": {
			slots: with(week, slot(skills.SlotCategory, "Groceries", "groceries", "shopping")), key: skills.SpendingSaid,
			want: "You spent 67 pounds and 10 pence on groceries between November 16th and November 22nd. That's after 5 pounds in refunds. Another 10 pounds is still pending.",
		},
		"more than can be read makes no sum": {
			change: func(b *bank) { b.extents["albion"] = banking.Extent{Cut: true} }, key: skills.TooMuch,
			want: "That's more than I can read in one go, and I won't give you half a total. Please ask about a shorter time.",
		},
		"a bank that gave nothing is named": {
			slots: with(week, groceries), key: skills.SpendingSaid,
			change: func(b *bank) {
				b.gaps = []banking.Gap{{Bank: "borea", Name: "Borea Bank", Err: banking.ErrRelink}}
			},
			want: "You spent 67 pounds and 10 pence on groceries between November 16th and November 22nd. That's after 5 pounds in refunds. Another 10 pounds is still pending. My connection to Borea Bank has ended, so that's not included. You can link it again in your assistant's app.",
		},
		"a bank that broke off makes no sum": {
			slots: week, key: skills.BankUnavailable,
			change: func(b *bank) {
				b.gaps = []banking.Gap{{Bank: "albion", Name: "Albion Bank", Err: banking.ErrUnavailable}}
			},
			want: "Sorry, I couldn't get an answer from Albion Bank just now. Please try again in a few minutes.",
		},
		"one of two banks that broke off is left out of the sum": {
			slots: week, key: skills.SpendingSaid,
			change: func(b *bank) {
				far := banking.Account{Ref: banking.AccountRef{Bank: "borea", ID: "1"}, Kind: banking.Current, Currency: "GBP"}
				row := paid(day(time.November, 19), 99900, "Apple", "5732")
				row.Account = far.Ref
				b.accounts, b.rows = append(b.accounts, far), append(b.rows, row)
				b.gaps = []banking.Gap{{Bank: "borea", Name: "Borea Bank", Err: banking.ErrUnavailable}}
			},
			want: "You spent 82 pounds and 60 pence between November 16th and November 22nd. That's after 5 pounds in refunds. I left out 20 pounds taken out in cash. Another 10 pounds is still pending. I couldn't get everything from Borea Bank just now, so that's not all.",
		},
	} {
		t.Run(name, func(t *testing.T) {
			b := shopper()
			if tc.change != nil {
				tc.change(b)
			}
			c := newTalk(t, b)
			if tc.platform != "" {
				c.platform = tc.platform
				b.links[token] = linking.Link{ID: "link-1", Platform: tc.platform, Scopes: b.links[token].Scopes}
			}
			c.hearsAs(tc.key, tc.want, skills.Spending, tc.slots)
		})
	}
}

func TestAskedBackForACategoryTheNextTurnKeepsThePeriod(t *testing.T) {
	c := newTalk(t, shopper())
	c.say(skills.Spending, skills.Slots{skills.SlotPeriod: {Heard: "2026-W47"}, skills.SlotCategory: {Heard: "grub"}})
	c.hears("You spent 67 pounds and 10 pence on groceries between November 16th and November 22nd. That's after 5 pounds in refunds. Another 10 pounds is still pending.",
		skills.Spending, slot(skills.SlotCategory, "groceries", "groceries"))
}

func TestAskedWhichOfTwoCategoriesTheNextTurnKeepsThePeriod(t *testing.T) {
	c := newTalk(t, shopper())
	c.say(skills.Spending, skills.Slots{skills.SlotPeriod: {Heard: "2026-W47"}, skills.SlotCategory: {Heard: "groceries and fuel", Values: []string{"groceries", "transport"}}})
	c.hears("You spent 67 pounds and 10 pence on groceries between November 16th and November 22nd. That's after 5 pounds in refunds. Another 10 pounds is still pending.",
		skills.Spending, slot(skills.SlotCategory, "groceries", "groceries"))
}

func TestAskedBackForAnAccountAboutSpendingABareNameIsNoBalanceQuestion(t *testing.T) {
	c := newTalk(t, shopper())
	c.say(skills.Spending, skills.Slots{skills.SlotPeriod: {Heard: "2026-W47"}, skills.SlotAccount: {Heard: "holiday"}})
	c.hears("I found no spending from your Rainy Day account between November 16th and November 22nd.",
		skills.Balance, slot(skills.SlotAccount, "rainy day"))
}
