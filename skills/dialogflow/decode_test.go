package dialogflow_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sotto/linking"
	"sotto/skills"
	"sotto/skills/dialogflow"
	"sotto/tests/judge"
)

// decoder is what both kinds of agent read requests with.
type decoder interface {
	Decode(http.Header, []byte) (skills.Turn, *skills.Aside, error)
}

func decode(t testing.TB, d decoder, h http.Header, body []byte) skills.Turn {
	t.Helper()
	turn, aside, err := d.Decode(h, body)
	if err != nil || aside != nil {
		t.Fatalf("%s: %v, %v", body, aside, err)
	}
	return turn
}

func TestRequestsThatAreNoneAreRefused(t *testing.T) {
	es, cx := agents(t)
	long := strings.Repeat("a", 513)
	for name, tc := range map[string]struct {
		es, cx []byte
		want   dialogflow.Reason
	}{
		"a request of an agent is read":                       {esBody(), cxBody(), ""},
		"a request with members to come is read":              {esBody("MORE", `,"new":{"a":[1]}`), cxBody("MORE", `,"new":{"a":[1]}`), ""},
		"an empty body is refused":                            {nil, nil, dialogflow.Malformed},
		"no JSON is refused":                                  {[]byte("==="), []byte("==="), dialogflow.Malformed},
		"half a request is refused":                           {esBody()[:100], cxBody()[:100], dialogflow.Malformed},
		"two requests are refused":                            {append(esBody(), esBody()...), append(cxBody(), cxBody()...), dialogflow.Malformed},
		"a list is refused":                                   {[]byte("[]"), []byte("[]"), dialogflow.Malformed},
		"null is refused":                                     {[]byte("null"), []byte("null"), dialogflow.Malformed},
		"an empty object is refused":                          {[]byte("{}"), []byte("{}"), dialogflow.Malformed},
		"the other kind's request is refused":                 {cxBody(), esBody(), dialogflow.Malformed},
		"a name that stands twice is refused":                 {esBody("MORE", `,"session":"x"`), cxBody("MORE", `,"text":"x"`), dialogflow.Malformed},
		"a name that stands twice unread is refused":          {esBody("MORE", `,"x":{"a":1,"a":2}`), cxBody("MORE", `,"x":{"a":1,"a":2}`), dialogflow.Malformed},
		"text that is not UTF-8 is refused":                   {esBody("TEXT", "\xff"), cxBody("TEXT", "\xff"), dialogflow.Malformed},
		"parameters that are a text are refused":              {esBody("PARAMETERS", `"x"`), cxBody("PARAMETERS", `"x"`), dialogflow.Malformed},
		"parameters that are a list are refused":              {esBody("PARAMETERS", `[]`), cxBody("PARAMETERS", `[]`), dialogflow.Malformed},
		"an intent that is a text is refused":                 {esBody("INTENT", `"BalanceIntent"`), cxBody(`"TAG"`, `1`), dialogflow.Malformed},
		"a language that is a number is refused":              {esBody(`"LANGUAGE"`, `1`), cxBody(`"LANGUAGE"`, `1`), dialogflow.Malformed},
		"an id of half a kilobyte is refused":                 {esBody("ID", long), cxBody("ID", long), dialogflow.Malformed},
		"a session longer than a chat is known by is refused": {esBody("SESSION", long), cxBody("SESSION", long), dialogflow.Malformed},
		"a language of half a kilobyte is refused":            {esBody("LANGUAGE", long), cxBody("LANGUAGE", long), dialogflow.Malformed},
		"a body over 256 KiB is refused":                      {esBody("TEXT", strings.Repeat("a", 256<<10)), cxBody("TEXT", strings.Repeat("a", 256<<10)), dialogflow.TooLarge},
		"nesting without end is refused":                      {[]byte(strings.Repeat(`{"a":`, 20000)), []byte(strings.Repeat(`[`, 200000)), dialogflow.Malformed},
		"parameters that are null are none":                   {esBody("PARAMETERS", `null`), cxBody("PARAMETERS", `null`), ""},
		"a request of an agent in a byte order is none":       {append([]byte("\ufeff"), esBody()...), append([]byte("\ufeff"), cxBody()...), dialogflow.Malformed},
	} {
		t.Run(name, func(t *testing.T) {
			for kind, try := range map[string]struct {
				d    decoder
				body []byte
			}{"ES": {es, tc.es}, "CX": {cx, tc.cx}} {
				_, _, err := try.d.Decode(nil, try.body)
				if got := reason(t, err); got != tc.want {
					t.Errorf("%s: got %q, want %q", kind, got, tc.want)
				}
				if err != nil && len(try.body) > 20 && strings.Contains(err.Error(), "sessions") {
					t.Errorf("%s: the refusal repeats something of the request: %v", kind, err)
				}
			}
		})
	}
}

