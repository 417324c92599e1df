package messenger_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"sotto/linking"
	"sotto/skills"
	"sotto/skills/messenger"
)

var noDialogue skills.Dialogue

func never(string, string, skills.Dialogue) (skills.Intent, skills.Slots) {
	return skills.Fallback, nil
}

func words(text string, names ...string) messenger.Words {
	return messenger.Words{Text: text, Names: names, Button: func(id string) string {
		return map[string]string{"yes": "Yes", "no": "No", "BalanceIntent": "My balance"}[id]
	}}
}

func encode(t testing.TB, reply skills.Reply, w messenger.Words) []string {
	t.Helper()
	bodies, err := open(t).Encode(psid, reply, w)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, b := range bodies {
		out = append(out, string(b))
	}
	return out
}

func TestWhatAReplyLooksLikeOnMessenger(t *testing.T) {
	const to = `{"recipient":{"id":"` + psid + `"},"messaging_type":"RESPONSE","message":`
	for name, tc := range map[string]struct {
		reply skills.Reply
		words messenger.Words
		want  string
	}{
		"an answer":              {skills.Reply{Key: skills.BalanceSaid}, words("You have £1."), `{"text":"You have £1."}}`},
		"a yes or a no":          {skills.Reply{Ask: true, Dialogue: skills.Dialogue{Asked: skills.AskedConfirm}}, words("Shall I?"), `{"text":"Shall I?","quick_replies":[{"content_type":"text","title":"Yes","payload":"INTENT:yes"},{"content_type":"text","title":"No","payload":"INTENT:no"}]}}`},
		"which account":          {skills.Reply{Ask: true, Dialogue: skills.Dialogue{Asked: "account"}}, words("Which?", "Holiday", "A name that is longer than a button", "Bills", "Bills"), `{"text":"Which?","quick_replies":[{"content_type":"text","title":"Holiday","payload":"SAY"},{"content_type":"text","title":"Bills","payload":"SAY"}]}}`},
		"anything else":          {skills.Reply{Ask: true}, words("Anything else?"), `{"text":"Anything else?","quick_replies":[{"content_type":"text","title":"My balance","payload":"INTENT:BalanceIntent"}]}}`},
		"a chat that is to link": {skills.Reply{Key: skills.Unlinked, LinkCard: true}, words("Please link."), `{"attachment":{"type":"template","payload":{"template_type":"button","text":"Please link.","buttons":[{"type":"account_link","url":"https://sotto.example/messenger/link"}]}}}}`},
		"a chat that may unlink": {skills.Reply{Key: skills.ChatUnlink}, words("End it?"), `{"attachment":{"type":"template","payload":{"template_type":"button","text":"End it?","buttons":[{"type":"account_unlink"}]}}}}`},
	} {
		t.Run(name, func(t *testing.T) {
			if got := encode(t, tc.reply, tc.words); len(got) != 1 || got[0] != to+tc.want {
				t.Errorf("got %s", got)
			}
		})
	}
	if _, err := open(t).Encode(psid, skills.Reply{}, words(" ")); err == nil {
		t.Error("a message without words")
	}
}

func TestALongTextIsPartedBetweenSentencesAndNothingIsLost(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		text := strings.Join(rapid.SliceOfN(rapid.StringMatching(`[a-zé€]{1,40}[.!?]?[ \n]?`), 1, 400).Draw(r, "text"), "")
		reply := skills.Reply{LinkCard: rapid.Bool().Draw(r, "button")}
		var all []string
		for i, body := range encode(t, reply, words(text)) {
			h, err := messenger.Hear([]byte(body[strings.Index(body, `"message":`)+len(`"message":`) : len(body)-1]))
			if err != nil {
				r.Fatal(err)
			}
			if n := utf8.RuneCountInString(h.Text); n == 0 || n > 2000 || h.LinkURL != "" && n > 640 {
				r.Fatalf("part %d has %d characters", i, n)
			}
			all = append(all, h.Text)
		}
		strip := func(s string) string { return strings.Join(strings.Fields(s), "") }
		if strip(strings.Join(all, "")) != strip(text) {
			r.Fatal("something is lost")
		}
	})
	sentence := strings.Repeat("word ", 200) + "end. "
	got := encode(t, skills.Reply{}, words(strings.Repeat(sentence, 3)))
	if len(got) != 3 || !strings.HasSuffix(got[0], `end."}}`) {
		t.Errorf("%d parts, the first ends with %s", len(got), got[0][len(got[0])-30:])
	}
}

func TestWhatAnEventMeans(t *testing.T) {
	read := func(_, text string, _ skills.Dialogue) (skills.Intent, skills.Slots) {
		return skills.Balance, skills.Slots{skills.SlotAccount: {Heard: text}}
	}
	asked := skills.Dialogue{Intent: skills.Forget, Asked: skills.AskedConfirm}
	for name, tc := range map[string]struct {
		event messenger.Event
		want  skills.Intent
		heard string
		fresh bool
	}{
		"a text is read":                     {messenger.Event{Kind: messenger.Said, Text: "savings"}, skills.Balance, "savings", false},
		"six digits are a code":              {messenger.Event{Kind: messenger.Said, Text: " 123 456 "}, skills.LinkCode, "", false},
		"a picture is not understood":        {messenger.Event{Kind: messenger.Said}, skills.Fallback, "", false},
		"a button is its intent":             {messenger.Event{Kind: messenger.Pressed, Payload: "INTENT:yes"}, skills.Yes, "", false},
		"a made-up button is not understood": {messenger.Event{Kind: messenger.Pressed, Payload: "INTENT:link code"}, skills.Fallback, "", false},
		"a strange button is not understood": {messenger.Event{Kind: messenger.Pressed, Payload: "BUY"}, skills.Fallback, "", false},
		"getting started starts anew":        {messenger.Event{Kind: messenger.Pressed, Payload: "GET_STARTED"}, skills.Launch, "", true},
	} {
		t.Run(name, func(t *testing.T) {
			tc.event.Person, tc.event.ID = psid, "id"
			turn := tc.event.Turn("client", "en-US", asked, read)
			if turn.Intent != tc.want || turn.Slots[skills.SlotAccount].Heard != tc.heard || (turn.Dialogue.Intent == "") != tc.fresh ||
				turn.Chat != (linking.Chat{Client: "client", ID: psid}) || turn.Platform != linking.Messenger || turn.Token != "" {
				t.Errorf("got %q %v", turn.Intent, turn.Slots)
			}
		})
	}
}
