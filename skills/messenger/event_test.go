package messenger_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"sotto/skills/messenger"
)

func delivery(events ...string) []byte {
	return []byte(fmt.Sprintf(`{"object":"page","entry":[{"id":%q,"time":1,"messaging":[%s]}]}`, pageID, strings.Join(events, ",")))
}

func from(what string) string {
	return fmt.Sprintf(`{"sender":{"id":%q},"recipient":{"id":%q},"timestamp":1700000000000,%s}`, psid, pageID, what)
}

func TestWhatADeliverySays(t *testing.T) {
	p := open(t)
	for name, tc := range map[string]struct {
		what string
		want messenger.Event
	}{
		"a text":                              {`"message":{"mid":"m1","text":"what's my balance","nlp":{"entities":{}}}`, messenger.Event{Kind: messenger.Said, Text: "what's my balance"}},
		"a quick reply":                       {`"message":{"mid":"m1","text":"Yes","quick_reply":{"payload":"INTENT:yes"}}`, messenger.Event{Kind: messenger.Pressed, Payload: "INTENT:yes"}},
		"a quick reply that is read as typed": {`"message":{"mid":"m1","text":"Holiday","quick_reply":{"payload":"SAY"}}`, messenger.Event{Kind: messenger.Said, Text: "Holiday"}},
		"a picture":                           {`"message":{"mid":"m1","attachments":[{"type":"image","payload":{"url":"https://x"}}]}`, messenger.Event{Kind: messenger.Said}},
		"the button to get started":           {`"postback":{"mid":"m1","title":"Get Started","payload":"GET_STARTED","referral":{"ref":"x"}}`, messenger.Event{Kind: messenger.Pressed, Payload: "GET_STARTED"}},
		"who comes back from linking":         {`"account_linking":{"status":"linked","authorization_code":"abc"}`, messenger.Event{Kind: messenger.Linked, Handover: "abc"}},
		"who has ended it":                    {`"account_linking":{"status":"unlinked"}`, messenger.Event{Kind: messenger.Unlinked}},
		"half of an emoji":                    {`"message":{"mid":"m1","text":"balance \ud83d"}`, messenger.Event{Kind: messenger.Said, Text: "balance \ufffd"}},
		"text that is no UTF-8":               {"\"message\":{\"mid\":\"m1\",\"text\":\"balance \xff\"}", messenger.Event{Kind: messenger.Said, Text: "balance \ufffd"}},
		"more than anybody types":             {`"message":{"mid":"m1","text":"` + strings.Repeat("a", 9000) + `"}`, messenger.Event{Kind: messenger.Said}},
	} {
		t.Run(name, func(t *testing.T) {
			got, _, err := p.Decode(delivery(from(tc.what)))
			if err != nil || len(got) != 1 {
				t.Fatalf("%d events, %v", len(got), err)
			}
			tc.want.Person, tc.want.ID, tc.want.Order = psid, got[0].ID, got[0].Order
			if got[0] != tc.want || got[0].ID == "" || got[0].Order == 0 {
				t.Errorf("got %#v", got[0].Kind)
			}
		})
	}
}