func TestWhatOthersSentToActionsIsRefused(t *testing.T) {
	es, cx := agents(t)
	for _, file := range judge.Files(t, "google/*/*.json") {
		for _, d := range []decoder{es, cx} {
			_, _, err := d.Decode(nil, judge.File(t, file))
			if got := reason(t, err); got != dialogflow.Malformed {
				t.Errorf("%s: got %q", file, got)
			}
		}
	}
}

func TestWhichIntentIsMeant(t *testing.T) {
	es, cx := agents(t)
	intent := func(name string) string { return fmt.Sprintf(`{"displayName":%q}`, name) }
	for name, tc := range map[string]struct {
		es, cx []byte
		want   skills.Intent
	}{
		"an intent of the catalogue":            {esBody("INTENT", intent("SpendingIntent")), cxBody("TAG", "SpendingIntent"), skills.Spending},
		"the welcome of every new agent":        {esBody("INTENT", intent("Default Welcome Intent")), cxBody("TAG", "Default Welcome Intent"), skills.Launch},
		"help":                                  {esBody("INTENT", intent("HelpIntent")), cxBody("TAG", "HelpIntent"), skills.Help},
		"yes":                                   {esBody("INTENT", intent("YesIntent")), cxBody("TAG", "YesIntent"), skills.Yes},
		"no, by the catalogue's name":           {esBody("INTENT", intent("no")), cxBody("TAG", "no"), skills.No},
		"stop":                                  {esBody("INTENT", intent("StopIntent")), cxBody("TAG", "StopIntent"), skills.Stop},
		"cancel":                                {esBody("INTENT", intent("CancelIntent")), cxBody("TAG", "CancelIntent"), skills.Cancel},
		"repeat":                                {esBody("INTENT", intent("RepeatIntent")), cxBody("TAG", "RepeatIntent"), skills.Repeat},
		"an action, or the intent behind a tag": {esBody("INTENT", intent("my greeting"), "ACTION", "input.welcome"), cxBody("TAG", "sotto", "INTENT", "launch"), skills.Launch},
		"the tag before the intent":             {esBody("INTENT", intent("help"), "ACTION", "BalanceIntent"), cxBody("TAG", "help", "INTENT", "BalanceIntent"), skills.Help},
		"an intent of the agent that is none of ours": {esBody("INTENT", intent("TransferIntent"), "TEXT", "what's my balance"), cxBody("TAG", "TransferIntent", "TEXT", "what's my balance"), skills.Fallback},
		"a fallback whose text is understood":         {esBody("INTENT", intent("Default Fallback Intent"), "TEXT", "what's my balance"), cxBody("TAG", "Default Negative Intent", "TEXT", "what's my balance"), skills.Balance},
		"a fallback whose text is not":                {esBody("INTENT", intent("Default Fallback Intent"), "TEXT", "sing"), cxBody("TAG", "Default Fallback Intent", "TEXT", "sing"), skills.Fallback},
		"a fallback of another name":                  {esBody("INTENT", `{"displayName":"nope","isFallback":true}`, "TEXT", "what's my balance"), cxBody("TAG", "input.unknown", "TEXT", "what's my balance"), skills.Balance},
		"text without any intent":                     {esBody("INTENT", `{}`, "TEXT", "what's my balance"), cxBody("TAG", "", "TEXT", "what's my balance"), skills.Balance},
		"neither intent nor text":                     {esBody("INTENT", `{}`, "TEXT", ""), cxBody("TAG", "", "TEXT", ""), skills.Fallback},
		"a code of six digits, whatever was matched":  {esBody("TEXT", "123 456"), cxBody("TEXT", "123 456"), skills.LinkCode},
		"four digits are no code":                     {esBody("TEXT", "1234"), cxBody("TEXT", "1234"), skills.Balance},
	} {
		t.Run(name, func(t *testing.T) {
			for kind, turn := range map[string]skills.Turn{"ES": decode(t, es, nil, tc.es), "CX": decode(t, cx, nil, tc.cx)} {
				if turn.Intent != tc.want || turn.ID != "r-1" || turn.Platform != linking.Google || turn.Locale != "en" {
					t.Errorf("%s: got %+v, want %q", kind, turn, tc.want)
				}
			}
		})
	}
	spoken := decode(t, cx, nil, cxBody("TAG", "", "TEXT", "", "MORE", `,"transcript":"what's my balance"`))
	if spoken.Intent != skills.Balance {
		t.Errorf("what was said aloud is %q", spoken.Intent)
	}
}

