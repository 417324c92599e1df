// Package google judges what goes to and comes from Dialogflow with Google's own types: a message is read by protojson as strictly as Dialogflow
// reads it, so that an unknown name, a string for a list and an empty string for an object are refused. It imports nothing of ours.
package google

import (
	"fmt"
	"strings"
	"testing"

	"cloud.google.com/go/dialogflow/apiv2/dialogflowpb"
	"cloud.google.com/go/dialogflow/cx/apiv3/cxpb"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
)

// maxResponse is what Dialogflow takes, in bytes.
const maxResponse = 64 << 10

// ES fails unless response is one that Dialogflow ES takes, in answer to a request of this session.
func ES(tb testing.TB, session string, response []byte) *dialogflowpb.WebhookResponse {
	tb.Helper()
	r, err := ReadES(session, response)
	if err != nil {
		tb.Fatalf("Dialogflow ES refuses the response: %v\n%s", err, response)
	}
	return r
}

// CX fails unless response is one that Dialogflow CX takes.
func CX(tb testing.TB, response []byte) *cxpb.WebhookResponse {
	tb.Helper()
	r, err := ReadCX(response)
	if err != nil {
		tb.Fatalf("Dialogflow CX refuses the response: %v\n%s", err, response)
	}
	return r
}

// ReadES reads a response as Dialogflow ES does. Beside its type, contexts have to be of the session, and there has to be something to say.
func ReadES(session string, response []byte) (*dialogflowpb.WebhookResponse, error) {
	r := &dialogflowpb.WebhookResponse{}
	if err := read(response, r); err != nil {
		return nil, err
	}
	for _, c := range r.GetOutputContexts() {
		name, ok := strings.CutPrefix(c.GetName(), session+"/contexts/")
		if !ok || session == "" || strings.Trim(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_%") != "" || name == "" || len(name) > 250 {
			return nil, fmt.Errorf("%q is no context of the session", c.GetName())
		}
	}
	if r.GetFulfillmentText() == "" {
		return nil, fmt.Errorf("nothing to say")
	}
	for _, m := range r.GetFulfillmentMessages() {
		if m.GetText() == nil || len(m.GetText().GetText()) == 0 || m.GetText().GetText()[0] == "" {
			return nil, fmt.Errorf("a message without text")
		}
	}
	return r, plain(r.GetFulfillmentText())
}

// ReadCX reads a response as Dialogflow CX does. Beside its type, there has to be something to say.
func ReadCX(response []byte) (*cxpb.WebhookResponse, error) {
	r := &cxpb.WebhookResponse{}
	if err := read(response, r); err != nil {
		return nil, err
	}
	said := ""
	for _, m := range r.GetFulfillmentResponse().GetMessages() {
		switch {
		case m.GetText() != nil && len(m.GetText().GetText()) > 0 && m.GetText().GetText()[0] != "":
			said += m.GetText().GetText()[0]
		case m.GetOutputAudioText().GetSsml() != "":
		default:
			return nil, fmt.Errorf("a message without text")
		}
	}
	if said == "" {
		return nil, fmt.Errorf("nothing to say")
	}
	return r, plain(said)
}

// ReadESRequest and ReadCXRequest read a request as Dialogflow writes it, so that no test asks what Dialogflow never would.
func ReadESRequest(request []byte) (*dialogflowpb.WebhookRequest, error) {
	r := &dialogflowpb.WebhookRequest{}
	return r, read(request, r)
}

// ReadCXRequest is as ReadESRequest.
func ReadCXRequest(request []byte) (*cxpb.WebhookRequest, error) {
	r := &cxpb.WebhookRequest{}
	return r, read(request, r)
}

func read(raw []byte, into proto.Message) error {
	if len(raw) > maxResponse {
		return fmt.Errorf("%d bytes", len(raw))
	}
	return protojson.Unmarshal(raw, into)
}

// plain says whether a text is one to be read, without the markup of speech.
func plain(text string) error {
	if strings.Contains(text, "</") || strings.Contains(text, "<s") || strings.Contains(text, "&amp;") || strings.Contains(text, "&apos;") {
		return fmt.Errorf("markup in a text: %q", text)
	}
	return nil
}
