package server_test

import (
	"crypto/rand"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"

	"sotto/linking"
	"sotto/server/dev"
	"sotto/skills"
	"sotto/skills/alexa"
)

// event is a skill event as Amazon sends it.
type event struct {
	kind      string
	token     linking.Token // of the household, in the context
	made      linking.Token // of the link that was just made, in the body
	household string
	before    time.Duration // how long before it came it happened
}

// tell sends a skill event, and gives the status and the answer.
func (h *house) tell(t *testing.T, e event) (int, string) {
	t.Helper()
	file := h.Dev()
	user := map[string]any{"userId": e.household}
	if e.token != "" {
		user["accessToken"] = string(e.token)
	}
	request := map[string]any{
		"type": "AlexaSkillEvent." + e.kind, "requestId": rand.Text(), "timestamp": h.Now().Format(time.RFC3339Nano),
		"eventCreationTime": h.Now().Add(-e.before).Format(time.RFC3339Nano), "eventPublishingTime": h.Now().Format(time.RFC3339Nano),
	}
	if e.made != "" {
		request["body"] = map[string]any{"accessToken": string(e.made)}
	}
	body, err := json.Marshal(map[string]any{
		"version": "1.0", "request": request,
		"context": map[string]any{"System": map[string]any{"application": map[string]any{"applicationId": file.Alexa.SkillID}, "user": user}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return h.post(t, body)
}

// post sends a request to /alexa, signed.
func (h *house) post(t *testing.T, body []byte) (int, string) {
	t.Helper()
	file := h.Dev()
	key, err := dev.ReadAlexaKey(h.state, file.Alexa)
	if err != nil {
		t.Fatal(err)
	}
	header, err := alexa.Signer{CertificateURL: file.Alexa.CertificateURL, Key: key}.Sign(body)
	if err != nil {
		t.Fatal(err)
	}
	sent := map[string]string{}
	for name := range header {
		sent[name] = header.Get(name)
	}
	status, _, answer := h.ask(t, http.MethodPost, "/alexa", string(body), sent)
	return status, answer
}

// TestALinkThatThePlatformEndsIsRefusedFromThenOn: and telling it again, or of a link that never was, is no fault.
func TestALinkThatThePlatformEndsIsRefusedFromThenOn(t *testing.T) {
	const home = "amzn1.ask.account.HOME"
	for name, steps := range map[string][]struct {
		event
		linked bool
	}{
		"by its token": {
			{event{kind: "SkillAccountLinked"}, true},
			{event{kind: "SkillDisabled", token: "a forged token", household: home}, true},
			{event{kind: "SkillDisabled", household: home}, true},
			{event{kind: "SkillDisabled", token: "its", household: home}, false},
			{event{kind: "SkillDisabled", token: "its", household: home}, false},
		},
		"by its household alone": {
			{event{kind: "SkillEnabled", household: home}, true},
			{event{kind: "SkillAccountLinked", made: "a forged token", household: home}, true},
			{event{kind: "SkillDisabled", household: home}, true}, // whose it is was not known
			{event{kind: "SkillAccountLinked", made: "its", household: home}, true},
			{event{kind: "SkillAccountLinked", made: "its", household: home}, true},
			{event{kind: "SkillPermissionAccepted", household: home}, true},
			{event{kind: "SkillPermissionChanged", household: home}, true},
			{event{kind: "SkillProactiveSubscriptionChanged", household: home}, true},
			{event{kind: "SomethingOfNextYear", household: home}, true},
			{event{kind: "SkillDisabled", household: "amzn1.ask.account.NEXTDOOR"}, true},
			{event{kind: "SkillDisabled"}, true},
			{event{kind: "SkillDisabled", household: strings.Repeat("x", 2000)}, true},
			{event{kind: "SkillDisabled", household: home, before: time.Hour}, true}, // of a link before this one
			{event{kind: "SkillDisabled", household: home}, false},
			{event{kind: "SkillDisabled", household: home}, false},
			{event{kind: "SkillAccountLinked", made: "its", household: home}, false},
		},
		"by the token of its household, where it was made without a body": {
			{event{kind: "SkillAccountLinked", token: "its", household: home}, true},
			{event{kind: "SkillDisabled", household: home}, false},
		},
	} {
		t.Run(name, func(t *testing.T) {
			h := openHouse(t, t.TempDir())
			token := h.link(t, "ada")
			for i, step := range steps {
				if step.token == "its" {
					step.token = token
				}
				if step.made == "its" {
					step.made = token
				}
				if status, answer := h.tell(t, step.event); status != http.StatusOK || answer != `{"version":"1.0","response":{}}` {
					t.Errorf("%d: %s is answered %d %s", i, step.kind, status, answer)
				}
				if _, heard := h.say(t, token, skills.Balance); strings.Contains(heard, "pounds") != step.linked {
					t.Errorf("%d: after %s: %s", i, step.kind, heard)
				}
			}
			if log := h.log.String(); strings.Contains(log, home) || strings.Contains(log, string(token)) {
				t.Error("the log says whose link it is")
			}
		})
	}
}
