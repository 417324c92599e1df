package nlu_test

import (
	"slices"
	"strings"
	"testing"

	"sotto/skills"
)

func TestTypedText(t *testing.T) {
	p := parser(t)
	account := func(heard string, values ...string) skills.Slots {
		return skills.Slots{skills.SlotAccount: {Heard: heard, Values: values}}
	}
	period := func(value string) skills.Slots { return skills.Slots{skills.SlotPeriod: {Heard: value}} }
	with := func(slots ...skills.Slots) skills.Slots {
		all := skills.Slots{}
		for _, s := range slots {
			for name, slot := range s {
				all[name] = slot
			}
		}
		return all
	}
	category := func(heard string, values ...string) skills.Slots {
		return skills.Slots{skills.SlotCategory: {Heard: heard, Values: values}}
	}
	merchant := func(heard string, values ...string) skills.Slots {
		return skills.Slots{skills.SlotMerchant: {Heard: heard, Values: values}}
	}
	count := func(n string) skills.Slots { return skills.Slots{skills.SlotCount: {Heard: n}} }
	for said, want := range map[string]struct {
		intent skills.Intent
		slots  skills.Slots
	}{
		"what's my balance":   {skills.Balance, nil},
		"WHATS MY BALANCE???": {skills.Balance, nil},
		"💰 balance pls 🙏":     {skills.Balance, nil},
		"waht's my blance":    {skills.Balance, nil},
		"Hi! Could you please tell me my current balance, thanks":   {skills.Balance, nil},
		"how much £ is in my savings account":                       {skills.Balance, account("savings account", "savings")},
		"how much is in my savngs acct":                             {skills.Balance, account("savngs acct", "savings")},
		"what's the balance of my Rainy Day account":                {skills.Balance, account("Rainy Day")},
		"what's my Albion savings balance":                          {skills.Balance, account("Albion savings", "savings")},
		"balance of the account ending in 4411":                     {skills.Balance, account("4411")},
		"the savings one":                                           {skills.Balance, account("savings", "savings")},
		"how much do I owe on my credit card?":                      {skills.Balance, account("credit card", "card")},
		"how much did I spend on groceries last week?":              {skills.Spending, with(category("groceries", "groceries"), period("week-1"))},
		"how much did i spend on grocceries last wk":                {skills.Spending, with(category("grocceries", "groceries"), period("week-1"))},
		"How much have I spent since March":                         {skills.Spending, period("XXXX-03/..")},
		"how much did I spend in the past 3 days":                   {skills.Spending, period("P3D")},
		"what did I spend yesterday":                                {skills.Spending, period("day-1")},
		"spending between 1 and 15 March":                           {skills.Spending, period("XXXX-03-01/XXXX-03-15")},
		"how much have I spent this month so far":                   {skills.Spending, period("month-0")},
		"how much did I spend last weekend":                         {skills.Spending, period("weekend-1")},
		"how much did I spend in 2025":                              {skills.Spending, period("2025")},
		"how much did I spend in May":                               {skills.Spending, period("XXXX-05")},
		"how much did I spend on Friday":                            {skills.Spending, period("XXXX-WXX-5")},
		"how much did I spend from Monday to Friday":                {skills.Spending, period("XXXX-WXX-1/XXXX-WXX-5")},
		"how much did I spend at Joe's Pizza last month?":           {skills.Spending, with(merchant("Joe's Pizza"), period("month-1"))},
		"how much did I spend at Sainsburys":                        {skills.Spending, merchant("Sainsburys", "Sainsbury's")},
		"how much did I spend on unicorns":                          {skills.Spending, category("unicorns")},
		"how much did I spend since the wedding":                    {skills.Spending, period("since the wedding")},
		"how much did I spend last month on my credit card":         {skills.Spending, with(account("credit card", "card"), period("month-1"))},
		"how much did I spend on groceries and transport last week": {skills.Spending, with(category("groceries and transport", "groceries", "transport"), period("week-1"))},
		"spending on groceries, fuel & rent":                        {skills.Spending, category("groceries, fuel & rent", "groceries", "transport", "housing")},
		"how much did I spend on food and on groceries":             {skills.Spending, category("food", "groceries")},
		"what did I spend on coffee and clothes shopping":           {skills.Spending, category("coffee and clothes shopping", "eating out", "shopping")},
		"what did I spend on fast food subscriptions":               {skills.Spending, category("fast food", "eating out")},
		"how much did I spend at Tesco and at Lidl":                 {skills.Spending, merchant("Tesco and at Lidl", "Tesco", "Lidl")},
		"groceries":                                {skills.Spending, category("groceries", "groceries")},
		"and last month?":                          {skills.Spending, period("month-1")},
		"what about eating out":                    {skills.Spending, category("eating out", "eating out")},
		"what are my last five transactions":       {skills.Transactions, count("5")},
		"show me the last 10 transactions at Aldi": {skills.Transactions, with(count("10"), merchant("Aldi", "Aldi"))},
		"my transactions from yesterday":           {skills.Transactions, period("day-1")},
		"what did I buy at Zara in November 2025":  {skills.Transactions, with(merchant("Zara"), period("2025-11"))},
		"recent transactions on my card":           {skills.Transactions, account("card", "card")},
		"what have you told facebook about me":     {skills.Shared, nil},
		"please forget me":                         {skills.Forget, nil},
		"stop sharing my data!":                    {skills.Forget, nil},
		"help":                                     {skills.Help, nil},
		"Hello":                                    {skills.Launch, nil},
		"yes please":                               {skills.Yes, nil},
		"nope":                                     {skills.No, nil},
		"never mind":                               {skills.Cancel, nil},
		"say that again please":                    {skills.Repeat, nil},
		"bye":                                      {skills.Stop, nil},
		"":                                         {skills.Fallback, nil},
		"?!":                                       {skills.Fallback, nil},
		"what's the weather like in Boston":        {skills.Fallback, nil},
		"transfer 50 pounds to my brother":         {skills.Fallback, nil},
		"colourless green ideas sleep furiously":   {skills.Fallback, nil},
		"what's my pto balance":                    {skills.Fallback, nil},
		"\xff\xfe what's my \xf0 balance":          {skills.Balance, nil},
	} {
		intent, slots := p.Parse("en-US", said, skills.Dialogue{})
		if intent != want.intent || !same(slots, want.slots) {
			t.Errorf("%q: got %q %v, want %q %v", said, intent, slots, want.intent, want.slots)
		}
	}
}