func TestWhoseTurnItIs(t *testing.T) {
	es, cx := agents(t)
	closed := config(t)
	closed.Client = ""
	unlinkable, _, err := dialogflow.New(closed)
	if err != nil {
		t.Fatal(err)
	}
	phone := `"payload":{"telephony":{"caller_id":"+44"}}`
	for name, tc := range map[string]struct {
		d      decoder
		header http.Header
		body   []byte
		token  linking.Token
		chat   linking.Chat
	}{
		"a token is the customer's":                      {es, header("Sotto-Token", "t"), esBody(), "t", linking.Chat{}},
		"without one it is the session's":                {es, nil, esBody(), "", linking.Chat{Client: "google", ID: session}},
		"in CX too":                                      {cx, nil, cxBody(), "", linking.Chat{Client: "google", ID: cxSession}},
		"a token in CX":                                  {cx, header("Sotto-Token", "t"), cxBody(), "t", linking.Chat{}},
		"where no client holds conversations, nobody's":  {unlinkable, nil, esBody(), "", linking.Chat{}},
		"without a session, nobody's":                    {es, nil, esBody("SESSION", ""), "", linking.Chat{}},
		"on the phone, nobody's: a page cannot be shown": {cx, nil, cxBody("MORE", ","+phone), "", linking.Chat{}},
		"on the phone in ES, too":                        {es, nil, []byte(strings.Replace(string(esBody()), `"payload":{}`, phone, 1)), "", linking.Chat{}},
		"a token in the body is nobody's":                {es, nil, esBody("MORE", `,"Sotto-Token":"t"`), "", linking.Chat{Client: "google", ID: session}},
		"the session of another project is another chat": {es, nil, esBody("SESSION", "projects/evil/agent/sessions/s"), "", linking.Chat{Client: "google", ID: "projects/evil/agent/sessions/s"}},
	} {
		t.Run(name, func(t *testing.T) {
			turn := decode(t, tc.d, tc.header, tc.body)
			if turn.Token != tc.token || turn.Chat != tc.chat {
				t.Errorf("got %q, %q of %q", string(turn.Token), turn.Chat.ID, turn.Chat.Client)
			}
		})
	}
	for name, h := range map[string]http.Header{
		"two tokens":               header("Sotto-Token", "a", "Sotto-Token", "b"),
		"a token of ten kilobytes": header("Sotto-Token", strings.Repeat("a", 10<<10)),
	} {
		if _, _, err := es.Decode(h, esBody()); reason(t, err) != dialogflow.Malformed {
			t.Errorf("%s: %v", name, err)
		}
	}
	if turn := decode(t, es, header("Sotto-Token", "t"), esBody("TEXT", "123456")); turn.Intent == skills.LinkCode {
		t.Error("a code was taken in a conversation that has a token")
	}
	if a, b := decode(t, es, nil, esBody("ID", "")), decode(t, es, nil, esBody("ID", "", "TEXT", "x")); a.ID == "" || a.ID == b.ID {
		t.Errorf("requests without an id are %q and %q", a.ID, b.ID)
	}
}

