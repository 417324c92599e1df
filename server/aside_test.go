package server_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"sotto/linking"
	"sotto/server/dev"
	"sotto/skills"
	"sotto/skills/alexa"
)

// tell sends a skill event as Amazon does, and gives the status and the answer.
func (h *house) tell(t *testing.T, kind string, token linking.Token) (int, string) {
	t.Helper()
	file := h.Dev()
	key, err := dev.ReadAlexaKey(h.state, file.Alexa)
	if err != nil {
		t.Fatal(err)
	}
	body := `{"version":"1.0","context":{"System":{"application":{"applicationId":"` + file.Alexa.SkillID + `"},"user":{"userId":"u","accessToken":"` +
		string(token) + `"}}},"request":{"type":"AlexaSkillEvent.` + kind + `","requestId":"r","timestamp":"` + h.Now().Format(time.RFC3339) + `"}}`
	header, err := alexa.Signer{CertificateURL: file.Alexa.CertificateURL, Key: key}.Sign([]byte(body))
	if err != nil {
		t.Fatal(err)
	}
	sent := map[string]string{}
	for name := range header {
		sent[name] = header.Get(name)
	}
	status, _, answer := h.ask(t, http.MethodPost, "/alexa", body, sent)
	return status, answer
}

// TestALinkThatThePlatformEndsIsRefusedFromThenOn: and telling it again, or of a link that never was, is no fault.
func TestALinkThatThePlatformEndsIsRefusedFromThenOn(t *testing.T) {
	h := openHouse(t, t.TempDir())
	token := h.link(t, "ada")
	for _, step := range []struct {
		event  string
		token  linking.Token
		linked bool
	}{
		{"SkillAccountLinked", token, true},
		{"SkillEnabled", token, true},
		{"SkillDisabled", "a forged token", true},
		{"SkillDisabled", "", true},
		{"SkillDisabled", token, false},
		{"SkillDisabled", token, false},
	} {
		if status, answer := h.tell(t, step.event, step.token); status != http.StatusOK || answer != `{"version":"1.0","response":{}}` {
			t.Errorf("%s is answered %d %s", step.event, status, answer)
		}
		if _, heard := h.say(t, token, skills.Balance); strings.Contains(heard, "pounds") != step.linked {
			t.Errorf("after %s: %s", step.event, heard)
		}
	}
}
