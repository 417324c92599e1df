package tests

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sotto/server"
	"sotto/skills"
	"sotto/skills/alexa"
)

// deviceTask is what virtual-alexa.mjs is told.
type deviceTask struct {
	Endpoint    string `json:"endpoint"` // where unsigned requests are signed
	Model       string `json:"model"`    // a file of the package that `sotto package alexa` writes
	SkillID     string `json:"skill_id"`
	AccessToken string `json:"access_token"`
	Week        string `json:"week"` // the last whole one, as AMAZON.DATE has it
}

// deviceFault is one thing wrong with what Alexa is told: by the package, or by a response.
type deviceFault struct {
	name     string
	model    func([]byte) []byte
	response func([]byte) []byte
	unsigned bool
	says     string
}

// interactionModel gives the interaction model that this house's package has.
func interactionModel(t *testing.T, h *openHouse) []byte {
	t.Helper()
	brand, err := server.AlexaBrand(server.Config{Dev: true, State: h.state, SkillName: "Sotto", Invocation: "sotto"})
	if err != nil {
		t.Fatal(err)
	}
	words, err := skills.NewCatalogue(h.Now)
	if err != nil {
		t.Fatal(err)
	}
	files, err := alexa.Package(brand, words)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if strings.HasSuffix(f.Path, "/en-US.json") {
			return f.Content
		}
	}
	t.Fatal("the package has no interaction model")
	return nil
}

// signing is Alexa's side of the wire: it signs what comes unsigned, and brings back the answer.
func signing(t *testing.T, s *speaker, f deviceFault) string {
	t.Helper()
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
			return
		}
		request := s.signed(body)
		if f.unsigned {
			request.Header = r.Header
		}
		status, answer, err := do(request)
		if err != nil {
			t.Error(err)
			return
		}
		if f.response != nil {
			answer = f.response(answer)
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, _ = w.Write(answer)
	}))
	t.Cleanup(proxy.Close)
	return proxy.URL
}

func TestJudgeVirtualAlexa(t *testing.T) {
	t.Parallel()
	c := openCourt(t, theJudges(t), "")
	model := interactionModel(t, c.house)
	london, err := time.LoadLocation("Europe/London") // the bank's zone
	if err != nil {
		t.Fatal(err)
	}
	s := c.house.speaker(t)
	s.link("ada", nil)
	judge := func(t *testing.T, f deviceFault) (bool, string) {
		t.Helper()
		c.house.wall.Set(time.Now())
		own := *s
		own.tb = t
		file, content := filepath.Join(t.TempDir(), "en-US.json"), model
		if f.model != nil {
			if content = f.model(bytes.Clone(model)); bytes.Equal(content, model) {
				t.Error("the planted fault changed nothing")
			}
		}
		if err := os.WriteFile(file, content, 0o600); err != nil {
			t.Fatal(err)
		}
		year, week := c.house.Now().In(london).AddDate(0, 0, -7).ISOWeek()
		order, err := json.Marshal(deviceTask{
			Endpoint: signing(t, &own, f), Model: file, SkillID: s.file.Alexa.SkillID, AccessToken: string(s.device.Token), Week: fmt.Sprintf("%d-W%02d", year, week),
		})
		if err != nil {
			t.Fatal(err)
		}
		return c.run(t, []string{"judges/virtual-alexa.mjs"}, order, c.door.URL(), nil)
	}
	t.Run("a device with our interaction model hears what it should", func(t *testing.T) {
		content, said := judge(t, deviceFault{})
		if !content || !strings.Contains(said, "\njudged\n") {
			t.Fatalf("the judge found something: %s", said)
		}
		for _, sentence := range []string{"what's my balance", "how much did I spend on groceries last week"} {
			if heard := strings.TrimSuffix(s.say(sentence).SSML, "</speak>"); !strings.Contains(said, heard) { // the other conversation goes on after it
				t.Errorf("%q: our own device hears %s; this one %s", sentence, heard, said)
			}
		}
	})
	for _, f := range []deviceFault{
		{name: "a request that nobody signed", unsigned: true, says: "Invalid response: 400"},
		{name: "an intent that the model does not know", model: swap(`"SpendingIntent"`, `"SpentIntent"`), says: "no intentName named: SpendingIntent"},
		{name: "a slot that the intent does not have", model: swap(`"category"`, `"kind"`), says: "not slot: category"},
		{name: "a model that is cut short", model: func(b []byte) []byte { return b[:len(b)/2] }, says: "JSON"},
		{name: "a response that says nothing", response: swap(`"outputSpeech"`, `"speech"`), says: "nothing is heard"},
		{name: "a response without its card", response: swap(`"LinkAccount"`, `"Simple"`), says: "no card to link with"},
		{name: "a response that hangs up", response: swap(`"shouldEndSession":false`, `"shouldEndSession":true`), says: "hung up"},
		{name: "a model without rules for dialogues", model: swap(`"dialog":`, `"dialogue":`), says: "no Dialog.ConfirmIntent"},
		{name: "a model that has nothing to ask", model: swap(`"id": "Confirm.Intent.ForgetIntent"`, `"id": "Confirm.Intent"`), says: "Cannot read properties of undefined"},
		{name: "a response that tells Alexa nothing", response: swap(`"Dialog.Delegate"`, `"Dialog.Delegated"`), says: "no Dialog.Delegate"},
		{name: "a response that asks for another slot", response: swap(`"slotToElicit":"account"`, `"slotToElicit":"period"`), says: "another slot is asked for"},
		{name: "a response that is no JSON", response: whole("<html>"), says: "JSON"},
	} {
		t.Run(f.name+" is seen", func(t *testing.T) {
			content, said := judge(t, f)
			if content {
				t.Errorf("the judge saw nothing: %s", said)
			}
			if !strings.Contains(said, f.says) {
				t.Errorf("the judge does not say %q: %s", f.says, said)
			}
		})
	}
}
