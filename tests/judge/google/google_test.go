package google_test

import (
	"strings"
	"testing"

	"sotto/tests/judge/google"
)

const session = "projects/p/agent/sessions/s"

// TestTheJudgeOfDialogflowSeesPlantedFaults: a judge that takes everything says nothing.
func TestTheJudgeOfDialogflowSeesPlantedFaults(t *testing.T) {
	es := `{"fulfillmentText":"So.","fulfillmentMessages":[{"text":{"text":["So."]}}],"outputContexts":[{"name":"projects/p/agent/sessions/s/contexts/sotto","lifespanCount":2,"parameters":{"dialogue":"{}"}}]}`
	cx := `{"fulfillmentResponse":{"messages":[{"text":{"text":["So."]}},{"outputAudioText":{"ssml":"<speak>So.</speak>"}}]},"sessionInfo":{"parameters":{"a":"b","c":null}}}`
	if _, err := google.ReadES(session, []byte(es)); err != nil {
		t.Fatal(err)
	}
	if _, err := google.ReadCX([]byte(cx)); err != nil {
		t.Fatal(err)
	}
	for name, fault := range map[string][2]string{
		"a name that is written wrong":        {`fulfillmentText`, `fulfilmentText`},
		"an empty string for a list":          {`[{"text":{"text":["So."]}}]`, `""`},
		"a string for a list of strings":      {`["So."]`, `"So."`},
		"a string for an object":              {`{"dialogue":"{}"}`, `"{}"`},
		"a context of another session":        {`sessions/s/`, `sessions/t/`},
		"a context without its whole name":    {`projects/p/agent/sessions/s/contexts/`, ``},
		"nothing to say":                      {`"fulfillmentText":"So."`, `"fulfillmentText":""`},
		"markup in a text":                    {`"fulfillmentText":"So."`, `"fulfillmentText":"<say-as>So.</say-as>"`},
		"a number of turns that is a word":    {`:2,`, `:"two",`},
		"more than Dialogflow takes":          {`So.`, strings.Repeat("So. ", 20000)},
		"a document that ends in the middle":  {`]}`, ``},
		"the same name twice":                 {`{"fulfillmentText"`, `{"fulfillmentText":"x","fulfillmentText"`},
		"a message of a kind that is not one": {`{"text":{"text":["So."]}}`, `{"speech":"So."}`},
	} {
		if _, err := google.ReadES(session, []byte(strings.Replace(es, fault[0], fault[1], 1))); err == nil {
			t.Errorf("ES takes %s", name)
		}
	}
	for name, fault := range map[string][2]string{
		"the response of ES":             {cx, es},
		"a parameter list":               {`{"a":"b","c":null}`, `[]`},
		"a text that is no list":         {`["So."]`, `"So."`},
		"an SSML that is an object":      {`"<speak>So.</speak>"`, `{}`},
		"a transition to nobody's page":  {`"sessionInfo"`, `"targetPage":{},"sessionInfo"`},
		"messages beside the response":   {`"fulfillmentResponse":{"messages"`, `"messages"`},
		"only speech, where texts go":    {`{"text":{"text":["So."]}},`, ``},
		"entities of markup in the text": {`["So."]`, `["M&amp;S"]`},
	} {
		if _, err := google.ReadCX([]byte(strings.Replace(cx, fault[0], fault[1], 1))); err == nil {
			t.Errorf("CX takes %s", name)
		}
	}
}