func same(a, b skills.Slots) bool {
	if len(a) != len(b) {
		return false
	}
	for name, s := range a {
		if o, ok := b[name]; !ok || o.Heard != s.Heard || !slices.Equal(o.Values, s.Values) {
			return false
		}
	}
	return true
}

func TestATextThatIsNoQuestionAnswersWhatWasAsked(t *testing.T) {
	p := parser(t)
	asked := func(intent skills.Intent, slot skills.SlotName) skills.Dialogue {
		return skills.Dialogue{Intent: intent, Slots: skills.Slots{}, Asked: string(slot)}
	}
	for said, want := range map[string]struct {
		before skills.Dialogue
		intent skills.Intent
		slot   skills.SlotName
		heard  skills.Slot
	}{
		"the savings one":     {asked(skills.Balance, skills.SlotAccount), skills.Balance, skills.SlotAccount, skills.Slot{Heard: "savings", Values: []string{"savings"}}},
		"Tokyo":               {asked(skills.Balance, skills.SlotAccount), skills.Balance, skills.SlotAccount, skills.Slot{Heard: "Tokyo"}},
		"the euro one please": {asked(skills.Spending, skills.SlotAccount), skills.Spending, skills.SlotAccount, skills.Slot{Heard: "euro one"}},
		"2512":                {asked(skills.Balance, skills.SlotAccount), skills.Balance, skills.SlotAccount, skills.Slot{Heard: "2512"}},
		"Everyday":            {asked(skills.Transactions, skills.SlotAccount), skills.Transactions, skills.SlotAccount, skills.Slot{Heard: "Everyday"}},
		"last week":           {asked(skills.Transactions, skills.SlotPeriod), skills.Spending, skills.SlotPeriod, skills.Slot{Heard: "week-1"}},
		"since the wedding":   {asked(skills.Spending, skills.SlotPeriod), skills.Spending, skills.SlotPeriod, skills.Slot{Heard: "since the wedding"}},
		"eating out":          {asked(skills.Spending, skills.SlotCategory), skills.Spending, skills.SlotCategory, skills.Slot{Heard: "eating out", Values: []string{"eating out"}}},
		"unicorns":            {asked(skills.Spending, skills.SlotCategory), skills.Spending, skills.SlotCategory, skills.Slot{Heard: "unicorns"}},
		"cancel":              {asked(skills.Balance, skills.SlotAccount), skills.Cancel, "", skills.Slot{}},
		"the weather in Boston is much too cold for me": {asked(skills.Balance, skills.SlotAccount), skills.Fallback, "", skills.Slot{}},
		"what have you shared":                          {asked(skills.Balance, skills.SlotAccount), skills.Shared, "", skills.Slot{}},
		"sure":                                          {skills.Dialogue{Intent: skills.Forget, Asked: skills.AskedConfirm}, skills.Yes, "", skills.Slot{}},
		"nah":                                           {skills.Dialogue{Intent: skills.Transactions, Asked: skills.AskedMore}, skills.No, "", skills.Slot{}},
	} {
		intent, slots := p.Parse("en-US", said, want.before)
		expected := skills.Slots{}
		if want.slot != "" {
			expected[want.slot] = want.heard
		}
		if intent != want.intent || !same(slots, expected) {
			t.Errorf("%q: got %q %v, want %q %v", said, intent, slots, want.intent, expected)
		}
	}
}

