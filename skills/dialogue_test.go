package skills_test

import (
	"testing"

	"sotto/banking"
	"sotto/linking"
	"sotto/skills"
)

const (
	hello   = "Hello. You can ask about your balance, your spending, or your latest transactions. What would you like to know?"
	helping = "You can ask, what's my balance, or, how much did I spend on groceries last week, or, what are my latest transactions. " +
		"To hear what I've shared, ask, what have you shared. To end it all, say, forget me. What would you like to know?"
	puzzled    = "Sorry, I didn't get that. You can ask about your balance, your spending, or your latest transactions. What would you like to know?"
	forgetting = "If I forget you, this assistant can't ask about your money any more, until you link your bank again. Shall I do it?"
	onePound   = "Your current account has 1 pound."
)

// step is something said, and what is heard.
type step struct {
	intent skills.Intent
	slots  skills.Slots
	want   string
}

func TestConversations(t *testing.T) {
	for name, steps := range map[string][]step{
		"a question out of the blue is answered, and that is all": {{skills.Balance, nil, onePound}},
		"who opens the skill is asked whether there is anything else, until there is not": {
			{skills.Launch, nil, hello},
			{skills.Balance, nil, onePound + " Anything else?"},
			{skills.Repeat, nil, onePound + " Anything else?"},
			{skills.Yes, nil, "What would you like to know?"},
			{skills.Balance, nil, onePound + " Anything else?"},
			{skills.No, nil, "Goodbye."},
		},
		"help goes on":                      {{skills.Help, nil, helping}, {skills.Balance, nil, onePound + " Anything else?"}, {skills.Stop, nil, "Goodbye."}},
		"stop":                              {{skills.Stop, nil, "Goodbye."}},
		"cancel":                            {{skills.Launch, nil, hello}, {skills.Cancel, nil, "Goodbye."}},
		"what was not understood":           {{skills.Fallback, nil, puzzled}},
		"an intent nobody knows":            {{"PayIntent", nil, puzzled}},
		"yes out of the blue":               {{skills.Yes, nil, helping}},
		"no out of the blue":                {{skills.No, nil, helping}},
		"nothing to repeat":                 {{skills.Repeat, nil, "There's nothing to repeat yet. What would you like to know?"}},
		"the greeting is repeated":          {{skills.Launch, nil, hello}, {skills.Repeat, nil, hello}},
		"a yes to which account asks again": {{skills.Balance, slot(skills.SlotAccount, "x"), unknownName}, {skills.Yes, nil, unknownName}},
		"a no to which account ends it":     {{skills.Balance, slot(skills.SlotAccount, "x"), unknownName}, {skills.No, nil, "Goodbye."}},
		"after what was not understood the question stays, and is asked again": {
			{skills.Balance, slot(skills.SlotAccount, "x"), unknownName},
			{skills.Fallback, nil, "Sorry, I didn't get that. Which account would you like?"},
			{skills.Balance, slot(skills.SlotAccount, "current", "current"), onePound},
		},
		"a yes after what was not understood answers the question that was asked": {
			{skills.Forget, nil, forgetting},
			{skills.Fallback, nil, "Sorry, I didn't get that. Shall I forget you? Please say yes or no."},
			{skills.No, nil, "All right, I'll leave everything as it is."},
		},
		"a whole question in place of an answer is a new question": {
			{skills.Balance, slot(skills.SlotAccount, "x"), unknownName},
			{skills.Transactions, slot(skills.SlotAccount, "current", "current"), "I found no transactions from your current account between August 25th and November 23rd."},
		},
		"after a no to forget me, one who opened the skill is asked what else": {
			{skills.Launch, nil, hello},
			{skills.Forget, nil, forgetting},
			{skills.No, nil, "All right, I'll leave everything as it is. Anything else?"},
			{skills.No, nil, "Goodbye."},
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := newTalk(t, &bank{links: allowed(), accounts: []banking.Account{current}, balances: []banking.Balance{balanceOf(current, 100)}})
			for _, s := range steps {
				c.hears(s.want, s.intent, s.slots)
			}
		})
	}
}

const unknownName = "I don't know an account by that name. There is your current account. Which one would you like?"

func TestLaunchWithoutALinkSaysHowToLink(t *testing.T) {
	for name, sent := range map[string]linking.Token{"no token": "", "a token of no link": "stale"} {
		t.Run(name, func(t *testing.T) {
			c := newTalk(t, &bank{links: allowed()})
			c.token = sent
			c.hears("Hello. Once your bank is linked, I can tell you your balance and what you spent. To link it, open your assistant's app: "+
				"there is a card waiting for you. Come back when you're done.", skills.Launch, nil)
			if !c.reply.LinkCard || !c.reply.End {
				t.Errorf("got %+v", c.reply)
			}
		})
	}
}

func TestACardIsSpokenOfOnlyWhereThereIsOne(t *testing.T) {
	for platform, want := range map[linking.Platform]string{
		linking.Alexa:  "To answer that, I need a link to your bank. Please open your assistant's app: there is a card waiting for you that starts it. Then ask me again.",
		linking.Google: "To answer that, I need a link to your bank. Please link it in your bank's app. Then ask me again.",
		linking.MCP:    "To answer that, I need a link to your bank. Please link it in your bank's app. Then ask me again.",
	} {
		c := newTalk(t, &bank{})
		c.platform = platform
		c.hears(want, skills.Balance, nil)
	}
}
