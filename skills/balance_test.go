package skills_test

import (
	"fmt"
	"testing"

	"sotto/banking"
	"sotto/skills"
)

var (
	current = account("1", banking.Current, "", "4411")
	rainy   = account("2", banking.Savings, "Rainy Day", "2207")
	card    = account("3", banking.Card, "", "9913")
	saver   = account("4", banking.Savings, "", "3001")
	second  = account("5", banking.Savings, "", "3002")
)

func TestBalance(t *testing.T) {
	abroad := account("6", banking.Current, "Travel", "7000")
	elsewhere := banking.Account{Ref: banking.AccountRef{Bank: "borea", ID: "1"}, Kind: banking.Current, Currency: "GBP", Digits: "5522"}
	overdraft := balanceOf(current, 1230)
	overdraft.Overdraft = gbp(50000)
	over := balanceOf(current, -4550)
	over.Overdraft = gbp(50000)
	about := balanceOf(current, 1230)
	about.Rounded = true
	partial := []banking.Gap{{Bank: "albion", Name: "Albion Bank", Err: banking.ErrUnavailable}}
	for name, tc := range map[string]struct {
		balances []banking.Balance
		untold   []banking.Account
		slots    skills.Slots
		gaps     []banking.Gap
		want     string
		key      skills.Key
	}{
		"one account": {
			balances: []banking.Balance{balanceOf(current, 1230)},
			want:     "Your current account has 12 pounds and 30 pence.", key: skills.BalanceSaid,
		},
		"an overdraft is said apart, never as money": {
			balances: []banking.Balance{overdraft},
			want:     "Your current account has 12 pounds and 30 pence. You also have an overdraft of 500 pounds.", key: skills.BalanceSaid,
		},
		"overdrawn is said as such": {
			balances: []banking.Balance{over},
			want:     "Your current account is overdrawn by 45 pounds and 50 pence. Your overdraft limit is 500 pounds.", key: skills.BalanceSaid,
		},
		"a rounded amount is about": {
			balances: []banking.Balance{about}, want: "Your current account has about 12 pounds and 30 pence.", key: skills.BalanceSaid,
		},
		"a card is money owed": {
			balances: []banking.Balance{balanceOf(card, -12000)}, want: "You owe 120 pounds on your credit card.", key: skills.BalanceSaid,
		},
		"a card with nothing on it": {
			balances: []banking.Balance{balanceOf(card, 0)}, want: "You owe nothing on your credit card.", key: skills.BalanceSaid,
		},
		"a card that was overpaid": {
			balances: []banking.Balance{balanceOf(card, 501)}, want: "Your credit card is 5 pounds and 1 penny in credit.", key: skills.BalanceSaid,
		},
		"three accounts are said at once, without their overdrafts": {
			balances: []banking.Balance{overdraft, balanceOf(rainy, 120400), balanceOf(card, -100)},
			want:     "Your current account has 12 pounds and 30 pence. Your Rainy Day account has 1,204 pounds. You owe 1 pound on your credit card.",
			key:      skills.BalanceSaid,
		},
		"currencies of one account are said apart": {
			balances: []banking.Balance{
				{Account: abroad, Money: banking.Money{Minor: 1250, Currency: "JPY"}}, {Account: abroad, Money: banking.Money{Minor: 1250, Currency: "KWD"}},
			},
			want: "Your Travel account has 1,250 yen. Your Travel account has 1 Kuwaiti dinar and 250 fils.", key: skills.BalanceSaid,
		},
		"accounts called the same are told apart by bank": {
			balances: []banking.Balance{balanceOf(current, 100), balanceOf(elsewhere, 200)},
			want:     "Your current account at Albion Bank has 1 pound. Your current account at Borea Bank has 2 pounds.", key: skills.BalanceSaid,
		},
		"accounts that nothing tells apart are said together, not asked about without end": {
			balances: []banking.Balance{balanceOf(current, 100), balanceOf(account("4", banking.Savings, "", ""), 200), balanceOf(account("5", banking.Savings, "", ""), 300)},
			slots:    slot(skills.SlotAccount, "savings", "savings"),
			want:     "Your savings account has 2 pounds. Your savings account has 3 pounds.", key: skills.BalanceSaid,
		},
		"accounts called the same at one bank are told apart by their last digits": {
			balances: []banking.Balance{balanceOf(saver, 100), balanceOf(second, 200)},
			want:     "Your savings account ending in 3001 has 1 pound. Your savings account ending in 3002 has 2 pounds.", key: skills.BalanceSaid,
		},
		"a bank that is missing is named": {
			balances: []banking.Balance{balanceOf(current, 100)}, gaps: []banking.Gap{{Bank: "borea", Name: "Borea Bank", Err: banking.ErrUnavailable}},
			want: "Your current account has 1 pound. I couldn't get everything from Borea Bank just now, so that's not all.", key: skills.BalanceSaid,
		},
		"an account that was told is not called as one that was not": {
			balances: []banking.Balance{balanceOf(saver, 100)}, untold: []banking.Account{second}, gaps: partial,
			want: "Your savings account ending in 3001 has 1 pound. I couldn't get everything from Albion Bank just now, so that's not all.", key: skills.BalanceSaid,
		},
		"an account that was told is not taken for one that was not": {
			balances: []banking.Balance{balanceOf(saver, 100)}, untold: []banking.Account{second}, gaps: partial, slots: slot(skills.SlotAccount, "savings", "savings"),
			want: "Which one do you mean: your savings account ending in 3001 or your savings account ending in 3002?", key: skills.WhichAccount,
		},
		"an account that was not told is not said to be unknown": {
			balances: []banking.Balance{balanceOf(current, 100)}, untold: []banking.Account{rainy}, gaps: partial, slots: slot(skills.SlotAccount, "rainy day"),
			want: "Sorry, I couldn't get an answer from Albion Bank just now. Please try again in a few minutes.", key: skills.BankUnavailable,
		},
		"an account that was told is the whole answer, whatever is missing of others": {
			balances: []banking.Balance{balanceOf(current, 100)}, untold: []banking.Account{rainy}, gaps: partial, slots: slot(skills.SlotAccount, "current account", "current"),
			want: "Your current account has 1 pound.", key: skills.BalanceSaid,
		},
		"a bank whose accounts are not known may have one of that name": {
			balances: []banking.Balance{balanceOf(current, 100)}, slots: slot(skills.SlotAccount, "current account", "current"),
			gaps: []banking.Gap{{Bank: "borea", Name: "Borea Bank", Err: banking.ErrUnavailable}},
			want: "Your current account has 1 pound. I couldn't get everything from Borea Bank just now, so that's not all.", key: skills.BalanceSaid,
		},
		"an account by kind": {
			balances: []banking.Balance{balanceOf(current, 100), balanceOf(card, -200)}, slots: slot(skills.SlotAccount, "credit card", "card"),
			want: "You owe 2 pounds on your credit card.", key: skills.BalanceSaid,
		},
		"an account by nickname": {
			balances: []banking.Balance{balanceOf(current, 100), balanceOf(rainy, 200)}, slots: slot(skills.SlotAccount, "rainy day"),
			want: "Your Rainy Day account has 2 pounds.", key: skills.BalanceSaid,
		},
		"an account by part of its nickname": {
			balances: []banking.Balance{balanceOf(current, 100), balanceOf(rainy, 200)}, slots: slot(skills.SlotAccount, "the rainy one"),
			want: "Your Rainy Day account has 2 pounds.", key: skills.BalanceSaid,
		},
		"an account by its last digits, said one by one": {
			balances: []banking.Balance{balanceOf(saver, 100), balanceOf(second, 200)}, slots: slot(skills.SlotAccount, "ending in 3 0 0 2"),
			want: "Your savings account ending in 3002 has 2 pounds.", key: skills.BalanceSaid,
		},
		"an account by its bank": {
			balances: []banking.Balance{balanceOf(current, 100), balanceOf(elsewhere, 200)}, slots: slot(skills.SlotAccount, "borea"),
			want: "Your current account at Borea Bank has 2 pounds.", key: skills.BalanceSaid,
		},
		"a name that two accounts have is asked back": {
			balances: []banking.Balance{balanceOf(saver, 100), balanceOf(second, 200), balanceOf(current, 300)}, slots: slot(skills.SlotAccount, "savings", "savings"),
			want: "Which one do you mean: your savings account ending in 3001 or your savings account ending in 3002?", key: skills.WhichAccount,
		},
		"a name that no account has is asked back": {
			balances: []banking.Balance{balanceOf(current, 100), balanceOf(rainy, 200)}, slots: slot(skills.SlotAccount, "holiday"),
			want: "I don't know an account by that name. There is your current account or your Rainy Day account. Which one would you like?", key: skills.UnknownAccount,
		},
		"no accounts": {
			want: "I can't see any accounts. When you link your bank, choose the accounts you want to hear about.", key: skills.BalanceNone,
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := newTalk(t, &bank{links: allowed(), balances: tc.balances, accounts: tc.untold, listed: tc.untold != nil, gaps: tc.gaps})
			c.hearsAs(tc.key, tc.want, skills.Balance, tc.slots)
		})
	}
}

