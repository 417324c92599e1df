package alexa_test

import (
	"bytes"
	"crypto/rand"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sotto/skills"
	"sotto/skills/alexa"
	"sotto/skills/speech"
)

func device() *alexa.Device {
	return &alexa.Device{SkillID: skillID, Locale: "en-US", Token: "household", Now: stopped, Random: rand.Reader}
}

// hears sends what a device made through a whole platform and lets it hear a reply.
func hears(t *testing.T, d *alexa.Device, body []byte, reply skills.Reply) (skills.Turn, alexa.Heard) {
	t.Helper()
	platform, _, _ := house(t, stopped)
	if err := platform.Verify(t.Context(), signed(t, genuine, body), body); err != nil {
		t.Fatal(err)
	}
	turn, aside, err := platform.Decode(nil, body)
	if err != nil || aside != nil {
		t.Fatalf("%s: %s, %v", body, answerTo(aside), err)
	}
	response, err := platform.Encode(turn, reply, speech.Spoken{SSML: "<speak>So.</speak>", RepromptSSML: "<speak>Well?</speak>"})
	if err != nil {
		t.Fatal(err)
	}
	heard, err := d.Hear(response)
	if err != nil {
		t.Fatal(err)
	}
	return turn, heard
}

func TestADeviceAsksWhatIsUnderstood(t *testing.T) {
	for _, entry := range skills.Entries() {
		t.Run(string(entry.Intent), func(t *testing.T) {
			var slots skills.Slots
			for _, name := range entry.Slots {
				if slots == nil {
					slots = skills.Slots{}
				}
				switch name {
				case skills.SlotPeriod:
					slots[name] = skills.Slot{Heard: "2026-W47"}
				case skills.SlotCount:
					slots[name] = skills.Slot{Heard: "3"}
				case skills.SlotMerchant:
					slots[name] = skills.Slot{Heard: "corner shop"}
				default:
					slots[name] = skills.Slot{Heard: "the other one", Values: []string{"a", "b"}}
				}
			}
			d := device()
			body, err := d.Ask(entry.Intent, slots)
			if err != nil {
				t.Fatal(err)
			}
			turn, _ := hears(t, d, body, skills.Reply{})
			if turn.Intent != entry.Intent || turn.Token != "household" {
				t.Errorf("got %q", turn.Intent)
			}
			if diff := cmp.Diff(slots, turn.Slots); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestAConversationGoesOnUntilItEnds(t *testing.T) {
	d := device()
	body, err := d.Ask(skills.Forget, nil)
	if err != nil {
		t.Fatal(err)
	}
	asked := skills.Dialogue{Intent: skills.Forget, Asked: skills.AskedConfirm}
	first, heard := hears(t, d, body, skills.Reply{Ask: true, Dialogue: asked})
	if first.Dialogue.Intent != "" || heard.Ended || heard.Reprompt != "<speak>Well?</speak>" {
		t.Errorf("got %+v, %+v", first, heard)
	}

	later := device() // another process goes on with it, and another person speaks
	later.Person = "speaker"
	later.Resume(d.Conversation())
	if body, err = later.Ask(skills.Yes, nil); err != nil {
		t.Fatal(err)
	}
	second, heard := hears(t, later, body, skills.Reply{LinkCard: true, Dialogue: asked})
	if diff := cmp.Diff(asked, second.Dialogue); diff != "" || second.Token != "speaker" || second.ID == first.ID {
		t.Errorf("%s, got token of %q", diff, string(second.Token))
	}
	if !heard.Ended || !heard.LinkCard || heard.SSML != "<speak>So.</speak>" {
		t.Errorf("got %+v", heard)
	}
	if diff := cmp.Diff(alexa.Conversation{}, later.Conversation()); diff != "" {
		t.Error(diff)
	}
	if body, err = later.Ask(skills.Yes, nil); err != nil {
		t.Fatal(err)
	}
	if third, _ := hears(t, later, body, skills.Reply{}); third.Dialogue.Intent != "" {
		t.Errorf("a new conversation remembers the old one: %+v", third.Dialogue)
	}
}

func TestADeviceEndsAConversationInSilence(t *testing.T) {
	d := device()
	body, err := d.End("USER_INITIATED")
	if err != nil {
		t.Fatal(err)
	}
	_, aside, err := platform(t).Decode(nil, body)
	if err != nil || answerTo(aside) != `{"version":"1.0","response":{}}` {
		t.Fatalf("got %s, %v", answerTo(aside), err)
	}
	if _, err := d.Hear(aside.Answer); !errors.Is(err, alexa.ErrResponse) {
		t.Errorf("silence was heard: %v", err)
	}
}

func TestADeviceWithoutRandomBytesAsksNothing(t *testing.T) {
	d := device()
	d.Random = bytes.NewReader(nil)
	if _, err := d.Launch(); err == nil {
		t.Error("asked")
	}
	d.Random, d.Now = bytes.NewReader(make([]byte, 16)), func() time.Time { return present }
	if _, err := d.Launch(); err == nil {
		t.Error("asked without a session")
	}
}