func TestWhatIsNotSaidToThePageIsLeftOut(t *testing.T) {
	p := open(t)
	for name, event := range map[string]string{
		"our own message coming back": from(`"message":{"mid":"m1","text":"hi","is_echo":true,"app_id":1}`),
		"a message taken back":        from(`"message":{"mid":"m1","is_deleted":true}`),
		"a receipt of reading":        from(`"read":{"watermark":1}`),
		"a receipt of delivery":       from(`"delivery":{"mids":["m1"],"watermark":1}`),
		"a reaction":                  from(`"reaction":{"mid":"m1","action":"react"}`),
		"an opt-in":                   from(`"optin":{"type":"x"}`),
		"a referral":                  from(`"referral":{"ref":"x"}`),
		"a status nobody knows":       from(`"account_linking":{"status":"perhaps"}`),
		"another Page's":              `{"sender":{"id":"1"},"recipient":{"id":"2"},"timestamp":1,"message":{"mid":"m1","text":"hi"}}`,
		"the Page itself":             fmt.Sprintf(`{"sender":{"id":%q},"recipient":{"id":%q},"timestamp":1,"message":{"mid":"m1","text":"hi"}}`, pageID, pageID),
		"a sender that is no number":  fmt.Sprintf(`{"sender":{"id":"../me"},"recipient":{"id":%q},"timestamp":1,"message":{"mid":"m1","text":"hi"}}`, pageID),
		"nobody":                      fmt.Sprintf(`{"recipient":{"id":%q},"timestamp":1,"message":{"mid":"m1","text":"hi"}}`, pageID),
		"an id beyond bounds":         from(`"message":{"mid":"` + strings.Repeat("m", 513) + `","text":"hi"}`),
		"nothing":                     `{}`,
	} {
		if got, _, err := p.Decode(delivery(event)); err != nil || len(got) != 0 {
			t.Errorf("%s: %d events, %v", name, len(got), err)
		}
	}
	standby := fmt.Sprintf(`{"object":"page","entry":[{"id":%q,"standby":[%s]},{"id":"1","messaging":[%s]}]}`, pageID, from(`"message":{"mid":"m1","text":"hi"}`), from(`"message":{"mid":"m1","text":"hi"}`))
	if got, _, err := p.Decode([]byte(standby)); err != nil || len(got) != 0 {
		t.Errorf("standby, and an entry of another Page: %d events, %v", len(got), err)
	}
}

// Meta delivers again what was refused, for hours, and then stops delivering anything.
func TestAnEventOfAnotherTypeIsLeftOutAndTheOthersAreHeard(t *testing.T) {
	p := open(t)
	good, last := from(`"message":{"mid":"m1","text":"hi"}`), from(`"message":{"mid":"m2","text":"bye"}`)
	for name, bad := range map[string]string{
		"a number":                        `5`,
		"a list":                          `[]`,
		"a text that is a number":         from(`"message":{"mid":"m","text":5}`),
		"a message that is a text":        from(`"message":"hi"`),
		"a button without its object":     from(`"postback":"X"`),
		"a sender that is a number":       `{"sender":5,"recipient":{"id":"1"}}`,
		"an id that is a number":          `{"sender":{"id":5},"recipient":{"id":"1"}}`,
		"a linking whose status is a yes": from(`"account_linking":{"status":true}`),
	} {
		got, unread, err := p.Decode(delivery(good, bad, last))
		if err != nil || unread != 1 || len(got) != 2 || got[0].Text != "hi" || got[1].Text != "bye" {
			t.Errorf("%s: %d events, %d unread, %v", name, len(got), unread, err)
		}
	}
	entry := fmt.Sprintf(`{"id":%q,"messaging":[%s]}`, pageID, good)
	for name, bad := range map[string]string{
		"an entry that is a number":               `5`,
		"an entry whose id is a number":           `{"id":104098558513421,"messaging":[]}`,
		"an entry whose events are no list of it": fmt.Sprintf(`{"id":%q,"messaging":{}}`, pageID),
	} {
		got, unread, err := p.Decode([]byte(`{"object":"page","entry":[` + bad + `,` + entry + `]}`))
		if err != nil || unread != 1 || len(got) != 1 || got[0].Text != "hi" {
			t.Errorf("%s: %d events, %d unread, %v", name, len(got), unread, err)
		}
	}
}

