package alexa_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sotto/linking"
	"sotto/skills"
	"sotto/skills/alexa"
)

// platform is one whose signatures nobody looks at: Decode is called with what Verify let through.
func platform(t testing.TB) *alexa.Platform {
	t.Helper()
	p, err := alexa.New(alexa.Config{SkillIDs: []string{"amzn1.ask.skill.another", skillID}, Now: stopped})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// request is the smallest whole request; parts replace members of it.
func request(parts ...string) []byte {
	content := `{"version":"1.0","session":SESSION,"context":CONTEXT,"request":{"type":"TYPE","requestId":"amzn1.echo-api.request.1","timestamp":TIME,"locale":"en-US"MORE}}`
	var within []string // members of the session, which is not there yet
	for i := 0; i+1 < len(parts); i += 2 {
		if !strings.Contains(content, parts[i]) {
			within = append(within, parts[i], parts[i+1])
		}
		content = strings.Replace(content, parts[i], parts[i+1], 1)
	}
	for _, pair := range [][2]string{
		{"SESSION", `{"new":NEW,"sessionId":"s","application":{"applicationId":"` + skillID + `"},"attributes":ATTRIBUTES,"user":{"userId":"u"}}`},
		{"NEW", "false"},
		{"ATTRIBUTES", "{}"},
		{"CONTEXT", `{"System":{"application":{"applicationId":"` + skillID + `"},"user":{"userId":"u"}}}`},
		{"TYPE", "LaunchRequest"},
		{"TIME", `"2026-11-23T12:00:00Z"`},
		{"MORE", ""},
	} {
		content = strings.Replace(content, pair[0], pair[1], 1)
		if pair[0] == "SESSION" {
			content = strings.NewReplacer(within...).Replace(content)
		}
	}
	return []byte(content)
}

func at(offset time.Duration) string {
	return fmt.Sprintf("%q", present.Add(offset).Format(time.RFC3339))
}

func TestDecodeRefuses(t *testing.T) {
	const other = `{"System":{"application":{"applicationId":"amzn1.ask.skill.evil"}}}`
	const event = "AlexaSkillEvent.SkillDisabled"
	for name, tc := range map[string]struct {
		body []byte
		want alexa.Reason
	}{
		"a request of now is read":                                       {request(), ""},
		"a request of 150 seconds ago is read":                           {request("TIME", at(-150*time.Second)), ""},
		"a request of 151 seconds ago, replayed, is refused":             {request("TIME", at(-151*time.Second)), alexa.Stale},
		"a request 150 seconds ahead is read":                            {request("TIME", at(150*time.Second)), ""},
		"a request 151 seconds ahead, kept for later, is refused":        {request("TIME", at(151*time.Second)), alexa.Stale},
		"a skill event of an hour ago is read":                           {request("TYPE", event, "TIME", at(-time.Hour)), ""},
		"a skill event of over an hour ago is refused":                   {request("TYPE", event, "TIME", at(-time.Hour-time.Second)), alexa.Stale},
		"a skill event over an hour ahead is refused":                    {request("TYPE", event, "TIME", at(time.Hour+time.Second)), alexa.Stale},
		"a question that calls itself a skill is held to 150 seconds":    {request("TYPE", "XAlexaSkillEvent.", "TIME", at(-time.Hour)), alexa.Stale},
		"a time in milliseconds is read":                                 {request("TIME", fmt.Sprint(present.UnixMilli())), ""},
		"a time in milliseconds of long ago is refused":                  {request("TIME", "1431520496000"), alexa.Stale},
		"a time with a zone is read":                                     {request("TIME", `"2026-11-23T13:00:00+01:00"`), ""},
		"a time of the year 292277026 is refused":                        {request("TIME", "9223372036854775807"), alexa.Stale},
		"a time too large for a number is refused":                       {request("TIME", "1e400"), alexa.Malformed},
		"no time is refused":                                             {request("TIME", "null"), alexa.Malformed},
		"a time in words is refused":                                     {request("TIME", `"now"`), alexa.Malformed},
		"another skill's request, signed by Amazon, is refused":          {request("CONTEXT", other, "SESSION", `{"application":{"applicationId":"amzn1.ask.skill.evil"}}`), alexa.Application},
		"a session of ours in the context of another skill is refused":   {request("CONTEXT", other), alexa.Application},
		"a context of ours in the session of another skill is refused":   {request("SESSION", `{"application":{"applicationId":"amzn1.ask.skill.evil"}}`), alexa.Application},
		"a session of ours in the context of our other skill is refused": {request("CONTEXT", `{"System":{"application":{"applicationId":"amzn1.ask.skill.another"}}}`), alexa.Application},
		"a request that names no skill is refused":                       {request("CONTEXT", "{}", "SESSION", "{}"), alexa.Application},
		"a request that names its skill in the session only is read":     {request("CONTEXT", "null"), ""},
		"a request that names its skill in the context only is read":     {request("SESSION", "null"), ""},
		"an id that only begins like ours is refused":                    {request("CONTEXT", `{}`, "SESSION", `{"application":{"applicationId":"`+skillID+`0"}}`), alexa.Application},
		"an empty body is refused":                                       {nil, alexa.Malformed},
		"a body that is no JSON is refused":                              {[]byte("==="), alexa.Malformed},
		"half a body is refused":                                         {request()[:80], alexa.Malformed},
		"two bodies are refused":                                         {append(request(), request()...), alexa.Malformed},
		"a list is refused":                                              {[]byte("[]"), alexa.Malformed},
		"a name that stands twice is refused":                            {request("MORE", `,"locale":"en-GB"`), alexa.Malformed},
		"a name that stands twice where nobody reads is refused":         {request("MORE", `,"x":{"a":1,"a":2}`), alexa.Malformed},
		"text that is not UTF-8 is refused":                              {request("MORE", ",\"x\":\"\xff\""), alexa.Malformed},
		"a byte order mark is refused":                                   {append([]byte("\ufeff"), request()...), alexa.Malformed},
		"a request without a type is refused":                            {request("TYPE", ""), alexa.Malformed},
		"a type that is a number is refused":                             {request(`"TYPE"`, "1"), alexa.Malformed},
		"a request without an id is refused":                             {request("amzn1.echo-api.request.1", ""), alexa.Malformed},
		"an id of a kilobyte is refused":                                 {request("amzn1.echo-api.request.1", strings.Repeat("a", 1024)), alexa.Malformed},
		"a locale of a kilobyte is refused":                              {request("en-US", strings.Repeat("a", 1024)), alexa.Malformed},
		"a body over 64 KiB is refused":                                  {request("MORE", `,"x":"`+strings.Repeat("a", 64<<10)+`"`), alexa.TooLarge},
		"nesting of a thousand lists is refused":                         {request("MORE", `,"x":`+strings.Repeat("[", 1000)+strings.Repeat("]", 1000)), alexa.TooDeep},
		"nesting that never closes is refused":                           {[]byte(strings.Repeat(`{"a":`, 10000)), alexa.TooDeep},
		"nesting behind a quoted quote is refused":                       {request("MORE", `,"x":"\"","y":`+strings.Repeat("[", 100)+strings.Repeat("]", 100)), alexa.TooDeep},
		"many lists side by side are read":                               {request("MORE", `,"x":[`+strings.Repeat("[],", 1000)+`[]]`), ""},
		"brackets in a text are no nesting":                              {request("MORE", `,"x":"`+strings.Repeat("[{", 1000)+`"`), ""},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := platform(t).Decode(nil, tc.body)
			if got := reason(t, err); got != tc.want {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}

func TestARefusalRepeatsNothingOfTheRequest(t *testing.T) {
	body := request("MORE", `,"secret":{"sesame":1,"sesame":2}`)
	_, _, err := platform(t).Decode(nil, body)
	if err == nil || strings.Contains(err.Error(), "sesame") {
		t.Errorf("got %v", err)
	}
}

const silence = `{"version":"1.0","response":{}}`

func TestDecodeKinds(t *testing.T) {
	intent := func(name string) []byte {
		return request("TYPE", "IntentRequest", "MORE", `,"intent":{"name":"`+name+`"}`)
	}
	for name, tc := range map[string]struct {
		body   []byte
		want   skills.Intent
		answer string
	}{
		"a launch":                         {request(), skills.Launch, ""},
		"an intent of the catalogue":       {intent("BalanceIntent"), skills.Balance, ""},
		"help":                             {intent("AMAZON.HelpIntent"), skills.Help, ""},
		"stop":                             {intent("AMAZON.StopIntent"), skills.Stop, ""},
		"cancel":                           {intent("AMAZON.CancelIntent"), skills.Cancel, ""},
		"repeat":                           {intent("AMAZON.RepeatIntent"), skills.Repeat, ""},
		"yes":                              {intent("AMAZON.YesIntent"), skills.Yes, ""},
		"no":                               {intent("AMAZON.NoIntent"), skills.No, ""},
		"fallback":                         {intent("AMAZON.FallbackIntent"), skills.Fallback, ""},
		"going home ends the conversation": {intent("AMAZON.NavigateHomeIntent"), skills.Stop, ""},
		"a built-in intent we do not have": {intent("AMAZON.MoreIntent"), skills.Fallback, ""},
		"an intent of another skill":       {intent("TransferIntent"), skills.Fallback, ""},
		"an intent named like one of our own words": {intent("yes"), skills.Fallback, ""},
		"an intent without a name":                  {request("TYPE", "IntentRequest"), skills.Fallback, ""},
		"a resumed session":                         {request("TYPE", "SessionResumedRequest"), skills.Fallback, ""},
		"a connection's response":                   {request("TYPE", "Connections.Response"), skills.Fallback, ""},
		"a touch on a screen":                       {request("TYPE", "Alexa.Presentation.APL.UserEvent"), skills.Fallback, ""},
		"an old touch on a screen":                  {request("TYPE", "Display.ElementSelected"), skills.Fallback, ""},
		"a type nobody knows":                       {request("TYPE", "Never.HeardOf"), skills.Fallback, ""},
		"a type nobody knows, and nobody to hear":   {request("TYPE", "AudioPlayer.PlaybackStarted", "SESSION", "null"), "", silence},
		"a session that ended":                      {request("TYPE", "SessionEndedRequest"), "", silence},
		"an exception":                              {request("TYPE", "System.ExceptionEncountered"), "", silence},
		"an exception without a session":            {request("TYPE", "System.ExceptionEncountered", "SESSION", "null"), "", silence},
		"a skill event":                             {request("TYPE", "AlexaSkillEvent.SkillAccountLinked", "SESSION", "null"), "", silence},
		"a skill event of a kind to come":           {request("TYPE", "AlexaSkillEvent.SkillDreamt", "SESSION", "null"), "", silence},
	} {
		t.Run(name, func(t *testing.T) {
			turn, aside, err := platform(t).Decode(nil, tc.body)
			if err != nil {
				t.Fatal(err)
			}
			if turn.Intent != tc.want || answerTo(aside) != tc.answer {
				t.Errorf("got %q, %s, want %q, %s", turn.Intent, answerTo(aside), tc.want, tc.answer)
			}
			if turn.ID != "amzn1.echo-api.request.1" || turn.Platform != linking.Alexa || turn.Locale != "en-US" {
				t.Errorf("got %+v", turn)
			}
		})
	}
}

// answerTo is the whole answer where nobody waits to hear anything.
func answerTo(aside *skills.Aside) string {
	if aside == nil {
		return ""
	}
	return string(aside.Answer)
}

func TestWhatASkillEventTellsOfALink(t *testing.T) {
	system := `{"System":{"application":{"applicationId":"` + skillID + `"},"user":{"userId":"u","accessToken":"of the household"}}}`
	home := linking.Household{Platform: linking.Alexa, ID: skillID + " u"}
	for name, tc := range map[string]struct {
		kind, more string
		want       skills.Aside
	}{
		"which link was taken back": {"SkillDisabled", "", skills.Aside{Event: skills.EventEnded, Token: "of the household", Household: home, At: present}},
		"when it was taken back": {
			"SkillDisabled", `,"eventCreationTime":"2026-11-23T11:30:00Z"`,
			skills.Aside{Event: skills.EventEnded, Token: "of the household", Household: home, At: present.Add(-30 * time.Minute)},
		},
		"no time to come": {
			"SkillDisabled", `,"eventCreationTime":"2027-11-23T11:30:00Z"`,
			skills.Aside{Event: skills.EventEnded, Token: "of the household", Household: home, At: present},
		},
		"which link was made": {
			"SkillAccountLinked", `,"body":{"accessToken":"of the new link"}`,
			skills.Aside{Event: skills.EventLinked, Token: "of the new link", Household: home, At: present},
		},
		"which link was made, by the context":         {"SkillAccountLinked", "", skills.Aside{Event: skills.EventLinked, Token: "of the household", Household: home, At: present}},
		"which link was made, though the body is odd": {"SkillAccountLinked", `,"body":[7]`, skills.Aside{Event: skills.EventLinked, Token: "of the household", Household: home, At: present}},
		"nothing that the skill was enabled":          {"SkillEnabled", "", skills.Aside{}},
		"nothing that a permission was given":         {"SkillPermissionAccepted", `,"body":{"acceptedPermissions":[{"scope":"x"}]}`, skills.Aside{}},
		"nothing that permissions have changed":       {"SkillPermissionChanged", "", skills.Aside{}},
		"nothing that a subscription has changed":     {"SkillProactiveSubscriptionChanged", `,"body":{"subscriptions":[]}`, skills.Aside{}},
		"nothing where Amazon invents an event":       {"SomethingElse", "", skills.Aside{}},
	} {
		t.Run(name, func(t *testing.T) {
			_, aside, err := platform(t).Decode(nil, request("TYPE", "AlexaSkillEvent."+tc.kind, "SESSION", "null", "CONTEXT", system, "MORE", tc.more))
			if err != nil {
				t.Fatal(err)
			}
			tc.want.Answer = []byte(silence)
			if diff := cmp.Diff(&tc.want, aside); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestDecodeToken(t *testing.T) {
	session := `{"application":{"applicationId":"` + skillID + `"},"user":{"accessToken":"of the session"}}`
	system := `{"System":{"user":{"accessToken":"of the household"}PERSON}}`
	for name, tc := range map[string]struct {
		parts []string
		want  linking.Token
	}{
		"the recognised person's before the household's":      {[]string{"SESSION", session, "CONTEXT", system, "PERSON", `,"person":{"personId":"p","accessToken":"of the person"}`}, "of the person"},
		"none where Alexa knows a person who has not linked":  {[]string{"SESSION", session, "CONTEXT", system, "PERSON", `,"person":{"personId":"p"}`}, ""},
		"none where the person's token is empty or null":      {[]string{"SESSION", session, "CONTEXT", system, "PERSON", `,"person":{"personId":"p","accessToken":null}`}, ""},
		"none where a person is there without a name":         {[]string{"SESSION", session, "CONTEXT", system, "PERSON", `,"person":{}`}, ""},
		"the household's where the person is null":            {[]string{"SESSION", session, "CONTEXT", system, "PERSON", `,"person":null`}, "of the household"},
		"the household's where nobody was recognised":         {[]string{"SESSION", session, "CONTEXT", system, "PERSON", ""}, "of the household"},
		"the session's where the context has none":            {[]string{"SESSION", session, "CONTEXT", "null"}, "of the session"},
		"none where the customer is not linked":               {nil, ""},
		"none where the token is null, as old requests write": {[]string{"SESSION", `{"application":{"applicationId":"` + skillID + `"},"user":{"accessToken":null}}`}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			turn, _, err := platform(t).Decode(nil, request(tc.parts...))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(tc.want), string(turn.Token)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestANewSessionRemembersNothing(t *testing.T) {
	const remembered = `{"intent":"ForgetIntent","asked":"confirm"}`
	yes := []string{"TYPE", "IntentRequest", "ATTRIBUTES", remembered, "MORE", `,"intent":{"name":"AMAZON.YesIntent"}`}
	for state, want := range map[string]skills.Intent{"false": skills.Forget, "true": ""} {
		turn, _, err := platform(t).Decode(nil, request(append([]string{"NEW", state}, yes...)...))
		if err != nil {
			t.Fatal(err)
		}
		if turn.Dialogue.Intent != want {
			t.Errorf("new %s: got %q, want %q", state, turn.Dialogue.Intent, want)
		}
	}
}

func TestWhoSpeaksIsNamedByNothingThatTellsOfHim(t *testing.T) {
	who := func(system string) string {
		t.Helper()
		turn, _, err := platform(t).Decode(nil, request("CONTEXT", `{"System":{"application":{"applicationId":"`+skillID+`"},"user":{"userId":"u"}`+system+`}}`))
		if err != nil {
			t.Fatal(err)
		}
		return turn.Speaker
	}
	ada, ben := who(`,"person":{"personId":"ada","accessToken":"a"}`), who(`,"person":{"personId":"ben","accessToken":"a"}`)
	if ada == "" || ada == ben || strings.Contains(ada, "ada") || ada != who(`,"person":{"personId":"ada","accessToken":"refreshed"}`) {
		t.Errorf("ada is %q, ben is %q", ada, ben)
	}
	if nobody := who(""); nobody != "" || who(`,"person":null`) != "" {
		t.Errorf("nobody is %q", nobody)
	}
	if strange := who(`,"person":{}`); strange == "" || strange == ada {
		t.Errorf("a person without a name is %q", strange)
	}
}

func TestCanFulfill(t *testing.T) {
	for name, tc := range map[string]struct{ intent, want string }{
		"what needs a link is a maybe":   {`{"name":"BalanceIntent"}`, `{"canFulfill":"MAYBE"}`},
		"what needs none is a yes":       {`{"name":"AMAZON.HelpIntent"}`, `{"canFulfill":"YES"}`},
		"what we do not have is a no":    {`{"name":"TransferIntent","slots":{"account":{}}}`, `{"canFulfill":"NO","slots":{"account":{"canUnderstand":"NO","canFulfill":"NO"}}}`},
		"a slot that we have is like it": {`{"name":"BalanceIntent","slots":{"account":{"value":"x"}}}`, `{"canFulfill":"MAYBE","slots":{"account":{"canUnderstand":"YES","canFulfill":"MAYBE"}}}`},
		"a number that Alexa did not understand is a no for its slot": {
			`{"name":"TransactionsIntent","slots":{"count":{"value":"?"}}}`, `{"canFulfill":"MAYBE","slots":{"count":{"canUnderstand":"NO","canFulfill":"NO"}}}`,
		},
		"a kind of spending that there is not is a no for its slot": {
			`{"name":"SpendingIntent","slots":{"category":{"value":"unicorns"}}}`, `{"canFulfill":"MAYBE","slots":{"category":{"canUnderstand":"NO","canFulfill":"NO"}}}`,
		},
		"a slot that we have not is a no": {
			`{"name":"BalanceIntent","slots":{"merchant":{"value":"x"}}}`, `{"canFulfill":"NO","slots":{"merchant":{"canUnderstand":"NO","canFulfill":"NO"}}}`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			turn, aside, err := platform(t).Decode(nil, request("TYPE", "CanFulfillIntentRequest", "MORE", `,"intent":`+tc.intent))
			if err != nil {
				t.Fatal(err)
			}
			want := `{"version":"1.0","response":{"canFulfillIntent":` + tc.want + `}}`
			if diff := cmp.Diff(want, answerTo(aside)); diff != "" || turn.Intent != "" || turn.Token != "" {
				t.Errorf("%+v: %s", turn, diff)
			}
		})
	}
}