func TestMoreThanThreeBalancesAreOfferedAndSaidAfterAYes(t *testing.T) {
	accounts := []banking.Balance{
		balanceOf(current, 100), balanceOf(rainy, 200), balanceOf(card, -300), balanceOf(saver, 400),
		balanceOf(account("7", banking.Loan, "", ""), -500), balanceOf(account("8", banking.Mortgage, "", ""), -600), balanceOf(account("9", banking.Other, "", ""), 700),
	}
	c := newTalk(t, &bank{links: allowed(), balances: accounts})
	first := "Your current account has 1 pound. Your Rainy Day account has 2 pounds. You owe 3 pounds on your credit card. There are 4 more. Shall I go on?"
	next := "Your savings account has 4 pounds. You owe 5 pounds on your loan. You owe 6 pounds on your mortgage. There is one more. Shall I go on?"
	c.hears(first, skills.Balance, nil)
	c.hears(first, skills.Repeat, nil)
	c.hears(next, skills.Yes, nil)
	c.hears(next, skills.Repeat, nil)
	c.hears("Your account has 7 pounds.", skills.Yes, nil)
	if !c.reply.End {
		t.Error("the conversation goes on after the last one")
	}
}

func TestAListThatWasContinuedPastItsEndDoesNotBeginAnew(t *testing.T) {
	four := []banking.Balance{balanceOf(current, 100), balanceOf(rainy, 200), balanceOf(card, -300), balanceOf(saver, 400)}
	t.Run("because an account has gone meanwhile", func(t *testing.T) {
		c := newTalk(t, &bank{links: allowed(), balances: four})
		c.say(skills.Balance, nil)
		c.bank.balances = four[:3]
		c.hears("That is all I can tell you there.", skills.Yes, nil)
	})
	for _, page := range []int{9, 57, 58, 900} {
		for _, intent := range []skills.Intent{skills.Balance, skills.Transactions} {
			t.Run(fmt.Sprint("because ", page, " was made up for ", intent), func(t *testing.T) {
				c := newTalk(t, shopper())
				c.bank.balances = four
				c.dialogue = skills.Dialogue{Intent: intent, Asked: skills.AskedMore, Page: page}
				c.hears("That is all I can tell you there.", skills.Yes, nil)
				if len(c.reply.Facts) != 0 {
					t.Errorf("and yet there are facts: %v", c.reply.Facts)
				}
			})
		}
	}
}

