package skills_test

import (
	"fmt"
	"slices"
	"testing"

	"sotto/linking"
	"sotto/skills"
)

func TestACodeTypedInAChat(t *testing.T) {
	code := skills.Slots{skills.SlotCode: {Heard: "123 456"}}
	for name, tc := range map[string]struct {
		err  error
		want skills.Key
	}{
		"that is good links the chat":                            {nil, skills.ChatLinked},
		"that is wrong is asked again":                           {fmt.Errorf("confirm: %w", linking.ErrWrongCode), skills.ChatCodeWrong},
		"that is over is over":                                   {linking.ErrCodeOver, skills.ChatCodeOver},
		"that nobody waits for is nobody":                        {linking.ErrNoCode, skills.ChatCodeNone},
		"that cannot be looked up is not said to be good or bad": {errDisk, skills.Sorry},
	} {
		t.Run(name, func(t *testing.T) {
			b := &bank{confirmErr: tc.err}
			reply, _ := b.skill(t).Answer(t.Context(), skills.Turn{
				Platform: linking.Google, Locale: "en-US", Intent: skills.LinkCode, Slots: code, Chat: linking.Chat{Client: "google", ID: "s"},
			})
			if reply.Key != tc.want || !reply.Chat || !slices.Equal(b.typed, []string{"123456"}) {
				t.Errorf("got %+v, typed %v", reply, b.typed)
			}
		})
	}
	t.Run("by a platform that holds tokens is not understood", func(t *testing.T) {
		b := &bank{}
		reply, _ := b.skill(t).Answer(t.Context(), skills.Turn{Platform: linking.Alexa, Locale: "en-US", Intent: skills.LinkCode, Slots: code})
		if reply.Key != skills.NotUnderstood || len(b.typed) != 0 {
			t.Errorf("got %q, typed %v", reply.Key, b.typed)
		}
	})
}

func TestAChatIsAnsweredByItsLink(t *testing.T) {
	b := &bank{links: map[linking.Token]linking.Link{"chat": {ID: "link-1", Platform: linking.Messenger, Scopes: []linking.Scope{linking.Spending}}}}
	for name, tc := range map[string]struct {
		chat linking.Chat
		want skills.Key
	}{
		"a chat that is linked is known":        {linking.Chat{Client: "m", ID: "chat"}, skills.ScopeBalances},
		"a chat that is not is offered to link": {linking.Chat{Client: "m", ID: "another"}, skills.Unlinked},
		"no chat and no token is nobody":        {linking.Chat{}, skills.Unlinked},
	} {
		t.Run(name, func(t *testing.T) {
			reply, _ := b.skill(t).Answer(t.Context(), skills.Turn{Platform: linking.Messenger, Locale: "en-US", Intent: skills.Balance, Chat: tc.chat})
			if reply.Key != tc.want || !reply.LinkCard {
				t.Errorf("got %+v", reply)
			}
		})
	}
	reply, _ := b.skill(t).Answer(t.Context(), skills.Turn{Platform: linking.Messenger, Locale: "en-US", Intent: skills.Launch, Chat: linking.Chat{Client: "m", ID: "chat"}})
	if reply.Key != skills.Welcome {
		t.Errorf("a linked chat is greeted with %q", reply.Key)
	}
}
