package skills_test

import (
	"testing"

	"sotto/banking"
	"sotto/linking/disclosure"
	"sotto/skills"
)

func TestShared(t *testing.T) {
	b := shopper()
	b.balances = []banking.Balance{balanceOf(current, 100)}
	c := newTalk(t, b)
	c.hears("I have no record of sharing anything with this assistant.", skills.Shared, nil)
	c.say(skills.Balance, nil)
	c.hears("I've shared something with this assistant once: balances. I never share account numbers or passwords.", skills.Shared, nil)
	c.say(skills.Spending, slot(skills.SlotPeriod, "2026-W47"))
	c.hears("I've shared something with this assistant 3 times: spending totals, refunds, what was left out of a total, what had been shared before, and balances. "+
		"The last time, it was spending totals, refunds, and what was left out of a total. I never share account numbers or passwords.", skills.Shared, nil)
}

func TestOfALongRecordOnlyWhatWasLookedAtIsTold(t *testing.T) {
	b := shopper()
	for range 51 {
		b.entries = append(b.entries, disclosure.Entry{Facts: []disclosure.Fact{{Kind: string(skills.FactTotal)}}})
	}
	b.entries = append(b.entries, disclosure.Entry{Facts: []disclosure.Fact{{Kind: string(skills.FactPurchase)}}}) // the oldest
	newTalk(t, b).hears("I've shared something with this assistant 52 times, and lately spending totals. The last time, it was spending totals. "+
		"I never share account numbers or passwords.", skills.Shared, nil)
}

func TestARecordThatCannotBeReadIsAnApology(t *testing.T) {
	c := newTalk(t, &bank{links: allowed(), refuse: errDisk})
	c.say(skills.Shared, nil)
	if c.reply.Key != skills.Sorry || c.trace.Reason != "fault of ours" {
		t.Errorf("got %q, %q", c.reply.Key, c.trace.Reason)
	}
}