func TestNoToMoreEndsTheConversation(t *testing.T) {
	c := newTalk(t, &bank{links: allowed(), balances: []banking.Balance{
		balanceOf(current, 100), balanceOf(rainy, 200), balanceOf(card, -300), balanceOf(saver, 400),
	}})
	c.say(skills.Balance, nil)
	c.hears("Goodbye.", skills.No, nil)
}

func TestAskedBackForAnAccountTheNextTurnNamesIt(t *testing.T) {
	c := newTalk(t, &bank{links: allowed(), balances: []banking.Balance{balanceOf(saver, 100), balanceOf(second, 200)}})
	c.say(skills.Balance, slot(skills.SlotAccount, "savings", "savings"))
	c.hears("Your savings account ending in 3002 has 2 pounds.", skills.Balance, slot(skills.SlotAccount, "the one ending in 3002"))
}

func TestANameForOneAccountAmongManyNamesAtMostThree(t *testing.T) {
	var many []banking.Balance
	for _, n := range []string{"Ann", "Ben", "Cat", "Dan", "Eve"} {
		many = append(many, balanceOf(account(n, banking.Savings, n, ""), 100))
	}
	c := newTalk(t, &bank{links: allowed(), balances: many})
	c.hears("Which one do you mean? There is, for example, your Ann account, your Ben account, or your Cat account.",
		skills.Balance, slot(skills.SlotAccount, "savings", "savings"))
	if !c.reply.Ask {
		t.Error("nothing was asked")
	}
}
