package mockgraph

import (
	"strings"
	"testing"
)

// TestWhatMetaWouldRefuseIsRefused keeps the judge of our own sendings strict.
func TestWhatMetaWouldRefuseIsRefused(t *testing.T) {
	whole := func(message string) string {
		return `{"recipient":{"id":"1"},"messaging_type":"RESPONSE","message":` + message + `}`
	}
	button := func(text, buttons string) string {
		return whole(`{"attachment":{"type":"template","payload":{"template_type":"button","text":"` + text + `","buttons":[` + buttons + `]}}}`)
	}
	const link = `{"type":"account_link","url":"https://sotto.example/messenger/link"}`
	for name, tc := range map[string]struct {
		body string
		good bool
	}{
		"a text":                      {whole(`{"text":"hi"}`), true},
		"a text of 2,000 characters":  {whole(`{"text":"` + strings.Repeat("é", 2000) + `"}`), true},
		"a button to link":            {button("hi", link), true},
		"no text":                     {whole(`{"text":""}`), false},
		"a longer text":               {whole(`{"text":"` + strings.Repeat("é", 2001) + `"}`), false},
		"text and attachment":         {whole(`{"text":"hi","attachment":{"type":"template","payload":{"template_type":"button","text":"x","buttons":[` + link + `]}}}`), false},
		"a member nobody knows":       {whole(`{"text":"hi","fact":1}`), false},
		"one more beside the message": {`{"recipient":{"id":"1"},"messaging_type":"RESPONSE","message":{"text":"hi"},"tag":"x"}`, false},
		"no recipient":                {`{"messaging_type":"RESPONSE","message":{"text":"hi"}}`, false},
		"a recipient that is no id":   {`{"recipient":{"id":"ada"},"messaging_type":"RESPONSE","message":{"text":"hi"}}`, false},
		"no type":                     {`{"recipient":{"id":"1"},"message":{"text":"hi"}}`, false},
		"a second text":               {whole(`{"text":"hi"}`) + `{}`, false},
		"a long text above buttons":   {button(strings.Repeat("a", 641), link), false},
		"no buttons":                  {button("hi", ""), false},
		"four buttons":                {button("hi", strings.Repeat(link+",", 3)+link), false},
		"a button over http":          {button("hi", strings.Replace(link, "https", "http", 1)), false},
		"a button with a title":       {button("hi", `{"type":"account_unlink","title":"x"}`), false},
		"a long title":                {whole(`{"text":"hi","quick_replies":[{"content_type":"text","title":"` + strings.Repeat("a", 21) + `","payload":"x"}]}`), false},
		"fourteen quick replies":      {whole(`{"text":"hi","quick_replies":[` + strings.TrimSuffix(strings.Repeat(`{"content_type":"text","title":"a","payload":"x"},`, 14), ",") + `]}`), false},
	} {
		if _, err := read([]byte(tc.body)); (err == nil) != tc.good {
			t.Errorf("%s: %v", name, err)
		}
	}
	for body, good := range map[string]bool{
		`{"get_started":{"payload":"GET_STARTED"}}`:                                     true,
		`{"greeting":[{"locale":"default","text":"hi"}]}`:                               true,
		`{"greeting":[{"locale":"en_US","text":"hi"}]}`:                                 false,
		`{"greeting":[{"locale":"default","text":"` + strings.Repeat("a", 161) + `"}]}`: false,
		`{"persistent_menu":[{"locale":"default","composer_input_disabled":false,"call_to_actions":[{"type":"postback","title":"a","payload":"b"}]}]}`:     true,
		`{"persistent_menu":[{"locale":"default","composer_input_disabled":false,"call_to_actions":[{"type":"account_link","title":"a","payload":"b"}]}]}`: false,
		`{"whatever":1}`: false,
	} {
		if _, err := readProfile([]byte(body)); (err == nil) != good {
			t.Errorf("%s: %v", body, err)
		}
	}
}
