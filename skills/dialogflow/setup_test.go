package dialogflow_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"sotto/skills"
	"sotto/skills/dialogflow"
)

// present is a Monday.
var present = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// stopped is a clock that shows present for ever.
func stopped() time.Time { return present }

const (
	session   = "projects/sotto/agent/sessions/0b1f8c1e-6d3f-4c0a-9a57-2f3b1c9d7e10"
	cxSession = "projects/sotto/locations/global/agents/a/sessions/0b1f8c1e-6d3f-4c0a-9a57-2f3b1c9d7e10"
)

func catalogue(t testing.TB) *skills.Catalogue {
	t.Helper()
	c, err := skills.NewCatalogue(stopped)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// reader stands for what reads typed text: it understands one sentence.
func reader(_, text string, _ skills.Dialogue) (skills.Intent, skills.Slots) {
	if text == "what's my balance" {
		return skills.Balance, nil
	}
	return skills.Fallback, nil
}

func config(t testing.TB) dialogflow.Config {
	t.Helper()
	return dialogflow.Config{Username: "sotto", Password: "sesame", Client: "google", Catalogue: catalogue(t), Read: reader, Now: stopped}
}

func agents(t testing.TB) (dialogflow.ES, dialogflow.CX) {
	t.Helper()
	es, cx, err := dialogflow.New(config(t))
	if err != nil {
		t.Fatal(err)
	}
	return es, cx
}

// reason gives the word of a refusal, empty for nil.
func reason(t testing.TB, err error) dialogflow.Reason {
	t.Helper()
	if err == nil {
		return ""
	}
	var refused *dialogflow.RefusedError
	if !errors.As(err, &refused) || refused.Status() < 400 || refused.Status() > 599 || refused.Reason() == "" {
		t.Fatalf("%v is no refusal", err)
	}
	return refused.Why
}

func header(pairs ...string) http.Header {
	h := http.Header{}
	for i := 0; i+1 < len(pairs); i += 2 {
		h.Add(pairs[i], pairs[i+1])
	}
	return h
}

// esBody is a request of an ES agent; parts replace members of it.
func esBody(parts ...string) []byte {
	return []byte(strings.NewReplacer(append(parts, "ID", "r-1", "SESSION", session, "TEXT", "hello", "PARAMETERS", "{}", "CONTEXTS", "[]",
		"INTENT", `{"name":"projects/sotto/agent/intents/i","displayName":"BalanceIntent"}`, "LANGUAGE", "en", "ACTION", "", "MORE", "")...).Replace(
		`{"responseId":"ID","session":"SESSION","queryResult":{"queryText":"TEXT","action":"ACTION","parameters":PARAMETERS,"allRequiredParamsPresent":true,` +
			`"outputContexts":CONTEXTS,"intent":INTENT,"intentDetectionConfidence":1,"languageCode":"LANGUAGE"},"originalDetectIntentRequest":{"payload":{}}MORE}`))
}

// cxBody is a request of a CX agent; parts replace members of it.
func cxBody(parts ...string) []byte {
	return []byte(strings.NewReplacer(append(parts, "ID", "r-1", "SESSION", cxSession, "TEXT", "hello", "PARAMETERS", "{}", "KEPT", "{}",
		"TAG", "BalanceIntent", "INTENT", "", "LANGUAGE", "en", "FORM", "[]", "MORE", "")...).Replace(
		`{"detectIntentResponseId":"ID","text":"TEXT","languageCode":"LANGUAGE","fulfillmentInfo":{"tag":"TAG"},"intentInfo":{"lastMatchedIntent":"projects/i",` +
			`"displayName":"INTENT","parameters":PARAMETERS,"confidence":1.0},"pageInfo":{"currentPage":"p","formInfo":{"parameterInfo":FORM}},` +
			`"sessionInfo":{"session":"SESSION","parameters":KEPT}MORE}`))
}