func TestSlots(t *testing.T) {
	es, cx := agents(t)
	for name, tc := range map[string]struct {
		slot skills.SlotName
		raw  string
		want skills.Slot
	}{
		"an empty string was not filled":                  {skills.SlotAccount, `""`, skills.Slot{}},
		"null was not filled":                             {skills.SlotAccount, `null`, skills.Slot{}},
		"an empty list was not filled":                    {skills.SlotAccount, `[]`, skills.Slot{}},
		"a list of empty strings was not filled":          {skills.SlotAccount, `["",""]`, skills.Slot{}},
		"an empty object was not filled":                  {skills.SlotAccount, `{}`, skills.Slot{}},
		"an id of the catalogue":                          {skills.SlotAccount, `"savings"`, skills.Slot{Heard: "savings", Values: []string{"savings"}}},
		"a word for it":                                   {skills.SlotCategory, `"Food Shopping"`, skills.Slot{Heard: "Food Shopping", Values: []string{"groceries"}}},
		"what the catalogue has not is still heard":       {skills.SlotMerchant, `"Corner Shop"`, skills.Slot{Heard: "Corner Shop"}},
		"a list is an ambiguity":                          {skills.SlotAccount, `["savings","credit card"]`, skills.Slot{Heard: "savings, credit card", Values: []string{"savings", "card"}}},
		"two kinds of spending are both heard":            {skills.SlotCategory, `["groceries","transport"]`, skills.Slot{Heard: "groceries, transport", Values: []string{"groceries", "transport"}}},
		"a list of one is one":                            {skills.SlotAccount, `["savings"]`, skills.Slot{Heard: "savings", Values: []string{"savings"}}},
		"an entity of several parts":                      {skills.SlotMerchant, `{"business-name":"Tesco","city":""}`, skills.Slot{Heard: "Tesco", Values: []string{"Tesco"}}},
		"digits as a number":                              {skills.SlotAccount, `1234.0`, skills.Slot{Heard: "1234"}},
		"digits as a string":                              {skills.SlotAccount, `"1234"`, skills.Slot{Heard: "1234"}},
		"a boolean is nothing":                            {skills.SlotAccount, `true`, skills.Slot{}},
		"a novel is cut":                                  {skills.SlotMerchant, `"` + strings.Repeat("é", 500) + `"`, skills.Slot{Heard: strings.Repeat("é", 100)}},
		"a list within lists is not dug for":              {skills.SlotAccount, `[[["savings"]]]`, skills.Slot{}},
		"a count":                                         {skills.SlotCount, `3`, skills.Slot{Heard: "3"}},
		"a count as a float":                              {skills.SlotCount, `3.0`, skills.Slot{Heard: "3"}},
		"a count as a string":                             {skills.SlotCount, `"3"`, skills.Slot{Heard: "3"}},
		"a count in a list":                               {skills.SlotCount, `[3]`, skills.Slot{Heard: "3"}},
		"two counts are none":                             {skills.SlotCount, `[3,4]`, skills.Slot{}},
		"half a count is none":                            {skills.SlotCount, `2.5`, skills.Slot{}},
		"a count beyond all numbers is none":              {skills.SlotCount, `1e999`, skills.Slot{}},
		"a count in words is none":                        {skills.SlotCount, `"three"`, skills.Slot{}},
		"a count that was not said":                       {skills.SlotCount, `""`, skills.Slot{}},
		"a day of ES":                                     {skills.SlotPeriod, `"2026-11-22T12:00:00+01:00"`, skills.Slot{Heard: "2026-11-22"}},
		"a day without a time":                            {skills.SlotPeriod, `"2026-11-22"`, skills.Slot{Heard: "2026-11-22"}},
		"a day in its own zone":                           {skills.SlotPeriod, `"2026-11-22T23:30:00-08:00"`, skills.Slot{Heard: "2026-11-22"}},
		"a period of ES":                                  {skills.SlotPeriod, `{"startDate":"2026-11-16T12:00:00Z","endDate":"2026-11-22T12:00:00Z"}`, skills.Slot{Heard: "2026-11-16/2026-11-22"}},
		"a period of one day":                             {skills.SlotPeriod, `{"startDate":"2026-11-16T12:00:00Z","endDate":"2026-11-16T12:00:00Z"}`, skills.Slot{Heard: "2026-11-16"}},
		"an instant of ES":                                {skills.SlotPeriod, `{"date_time":"2026-11-22T09:00:00Z"}`, skills.Slot{Heard: "2026-11-22"}},
		"a period of instants":                            {skills.SlotPeriod, `{"startDateTime":"2026-11-16T00:00:00Z","endDateTime":"2026-11-22T23:59:59Z"}`, skills.Slot{Heard: "2026-11-16/2026-11-22"}},
		"a period of instants that ends at midnight":      {skills.SlotPeriod, `{"startDateTime":"2026-11-16T00:00:00Z","endDateTime":"2026-11-23T00:00:00Z"}`, skills.Slot{Heard: "2026-11-16/2026-11-22"}},
		"a period of times":                               {skills.SlotPeriod, `{"startTime":"2026-11-22T08:00:00Z","endTime":"2026-11-22T12:00:00Z"}`, skills.Slot{Heard: "2026-11-22"}},
		"a day of CX":                                     {skills.SlotPeriod, `{"year":2026.0,"month":11.0,"day":22.0}`, skills.Slot{Heard: "2026-11-22"}},
		"an instant of CX":                                {skills.SlotPeriod, `{"year":2026.0,"month":11.0,"day":22.0,"hours":9.0,"minutes":0.0,"seconds":0.0,"nanos":0.0}`, skills.Slot{Heard: "2026-11-22"}},
		"a month of CX":                                   {skills.SlotPeriod, `{"year":2026.0,"month":10.0}`, skills.Slot{Heard: "2026-10"}},
		"a year of CX":                                    {skills.SlotPeriod, `{"year":2025.0}`, skills.Slot{Heard: "2025"}},
		"a month without a year is the last of its name":  {skills.SlotPeriod, `{"month":3.0}`, skills.Slot{Heard: "XXXX-03"}},
		"a day without a year":                            {skills.SlotPeriod, `{"month":3.0,"day":15.0}`, skills.Slot{Heard: "XXXX-03-15"}},
		"a day without a month":                           {skills.SlotPeriod, `{"day":15.0}`, skills.Slot{Heard: "XXXX-XX-15"}},
		"a period of CX":                                  {skills.SlotPeriod, `{"startDate":{"year":2026.0,"month":11.0,"day":16.0},"endDate":{"year":2026.0,"month":11.0,"day":22.0}}`, skills.Slot{Heard: "2026-11-16/2026-11-22"}},
		"a period of partial dates":                       {skills.SlotPeriod, `{"startDate":{"month":3.0},"endDate":{"month":5.0}}`, skills.Slot{Heard: "XXXX-03/XXXX-05"}},
		"a period in a list":                              {skills.SlotPeriod, `[{"startDate":"2026-11-16T12:00:00Z","endDate":"2026-11-22T12:00:00Z"}]`, skills.Slot{Heard: "2026-11-16/2026-11-22"}},
		"a period with an empty twin":                     {skills.SlotPeriod, `["","2026-11-22"]`, skills.Slot{Heard: "2026-11-22"}},
		"a period that was not said":                      {skills.SlotPeriod, `""`, skills.Slot{}},
		"a period of nothing":                             {skills.SlotPeriod, `{}`, skills.Slot{}},
		"two periods are asked back":                      {skills.SlotPeriod, `["2026-11-21","2026-11-22"]`, skills.Slot{Heard: "?"}},
		"a period in words is asked back":                 {skills.SlotPeriod, `"last week"`, skills.Slot{Heard: "?"}},
		"a period that only begins is asked back":         {skills.SlotPeriod, `{"startDate":"2026-11-16T12:00:00Z"}`, skills.Slot{Heard: "?"}},
		"a period that only ends is asked back":           {skills.SlotPeriod, `{"endDate":{"year":2026.0}}`, skills.Slot{Heard: "?"}},
		"a thirteenth month is asked back":                {skills.SlotPeriod, `{"year":2026.0,"month":13.0}`, skills.Slot{Heard: "?"}},
		"half a day is asked back":                        {skills.SlotPeriod, `{"year":2026.5,"month":"x"}`, skills.Slot{Heard: "?"}},
		"a year and a day without a month are asked back": {skills.SlotPeriod, `{"year":2026.0,"day":3.0}`, skills.Slot{Heard: "?"}},
		"a number is asked back":                          {skills.SlotPeriod, `2026`, skills.Slot{Heard: "?"}},
		"lists of lists of periods are asked back":        {skills.SlotPeriod, `[["2026-11-22"]]`, skills.Slot{Heard: "?"}},
		"a day of a hundred kilobytes is asked back":      {skills.SlotPeriod, `"` + strings.Repeat("2", 100<<10) + `"`, skills.Slot{Heard: "?"}},
	} {
		t.Run(name, func(t *testing.T) {
			intent := skills.Spending
			if tc.slot == skills.SlotCount {
				intent = skills.Transactions
			}
			var want skills.Slots
			if tc.want.Heard != "" {
				want = skills.Slots{tc.slot: tc.want}
			}
			turn := decode(t, es, nil, esBody("INTENT", fmt.Sprintf(`{"displayName":%q}`, intent), "PARAMETERS", fmt.Sprintf(`{%q:%s,"evil":"x"}`, tc.slot, tc.raw)))
			if diff := cmp.Diff(want, turn.Slots); diff != "" {
				t.Errorf("ES: %s", diff)
			}
			turn = decode(t, cx, nil, cxBody("TAG", string(intent), "PARAMETERS", fmt.Sprintf(`{%q:{"resolvedValue":%s},"evil":{}}`, tc.slot, tc.raw)))
			if diff := cmp.Diff(want, turn.Slots); diff != "" {
				t.Errorf("CX: %s", diff)
			}
		})
	}
}