func TestABritonWritesTheDayBeforeTheMonth(t *testing.T) {
	p := parser(t)
	for locale, want := range map[string]string{"en-GB": "XXXX-03-02", "en-US": "XXXX-02-03", "en-AU": "XXXX-03-02", "": "XXXX-02-03", "not a locale": "XXXX-02-03"} {
		if intent, slots := p.Parse(locale, "how much did I spend on 2/3", skills.Dialogue{}); intent != skills.Spending || slots[skills.SlotPeriod].Heard != want {
			t.Errorf("%s: got %s %v, want %s", locale, intent, slots, want)
		}
	}
	if _, slots := p.Parse("en-GB", "what did I spend on the weekly shop", skills.Dialogue{}); !slices.Equal(slots[skills.SlotCategory].Values, []string{"groceries"}) {
		t.Errorf("the weekly shop is %v", slots)
	}
}

// TestEverySentenceOfTheCatalogueIsRead says what is on the package of a platform to the parser, with the slots' own words.
func TestEverySentenceOfTheCatalogueIsRead(t *testing.T) {
	p := parser(t)
	c, err := skills.NewCatalogue(nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, locale := range c.Locales() {
		l, _ := c.Language(locale)
		var fill []string
		for slot, values := range l.Values {
			fill = append(fill, "{"+string(slot)+"}", values[0].Name)
		}
		for slot, examples := range l.Examples {
			fill = append(fill, "{"+string(slot)+"}", examples[0].Words)
		}
		for intent, sentences := range l.Sentences {
			for _, s := range sentences {
				said := strings.NewReplacer(fill...).Replace(s)
				if got, slots := p.Parse(locale, said, skills.Dialogue{}); got != intent || len(slots) != strings.Count(s, "{") {
					t.Errorf("%s: %q is read as %s with %v, want %s", locale, said, got, slots, intent)
				}
			}
		}
	}
}

func TestWhatIsFarTooLongIsNotRead(t *testing.T) {
	p := parser(t)
	for _, text := range []string{strings.Repeat("what's my balance ", 1000), strings.Repeat("my ", 61) + "balance", strings.Repeat("\xff", 1<<20)} {
		if intent, slots := p.Parse("en-US", text, skills.Dialogue{}); intent != skills.Fallback || len(slots) > 0 {
			t.Errorf("%d bytes are read as %s", len(text), intent)
		}
	}
}