func TestWhatIsNoDeliveryIsRefused(t *testing.T) {
	p := open(t)
	for name, tc := range map[string]struct {
		body   string
		why    messenger.Reason
		status int
	}{
		"nothing":                       {"", messenger.Malformed, bad},
		"half a delivery":               {`{"object":"page","entry":[{"id":`, messenger.Malformed, bad},
		"a list":                        {`[]`, messenger.Malformed, bad},
		"a name twice":                  {`{"object":"user","object":"page"}`, messenger.Malformed, bad},
		"entries of another type":       {`{"object":"page","entry":"x"}`, messenger.Malformed, bad},
		"what Instagram sends":          {`{"object":"instagram","entry":[]}`, messenger.Object, http.StatusNotFound},
		"an entry without its delivery": {`{"id":"104098558513421","time":1,"messaging":[]}`, messenger.Object, http.StatusNotFound},
		"a tower of brackets":           {strings.Repeat("[", 100) + strings.Repeat("]", 100), messenger.TooDeep, bad},
		"a thousand events and one":     {string(delivery(strings.TrimSuffix(strings.Repeat("{},", 1001), ","))), messenger.TooLarge, http.StatusRequestEntityTooLarge},
		"more than is read":             {strings.Repeat(" ", messenger.MaxBody+1), messenger.TooLarge, http.StatusRequestEntityTooLarge},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := p.Decode([]byte(tc.body))
			refused(t, err, tc.why, tc.status)
		})
	}
}

func TestTheSameEventHasTheSameIDAndAnotherHasAnother(t *testing.T) {
	p := open(t)
	text := func(mid, text string) string { return from(fmt.Sprintf(`"message":{"mid":%q,"text":%q}`, mid, text)) }
	got, _, err := p.Decode(delivery(text("m1", "a"), text("m1", "a"), text("m2", "a"), from(`"postback":{"payload":"X"}`), from(`"postback":{"payload":"X"}`), from(`"postback":{"payload":"Y"}`)))
	if err != nil || len(got) != 6 {
		t.Fatalf("%d events, %v", len(got), err)
	}
	if got[0].ID != got[1].ID || got[0].ID == got[2].ID || got[3].ID != got[4].ID || got[3].ID == got[5].ID {
		t.Error("ids do not tell events apart, or the same ones together")
	}
	if !slices.IsSortedFunc(got, func(a, b messenger.Event) int { return int(a.Order - b.Order) }) {
		t.Error("a batch is not in its order")
	}
	if strings.Contains(got[0].ID, "m1") || strings.Contains(fmt.Sprintf("%v %+v %#v", got[0], got[0], got[0]), psid) {
		t.Error("an event shows itself")
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(delivery(from(`"message":{"mid":"m1","text":"hi"}`)))
	f.Add(delivery(from(`"account_linking":{"status":"linked","authorization_code":"abc"}`), from(`"postback":{"payload":"X"}`)))
	f.Add([]byte(`{"object":"page","entry":[{"id":"104098558513421","standby":[{}]}]}`))
	p := open(f)
	f.Fuzz(func(t *testing.T, body []byte) {
		events, unread, err := p.Decode(body)
		if err != nil && len(events)+unread != 0 {
			t.Error("a refusal with events")
		}
		for _, e := range events {
			if e.ID == "" || e.Person == "" || strings.Trim(e.Person, "0123456789") != "" || e.Order <= 0 {
				t.Errorf("an event without what it is known by: %q %q %d", e.ID, e.Person, e.Order)
			}
			if turn := e.Turn("m", "en-US", noDialogue, never); turn.Intent == "" || turn.Chat.ID != e.Person {
				t.Errorf("a turn of nobody: %q", turn.Intent)
			}
		}
	})
}

func FuzzForget(f *testing.F) {
	p := open(f)
	content := b64([]byte(`{"algorithm":"HMAC-SHA256","user_id":"218471"}`))
	f.Add(b64(mac(secret, content))+"."+content, true)
	f.Add(`{"algorithm":"HMAC-SHA256","user_id":218471,"issued_at":1e9}`, false)
	f.Fuzz(func(t *testing.T, text string, whole bool) {
		if !whole { // Meta's own, with any content
			c := b64([]byte(text))
			text = b64(mac(secret, c)) + "." + c
		}
		e, err := p.Forget(text)
		if err == nil && (e.AppUser == "" || strings.Trim(e.AppUser, "0123456789") != "" || e.ID == "") {
			t.Errorf("somebody without an id is to be forgotten: %q", e.AppUser)
		}
	})
}