func TestWhatWasHeardIsWhatTheCustomerSaid(t *testing.T) {
	es, cx := agents(t)
	want := skills.Slots{skills.SlotCategory: {Heard: "food", Values: []string{"groceries"}}}
	turn := decode(t, es, nil, esBody("INTENT", `{"displayName":"SpendingIntent"}`, "PARAMETERS", `{"category":"groceries"}`,
		"CONTEXTS", `[{"name":"`+session+`/contexts/other","parameters":{"category":"groceries","category.original":"food"}}]`))
	if diff := cmp.Diff(want, turn.Slots); diff != "" {
		t.Errorf("ES: %s", diff)
	}
	turn = decode(t, es, nil, esBody("INTENT", `{"displayName":"SpendingIntent"}`, "PARAMETERS", `{"category":"groceries"}`,
		"CONTEXTS", `[{"name":"`+session+`/contexts/other","parameters":{"category":"travel","category.original":"flights"}},`+
			`{"name":"`+session+`/contexts/__system_counters__","parameters":{"no-match":0,"category":"groceries","category.original":"food"}}]`))
	if diff := cmp.Diff(want, turn.Slots); diff != "" {
		t.Errorf("ES, where a context still holds what was said before: %s", diff)
	}
	turn = decode(t, cx, nil, cxBody("TAG", "SpendingIntent", "PARAMETERS", `{"category":{"originalValue":"food","resolvedValue":"groceries"}}`))
	if diff := cmp.Diff(want, turn.Slots); diff != "" {
		t.Errorf("CX: %s", diff)
	}
}

func TestAFormsParametersAreSlotsAndAnEarlierQuestionsAreNot(t *testing.T) {
	_, cx := agents(t)
	turn := decode(t, cx, nil, cxBody("TAG", "SpendingIntent",
		"FORM", `[{"displayName":"category","state":"FILLED","value":"groceries","justCollected":true},{"displayName":"account","state":"INVALID","value":"savings"}]`,
		"KEPT", `{"merchant":"Tesco","category":"travel"}`))
	if diff := cmp.Diff(skills.Slots{skills.SlotCategory: {Heard: "groceries", Values: []string{"groceries"}}}, turn.Slots); diff != "" {
		t.Error(diff)
	}
}
