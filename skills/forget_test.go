package skills_test

import (
	"fmt"
	"slices"
	"testing"

	"sotto/linking"
	"sotto/skills"
)

func TestForget(t *testing.T) {
	ask := "If I forget you, this assistant can't ask about your money any more, until you link your bank again. Shall I do it?"
	t.Run("after a yes the link ends at once", func(t *testing.T) {
		b := &bank{links: allowed()}
		c := newTalk(t, b)
		c.hears(ask, skills.Forget, nil)
		if len(b.ended) != 0 {
			t.Fatal("ended before anybody said yes")
		}
		c.hears("Done. This assistant can't ask about your money any more, and I'm telling your bank that I no longer need its permission.", skills.Yes, nil)
		if !slices.Equal(b.ended, []string{"link-1"}) || !c.reply.End {
			t.Errorf("ended %v, conversation over: %v", b.ended, c.reply.End)
		}
	})
	t.Run("a yes that a platform sends twice ends nothing twice and promises nothing", func(t *testing.T) {
		b := &bank{links: allowed()}
		c := newTalk(t, b)
		c.say(skills.Forget, nil)
		asked := c.dialogue
		c.say(skills.Yes, nil)
		c.dialogue = asked
		c.hears("I can't find a live link to your bank any more, so there is nothing left to share.", skills.Yes, nil)
		if len(b.ended) != 1 {
			t.Errorf("ended %v", b.ended)
		}
	})
	t.Run("after a no it stays", func(t *testing.T) {
		b := &bank{links: allowed()}
		c := newTalk(t, b)
		c.say(skills.Forget, nil)
		c.hears("All right, I'll leave everything as it is.", skills.No, nil)
		if len(b.ended) != 0 {
			t.Error("ended all the same")
		}
	})
	t.Run("a yes to nothing forgets nobody", func(t *testing.T) {
		b := &bank{links: allowed()}
		newTalk(t, b).say(skills.Yes, nil)
		if len(b.ended) != 0 {
			t.Error("ended")
		}
	})
	for name, who := range map[string][2]string{
		"a yes of another person, whom the platform recognises": {"ada", "ben"},
		"a yes of a voice that is recognised no longer":         {"ada", ""},
		"a yes of a person who is recognised only now":          {"", "ada"},
	} {
		t.Run(name+", ends nobody's link, and no yes after it does", func(t *testing.T) {
			b := &bank{links: allowed()}
			b.links["another's"] = linking.Link{ID: "link-2", Platform: linking.Alexa}
			c := newTalk(t, b)
			c.speaker = who[0]
			c.say(skills.Forget, nil)
			c.token, c.speaker = "another's", who[1]
			c.hears("All right, I'll leave everything as it is.", skills.Yes, nil)
			c.say(skills.Yes, nil)
			if len(b.ended) != 0 {
				t.Errorf("ended %v", b.ended)
			}
		})
	}
	t.Run("a yes of the person who was asked ends his link", func(t *testing.T) {
		b := &bank{links: allowed()}
		c := newTalk(t, b)
		c.speaker = "ada"
		c.say(skills.Forget, nil)
		c.say(skills.Yes, nil)
		if !slices.Equal(b.ended, []string{"link-1"}) {
			t.Errorf("ended %v", b.ended)
		}
	})
	t.Run("repeat asks again and does nothing", func(t *testing.T) {
		b := &bank{links: allowed()}
		c := newTalk(t, b)
		c.say(skills.Forget, nil)
		c.hears(ask, skills.Repeat, nil)
		if len(b.ended) != 0 {
			t.Error("ended")
		}
	})
	t.Run("another question in between is answered, and a yes to it forgets nobody", func(t *testing.T) {
		b := &bank{links: allowed()}
		c := newTalk(t, b)
		c.say(skills.Forget, nil)
		c.say(skills.Shared, nil)
		c.say(skills.Yes, nil)
		if len(b.ended) != 0 {
			t.Error("ended")
		}
	})
	t.Run("a link that was ended a moment before, by somebody else, is ended", func(t *testing.T) {
		c := newTalk(t, &bank{links: allowed(), endErr: fmt.Errorf("end: %w", linking.ErrNone)})
		c.say(skills.Forget, nil)
		c.say(skills.Yes, nil)
		if c.reply.Key != skills.ForgetDone {
			t.Errorf("got %q", c.reply.Key)
		}
	})
	t.Run("what went wrong is not said to be done", func(t *testing.T) {
		c := newTalk(t, &bank{links: allowed(), endErr: errDisk})
		c.say(skills.Forget, nil)
		c.say(skills.Yes, nil)
		if c.reply.Key != skills.Sorry {
			t.Errorf("got %q", c.reply.Key)
		}
	})
}
